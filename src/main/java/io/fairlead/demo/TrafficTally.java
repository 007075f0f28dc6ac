package io.fairlead.demo;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Counts what came back; one lock, as traffic is gentle. */
final class TrafficTally {
  /** Most different values counted in each map; further ones go under {@link #OTHER}. */
  static final int MAX_KEYS = 256;

  static final String OTHER = "(other)";

  private final Map<String, Long> byNode = new HashMap<>();
  private final Map<Integer, Long> byStatus = new HashMap<>();
  private final Map<String, Long> byError = new HashMap<>();
  private long ok;
  private long failed;
  private long retried;
  private @Nullable String lastError;

  synchronized void answered(TrafficMix.Item item, TrafficConnection.Reply reply) {
    byStatus.merge(reply.status(), 1L, Long::sum); // bounded: three digits
    count(byNode, reply.node());
    count(byError, reply.error());
    if (reply.status() < 400) {
      ok++;
    } else {
      failed++;
      lastError =
          item.line() + ": " + reply.status() + (reply.error() == null ? "" : " " + reply.error());
    }
  }

  synchronized void failed(TrafficMix.Item item, IOException why) {
    failed++;
    lastError = item.line() + ": " + why.getMessage();
  }

  synchronized void retried() {
    retried++;
  }

  synchronized DemoTraffic.Summary summary() {
    return new DemoTraffic.Summary(
        ok + failed, ok, failed, retried, lastError, byNode, byStatus, byError);
  }

  private static void count(Map<String, Long> counts, @Nullable String key) {
    if (key != null) {
      counts.merge(
          counts.containsKey(key) || counts.size() < MAX_KEYS ? key : OTHER, 1L, Long::sum);
    }
  }
}
