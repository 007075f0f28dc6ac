package io.fairlead.balance;

import io.fairlead.service.Node;
import io.fairlead.service.NodeLoad;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A mean of latencies that follows peaks at once and forgets them slowly: an answer that took
 * longer than the mean becomes the mean, which then falls towards what is seen with a time constant
 * of {@value #TAU_SECONDS} s [1]. A failed request counts as one of {@value #FAILED_SECONDS} s, or
 * else a node that fails fast would draw everything.
 *
 * <p>The latencies of one tick are taken together: their longest, and their mean.
 *
 * <p>[1] Finagle, twitter.github.io/finagle, load balancing, "Peak EWMA".
 */
final class PeakEwma extends Estimates {
  private static final double TAU_SECONDS = 10;
  private static final double FAILED_SECONDS = 5;

  /** For a node that has not answered yet. */
  private static final double UNKNOWN_SECONDS = 0.03;

  private static final double SHORTEST_SECONDS = 1e-6;

  private final Node[] nodes;
  private final float[] weights;
  private final Map<Node, State> states;
  private final NodeLoad.Reading reading = new NodeLoad.Reading();
  private volatile boolean touched;
  private boolean busy;

  /** What is remembered of one node. */
  private static final class State {
    boolean known;
    long lastNanos;
    long answered;
    long failed;
    long latency;
    double cost = UNKNOWN_SECONDS;
  }

  private PeakEwma(Node[] nodes, float[] weights, Map<Node, State> states) {
    super(scores(nodes, weights, states));
    this.nodes = nodes;
    this.weights = weights;
    this.states = states;
  }

  static PeakEwma of(Node[] members, Node[] nodes, float[] weights, @Nullable Estimates previous) {
    Map<Node, State> before = previous instanceof PeakEwma other ? other.states : new HashMap<>();
    Map<Node, State> states = new HashMap<>();
    for (Node node : members) {
      State kept = before.get(node);
      states.put(node, kept == null ? new State() : kept);
    }
    for (Node node : nodes) {
      states.computeIfAbsent(node, _ -> new State());
    }
    return new PeakEwma(nodes, weights, states);
  }

  @Override
  void touch() {
    if (!touched) {
      touched = true;
    }
  }

  @Override
  boolean tick(long now) {
    if (!touched && !busy) {
      return false;
    }
    busy = touched;
    touched = false;
    for (Node node : nodes) {
      State state = states.get(node);
      busy |= state != null && observe(node, state, now);
    }
    publish(scores(nodes, weights, states));
    return busy;
  }

  private boolean observe(Node node, State state, long now) {
    node.load().read(now, reading);
    node.load().nextRound();
    long answered = reading.answered() - state.answered;
    long failed = reading.failed() - state.failed;
    if (state.known) {
      double kept = Math.exp(-(now - state.lastNanos) / 1e9 / TAU_SECONDS);
      double peak = failed > 0 ? FAILED_SECONDS : reading.peak() / 1e9;
      double mean = answered > 0 ? (reading.latency() - state.latency) / 1e9 / answered : 0;
      state.cost = peak > state.cost ? peak : state.cost * kept + mean * (1 - kept);
    }
    state.known = true;
    state.lastNanos = now;
    state.answered = reading.answered();
    state.failed = reading.failed();
    state.latency = reading.latency();
    return answered > 0 || node.inFlight() > 0;
  }

  private static Scores scores(Node[] nodes, float[] weights, Map<Node, State> states) {
    float[] cost = new float[nodes.length];
    for (int i = 0; i < cost.length; i++) {
      State state = states.get(nodes[i]);
      double seconds = state == null ? UNKNOWN_SECONDS : state.cost;
      cost[i] = (float) (Math.max(SHORTEST_SECONDS, seconds) / weights[i]);
    }
    return Scores.of(cost);
  }

  @Override
  @Nullable NodeEstimate of(Node node) {
    State state = states.get(node);
    return state == null ? null : new NodeEstimate(state.cost, 0, -1, 0);
  }
}
