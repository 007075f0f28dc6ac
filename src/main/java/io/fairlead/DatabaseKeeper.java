package io.fairlead;

import io.fairlead.balance.Balancer;
import io.fairlead.balance.KeyedHash;
import io.fairlead.config.BackupConfig;
import io.fairlead.config.DatabaseConfig;
import io.fairlead.config.DatabaseConfig.Writers;
import io.fairlead.config.DatabaseEngine;
import io.fairlead.config.DatabaseUse;
import io.fairlead.config.FairleadConfig;
import io.fairlead.config.GroupConfig;
import io.fairlead.config.ManageConfig;
import io.fairlead.config.RouteAction;
import io.fairlead.config.RouteConfig;
import io.fairlead.config.ServiceConfig;
import io.fairlead.group.Group;
import io.fairlead.health.HealthChecker;
import io.fairlead.proxy.DataPlane;
import io.fairlead.proxy.stream.RoleSessions;
import io.fairlead.replication.DatabaseReport;
import io.fairlead.replication.DatabaseSessions;
import io.fairlead.replication.DatabaseWatch;
import io.fairlead.replication.Term;
import io.fairlead.replication.TermFile;
import io.fairlead.replication.backup.Backups;
import io.fairlead.replication.manage.DatabaseManager;
import io.fairlead.replication.manage.ManagedDatabase;
import io.fairlead.replication.manage.ManagedGalera;
import io.fairlead.runtime.ControlThread;
import io.fairlead.runtime.Leadership;
import io.fairlead.service.Node;
import io.fairlead.service.Role;
import io.fairlead.service.Service;
import io.fairlead.service.Sighting;
import io.fairlead.telemetry.Event;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Databases of the configuration as services whose nodes have roles: binds what health hears, what
 * replication makes of it, and the connections of the data plane.
 */
final class DatabaseKeeper {
  private static final Role UNKNOWN = Role.none("has not been asked yet");

  private final DataPlane dataPlane;
  private final ControlThread control;
  private final HealthChecker health;
  private final Consumer<Event> events;
  private final Path data;
  private final Path folder;
  private final Leadership leadership;
  private final SecureRandom random;
  private final Supplier<@Nullable Group> group;

  /** Those that are run and failed over here, by their names. */
  private final Map<String, Own> managed = new ConcurrentHashMap<>();

  private boolean manages;

  /**
   * @param instance which one of the group this is; empty: it is alone
   */
  private record Own(
      Service service, DatabaseConfig config, String instance, DatabaseManager database) {}

  /** By what they are services of. */
  private final Map<Service, Running> running = new ConcurrentHashMap<>();

  /** Read before the control thread needs them. */
  private final Map<String, Term> terms = new ConcurrentHashMap<>();

  /** What databases that are managed here are to the rest of the instance. */
  private final class Managed implements ManagedDatabase.World {
    private final Service service;
    private final DatabaseWatch watch;

    Managed(Service service, DatabaseWatch watch) {
      this.service = service;
      this.watch = watch;
    }

    @Override
    public void admit(String member, int timeline) {
      control.execute(() -> {
        watch.admit(member, timeline);
        for (Node node : service.nodes().all()) {
          health.askAgain(node);
        }
      });
    }

    @Override
    public void admitNobody(String why) {
      control.execute(() -> watch.admitNobody(why));
    }

    @Override
    public void event(Event event) {
      events.accept(event);
    }

    @Override
    public void drain(String member, boolean on) {
      control.execute(() -> {
        for (Node node : service.nodes().all()) {
          if (node.name().equals(member)) {
            boolean _ = service.setDraining(node, on, "switchover");
          }
        }
      });
    }

    @Override
    public boolean isEmpty(String member) {
      for (Node node : service.nodes().all()) {
        if (node.name().equals(member)) {
          return node.facts().draining() && node.isEmpty();
        }
      }
      return true;
    }
  }

  private final class Running implements DatabaseSessions, DatabaseWatch.World {
    final RoleSessions writers;
    final RoleSessions readers;
    final ServiceRuntime writes;
    final ServiceRuntime reads;
    final DatabaseWatch watch;
    final TermFile file;
    final Managed managed;
    boolean started;
    volatile @Nullable Backups backups;
    private @Nullable Path backupFolder;

    /** Where each key has one member: those that routes name, in order. */
    volatile List<String> keys = List.of();

    volatile Writers several = Writers.ONE;

    Running(
        Service service, DatabaseConfig config, ServiceConfig asService, ServiceRuntime writes) {
      this.writes = writes;
      boolean postgresql = config.engine() == DatabaseEngine.POSTGRESQL;
      writers = dataPlane.newRoleSessions(postgresql);
      readers = dataPlane.newRoleSessions(postgresql);
      reads =
          new ServiceRuntime(
              service, asService, null, dataPlane, control, node -> node.facts().role().reads());
      file = new TermFile(file(config.name()));
      watch =
          new DatabaseWatch(
              service, config, terms.getOrDefault(config.name(), Term.NONE), control, this, this);
      managed = new Managed(service, watch);
    }

    @Override
    public void cutWriters(Node node) {
      writers.cut(node);
    }

    @Override
    public void cutReaders(Node node) {
      readers.cut(node);
    }

    @Override
    public void moveReaders(Node node) {
      readers.move(node);
    }

    @Override
    public void retire(Node node) {
      writers.retire(node);
      readers.retire(node);
    }

    @Override
    public void settle(long now, long graceNanos) {
      writers.settle(now, graceNanos);
    }

    @Override
    public void wake() {
      writers.wake();
      readers.wake();
    }

    @Override
    public void askAgain(Node node) {
      health.askAgain(node);
    }

    @Override
    public void event(Event event) {
      events.accept(event);
    }

    /** Who has which of the keys that routes name. Any thread. */
    List<DatabaseReport.Holder> holders() {
      Balancer balancer = writes.target().balancer();
      List<DatabaseReport.Holder> all = new ArrayList<>();
      for (String key : keys) {
        Node node = balancer.pick(KeyedHash.hash(key), null, random);
        all.add(new DatabaseReport.Holder(key, node == null ? "" : node.name()));
      }
      return all;
    }

    /** Backups of another folder are another's. */
    void backUp(DatabaseConfig config) {
      Path wanted = config.backup().map(BackupConfig::folder).orElse(null);
      Backups present = backups;
      if (present != null && !Objects.equals(wanted, backupFolder)) {
        endBackups();
        present = null;
      }
      backupFolder = wanted;
      if (present != null) {
        present.configure(config);
      } else if (wanted != null) {
        Backups made = new Backups(config, watch::view, leadership, control, events);
        backups = made;
        made.start();
      }
    }

    /** What it does may take a moment to end. */
    void endBackups() {
      Backups present = backups;
      backups = null;
      if (present != null) {
        Thread _ = Thread.ofVirtual().name("backups end").start(present::close);
      }
    }

    @Override
    public void remember(Term term) {
      terms.put(watch.view().name(), term);
      file.save(term);
    }
  }

  DatabaseKeeper(
      DataPlane dataPlane,
      ControlThread control,
      HealthChecker health,
      Leadership leadership,
      Consumer<Event> events,
      Path data,
      SecureRandom random,
      Supplier<@Nullable Group> group) {
    this.data = data;
    this.leadership = leadership;
    this.random = random;
    this.group = group;
    this.dataPlane = dataPlane;
    this.control = control;
    this.health = health;
    this.events = events;
    this.folder = data.resolve("databases");
    health.setSightingListener(this::saw);
  }

  private Path file(String name) {
    return folder.resolve(name + ".term");
  }

  /** Reads what is remembered of databases that are new. A thread that may wait. */
  void load(FairleadConfig config) {
    for (String name : config.databases().keySet()) {
      terms.computeIfAbsent(name, _ -> new TermFile(file(name)).load());
    }
  }

  /** Whether it is a database's. */
  boolean isDatabase(Service service) {
    return running.containsKey(service);
  }

  /** Makes the service a database; what is returned sends to the primary. Control thread. */
  ServiceRuntime begin(Service service, DatabaseConfig config, ServiceConfig asService) {
    service.setRoleOfNewcomers(UNKNOWN);
    ServiceRuntime writes =
        new ServiceRuntime(
            service, asService, null, dataPlane, control, node -> node.facts().role().writes());
    running.put(service, new Running(service, config, asService, writes));
    return writes;
  }

  /**
   * Goes by that from now on. Control thread; the service is watched by health.
   *
   * @param keys that routes name which lead there
   */
  void configure(
      Service service, DatabaseConfig config, ServiceConfig asService, Set<String> keys) {
    Running database = running.get(service);
    if (database != null) {
      database.keys = List.copyOf(new TreeSet<>(keys));
      database.several = config.writers();
      boolean keyed = config.writers() == Writers.AFFINITY;
      database.writes.setKeyed(keyed);
      database.reads.configure(asService, null);
      database.writers.setPatience(config.patience());
      database.readers.setPatience(config.patience());
      boolean guarded = config.manage().map(one -> !one.allowAsynchronousCommits()).orElse(false);
      database.writers.setGuarded(guarded);
      database.readers.setGuarded(guarded);
      boolean declines =
          config.manage().flatMap(ManageConfig::tls).filter(tls -> !tls.forClients()).isPresent();
      database.writers.setDeclinesTls(declines);
      database.readers.setDeclinesTls(declines);
      database.watch.configure(config);
      if (!database.started) {
        database.started = true;
        database.watch.start();
      }
      database.backUp(config);
    }
  }

  /** The backups of a database; null: it has none here. Any thread. */
  @Nullable Backups backups(String name) {
    for (Running database : running.values()) {
      if (database.watch.view().name().equals(name)) {
        return database.backups;
      }
    }
    return null;
  }

  /** Nothing is backed up any more; what has begun ends. Not the control thread: it waits. */
  void close() {
    for (Running database : running.values()) {
      Backups backups = database.backups;
      if (backups != null) {
        backups.close();
      }
    }
  }

  /** The service is no longer configured. Control thread. */
  void forget(Service service) {
    Running database = running.remove(service);
    if (database != null) {
      database.watch.close();
      database.endBackups();
      database.reads.end();
    }
  }

  /**
   * From now on databases are managed, if the configuration says so. By one thread at a time, which
   * may wait.
   */
  void startManaging(FairleadConfig config) {
    manages = true;
    manage(config);
  }

  /** Those are managed that are to be, and no others: what has changed begins anew. */
  void manage(FairleadConfig config) {
    if (!manages) {
      return;
    }
    String instance = config.group().map(GroupConfig::instance).orElse("");
    managed.forEach((name, own) -> {
      DatabaseConfig wanted = config.databases().get(name);
      if (!running.containsKey(own.service()) || wanted == null || wanted.manage().isEmpty()) {
        managed.remove(name);
        own.database().close();
      } else if (!own.config().equals(wanted) || !own.instance().equals(instance)) {
        managed.remove(name);
        own.database().abandon(); // servers go on, and are found again
      }
    });
    running.forEach((service, known) -> {
      DatabaseConfig wanted = config.databases().get(service.name());
      if (wanted != null && wanted.manage().isPresent() && !managed.containsKey(wanted.name())) {
        managed.put(
            wanted.name(),
            new Own(
                service,
                wanted,
                instance,
                wanted.engine() == DatabaseEngine.GALERA
                    ? ManagedGalera.start(
                        wanted, data, new ManagedMariadbSql(), random, instance, known.managed)
                    : ManagedDatabase.start(
                        wanted,
                        data,
                        new ManagedSql(wanted.manage().get().tls()),
                        leadership,
                        random,
                        instance.isEmpty() ? null : peers(instance),
                        known.managed)));
      }
    });
  }

  private ManagedDatabase.Peers peers(String instance) {
    return new ManagedDatabase.Peers(
        instance,
        () -> {
          Group present = group.get();
          return present == null ? null : present.values();
        },
        () -> {
          Group present = group.get();
          return present == null ? Set.of() : present.hosts();
        });
  }

  /** Null: it is none that is managed here. */
  @Nullable DatabaseManager managed(String name) {
    Own own = managed.get(name);
    return own == null ? null : own.database();
  }

  /** Another process goes on with those that are managed. */
  void abandon() {
    manages = false;
    managed.values().forEach(own -> own.database().abandon());
    managed.clear();
  }

  /** Those that are managed end in order. Waits. */
  void stopManaging() {
    manages = false;
    List<Thread> ending = new ArrayList<>();
    managed.values().forEach(own -> ending.add(Thread.ofVirtual().start(own.database()::close)));
    managed.clear();
    for (Thread one : ending) {
      try {
        one.join();
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void saw(Service service, Node node, Sighting sighting) {
    Running database = running.get(service);
    if (database != null && database.started) {
      database.watch.saw(node, sighting);
    }
  }

  /** What sends there what that route takes; {@code service} unless it reads from a database. */
  ServiceRuntime of(RouteConfig route, ServiceRuntime service) {
    Running database = running.get(service.service());
    return database != null && isRead(route) ? database.reads : service;
  }

  /** The connections of that route; null: it leads to no database. */
  @Nullable RoleSessions sessions(RouteConfig route, Service service) {
    Running database = running.get(service);
    return database == null ? null : isRead(route) ? database.readers : database.writers;
  }

  /** What its connections have in common; empty: that is not said, or it leads to no database. */
  static OptionalInt key(RouteConfig route) {
    return route.action() instanceof RouteAction.Database(_, _, Optional<String> key)
            && key.isPresent()
        ? OptionalInt.of(KeyedHash.hash(key.get()))
        : OptionalInt.empty();
  }

  private static boolean isRead(RouteConfig route) {
    return route.action() instanceof RouteAction.Database(_, DatabaseUse use, _)
        && use == DatabaseUse.READ_ONLY;
  }

  /** All, by name. Any thread. */
  List<DatabaseReport> reports() {
    List<DatabaseReport> all = new ArrayList<>();
    for (Running database : running.values()) {
      RoleSessions writers = database.writers;
      RoleSessions readers = database.readers;
      all.add(
          new DatabaseReport(
              database.watch.view(),
              database.several,
              database.holders(),
              writers.waiting() + readers.waiting(),
              writers.cut() + readers.cut(),
              writers.moved() + readers.moved(),
              writers.ended() + readers.ended()));
    }
    all.sort(Comparator.comparing(one -> one.view().name()));
    return all;
  }
}
