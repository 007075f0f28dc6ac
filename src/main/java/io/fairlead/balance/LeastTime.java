package io.fairlead.balance;

import io.fairlead.service.Node;
import io.fairlead.service.NodeLoad;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How long a request will take at each node, by Little's law: requests waiting, summed over time,
 * through requests answered, both forgotten with a time constant of a second, or as long as it
 * takes for {@value #REMEMBERED_ANSWERS} answers of each node. A node that hangs grows more
 * expensive while it hangs, not when its time-outs come in; and load that other balancers put on a
 * node shows in the time that ours wait there, without asking anybody.
 *
 * <p>Every node begins with two answers at the mean of its fleet: one that is new or idle is
 * neither a hole that swallows everything nor forgotten for ever.
 *
 * <p>What can be chance is taken for chance: as far as nodes do not differ by more than nodes that
 * are alike would ({@link Likeness}), each is expected to take what all take, and those that have
 * had fewer requests than their due come first.
 *
 * <p>Errors cost, or else a node that fails fast would be the fastest: the share of errors beyond
 * twice that of the better half of the nodes, and beyond 1 %, times {@value #ERROR_SECONDS} s or
 * five times the 99th percentile of latency, whichever is more (with exponential times that is 23
 * means), or what the node asks for by {@code Retry-After}. The better half and not the fleet: of
 * two nodes the bad one is half of the fleet. When all fail, none exceeds the others and errors
 * cost nothing.
 *
 * <p>Once more than half of the answers of {@value #MEMORY_SECONDS} s carry the node's own count of
 * requests in flight, that count replaces ours: how loaded a node is relative to the others then
 * enters with its third power, and latency as a factor for its speed.
 */
final class LeastTime extends Estimates {
  private static final double TAU_SECONDS = 1;
  static final double MEMORY_SECONDS = 10;
  static final double ERROR_SECONDS = 1;

  /** Answers at the fleet's mean that every node begins with. */
  private static final double PRIOR = 2;

  /**
   * What a request in flight counts. Most nodes work on several at a time, so that the next one
   * does not wait for all of them: with 1 a slow node that is idle would be preferred to a fast one
   * that is far from busy. Nodes that do work on one after the other pay little for it.
   */
  private static final float IN_FLIGHT = 2f / 3;

  /** Where a node has fewer answers in a second, it takes longer to forget them. */
  private static final double REMEMBERED_ANSWERS = 7;

  /** At most what a turn counts, as a part of what a request is thought to take. */
  private static final double MOST_TURN = 0.25;

  /** With more requests in flight per node the cheapest are busy like all others. */
  private static final double RANKED_IN_FLIGHT = 1;

  private static final double TOLERATED_ERRORS = 0.01;
  private static final double MEANS_PER_FIVE_P99 = 23;

  /** Latency of a fleet that has not answered anything yet. */
  private static final double UNKNOWN_SECONDS = 0.001;

  private static final double SHORTEST_SECONDS = 1e-6;

  /** After so long without a request nothing is left to be forgotten. */
  private static final long IDLE_NANOS = 15_000_000_000L;

  /** A tick over many nodes takes time: there are fewer of them then. */
  private static final long NANOS_BETWEEN_TICKS_PER_NODE = 20_000;

  private final Node[] nodes;
  private final float[] weights;
  private final Map<Node, State> states;
  private final State[] byIndex;
  private final Fleet fleet;
  private final NodeLoad.Reading reading = new NodeLoad.Reading();
  private final double[] sorted;
  private volatile boolean touched;

  /** What is remembered of one node. */
  private static final class State {
    boolean known;
    long lastNanos;
    long area;
    long answered;
    long failed;
    long latency;
    long reports;
    long reported;
    long begun;

    /** Request-seconds and answers, forgotten by {@link Fleet#tau}. */
    double waited;

    double done;

    /** Forgotten by {@link #MEMORY_SECONDS}, as is what follows. */
    double answers;

    double errors;
    double reporting;

    double seconds;
    double count;

    /** Of the answers between two looks: squared differences from what is usual, and its square. */
    double squares;

    double usualSquares;

    /** Requests, those without an answer among them. */
    double recent;

    double others;
    double busySeconds;

    double estimate = UNKNOWN_SECONDS;
    double excess;
    double price = ERROR_SECONDS;
    double alike;
    double turn;
  }

  /** What is remembered of all together, and outlives one set of nodes. */
  private static final class Fleet {
    long lastNanos;
    long touchedNanos;
    boolean ticked;
    double mean = UNKNOWN_SECONDS;
    double tau = TAU_SECONDS;
    boolean reporting;
  }

  private LeastTime(
      Node[] nodes, float[] weights, Map<Node, State> states, State[] byIndex, Fleet fleet) {
    super(scores(weights, byIndex, fleet, inFlight(nodes, byIndex)));
    this.nodes = nodes;
    this.weights = weights;
    this.states = states;
    this.byIndex = byIndex;
    this.fleet = fleet;
    this.sorted = new double[nodes.length];
  }

  /**
   * @param members all that belong to the service: what is known of them is kept
   * @param nodes those to choose from
   */
  static LeastTime of(Node[] members, Node[] nodes, float[] weights, @Nullable Estimates previous) {
    LeastTime before = previous instanceof LeastTime other ? other : null;
    Fleet fleet = before == null ? new Fleet() : before.fleet;
    Map<Node, State> states = new HashMap<>();
    for (Node node : members) {
      State kept = before == null ? null : before.states.get(node);
      states.put(node, kept == null ? newcomer(fleet) : kept);
    }
    State[] byIndex = new State[nodes.length];
    for (int i = 0; i < nodes.length; i++) {
      byIndex[i] = states.computeIfAbsent(nodes[i], _ -> newcomer(fleet));
    }
    LeastTime next = new LeastTime(nodes, weights, states, byIndex, fleet);
    next.touched = before != null && before.touched;
    return next;
  }

  /** It is expected to be like the others until it has been seen. */
  private static State newcomer(Fleet fleet) {
    State state = new State();
    state.estimate = fleet.mean;
    return state;
  }

  @Override
  void touch() {
    if (!touched) { // mostly it is: nobody writes then
      touched = true;
    }
  }

  @Override
  boolean tick(long now) {
    if (touched) {
      fleet.touchedNanos = now;
    } else if (!fleet.ticked || now - fleet.touchedNanos > IDLE_NANOS) {
      return false;
    }
    if (fleet.ticked && now - fleet.lastNanos < nodes.length * NANOS_BETWEEN_TICKS_PER_NODE) {
      return true;
    }
    touched = false;
    fleet.ticked = true;
    fleet.lastNanos = now;
    double seconds = 0;
    double count = 0;
    double answers = 0;
    double reporting = 0;
    double errors = 0;
    for (int i = 0; i < nodes.length; i++) {
      State state = byIndex[i];
      observe(nodes[i], state, now);
      seconds += state.seconds;
      count += state.count;
      answers += state.answers;
      reporting += state.reporting;
      errors += state.errors;
    }
    if (count > 0.01) {
      fleet.mean = Math.max(SHORTEST_SECONDS, seconds / count);
    }
    fleet.reporting = reporting > 0.5 * answers;
    fleet.tau =
        Math.clamp(
            REMEMBERED_ANSWERS * MEMORY_SECONDS * nodes.length / Math.max(answers, 1e-9),
            TAU_SECONDS,
            MEMORY_SECONDS);
    double usual = errors < 1e-6 ? 0 : errorsOfTheBetterHalf();
    double tolerated = Math.max(TOLERATED_ERRORS, 2 * usual);
    double price = Math.max(ERROR_SECONDS, MEANS_PER_FIVE_P99 * fleet.mean);
    for (State state : byIndex) {
      state.estimate =
          Math.max(SHORTEST_SECONDS, (state.waited + PRIOR * fleet.mean) / (state.done + PRIOR));
      state.excess = (state.errors + 2 * usual) / (state.answers + 2) - tolerated;
      state.price = Math.max(price, state.busySeconds);
    }
    levelOut();
    publish(scores(weights, byIndex, fleet, inFlight(nodes, byIndex)));
    return true;
  }

  /**
   * As far as nodes cannot be told apart, all are expected to be as fast as their mean, and the one
   * that has had fewer requests than others gets the next.
   */
  private void levelOut() {
    double waited = PRIOR * fleet.mean;
    double done = PRIOR;
    double squares = 0;
    double usualSquares = 0;
    double recent = 0;
    for (State state : byIndex) {
      waited += state.waited;
      done += state.done;
      squares += state.squares;
      usualSquares += state.usualSquares;
      recent += state.recent;
    }
    double mean = waited / done;
    Likeness likeness =
        new Likeness(byIndex.length, usualSquares == 0 ? 1 : squares / usualSquares, mean);
    for (State state : byIndex) {
      state.alike =
          likeness.add(
              state.estimate / mean,
              (state.done + PRIOR) / Math.sqrt(state.done + 1),
              state.count < 1 ? 1 : state.seconds / state.count / fleet.mean,
              Math.sqrt(state.count));
    }
    double all = likeness.ofAll(waited / fleet.tau / byIndex.length);
    double perWeight = recent / Weights.sum(weights);
    for (int i = 0; i < byIndex.length; i++) {
      State state = byIndex[i];
      double alike = all * state.alike;
      state.estimate += (mean - state.estimate) * alike;
      // Chance alone leaves a node so far from its due: more than that is not made up for, or else
      // one that was slow or away would be flooded.
      double due = perWeight * weights[i];
      double usual = Math.sqrt(due) + 1;
      state.recent = Math.clamp(state.recent, due - usual, due + usual);
      state.turn = MOST_TURN * alike * (due - state.recent) / usual;
    }
  }

  /** What has happened at the node since the last look, on top of what is left from before. */
  private void observe(Node node, State state, long now) {
    NodeLoad load = node.load();
    load.read(now, reading);
    node.forgetFreshErrors();
    double elapsed = state.known ? (now - state.lastNanos) / 1e9 : 0;
    long begun = reading.answered() + load.waiting();
    if (elapsed > 0) {
      double kept = Math.exp(-elapsed / fleet.tau);
      // Spread evenly over the time since: exactly what a steady stream would have left.
      double weight = (1 - kept) * fleet.tau / elapsed;
      state.waited =
          Math.max(0, state.waited * kept + (reading.area() - state.area) / 1e9 * weight);
      state.done = state.done * kept + (reading.answered() - state.answered) * weight;
      double remembered = Math.exp(-elapsed / MEMORY_SECONDS);
      state.answers = state.answers * remembered + (reading.answered() - state.answered);
      state.errors = state.errors * remembered + (reading.failed() - state.failed);
      varied(state, remembered);
      state.recent = state.recent * remembered + Math.max(0, begun - state.begun);
      state.seconds = state.seconds * remembered + (reading.latency() - state.latency) / 1e9;
      state.count = state.count * remembered + (reading.answered() - state.answered);
      long reports = reading.reports() - state.reports;
      state.reporting = state.reporting * remembered + reports;
      if (reports > 0) {
        double others = (double) (reading.reported() - state.reported) / reports;
        state.others = 0.5 * state.others + 0.5 * others;
      }
    }
    state.busySeconds = reading.busyNanos() / 1e9;
    state.known = true;
    state.begun = begun;
    state.lastNanos = now;
    state.area = reading.area();
    state.answered = reading.answered();
    state.failed = reading.failed();
    state.latency = reading.latency();
    state.reports = reading.reports();
    state.reported = reading.reported();
  }

  /** How much times vary: that of the mean of some answers, times their number. */
  private void varied(State state, double remembered) {
    long answers = reading.answered() - state.answered;
    state.squares *= remembered;
    state.usualSquares *= remembered;
    if (answers > 0 && state.count > 1) {
      double usual = state.seconds / state.count;
      double off = (reading.latency() - state.latency) / 1e9 / answers - usual;
      // What is usual is known from so many answers only, and is off by itself.
      state.squares += answers * off * off * state.count / (state.count + answers);
      state.usualSquares += usual * usual;
    }
  }

  /** Pooled over the nodes whose own share of errors is at most the median. */
  private double errorsOfTheBetterHalf() {
    for (int i = 0; i < byIndex.length; i++) {
      sorted[i] = shareOfErrors(byIndex[i]);
    }
    Arrays.sort(sorted);
    double median = sorted[(sorted.length - 1) / 2];
    double errors = 0;
    double answers = 0;
    for (State state : byIndex) {
      if (shareOfErrors(state) <= median) {
        errors += state.errors;
        answers += state.answers;
      }
    }
    return answers > 0 ? errors / answers : 0;
  }

  private static double shareOfErrors(State state) {
    return state.answers > 0 ? state.errors / state.answers : 0;
  }

  private static double inFlight(Node[] nodes, State[] states) {
    double all = 0;
    for (int i = 0; i < nodes.length; i++) {
      all += nodes[i].inFlight() + states[i].others;
    }
    return all / nodes.length;
  }

  private static Scores scores(float[] weights, State[] states, Fleet fleet, double meanInFlight) {
    int count = states.length;
    float[] cost = new float[count];
    float[] excess = new float[count];
    float[] each = new float[count];
    float[] price = new float[count];
    float[] others = fleet.reporting ? new float[count] : new float[0];
    float[] failing = fleet.reporting ? new float[count] : new float[0];
    for (int i = 0; i < count; i++) {
      State state = states[i];
      double errors = Math.max(0, state.excess) * state.price;
      excess[i] = (float) state.excess;
      each[i] = (float) (1 / (state.answers + 2));
      if (fleet.reporting) {
        // A share of errors of 1 costs as much as a thousand usual requests.
        cost[i] = rough(state.estimate * (1 - state.turn) / fleet.mean) / weights[i];
        price[i] = 1000 / weights[i];
        failing[i] = (float) (Math.max(0, state.excess) * 1000 / weights[i]);
        others[i] = (float) state.others;
      } else {
        cost[i] = rough(state.estimate * (1 - state.turn) + errors) / weights[i];
        price[i] = (float) (state.price / weights[i]);
      }
    }
    Scores.Errors errors = new Scores.Errors(excess, each, price);
    Scores.Reports reports =
        fleet.reporting ? new Scores.Reports(others, (float) meanInFlight + 1, failing) : null;
    return Scores.of(
        cost,
        IN_FLIGHT,
        errors,
        reports,
        meanInFlight > RANKED_IN_FLIGHT ? null : Ranking.of(cost));
  }

  /**
   * Six bits of the fraction are kept: estimates are never quite equal, and those that are nearly
   * so are ties, which chance decides.
   */
  private static float rough(double estimate) {
    return Float.intBitsToFloat(Float.floatToRawIntBits((float) estimate) & ~0x1FFFF);
  }

  @Override
  @Nullable NodeEstimate of(Node node) {
    State state = states.get(node);
    return state == null
        ? null
        : new NodeEstimate(
            state.estimate,
            Math.max(0, state.excess) * state.price,
            fleet.reporting ? state.others : -1,
            state.turn);
  }
}
