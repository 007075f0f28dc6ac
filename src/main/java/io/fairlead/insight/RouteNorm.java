package io.fairlead.insight;

import io.fairlead.telemetry.NodeAnswers;
import java.util.Arrays;

/**
 * How long answers of one route class take to begin, usually: the median over the nodes of each
 * node's quantile, so that half of them may be as slow as they like without moving it.
 *
 * <p>A request is slow beyond the ninth decile <em>and</em> twice the median, since where all
 * answers take the same time the decile alone would make an outlier of a node that is a little
 * older than the others; beyond the last percentile and three times the median it is of the tail.
 */
final class RouteNorm {
  /** Quantiles of a node with fewer remembered requests are not looked at. */
  private static final float LEAST_WEIGHT = 10;

  /** The median over more nodes than that is taken over so many of them, others each second. */
  private static final int ENOUGH_NODES = 200;

  /** No difference below this is slowness; it is noise. */
  private static final long LEAST_DIFFERENCE = 1_000_000;

  /** Seconds over which the present is compared with the usual. */
  private static final int RECENT = 5;

  /** Seconds in which the usual follows. */
  private static final double USUAL = 600;

  private final int[] medians = new int[ENOUGH_NODES];
  private final int[] deciles = new int[ENOUGH_NODES];
  private final int[] percentiles = new int[ENOUGH_NODES];
  private final int[] recent = new int[RECENT * NodeAnswers.BUCKET_COUNT];
  private int slowBucket = NodeAnswers.BUCKET_COUNT;
  private int tailBucket = NodeAnswers.BUCKET_COUNT;
  private int at;
  private int start;
  private double usualLog;
  private double seconds;

  int slowBucket() {
    return slowBucket;
  }

  int tailBucket() {
    return tailBucket;
  }

  private boolean isKnown() {
    return tailBucket < NodeAnswers.BUCKET_COUNT;
  }

  /** From what duration on a request is slow. */
  long slowNanos() {
    return NodeAnswers.upperNanos(slowBucket);
  }

  long tailNanos() {
    return NodeAnswers.upperNanos(tailBucket);
  }

  /** From what age on one that has not been answered counts as if it had been, slowly. */
  long oldNanos() {
    return isKnown() ? 2 * tailNanos() : Long.MAX_VALUE;
  }

  /** Where such a one stands among durations. */
  int oldBucket() {
    return Math.min(NodeAnswers.BUCKET_COUNT - 1, tailBucket + NodeAnswers.PER_DOUBLING);
  }

  void next() {
    at = at + 1 == RECENT ? 0 : at + 1;
    int from = at * NodeAnswers.BUCKET_COUNT;
    Arrays.fill(recent, from, from + NodeAnswers.BUCKET_COUNT, 0);
  }

  void add(int bucket, int count) {
    recent[at * NodeAnswers.BUCKET_COUNT + bucket] += count;
  }

  /** Takes the medians over the nodes anew. */
  void update(Subject[] subjects, int routeClass) {
    int found = 0;
    start = subjects.length <= ENOUGH_NODES ? 0 : (start + ENOUGH_NODES) % subjects.length;
    for (int i = 0; i < subjects.length && found < ENOUGH_NODES; i++) {
      RouteRecord record = subjects[(start + i) % subjects.length].record(routeClass);
      if (record != null && record.weight() >= LEAST_WEIGHT) {
        medians[found] = record.quantile(0.5);
        deciles[found] = record.quantile(0.9);
        percentiles[found] = record.quantile(0.99);
        found++;
      }
    }
    if (found == 0) {
      return;
    }
    int median = middle(medians, found);
    int least =
        NodeAnswers.bucketOf(NodeAnswers.upperNanos(median) + LEAST_DIFFERENCE);
    slowBucket =
        Math.max(least, Math.max(middle(deciles, found), median + NodeAnswers.PER_DOUBLING));
    tailBucket =
        Math.max(least, Math.max(middle(percentiles, found), median + NodeAnswers.PER_DOUBLING * 3 / 2));
    slowBucket = Math.min(slowBucket, NodeAnswers.BUCKET_COUNT - 1);
    tailBucket = Math.min(tailBucket, NodeAnswers.BUCKET_COUNT - 1);
  }

  /** Of an even number the lower one: where half are bad the others say what is usual. */
  private static int middle(int[] values, int count) {
    Arrays.sort(values, 0, count);
    return values[(count - 1) / 2];
  }

  /** Requests of the last seconds, over all nodes. */
  int requests() {
    int sum = 0;
    for (int count : recent) {
      sum += count;
    }
    return sum;
  }

  /** The median of the last seconds, over all nodes. */
  long medianNanos() {
    int rank = (requests() + 1) / 2;
    int seen = 0;
    for (int bucket = 0; bucket < NodeAnswers.BUCKET_COUNT; bucket++) {
      for (int second = 0; second < RECENT; second++) {
        seen += recent[second * NodeAnswers.BUCKET_COUNT + bucket];
      }
      if (seen >= rank && seen > 0) {
        return NodeAnswers.upperNanos(bucket);
      }
    }
    return 0;
  }

  /** What the median has been for long. */
  long usualNanos() {
    return seconds == 0 ? 0 : (long) Math.exp(usualLog);
  }

  /** Whether it has been seen for long enough to be called usual. */
  boolean isUsualKnown() {
    return seconds >= 20;
  }

  /** The present becomes a little more usual. */
  void learn() {
    long median = medianNanos();
    if (median > 0) {
      seconds++;
      usualLog += (Math.log(median) - usualLog) / Math.min(seconds, USUAL);
    }
  }
}
