package io.fairlead.scaling;

/** Figures of the last seconds, one each; those before the first are not counted. */
final class Window {
  private final double[] values;
  private int count;
  private int next;

  Window(int seconds) {
    values = new double[seconds];
  }

  void add(double value) {
    values[next] = value;
    next = (next + 1) % values.length;
    count = Math.min(count + 1, values.length);
  }

  /** How many there are. */
  int size() {
    return count;
  }

  /** The one that many seconds ago; 0: the last. */
  double ago(int seconds) {
    return values[Math.floorMod(next - 1 - seconds, values.length)];
  }

  /** Of the last ones, that many at most; 0 if there are none. */
  double mean(int seconds) {
    int n = Math.min(seconds, count);
    return n == 0 ? 0 : sum(0, n) / n;
  }

  /** Of that many, the last of which was so many seconds ago. */
  double sum(int from, int seconds) {
    double sum = 0;
    for (int i = from; i < Math.min(from + seconds, count); i++) {
      sum += ago(i);
    }
    return sum;
  }

  /** How far single ones are from their mean, of that many, the last of which was so long ago. */
  double deviation(int from, int seconds) {
    int n = Math.min(from + seconds, count) - from;
    if (n < 2) {
      return 0;
    }
    double mean = sum(from, n) / n;
    double squares = 0;
    for (int i = from; i < from + n; i++) {
      squares += (ago(i) - mean) * (ago(i) - mean);
    }
    return Math.sqrt(squares / (n - 1));
  }

  /**
   * By how much they rise a second at least, by least squares over the last ones.
   *
   * @param beyond so many standard errors are taken for chance
   */
  double rise(int seconds, double beyond) {
    int n = Math.min(seconds, count);
    if (n < 5) {
      return 0;
    }
    double mean = mean(n);
    double middle = (n - 1) / 2.0;
    double up = 0;
    double square = 0;
    double all = 0;
    for (int i = 0; i < n; i++) {
      double t = n - 1 - i - middle;
      double off = ago(i) - mean;
      up += t * off;
      square += t * t;
      all += off * off;
    }
    double slope = up / square;
    double left = Math.max(0, all - slope * up);
    return slope - beyond * Math.sqrt(left / (n - 2) / square);
  }

  double max(int seconds) {
    double max = 0;
    for (int i = 0; i < Math.min(seconds, count); i++) {
      max = Math.max(max, ago(i));
    }
    return max;
  }
}
