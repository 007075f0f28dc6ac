package io.fairlead.demo;

import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How long a test node waits before it answers.
 *
 * <p>No sample is longer than {@link #MAX}: heavy tails are wanted, endless requests are not (for
 * those there is {@link Fault.Hang}).
 */
public sealed interface LatencyDistribution {
  /** The longest delay a distribution may name or draw. */
  Duration MAX = Duration.ofSeconds(60);

  /** No delay at all. */
  LatencyDistribution NONE = new Fixed(Duration.ZERO);

  /** A decimal number, at most nine digits each side so that nothing overflows, and a unit. */
  Pattern DURATION = Pattern.compile("([0-9]{1,9}(?:\\.[0-9]{1,9})?)(us|ms|s|m)");

  /** The forms that {@link #parse} accepts, for messages and help texts. */
  String FORMS = "0, 20ms, exp:20ms, uniform:5ms:50ms or pareto:20ms:1.3";

  /** Draws one delay in nanoseconds, from 0 to {@link #MAX}. */
  long sampleNanos(RandomGenerator random);

  /** The form in which {@link #parse} would read this distribution. */
  String text();

  /** Always the same delay. */
  record Fixed(Duration delay) implements LatencyDistribution {
    public Fixed {
      check("latency", delay);
    }

    @Override
    public long sampleNanos(RandomGenerator random) {
      return delay.toNanos();
    }

    @Override
    public String text() {
      return durationText(delay);
    }
  }

  /** Exponential: most delays short, one in a hundred longer than 4.6 means. */
  record Exponential(Duration mean) implements LatencyDistribution {
    public Exponential {
      check("exp mean", mean);
    }

    @Override
    public long sampleNanos(RandomGenerator random) {
      return bounded(-mean.toNanos() * Math.log(1 - random.nextDouble()));
    }

    @Override
    public String text() {
      return "exp:" + durationText(mean);
    }
  }

  /** Every delay from low to high is equally likely. */
  record Uniform(Duration low, Duration high) implements LatencyDistribution {
    public Uniform {
      check("uniform low", low);
      check("uniform high", high);
      if (low.compareTo(high) > 0) {
        throw new IllegalArgumentException(
            "uniform low must not exceed high "
                + durationText(high)
                + " (was "
                + durationText(low)
                + ")");
      }
    }

    @Override
    public long sampleNanos(RandomGenerator random) {
      return bounded(low.toNanos() + random.nextDouble() * (high.toNanos() - low.toNanos()));
    }

    @Override
    public String text() {
      return "uniform:" + durationText(low) + ":" + durationText(high);
    }
  }

  /**
   * Pareto: a heavy tail, P(delay &gt; x) = (minimum / x)^shape.
   *
   * @param minimum the shortest delay, the scale of the distribution; longer than zero
   * @param shape tail index, above 0; at 2 and below the variance, at 1 and below the mean is
   *     infinite (but for the bound {@link #MAX})
   */
  record Pareto(Duration minimum, double shape) implements LatencyDistribution {
    public Pareto {
      check("pareto minimum", minimum);
      if (minimum.isZero()) {
        throw new IllegalArgumentException("pareto minimum must be longer than zero (was 0)");
      }
      if (!(shape > 0) || Double.isInfinite(shape)) {
        throw new IllegalArgumentException("pareto shape must be above 0 (was " + shape + ")");
      }
    }

    @Override
    public long sampleNanos(RandomGenerator random) {
      return bounded(minimum.toNanos() / Math.pow(1 - random.nextDouble(), 1 / shape));
    }

    @Override
    public String text() {
      return "pareto:" + durationText(minimum) + ":" + shape;
    }
  }

  /**
   * Reads one of {@value #FORMS}.
   *
   * @throws IllegalArgumentException naming what is wrong and the accepted forms
   */
  static LatencyDistribution parse(String text) {
    try {
      List<String> parts = List.of(text.strip().split(":", -1));
      return switch (parts.getFirst()) {
        case "exp" -> new Exponential(duration(arguments(parts, 1).get(1)));
        case "uniform" -> new Uniform(duration(arguments(parts, 2).get(1)), duration(parts.get(2)));
        case "pareto" -> new Pareto(duration(arguments(parts, 2).get(1)), shape(parts.get(2)));
        default -> new Fixed(duration(text.strip()));
      };
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "latency \"" + text + "\": " + e.getMessage() + "; accepted are " + FORMS, e);
    }
  }

  private static List<String> arguments(List<String> parts, int wanted) {
    if (parts.size() != wanted + 1) {
      throw new IllegalArgumentException(
          parts.getFirst() + " takes " + wanted + " value(s) after it, not " + (parts.size() - 1));
    }
    return parts;
  }

  private static double shape(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("pareto shape \"" + text + "\" is not a number", e);
    }
  }

  private static long bounded(double nanos) {
    return (long) Math.min(Math.max(nanos, 0), (double) MAX.toNanos());
  }

  private static void check(String what, Duration value) {
    if (value.isNegative() || value.compareTo(MAX) > 0) {
      throw new IllegalArgumentException(what + " must be from 0 to 60s (was " + value + ")");
    }
  }

  /** Reads {@code 0}, {@code 20ms}, {@code 1.5s}, {@code 250us}, {@code 2m}. */
  static Duration duration(String text) {
    if (text.equals("0")) {
      return Duration.ZERO;
    }
    Matcher matcher = DURATION.matcher(text);
    if (!matcher.matches()) {
      throw new IllegalArgumentException(
          "\"" + text + "\" is not a duration (a number and one of us, ms, s, m)");
    }
    long unit =
        switch (matcher.group(2)) {
          case "us" -> 1_000L;
          case "ms" -> 1_000_000L;
          case "s" -> 1_000_000_000L;
          default -> 60_000_000_000L;
        };
    return Duration.ofNanos(
        new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(unit)).longValue());
  }

  private static String durationText(Duration duration) {
    long nanos = duration.toNanos();
    if (nanos == 0) {
      return "0";
    }
    if (nanos % 1_000_000_000 == 0) {
      return nanos / 1_000_000_000 + "s";
    }
    return nanos % 1_000_000 == 0
        ? nanos / 1_000_000 + "ms"
        : BigDecimal.valueOf(nanos, 3).stripTrailingZeros().toPlainString() + "us";
  }
}
