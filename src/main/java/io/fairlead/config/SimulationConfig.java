package io.fairlead.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A workload, what goes wrong in it, and which policies are to be compared.
 *
 * @param instances how many instances of Fairlead stand side by side, each knowing only its own
 *     requests; several: one table for each
 * @param nodes what they balance over
 * @param routes kinds of requests; never empty
 * @param clients how many clients there are, told apart by {@code ip-hash}
 * @param loads offered work as a share of what the nodes can do; several: one table for each
 * @param detect whether instances judge nodes by their answers and take bad ones out
 * @param network one way between an instance and a node
 * @param timeout of one try
 * @param tries that a request gets in all
 * @param cancel whether a node stops working on a try that timed out
 * @param limit whether each instance limits how many it lets in, as {@code concurrency: adaptive}
 * @param retryBudget percent of requests that may be tried again; negative: all
 * @param hedge when a second node is asked while the first has not answered
 * @param fanOut requests that come together and are waited for together; latencies are then those
 *     of the slowest
 * @param policies compared on the same arrivals
 * @param faults what goes wrong
 * @param duration simulated time, with the warm-up
 * @param warmUp time at the beginning that is not measured
 * @param seeds how often each case is run, with another chance each time
 * @param expectations what must come out
 * @param plot where a picture goes
 */
public record SimulationConfig(
    List<Integer> instances,
    Nodes nodes,
    List<Route> routes,
    int clients,
    List<Double> loads,
    boolean detect,
    Duration network,
    Duration timeout,
    int tries,
    boolean cancel,
    boolean limit,
    int retryBudget,
    HedgeConfig hedge,
    int fanOut,
    List<SimulatedPolicy> policies,
    List<SimulatedFault> faults,
    Duration duration,
    Duration warmUp,
    int seeds,
    List<Expectation> expectations,
    Optional<Path> plot) {
  static final Range<Integer> INSTANCES = Range.counts(1, 1_000);
  static final Range<Integer> CLIENTS = Range.counts(1, 10_000_000);
  static final Range<Integer> TRIES = Range.counts(1, 10);
  static final Range<Integer> FAN_OUT = Range.counts(1, 10_000);
  static final Range<Integer> SEEDS = Range.counts(1, 100);
  static final Range<Duration> TIME = Range.durations(Duration.ZERO, Duration.ofHours(24));
  static final double MAX_LOAD = 20;

  public SimulationConfig {
    instances = List.copyOf(instances);
    routes = List.copyOf(routes);
    loads = List.copyOf(loads);
    policies = List.copyOf(policies);
    faults = List.copyOf(faults);
    expectations = List.copyOf(expectations);
    Require require =
        new Require()
            .that(
                warmUp.compareTo(duration) < 0,
                List.of("warm-up"),
                warmUp,
                "must be shorter than {}",
                List.of(List.of("duration")))
            .that(!timeout.isZero(), "timeout", timeout, "must be longer than zero")
            .that(!policies.isEmpty(), "balance", null, "must name at least one policy")
            .that(!instances.isEmpty(), "instances", null, "must name at least one number")
            .that(!loads.isEmpty(), "load", null, "must name at least one load");
    double shares = routes.stream().mapToDouble(Route::share).sum();
    require.that(
        Math.abs(shares - 1) < 1e-6,
        List.of("routes"),
        null,
        "must have shares that add up to 100%",
        List.of());
    for (int i = 0; i < faults.size(); i++) {
      String route = faults.get(i).route();
      require.that(
          route.isEmpty() || routes.stream().anyMatch(one -> one.name().equals(route)),
          List.of("faults", "[" + i + "]", "route"),
          route,
          "must be the name of a route",
          List.of());
      require.that(
          faults.get(i).first() < nodes.count(),
          List.of("faults", "[" + i + "]", "first"),
          faults.get(i).first(),
          "must be below the number of nodes",
          List.of());
    }
    for (int i = 0; i < expectations.size(); i++) {
      require.that(
          hedge.isWanted() || !expectations.get(i).ofUnhedged(),
          List.of("expect", "[" + i + "]", "of-unhedged"),
          null,
          "says something only where there is {}",
          List.of(List.of("hedge")));
      require.that(
          !expectations.get(i).ofHealthy() || !expectations.get(i).ofUnhedged(),
          List.of("expect", "[" + i + "]", "of-unhedged"),
          null,
          "must not be given beside of-healthy",
          List.of());
      check(require, i, expectations.get(i), policies, loads, instances);
    }
    require.orRefuse();
  }

  /** For a first look: a quarter of the measured time, one seed. */
  public SimulationConfig quick() {
    return new SimulationConfig(
        instances,
        nodes,
        routes,
        clients,
        loads,
        detect,
        network,
        timeout,
        tries,
        cancel,
        limit,
        retryBudget,
        hedge,
        fanOut,
        policies,
        faults,
        warmUp.plus(duration.minus(warmUp).dividedBy(4)),
        warmUp,
        1,
        expectations,
        plot);
  }

  /**
   * What the nodes can do together, in cores: those that are slow from the beginning of the
   * measured time to its end count for less.
   */
  public double capacity() {
    return capacity(nodes, faults, warmUp);
  }

  static double capacity(Nodes nodes, List<SimulatedFault> faults, Duration warmUp) {
    double capacity = nodes.count();
    for (SimulatedFault fault : faults) {
      boolean always =
          fault.kind() == SimulatedFault.Kind.SLOW
              && fault.lasts().isZero()
              && fault.decay().isZero()
              && fault.from().compareTo(warmUp) <= 0;
      if (always) {
        capacity -= fault.nodes().of(nodes.count()) * (1 - 1 / fault.factor());
      }
    }
    return capacity * nodes.cores();
  }

  /** Mean work that a request brings, in nanoseconds. */
  public double meanWorkNanos() {
    return meanWorkNanos(routes);
  }

  static double meanWorkNanos(List<Route> routes) {
    return routes.stream().mapToDouble(one -> one.share() * one.time().meanNanos()).sum();
  }

  private static void check(
      Require require,
      int index,
      Expectation expectation,
      List<SimulatedPolicy> policies,
      List<Double> loads,
      List<Integer> instances) {
    String place = "[" + index + "]";
    require
        .that(
            policies.contains(expectation.policy()),
            List.of("expect", place, "policy"),
            expectation.policy(),
            "must be one of those under {}",
            List.of(List.of("balance")))
        .that(
            expectation.load() == 0 || loads.contains(expectation.load()),
            List.of("expect", place, "load"),
            expectation.load(),
            "must be one of those under {}",
            List.of(List.of("load")))
        .that(
            expectation.instances() == 0 || instances.contains(expectation.instances()),
            List.of("expect", place, "instances"),
            expectation.instances(),
            "must be one of those under {}",
            List.of(List.of("instances")))
        .that(
            expectation.of().map(policies::contains).orElse(true),
            List.of("expect", place, "of"),
            expectation.of().map(Object::toString).orElse(""),
            "must be one of those under {}",
            List.of(List.of("balance")))
        .that(
            expectation.ofInstances() == 0 || instances.contains(expectation.ofInstances()),
            List.of("expect", place, "of-instances"),
            expectation.ofInstances(),
            "must be one of those under {}",
            List.of(List.of("instances")));
  }

  /**
   * What requests are sent to; all nodes are alike until a fault makes one different.
   *
   * @param count how many
   * @param cores work on as many requests at the same time at full speed
   * @param discipline what becomes of more
   * @param queue how many may wait in a node where they wait; more are refused
   * @param labels how many nodes, the first ones, have each label; the others have it with another
   *     value
   */
  public record Nodes(
      int count, int cores, Discipline discipline, int queue, Map<String, Portion> labels) {
    static final Range<Integer> COUNT = Range.counts(1, 60_000);
    static final Range<Integer> CORES = Range.counts(1, 1_000);
    static final Range<Integer> QUEUE = Range.counts(0, 1_000_000);
  }

  /** What a node does with more requests than it has cores. */
  public enum Discipline {
    /** All are worked on, each more slowly: processor sharing. */
    SHARED,
    /** They wait in the order they came. */
    QUEUE
  }

  /**
   * A kind of request.
   *
   * @param share of all requests, 0 to 1
   * @param errors share that is answered with an error although nothing is wrong, 0 to 1
   */
  public record Route(String name, double share, ServiceTime time, double errors) {}

  /** What can be expected of a policy. */
  public enum Measure {
    /** The latency that half of the requests do not exceed. */
    P50,
    P90,
    P99,
    P999,
    MEAN,
    /** Share of requests that ended with an error, a time-out or no node. */
    FAILED,
    /** Share of requests that ended with an error of a node. */
    ERRORS,
    /** Share of requests that timed out. */
    TIMEOUTS,
    /** Share of tries that went to a node while something was wrong with it. */
    FAULTY,
    /** Share of tries that went to nodes that a fault names, at any time. */
    NAMED,
    /** Share of requests for which there was no node. */
    HOMELESS,
    /** Share of requests that were turned away before they met a node. */
    SHED,
    /** Share of requests that were answered as they should. */
    GOODPUT,
    /** Tries after the first, as a share of requests. */
    RETRIES,
    /** Tries beside one that was going on, as a share of requests. */
    HEDGES,
    /** Share of faulty nodes that were ejected, or held below a third, in time. */
    FOUND,
    /** The same, for any standing that is not good. */
    FLAGGED,
    /**
     * Median of the time to that, in milliseconds; of those found, and the whole time of others.
     */
    FOUND_AFTER,
    /** Nodes ejected in an hour, by all instances together. */
    EJECTIONS,
    /** Healthy ones among them. */
    FALSE_EJECTIONS,
    /** Share of runs in which a fault of a group or of all was named by an alarm in time. */
    ALARMED,
    /** Tries that went to faulty nodes while they were, as a share of what even dealing would. */
    HIT
  }

  /**
   * A bound on what comes out.
   *
   * @param name what it is called in the output
   * @param load 0: each
   * @param instances 0: each
   * @param atMost milliseconds, a share, or a multiple of {@code of}
   * @param of whose value {@code atMost} multiplies
   * @param ofInstances with how many instances that value is taken; 0: the same number
   * @param ofHealthy the value is that of the same policy without any fault
   * @param ofUnhedged the value is that without hedges
   * @param within the time in which something has to be found
   */
  public record Expectation(
      String name,
      SimulatedPolicy policy,
      double load,
      int instances,
      Measure measure,
      double atMost,
      double atLeast,
      Optional<SimulatedPolicy> of,
      int ofInstances,
      boolean ofHealthy,
      boolean ofUnhedged,
      Duration within) {}
}
