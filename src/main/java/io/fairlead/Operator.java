package io.fairlead;

import io.fairlead.acme.Renewal;
import io.fairlead.acme.Revocation;
import io.fairlead.admin.ConfigOutcome;
import io.fairlead.admin.ConfigProblem;
import io.fairlead.admin.ConfigState;
import io.fairlead.admin.DnsDoor;
import io.fairlead.admin.ExplainAnswer;
import io.fairlead.admin.Instance;
import io.fairlead.admin.ListenerView;
import io.fairlead.admin.ListenerView.CertificateView;
import io.fairlead.admin.ListenerView.TlsView;
import io.fairlead.admin.NodeOutcome;
import io.fairlead.admin.OrderedView;
import io.fairlead.admin.ProbeView;
import io.fairlead.admin.Registration;
import io.fairlead.admin.UpgradeDoor;
import io.fairlead.admin.VerdictView;
import io.fairlead.alert.Alerts;
import io.fairlead.balance.NodeEstimate;
import io.fairlead.config.AcmeConfig;
import io.fairlead.config.AffinityConfig;
import io.fairlead.config.ConfigReader;
import io.fairlead.config.DatabaseConfig;
import io.fairlead.config.DiscoverSource;
import io.fairlead.config.FairleadConfig;
import io.fairlead.config.FilterConfig;
import io.fairlead.config.GroupConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.ListenerConfig;
import io.fairlead.config.ListenerProtocol;
import io.fairlead.config.ManageConfig;
import io.fairlead.config.RouteConfig;
import io.fairlead.config.RouteMatch;
import io.fairlead.config.ScaleConfig;
import io.fairlead.config.ScaleDriver;
import io.fairlead.config.Secret;
import io.fairlead.config.ServiceConfig;
import io.fairlead.dns.DnsServer;
import io.fairlead.extension.LoadedFilter;
import io.fairlead.group.Group;
import io.fairlead.group.Versions;
import io.fairlead.health.ProbeResult;
import io.fairlead.insight.SharedEvidence;
import io.fairlead.insight.incident.IncidentWatch;
import io.fairlead.insight.pattern.LinePatterns;
import io.fairlead.insight.rollup.Rollups;
import io.fairlead.limit.SharedCounts;
import io.fairlead.proxy.Listener;
import io.fairlead.proxy.http.CacheStore;
import io.fairlead.proxy.http.HttpRoute;
import io.fairlead.proxy.tls.TlsListener;
import io.fairlead.record.RecordStats;
import io.fairlead.record.Recorder;
import io.fairlead.record.export.CopyStats;
import io.fairlead.record.ingest.Ingest;
import io.fairlead.record.ingest.IngestStats;
import io.fairlead.record.otlp.ExportStats;
import io.fairlead.record.sql.RecordQuestions;
import io.fairlead.record.tail.LiveTail;
import io.fairlead.record.text.TextLogStats;
import io.fairlead.replication.DatabaseReport;
import io.fairlead.replication.backup.Backups;
import io.fairlead.replication.backup.BackupsView;
import io.fairlead.replication.manage.DatabaseManager;
import io.fairlead.scaling.DeployView;
import io.fairlead.scaling.Release;
import io.fairlead.scaling.ScaleView;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.EventLog;
import io.fairlead.vip.VipStatus;
import io.fairlead.vip.bgp.BgpStatus;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** The instance as the admin door sees it. */
final class Operator implements Instance {
  /** A disk that takes longer has no answer to wait for. */
  private static final Duration WRITE_PATIENCE = Duration.ofSeconds(2);

  /** What is shorter and stands in an environment is a number or a word, and no secret. */
  private static final int SHORTEST_SECRET = 8;

  private final Fairlead fairlead;

  Operator(Fairlead fairlead) {
    this.fairlead = fairlead;
  }

  @Override
  public String version() {
    return Version.current();
  }

  @Override
  public Duration uptime() {
    return fairlead.uptime();
  }

  @Override
  public long predecessor() {
    return fairlead.predecessor();
  }

  @Override
  public boolean ready() {
    return !fairlead.isDraining();
  }

  @Override
  public boolean draining() {
    return fairlead.isDraining();
  }

  @Override
  public List<Service> services() {
    return fairlead.state().services().values().stream().map(ServiceRuntime::service).toList();
  }

  @Override
  public List<DatabaseReport> databases() {
    return fairlead.databases().reports();
  }

  @Override
  public @Nullable BackupsView backups(String database) {
    Backups backups = fairlead.databases().backups(database);
    return backups == null ? null : backups.view();
  }

  @Override
  public String backUp(String database) {
    Backups backups = fairlead.databases().backups(database);
    return backups == null ? "database " + database + " has no backup" : backups.backUp();
  }

  @Override
  public String drill(String database) {
    Backups backups = fairlead.databases().backups(database);
    return backups == null ? "database " + database + " has no backup" : backups.drill();
  }

  @Override
  public List<OrderedView> ordered() {
    return fairlead.acme().standing().stream()
        .map(one ->
            new OrderedView(
                one.config().id(),
                one.config().domains(),
                one.config().directory(),
                one.here(),
                one.state().next(),
                one.state().orders(),
                one.state().failed(),
                trouble(one)))
        .toList();
  }

  @Override
  public @Nullable String revoke(String certificate, String reason) {
    Revocation.Reason known = Revocation.Reason.of(reason);
    return known == null
        ? "The reason is one of " + Revocation.Reason.words() + "."
        : fairlead.acme().revoke(certificate, known);
  }

  private String trouble(AcmeKeeper.Standing standing) {
    AcmeConfig config = standing.config();
    Renewal.State state = standing.state();
    String names = String.join(", ", config.domains());
    if (state.failures() > 0) {
      long seconds = Math.max(0, (state.next() - fairlead.control().epochMillis()) / 1000);
      return (state.revoking() ? "The certificate before for " : "The certificate for ")
          + names
          + (state.revoking() ? " is not revoked: " : " is not issued: ")
          + state.why()
          + "; "
          + (seconds == 0
              ? "it is being tried again."
              : "next try in " + (seconds < 120 ? seconds + " s." : seconds / 60 + " min."));
    }
    return Files.exists(fairlead.acme().file(config))
        ? ""
        : "The certificate for "
            + names
            + (standing.here()
                ? " is being ordered."
                : " is not there: this instance is not the one who orders.");
  }

  @Override
  public List<ListenerView> listeners() {
    Fairlead.State state = fairlead.state();
    List<ListenerView> views = new ArrayList<>();
    state
        .listeners()
        .forEach((name, listener) ->
            views.add(
                view(
                    listener,
                    state.config().listeners().get(name),
                    state.routes().getOrDefault(name, List.of()))));
    return views;
  }

  private @Nullable TlsView view(@Nullable TlsListener tls) {
    return tls == null
        ? null
        : new TlsView(
            tls.counters(),
            tls.failures(),
            tls.handshaking(),
            tls.shown().stream()
                .map(shown ->
                    new CertificateView(
                        shown.file(),
                        shown.names(),
                        Math.floorDiv(
                            shown.certificate().getNotAfter().toInstant().toEpochMilli()
                                - fairlead.control().epochMillis(),
                            1000)))
                .toList());
  }

  private ListenerView view(
      Listener listener, @Nullable ListenerConfig config, List<HttpRoute> routes) {
    ListenerProtocol protocol = config == null ? ListenerProtocol.HTTP : config.protocol();
    Map<ErrorReason, Long> errors = new EnumMap<>(ErrorReason.class);
    for (ErrorReason reason : ErrorReason.values()) {
      long count = listener.state().errors().get(reason);
      if (count > 0) {
        errors.put(reason, count);
      }
    }
    return new ListenerView(
        listener.name(),
        protocol.word(),
        listener.boundAddresses().stream().map(Operator::text).toList(),
        listener.state().counters(),
        errors,
        view(listener.state().tls()),
        routes.stream()
            .map(route ->
                new ListenerView.RouteView(
                    route.config().name(),
                    what(protocol, route),
                    route.config().service(),
                    route.counters()))
            .toList());
  }

  private static String what(ListenerProtocol protocol, HttpRoute route) {
    return switch (protocol) {
      case HTTP, TLS_PASSTHROUGH -> text(route.config().match());
      case TCP -> "every connection";
      case UDP -> "every datagram";
    };
  }

  private static String text(InetSocketAddress address) {
    return new HostPort(address.getAddress().getHostAddress(), address.getPort()).toString();
  }

  private static String text(RouteMatch match) {
    List<String> parts = new ArrayList<>();
    if (!match.methods().isEmpty()) {
      parts.add(String.join("|", match.methods()));
    }
    if (!match.hosts().isEmpty()) {
      parts.add(String.join("|", match.hosts()));
    }
    if (!match.paths().isEmpty()) {
      parts.add(String.join("|", match.paths()));
    }
    match.alpn().forEach(name -> parts.add("alpn=" + name));
    match.headers().forEach((name, value) -> parts.add(name + "=" + value));
    match.queries().forEach((name, value) -> parts.add("?" + name + "=" + value));
    match.cookies().forEach((name, value) -> parts.add("cookie " + name + "=" + value));
    match.clients().forEach(network -> parts.add("client " + network));
    return parts.isEmpty() ? "every request" : String.join(" ", parts);
  }

  @Override
  public List<BgpStatus> routers() {
    return fairlead.vips().routers();
  }

  @Override
  public List<VipStatus> vips() {
    return fairlead.vips().status();
  }

  @Override
  public ConfigState config() {
    Fairlead.State state = fairlead.state();
    String text = state.text();
    for (ServiceConfig service : state.config().services().values()) {
      for (Secret key : service.affinity().map(AffinityConfig::key).orElse(List.of())) {
        text = text.replace(key.value(), key.toString());
      }
    }
    for (ServiceConfig service : state.config().services().values()) {
      ScaleDriver driver = service.scale().map(ScaleConfig::driver).orElse(null);
      if (driver != null) {
        for (Secret value : driver.secrets()) {
          if (value.value().length() >= SHORTEST_SECRET) {
            text = text.replace(value.value(), value.toString());
          }
        }
      }
    }
    for (ServiceConfig service : state.config().services().values()) {
      for (DiscoverSource source : service.discover()) {
        for (Secret value : source.secrets()) {
          if (value.value().length() >= SHORTEST_SECRET) {
            text = text.replace(value.value(), value.toString());
          }
        }
      }
    }
    for (ListenerConfig listener : state.config().listeners().values()) {
      for (RouteConfig route : listener.routes()) {
        for (Secret secret : route.auth().secrets()) {
          text = text.replace(secret.value(), secret.toString());
        }
      }
    }
    for (Secret secret : state.config().alerts().secrets()) {
      text = text.replace(secret.value(), secret.toString());
    }
    for (Secret secret : state.config().telemetry().secrets()) {
      text = text.replace(secret.value(), secret.toString());
    }
    Secret group = state.config().group().flatMap(GroupConfig::token).orElse(null);
    if (group != null) {
      text = text.replace(group.value(), group.toString());
    }
    for (DatabaseConfig database : state.config().databases().values()) {
      Secret own =
          database
              .manage()
              .flatMap(ManageConfig::application)
              .map(ManageConfig.Application::password)
              .orElse(null);
      if (own != null) {
        text = text.replace(own.value(), own.toString());
      }
    }
    for (Secret secret : state.config().dns().secrets()) {
      text = text.replace(secret.value(), secret.toString());
    }
    // The door hides the secrets that it was opened with; these may be newer.
    for (Secret secret : state.config().admin().secrets()) {
      text = text.replace(secret.value(), secret.toString());
    }
    return new ConfigState(
        text, state.version(), state.applied(), state.source(), fairlead.lastReloadSucceeded());
  }

  @Override
  public ConfigOutcome reload(String who) {
    return outcome(fairlead.reload(who));
  }

  @Override
  public ConfigOutcome applyConfig(String yaml, String who) {
    return outcome(fairlead.apply(offered(yaml), "api, " + who));
  }

  @Override
  public ConfigOutcome checkConfig(String yaml) {
    return switch (offered(yaml)) {
      case ConfigReader.Result.Accepted(FairleadConfig config, String text) -> {
        List<ConfigReader.Problem> problems = fairlead.filterProblems(config, text, "(api)");
        yield problems.isEmpty()
            ? new ConfigOutcome.Accepted(fairlead.state().version(), fairlead.changesTo(config))
            : outcome(new Fairlead.Applied.Refused(problems));
      }
      case ConfigReader.Result.Refused(List<ConfigReader.Problem> problems) ->
          outcome(new Fairlead.Applied.Refused(problems));
    };
  }

  /** What came by the door. */
  private ConfigReader.Result offered(String yaml) {
    List<ConfigReader.Problem> problems = hiddenSecrets(yaml);
    if (problems.isEmpty()) {
      ConfigReader.Result read =
          ConfigReader.read("(api)", yaml, fairlead.folder(), System::getenv);
      if (!(read instanceof ConfigReader.Result.Accepted(FairleadConfig config, String _))) {
        return read;
      }
      problems = newCommands(config);
      if (problems.isEmpty()) {
        return read;
      }
    }
    return new ConfigReader.Result.Refused(problems);
  }

  /** Whoever sends back what was shown would make the words that hide a secret the secret. */
  private static List<ConfigReader.Problem> hiddenSecrets(String yaml) {
    String hidden = new Secret("").toString();
    List<ConfigReader.Problem> problems = new ArrayList<>();
    List<String> lines = yaml.lines().toList();
    for (int i = 0; i < lines.size(); i++) {
      int column = lines.get(i).indexOf(hidden);
      if (column >= 0) {
        problems.add(
            new ConfigReader.Problem(
                "(api)",
                i + 1,
                column + 1,
                "",
                hidden + " stands where a secret is not shown: write it, or file:PATH, or ${NAME}",
                null));
      }
    }
    return problems;
  }

  /**
   * Who may change the file may run programs; whoever reaches this door may not because of that.
   */
  private List<ConfigReader.Problem> newCommands(FairleadConfig config) {
    List<ConfigReader.Problem> problems = new ArrayList<>();
    if (fairlead.commandsAllowed()) {
      return problems;
    }
    Map<String, ServiceConfig> present = fairlead.state().config().services();
    for (ServiceConfig service : config.services().values()) {
      ScaleDriver driver = service.scale().map(ScaleConfig::driver).orElse(null);
      ServiceConfig known = present.get(service.name());
      ScaleDriver before =
          known == null ? null : known.scale().map(ScaleConfig::driver).orElse(null);
      if (driver != null && !driver.commands().isEmpty() && !driver.equals(before)) {
        problems.add(
            new ConfigReader.Problem(
                "(api)",
                1,
                1,
                "services." + service.name() + ".scale",
                "must run what it runs now: other programs are taken from the file, or by an"
                    + " instance that was started with admin.allow-commands",
                null));
      }
    }
    // A server's settings name programs, too.
    for (DatabaseConfig database : config.databases().values()) {
      DatabaseConfig before = fairlead.state().config().databases().get(database.name());
      if (database.manage().isPresent()
          && (before == null || !database.manage().equals(before.manage()))) {
        problems.add(
            new ConfigReader.Problem(
                "(api)",
                1,
                1,
                "databases." + database.name() + ".manage",
                "must be what it is now: others are taken from the file, or by an instance that was"
                    + " started with admin.allow-commands",
                null));
      }
    }
    // A filter is a program, too, and its settings may name what it does.
    Map<String, FilterConfig> filters = fairlead.state().config().filters();
    for (FilterConfig filter : config.filters().values()) {
      if (!filter.equals(filters.get(filter.name()))) {
        problems.add(
            new ConfigReader.Problem(
                "(api)",
                1,
                1,
                "filters." + filter.name(),
                "must be what it is now: others are taken from the file, or by an instance that was"
                    + " started with admin.allow-commands",
                null));
      }
    }
    return problems;
  }

  @Override
  public ConfigOutcome applyAgain(String text, String who) {
    return outcome(
        fairlead.group() != null
            ? fairlead.propose(text, who)
            : fairlead.apply(
                ConfigReader.read("(api)", text, fairlead.folder(), System::getenv),
                "api, " + who));
  }

  @Override
  public List<Versions.Version> pastConfigs() {
    return fairlead.past().history();
  }

  @Override
  public @Nullable String pastConfig(long version) {
    return fairlead.past().text(version);
  }

  @Override
  public List<LoadedFilter> filters() {
    return fairlead.filters();
  }

  @Override
  public long cacheBytes() {
    CacheStore cache = fairlead.cache();
    return cache == null ? 0 : cache.bytes();
  }

  @Override
  public long cacheEvicted() {
    CacheStore cache = fairlead.cache();
    return cache == null ? 0 : cache.evicted();
  }

  @Override
  public @Nullable String forgetAnswers(@Nullable String url) {
    CacheStore cache = fairlead.cache();
    if (cache == null) {
      return "no route has a cache";
    }
    if (url == null) {
      cache.clear();
      return null;
    }
    return cache.forget(url) ? null : "url must be one that clients may ask for, with a host";
  }

  @Override
  public SharedCounts sharedRates() {
    return fairlead.sharedRates().counts();
  }

  @Override
  public SharedEvidence sharedEvidence() {
    return fairlead.sharedAnswers().evidence();
  }

  @Override
  public @Nullable Group group() {
    return fairlead.group();
  }

  private static ConfigOutcome outcome(Fairlead.Applied applied) {
    return switch (applied) {
      case Fairlead.Applied.Done(long version, List<String> changes) ->
          new ConfigOutcome.Accepted(version, changes);
      case Fairlead.Applied.Refused(List<ConfigReader.Problem> problems) ->
          new ConfigOutcome.Refused(
              problems.stream()
                  .map(p ->
                      new ConfigProblem(
                          p.source(), p.line(), p.column(), p.path(), p.rule(), p.toString()))
                  .toList());
    };
  }

  @Override
  public NodeOutcome register(Registration registration, String who) {
    NodeOutcome outcome =
        onService(registration.service(), service -> register(service, registration, who));
    // Membership tells the service with its next task; who looks after this sees the node.
    return fairlead.control().call(() -> outcome);
  }

  /** Renewing a lease is no change: nobody wants to read of each heartbeat of each node. */
  private NodeOutcome register(Service service, Registration registration, String who) {
    NodeSpec spec =
        new NodeSpec(
            registration.address(),
            registration.name(),
            registration.weight(),
            registration.zone(),
            registration.tier(),
            registration.labels(),
            "api");
    Node known = service.find(spec.address());
    boolean same =
        known != null
            && spec.equals(
                new NodeSpec(
                    spec.address(),
                    known.name(),
                    known.facts().weight(),
                    known.facts().zone(),
                    known.facts().tier(),
                    known.facts().labels(),
                    known.facts().source()));
    boolean leased = fairlead.membership().lease(service, spec.address()) != null;
    if (known != null) {
      fairlead.health().askNow(known); // it says that it is there
    }
    return switch (fairlead.membership().register(service, spec, registration.ttl(), who)) {
      case REGISTERED -> new NodeOutcome.Done();
      case RENEWED -> same ? new NodeOutcome.Already() : new NodeOutcome.Done();
      // The file's word counts, but the node now stays if the file drops it.
      case NAMED_BY_FILE -> leased ? new NodeOutcome.Already() : new NodeOutcome.Done();
      case FULL ->
          new NodeOutcome.Refused("the service has as many registered nodes as it may have");
    };
  }

  @Override
  public NodeOutcome deregister(String service, HostPort address, String who) {
    return onService(
        service,
        found ->
            fairlead.membership().deregister(found, address, who)
                ? new NodeOutcome.Done()
                : new NodeOutcome.Refused(
                    "node " + address + " was not registered: the configuration names it"));
  }

  @Override
  public NodeOutcome drain(String service, HostPort address, String who) {
    return onNode(
        service,
        address,
        (found, node) -> {
          boolean changed = found.setDraining(node, true, who);
          if (changed) {
            fairlead.announceWhenEmpty(found, node);
          }
          return changed;
        });
  }

  @Override
  public NodeOutcome undrain(String service, HostPort address, String who) {
    return onNode(service, address, (found, node) -> found.setDraining(node, false, who));
  }

  @Override
  public @Nullable ScaleView scale(String service) {
    return fairlead.scaling().view(service);
  }

  @Override
  public @Nullable DatabaseManager managed(String database) {
    return fairlead.databases().managed(database);
  }

  @Override
  public NodeOutcome setSize(String service, int size, String who) {
    return onService(
        service,
        found ->
            fairlead.scaling().setSize(found.name(), size)
                ? new NodeOutcome.Done()
                : new NodeOutcome.Already());
  }

  @Override
  public @Nullable DeployView deploys(String service) {
    return fairlead.deploys().view(service);
  }

  @Override
  public NodeOutcome deploy(String service, Release release, String who) {
    ServiceConfig config = fairlead.state().config().services().get(service);
    ScaleDriver driver =
        config == null ? null : config.scale().map(ScaleConfig::driver).orElse(null);
    if (driver instanceof ScaleDriver.Kubernetes) {
      return new NodeOutcome.Refused(
          "what pods of "
              + service
              + " run is said in their Deployment, which replaces them by itself when that changes");
    }
    boolean runs = !release.command().isEmpty() || !release.image().isEmpty();
    if (runs && !fairlead.commandsAllowed()) {
      return new NodeOutcome.Refused(
          "other programs are taken from the file, or by an instance that was started with"
              + " admin.allow-commands");
    }
    if (runs
        && (driver == null
            || driver instanceof ScaleDriver.Exec
            || driver instanceof ScaleDriver.Agents
            || (driver instanceof ScaleDriver.Program && !release.image().isEmpty()))) {
      return new NodeOutcome.Refused(
          "command is for driver process or docker, image for docker; "
              + service
              + " has "
              + (driver == null
                  ? "no scale"
                  : driver instanceof ScaleDriver.Agents
                      ? "agents, whose own files say what is run"
                      : "driver " + driver.word()));
    }
    return onService(
        service, found -> outcome(fairlead.deploys().begin(found.name(), release, who)));
  }

  @Override
  public NodeOutcome endDeploy(String service, boolean forward, String who) {
    return onService(
        service,
        found ->
            outcome(
                forward
                    ? fairlead.deploys().promote(found.name(), who)
                    : fairlead.deploys().abort(found.name(), who)));
  }

  private static NodeOutcome outcome(@Nullable String against) {
    return against == null ? new NodeOutcome.Done() : new NodeOutcome.Refused(against);
  }

  private NodeOutcome onNode(
      String service, HostPort address, BiFunction<Service, Node, Boolean> change) {
    return onService(
        service,
        found -> {
          Node node = found.find(address);
          if (node == null) {
            return new NodeOutcome.Refused("service " + service + " has no node " + address);
          }
          return change.apply(found, node) ? new NodeOutcome.Done() : new NodeOutcome.Already();
        });
  }

  private NodeOutcome onService(
      String service, java.util.function.Function<Service, NodeOutcome> change) {
    return fairlead
        .control()
        .call(() -> {
          ServiceRuntime found = fairlead.state().services().get(service);
          return found == null
              ? new NodeOutcome.Refused("there is no service " + service)
              : change.apply(found.service());
        });
  }

  @Override
  public ExplainAnswer explain(
      String method, String url, Map<String, List<String>> headers, String clientIp) {
    return new Explainer(fairlead).explain(method, url, headers, clientIp);
  }

  @Override
  public Duration controlLag() {
    return fairlead.control().lag();
  }

  @Override
  public Duration loopLag() {
    return Duration.ofNanos(fairlead.pressure().lagNanos());
  }

  @Override
  public RecordStats recordStats() {
    return fairlead.recordStats();
  }

  @Override
  public List<TextLogStats> textLogs() {
    return fairlead.textLogs().stats();
  }

  @Override
  public List<CopyStats> copies() {
    return fairlead.copies().stats();
  }

  @Override
  public IngestStats ingestStats() {
    Ingest ingest = fairlead.ingest();
    return ingest == null ? IngestStats.NONE : ingest.stats();
  }

  @Override
  public LinePatterns patterns() {
    return fairlead.patterns();
  }

  @Override
  public LiveTail tail() {
    return fairlead.tail();
  }

  @Override
  public boolean writeRecords() {
    Recorder recorder = fairlead.recorder();
    return recorder != null && recorder.writeNow(WRITE_PATIENCE);
  }

  @Override
  public List<ExportStats> exports() {
    return fairlead.export().stats();
  }

  @Override
  public int pressure() {
    return fairlead.pressure().rank();
  }

  @Override
  public EventLog events() {
    return fairlead.events();
  }

  @Override
  public int idleConnections(Node node) {
    return fairlead.dataPlane().pools().idle(node);
  }

  @Override
  public long certificateSecondsLeft(Node node) {
    return Math.floorDiv(node.certificateEnd() - fairlead.control().epochMillis(), 1000);
  }

  @Override
  public double expectedSeconds(Node node) {
    ServiceRuntime service = fairlead.state().services().get(node.service());
    NodeEstimate estimate = service == null ? null : service.target().balancer().estimateOf(node);
    return estimate == null ? 0 : estimate.latencySeconds() + estimate.errorSeconds();
  }

  @Override
  public String choice(Node node) {
    ServiceRuntime service = fairlead.state().services().get(node.service());
    return service == null
        ? ""
        : service.choice().of(node) + fairlead.sharedVerdicts().otherwise(node);
  }

  @Override
  public List<ProbeView> healthHistory(Node node) {
    return fairlead.health().history(node).stream()
        .map(probed ->
            new ProbeView(
                probed.epochMillis(),
                probed.result() instanceof ProbeResult.Passed,
                probed.result().text()))
        .toList();
  }

  @Override
  public List<VerdictView> verdicts(Node node) {
    return fairlead.health().verdicts(node).stream()
        .map(verdict -> new VerdictView(verdict.epochMillis(), verdict.up(), verdict.reason()))
        .toList();
  }

  @Override
  public Rollups rollups() {
    return fairlead.rollups();
  }

  @Override
  public int resolverSeconds(String instance) {
    return fairlead.resolverSeconds(instance);
  }

  @Override
  public UpgradeDoor upgrades() {
    return fairlead.upgrades();
  }

  @Override
  public @Nullable DnsDoor dns() {
    DnsServer server = fairlead.dns();
    return server == null ? null : new DnsOperator(server, fairlead.control(), fairlead.group());
  }

  @Override
  public Alerts alerts() {
    return fairlead.alerts();
  }

  @Override
  public RecordQuestions records() {
    return fairlead.questions();
  }

  @Override
  public IncidentWatch incidents() {
    return fairlead.incidents();
  }

  @Override
  public long directMemory() {
    return fairlead.dataPlane().directMemory();
  }
}
