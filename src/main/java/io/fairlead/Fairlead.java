package io.fairlead;

import io.fairlead.admin.AdminServer;
import io.fairlead.admin.AdminSignIn;
import io.fairlead.admin.MetricsPage;
import io.fairlead.alert.Alerts;
import io.fairlead.config.AuthConfig;
import io.fairlead.config.CacheConfig;
import io.fairlead.config.ConfigDiff;
import io.fairlead.config.ConfigReader;
import io.fairlead.config.DatabaseConfig;
import io.fairlead.config.ExtAuthConfig;
import io.fairlead.config.FairleadConfig;
import io.fairlead.config.GroupConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.ListenerConfig;
import io.fairlead.config.ListenerProtocol;
import io.fairlead.config.Probe;
import io.fairlead.config.ProxyVersion;
import io.fairlead.config.RateLimitConfig;
import io.fairlead.config.RouteConfig;
import io.fairlead.config.RouteMatch;
import io.fairlead.config.ServiceConfig;
import io.fairlead.discovery.Discovery;
import io.fairlead.discovery.Membership;
import io.fairlead.dns.DnsChallenges;
import io.fairlead.dns.DnsServer;
import io.fairlead.extension.LoadedFilter;
import io.fairlead.group.Group;
import io.fairlead.health.HealthChecker;
import io.fairlead.insight.incident.IncidentWatch;
import io.fairlead.insight.pattern.LinePatterns;
import io.fairlead.insight.rollup.Rollups;
import io.fairlead.limit.RateLimiter;
import io.fairlead.proxy.DataPlane;
import io.fairlead.proxy.Listener;
import io.fairlead.proxy.http.CacheStore;
import io.fairlead.proxy.http.ErrorPages;
import io.fairlead.proxy.http.ExtAuthGuard;
import io.fairlead.proxy.http.FaultGuard;
import io.fairlead.proxy.http.FilterGuard;
import io.fairlead.proxy.http.Guard;
import io.fairlead.proxy.http.HttpListenerState;
import io.fairlead.proxy.http.HttpPolicy;
import io.fairlead.proxy.http.HttpRoute;
import io.fairlead.proxy.http.Mirror;
import io.fairlead.proxy.http.RateLimits;
import io.fairlead.proxy.http.RouteCache;
import io.fairlead.proxy.http.ServiceTarget;
import io.fairlead.proxy.http.Tracing;
import io.fairlead.proxy.stream.StreamListenerState;
import io.fairlead.proxy.stream.StreamPolicy;
import io.fairlead.proxy.stream.StreamRoute;
import io.fairlead.proxy.stream.UdpListenerState;
import io.fairlead.proxy.stream.UdpPolicy;
import io.fairlead.proxy.tls.NodeTls;
import io.fairlead.proxy.tls.TlsChallenges;
import io.fairlead.proxy.tls.TlsListener;
import io.fairlead.record.RecordStats;
import io.fairlead.record.Recorder;
import io.fairlead.record.export.Exports;
import io.fairlead.record.ingest.Ingest;
import io.fairlead.record.otlp.OtlpExport;
import io.fairlead.record.sql.RecordQueries;
import io.fairlead.record.tail.LiveTail;
import io.fairlead.record.text.TextLogs;
import io.fairlead.route.RouteTable;
import io.fairlead.runtime.ControlThread;
import io.fairlead.runtime.LoneLeadership;
import io.fairlead.scaling.Scaling;
import io.fairlead.service.Node;
import io.fairlead.service.Service;
import io.fairlead.takeover.HandedState.HandedTicketKey;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.RecordRings;
import io.fairlead.telemetry.RouteCounter;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A running instance: wires the rooms, starts them in order, changes the configuration, stops them.
 *
 * <p>A change goes: read → build everything new, sockets too, while the old goes on → one switch on
 * the control thread → what is no longer named drains. Whatever fails before the switch undoes what
 * was built and leaves the old configuration in force.
 */
final class Fairlead implements AutoCloseable {
  /**
   * How long exchanges may go on after their listener has left, or the instance is told to stop.
   */
  static final Duration DRAIN_PATIENCE = Duration.ofSeconds(30);

  /** How long idle connections wait for another request when another process serves. */
  private static final Duration IDLE_PATIENCE = Duration.ofSeconds(10);

  /** How long to wait for the admin address, which two processes cannot have at once. */
  private static final Duration DOOR_PATIENCE = Duration.ofSeconds(5);

  private static final Duration DOOR_RETRY = Duration.ofMillis(5);

  /** How often what loops look up about latencies is made anew. */
  private static final Duration TICK = Duration.ofSeconds(1);

  /**
   * Of the roles of an instance that is alone. As long clients wait for a virtual IP when this
   * process is frozen.
   */
  private static final Duration LEASE = Duration.ofSeconds(3);

  /** How often limits follow what has been seen. */
  private static final Duration ADAPT = Duration.ofMillis(100);

  private static final System.Logger LOG = System.getLogger(Fairlead.class.getName());

  /**
   * What is in force.
   *
   * @param config as read
   * @param text as written
   * @param source where it came from
   * @param version rises by one with each
   * @param applied when
   * @param listeners open, in the order of the configuration
   * @param routes compiled, by listener
   * @param services running, in the order of the configuration
   */
  record State(
      FairleadConfig config,
      String text,
      String source,
      long version,
      Instant applied,
      Map<String, Listener> listeners,
      Map<String, List<HttpRoute>> routes,
      Map<String, ServiceRuntime> services) {}

  /** What became of a configuration. */
  sealed interface Applied {
    record Done(long version, List<String> changes) implements Applied {}

    /** Nothing has changed. */
    record Refused(List<ConfigReader.Problem> problems) implements Applied {}
  }

  /** How a listener treats what comes, by its protocol. */
  private sealed interface Policy {
    record Http(HttpPolicy policy) implements Policy {}

    record Stream(StreamPolicy policy) implements Policy {}

    record Datagrams(UdpPolicy policy) implements Policy {}
  }

  private final ControlThread control = new ControlThread();
  private final EventLog events = new EventLog(control::epochMillis);
  private final HealthChecker health = HealthChecker.of(control, new SplittableRandom());
  private final Membership membership = new Membership(control);
  private final SecureRandom secrets = new SecureRandom();

  /** Made with the first route that keeps answers. */
  private volatile @Nullable CacheStore cache;

  private final long cacheBytes;
  private final AffinityKey affinityKey = new AffinityKey(secrets);
  private final ReentrantLock changing = new ReentrantLock();
  private final AtomicReference<State> state = new AtomicReference<>();
  private final OutlierWatch outliers;
  private final DataPlane dataPlane;
  private final TlsKeeper tls;
  private final AcmeKeeper acme;
  private final NodeTlsKeeper nodeTls;
  private final IdentityKeeper identities;
  private final OidcKeeper oidc;
  private final FilterKeeper filters;
  private final DnsKeeper dns;
  private final PressureWatch watch;
  private final RecordQueries questions;
  private final Rollups rollups;
  private final IncidentKeeper incidents;
  private final OtlpExport export;
  private final RecordKeeper records;
  private final AlertKeeper alerts;
  private final ScalingKeeper scaling;
  private final DeployKeeper deploys;
  private final Discovery discovery;
  private final GroupKeeper groups;
  private final Upgrades upgrades = new Upgrades(this);
  private final PastConfigs past = new PastConfigs();
  private final SharedRates sharedRates;
  private final SharedVerdicts sharedVerdicts;
  private final SharedAnswers sharedAnswers;
  private final SharedTickets sharedTickets;
  private final VipKeeper vips;
  private final FrontEndKeeper frontEnds;
  private final DatabaseKeeper databases;
  private final LiveTail tail = new LiveTail(RecordKeeper.hostName());
  private @Nullable Thread tlsLooks;
  private final long startedNanos = System.nanoTime();

  /** Whether the API may change which programs are run here. */
  private final boolean commandsAllowed;

  /** Whether what is recorded, counted and has happened goes to others, too. */
  private boolean exporting;

  /** Drains of listeners that were taken away; with the lock only. */
  private final List<CompletableFuture<Integer>> leaving = new ArrayList<>();

  private volatile boolean lastReloadSucceeded = true;
  private volatile boolean draining;

  /** Another process goes on with what this one has started. */
  private volatile boolean replaced;

  /** A successor has the sockets, or is about to: they must not change. */
  private volatile boolean frozen;

  private volatile @Nullable AdminServer admin;
  private volatile long predecessor;
  private final @Nullable Path file;

  private Fairlead(FairleadConfig config, @Nullable Path file) {
    this.file = file;
    cacheBytes = config.runtime().cacheBytes();
    dataPlane = new DataPlane(config.runtime(), health::connectionFailed);
    watch = new PressureWatch(dataPlane, control, events);
    Roles roles = new Roles(new LoneLeadership(control, LEASE));
    databases =
        new DatabaseKeeper(
            dataPlane, control, health, roles, events::add, config.data(), secrets, this::group);
    questions = RecordQueries.of(config.data().resolve("records"));
    rollups = new Rollups(config.data(), control::epochMillis, secrets.nextLong());
    incidents =
        new IncidentKeeper(events, control, config.data(), this::service, this::recordStats);
    export =
        new OtlpExport(
            new OtlpExport.Sender(
                Version.current(), RecordKeeper.hostName(), ProcessHandle.current().pid()),
            metrics(new MetricsPage(new Operator(this))),
            events,
            control::epochMillis,
            new SplittableRandom(secrets.nextLong()));
    records =
        new RecordKeeper(
            dataPlane,
            config.data(),
            rollups,
            control::epochMillis,
            events::add,
            List.of(incidents.consumer(), export, tail),
            new NoteTaker(events, health));
    alerts =
        new AlertKeeper(
            config.data(),
            RecordKeeper.hostName(),
            control::epochMillis,
            events::add,
            new Operator(this),
            this::lastReloadSucceeded,
            rollups,
            () -> records.recorder() != null,
            () -> AlertKeeper.open(incidents.watch()));
    scaling =
        new ScalingKeeper(
            config.data(),
            config.group().map(GroupConfig::name).orElse(""),
            control,
            roles,
            membership,
            events::add,
            new SplittableRandom(secrets.nextLong()));
    deploys =
        new DeployKeeper(
            config.data(), control, scaling, events::add, () -> frozen || draining || replaced);
    control.execute(deploys::start);
    discovery = Discovery.of(control, membership, events::add, secrets);
    commandsAllowed = config.admin().allowCommands();
    String name = config.group().map(GroupConfig::instance).orElseGet(RecordKeeper::hostName);
    vips = new VipKeeper(name, control, roles, events::add);
    outliers = new OutlierWatch(control, events, dataPlane::sweep, health::history);
    control.execute(outliers::start);
    TlsChallenges challenges = new TlsChallenges();
    DnsChallenges names = new DnsChallenges();
    acme =
        new AcmeKeeper(
            config.data(),
            roles,
            control,
            events::add,
            secrets,
            new AcmeKeeper.Answers(
                dataPlane.challenges(), challenges, names, control::epochMillis));
    tls =
        new TlsKeeper(
            dataPlane.loops(),
            challenges,
            acme::file,
            control::epochMillis,
            events::add,
            old -> dataPlane.afterEachLoop(old::release));
    nodeTls = new NodeTlsKeeper(control::epochMillis, events::add, this::useNodeTls);
    identities = new IdentityKeeper(dataPlane.loops(), secrets, control::epochMillis, events::add);
    oidc = new OidcKeeper(dataPlane.loops(), secrets, control::epochMillis, events::add);
    filters = new FilterKeeper(dataPlane, events::add);
    dns = new DnsKeeper(control, events, health, secrets.nextLong(), dataPlane.names(), names);
    records.tell(dns::record);
    frontEnds = new FrontEndKeeper(name, control, dns, vips, changing, events::add);
    groups =
        new GroupKeeper(
            this,
            config.data(),
            control,
            events::add,
            secrets,
            roles,
            frontEnds::accept,
            new QuicKeeper(dataPlane, control, events::add));
    sharedRates = new SharedRates(control, groups::tell);
    sharedVerdicts =
        new SharedVerdicts(control, this::presentServices, groups::tell, health::askAgain);
    sharedAnswers = new SharedAnswers(control, outliers, () -> state().text(), groups::tell);
    sharedTickets = new SharedTickets(groups::tell);
    Runnable _ =
        events.subscribe(entry -> {
          if (entry.event() instanceof Event.NodeUp || entry.event() instanceof Event.NodeDown) {
            sharedVerdicts.changed();
          }
        });
  }

  /**
   * Starts an instance.
   *
   * @param file where reloads read from; null: there is no file
   * @throws IOException if an address cannot be bound; nothing goes on running then
   * @throws IllegalStateException if the machine lacks what {@code runtime} asks for
   */
  public static Fairlead start(
      FairleadConfig config, String text, String source, @Nullable Path file) throws IOException {
    return start(config, text, source, file, null, false);
  }

  /**
   * The same, in place of another instance if there is one to succeed. Whatever fails leaves that
   * one as it was.
   *
   * @param recording whether what event loops record gets to disk, from the first request on, if
   *     {@code logs} wants it, now or after a change; where there is no room for that, requests are
   *     served without, and an event says so
   */
  static Fairlead start(
      FairleadConfig config,
      String text,
      String source,
      @Nullable Path file,
      @Nullable Succession succession,
      boolean recording)
      throws IOException {
    Fairlead instance = new Fairlead(config, file);
    try {
      if (recording) {
        instance.incidents.load();
        instance.exporting = true;
        instance.export.follow(config.telemetry().otlp()); // before there is something to send
        instance.records.start(config.logs());
      }
      instance.events.add(new Event.InstanceStarted(Version.current()));
      instance.control.schedule(TICK, instance::tick);
      instance.control.schedule(ADAPT, instance::adapt);
      GroupKeeper.Chosen first = instance.groups.first(config, text, source);
      if (succession == null) {
        instance.change(first.config(), first.text(), first.source());
        instance.admin = instance.openDoor(config);
        instance.startVips(false);
        instance.startAlerts(recording);
        instance.startGroup();
        return instance;
      }
      instance.dataPlane.inherit(succession.sockets());
      instance.change(first.config(), first.text(), first.source());
      succession.learn(instance);
      instance.predecessor = succession.pid();
      instance.admin = instance.openDoorSoon(config, DOOR_PATIENCE);
      instance.dataPlane.startInherited();
      try {
        succession.complete(instance);
      } catch (IOException e) {
        instance.leave(Duration.ofSeconds(5)); // the other one goes on; what came here ends well
        throw e;
      }
      instance.startVips(true);
      instance.startAlerts(recording);
      instance.startGroup();
      return instance;
    } catch (IOException | RuntimeException e) {
      instance.close();
      throw e;
    }
  }

  /** Whoever comes by them finds open listeners. */
  private void startVips(boolean inheriting) {
    changing.lock();
    try {
      vips.start(inheriting);
    } finally {
      changing.unlock();
    }
  }

  private void startAlerts(boolean telling) {
    if (telling) {
      changing.lock();
      try {
        alerts.start(state().config().alerts());
      } finally {
        changing.unlock();
      }
    }
  }

  private void startGroup() {
    changing.lock();
    try {
      databases.startManaging(state().config());
      groups.start(state().config().group());
    } finally {
      changing.unlock();
    }
  }

  private AdminServer openDoor(FairleadConfig config) throws IOException {
    return AdminServer.start(config.admin(), new Operator(this), peopleOf(config));
  }

  private @Nullable AdminSignIn peopleOf(FairleadConfig config) throws IOException {
    changing.lock();
    try {
      return oidc.door(config);
    } finally {
      changing.unlock();
    }
  }

  /** Another process is about to shut its door there. */
  private AdminServer openDoorSoon(FairleadConfig config, Duration patience) throws IOException {
    AdminSignIn people = peopleOf(config);
    long deadline = System.nanoTime() + patience.toNanos();
    while (true) {
      try {
        return AdminServer.start(config.admin(), new Operator(this), people);
      } catch (IOException e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
        LockSupport.parkNanos(DOOR_RETRY.toNanos());
      }
    }
  }

  // --- configuration -----------------------------------------------------------------------

  /** Reads the file again and applies it. */
  Applied reload(String who) {
    Path from = file;
    if (from == null) {
      return refused(
          who, List.of(new ConfigReader.Problem("", 0, 0, "", "there is no file to read", null)));
    }
    ConfigReader.Result read = ConfigReader.readFile(from);
    if (read instanceof ConfigReader.Result.Accepted(FairleadConfig config, String text)) {
      if (groups.decides()) {
        return groups.reload(config, text, from.toString(), who);
      }
      groups.fileSays(config);
    }
    return applyRead(read, from.toString());
  }

  /** Applies what was read, in all instances of the group, or says what is wrong with it. */
  Applied apply(ConfigReader.Result read, String source) {
    return read instanceof ConfigReader.Result.Accepted(FairleadConfig _, String text)
            && groups.decides()
        ? groups.propose(text, source)
        : applyRead(read, source);
  }

  private Applied applyRead(ConfigReader.Result read, String source) {
    return switch (read) {
      case ConfigReader.Result.Refused(List<ConfigReader.Problem> problems) ->
          refused(source, problems);
      case ConfigReader.Result.Accepted(FairleadConfig config, String text) ->
          applyHere(config, text, source);
    };
  }

  /** Applies it in this instance alone. */
  Applied applyHere(FairleadConfig config, String text, String source) {
    try {
      return change(config, text, source);
    } catch (RefusedConfig e) {
      return refused(source, e.problems());
    } catch (IOException e) {
      return refused(
          source,
          List.of(
              new ConfigReader.Problem(source, 0, 0, "", String.valueOf(e.getMessage()), null)));
    }
  }

  Applied refused(String source, List<ConfigReader.Problem> problems) {
    lastReloadSucceeded = false;
    events.add(
        new Event.ConfigRefused(
            source, problems.stream().map(ConfigReader.Problem::toString).toList()));
    return new Applied.Refused(problems);
  }

  private Applied change(FairleadConfig config, String text, String source) throws IOException {
    changing.lock();
    try {
      if (draining) {
        throw new IOException("the instance is stopping; nothing is changed any more");
      }
      if (frozen) {
        throw new IOException("another process is taking over; nothing is changed meanwhile");
      }
      State before = state.get();
      List<String> changes =
          before == null ? List.of("the first") : changes(before.config(), config);
      Map<String, NodeTlsKeeper.Ready> toNodes = nodeTls.load(config);
      affinityKey.prepare(config);
      identities.prepare(config);
      oidc.prepare(config);
      Map<String, Scaling.Found> found = scaling.find(config);
      Map<String, DeployFile.State> versions = deploys.find(config);
      databases.load(config);
      Map<String, ServiceRuntime> services = buildServices(before, config, toNodes);
      Map<String, List<HttpRoute>> routes = new LinkedHashMap<>();
      Map<String, Policy> policies = new HashMap<>();
      Map<HostPort, String> takenOver = before == null ? Map.of() : takenOver(before, config);
      Map<String, Listener> listeners;
      Map<String, TlsKeeper.Loaded> certificates = Map.of();
      dataPlane.bindThoughAbsent(VipKeeper.addresses(config.vips()));
      DnsKeeper.Ready names = null;
      Map<String, LoadedFilter> filtering = Map.of();
      try {
        filtering = filters.prepare(config, text, source);
        Map<String, LoadedFilter> asked = filtering;
        names = dns.prepare(config, name -> service(services, name));
        certificates = tls.load(config);
        tls.showFirst(certificates);
        config
            .listeners()
            .forEach((name, wanted) ->
                policies.put(name, build(config, wanted, before, services, routes, asked)));
        listeners = openListeners(before, config, takenOver.keySet(), policies, certificates);
      } catch (IOException | RuntimeException e) {
        control.call(() -> endServices(services, before == null ? Map.of() : before.services()));
        tls.discard(certificates);
        dns.discard(names);
        filters.discard(filtering);
        throw e;
      }
      State after =
          new State(
              config,
              text,
              source,
              before == null ? 1 : before.version() + 1,
              Instant.ofEpochMilli(control.epochMillis()),
              listeners,
              routes,
              services);
      Map<String, TlsKeeper.Loaded> shown = certificates;
      DnsKeeper.Ready answered = names;
      control.call(() -> {
        dns.show(answered);
        return switchTo(before, after, policies, shown, toNodes, found, versions);
      });
      dns.retire(answered);
      filters.show(filtering);
      past.add(after);
      tls.show(certificates, config);
      nodeTls.keep(toNodes);
      identities.keep(config);
      oidc.keep();
      lookAfterCertificates();
      lastReloadSucceeded = true;
      events.add(new Event.ConfigApplied(after.version(), source, changes));
      leave(before, after, takenOver);
      records.follow(config.logs(), scaling.outputs(config));
      if (exporting) {
        export.follow(config.telemetry().otlp());
      }
      alerts.follow(config.alerts());
      groups.follow(config.group());
      vips.follow(config.vips(), config.bgp());
      databases.manage(config);
      acme.follow(config);
      HeapTidy.afterChange();
      return new Applied.Done(after.version(), changes);
    } finally {
      changing.unlock();
    }
  }

  private static List<String> changes(FairleadConfig before, FairleadConfig after) {
    List<String> changes = new ArrayList<>(ConfigDiff.between(before, after));
    if (!before.runtime().equals(after.runtime()) || !before.admin().equals(after.admin())) {
      changes.add("runtime and admin take effect at the next start");
    }
    if (before.group().isPresent()
        && after.group().isPresent()
        && !before.group().get().following(after.group().get()).equals(after.group().get())) {
      changes.add(
          "group takes effect at the next start, apart from its peers, addresses and weight");
    }
    return changes;
  }

  /** The services of the new configuration: those that stay, and new ones with their nodes. */
  private Map<String, ServiceRuntime> buildServices(
      @Nullable State before, FairleadConfig config, Map<String, NodeTlsKeeper.Ready> toNodes) {
    return control.call(() -> {
      Map<String, ServiceRuntime> services = new LinkedHashMap<>();
      for (ServiceConfig wanted : config.services().values()) {
        ServiceRuntime known = before == null ? null : before.services().get(wanted.name());
        DatabaseConfig database = config.databases().get(wanted.name());
        boolean stays =
            known != null && databases.isDatabase(known.service()) == (database != null);
        services.put(
            wanted.name(), stays && known != null ? known : newService(wanted, database, toNodes));
      }
      return services;
    });
  }

  /**
   * From now on event loops leave a record of each request and session that ends, as {@code logs}
   * says. Somebody has to read them: where nobody does, rings fill, and what comes then is dropped
   * and counted. Whoever asked closes them, after this instance. For tests that read them: {@link
   * #start} has a recorder do it.
   *
   * @throws IOException if there is no room for them
   */
  RecordRings openRecords() throws IOException {
    changing.lock();
    try {
      return records.open(state().config().logs());
    } finally {
      changing.unlock();
    }
  }

  /** None until there is something to tell of. */
  private OtlpExport.Metrics metrics(MetricsPage page) {
    return to -> {
      if (state.get() != null) {
        page.writeTo(to);
      }
    };
  }

  /** What goes out by OTLP. */
  OtlpExport export() {
    return export;
  }

  /** Counts and times of all requests, kept long. */
  Rollups rollups() {
    return rollups;
  }

  TextLogs textLogs() {
    return records.textLogs();
  }

  /** What makes files of records; null: nothing is recorded. */
  @Nullable Recorder recorder() {
    return records.recorder();
  }

  RecordStats recordStats() {
    Recorder recorder = records.recorder();
    return recorder == null ? RecordStats.NONE : recorder.stats();
  }

  IncidentWatch incidents() {
    return incidents.watch();
  }

  private @Nullable Service service(String name) {
    State present = state.get();
    return present == null ? null : service(present.services(), name);
  }

  private static @Nullable Service service(Map<String, ServiceRuntime> services, String name) {
    ServiceRuntime runtime = services.get(name);
    return runtime == null ? null : runtime.service();
  }

  Exports copies() {
    return records.copies();
  }

  LinePatterns patterns() {
    return records.patterns();
  }

  /** How long resolvers may go on sending clients to an instance that is no answer any more. */
  int resolverSeconds(String instance) {
    return control.call(() -> dns.secondsOf(instance));
  }

  /** What answers questions of the DNS; null: nothing does. */
  @Nullable DnsServer dns() {
    return dns.server();
  }

  /** What reads the nodes' own logs; null: nothing does. */
  @Nullable Ingest ingest() {
    return records.ingest();
  }

  /** Lets event loops know how long requests take; they only look it up. */
  private void tick() {
    State present = state.get();
    if (present != null) {
      long now = control.nanoTime();
      for (ServiceRuntime service : present.services().values()) {
        service.target().tick();
        service.target().watch(now, events::add);
        service.lookAtSessions();
      }
      present.listeners().values().forEach(incidents::handshakes);
    }
    records.setClock();
    incidents.tick();
    filters.tick();
    watch.look();
    alerts.look();
    control.schedule(TICK, this::tick);
  }

  /** Lets limits follow what has been seen. */
  private void adapt() {
    State present = state.get();
    if (present != null) {
      long now = control.nanoTime();
      present.services().values().forEach(service -> service.target().adapt(now, events::add));
    }
    control.schedule(ADAPT, this::adapt);
  }

  private ServiceRuntime newService(
      ServiceConfig config,
      @Nullable DatabaseConfig database,
      Map<String, NodeTlsKeeper.Ready> toNodes) {
    Service service =
        new Service(
            config.name(), dataPlane.loops(), events, control::epochMillis, dataPlane.names());
    ServiceRuntime runtime =
        database != null
            ? databases.begin(service, database, config)
            : new ServiceRuntime(
                service, config, requestTls(toNodes.get(config.name())), dataPlane, control);
    membership.setConfigured(service, config.nodes());
    return runtime;
  }

  private static @Nullable NodeTls requestTls(NodeTlsKeeper.@Nullable Ready ready) {
    return ready == null ? null : ready.requests();
  }

  private void configure(
      ServiceRuntime runtime, ServiceConfig config, NodeTlsKeeper.@Nullable Ready ready) {
    runtime.configure(config, requestTls(ready));
    runtime.configure(config.affinity(), affinityKey::of);
    health.watch(
        runtime.service(),
        config.health(),
        ready == null ? null : ready.probes(),
        node -> runtime.target().balancer().uses(node));
  }

  /** What TLS towards the nodes of that service needs has changed. */
  private void useNodeTls(String name, NodeTlsKeeper.Ready ready) {
    State present = state();
    ServiceRuntime runtime = present.services().get(name);
    ServiceConfig config = present.config().services().get(name);
    if (runtime != null && config != null) {
      control.call(() -> {
        configure(runtime, config, ready);
        return true;
      });
    }
  }

  private Policy build(
      FairleadConfig whole,
      ListenerConfig config,
      @Nullable State before,
      Map<String, ServiceRuntime> services,
      Map<String, List<HttpRoute>> routes,
      Map<String, LoadedFilter> filtering) {
    Map<String, HttpRoute> known = new HashMap<>();
    if (before != null) {
      for (HttpRoute route : before.routes().getOrDefault(config.name(), List.of())) {
        known.put(route.config().name(), route);
      }
    }
    ErrorPages pages =
        config.errors().isEmpty() ? ErrorPages.NONE : new ErrorPages(config.errors());
    List<HttpRoute> compiled = new ArrayList<>();
    List<RouteTable.Entry<HttpRoute>> entries = new ArrayList<>();
    for (RouteConfig route : config.routes()) {
      HttpRoute made =
          route(whole, config.name(), route, pages, services, known.get(route.name()), filtering);
      made.setRecordName(dataPlane.names().number(RecordNames.Kind.ROUTE, route.name()));
      compiled.add(made);
      entries.add(new RouteTable.Entry<>(route, made));
    }
    for (HttpRoute door :
        oidc.doors(
            compiled, pages, name -> dataPlane.names().number(RecordNames.Kind.ROUTE, name))) {
      entries.addFirst(new RouteTable.Entry<>(door.config(), door));
    }
    routes.put(config.name(), compiled);
    return switch (config.protocol()) {
      case HTTP ->
          new Policy.Http(
              new HttpPolicy(
                  RouteTable.of(entries),
                  config.limits(),
                  config.forwarded(),
                  config.access(),
                  pages,
                  tracing(whole)));
      case TCP, TLS_PASSTHROUGH ->
          new Policy.Stream(
              new StreamPolicy(
                  compiled.stream()
                      .map(route ->
                          new StreamRoute(
                              route,
                              proxyProtocol(whole, route),
                              databases.sessions(route.config(), route.target().service()),
                              DatabaseKeeper.key(route.config())))
                      .toList(),
                  config.limits(),
                  config.protocol() == ListenerProtocol.TLS_PASSTHROUGH));
      case UDP -> {
        HttpRoute only = compiled.getFirst();
        ServiceConfig service = whole.services().get(only.config().service());
        boolean probed = service != null && !(service.health().probe() instanceof Probe.None);
        yield new Policy.Datagrams(new UdpPolicy(only, config.limits(), config.udp(), probed));
      }
    };
  }

  private static Tracing tracing(FairleadConfig config) {
    return config
        .telemetry()
        .traces()
        .map(traces -> Tracing.of(traces.sample(), traces.errors()))
        .orElse(Tracing.OFF);
  }

  private static ProxyVersion proxyProtocol(FairleadConfig whole, HttpRoute route) {
    ServiceConfig service = whole.services().get(route.config().service());
    return service == null ? ProxyVersion.NONE : service.proxyProtocol();
  }

  /** What it has counted before, and limits that stay, go over from the one of the same name. */
  private HttpRoute route(
      FairleadConfig whole,
      String listener,
      RouteConfig route,
      ErrorPages pages,
      Map<String, ServiceRuntime> services,
      @Nullable HttpRoute old,
      Map<String, LoadedFilter> filtering) {
    List<ServiceTarget> targets = new ArrayList<>();
    for (String name : route.services()) {
      ServiceRuntime service = services.get(name);
      if (service == null) {
        throw new IllegalStateException("a route to no service passed the checks: " + route);
      }
      targets.add(databases.of(route, service).target());
    }
    Map<RateLimitConfig, RateLimits.Limit> counting = new HashMap<>();
    if (old != null) {
      old.rateLimits().limits().forEach(limit -> counting.put(limit.config(), limit));
    }
    List<RateLimits.Limit> limits = new ArrayList<>();
    for (RateLimitConfig limit : route.rateLimits()) {
      boolean shared = limit.shared() && whole.group().isPresent();
      RateLimits.Limit known = counting.get(limit);
      RateLimits.Limit kept =
          known != null && known.limiter().isShared() == shared
              ? known
              : new RateLimits.Limit(
                  limit,
                  new RateLimiter(
                      limit.rate().intervalNanos(),
                      limit.burst(),
                      limit.places(),
                      secrets.nextLong(),
                      shared ? dataPlane.loops() : 0));
      if (shared) {
        sharedRates.keep(listener, route.name(), kept);
      }
      limits.add(kept);
    }
    LoopCounters<RouteCounter> counters =
        old != null ? old.counters() : new LoopCounters<>(dataPlane.loops(), RouteCounter.class);
    HttpRoute made =
        new HttpRoute(
            route,
            targets,
            counters,
            limits.isEmpty() ? RateLimits.NONE : new RateLimits(limits),
            guards(route, services, old, counters, filtering),
            route.errors().isEmpty() ? pages : pages.with(route.errors()));
    route
        .trial()
        .mirror()
        .ifPresent(mirror ->
            made.setMirror(
                new Mirror(
                    mirror,
                    beside(
                        RouteConfig.mirror(
                            besides(route.name(), "mirror"), mirror.service(), mirror.timeout()),
                        services),
                    counters)));
    route.cache().ifPresent(kept -> made.setCache(cache(route, kept, old, counters)));
    return made;
  }

  /** What was kept before is good as long as nothing is said of the route that was not before. */
  private RouteCache cache(
      RouteConfig route,
      CacheConfig config,
      @Nullable HttpRoute old,
      LoopCounters<RouteCounter> counters) {
    CacheStore store = cache;
    if (store == null) {
      byte[] key = new byte[16];
      secrets.nextBytes(key);
      store = new CacheStore(cacheBytes, key, control::epochMillis);
      cache = store;
    }
    RouteCache before = old != null && old.config().equals(route) ? old.cache() : null;
    return new RouteCache(
        config,
        store,
        before != null ? before.scope() : store.newScope(),
        counters,
        !route.auth().equals(AuthConfig.NONE) || !route.filters().isEmpty());
  }

  /** Classes of others that look at requests. */
  List<LoadedFilter> filters() {
    return filters.all();
  }

  /** What routes keep; null: none does. */
  @Nullable CacheStore cache() {
    return cache;
  }

  /** One for requests of our own, which nobody matches. */
  private HttpRoute beside(RouteConfig route, Map<String, ServiceRuntime> services) {
    ServiceRuntime service = services.get(route.service());
    if (service == null) {
      throw new IllegalStateException("requests to no service passed the checks: " + route);
    }
    HttpRoute made =
        new HttpRoute(
            route, service.target(), new LoopCounters<>(dataPlane.loops(), RouteCounter.class));
    made.setRecordName(dataPlane.names().number(RecordNames.Kind.ROUTE, route.name()));
    return made;
  }

  /** Who is asked before a request of that route goes on, credentials first. */
  private List<Guard> guards(
      RouteConfig route,
      Map<String, ServiceRuntime> services,
      @Nullable HttpRoute old,
      LoopCounters<RouteCounter> counters,
      Map<String, LoadedFilter> filtering) {
    List<Guard> guards =
        old == null
            ? identities.guards(route.auth(), AuthConfig.NONE, List.of())
            : identities.guards(route.auth(), old.config().auth(), old.guardList());
    guards.addAll(0, oidc.guards(route));
    Optional<ExtAuthConfig> ext = route.auth().ext();
    if (ext.isPresent()) {
      HttpRoute asking =
          beside(
              new RouteConfig(
                  besides(route.name(), "ext-auth"),
                  RouteMatch.ANY,
                  ext.get().service(),
                  ext.get().timeout()),
              services);
      guards.add(new ExtAuthGuard(ext.get(), asking));
    }
    for (String name : route.filters()) {
      LoadedFilter filter = filtering.get(name);
      if (filter == null) {
        throw new IllegalStateException("a filter that there is not passed the checks: " + name);
      }
      Map<String, ServiceTarget> elsewhere = new HashMap<>();
      for (String service : filter.config().services()) {
        ServiceRuntime runtime = services.get(service);
        if (runtime == null) {
          throw new IllegalStateException("a filter's service passed the checks: " + service);
        }
        elsewhere.put(service, runtime.target());
      }
      guards.add(new FilterGuard(filter, elsewhere));
    }
    route.trial().fault().ifPresent(fault -> guards.add(new FaultGuard(fault, counters)));
    return guards;
  }

  /** What requests of our own are called in records, that are made because of those of a route. */
  private static String besides(String route, String what) {
    return route.substring(0, Math.min(route.length(), 48)) + "." + what;
  }

  /**
   * Addresses that go from one listener to another, with the one that has them now: a listener that
   * is called otherwise from now on, for instance. They stay open, since closing one and opening it
   * again would turn clients away, and opening it twice is not possible.
   */
  private static Map<HostPort, String> takenOver(State before, FairleadConfig config) {
    Map<HostPort, String> wantedBy = new HashMap<>();
    config
        .listeners()
        .values()
        .forEach(listener -> {
          if (takesOver(listener)) {
            listener.bind().forEach(a -> wantedBy.put(a, listener.name()));
          }
        });
    Map<HostPort, String> taken = new HashMap<>();
    before
        .listeners()
        .forEach((name, listener) -> {
          if (!takesOver(listenerConfig(before.config(), name))) {
            return;
          }
          for (HostPort address : listener.addresses()) {
            String next = wantedBy.get(address);
            ListenerConfig still = config.listeners().get(name);
            // Port 0 is another port each time.
            if (next != null
                && address.port() != 0
                && (still == null
                    || still.protocol() != listenerConfig(before.config(), name).protocol()
                    || !still.bind().contains(address))) {
              taken.put(address, name);
            }
          }
        });
    return taken;
  }

  /** Sockets for datagrams have sessions behind them and do not change hands. */
  private static boolean takesOver(ListenerConfig listener) {
    return listener.protocol() != ListenerProtocol.UDP;
  }

  /** Opens what is new; on failure closes it again. */
  private Map<String, Listener> openListeners(
      @Nullable State before,
      FairleadConfig config,
      Set<HostPort> taken,
      Map<String, Policy> policies,
      Map<String, TlsKeeper.Loaded> certificates)
      throws IOException {
    Map<String, Listener> listeners = new LinkedHashMap<>();
    List<Listener> opened = new ArrayList<>();
    try {
      for (ListenerConfig wanted : config.listeners().values()) {
        Listener known = before == null ? null : before.listeners().get(wanted.name());
        if (known != null && isSame(before, wanted)) {
          boolean takes = takesOver(wanted);
          known.add(wanted.bind().stream().filter(a -> !(takes && taken.contains(a))).toList());
          listeners.put(wanted.name(), known);
          if (wanted.http3().isPresent()) {
            known.openHttp3();
          }
        } else {
          Listener made =
              open(wanted, taken, policies.get(wanted.name()), tlsOf(certificates, wanted.name()));
          opened.add(made);
          listeners.put(wanted.name(), made);
          if (wanted.http3().isPresent()) {
            made.openHttp3();
          }
        }
      }
      return listeners;
    } catch (IOException | RuntimeException e) {
      opened.forEach(listener -> listener.drain(Duration.ZERO));
      if (before != null) {
        before
            .listeners()
            .forEach((name, listener) -> {
              listener.retain(listenerConfig(before.config(), name).bind());
              settleHttp3(before.config(), name, listener);
            });
      }
      throw e;
    }
  }

  /** What is said of HTTP/3 counts, wherever there is a listener for it. */
  private static void settleHttp3(FairleadConfig config, String name, Listener listener) {
    try {
      listener.settleHttp3(listenerConfig(config, name).http3());
    } catch (IOException e) {
      LOG.log(Level.WARNING, e.getMessage());
    }
  }

  private Listener open(
      ListenerConfig wanted,
      Set<HostPort> taken,
      @Nullable Policy policy,
      @Nullable TlsListener secure)
      throws IOException {
    return switch (policy) {
      case Policy.Http(HttpPolicy http) -> dataPlane.open(wanted, taken, http, secure);
      case Policy.Stream(StreamPolicy stream) -> dataPlane.open(wanted, taken, stream);
      case Policy.Datagrams(UdpPolicy udp) -> dataPlane.open(wanted, udp);
      case null -> throw new IllegalStateException("no policy was built for " + wanted.name());
    };
  }

  /** One that speaks something else is another listener, even under the same name. */
  private static boolean isSame(@Nullable State before, ListenerConfig wanted) {
    ListenerConfig old = before == null ? null : before.config().listeners().get(wanted.name());
    return old != null && old.protocol() == wanted.protocol();
  }

  private static @Nullable TlsListener tlsOf(
      Map<String, TlsKeeper.Loaded> certificates, String listener) {
    TlsKeeper.Loaded loaded = certificates.get(listener);
    return loaded == null ? null : loaded.listener();
  }

  /** From the first use of TLS on: looks at its files, as ConfigWatch does at its own. */
  private void lookAfterCertificates() {
    if (tlsLooks == null && (tls.isNeeded() || nodeTls.isNeeded() || identities.files() > 0)) {
      tlsLooks =
          Thread.ofVirtual()
              .name("certificates")
              .start(() -> {
                try {
                  while (true) {
                    Thread.sleep(tls.pause(nodeTls.files() + identities.files()));
                    changing.lock();
                    try {
                      lookAtCertificates();
                    } finally {
                      changing.unlock();
                    }
                  }
                } catch (InterruptedException | IllegalStateException e) {
                  // Closed.
                }
              });
    }
  }

  /** Those of all listeners' session tickets, for a successor. */
  List<HandedTicketKey> ticketKeys() {
    changing.lock();
    try {
      return SharedTickets.all(tls.listeners(), System.nanoTime());
    } finally {
      changing.unlock();
    }
  }

  /** Sessions go on that the predecessor has made. */
  void learnTicketKeys(List<HandedTicketKey> keys) {
    changing.lock();
    try {
      SharedTickets.learn(keys, tls.listeners(), System.nanoTime());
    } finally {
      changing.unlock();
    }
  }

  private void lookAtCertificates() {
    long now = System.nanoTime();
    sharedTickets.turn(tls.listeners(), now);
    tls.lookAgain(now);
    nodeTls.lookAgain();
    identities.lookAgain();
    for (ServiceRuntime runtime : state().services().values()) {
      for (Node node : runtime.service().nodes().all()) {
        nodeTls.warn(node);
      }
    }
  }

  private static ListenerConfig listenerConfig(FairleadConfig config, String name) {
    ListenerConfig found = config.listeners().get(name);
    if (found == null) {
      throw new IllegalStateException("no listener " + name);
    }
    return found;
  }

  /** The switch. Control thread. */
  private @Nullable Void switchTo(
      @Nullable State before,
      State after,
      Map<String, Policy> policies,
      Map<String, TlsKeeper.Loaded> certificates,
      Map<String, NodeTlsKeeper.Ready> toNodes,
      Map<String, Scaling.Found> found,
      Map<String, DeployFile.State> versions) {
    for (ServiceConfig config : after.config().services().values()) {
      ServiceRuntime runtime = after.services().get(config.name());
      if (runtime != null) {
        ServiceConfig old = before == null ? null : before.config().services().get(config.name());
        if (old == null || !old.nodes().equals(config.nodes())) {
          membership.setConfigured(runtime.service(), config.nodes());
        }
        configure(runtime, config, toNodes.get(config.name()));
        discovery.watch(runtime.service(), config.discover());
        Scaling.Found nodes = found.get(config.name());
        DeployKeeper.Wanted wanted =
            deploys.watch(
                runtime.service(),
                config,
                old,
                versions.get(config.name()),
                config.scale().isPresent() && nodes != null && nodes.isEmpty());
        scaling.watch(runtime.service(), config.scale(), nodes, wanted.plan(), wanted.anew());
        DatabaseConfig database = after.config().databases().get(config.name());
        if (database != null) {
          databases.configure(
              runtime.service(), database, config, after.config().keysOf(config.name()));
        }
        outliers.watch(runtime.service(), config);
      }
    }
    after
        .listeners()
        .forEach((name, listener) -> {
          listener.configure(listenerConfig(after.config(), name));
          switch (policies.get(name)) {
            case Policy.Http(HttpPolicy policy) ->
                ((HttpListenerState) listener.state()).setPolicy(policy);
            case Policy.Stream(StreamPolicy policy) ->
                ((StreamListenerState) listener.state()).setPolicy(policy);
            case Policy.Datagrams(UdpPolicy policy) ->
                ((UdpListenerState) listener.state()).setPolicy(policy);
            case null -> throw new IllegalStateException("no policy was built for " + name);
          }
          listener.state().setTls(tlsOf(certificates, name));
        });
    state.set(after);
    records.show(after.config().logs());
    return null;
  }

  /** What is no longer named drains. */
  private void leave(@Nullable State before, State after, Map<HostPort, String> takenOver) {
    if (before == null) {
      after.listeners().forEach((name, listener) -> settleHttp3(after.config(), name, listener));
      after
          .listeners()
          .forEach((name, listener) ->
              listener
                  .boundAddresses()
                  .forEach(a -> events.add(new Event.ListenerStarted(name, text(a)))));
      return;
    }
    after
        .listeners()
        .forEach((name, listener) -> {
          ListenerConfig config = listenerConfig(after.config(), name);
          for (HostPort address : takesOver(config) ? config.bind() : List.<HostPort>of()) {
            Listener from = before.listeners().get(takenOver.getOrDefault(address, ""));
            if (from != null) {
              listener.takeOver(address, from);
            }
          }
        });
    // Not before: what one gives up another may have just taken.
    after
        .listeners()
        .forEach((name, listener) -> listener.retain(listenerConfig(after.config(), name).bind()));
    after.listeners().forEach((name, listener) -> settleHttp3(after.config(), name, listener));
    leaving.removeIf(CompletableFuture::isDone);
    before
        .listeners()
        .forEach((name, listener) -> {
          if (after.listeners().get(name) != listener) {
            leaving.add(listener.drain(DRAIN_PATIENCE));
          }
        });
    announce(before, after);
    control.call(() -> endServices(before.services(), after.services()));
  }

  /** Says which addresses are served from now on, and which no longer. */
  private void announce(State before, State after) {
    before
        .config()
        .listeners()
        .forEach((name, old) -> {
          ListenerConfig now = after.config().listeners().get(name);
          for (HostPort address : old.bind()) {
            if (now == null || !now.bind().contains(address)) {
              events.add(new Event.ListenerStopped(name, address.toString()));
            }
          }
        });
    after
        .listeners()
        .forEach((name, listener) -> {
          ListenerConfig old = before.config().listeners().get(name);
          List<HostPort> addresses = listener.addresses();
          for (int i = 0; i < addresses.size(); i++) {
            if (old == null || !old.bind().contains(addresses.get(i))) {
              events.add(new Event.ListenerStarted(name, text(listener.boundAddresses().get(i))));
            }
          }
        });
  }

  /** Ends services that are in the first and not in the second. Control thread. */
  @SuppressWarnings("ReferenceEquality") // a database may have the name of what was none
  private @Nullable Void endServices(
      Map<String, ServiceRuntime> services, Map<String, ServiceRuntime> kept) {
    services.forEach((name, runtime) -> {
      if (kept.get(name) != runtime) {
        databases.forget(runtime.service());
        outliers.forget(runtime.service());
        health.forget(runtime.service());
        deploys.forget(runtime.service());
        scaling.forget(runtime.service());
        discovery.forget(runtime.service());
        membership.forget(runtime.service());
        runtime.end();
      }
    });
    return null;
  }

  private static String text(java.net.InetSocketAddress address) {
    return new HostPort(address.getAddress().getHostAddress(), address.getPort()).toString();
  }

  // --- what doors ask ----------------------------------------------------------------------

  State state() {
    State present = state.get();
    if (present == null) {
      throw new IllegalStateException("not started");
    }
    return present;
  }

  ControlThread control() {
    return control;
  }

  EventLog events() {
    return events;
  }

  VipKeeper vips() {
    return vips;
  }

  /** Certificates that are ordered. */
  AcmeKeeper acme() {
    return acme;
  }

  Alerts alerts() {
    return alerts.alerts();
  }

  /** This instance as one of a group; null: it is alone. */
  @Nullable Group group() {
    return groups.group();
  }

  /** What was in force in this process. */
  PastConfigs past() {
    return past;
  }

  /** What is wrong with the filters of that configuration. */
  List<ConfigReader.Problem> filterProblems(FairleadConfig config, String text, String source) {
    changing.lock();
    try {
      filters.discard(filters.prepare(config, text, source));
      return List.of();
    } catch (RefusedConfig e) {
      return e.problems();
    } finally {
      changing.unlock();
    }
  }

  /** What would change with that configuration. */
  List<String> changesTo(FairleadConfig config) {
    return changes(state().config(), config);
  }

  /** How this process is replaced by another. */
  Upgrades upgrades() {
    return upgrades;
  }

  SharedVerdicts sharedVerdicts() {
    return sharedVerdicts;
  }

  SharedTickets sharedTickets() {
    return sharedTickets;
  }

  SharedAnswers sharedAnswers() {
    return sharedAnswers;
  }

  private List<Service> presentServices() {
    State present = state.get();
    return present == null
        ? List.of()
        : present.services().values().stream().map(ServiceRuntime::service).toList();
  }

  SharedRates sharedRates() {
    return sharedRates;
  }

  /** Puts an earlier configuration of the group into force again. */
  Applied propose(String text, String who) {
    return groups.propose(text, who);
  }

  PressureWatch pressure() {
    return watch;
  }

  OutlierWatch outliers() {
    return outliers;
  }

  DatabaseKeeper databases() {
    return databases;
  }

  LiveTail tail() {
    return tail;
  }

  RecordQueries questions() {
    return questions;
  }

  HealthChecker health() {
    return health;
  }

  Membership membership() {
    return membership;
  }

  ScalingKeeper scaling() {
    return scaling;
  }

  /** Which versions services have. */
  DeployKeeper deploys() {
    return deploys;
  }

  /** Whether the API may change which programs are run on this machine. */
  boolean commandsAllowed() {
    return commandsAllowed;
  }

  /** Relative paths in a configuration are relative to this. */
  Path folder() {
    Path parent = file == null ? null : file.toAbsolutePath().getParent();
    return parent == null ? Path.of("").toAbsolutePath() : parent;
  }

  DataPlane dataPlane() {
    return dataPlane;
  }

  Duration uptime() {
    return Duration.ofNanos(System.nanoTime() - startedNanos);
  }

  boolean lastReloadSucceeded() {
    return lastReloadSucceeded;
  }

  boolean isDraining() {
    return draining;
  }

  /** The process that this one took over from; 0: none. */
  long predecessor() {
    return predecessor;
  }

  Optional<AdminServer> door() {
    return Optional.ofNullable(admin);
  }

  /**
   * From now on the configuration stays as it is.
   *
   * @throws IOException if the instance is about to stop
   */
  State freeze() throws IOException {
    changing.lock();
    try {
      if (draining) {
        throw new IOException("the instance is stopping");
      }
      frozen = true;
      return state();
    } finally {
      changing.unlock();
    }
  }

  /** What {@link #freeze} began ends, and the door, should it have been shut, opens again. */
  void unfreeze() {
    frozen = false;
    AdminServer present = admin;
    if (present == null || !present.isClosed() || draining) {
      return;
    }
    try {
      admin = openDoorSoon(state().config(), DOOR_PATIENCE);
    } catch (IOException e) {
      LOG.log(Level.ERROR, "there is no admin door any more: {0}", e.getMessage());
    }
  }

  /** Where the admin door is open. */
  public java.net.InetSocketAddress adminAddress() {
    AdminServer present = admin;
    if (present == null) {
      throw new IllegalStateException("not started");
    }
    return present.address();
  }

  /** Says when a draining node has nothing to do any more. Control thread. */
  void announceWhenEmpty(Service service, Node node) {
    if (!node.facts().draining() || !node.isMember()) {
      return;
    }
    if (node.isEmpty()) {
      ServiceRuntime runtime = state().services().get(service.name());
      String why = runtime == null ? "nothing in flight" : runtime.emptiness();
      events.add(new Event.NodeDrained(service.name(), node.name(), why));
    } else {
      control.schedule(Duration.ofMillis(100), () -> announceWhenEmpty(service, node));
    }
  }

  // --- the end -----------------------------------------------------------------------------

  /**
   * Has clients sent elsewhere, stops accepting and lets what goes on end.
   *
   * @return how many connections had to be cut in the end
   */
  public int drain(Duration patience) {
    int cut = end("draining", this::sendElsewhere, patience, listener -> listener.drain(patience));
    scaling.stop(state().config());
    databases.stopManaging();
    return cut;
  }

  /** Nobody who still believes a name or a virtual IP is turned away. */
  private void sendElsewhere() {
    Duration believed = frontEnds.leave(groups.group());
    vips.leave("the instance drains");
    if (!believed.isZero()) {
      events.add(
          new Event.InstanceStopping(
              "resolvers may send clients here for another " + believed.toSeconds() + " s"));
      LockSupport.parkNanos(believed.toNanos());
    }
  }

  /**
   * Another process serves: lets what goes on end, like {@link #drain}, but idle connections wait
   * for one more request, whose answer sends the client to that process.
   */
  int leave(Duration patience) {
    alerts.close(); // that process tells from now on
    replaced = true;
    acme.close();
    control.call(() -> {
      deploys.close();
      scaling.close(); // and starts and stops
      return true;
    });
    databases.close(); // and backs up
    databases.abandon(); // and manages databases
    groups.close(); // and is one of the group
    return end(
        "replaced", vips::abandon, patience, listener -> listener.leave(IDLE_PATIENCE, patience));
  }

  /**
   * Ends what goes on.
   *
   * @param addresses what becomes of virtual IPs, before anybody is turned away
   */
  private int end(
      String why,
      Runnable addresses,
      Duration patience,
      Function<Listener, CompletableFuture<Integer>> how) {
    List<CompletableFuture<Integer>> drains;
    changing.lock(); // a change that has begun is brought to its end first
    try {
      draining = true;
      drains = new ArrayList<>(leaving);
    } finally {
      changing.unlock();
    }
    events.add(new Event.InstanceStopping(why));
    addresses.run();
    for (Listener listener : state().listeners().values()) {
      drains.add(how.apply(listener));
    }
    int cut = 0;
    for (CompletableFuture<Integer> drain : drains) {
      cut += drain.orTimeout(patience.toSeconds() + 5, TimeUnit.SECONDS).join();
    }
    return cut;
  }

  /**
   * Shuts the doors first, so that nobody asks for anything more; then what sends work to event
   * loops ends, and these last. What event loops still tell the control thread then is dropped.
   */
  @Override
  public void close() {
    AdminServer door = admin;
    if (door != null) {
      door.close();
    }
    vips.close();
    acme.close();
    State last = state.get();
    if (last != null && !replaced) {
      scaling.stop(last.config()); // what a drain has not stopped
    }
    databases.close();
    databases.stopManaging();
    questions.close();
    alerts.close();
    groups.close();
    dns.close();
    identities.close();
    oidc.close();
    Thread looking = tlsLooks;
    if (looking != null) {
      looking.interrupt();
    }
    control.call(() -> {
      outliers.close();
      deploys.close();
      scaling.close();
      discovery.close();
      health.close();
      membership.close();
      return null;
    });
    control.close();
    dataPlane.close();
    filters.close();
    changing.lock();
    try {
      records.close();
      export.close();
      incidents.close();
      tls.close();
    } finally {
      changing.unlock();
    }
  }
}
