package io.fairlead.insight.alert;

import io.fairlead.config.AlertScope;
import io.fairlead.config.AlertScope.Part;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Traffic that a test describes: even over each stretch of time. */
final class FakeTraffic implements Traffic {
  private record Stretch(
      AlertScope scope,
      long from,
      long to,
      double requests,
      double errors,
      double bytes,
      long p99Micros) {}

  private final List<Stretch> stretches = new ArrayList<>();
  private long heldSince;

  /** Nothing is known of what was before. */
  void heldSince(long seconds) {
    heldSince = seconds * 1000;
  }

  /** So many a second, from one second to another. */
  void add(AlertScope scope, long from, long to, double requests, double errors) {
    add(scope, from, to, requests, errors, 0, 10_000);
  }

  void add(
      AlertScope scope,
      long from,
      long to,
      double requests,
      double errors,
      double bytes,
      long p99Micros) {
    stretches.add(new Stretch(scope, from * 1000, to * 1000, requests, errors, bytes, p99Micros));
  }

  private static boolean contains(AlertScope scope, AlertScope within) {
    return Arrays.stream(Part.values())
        .allMatch(part -> within.get(part).isEmpty() || within.get(part).equals(scope.get(part)));
  }

  private static long overlap(Stretch one, long from, long to) {
    return Math.max(0, Math.min(one.to(), to) - Math.max(one.from(), from));
  }

  @Override
  public @Nullable Map<String, Counted> split(AlertScope within, Part part, long from, long to) {
    if (to <= heldSince) {
      return null;
    }
    Map<String, Counted> split = new TreeMap<>();
    for (Stretch one : stretches) {
      if (contains(one.scope(), within)
          && overlap(one, from, to) > 0
          && !one.scope().get(part).isEmpty()) {
        Counted counted = count(within.with(part, one.scope().get(part)), from, to);
        split.put(one.scope().get(part), counted == null ? NOTHING : counted);
      }
    }
    return split;
  }

  @Override
  public @Nullable Counted count(AlertScope scope, long from, long to) {
    if (to <= heldSince) {
      return null;
    }
    double requests = 0;
    double errors = 0;
    double bytes = 0;
    double slow = 0;
    long p99 = -1;
    for (Stretch one : stretches) {
      double seconds = overlap(one, from, to) / 1e3;
      if (contains(one.scope(), scope) && seconds > 0) {
        requests += one.requests() * seconds;
        errors += one.errors() * seconds;
        bytes += one.bytes() * seconds;
        slow += one.p99Micros() > 10_000 ? one.requests() * seconds : 0;
        p99 = Math.max(p99, one.p99Micros());
      }
    }
    return new Sum(
        Math.round(requests), Math.round(errors), Math.round(bytes), Math.round(slow), p99);
  }

  private record Sum(long requests, long errors, long bytes, long slow, long p99)
      implements Counted {
    @Override
    public long slowerThan(long micros) {
      return slow;
    }

    @Override
    public long quantileMicros(double share) {
      return p99;
    }
  }
}
