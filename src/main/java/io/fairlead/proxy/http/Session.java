package io.fairlead.proxy.http;

import io.fairlead.service.Node;
import io.fairlead.telemetry.AffinityCounter;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.NodeCounter;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * That a request belongs to others of its client, all for one node: read from its cookie, which the
 * node does not get, and said in the answer's where the client does not know it yet. Belongs to an
 * exchange and is used again with it.
 *
 * <p>The node of the session is asked first. If it cannot be, or its try fails, everything goes as
 * without a session, and whoever answers in the end has the session from then on.
 */
final class Session {
  private final AffinityTable.Found found = new AffinityTable.Found();
  private @Nullable AffinityTable table;

  /**
   * The service that a request goes to. Of several that share a route, the one that has the session
   * has it: the cookie is set by one of them, and another one's nodes know nothing of the client. A
   * service that has no share any more gets nothing.
   */
  ServiceTarget target(HttpRoute route, Head request, RandomGenerator random) {
    int count = route.targetCount();
    for (int i = 0; count > 1 && i < count; i++) {
      ServiceTarget each = route.target(i);
      AffinityTable its = each == null ? null : each.affinity();
      if (each != null && its != null) {
        its.read(request, found);
        if (found.outcome == AffinityCounter.HIT) {
          return each;
        }
      }
    }
    return route.target(random);
  }

  /** A request goes to that service: which node has its session? */
  void begin(Head request, ServiceTarget target, int loop) {
    AffinityTable present = target.affinity();
    table = present;
    if (present == null) {
      found.node = null;
      return;
    }
    present.read(request, found);
    target.service().affinity().increment(loop, found.outcome);
    if (found.present) {
      CookieField.strip(request, present.cookie()); // it is ours, and says nothing to nodes
    }
    if (found.outcome != AffinityCounter.HIT) {
      found.node = null;
    }
  }

  /** Has the request's session and can be asked; null: no node has it. */
  @Nullable Node node() {
    Node its = found.node;
    return its != null && AffinityTable.outcome(its) == AffinityCounter.HIT ? its : null;
  }

  /** Whether only one node can answer as well as the client may expect. */
  boolean isKept() {
    return found.node != null;
  }

  /** That node's answer is the one that the client gets. */
  @SuppressWarnings("ReferenceEquality") // that very node
  void answered(Exchange exchange, Node by, int loop) {
    AffinityTable present = table;
    if (present == null) {
      return;
    }
    LoopCounters<AffinityCounter> counters = exchange.target().service().affinity();
    by.counters().increment(loop, NodeCounter.OF_SESSIONS);
    boolean stays = found.node == by;
    if (found.node != null && !stays) {
      counters.increment(loop, AffinityCounter.MOVED);
    }
    if (!(stays && found.current)
        && present.add(exchange.response, by, FieldEdits.isSecure(exchange))) {
      counters.increment(loop, AffinityCounter.SET);
    }
  }
}
