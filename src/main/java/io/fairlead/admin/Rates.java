package io.fairlead.admin;

import io.fairlead.service.Node;
import io.fairlead.service.Service;
import io.fairlead.telemetry.LatencyHistogram.Distribution;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.NodeCounter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Figures per second, made from counters that only rise by looking at them once a second.
 *
 * <p>Costs two reads per loop for a node without traffic. A node with traffic holds a {@link
 * Series} and, if it is among the first {@value #MAX_LATENCY_NODES} of them, two copies of its
 * histogram, from which quantiles of the last five to ten seconds come: about 9 KiB in all. Whoever
 * reads holds the monitor of this object, as {@link #tick} does.
 */
final class Rates {
  /** Nodes whose latencies are followed. */
  static final int MAX_LATENCY_NODES = 2000;

  /** Seconds after which the window of latencies moves on. */
  private static final int WINDOW = 5;

  private final Map<String, Series> listeners = new HashMap<>();
  private IdentityHashMap<Node, Track> nodes = new IdentityHashMap<>();
  private final Map<String, Series> services = new HashMap<>();
  private long tick;
  private long lastNanos;

  /** What is remembered of one node. */
  private static final class Track {
    final Series series;
    @Nullable Distribution older;
    @Nullable Distribution old;
    long seen;

    Track(Series series) {
      this.series = series;
    }
  }

  Rates(long nowNanos) {
    lastNanos = nowNanos;
  }

  /** Looks at everything; called once a second. */
  synchronized void tick(Instance instance, long nowNanos) {
    double perSecond = 1e9 / Math.max(1, nowNanos - lastNanos);
    lastNanos = nowNanos;
    tick++;
    for (ListenerView listener : instance.listeners()) {
      LoopCounters<ListenerCounter> counters = listener.counters();
      long requests = counters.get(ListenerCounter.REQUESTS);
      long errors =
          counters.get(ListenerCounter.RESPONSES_5XX) + counters.get(ListenerCounter.RELAYS_FAILED);
      series(listeners, listener.name(), requests, errors)
          .record(tick, requests, errors, perSecond);
    }
    IdentityHashMap<Node, Track> next = new IdentityHashMap<>();
    int followed = 0;
    for (Service service : instance.services()) {
      long serviceRequests = 0;
      long serviceErrors = 0;
      for (Node node : service.nodes().all()) {
        long requests = node.counters().get(NodeCounter.REQUESTS);
        long connectFailed =
            node.counters().get(NodeCounter.CONNECT_FAILED)
                + node.counters().get(NodeCounter.TLS_FAILED);
        if (requests == 0 && connectFailed == 0) {
          continue;
        }
        long errors = errors(node);
        serviceRequests += requests;
        serviceErrors += errors;
        Track track = nodes.get(node);
        if (track == null) {
          // A node that had its first requests within this second began it with none.
          track = new Track(tick == 1 ? new Series(requests, errors) : new Series(0, 0));
        }
        next.put(node, track);
        boolean traffic = track.series.record(tick, requests, errors, perSecond);
        if (traffic || track.old != null) {
          follow(track, node, followed++ < MAX_LATENCY_NODES);
        }
      }
      series(services, service.name(), serviceRequests, serviceErrors)
          .record(tick, serviceRequests, serviceErrors, perSecond);
    }
    nodes = next;
    forget(listeners, instance.listeners().stream().map(ListenerView::name).toList());
    forget(services, instance.services().stream().map(Service::name).toList());
  }

  long now() {
    return tick;
  }

  @Nullable Series listener(String name) {
    return listeners.get(name);
  }

  @Nullable Series service(String name) {
    return services.get(name);
  }

  @Nullable Series node(Node node) {
    Track track = nodes.get(node);
    return track == null ? null : track.series;
  }

  /** Latencies of the last five to ten seconds, or null if they are not followed. */
  @Nullable Distribution latencies(Node node) {
    Track track = nodes.get(node);
    if (track == null || track.older == null) {
      return null;
    }
    Distribution now = new Distribution();
    node.latency().addTo(now);
    return now.since(track.older);
  }

  /** Everything that went wrong at the node or on the way to it. */
  static long errors(Node node) {
    LoopCounters<NodeCounter> counters = node.counters();
    return counters.get(NodeCounter.RESPONSES_5XX)
        + counters.get(NodeCounter.CONNECT_FAILED)
        + counters.get(NodeCounter.TLS_FAILED)
        + counters.get(NodeCounter.RESET)
        + counters.get(NodeCounter.TIMEOUT)
        + counters.get(NodeCounter.BAD_RESPONSE);
  }

  private void follow(Track track, Node node, boolean allowed) {
    if (!allowed) {
      track.old = null;
      track.older = null;
      return;
    }
    if (track.old == null) {
      track.old = new Distribution();
      track.older = track.old;
      if (tick == 1) {
        node.latency().addTo(track.old); // from before we looked
      }
      track.seen = tick;
    } else if (tick - track.seen >= WINDOW) {
      track.older = track.old;
      track.old = new Distribution();
      node.latency().addTo(track.old);
      track.seen = tick;
    }
  }

  private Series series(Map<String, Series> of, String name, long requests, long errors) {
    return of.computeIfAbsent(
        name, _ -> tick == 1 ? new Series(requests, errors) : new Series(0, 0));
  }

  private static void forget(Map<String, Series> of, List<String> names) {
    if (of.size() > names.size()) {
      of.keySet().retainAll(new ArrayList<>(names));
    }
  }
}
