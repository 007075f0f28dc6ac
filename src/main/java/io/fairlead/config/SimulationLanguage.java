package io.fairlead.config;

import io.fairlead.config.SimulatedFault.Kind;
import io.fairlead.config.SimulationConfig.Discipline;
import io.fairlead.config.SimulationConfig.Expectation;
import io.fairlead.config.SimulationConfig.Measure;
import io.fairlead.config.SimulationConfig.Nodes;
import io.fairlead.config.SimulationConfig.Route;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Everything that can be said in the description of a simulation; read like a configuration. Read
 * from the bottom: {@link #FILE} is the whole file.
 */
final class SimulationLanguage {
  private static final Scalar<Double> SHARE = Scalar.parsed("share", Portion::share);
  private static final Scalar<ServiceTime> SERVICE_TIME =
      Scalar.parsed("distribution", ServiceTime::parse);
  private static final Scalar<SimulatedPolicy> POLICY =
      Scalar.words("policy", SimulatedPolicy.all(), SimulatedPolicy::toString);

  // nodes

  private static final Key<Integer> COUNT =
      Key.required("count", Scalar.count(Nodes.COUNT), "How many there are.", "100");
  private static final Key<Integer> CORES =
      Key.of(
          "cores",
          Scalar.count(Nodes.CORES),
          1,
          "Requests that one works on at the same time at full speed.",
          "4");
  private static final Key<Discipline> DISCIPLINE =
      Key.of(
          "discipline",
          Scalar.word(Discipline.class),
          Discipline.SHARED,
          "What becomes of more: `shared`: all are worked on, each more slowly; `queue`: they wait in"
              + " the order they came.",
          "queue");
  private static final Key<Integer> QUEUE =
      Key.of(
          "queue",
          Scalar.count(Nodes.QUEUE),
          Nodes.QUEUE.max(),
          "How many may wait in one node where they wait; it answers more with an error at once.",
          "100");

  private static final Key<Map<String, Portion>> LABELS =
      Key.of(
          "labels",
          new MapOf<>(
              "numbers or shares",
              MapOf.Names.OBJECT,
              Scalar.parsed("number or share", Portion::parse)),
          Map.of(),
          "none",
          "How many nodes, the first ones, have that label; what faulty nodes have in common is named"
              + " by it.",
          "{ version: 4 }");

  private static final Obj<Nodes> NODES =
      new Obj<>(
          "nodes",
          "What requests are sent to. All are alike until a fault makes one different.",
          List.of(COUNT, CORES, DISCIPLINE, QUEUE, LABELS),
          List.of(),
          new Obj.ShortForm<>(
              Scalar.count(Nodes.COUNT),
              (count, _) -> new Nodes(count, 1, Discipline.SHARED, Nodes.QUEUE.max(), Map.of())),
          (values, _) ->
              new Nodes(
                  values.get(COUNT),
                  values.get(CORES),
                  values.get(DISCIPLINE),
                  values.get(QUEUE),
                  values.get(LABELS)));

  // routes

  private static final Key<Double> ROUTE_SHARE =
      Key.of("share", SHARE, 1.0, "100%", "Share of all requests.", "90%");
  private static final Key<ServiceTime> ROUTE_TIME =
      Key.required(
          "service-time", SERVICE_TIME, "How long a core works on one.", "lognormal:20ms:0.5");
  private static final Key<Double> ROUTE_ERRORS =
      Key.of(
          "errors",
          SHARE,
          0.0,
          "0",
          "Share answered with an error where nothing is wrong.",
          "0.1%");

  private static final Obj<Route> ROUTE =
      new Obj<>(
          "simulated-route",
          "A kind of request.",
          List.of(ROUTE_SHARE, ROUTE_TIME, ROUTE_ERRORS),
          List.of(),
          new Obj.ShortForm<>(SERVICE_TIME, (time, spot) -> new Route(spot.segment(), 1, time, 0)),
          (values, spot) ->
              new Route(
                  spot.segment(),
                  values.get(ROUTE_SHARE),
                  values.get(ROUTE_TIME),
                  values.get(ROUTE_ERRORS)));

  // faults

  private static final Key<Kind> KIND =
      Key.required(
          "kind",
          Scalar.word(Kind.class),
          "`slow`: they work more slowly; `errors`: a share of the answers are errors; `silent`: they"
              + " accept and never answer; `pause`: they stand still and go on afterwards; `delay`: a"
              + " share of the answers come later; `join`: they are members only from then on.",
          "slow");
  private static final Key<Portion> FAULT_NODES =
      Key.of(
          "nodes",
          Scalar.parsed("number or share", Portion::parse),
          new Portion(1, -1),
          "How many nodes.",
          "20%");
  private static final Key<Integer> FIRST =
      Key.of(
          "first",
          Scalar.count(SimulatedFault.FIRST),
          0,
          "Number of the first of them, from 0; two faults of the same nodes add up.",
          "3");
  private static final Key<Duration> FROM = time("from", "When it begins.", "10s");
  private static final Key<Duration> LASTS =
      time("lasts", "How long it lasts; 0s: to the end.", "3s");
  private static final Key<Duration> EVERY =
      time("every", "How often it comes again; 0s: it does not.", "5s");
  private static final Key<Duration> MOVE =
      time("move", "How often other nodes, drawn by chance, take over; 0s: never.", "10s");
  private static final Key<Double> FACTOR =
      Key.of(
          "factor",
          Scalar.parsed("number", Portion::ratio),
          1.0,
          "1",
          "How many times slower.",
          "3");
  private static final Key<Duration> DECAY =
      time("decay", "Time in which slowness goes away; 0s: it stays.", "30s");
  private static final Key<Double> FAULT_SHARE =
      Key.of("share", SHARE, 1.0, "100%", "Share of requests that feel it.", "20%");
  private static final Key<Duration> BY = time("by", "How much later answers come.", "200ms");
  private static final Key<Duration> WORK =
      time(
          "work",
          "Work that an error takes instead of what the request would; 0s: the same.",
          "1ms");
  private static final Key<String> FAULT_ROUTE =
      Key.of(
          "route",
          Scalar.text("name", Syntax.NAME_PATTERN, Syntax::name),
          "",
          "all",
          "Whose requests feel it.",
          "search");
  private static final Key<Integer> FAULT_INSTANCES =
      Key.of(
          "instances",
          Scalar.count(SimulatedFault.INSTANCES),
          0,
          "all",
          "How many instances feel it, the first ones.",
          "1");
  private static final Key<Integer> FAULT_CLIENTS =
      Key.of(
          "clients",
          Scalar.count(SimulatedFault.CLIENTS),
          0,
          "all",
          "How many clients feel it, the first ones.",
          "1");

  private static final Obj<SimulatedFault> FAULT =
      new Obj<>(
          "fault",
          "Something that goes wrong with some nodes.",
          List.of(
              KIND,
              FAULT_NODES,
              FIRST,
              FROM,
              LASTS,
              EVERY,
              MOVE,
              FACTOR,
              DECAY,
              FAULT_SHARE,
              BY,
              WORK,
              FAULT_ROUTE,
              FAULT_INSTANCES,
              FAULT_CLIENTS),
          List.of(),
          null,
          (values, _) ->
              new SimulatedFault(
                  values.get(KIND),
                  values.get(FAULT_NODES),
                  values.get(FIRST),
                  values.get(FROM),
                  values.get(LASTS),
                  values.get(EVERY),
                  values.get(MOVE),
                  values.get(FACTOR),
                  values.get(DECAY),
                  values.get(FAULT_SHARE),
                  values.get(BY),
                  values.get(WORK),
                  values.get(FAULT_ROUTE),
                  values.get(FAULT_INSTANCES),
                  values.get(FAULT_CLIENTS)));

  // expectations

  private static final Key<String> EXPECT_NAME =
      Key.computed(
          "name",
          Scalar.text("text", null, _ -> null),
          "its measure",
          "What it is called in the output.",
          "\"tail with slow nodes\"");
  private static final Key<SimulatedPolicy> EXPECT_POLICY =
      Key.required("policy", POLICY, "Of whom it is expected.", "least-requests");
  private static final Key<Double> EXPECT_LOAD =
      Key.of("load", Scalar.parsed("number", Portion::ratio), 0.0, "each", "At which load.", "0.9");
  private static final Key<Integer> EXPECT_INSTANCES =
      Key.of(
          "instances",
          Scalar.count(SimulationConfig.INSTANCES),
          0,
          "each",
          "With how many instances.",
          "10");
  private static final Key<Measure> MEASURE =
      Key.required(
          "measure",
          Scalar.word(Measure.class),
          "A latency in milliseconds (`p999` is that of 999 in 1000), or a share: of requests that"
              + " failed, `errors` of nodes, `timeouts`; of tries that went to a `faulty` node while"
              + " it was, to nodes `named` by a fault at any time; of requests that found no node"
              + " (`homeless`), were turned away (`shed`) or were answered well (`goodput`);"
              + " `retries` and `hedges` as a share of requests. Of the detector: share of faulty nodes `found` (ejected or held below"
              + " a third) or `flagged` in time, the median time to that (`found-after`),"
              + " `false-ejections` in an hour, share of runs that `alarmed` in time, `hit`: tries that"
              + " went to faulty nodes as a share of what even dealing would send.",
          "p99");
  private static final Key<Double> AT_MOST =
      Key.of(
          "at-most",
          Scalar.parsed("bound", SimulationLanguage::bound),
          Double.POSITIVE_INFINITY,
          "none",
          "Its largest value: `60ms`, `0.1%`, or with `of` a multiple.",
          "0.5");
  private static final Key<Double> AT_LEAST =
      Key.of(
          "at-least",
          Scalar.parsed("bound", SimulationLanguage::bound),
          0.0,
          "none",
          "Its smallest value, as above.",
          "18%");
  private static final Key<SimulatedPolicy> OF =
      Key.computed("of", POLICY, "none", "Whose value the bounds multiply.", "rule:least-conn");
  private static final Key<Integer> OF_INSTANCES =
      Key.of(
          "of-instances",
          Scalar.count(SimulationConfig.INSTANCES),
          0,
          "none",
          "The bounds multiply the value with so many instances.",
          "1");
  private static final Key<Boolean> OF_HEALTHY =
      Key.of(
          "of-healthy",
          Scalar.flag(),
          false,
          "The bounds multiply the value that comes out without any fault.",
          "true");

  private static final Key<Boolean> OF_UNHEDGED =
      Key.of(
          "of-unhedged",
          Scalar.flag(),
          false,
          "The bounds multiply the value that comes out without hedges.",
          "true");

  private static final Key<Duration> WITHIN =
      Key.of(
          "within",
          time(),
          SimulationConfig.TIME.max(),
          "the whole run",
          "The time in which something has to be found, or named by an alarm.",
          "2s");

  private static final Obj<Expectation> EXPECTATION =
      new Obj<>(
          "expectation",
          "What must come out; the verb fails if it does not.",
          List.of(
              EXPECT_NAME,
              EXPECT_POLICY,
              EXPECT_LOAD,
              EXPECT_INSTANCES,
              MEASURE,
              AT_MOST,
              AT_LEAST,
              OF,
              OF_INSTANCES,
              OF_HEALTHY,
              OF_UNHEDGED,
              WITHIN),
          List.of(),
          null,
          (values, _) -> {
            String name = values.find(EXPECT_NAME);
            SimulatedPolicy policy = values.get(EXPECT_POLICY);
            Integer ofInstances = values.get(OF_INSTANCES);
            SimulatedPolicy of = values.find(OF);
            boolean healthy = values.get(OF_HEALTHY);
            boolean unhedged = values.get(OF_UNHEDGED);
            return new Expectation(
                name == null ? Units.word(values.get(MEASURE)) : name,
                policy,
                values.get(EXPECT_LOAD),
                values.get(EXPECT_INSTANCES),
                values.get(MEASURE),
                values.get(AT_MOST),
                values.get(AT_LEAST),
                of == null && (ofInstances > 0 || healthy || unhedged)
                    ? Optional.of(policy)
                    : Optional.ofNullable(of),
                ofInstances,
                healthy,
                unhedged,
                values.get(WITHIN));
          });

  // the file

  private static final Key<List<Integer>> INSTANCES =
      Key.of(
          "instances",
          new ListOf<>("numbers", Scalar.count(SimulationConfig.INSTANCES)),
          List.of(1),
          "1",
          "How many instances of Fairlead stand side by side; each knows only its own requests."
              + " Several: one table each.",
          "[1, 10]");
  private static final Key<Nodes> FILE_NODES =
      Key.required("nodes", NODES, "What they balance over.", "{ count: 100, cores: 4 }");
  private static final Key<ServiceTime> TIME =
      Key.computed(
          "service-time",
          SERVICE_TIME,
          "that of `routes`",
          "How long a core works on a request: `" + ServiceTime.FORMS + "`.",
          "exp:10ms");
  private static final Key<Map<String, Route>> ROUTES =
      Key.of(
          "routes",
          new MapOf<>("simulated routes", MapOf.Names.OBJECT, ROUTE),
          Map.of(),
          "one kind",
          "Kinds of requests, instead of `service-time`.",
          "{ list: { share: 90%, service-time: exp:10ms }, find: { share: 10%, service-time:"
              + " exp:50ms } }");
  private static final Key<Integer> CLIENTS =
      Key.of(
          "clients",
          Scalar.count(SimulationConfig.CLIENTS),
          10_000,
          "How many clients there are; `ip-hash` tells them apart.",
          "1000");
  private static final Key<List<Double>> LOADS =
      Key.of(
          "load",
          new ListOf<>("numbers", Scalar.parsed("number", SimulationLanguage::load)),
          List.of(0.7),
          "0.7",
          "Offered work as a share of what the nodes can do; what is slow from the beginning to the"
              + " end counts for less. Several: one table each.",
          "[0.7, 0.9]");
  private static final Key<Rate> RATE =
      Key.computed(
          "rate",
          Scalar.parsed("rate", Rate::parse),
          "by `load`",
          "Requests that come in a time, instead of `load`.",
          "600/s");
  private static final Key<Boolean> DETECT =
      Key.of(
          "detect",
          Scalar.flag(),
          false,
          "Whether each instance judges nodes by their answers and takes bad ones out, as `outliers`"
              + " of a service does; for Fairlead's own balancers.",
          "true");
  private static final Key<Duration> NETWORK =
      Key.of(
          "network",
          Scalar.duration(Range.durations(Duration.ZERO, Duration.ofSeconds(10))),
          Duration.ZERO,
          "One way between an instance and a node.",
          "0.25ms");
  private static final Key<Duration> TIMEOUT =
      Key.of("timeout", time(), Duration.ofSeconds(30), "How long one try may take.", "5s");
  private static final Key<Integer> TRIES =
      Key.of(
          "tries",
          Scalar.count(SimulationConfig.TRIES),
          1,
          "Tries of a request in all, each at another node if there is one.",
          "3");
  private static final Key<Boolean> CANCEL =
      Key.of(
          "cancel",
          Scalar.flag(),
          false,
          "Whether a node stops working on a try that timed out, or that a hedge has made needless.",
          "true");
  private static final Key<Boolean> LIMIT =
      Key.of(
          "limit",
          Scalar.flag(),
          false,
          "Whether each instance limits how many requests it lets in, by the product's adaptive limit"
              + " with its queue; while it turns requests away nothing is tried twice.",
          "true");
  private static final Key<Integer> RETRY_BUDGET =
      Key.of(
          "retry-budget",
          Scalar.count(Range.counts(0, 100)),
          -1,
          "none",
          "Percent of the requests of the last ten seconds that may be tried again, and ten a second"
              + " beside, as the budget of a route does.",
          "20");
  private static final Key<HedgeConfig> HEDGE =
      Key.of(
          "hedge",
          RouteLanguage.HEDGE,
          HedgeConfig.NONE,
          "none",
          "Asks a second node when the first is slow, as `retry.hedge` of a route does; never while"
              + " requests are turned away.",
          "{ after: p95, budget: 3% }");
  private static final Key<Integer> FAN_OUT =
      Key.of(
          "fan-out",
          Scalar.count(SimulationConfig.FAN_OUT),
          1,
          "Requests that one client sends at the same time and waits for together: latencies are those"
              + " of the slowest.",
          "100");
  private static final Key<List<SimulatedPolicy>> BALANCE =
      Key.required(
          "balance",
          new ListOf<>("policies", POLICY),
          "What is compared: Fairlead's own balancers, the rules of others as models (`rule:…`), and"
              + " `oracle`, which knows exactly how many requests are in each node.",
          "[round-robin, least-requests, oracle]");
  private static final Key<List<SimulatedFault>> FAULTS =
      Key.of(
          "faults",
          new ListOf<>("faults", FAULT),
          List.of(),
          "none",
          "What goes wrong.",
          "{ kind: slow, nodes: 20%, factor: 3, move: 10s }");
  private static final Key<Duration> DURATION =
      Key.of("duration", time(), Duration.ofSeconds(60), "Simulated time.", "2m");
  private static final Key<Duration> WARM_UP =
      Key.of(
          "warm-up",
          time(),
          Duration.ofSeconds(10),
          "Time at the beginning of it that is not measured.",
          "5s");
  private static final Key<Integer> SEEDS =
      Key.of(
          "seeds",
          Scalar.count(SimulationConfig.SEEDS),
          1,
          "How often each case is run, with another chance each time; all together are shown, and how"
              + " far they lie apart.",
          "3");
  private static final Key<List<Expectation>> EXPECT =
      Key.of(
          "expect",
          new ListOf<>("expectations", EXPECTATION),
          List.of(),
          "nothing",
          "What must come out.",
          "{ policy: least-requests, measure: p99, at-most: 0.5, of: random }");
  private static final Key<Path> PLOT =
      Key.computed(
          "plot", Scalar.path("path"), "none", "Where a picture goes (SVG).", "balance.svg");

  static final Obj<SimulationConfig> FILE =
      new Obj<>(
          "simulation",
          "A workload, what goes wrong in it, and the policies that are compared.",
          List.of(
              INSTANCES,
              FILE_NODES,
              TIME,
              ROUTES,
              CLIENTS,
              LOADS,
              RATE,
              DETECT,
              NETWORK,
              TIMEOUT,
              TRIES,
              CANCEL,
              LIMIT,
              RETRY_BUDGET,
              HEDGE,
              FAN_OUT,
              BALANCE,
              FAULTS,
              DURATION,
              WARM_UP,
              SEEDS,
              EXPECT,
              PLOT),
          List.of(),
          null,
          (values, _) ->
              new SimulationConfig(
                  values.get(INSTANCES),
                  values.get(FILE_NODES),
                  routes(values),
                  values.get(CLIENTS),
                  loads(values),
                  values.get(DETECT),
                  values.get(NETWORK),
                  values.get(TIMEOUT),
                  values.get(TRIES),
                  values.get(CANCEL),
                  values.get(LIMIT),
                  values.get(RETRY_BUDGET),
                  values.get(HEDGE),
                  values.get(FAN_OUT),
                  values.get(BALANCE),
                  values.get(FAULTS),
                  values.get(DURATION),
                  values.get(WARM_UP),
                  values.get(SEEDS),
                  values.get(EXPECT),
                  Optional.ofNullable(values.find(PLOT))));

  private SimulationLanguage() {}

  private static Scalar<Duration> time() {
    return Scalar.duration(SimulationConfig.TIME);
  }

  private static Key<Duration> time(String name, String doc, String example) {
    return Key.of(name, time(), Duration.ZERO, doc, example);
  }

  private static List<Route> routes(Values values) {
    ServiceTime time = values.find(TIME);
    Map<String, Route> routes = values.get(ROUTES);
    new Require()
        .that(
            (time == null) != routes.isEmpty(),
            "service-time",
            null,
            "must be given, or routes, and not both")
        .orRefuse();
    return time == null ? new ArrayList<>(routes.values()) : List.of(new Route("all", 1, time, 0));
  }

  private static List<Double> loads(Values values) {
    Rate rate = values.find(RATE);
    if (rate == null) {
      return values.get(LOADS);
    }
    new Require()
        .that(values.find(LOADS) == null, "load", null, "must not be given beside rate")
        .orRefuse();
    double perNano = rate.count() / (double) rate.per().toNanos();
    double capacity =
        SimulationConfig.capacity(values.get(FILE_NODES), values.get(FAULTS), values.get(WARM_UP));
    return List.of(perNano * SimulationConfig.meanWorkNanos(routes(values)) / capacity);
  }

  private static double load(String text) {
    double load = Portion.ratio(text);
    if (load <= 0 || load > SimulationConfig.MAX_LOAD) {
      throw Require.refusal("must be above 0 and at most " + SimulationConfig.MAX_LOAD);
    }
    return load;
  }

  private static double bound(String text) {
    return text.endsWith("s") ? Units.parseDuration(text).toNanos() / 1e6 : Portion.ratio(text);
  }

  /** Reads the file: what is right becomes a value, what is wrong has been noted. */
  static @Nullable SimulationConfig read(
      TreeReader reader, org.snakeyaml.engine.v2.nodes.Node root) {
    return FILE.read(reader, Spot.root(root));
  }
}
