package io.fairlead.scaling;

import io.fairlead.scaling.Autoscaler.Around;
import io.fairlead.scaling.Autoscaler.Terms;
import java.util.ArrayDeque;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;

/**
 * A service in virtual time, a second at a step: nodes of five workers that need 50 ms for a
 * request, so 100 requests a second each; some time until a node serves. The load balancer lets ten
 * requests at a node and as many wait as can be answered within a second; the rest is turned away.
 * Arrivals are by chance (Poisson) around the trace's rate.
 */
final class ScaleSimulation {
  static final int WORKERS = 5;
  static final double SERVICE = 0.05;
  static final double RATE = WORKERS / SERVICE;
  static final int AT_NODE = 10;

  /** What decides. */
  interface Scaler {
    /**
     * Once a second.
     *
     * @param ready nodes that serve
     * @param starting nodes on their way
     * @param busy the part of the workers that worked
     * @return nodes there should be
     */
    int decide(int second, Seen seen, int ready, int starting, double busy);
  }

  /**
   * What came of it.
   *
   * @param asked requests
   * @param lost those turned away
   * @param late those that waited for more than a tenth of a second
   * @param nodeHours of nodes that served, started or drained
   * @param changes of the size
   */
  record Outcome(double asked, double lost, double late, double nodeHours, int changes) {
    double lostShare() {
      return lost / asked;
    }
  }

  private ScaleSimulation() {}

  /**
   * @param start seconds from the order of a node until it serves
   */
  static Outcome run(
      DoubleUnaryOperator trace, int seconds, int first, int start, Scaler scaler, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int ready = first;
    ArrayDeque<Integer> boots = new ArrayDeque<>(); // when each serves
    double waiting = 0;
    double asked = 0;
    double lost = 0;
    double late = 0;
    double nodeSeconds = 0;
    int changes = 0;
    int size = first;
    for (int second = 0; second < seconds; second++) {
      while (!boots.isEmpty() && boots.peek() <= second) {
        boots.poll();
        ready++;
      }
      double arrivals = poisson(random, trace.applyAsDouble(second));
      double can = ready * RATE;
      double served = Math.min(can, waiting + arrivals);
      double left = waiting + arrivals - served;
      double room = can; // as many as can be answered within a second
      double shed = Math.max(0, left - room);
      double before = waiting;
      waiting = left - shed;
      asked += arrivals;
      lost += shed;
      late += Math.min(served, before + waiting > 0.1 * can ? served : 0);
      double busy = can == 0 ? 1 : served / can;
      double inFlight = served * SERVICE * (1 + queueing(busy));
      if (waiting > 0) {
        inFlight = ready * (double) AT_NODE;
      }
      nodeSeconds += ready + boots.size();
      Seen seen = new Seen(served, served, inFlight, waiting, shed, ready);
      int wanted = scaler.decide(second, seen, ready, boots.size(), busy);
      if (wanted != size) {
        changes++;
        size = wanted;
      }
      while (ready + boots.size() < size) {
        boots.add(second + start);
      }
      while (ready + boots.size() > size) {
        if (boots.isEmpty()) {
          ready--;
        } else {
          boots.pollLast();
        }
      }
    }
    return new Outcome(asked, lost, late, nodeSeconds / 3600, changes);
  }

  /** What waiting within the node adds, in service times; M/M/c by Sakasegawa's formula. */
  private static double queueing(double busy) {
    double u = Math.min(0.99, busy);
    return Math.pow(u, Math.sqrt(2.0 * (WORKERS + 1)) - 1) / (WORKERS * (1 - u));
  }

  private static double poisson(SplittableRandom random, double mean) {
    if (mean > 50) {
      double u = Math.max(1e-12, random.nextDouble());
      double normal = Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * random.nextDouble());
      return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
    }
    double limit = Math.exp(-mean);
    double product = random.nextDouble();
    int count = 0;
    while (product > limit) {
      product *= random.nextDouble();
      count++;
    }
    return count;
  }

  /**
   * Whoever does not foresee anything cannot lose less at a jump: orders all the nodes there may be
   * in the very second in which more comes than those that serve can do, and knows the rate.
   */
  static Scaler atOnce(DoubleUnaryOperator trace, int max, int first) {
    return new Scaler() {
      private int size = first;

      @Override
      public int decide(int second, Seen seen, int ready, int starting, double busy) {
        if (trace.applyAsDouble(second) > ready * RATE) {
          size = max;
        }
        return size;
      }
    };
  }

  /** As Fairlead decides. */
  static Scaler ours(Terms terms, int first, int start) {
    Autoscaler autoscaler = new Autoscaler(first);
    return (_, seen, _, starting, _) ->
        autoscaler.tick(seen, terms, new Around(0, starting, start, "")).size();
  }

  /**
   * By the processors' use, as Kubernetes' horizontal pod autoscaler documents its rule: every 15
   * s, {@code ceil(nodes × use / wanted)}, not within a tenth; up by no more than the greater of
   * all and four in 15 s; down to the most that was wanted within 300 s. Its figures are gathered
   * every 15 s, as its metrics server does unless told otherwise, and are of the 15 s before; they
   * are half of that old when it looks. Nodes that are starting are taken to use nothing before
   * more are added.
   */
  static Scaler byUse(int min, int max, double wanted, int first) {
    return new Scaler() {
      private final Window use = new Window(15);
      private final Window wishes = new Window(20);
      private int size = first;
      private double gathered;

      @Override
      public int decide(int second, Seen seen, int ready, int starting, double busy) {
        use.add(busy);
        if (second % 15 == 0) {
          gathered = use.mean(15);
        }
        if (second % 15 != 7 || second < 15) {
          return size;
        }
        double ratio = gathered / wanted;
        int all = ready + starting;
        if (ratio > 1 && starting > 0) {
          ratio = Math.max(1, ratio * ready / all);
        }
        int wish =
            Math.abs(ratio - 1) <= 0.1
                ? all
                : (int) Math.ceil((ratio > 1 ? all : ready) * ratio - 1e-9);
        wish = Math.clamp(Math.min(wish, Math.max(2 * size, size + 4)), min, max);
        wishes.add(wish);
        size = wish >= size ? wish : Math.min(size, (int) wishes.max(20));
        return size;
      }
    };
  }
}
