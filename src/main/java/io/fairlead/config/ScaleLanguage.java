package io.fairlead.config;

import io.fairlead.config.ScaleConfig.OnExit;
import java.nio.file.Path;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What is said about nodes that Fairlead starts and stops itself. */
final class ScaleLanguage {
  /** The drivers by the word that names them. */
  private enum Kind {
    PROCESS,
    EXEC,
    DOCKER,
    KUBERNETES
  }

  private static final Scalar<String> TEXT = Scalar.text("text", null, _ -> null);

  private static final Key<Kind> DRIVER =
      Key.required(
          "driver",
          Scalar.word(Kind.class),
          "What starts and stops nodes; `process`: Fairlead, as programs on this machine, or by"
              + " `agents` on others; `exec`:"
              + " three programs of yours, which list, add and remove nodes of any kind; `docker`:"
              + " Docker or Podman on this machine; `kubernetes`: pods of a Deployment.",
          "process");
  private static final Key<Integer> MIN =
      Key.of(
          "min",
          Scalar.count(ScaleConfig.MINS),
          1,
          "Nodes that there are at least; 0: without requests there is none, and the first request"
              + " waits for one.",
          "2");
  private static final Key<Integer> MAX =
      Key.required("max", Scalar.count(ScaleConfig.MAXES), "Nodes that there are at most.", "20");

  private static final Key<Integer> IN_FLIGHT =
      Key.required(
          "requests-in-flight",
          Scalar.count(ScaleConfig.TARGETS),
          "Requests that a node is to have in flight on average.",
          "8");
  static final Obj<Integer> TARGET =
      new Obj<>(
          "scale target",
          "How much a node is to do.",
          List.of(IN_FLIGHT),
          List.of(),
          null,
          (values, _) -> values.get(IN_FLIGHT));
  private static final Key<Integer> SCALE_TARGET =
      Key.computed(
          "target",
          TARGET,
          "what nodes have been seen to do without getting slow",
          "How much a node is to do.",
          "{ requests-in-flight: 8 }");
  private static final Key<Integer> SPARE =
      Key.of(
          "spare",
          Scalar.count(ScaleConfig.SPARES),
          0,
          "Nodes more than needed, so that one may fail.",
          "1");
  private static final Key<List<String>> COMMAND =
      Key.computed(
          "command",
          new ListOf<>("texts", TEXT),
          "none",
          "For `driver: process`: the program and its arguments, no shell reads them; `{port}` and"
              + " `{name}` stand for the port that the node is to serve on and its name. For"
              + " `docker`: what runs in place of the image's command.",
          "[\"/opt/shop/run\", \"--port\", \"{port}\"]");
  private static final Key<List<String>> LIST =
      Key.computed(
          "list",
          new ListOf<>("texts", TEXT),
          "none",
          "For `driver: exec`: the program that prints a line for each node, NAME HOST:PORT.",
          "[\"/opt/cloud/list\"]");
  private static final Key<List<String>> ADD =
      Key.computed(
          "add",
          new ListOf<>("texts", TEXT),
          "none",
          "For `driver: exec`: the program that makes the node `{name}` and prints its line; one"
              + " that is there already it only prints.",
          "[\"/opt/cloud/add\", \"{name}\"]");
  private static final Key<List<String>> REMOVE =
      Key.computed(
          "remove",
          new ListOf<>("texts", TEXT),
          "none",
          "For `driver: exec`: the program that ends the node `{name}`; that there is none is no"
              + " failure.",
          "[\"/opt/cloud/remove\", \"{name}\"]");
  private static final Key<Path> SOCKET =
      Key.computed(
          "socket",
          Scalar.path("path"),
          ScaleDriver.Docker.USUAL_SOCKET.toString(),
          "For `driver: docker`: where the engine listens.",
          "/run/podman/podman.sock");
  private static final Key<String> IMAGE =
      Key.computed(
          "image",
          Scalar.text("text", null, _ -> null),
          "none",
          "For `driver: docker`: the image, which the engine has; nothing is fetched.",
          "shop:7");
  private static final Key<Integer> PORT =
      Key.computed(
          "port",
          Scalar.count(ScaleDriver.Docker.PORTS),
          "8080",
          "For `driver: docker`: where a container serves. It is published on a free port of"
              + " 127.0.0.1.",
          "8080");
  private static final Key<Long> MEMORY =
      Key.computed(
          "memory",
          Scalar.size(ScaleDriver.Docker.MEMORIES),
          "any amount",
          "For `driver: docker`: what a container may use.",
          "512MiB");
  private static final Key<List<String>> VOLUMES =
      Key.of(
          "volumes",
          new ListOf<>("texts", TEXT),
          List.of(),
          "none",
          "For `driver: docker`: folders of this machine in a container, HOST:CONTAINER, perhaps with"
              + " `:ro`.",
          "[\"/srv/shop:/data:ro\"]");
  private static final Key<String> DEPLOYMENT =
      Key.required(
          "deployment",
          Scalar.text("name", null, ClusterConfig::label),
          "The Deployment whose pods are the nodes. Nothing else may change its number of replicas.",
          "shop");
  private static final Key<Integer> POD_PORT =
      Key.required(
          "port", Scalar.count(ScaleDriver.Docker.PORTS), "On which a pod serves.", "8080");
  static final Obj<ScaleDriver.Kubernetes> KUBERNETES_SCALE =
      new Obj<>(
          "scale kubernetes",
          "Pods of a Deployment in Kubernetes, whose number is changed.",
          List.of(
              DEPLOYMENT,
              POD_PORT,
              ClusterKeys.NAMESPACE,
              ClusterKeys.URL,
              ClusterKeys.TOKEN_FILE,
              ClusterKeys.CA),
          List.of(),
          null,
          (values, _) ->
              new ScaleDriver.Kubernetes(
                  ClusterKeys.read(values), values.get(DEPLOYMENT), values.get(POD_PORT)));
  private static final Key<ScaleDriver.Kubernetes> KUBERNETES =
      Key.computed(
          "kubernetes",
          KUBERNETES_SCALE,
          "none",
          "For `driver: kubernetes`: which pods.",
          "{ deployment: shop, port: 8080 }");
  private static final Key<Map<String, Secret>> ENVIRONMENT =
      Key.of(
          "environment",
          new MapOf<>("variables", MapOf.Names.VARIABLE, Scalar.secret("text")),
          Map.of(),
          "none",
          "Variables of the programs beside those of Fairlead. `file:PATH` reads a file.",
          "{ JAVA_OPTS: \"-Xmx256m\", DB_PASSWORD: \"file:secrets/db\" }");
  private static final Key<Path> DIRECTORY =
      Key.computed(
          "directory",
          Scalar.path("path"),
          "that of this file",
          "Where the programs run.",
          "/opt/shop");
  private static final Key<String> AGENT_URL =
      Key.required(
          "url",
          Scalar.text("URL", null, text -> OutboundKeys.base(text, "https://10.0.0.21:9901")),
          "Where it is.",
          "\"https://10.0.0.21:9901\"");
  private static final Key<String> AGENT_ZONE =
      Key.computed(
          "zone",
          Scalar.text("zone", null, Syntax::zone),
          "the agent's name",
          "Where its nodes stand.",
          "z1");
  static final Obj<ScaleDriver.Agents.Agent> AGENT =
      new Obj<>(
          "scale-agent",
          "A `fairlead agent` on a machine that nodes are started on; see [agent.md](agent.md). A URL"
              + " alone stands for it.",
          List.of(AGENT_URL, AGENT_ZONE),
          List.of(),
          new Obj.ShortForm<>(
              Scalar.text("URL", null, text -> OutboundKeys.base(text, "https://10.0.0.21:9901")),
              (url, spot) -> new ScaleDriver.Agents.Agent(url, spot.segment())),
          (values, spot) ->
              new ScaleDriver.Agents.Agent(
                  values.get(AGENT_URL), orElse(values.find(AGENT_ZONE), spot.segment())));
  private static final Key<Map<String, ScaleDriver.Agents.Agent>> AGENTS =
      Key.computed(
          "agents",
          new MapOf<>("agents", MapOf.Names.OBJECT, AGENT),
          "none: this machine",
          "For `driver: process`: the machines that nodes are started on, by their agents; each new"
              + " node where the fewest are. What is run is said there.",
          "{ h1: \"https://10.0.0.21:9901\", h2: \"https://10.0.0.22:9901\" }");
  private static final Key<Secret> TOKEN =
      Key.computed(
          "token",
          Scalar.secret("secret"),
          "none",
          "For `agents`: the token that they ask for, or `file:PATH`.",
          "\"file:secrets/agents\"");
  private static final Key<ServiceTls> TLS =
      Key.computed(
          "tls",
          TlsLanguage.SERVICE,
          "agents with https URLs must have certificates of the system's authorities",
          "For `agents`: how they are spoken to.",
          "{ ca: agents-ca.pem, cert: edge-1.pem, key: edge-1.key }");
  private static final Key<Duration> START_TIMEOUT =
      Key.of(
          "start-timeout",
          Scalar.duration(ScaleConfig.TIMES),
          ScaleConfig.USUAL_START_TIMEOUT,
          "Time that a node has from its start until it passes a probe, and a node that is down to"
              + " come up again; then it is stopped, and another one is started.",
          "20s");
  private static final Key<Duration> DRAIN =
      Key.of(
          "drain",
          Scalar.duration(ScaleConfig.DRAINS),
          ScaleConfig.USUAL_DRAIN,
          "Time that requests in flight have when their node is to stop. It gets no new ones then.",
          "5m");
  private static final Key<Duration> GRACE =
      Key.of(
          "grace",
          Scalar.duration(ScaleConfig.GRACES),
          ScaleConfig.USUAL_GRACE,
          "Time that a node has from SIGTERM until it is killed.",
          "30s");
  private static final Key<Duration> DOWN_AFTER =
      Key.of(
          "down-after",
          Scalar.duration(ScaleConfig.TIMES),
          ScaleConfig.USUAL_DOWN_AFTER,
          "For how long fewer nodes must have been enough before one is stopped.",
          "5m");
  private static final Key<Duration> IDLE =
      Key.of(
          "idle",
          Scalar.duration(ScaleConfig.LONG_TIMES),
          ScaleConfig.USUAL_IDLE,
          "Without a request for so long, the last nodes stop; where min is 0.",
          "10m");
  private static final Key<Duration> HOLD =
      Key.of(
          "hold",
          Scalar.duration(ScaleConfig.HOLDS),
          ScaleConfig.USUAL_HOLD,
          "How long requests wait while there is no node yet, as many as limits.queue says.",
          "10s");
  private static final Key<OnExit> ON_EXIT =
      Key.of(
          "on-exit",
          Scalar.word(OnExit.class),
          OnExit.STOP,
          "What becomes of the nodes when Fairlead is told to end: `stop`: they are stopped once"
              + " nothing is in flight; `leave`: they go on, and the next start finds them again.",
          "leave");
  private static final Key<Boolean> DRY_RUN =
      Key.of(
          "dry-run",
          Scalar.flag(),
          false,
          "Decisions are told and not carried out; the nodes that there are stay.",
          "true");

  private static final Key<List<Set<DayOfWeek>>> DAYS =
      Key.of(
          "days",
          new ListOf<>("days", Scalar.parsed("days", ScaleSchedule::days)),
          List.of(),
          "every day",
          "Days on which it begins: `mon`, `mon-fri`.",
          "mon-fri");
  private static final Key<LocalTime> FROM =
      Key.required(
          "from",
          Scalar.parsed("time", ScaleSchedule::time),
          "When it begins. Nodes are started earlier by the time that a start takes.",
          "\"07:30\"");
  private static final Key<LocalTime> TO =
      Key.required(
          "to",
          Scalar.parsed("time", ScaleSchedule::time),
          "When it is over; if that is not after `from`, on the next day.",
          "\"19:00\"");
  private static final Key<ZoneId> ZONE =
      Key.of(
          "zone",
          Scalar.parsed("time zone", ScaleSchedule::zone),
          ZoneId.of("UTC"),
          "UTC",
          "By which clock.",
          "Europe/Berlin");
  private static final Key<Integer> LEAST =
      Key.required(
          "min", Scalar.count(ScaleConfig.MAXES), "Nodes that there are at least then.", "6");
  static final Obj<ScaleSchedule> SPAN =
      new Obj<>(
          "scale-schedule",
          "A span of time that comes again every week, with more nodes at least than `min` of the"
              + " service says. Where several hold, the largest counts.",
          List.of(DAYS, FROM, TO, ZONE, LEAST),
          List.of(),
          null,
          (values, _) -> {
            Set<DayOfWeek> days = EnumSet.noneOf(DayOfWeek.class);
            values.get(DAYS).forEach(days::addAll);
            return new ScaleSchedule(
                days, values.get(FROM), values.get(TO), values.get(ZONE), values.get(LEAST));
          });
  private static final Key<List<ScaleSchedule>> SCHEDULE =
      Key.of(
          "schedule",
          new ListOf<>("spans", SPAN),
          List.of(),
          "none",
          "When there are more nodes at least than `min` says.",
          "[ { days: mon-fri, from: \"07:30\", to: \"19:00\", zone: Europe/Berlin, min: 6 } ]");

  static final Obj<ScaleConfig> SCALE =
      new Obj<>(
          "scale",
          "Nodes that Fairlead starts and stops itself, as many as requests need. See"
              + " [scaling.md](scaling.md).",
          List.of(
              DRIVER,
              MIN,
              MAX,
              SCALE_TARGET,
              SPARE,
              COMMAND,
              LIST,
              ADD,
              REMOVE,
              SOCKET,
              IMAGE,
              PORT,
              MEMORY,
              VOLUMES,
              KUBERNETES,
              ENVIRONMENT,
              DIRECTORY,
              AGENTS,
              TOKEN,
              TLS,
              START_TIMEOUT,
              DRAIN,
              GRACE,
              DOWN_AFTER,
              IDLE,
              HOLD,
              ON_EXIT,
              DRY_RUN,
              SCHEDULE),
          List.of(),
          null,
          (values, _) ->
              new ScaleConfig(
                  driver(values),
                  values.get(MIN),
                  values.get(MAX),
                  orElse(values.find(SCALE_TARGET), 0),
                  values.get(SPARE),
                  values.get(START_TIMEOUT),
                  values.get(DRAIN),
                  values.get(GRACE),
                  values.get(DOWN_AFTER),
                  values.get(IDLE),
                  values.get(HOLD),
                  values.get(ON_EXIT),
                  values.get(DRY_RUN),
                  values.get(SCHEDULE)));

  static final Key<ScaleConfig> OF_SERVICE =
      Key.computed(
          "scale",
          SCALE,
          "none is started",
          "Nodes that Fairlead starts and stops itself, as many as requests need.",
          "{ driver: process, min: 2, max: 20, command: [\"/opt/shop/run\", \"{port}\"] }");

  private ScaleLanguage() {}

  private static ScaleDriver driver(Values values) {
    Map<String, Secret> environment = values.get(ENVIRONMENT);
    Path directory = orElse(values.find(DIRECTORY), values.folder());
    Kind kind = values.get(DRIVER);
    only(values, kind, Kind.EXEC, LIST, ADD, REMOVE);
    only(values, kind, Kind.DOCKER, SOCKET, IMAGE, PORT, MEMORY, VOLUMES);
    only(values, kind, Kind.PROCESS, AGENTS);
    only(values, kind, Kind.KUBERNETES, KUBERNETES);
    Map<String, ScaleDriver.Agents.Agent> agents = values.find(AGENTS);
    if (agents != null) {
      return agents(values, agents);
    }
    for (Key<?> key : List.of(TOKEN, TLS)) {
      new Require()
          .that(values.find(key) == null, key.name(), null, "must not be given without agents")
          .orRefuse();
    }
    List<String> command = orElse(values.find(COMMAND), List.of());
    return switch (kind) {
      case PROCESS -> new ScaleDriver.Program(command, environment, directory);
      case EXEC -> {
        refuse(!command.isEmpty(), COMMAND, kind);
        yield new ScaleDriver.Exec(
            orElse(values.find(LIST), List.of()),
            orElse(values.find(ADD), List.of()),
            orElse(values.find(REMOVE), List.of()),
            environment,
            directory);
      }
      case DOCKER -> {
        refuse(values.find(DIRECTORY) != null, DIRECTORY, kind);
        yield new ScaleDriver.Docker(
            orElse(values.find(SOCKET), ScaleDriver.Docker.USUAL_SOCKET),
            orElse(values.find(IMAGE), ""),
            orElse(values.find(PORT), 8080),
            command,
            environment,
            orElse(values.find(MEMORY), 0L),
            values.get(VOLUMES));
      }
      case KUBERNETES -> {
        for (Key<?> key : List.of(COMMAND, ENVIRONMENT, DIRECTORY)) {
          refuse(values.find(key) != null, key, kind);
        }
        ScaleDriver.Kubernetes kubernetes = values.find(KUBERNETES);
        new Require()
            .that(
                kubernetes != null,
                KUBERNETES.name(),
                null,
                "must be given where driver is kubernetes")
            .orRefuse();
        yield Objects.requireNonNull(kubernetes);
      }
    };
  }

  private static ScaleDriver agents(Values values, Map<String, ScaleDriver.Agents.Agent> agents) {
    for (Key<?> key : List.of(COMMAND, ENVIRONMENT, DIRECTORY)) {
      new Require()
          .that(
              values.find(key) == null,
              List.of(key.name()),
              null,
              "must not be given beside agents: what is run is said in their own files",
              List.of(List.of("agents")))
          .orRefuse();
    }
    return new ScaleDriver.Agents(
        agents,
        orElse(values.find(TOKEN), new Secret("")),
        orElse(values.find(TLS), ServiceTls.NONE));
  }

  /** Those keys are of one driver alone. */
  private static void only(Values values, Kind kind, Kind of, Key<?>... keys) {
    if (kind != of) {
      for (Key<?> key : keys) {
        refuse(values.find(key) != null, key, kind);
      }
    }
  }

  private static void refuse(boolean given, Key<?> key, Kind kind) {
    new Require()
        .that(!given, key.name(), null, "must not be given where driver is " + Units.word(kind))
        .orRefuse();
  }

  private static <T> T orElse(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
