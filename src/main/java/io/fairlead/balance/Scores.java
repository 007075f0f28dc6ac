package io.fairlead.balance;

import io.fairlead.service.Node;
import org.jspecify.annotations.Nullable;

/**
 * What one more request would cost at each node of a balancer, by index: cost × (1 + load × what
 * one in flight counts). Never changed once published; the least wins.
 *
 * <p>An error that no estimate knows of yet costs at once: a node that answers errors in a
 * millisecond would otherwise take all there is until the next estimate.
 */
final class Scores {
  private final float[] cost;
  private final float each;
  private final @Nullable Errors errors;
  private final @Nullable Reports reports;
  private final @Nullable Ranking ranking;

  /** What errors cost, by index. */
  static final class Errors {
    private final float[] excess;
    private final float[] each;
    private final float[] price;

    /**
     * @param excess by how much the node's share of errors exceeds what is tolerated; below 0: by
     *     how much it does not
     * @param each what one more error adds to it
     * @param price of a share of errors of 1, per weight
     */
    Errors(float[] excess, float[] each, float[] price) {
      this.excess = excess;
      this.each = each;
      this.price = price;
    }

    /** Of errors since the estimate. */
    float costOf(int index, int fresh) {
      float before = Math.max(0, excess[index]);
      float after = Math.max(0, excess[index] + fresh * each[index]);
      return (after - before) * price[index];
    }
  }

  /** What nodes say of the requests that others sent them, by index. */
  static final class Reports {
    private final float[] others;
    private final float usual;
    private final float[] errors;

    /**
     * @param others so many per node
     * @param usual requests in flight at a node, all told, and one more
     * @param errors what errors cost per weight
     */
    Reports(float[] others, float usual, float[] errors) {
      this.others = others;
      this.usual = usual;
      this.errors = errors;
    }
  }

  private Scores(
      float[] cost,
      float each,
      @Nullable Errors errors,
      @Nullable Reports reports,
      @Nullable Ranking ranking) {
    this.cost = cost;
    this.each = each;
    this.errors = errors;
    this.reports = reports;
    this.ranking = ranking;
  }

  static Scores of(float[] cost) {
    return new Scores(cost, 1, null, null, null);
  }

  /**
   * @param each what a request in flight counts: 1 if the next one waits until it is done
   * @param reports what nodes say, where they do
   * @param ranking where it pays to look at the cheapest first
   */
  static Scores of(
      float[] cost,
      float each,
      Errors errors,
      @Nullable Reports reports,
      @Nullable Ranking ranking) {
    return new Scores(cost, each, errors, reports, ranking);
  }

  /** By index, for nodes without errors that no estimate knows of; see {@link #isPlain}. */
  float[] cost() {
    return cost;
  }

  /** What a request in flight counts. */
  float each() {
    return each;
  }

  /** Null: it would not pay. */
  @Nullable Ranking ranking() {
    return ranking;
  }

  /** Whether cost and load are all, but for such errors. */
  boolean isPlain() {
    return reports == null;
  }

  /**
   * What a request costs at the node as it is loaded now; never below its {@link #cost}.
   *
   * @param burden as of {@link Node#burden}
   */
  float of(int index, long burden) {
    int load = (int) burden;
    int fresh = (int) (burden >> 32);
    float added = fresh > 0 && errors != null ? errors.costOf(index, fresh) : 0;
    return reports == null
        ? (cost[index] + added) * (1 + each * load)
        : byReports(reports, index, load, added);
  }

  /** The cube makes a node that is busier than usual expensive, and one that is less so cheap. */
  private float byReports(Reports said, int index, int load, float added) {
    float all = said.others[index] + load;
    float relative = all / said.usual;
    return cost[index] * (1 + relative * relative * relative)
        + (said.errors[index] + added) * (1 + all);
  }
}
