package io.fairlead.simulate;

import io.fairlead.config.ServiceTime;
import java.util.random.RandomGenerator;

/** Draws times. */
final class Chance {
  private Chance() {}

  /** Exponential with that mean. */
  static double exponential(RandomGenerator random, double mean) {
    return -mean * Math.log(1 - random.nextDouble());
  }

  /** One service time in nanoseconds. */
  static double draw(ServiceTime time, RandomGenerator random) {
    return switch (time) {
      case ServiceTime.Constant(var constant) -> constant.toNanos();
      case ServiceTime.Exponential(var mean) -> exponential(random, (double) mean.toNanos());
      case ServiceTime.Normal(var mean, var deviation) -> {
        double drawn;
        do {
          drawn = mean.toNanos() + deviation.toNanos() * random.nextGaussian();
        } while (drawn < 0);
        yield drawn;
      }
      case ServiceTime.LogNormal(var median, var sigma) ->
          median.toNanos() * Math.exp(sigma * random.nextGaussian());
      case ServiceTime.Pareto(var minimum, var shape, var ratio) ->
          // by the inverse of F(x) = (1 - (min/x)^a) / (1 - ratio^-a)
          minimum.toNanos()
              / Math.pow(1 - random.nextDouble() * (1 - Math.pow(ratio, -shape)), 1 / shape);
      case ServiceTime.HyperExponential(var mean, var slow, var share) ->
          exponential(random, (double) (random.nextDouble() < share ? slow : mean).toNanos());
      case ServiceTime.Bimodal(var usual, var slow, var share) ->
          (random.nextDouble() < share ? slow : usual).toNanos();
    };
  }
}
