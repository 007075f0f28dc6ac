package io.fairlead.config;

import java.time.Duration;
import java.util.List;

/**
 * When a request is tried again at another node.
 *
 * @param attempts tries after the first; 0: none
 * @param on what has to go wrong
 * @param methods what may happen twice: requests of other methods are repeated only if no node has
 *     acted on them
 * @param perTry from a request's way to one node until the head of that node's answer; zero: what
 *     {@code timeouts.try} says
 * @param bodyBytes of a request's body that are kept so that it can be sent again; 0: none
 * @param budget how many requests may be repeated
 * @param hedge a second try before the first has failed
 */
public record RetryConfig(
    int attempts,
    List<RetryOn> on,
    List<String> methods,
    Duration perTry,
    int bodyBytes,
    RetryBudgetConfig budget,
    HedgeConfig hedge) {
  static final Range<Integer> ATTEMPTS = Range.counts(0, 10);

  /** Beyond this a body is better sent again by who made it. */
  static final Range<Integer> BODY_BYTES = Range.sizes(0, 1024 * 1024);

  static final int DEFAULT_ATTEMPTS = 1;
  static final int DEFAULT_BODY_BYTES = 64 * 1024;
  static final List<RetryOn> DEFAULT_ON =
      List.of(
          RetryOn.Failure.CONNECT,
          RetryOn.Failure.REFUSED,
          RetryOn.Failure.RESET,
          RetryOn.Failure.TIMEOUT);

  /** RFC 9110, 9.2.2. */
  static final List<String> IDEMPOTENT =
      List.of("GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE");

  public static final RetryConfig DEFAULT =
      new RetryConfig(
          DEFAULT_ATTEMPTS,
          DEFAULT_ON,
          IDEMPOTENT,
          Duration.ZERO,
          DEFAULT_BODY_BYTES,
          RetryBudgetConfig.DEFAULT,
          HedgeConfig.NONE);

  /** Each request goes to one node once. */
  static final RetryConfig NEVER =
      new RetryConfig(
          0, List.of(), List.of(), Duration.ZERO, 0, RetryBudgetConfig.DEFAULT, HedgeConfig.NONE);

  public RetryConfig {
    on = List.copyOf(on);
    methods = List.copyOf(methods);
    Require require =
        new Require()
            .within(ATTEMPTS, "attempts", attempts)
            .within(BODY_BYTES, "body-bytes", bodyBytes);
    if (!perTry.isZero()) {
      require.within(RouteTimeouts.RANGE, "per-try-timeout", perTry);
    }
    require.orRefuse();
  }
}
