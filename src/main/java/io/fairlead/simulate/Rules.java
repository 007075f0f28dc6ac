package io.fairlead.simulate;

import io.fairlead.config.SimulatedPolicy.Rule;
import java.util.random.RandomGenerator;

/**
 * Rules of others, as far as they are published, to compare with. They are models: what a product
 * does beside its rule (threads, connection limits, weights in tables) is not here, and a figure
 * that they give says nothing about the product.
 */
abstract class Rules implements Picker {
  private static final int TRIES_TO_AVOID = 4;

  private final int[] members;
  private int count;
  final int[] inFlight;
  final RandomGenerator random;

  private Rules(int nodes, RandomGenerator random) {
    this.members = new int[nodes];
    this.inFlight = new int[nodes];
    this.random = random;
  }

  /**
   * The model of a rule, for one instance.
   *
   * @param present how many requests are in each node or on the way to it, kept by the engine
   */
  static Rules of(Rule rule, int[] present, RandomGenerator random) {
    int nodes = present.length;
    return switch (rule) {
      case ORACLE -> new Oracle(present, random);
      case LEAST_CONN -> new LeastConn(nodes, random);
      case TWO_CHOICES -> new TwoChoices(nodes, random);
      case PEAK_EWMA -> new PeakEwma(nodes, random);
      case NGINX_LEAST_TIME -> new SteppedLeastTime(nodes, random);
      case TRAEFIK_LEAST_TIME -> new RingLeastTime(nodes, random);
    };
  }

  @Override
  public final void join(int node) {
    members[count++] = node;
  }

  @Override
  public final void sent(int row, int node, int route, int client, long now) {
    inFlight[node]++;
  }

  @Override
  public final void over(int row, int node, long now, long took, End end) {
    inFlight[node]--;
    if (end != End.CANCELLED) {
      observe(node, now, took);
    }
  }

  /** A latency has become known, that of an error or of a time-out like any other. */
  void observe(int node, long now, long took) {}

  /** What is to be small. */
  abstract double score(int node, long now);

  @Override
  public int pick(int client, int avoid, long now) {
    return best(avoid, now);
  }

  /** The best of all, the first in an order that begins anywhere where several are. */
  final int best(int avoid, long now) {
    int start = count == 0 ? 0 : random.nextInt(count);
    int best = -1;
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < count; i++) {
      int at = start + i;
      int node = members[at < count ? at : at - count];
      double score = score(node, now);
      if (score < least && (node != avoid || count == 1)) {
        least = score;
        best = node;
      }
    }
    return best;
  }

  /** The better of two drawn by chance; the first where they are equal. */
  final int betterOfTwo(int avoid, long now) {
    if (count == 0) {
      return -1;
    }
    int one = any(avoid);
    int other = any(avoid);
    return score(other, now) < score(one, now) ? other : one;
  }

  private int any(int avoid) {
    int node = avoid;
    for (int i = 0; i < TRIES_TO_AVOID && node == avoid; i++) {
      node = members[random.nextInt(count)];
    }
    return node;
  }

  /** The shortest queue, known exactly. */
  private static final class Oracle extends Rules {
    private final int[] present;

    Oracle(int[] present, RandomGenerator random) {
      super(present.length, random);
      this.present = present;
    }

    @Override
    double score(int node, long now) {
      return present[node];
    }
  }

  private static final class LeastConn extends Rules {
    LeastConn(int nodes, RandomGenerator random) {
      super(nodes, random);
    }

    @Override
    double score(int node, long now) {
      return inFlight[node];
    }
  }

  private static final class TwoChoices extends Rules {
    TwoChoices(int nodes, RandomGenerator random) {
      super(nodes, random);
    }

    @Override
    double score(int node, long now) {
      return inFlight[node];
    }

    @Override
    public int pick(int client, int avoid, long now) {
      return betterOfTwo(avoid, now);
    }
  }

  /** A latency above the average replaces it at once; one below moves it, the more the later. */
  private static final class PeakEwma extends Rules {
    private static final double TAU = 10e9;

    /** Of a node that has requests in flight and has never answered: only if there is no other. */
    private static final double PENALTY = 1e15;

    private final double[] cost;
    private final long[] stamp;

    PeakEwma(int nodes, RandomGenerator random) {
      super(nodes, random);
      cost = new double[nodes];
      stamp = new long[nodes];
    }

    @Override
    void observe(int node, long now, long took) {
      double kept = Math.exp((stamp[node] - now) / TAU);
      cost[node] = took > cost[node] ? took : cost[node] * kept + took * (1 - kept);
      stamp[node] = now;
    }

    @Override
    double score(int node, long now) {
      double decayed = cost[node] * Math.exp((stamp[node] - now) / TAU);
      return decayed == 0 && inFlight[node] > 0
          ? PENALTY + inFlight[node]
          : decayed * (inFlight[node] + 1);
    }

    @Override
    public int pick(int client, int avoid, long now) {
      return betterOfTwo(avoid, now);
    }
  }

  /** An average that moves by a twentieth, read in steps of 20 ms, times connections. */
  private static final class SteppedLeastTime extends Rules {
    private static final double STEP = 20e6;
    private static final double MOST = 5e9;
    private final double[] average;

    SteppedLeastTime(int nodes, RandomGenerator random) {
      super(nodes, random);
      average = new double[nodes];
    }

    @Override
    void observe(int node, long now, long took) {
      average[node] = average[node] == 0 ? took : 0.95 * average[node] + 0.05 * took;
    }

    @Override
    double score(int node, long now) {
      double stepped = Math.ceil(Math.min(average[node], MOST) / STEP);
      return Math.max(1, stepped) * (1 + inFlight[node]);
    }
  }

  /** The mean of the last hundred in whole milliseconds, times requests; 0 while there is none. */
  private static final class RingLeastTime extends Rules {
    private static final int LENGTH = 100;
    private final int[][] last;
    private final int[] seen;
    private final long[] sum;

    RingLeastTime(int nodes, RandomGenerator random) {
      super(nodes, random);
      last = new int[nodes][LENGTH];
      seen = new int[nodes];
      sum = new long[nodes];
    }

    @Override
    void observe(int node, long now, long took) {
      int place = seen[node]++ % LENGTH;
      int millis = (int) (took / 1_000_000);
      sum[node] += millis - last[node][place];
      last[node][place] = millis;
    }

    @Override
    double score(int node, long now) {
      int samples = Math.min(seen[node], LENGTH);
      double average = samples == 0 ? 0 : (double) sum[node] / samples;
      return average * (1 + inFlight[node]);
    }
  }
}
