package io.fairlead.proxy.http;

/**
 * Whether requests become parts of traces, and of how many of those that are part of none yet spans
 * are wanted.
 *
 * <p>Which ones, the last 56 bits of their new ids say: they are random, and whoever samples by the
 * same rule further on takes the same ones.
 */
public final class Tracing {
  /** Nobody wants spans: what clients say of traces is passed on as it is. */
  public static final Tracing OFF = new Tracing(false, 0, false);

  private static final long RANDOM = (1L << 56) - 1;

  private final boolean on;
  private final long from;
  private final boolean failures;

  private Tracing(boolean on, double share, boolean failures) {
    this.on = on;
    this.from = Math.round((1 - share) * (RANDOM + 1));
    this.failures = failures;
  }

  /**
   * On.
   *
   * @param share of requests that begin a trace, 0 to 1; others are sampled as whoever began theirs
   *     decided
   * @param failures spans are wanted of all exchanges that fail, too
   */
  public static Tracing of(double share, boolean failures) {
    return new Tracing(true, share, failures);
  }

  boolean isOn() {
    return on;
  }

  boolean samples(long traceLow) {
    return (traceLow & RANDOM) >= from;
  }

  boolean wantsFailures() {
    return failures;
  }
}
