package io.fairlead.config;

import java.time.Duration;

/**
 * How much a service and each of its nodes gets at once, over all event loops, and what becomes of
 * requests that find no room.
 *
 * @param connectionsPerNode open or being opened to one node, 1 to 1,000,000; {@link #UNLIMITED}:
 *     any number. Where each carries one request at a time, no more requests go to it either
 * @param requestsPerNode in flight at one node, 1 to 1,000,000; {@link #UNLIMITED}: any number
 * @param requests of the service in flight, 1 to 10,000,000; {@link #UNLIMITED}: any number
 * @param adaptiveLimit whether a limit on the requests in flight is found from how long answers
 *     take
 * @param queue requests that may wait for room, 0 to 1,000,000; default {@value #DEFAULT_QUEUE}
 * @param queueTimeout how long one may wait, 1 ms to 5 m; default 1 s
 */
public record ServiceLimits(
    int connectionsPerNode,
    int requestsPerNode,
    int requests,
    boolean adaptiveLimit,
    int queue,
    Duration queueTimeout) {
  public static final int UNLIMITED = Integer.MAX_VALUE;
  static final Range<Integer> PER_NODE = Range.counts(1, 1_000_000);
  static final Range<Integer> REQUESTS = Range.counts(1, 10_000_000);
  static final Range<Integer> QUEUE = Range.counts(0, 1_000_000);
  static final Range<Duration> QUEUE_TIMEOUT =
      Range.durations(Duration.ofMillis(1), Duration.ofMinutes(5));
  static final int DEFAULT_QUEUE = 1000;
  static final Duration DEFAULT_QUEUE_TIMEOUT = Duration.ofSeconds(1);

  public static final ServiceLimits NONE =
      new ServiceLimits(
          UNLIMITED, UNLIMITED, UNLIMITED, false, DEFAULT_QUEUE, DEFAULT_QUEUE_TIMEOUT);

  public ServiceLimits {
    Require require = new Require();
    within(require, PER_NODE, "connections-per-node", connectionsPerNode);
    within(require, PER_NODE, "requests-per-node", requestsPerNode);
    within(require, REQUESTS, "requests", requests);
    require
        .within(QUEUE, "queue", queue)
        .within(QUEUE_TIMEOUT, "queue-timeout", queueTimeout)
        .orRefuse();
  }

  private static void within(Require require, Range<Integer> range, String key, int value) {
    if (value != UNLIMITED) {
      require.within(range, key, value);
    }
  }

  /** Whether everything is let in. */
  public boolean isNone() {
    return connectionsPerNode == UNLIMITED
        && requestsPerNode == UNLIMITED
        && requests == UNLIMITED
        && !adaptiveLimit;
  }
}
