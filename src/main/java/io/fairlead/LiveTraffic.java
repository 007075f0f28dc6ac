package io.fairlead;

import io.fairlead.admin.Instance;
import io.fairlead.admin.ListenerView;
import io.fairlead.config.AlertScope;
import io.fairlead.config.AlertScope.Part;
import io.fairlead.insight.alert.Traffic;
import io.fairlead.service.Node;
import io.fairlead.service.Service;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.RouteCounter;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Traffic as counters show it, for rules where no records are kept: looks at them every {@value
 * #STEP_SECONDS} seconds and remembers {@value #KEPT} looks, a little more than an hour. Knows
 * requests, errors and bytes, and not how long requests took.
 */
final class LiveTraffic implements Traffic {
  static final int STEP_SECONDS = 5;
  static final int KEPT = 780;

  /** Listeners, routes and nodes that are looked at; 20 KiB each after an hour. */
  private static final int MAX_SERIES = 500;

  private record Look(long time, long requests, long errors, long bytes) {}

  private final Instance instance;
  private final Map<AlertScope, ArrayDeque<Look>> series = new LinkedHashMap<>();
  private long nextLook = Long.MIN_VALUE;

  LiveTraffic(Instance instance) {
    this.instance = instance;
  }

  /** Looks at the counters if it is time to. */
  synchronized void look(long now) {
    if (now < nextLook) {
      return;
    }
    boolean first = nextLook == Long.MIN_VALUE;
    nextLook = now + STEP_SECONDS * 1000L;
    for (ListenerView listener : instance.listeners()) {
      AlertScope in = AlertScope.ALL.with(Part.LISTENER, listener.name());
      LoopCounters<ListenerCounter> counters = listener.counters();
      add(
          in,
          first,
          new Look(
              now,
              counters.get(ListenerCounter.REQUESTS),
              counters.get(ListenerCounter.RESPONSES_5XX)
                  - counters.get(ListenerCounter.MEANT_5XX)
                  + counters.get(ListenerCounter.RELAYS_FAILED),
              counters.get(ListenerCounter.BYTES_IN) + counters.get(ListenerCounter.BYTES_OUT)));
      for (ListenerView.RouteView route : listener.routes()) {
        add(
            in.with(Part.ROUTE, route.name()).with(Part.SERVICE, route.service()),
            first,
            new Look(
                now,
                route.counters().get(RouteCounter.REQUESTS),
                route.counters().get(RouteCounter.RESPONSES_5XX)
                    - route.counters().get(RouteCounter.MEANT_5XX),
                0));
      }
    }
    for (Service service : instance.services()) {
      for (Node node : service.nodes().all()) {
        add(
            AlertScope.ALL.with(Part.SERVICE, service.name()).with(Part.NODE, node.name()),
            first,
            of(node, now));
      }
    }
    long oldest = now - KEPT * STEP_SECONDS * 1000L;
    series.values().removeIf(looks -> looks.getLast().time() < oldest);
  }

  private static Look of(Node node, long now) {
    LoopCounters<NodeCounter> counters = node.counters();
    return new Look(
        now,
        counters.get(NodeCounter.REQUESTS),
        counters.get(NodeCounter.RESPONSES_5XX)
            + counters.get(NodeCounter.CONNECT_FAILED)
            + counters.get(NodeCounter.TLS_FAILED)
            + counters.get(NodeCounter.RESET)
            + counters.get(NodeCounter.TIMEOUT)
            + counters.get(NodeCounter.BAD_RESPONSE),
        counters.get(NodeCounter.BYTES_SENT) + counters.get(NodeCounter.BYTES_RECEIVED));
  }

  /** Who is new began with nothing. */
  private void add(AlertScope scope, boolean first, Look look) {
    ArrayDeque<Look> looks = series.get(scope);
    if (looks == null) {
      if (series.size() >= MAX_SERIES) {
        return;
      }
      looks = new ArrayDeque<>();
      series.put(scope, looks);
      if (!first) {
        looks.add(new Look(look.time() - STEP_SECONDS * 1000L, 0, 0, 0));
      }
    } else if (look.requests() < looks.getLast().requests()) {
      looks.clear(); // another one of the same name
    }
    looks.addLast(look);
    if (looks.size() > KEPT) {
      looks.removeFirst();
    }
  }

  @Override
  public synchronized @Nullable Map<String, Counted> split(
      AlertScope within, Part part, long fromMillis, long toMillis) {
    Set<String> names = new TreeSet<>();
    boolean known = false;
    for (Map.Entry<AlertScope, ArrayDeque<Look>> one : series.entrySet()) {
      known |= one.getValue().getLast().time() >= fromMillis;
      if (!one.getKey().get(part).isEmpty()
          && contains(one.getKey(), within)
          && one.getValue().getLast().time() >= fromMillis) {
        names.add(one.getKey().get(part));
      }
    }
    Map<String, Counted> split = new LinkedHashMap<>();
    for (String name : names) {
      Counted counted = count(within.with(part, name), fromMillis, toMillis);
      if (counted != null) {
        split.put(name, counted);
      }
    }
    return known ? split : null;
  }

  private static boolean contains(AlertScope scope, AlertScope within) {
    return Arrays.stream(Part.values())
        .allMatch(part -> within.get(part).isEmpty() || within.get(part).equals(scope.get(part)));
  }

  /** Which kind of series counts what belongs to the scope once. */
  private static Part kind(AlertScope scope) {
    if (!scope.node().isEmpty()) {
      return Part.NODE;
    }
    return scope.route().isEmpty() && scope.service().isEmpty() ? Part.LISTENER : Part.ROUTE;
  }

  private static Part kindOf(AlertScope series) {
    return !series.node().isEmpty()
        ? Part.NODE
        : series.route().isEmpty() ? Part.LISTENER : Part.ROUTE;
  }

  @Override
  public synchronized @Nullable Counted count(AlertScope scope, long fromMillis, long toMillis) {
    Part kind = kind(scope);
    boolean known = false;
    long requests = 0;
    long errors = 0;
    long bytes = 0;
    for (Map.Entry<AlertScope, ArrayDeque<Look>> one : series.entrySet()) {
      if (kindOf(one.getKey()) == kind && contains(one.getKey(), scope)) {
        Look from = at(one.getValue(), fromMillis);
        Look to = at(one.getValue(), toMillis);
        known |= to.time() > from.time();
        requests += to.requests() - from.requests();
        errors += to.errors() - from.errors();
        bytes += to.bytes() - from.bytes();
      }
    }
    return known ? new Sum(requests, errors, bytes) : null;
  }

  /** The last look until then, or the first. */
  private static Look at(ArrayDeque<Look> looks, long time) {
    Look found = looks.getFirst();
    for (Look look : looks) {
      if (look.time() > time) {
        break;
      }
      found = look;
    }
    return found;
  }

  private record Sum(long requests, long errors, long bytes) implements Counted {
    @Override
    public long slowerThan(long micros) {
      return 0;
    }

    @Override
    public long quantileMicros(double share) {
      return -1;
    }
  }
}
