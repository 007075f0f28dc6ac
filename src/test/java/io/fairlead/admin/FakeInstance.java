package io.fairlead.admin;

import io.fairlead.admin.ListenerView.RouteView;
import io.fairlead.config.AdminConfig;
import io.fairlead.config.HostPort;
import io.fairlead.group.Versions;
import io.fairlead.insight.incident.IncidentWatch;
import io.fairlead.insight.pattern.LinePatterns;
import io.fairlead.insight.rollup.Rollups;
import io.fairlead.record.RecordStats;
import io.fairlead.record.export.CopyStats;
import io.fairlead.record.ingest.IngestStats;
import io.fairlead.record.otlp.ExportStats;
import io.fairlead.record.sql.QueryOutcome;
import io.fairlead.record.sql.RecordQuestions;
import io.fairlead.record.tail.LiveTail;
import io.fairlead.record.text.TextLogStats;
import io.fairlead.replication.DatabaseReport;
import io.fairlead.replication.backup.BackupsView;
import io.fairlead.runtime.ManualScheduler;
import io.fairlead.scaling.ScaleView;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.service.SessionWatch;
import io.fairlead.service.Standing;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.HandshakeFailure;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.RouteCounter;
import io.fairlead.telemetry.TlsCounter;
import io.fairlead.vip.VipStatus;
import io.fairlead.vip.bgp.BgpStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * An instance without event loops, proxy or probes: real services, nodes, counters and events that
 * a test moves by hand. A lock stands for the control thread.
 */
public final class FakeInstance implements Instance {
  /** Accepted; any text with the word {@code broken} is refused. */
  public static final String CONFIG =
      """
      admin: { bind: "127.0.0.1:9900", tokens: [ { name: ops, role: operator, token: operator-token-01 } ] }
      listeners:
        web: { bind: "127.0.0.1:8080", routes: [ { service: shop } ] }
      services:
        shop: { nodes: ["127.0.0.1:9101", "127.0.0.1:9102", "127.0.0.1:9103"] }
      """;

  private final LongSupplier epochMillis;
  private volatile int manualSize = -1;
  private final long startedMillis;
  private volatile List<VipStatus> vips = List.of();
  private volatile List<BgpStatus> routers = List.of();
  private final EventLog events;
  private final List<Service> services = new CopyOnWriteArrayList<>();
  private final Map<String, List<NodeSpec>> members = new java.util.HashMap<>();
  private final LoopCounters<TlsCounter> handshakes = new LoopCounters<>(1, TlsCounter.class);
  private final LoopCounters<ListenerCounter> listener =
      new LoopCounters<>(1, ListenerCounter.class);
  private final LoopCounters<RouteCounter> route = new LoopCounters<>(1, RouteCounter.class);
  private final Map<ErrorReason, Long> errors = new EnumMap<>(ErrorReason.class);
  private final Map<Node, String> choices = new ConcurrentHashMap<>();
  private final Map<Node, List<VerdictView>> verdicts = new ConcurrentHashMap<>();
  private volatile Rollups rollups =
      new Rollups(Path.of("target", "no-such-folder"), System::currentTimeMillis, 1);
  final LinePatterns patterns = new LinePatterns(_ -> {});
  private final LiveTail tail = new LiveTail("lb1");
  private volatile RecordQuestions records =
      (_, _) -> new QueryOutcome.Unavailable("Nothing is recorded here.");
  private volatile List<DatabaseReport> databases = List.of();
  private volatile @Nullable BackupsView backups;
  private volatile @Nullable BackupsView backupsNext;
  private final IncidentWatch incidents = new IncidentWatch((_, _) -> null, _ -> {});
  private volatile boolean ready = true;
  private volatile boolean draining;
  private volatile ConfigState config;

  public FakeInstance(LongSupplier epochMillis) {
    this.epochMillis = epochMillis;
    this.startedMillis = epochMillis.getAsLong();
    this.events = new EventLog(epochMillis);
    this.config =
        new ConfigState(
            CONFIG, 1, Instant.ofEpochMilli(epochMillis.getAsLong()), "fairlead.yaml", true);
    events.add(new Event.InstanceStarted("0.1.0"));
  }

  @Override
  public List<DatabaseReport> databases() {
    return databases;
  }

  public void setDatabases(List<DatabaseReport> reports) {
    databases = reports;
  }

  @Override
  public @Nullable BackupsView backups(String database) {
    return backups != null && backups.database().equals(database) ? backups : null;
  }

  /**
   * The backups of the database of that name.
   *
   * @param next what it is when a copy or a drill has been asked for; null: that is refused
   */
  public void setBackups(BackupsView present, @Nullable BackupsView next) {
    backups = present;
    backupsNext = next;
  }

  @Override
  public String backUp(String database) {
    if (backupsNext == null) {
      return "another instance takes care of these backups";
    }
    backups = backupsNext;
    return "";
  }

  @Override
  public String drill(String database) {
    return backUp(database);
  }

  /** Three nodes of one service, as in the demo. */
  public static FakeInstance shop(LongSupplier epochMillis) {
    FakeInstance instance = new FakeInstance(epochMillis);
    instance.addService("shop", 3);
    return instance;
  }

  /** Adds a service with so many nodes, on ports from 9101. */
  public void addService(String name, int nodes) {
    List<NodeSpec> specs = new ArrayList<>();
    for (int i = 0; i < nodes; i++) {
      HostPort address = new HostPort("127." + i / 50_000 + ".0.1", 9101 + i % 50_000);
      specs.add(new NodeSpec(address, address.toString(), 1, "", "file"));
    }
    addService(name, specs);
  }

  public synchronized void addService(String name, List<NodeSpec> specs) {
    Service service = new Service(name, 1, events, epochMillis);
    services.add(service);
    members.put(name, new ArrayList<>(specs));
    service.setMembers(specs);
  }

  /** Opens the admin door of this instance; it tells the same time. */
  public AdminServer open(AdminConfig config) throws IOException {
    return AdminServer.start(config, this, new Live(this, epochMillis));
  }

  public Node node(String service, int index) {
    return find(service).nodes().all()[index];
  }

  /** Counts so many requests that took so long; one of {@code failEvery} fails; 0: none. */
  public synchronized void traffic(Node node, int requests, long micros, int failEvery) {
    for (int i = 0; i < requests; i++) {
      boolean failed = failEvery > 0 && i % failEvery == 0;
      node.counters().increment(0, NodeCounter.REQUESTS);
      node.counters().increment(0, failed ? NodeCounter.RESPONSES_5XX : NodeCounter.RESPONSES_2XX);
      node.latency().record(0, micros);
      listener.increment(0, ListenerCounter.REQUESTS);
      listener.increment(0, failed ? ListenerCounter.RESPONSES_5XX : ListenerCounter.RESPONSES_2XX);
      route.increment(0, RouteCounter.REQUESTS);
      route.increment(0, failed ? RouteCounter.RESPONSES_5XX : RouteCounter.RESPONSES_2XX);
    }
    listener.add(0, ListenerCounter.BYTES_IN, 200L * requests);
    listener.add(0, ListenerCounter.BYTES_OUT, 1500L * requests);
  }

  public synchronized void openClients(int count) {
    listener.add(0, ListenerCounter.CONNECTIONS, count);
  }

  public synchronized void countError(ErrorReason reason, long count) {
    errors.merge(reason, count, Long::sum);
  }

  public synchronized void setUp(Node node, boolean up, String reason) {
    verdicts
        .computeIfAbsent(node, _ -> new CopyOnWriteArrayList<>())
        .add(new VerdictView(epochMillis.getAsLong(), up, reason));
    find(node.service()).setUp(node, up, reason);
  }

  public synchronized void setStanding(Node node, Standing standing) {
    find(node.service()).setStanding(node, standing);
  }

  /** What is said of the choice from now on. */
  public void setChoice(Node node, String words) {
    choices.put(node, words);
  }

  /** Clients stay with the nodes of that service from now on; nobody looks unless the test does. */
  public SessionWatch keepSessions(String service) {
    SessionWatch watch = new SessionWatch(find(service), new ManualScheduler());
    boolean _ = watch.look(Duration.ofHours(1), Duration.ofHours(1));
    return watch;
  }

  public void setReady(boolean ready) {
    this.ready = ready;
  }

  public void setDraining(boolean draining) {
    this.draining = draining;
  }

  @Override
  public String version() {
    return "0.1.0";
  }

  @Override
  public Duration uptime() {
    return Duration.ofMillis(epochMillis.getAsLong() - startedMillis);
  }

  @Override
  public long predecessor() {
    return 0;
  }

  @Override
  public boolean ready() {
    return ready;
  }

  @Override
  public boolean draining() {
    return draining;
  }

  @Override
  public List<Service> services() {
    return services;
  }

  @Override
  public List<ListenerView> listeners() {
    return List.of(
        new ListenerView(
            "web",
            "http",
            List.of("127.0.0.1:8080"),
            listener,
            Map.copyOf(errors),
            new ListenerView.TlsView(
                handshakes,
                new LoopCounters<>(1, HandshakeFailure.class),
                0,
                List.of(
                    new ListenerView.CertificateView(
                        "/etc/shop.pem", List.of("shop.example"), 20L * 24 * 60 * 60))),
            List.of(new RouteView("web-1", "any request", "shop", route))));
  }

  @Override
  public ConfigState config() {
    return config;
  }

  @Override
  public ConfigOutcome reload(String who) {
    return applyConfig(config.text(), who);
  }

  private final List<Versions.Version> past =
      new java.util.ArrayList<>(List.of(new Versions.Version(1, "fairlead.yaml", 7, true)));

  private final Map<Long, String> pastTexts = new java.util.HashMap<>(Map.of(1L, CONFIG));

  @Override
  public ConfigOutcome checkConfig(String yaml) {
    ConfigState before = config;
    try {
      return applied(yaml, "nobody");
    } finally {
      config = before;
    }
  }

  @Override
  public List<Versions.Version> pastConfigs() {
    return List.copyOf(past);
  }

  @Override
  public @Nullable String pastConfig(long version) {
    return pastTexts.get(version);
  }

  @Override
  public synchronized ConfigOutcome applyConfig(String yaml, String who) {
    ConfigOutcome outcome = applied(yaml, who);
    if (outcome instanceof ConfigOutcome.Accepted(long version, List<String> changes)) {
      events.add(new Event.ConfigApplied(version, config.source(), changes));
      past.replaceAll(one -> new Versions.Version(one.number(), one.who(), one.time(), false));
      past.addFirst(new Versions.Version(version, who, epochMillis.getAsLong(), true));
      pastTexts.put(version, yaml);
    } else {
      events.add(new Event.ConfigRefused(who, List.of("1:1: broken")));
    }
    return outcome;
  }

  private synchronized ConfigOutcome applied(String yaml, String who) {
    if (yaml.contains("broken")) {
      config =
          new ConfigState(
              config.text(), config.version(), config.applied(), config.source(), false);
      return new ConfigOutcome.Refused(
          List.of(
              new ConfigProblem(
                  "fairlead.yaml",
                  14,
                  9,
                  "services.shop.health.timeout",
                  "must not exceed interval 1s",
                  "fairlead.yaml:14:9: services.shop.health.timeout: must not exceed interval 1s"
                      + " (was 5s)"),
              new ConfigProblem(
                  "fairlead.yaml",
                  20,
                  3,
                  "listners",
                  "unknown key; did you mean listeners",
                  "fairlead.yaml:20:3: listners: unknown key; did you mean listeners")));
    }
    boolean same = yaml.equals(config.text());
    config =
        new ConfigState(
            yaml,
            config.version() + 1,
            Instant.ofEpochMilli(epochMillis.getAsLong()),
            same ? config.source() : who,
            true);
    List<String> changes = same ? List.of() : List.of("service shop: 3 nodes");
    return new ConfigOutcome.Accepted(config.version(), changes);
  }

  /** Only shop is scaled. */
  @Override
  public @Nullable ScaleView scale(String service) {
    return service.equals("shop")
        ? new ScaleView(
            "shop",
            "process",
            manualSize < 0 ? 3 : manualSize,
            2,
            8,
            manualSize,
            false,
            true,
            21.4,
            8,
            1.5,
            3,
            1,
            manualSize < 0
                ? "21.4 requests in flight are expected and a node is to have 8.0: 3"
                : "set by hand to " + manualSize,
            List.of(
                new ScaleView.OwnNode(
                    "shop-1", "127.0.0.1:9101", "process 4711", "up", "7", 3725, 7)),
            List.of(
                new ScaleView.Change(
                    1_795_000_000_000L,
                    2,
                    3,
                    "17.0 requests in flight are expected and a node is to have 8.0: 3")),
            List.of(
                new ScaleView.AgentView(
                    "h1",
                    "https://10.0.0.21:9901",
                    "h1",
                    false,
                    12.5,
                    3,
                    3,
                    8,
                    4,
                    0.5,
                    8_000_000_000L,
                    2_000_000_000L,
                    50_000_000_000L,
                    "agent h1 has not answered for 12 s (no connection); 3 nodes there are judged by"
                        + " their checks")))
        : null;
  }

  @Override
  public NodeOutcome setSize(String service, int size, String who) {
    boolean same = manualSize == size;
    manualSize = size;
    return same ? new NodeOutcome.Already() : new NodeOutcome.Done();
  }

  @Override
  public synchronized NodeOutcome register(Registration registration, String who) {
    List<NodeSpec> specs = specs(registration.service());
    specs.removeIf(spec -> spec.address().equals(registration.address()));
    specs.add(
        new NodeSpec(
            registration.address(),
            registration.name(),
            registration.weight(),
            registration.zone(),
            "api"));
    find(registration.service()).setMembers(specs);
    return new NodeOutcome.Done();
  }

  @Override
  public synchronized NodeOutcome deregister(String service, HostPort address, String who) {
    List<NodeSpec> specs = specs(service);
    for (NodeSpec spec : specs) {
      if (spec.address().equals(address) && spec.source().equals("file")) {
        return new NodeOutcome.Refused(
            address + " is named in the configuration file: take it out there.");
      }
    }
    specs.removeIf(spec -> spec.address().equals(address));
    find(service).setMembers(specs);
    return new NodeOutcome.Done();
  }

  @Override
  public NodeOutcome drain(String service, HostPort address, String who) {
    return change(service, address, true, who);
  }

  @Override
  public NodeOutcome undrain(String service, HostPort address, String who) {
    return change(service, address, false, who);
  }

  @Override
  public ExplainAnswer explain(
      String method, String url, Map<String, List<String>> headers, String clientIp) {
    if (url.contains("nowhere")) {
      return new ExplainAnswer(
          "web",
          null,
          null,
          null,
          List.of("listener web takes it", "no route matches"),
          ErrorReason.NO_ROUTE);
    }
    Node[] available = find("shop").nodes().available();
    return new ExplainAnswer(
        "web",
        "web-1",
        "shop",
        available.length == 0 ? null : available[0].name(),
        List.of(
            "listener web takes " + method + " " + url,
            "route web-1 matches: any request",
            "service shop has " + available.length + " nodes that take requests"),
        available.length == 0 ? ErrorReason.NO_NODE : null);
  }

  @Override
  public Duration loopLag() {
    return Duration.ofMillis(2);
  }

  @Override
  public RecordStats recordStats() {
    return RecordStats.NONE;
  }

  @Override
  public List<TextLogStats> textLogs() {
    return List.of(new TextLogStats("stdout", 7, 1, 2));
  }

  @Override
  public List<ExportStats> exports() {
    return List.of(new ExportStats("traces", 9, 3, 2, 1));
  }

  @Override
  public int pressure() {
    return 0;
  }

  @Override
  public Duration controlLag() {
    return Duration.ofNanos(120_000);
  }

  @Override
  public EventLog events() {
    return events;
  }

  @Override
  public double expectedSeconds(Node node) {
    return 0.25;
  }

  @Override
  public String choice(Node node) {
    String words = choices.get(node);
    if (words != null && !node.isAvailable()) {
      return "gets nothing: " + node.facts().state() + ", " + node.facts().why();
    }
    return words == null ? node.inFlight() + " in flight" : words;
  }

  @Override
  public int idleConnections(Node node) {
    return Math.max(0, node.connections() - node.inFlight());
  }

  @Override
  public long certificateSecondsLeft(Node node) {
    return Math.floorDiv(node.certificateEnd(), 1000);
  }

  @Override
  public List<ProbeView> healthHistory(Node node) {
    return List.of(
        new ProbeView(epochMillis.getAsLong(), node.facts().up(), node.facts().reason()));
  }

  @Override
  public List<VerdictView> verdicts(Node node) {
    return List.copyOf(verdicts.getOrDefault(node, List.of()));
  }

  /** Who answers from now on. */
  public void setRecords(RecordQuestions answering) {
    records = answering;
  }

  @Override
  public Rollups rollups() {
    return rollups;
  }

  void setRollups(Rollups other) {
    rollups = other;
  }

  @Override
  public IngestStats ingestStats() {
    return IngestStats.NONE;
  }

  @Override
  public List<CopyStats> copies() {
    return List.of(new CopyStats("clickhouse 127.0.0.1:8123/fairlead", 9, 2, 1, 3));
  }

  @Override
  public LinePatterns patterns() {
    return patterns;
  }

  @Override
  public LiveTail tail() {
    return tail;
  }

  @Override
  public boolean writeRecords() {
    return true;
  }

  @Override
  public RecordQuestions records() {
    return records;
  }

  @Override
  public IncidentWatch incidents() {
    return incidents;
  }

  @Override
  public long directMemory() {
    return 16 * 1024 * 1024;
  }

  private synchronized NodeOutcome change(
      String service, HostPort address, boolean draining, String who) {
    Node node = find(service).find(address);
    if (node == null) {
      return new NodeOutcome.Refused("the node has just left");
    }
    return find(service).setDraining(node, draining, who)
        ? new NodeOutcome.Done()
        : new NodeOutcome.Already();
  }

  private List<NodeSpec> specs(String service) {
    List<NodeSpec> specs = members.get(service);
    if (specs == null) {
      throw new IllegalArgumentException("no service " + service);
    }
    return specs;
  }

  private Service find(String name) {
    for (Service service : services) {
      if (service.name().equals(name)) {
        return service;
      }
    }
    throw new IllegalArgumentException("no service " + name);
  }

  public void setRouters(List<BgpStatus> routers) {
    this.routers = List.copyOf(routers);
  }

  @Override
  public List<BgpStatus> routers() {
    return routers;
  }

  public void setVips(List<VipStatus> vips) {
    this.vips = List.copyOf(vips);
  }

  @Override
  public List<VipStatus> vips() {
    return vips;
  }
}
