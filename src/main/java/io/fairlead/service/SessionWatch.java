package io.fairlead.service;

import io.fairlead.runtime.Scheduler;
import io.fairlead.telemetry.NodeCounter;
import java.time.Duration;
import java.util.Arrays;
import java.util.IdentityHashMap;

/**
 * Sees from what event loops count whether the nodes of a service still have sessions. A request
 * costs one addition that way; who it was is not known, only when somebody was there last.
 *
 * <p>Clients hold cookies from before this process was started, and from other instances. So a node
 * of which nothing is known yet counts as one that has just been seen. Control thread.
 */
public final class SessionWatch {
  /** How often to look. */
  public static final Duration PERIOD = Duration.ofSeconds(1);

  private static final long SLOT_NANOS = Duration.ofSeconds(10).toNanos();

  /** The last minute, and what is left of the slot before it. */
  private static final int SLOTS = 7;

  private final Service service;
  private final Scheduler time;
  private IdentityHashMap<Node, Seen> nodes = new IdentityHashMap<>();

  private static final class Seen {
    final long[] slots = new long[SLOTS];
    long count;
    long lastNanos;
    long lastMillis;
    long slotNanos;
    boolean draining;
    long drainingNanos;

    Seen(long count, long now, long millis) {
      this.count = count;
      Arrays.fill(slots, count);
      lastNanos = now;
      lastMillis = millis;
      slotNanos = now;
    }
  }

  public SessionWatch(Service service, Scheduler time) {
    this.service = service;
    this.time = time;
  }

  /**
   * Looks at every node; to be called every {@link #PERIOD}, and when something else has changed.
   *
   * @param idle without a request for that long there are no sessions
   * @param patience how long they may stay at a node that drains
   * @return whether there is a node where they may stay no longer, unlike before
   */
  public boolean look(Duration idle, Duration patience) {
    long now = time.nanoTime();
    boolean ended = false;
    IdentityHashMap<Node, Seen> before = nodes;
    nodes = new IdentityHashMap<>();
    for (Node node : service.nodes().all()) {
      Seen seen = before.get(node);
      if (seen == null) {
        seen = new Seen(node.counters().get(NodeCounter.OF_SESSIONS), now, time.epochMillis());
      }
      nodes.put(node, seen);
      look(node, seen, now);
      boolean over = seen.draining && now - seen.drainingNanos >= patience.toNanos();
      boolean quiet = over || now - seen.lastNanos >= idle.toNanos();
      NodeSessions next =
          new NodeSessions(true, seen.count - seen.slots[SLOTS - 1], seen.lastMillis, quiet, over);
      NodeSessions last = node.sessions();
      if (!next.equals(last)) {
        node.setSessions(next);
        ended |= over && !last.over();
      }
    }
    return ended;
  }

  private void look(Node node, Seen seen, long now) {
    long count = node.counters().get(NodeCounter.OF_SESSIONS);
    if (count != seen.count) {
      seen.count = count;
      seen.lastNanos = now;
      seen.lastMillis = time.epochMillis();
    }
    for (int moved = 0; now - seen.slotNanos >= SLOT_NANOS; moved++) {
      if (moved < SLOTS) {
        System.arraycopy(seen.slots, 0, seen.slots, 1, SLOTS - 1);
        seen.slots[0] = count;
      }
      seen.slotNanos += SLOT_NANOS;
    }
    boolean draining = node.facts().draining();
    if (draining && !seen.draining) {
      // Another process may have begun it, and this one have taken over.
      long drains = Math.max(0, time.epochMillis() - node.facts().sinceMillis());
      seen.drainingNanos = now - drains * 1_000_000;
    }
    seen.draining = draining;
  }

  /** The service keeps none any more. */
  public void end() {
    nodes = new IdentityHashMap<>();
    for (Node node : service.nodes().all()) {
      node.setSessions(NodeSessions.NONE);
    }
  }
}
