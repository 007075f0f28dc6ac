package io.fairlead.config;

import java.time.Duration;

/**
 * Answers of nodes that are kept in memory and given again (RFC 9111). How much memory there is for
 * those of all routes says {@link RuntimeConfig#cacheBytes}.
 *
 * @param objectBytes of one body; longer ones are passed on and not kept; 1 KiB to 64 MiB
 * @param ttl how long an answer is fresh that does not say so itself and has a status that may be
 *     kept without (RFC 9110, 15.1); 0: such answers are not kept; to 365 days
 * @param hold how long a request waits for another one's answer to the same question; 0: each asks
 *     a node; to 60 s
 */
public record CacheConfig(int objectBytes, Duration ttl, Duration hold) {
  static final Range<Integer> OBJECT_BYTES = Range.sizes(1024, 64 * 1024 * 1024);
  static final int DEFAULT_OBJECT_BYTES = 1024 * 1024;
  static final Range<Duration> TTL = Range.durations(Duration.ZERO, Duration.ofDays(365));
  static final Range<Duration> HOLD = Range.durations(Duration.ZERO, Duration.ofMinutes(1));
  static final Duration DEFAULT_HOLD = Duration.ofSeconds(5);

  public CacheConfig {
    new Require()
        .within(OBJECT_BYTES, "object-bytes", objectBytes)
        .within(TTL, "ttl", ttl)
        .within(HOLD, "hold", hold)
        .orRefuse();
  }
}
