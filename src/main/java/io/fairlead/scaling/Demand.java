package io.fairlead.scaling;

import io.fairlead.service.Node;
import io.fairlead.service.NodeLoad;
import io.fairlead.service.Service;
import io.fairlead.telemetry.ShedReason;
import java.util.HashMap;
import java.util.Map;

/**
 * What is asked of a service, from the counters of its nodes. Requests whose answer has not begun
 * are known exactly for every moment ({@link NodeLoad}); how many there are beside, whose body is
 * on its way or which are relayed, is looked at ten times a second.
 */
final class Demand {
  private static final class Before {
    long area;
    long answered;
    long waiting;
  }

  private final Service service;
  private final NodeLoad.Reading reading = new NodeLoad.Reading();
  private final Map<Node, Before> before = new HashMap<>();
  private long lastNanos;
  private long shedBefore;
  private long beside;
  private int samples;

  Demand(Service service, long now) {
    this.service = service;
    this.lastNanos = now;
    this.shedBefore = shed();
    Seen _ = second(now); // what was before does not count
  }

  /** To be called some ten times a second. */
  void sample() {
    samples++;
    for (Node node : service.nodes().all()) {
      beside += Math.max(0, node.inFlight() - node.load().waiting());
    }
  }

  /** What was since the last time. */
  Seen second(long now) {
    double seconds = Math.max(1e-3, (now - lastNanos) / 1e9);
    lastNanos = now;
    long area = 0;
    long answered = 0;
    long begun = 0;
    int available = 0;
    Map<Node, Before> known = new HashMap<>();
    for (Node node : service.nodes().all()) {
      node.load().read(now, reading);
      long waiting = node.load().waiting();
      Before last = before.getOrDefault(node, new Before());
      area += reading.area() - last.area;
      answered += reading.answered() - last.answered;
      begun += reading.answered() - last.answered + waiting - last.waiting;
      last.area = reading.area();
      last.answered = reading.answered();
      last.waiting = waiting;
      known.put(node, last);
      available += node.isAvailable() ? 1 : 0;
    }
    before.clear();
    before.putAll(known);
    long shed = shed();
    double others = samples == 0 ? 0 : (double) beside / samples;
    beside = 0;
    samples = 0;
    Seen seen =
        new Seen(
            Math.max(0, begun) / seconds,
            Math.max(0, answered) / seconds,
            Math.max(0, area) / (seconds * 1e9) + others,
            service.load().waiting().get(),
            Math.max(0, shed - shedBefore) / seconds,
            available);
    shedBefore = shed;
    return seen;
  }

  private long shed() {
    long sum = 0;
    for (ShedReason reason : ShedReason.values()) {
      sum += service.load().sheds().get(reason);
    }
    return sum;
  }
}
