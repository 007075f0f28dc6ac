import java.util.Arrays;
import java.util.List;

/**
 * Median and extremes of repeated samples.
 *
 * @param median middle value; of an even number of samples the mean of the two in the middle
 * @param min smallest
 * @param max largest
 */
record Spread(double median, double min, double max) {
  static final Spread NONE = new Spread(Double.NaN, Double.NaN, Double.NaN);

  static Spread of(List<Double> samples) {
    if (samples.isEmpty()) {
      return NONE;
    }
    double[] sorted = samples.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int half = sorted.length / 2;
    double median = sorted.length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    return new Spread(median, sorted[0], sorted[sorted.length - 1]);
  }

  boolean known() {
    return !Double.isNaN(median);
  }

  /** For instance {@code 17.2 (16.9–18.0)}. */
  String text(int decimals) {
    if (!known()) {
      return "–";
    }
    String number = "%." + decimals + "f";
    return (number + " (" + number + "–" + number + ")").formatted(median, min, max);
  }

  String middle(int decimals) {
    return known() ? ("%." + decimals + "f").formatted(median) : "–";
  }

  /** The value below which the given part of the sorted samples lies. */
  static double quantile(long[] sorted, double part) {
    if (sorted.length == 0) {
      return Double.NaN;
    }
    int index = (int) Math.ceil(part * sorted.length) - 1;
    return sorted[Math.clamp(index, 0, sorted.length - 1)];
  }

  static long[] sorted(long[] values, int count) {
    long[] copy = Arrays.copyOf(values, count);
    Arrays.sort(copy);
    return copy;
  }
}
