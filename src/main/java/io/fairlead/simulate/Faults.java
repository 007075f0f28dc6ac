package io.fairlead.simulate;

import io.fairlead.config.SimulatedFault;
import io.fairlead.config.SimulatedFault.Kind;
import io.fairlead.config.SimulationConfig;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** What is wrong with which node now. */
final class Faults {
  /** Steps in which slowness goes away. */
  static final int DECAY_STEPS = 60;

  private final List<SimulatedFault> faults;

  /** Which nodes: the same for every policy, since nothing else draws from it. */
  private final SplittableRandom moves;

  private final SplittableRandom random;

  /** By fault and node. */
  private final boolean[][] hits;

  private final double[] factors;

  /** How many faults each node has now. */
  private final int[] wrong;

  private int wrongNodes;
  private final boolean[] named;
  private final int[] order;

  Faults(SimulationConfig config, boolean happen, SplittableRandom random) {
    this.faults = happen ? config.faults() : List.of();
    this.moves = random.split();
    this.random = random;
    int nodes = config.nodes().count();
    this.hits = new boolean[faults.size()][nodes];
    this.factors = new double[faults.size()];
    this.wrong = new int[nodes];
    this.named = new boolean[nodes];
    this.order = new int[nodes];
    Arrays.setAll(order, i -> i);
    for (SimulatedFault fault : faults) {
      for (int i = 0; i < fault.nodes().of(nodes); i++) {
        named[(fault.first() + i) % nodes] = true;
      }
    }
  }

  int count() {
    return faults.size();
  }

  SimulatedFault get(int fault) {
    return faults.get(fault);
  }

  /** It begins at the nodes that it names. */
  void begin(int fault) {
    SimulatedFault its = faults.get(fault);
    factors[fault] = its.factor();
    int nodes = wrong.length;
    for (int i = 0; i < its.nodes().of(nodes); i++) {
      hit(fault, (its.first() + i) % nodes);
    }
  }

  void end(int fault) {
    for (int node = 0; node < wrong.length; node++) {
      if (hits[fault][node]) {
        hits[fault][node] = false;
        wrongNodes -= --wrong[node] == 0 ? 1 : 0;
      }
    }
  }

  /** It ends where it is and begins at as many nodes drawn by chance. */
  void move(int fault) {
    end(fault);
    int count = faults.get(fault).nodes().of(wrong.length);
    for (int i = 0; i < count; i++) { // the beginning of a shuffle
      int other = i + moves.nextInt(order.length - i);
      int node = order[other];
      order[other] = order[i];
      order[i] = node;
      hit(fault, node);
    }
  }

  /** A step on the way back to the usual speed. */
  void decay(int fault, int step) {
    factors[fault] = 1 + (faults.get(fault).factor() - 1) * (1 - (double) step / DECAY_STEPS);
  }

  private void hit(int fault, int node) {
    hits[fault][node] = true;
    wrongNodes += ++wrong[node] == 1 ? 1 : 0;
  }

  boolean hits(int fault, int node) {
    return hits[fault][node];
  }

  boolean isWrong(int node) {
    return wrong[node] > 0;
  }

  int wrongNodes() {
    return wrongNodes;
  }

  boolean isNamed(int node) {
    return named[node];
  }

  /** 1 where nothing is wrong, 0 where it stands still. */
  double speed(int node) {
    double speed = 1;
    for (int i = 0; i < faults.size(); i++) {
      if (hits[i][node]) {
        Kind kind = faults.get(i).kind();
        speed = kind == Kind.PAUSE ? 0 : kind == Kind.SLOW ? speed / factors[i] : speed;
      }
    }
    return speed;
  }

  /** Whether the fault is felt by this request at that node. */
  boolean isFelt(int fault, int node, int instance, int client, String route) {
    SimulatedFault its = faults.get(fault);
    return hits[fault][node]
        && (its.instances() == 0 || instance < its.instances())
        && (its.clients() == 0 || client < its.clients())
        && (its.route().isEmpty() || its.route().equals(route))
        && (its.share() >= 1 || random.nextDouble() < its.share());
  }
}
