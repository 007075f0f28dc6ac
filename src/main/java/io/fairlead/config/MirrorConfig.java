package io.fairlead.config;

import java.time.Duration;
import java.util.List;

/**
 * A service that gets copies of requests, and whose answers nobody gets.
 *
 * @param service who gets them; none that the route itself sends to
 * @param share of the requests that are copied, by chance; 0 to 1
 * @param methods whose requests are copied; what may not be done twice is better left out
 * @param bodyBytes of a request's body, which is gathered first; of a longer one there is no copy;
 *     0: only requests without a body are copied
 * @param requests copies on their way at once, over all event loops; the next are left out
 * @param timeout for a copy, from the end of the request to the last byte of the answer
 */
public record MirrorConfig(
    String service,
    double share,
    List<String> methods,
    int bodyBytes,
    int requests,
    Duration timeout) {
  static final double DEFAULT_SHARE = 1;

  /** What is safe by RFC 9110, 9.2.1, without TRACE. */
  static final List<String> DEFAULT_METHODS = List.of("GET", "HEAD", "OPTIONS");

  /** A copy is in memory as a whole. */
  static final Range<Integer> BODY_BYTES = Range.sizes(0, 1024 * 1024);

  static final int DEFAULT_BODY_BYTES = 64 * 1024;
  static final Range<Integer> REQUESTS = Range.counts(1, 10_000);
  static final int DEFAULT_REQUESTS = 100;
  static final Range<Duration> TIMEOUT =
      Range.durations(Duration.ofMillis(1), Duration.ofMinutes(1));
  static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);
  static final int MAX_METHODS = 32;

  public MirrorConfig {
    methods = List.copyOf(methods);
    new Require()
        .that(share >= 0 && share <= 1, "share", share, "must be a share from 0 to 1")
        .that(
            !methods.isEmpty() && methods.size() <= MAX_METHODS,
            "methods",
            methods.size(),
            "must be 1 to " + MAX_METHODS + " methods")
        .within(BODY_BYTES, "body-bytes", bodyBytes)
        .within(REQUESTS, "requests", requests)
        .within(TIMEOUT, "timeout", timeout)
        .orRefuse();
  }
}
