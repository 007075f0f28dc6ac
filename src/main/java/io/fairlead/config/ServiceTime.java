package io.fairlead.config;

import java.time.Duration;
import java.util.List;

/**
 * How long one core works on a request; how its time is distributed.
 *
 * <p>A sum of its parts is not needed: each kind knows its mean, from which a load becomes a rate
 * of arrivals.
 */
public sealed interface ServiceTime {
  /** The forms that {@link #parse} accepts. */
  String FORMS =
      "10ms, exp:MEAN, normal:MEAN:DEVIATION, lognormal:MEDIAN:SIGMA, pareto:MINIMUM:SHAPE:RATIO,"
          + " bimodal:USUAL:SLOW:SHARE or hyperexp:MEAN:SLOW-MEAN:SHARE";

  /** The mean in nanoseconds. */
  double meanNanos();

  /** Always the same. */
  record Constant(Duration time) implements ServiceTime {
    @Override
    public double meanNanos() {
      return time.toNanos();
    }
  }

  /** Exponential: most are short, one in a hundred longer than 4.6 means. */
  record Exponential(Duration mean) implements ServiceTime {
    @Override
    public double meanNanos() {
      return mean.toNanos();
    }
  }

  /**
   * Normal, drawn anew as long as it is below zero. The mean named is that before the cut, the
   * answer of {@link #meanNanos} that after it.
   */
  record Normal(Duration mean, Duration deviation) implements ServiceTime {
    @Override
    public double meanNanos() {
      double sigma = deviation.toNanos();
      if (sigma == 0) {
        return mean.toNanos();
      }
      double cut = -mean.toNanos() / sigma;
      double density = Math.exp(-cut * cut / 2) / Math.sqrt(2 * Math.PI);
      return mean.toNanos() + sigma * density / upperTail(cut);
    }

    /** P(Z &gt; x) by the trapezoid rule: no more exact than a mean of arrivals has to be. */
    private static double upperTail(double x) {
      double sum = 0;
      double step = 0.001;
      for (double z = x; z < 8; z += step) {
        sum += Math.exp(-z * z / 2) * step;
      }
      return sum / Math.sqrt(2 * Math.PI);
    }
  }

  /** The logarithm is normal. */
  record LogNormal(Duration median, double sigma) implements ServiceTime {
    @Override
    public double meanNanos() {
      return median.toNanos() * Math.exp(sigma * sigma / 2);
    }
  }

  /**
   * A heavy tail with an end: P(time &gt; x) falls with x^-shape from the minimum to ratio times
   * it.
   *
   * @param shape above 0 and not 1
   * @param ratio of the longest to the shortest, above 1
   */
  record Pareto(Duration minimum, double shape, double ratio) implements ServiceTime {
    @Override
    public double meanNanos() {
      return shape
          / (shape - 1)
          * minimum.toNanos()
          * (1 - Math.pow(ratio, 1 - shape))
          / (1 - Math.pow(ratio, -shape));
    }
  }

  /**
   * Two constant times.
   *
   * @param share of the slow ones, 0 to 1
   */
  record Bimodal(Duration usual, Duration slow, double share) implements ServiceTime {
    @Override
    public double meanNanos() {
      return usual.toNanos() * (1 - share) + slow.toNanos() * share;
    }
  }

  /**
   * Two exponential times.
   *
   * @param share of those with the slow mean, 0 to 1
   */
  record HyperExponential(Duration mean, Duration slow, double share) implements ServiceTime {
    @Override
    public double meanNanos() {
      return mean.toNanos() * (1 - share) + slow.toNanos() * share;
    }
  }

  /** Reads one of the {@link #FORMS}. */
  static ServiceTime parse(String text) {
    List<String> parts = List.of(text.strip().split(":", -1));
    return switch (parts.getFirst() + "/" + (parts.size() - 1)) {
      case "exp/1" -> new Exponential(duration(parts.get(1)));
      case "normal/2" -> new Normal(duration(parts.get(1)), spread(parts.get(2)));
      case "lognormal/2" -> new LogNormal(duration(parts.get(1)), number(parts.get(2), 0, 4));
      case "pareto/3" -> pareto(parts);
      case "bimodal/3" ->
          new Bimodal(duration(parts.get(1)), duration(parts.get(2)), Portion.share(parts.get(3)));
      case "hyperexp/3" ->
          new HyperExponential(
              duration(parts.get(1)), duration(parts.get(2)), Portion.share(parts.get(3)));
      default -> {
        if (parts.size() > 1) {
          throw refusal();
        }
        yield new Constant(duration(parts.getFirst()));
      }
    };
  }

  private static ServiceTime pareto(List<String> parts) {
    double shape = number(parts.get(2), 0.1, 10);
    if (shape == 1) {
      throw Require.refusal("must have a shape other than 1");
    }
    return new Pareto(duration(parts.get(1)), shape, number(parts.get(3), 1.001, 1_000_000));
  }

  private static Duration duration(String text) {
    Duration time = spread(text);
    if (time.isZero() || time.compareTo(Duration.ofMinutes(1)) > 0) {
      throw Require.refusal("must be a time longer than 0 and at most 1m: " + FORMS);
    }
    return time;
  }

  private static Duration spread(String text) {
    try {
      return Units.parseDuration(text);
    } catch (InvalidConfigException _) {
      throw refusal();
    }
  }

  private static double number(String text, double min, double max) {
    if (!text.matches("[0-9]{1,9}(\\.[0-9]{1,9})?")) {
      throw refusal();
    }
    double value = Double.parseDouble(text);
    if (value < min || value > max) {
      throw Require.refusal("must have numbers from " + min + " to " + max);
    }
    return value;
  }

  private static InvalidConfigException refusal() {
    return Require.refusal("must be a time: " + FORMS);
  }
}
