package io.fairlead.replication.manage;

import io.fairlead.config.DatabaseConfig;
import io.fairlead.config.ManageConfig;
import io.fairlead.replication.MariadbPrograms;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A MariaDB Galera cluster that Fairlead makes, runs and begins anew itself: its members, each with
 * an agent, and whoever decides. All members are on the machine of one instance; others of its
 * group only lead to them.
 *
 * <p>One process at a time has to do with a folder: a lock on a file in it sees to that. A process
 * that takes over waits for the one before to let go of it.
 */
public final class ManagedGalera implements DatabaseManager {
  private static final System.Logger LOG = System.getLogger(ManagedGalera.class.getName());

  private static final Duration LOCK_AGAIN = Duration.ofMillis(50);
  private static final Duration AGAIN = Duration.ofSeconds(2);
  private static final Duration STOP = Duration.ofSeconds(30);

  /** So long sessions may take to end by themselves before the writes move without them. */
  private static final Duration DRAIN = Duration.ofSeconds(10);

  private static final Duration MOVE = Duration.ofSeconds(40);

  /** How long a member that has just come back is waited for. */
  private static final Duration FITNESS = Duration.ofSeconds(2);

  /** Up to that rsync copies all of the data within some seconds, and is quickest. */
  private static final long SMALL = 256L * 1024 * 1024;

  private static final long SIZE_NANOS = Duration.ofSeconds(30).toNanos();

  private final DatabaseConfig config;
  private final Path folder;
  private final MariadbSql sql;
  private final SecureRandom random;
  private final ManagedDatabase.World world;
  private final List<String> own;
  private final String instance;
  private final Thread starting;

  private final ReentrantLock moving = new ReentrantLock();
  private volatile Map<String, GaleraAgent> agents = Map.of();
  private volatile @Nullable GaleraCoordinator coordinator;
  private volatile String trouble = "is just beginning";
  private volatile boolean closed;
  private volatile boolean small = true;
  private volatile long sizeAt;
  private @Nullable FileChannel lock;

  private ManagedGalera(
      DatabaseConfig config,
      ManageConfig manage,
      Path data,
      MariadbSql sql,
      SecureRandom random,
      String instance,
      ManagedDatabase.World world) {
    this.config = config;
    this.folder = manage.folder().orElse(data.resolve("databases").resolve(config.name()));
    this.sql = sql;
    this.random = random;
    this.world = world;
    this.instance = instance;
    this.own = config.membersOf(instance);
    this.starting =
        Thread.ofVirtual().name("database " + config.name() + " begins").unstarted(this::begin);
  }

  /**
   * Begins; answers at once.
   *
   * @param config that says so
   * @param data the instance's folder for state
   * @param instance which one of the group this is; empty: it is alone
   */
  public static ManagedGalera start(
      DatabaseConfig config,
      Path data,
      MariadbSql sql,
      SecureRandom random,
      String instance,
      ManagedDatabase.World world) {
    ManagedGalera database =
        new ManagedGalera(
            config, config.manage().orElseThrow(), data, sql, random, instance, world);
    if (!database.own.isEmpty()) {
      database.starting.start();
    }
    return database;
  }

  private void begin() {
    while (!closed) {
      try {
        if (!isLocked()) {
          trouble = "another process has to do with " + folder;
          LockSupport.parkNanos(LOCK_AGAIN.toNanos());
          continue;
        }
        make(MariadbPrograms.findGalera());
        trouble = "";
        return;
      } catch (IOException e) {
        String what = String.valueOf(e.getMessage());
        if (!what.equals(trouble)) {
          trouble = what;
          world.event(new Event.DatabaseFailoverStuck(config.name(), what));
          world.admitNobody(what);
        }
        LockSupport.parkNanos(AGAIN.toNanos());
      }
    }
  }

  private synchronized boolean isLocked() throws IOException {
    if (lock == null) {
      Files.createDirectories(folder);
      FileChannel file =
          FileChannel.open(
              folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock got = null;
      try {
        got = file.tryLock();
      } catch (OverlappingFileLockException _) {
        // another instance of this very process
      }
      if (got == null) {
        file.close();
        return false;
      }
      lock = file;
    }
    return true;
  }

  private synchronized void make(MariadbPrograms programs) throws IOException {
    if (closed) {
      return;
    }
    GaleraStore store = new GaleraStore(folder.resolve("state"));
    @Nullable GaleraState _ = store.read(); // or it is said what is wrong with it
    Logins logins = Logins.of(folder.resolve("secret"), random);
    endFormer(programs);
    CompletableFuture<GaleraCoordinator> made = new CompletableFuture<>();
    Map<String, GaleraAgent> all = new LinkedHashMap<>();
    for (String name : own) {
      all.put(
          name,
          new GaleraAgent(
              config,
              name,
              logins,
              programs,
              new GaleraFolder(programs, folder.resolve(name)),
              sql,
              store,
              () -> made.join().canJoin(),
              member -> made.join().canCopy(member),
              this::isSmall,
              world::event,
              () -> made.join().look()));
    }
    GaleraCoordinator begun =
        new GaleraCoordinator(
            config,
            Collections.unmodifiableMap(all),
            store,
            new GaleraCoordinator.World() {
              @Override
              public void admit(String member) {
                world.admit(member, 0);
              }

              @Override
              public void admitNobody(String why) {
                world.admitNobody(why);
              }

              @Override
              public void event(Event event) {
                world.event(event);
              }
            });
    made.complete(begun);
    agents = Collections.unmodifiableMap(all);
    coordinator = begun;
    all.values().forEach(GaleraAgent::start);
    begun.start();
  }

  /** Servers of members that are in the configuration no more end; their data is left. */
  private void endFormer(MariadbPrograms programs) throws IOException {
    List<Path> former;
    try (Stream<Path> found = Files.list(folder)) {
      former =
          found
              .filter(one -> Files.isDirectory(one) && Files.exists(one.resolve("line")))
              .filter(one -> !config.members().containsKey(one.getFileName().toString()))
              .toList();
    }
    for (Path one : former) {
      MemberServer server = new MemberServer(programs, new GaleraFolder(programs, one).place());
      if (server.adopt()) {
        if (!server.stop(STOP)) {
          boolean _ = server.kill();
        }
        server.endRemains();
        server.release();
        world.event(
            new Event.DatabaseMemberMade(
                config.name(),
                one.getFileName().toString(),
                "was ended, since it is in the configuration no more; its data is left"));
      }
    }
  }

  /** Whether all of the data is copied within some seconds whatever is used for it. */
  private boolean isSmall() {
    long now = System.nanoTime();
    if (sizeAt == 0 || now - sizeAt > SIZE_NANOS) {
      sizeAt = now;
      long most = 0;
      for (String name : own) {
        most = Math.max(most, size(folder.resolve(name).resolve("data")));
      }
      small = most <= SMALL;
    }
    return small;
  }

  /** Without logs, which are as large as they are from the start on, and not copied. */
  private static long size(Path data) {
    long sum = 0;
    try (Stream<Path> files = Files.walk(data)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String name = file.getFileName().toString();
        if (!name.startsWith("galera.cache")
            && !name.startsWith("gcache.page")
            && !name.startsWith("ib_logfile")
            && Files.isRegularFile(file)) {
          sum += Files.size(file);
        }
      }
    } catch (IOException | RuntimeException _) {
      return sum; // there is none yet, or files come and go
    }
    return sum;
  }

  @Override
  public ManagedView view() {
    GaleraCoordinator present = coordinator;
    if (own.isEmpty()) {
      return new ManagedView(
          false, false, 0, "", "another instance runs its members", List.of(), List.of());
    }
    if (present == null) {
      return new ManagedView(false, false, 0, "", trouble, List.of(), List.of());
    }
    ManagedView view = present.view();
    return new ManagedView(
        view.coordinates(),
        view.paused(),
        view.term(),
        view.names(),
        view.doing(),
        view.members().stream().map(one -> one.at(instance)).toList(),
        view.steps());
  }

  /** Nothing new goes to the writer, which then lets nobody write; its successor has everything. */
  @Override
  public String switchover(String to) throws IOException {
    if (!moving.tryLock()) {
      throw new IOException("the writes are moving already");
    }
    try {
      return move(present(), to);
    } finally {
      moving.unlock();
    }
  }

  private String move(GaleraCoordinator present, String to) throws IOException {
    if (present.view().paused()) {
      throw new IOException("it is left to an operator: resume it first");
    }
    if (config.writers().areSeveral()) {
      throw new IOException("all members take writes");
    }
    String writer = present.writer();
    if (!to.isEmpty() && !agents.containsKey(to)) {
      throw new IOException("there is no member " + to);
    }
    if (!to.isEmpty() && to.equals(writer)) {
      throw new IOException(to + " takes the writes already");
    }
    String next = fit(present, writer, to);
    world.drain(writer, true);
    try {
      long begun = System.nanoTime();
      while (System.nanoTime() - begun < DRAIN.toNanos() && !world.isEmpty(writer)) {
        LockSupport.parkNanos(5_000_000);
      }
      present.want(next);
      long end = System.nanoTime() + MOVE.toNanos();
      while (!present.admits(next)) {
        if (System.nanoTime() > end || closed) {
          throw new IOException("it takes longer; db status shows how it goes on");
        }
        LockSupport.parkNanos(5_000_000);
      }
      return next;
    } finally {
      present.want("");
      world.drain(writer, false);
    }
  }

  /**
   * Who can take the writes; one that has just come back has a moment to say so.
   *
   * @param to it has to be that one; empty: any
   */
  private String fit(GaleraCoordinator present, String writer, String to) throws IOException {
    long end = System.nanoTime() + FITNESS.toNanos();
    do {
      for (String name : own) {
        boolean asked = to.isEmpty() ? !name.equals(writer) : name.equals(to);
        if (asked && present.isFit(name)) {
          return name;
        }
      }
      LockSupport.parkNanos(20_000_000);
    } while (System.nanoTime() < end && !closed);
    throw new IOException(
        (to.isEmpty() ? "nobody else is" : to + " is not") + " fit to take the writes");
  }

  @Override
  public void pause(String who) throws IOException {
    present().pause(true, who);
  }

  @Override
  public void resume(String who) throws IOException {
    present().pause(false, who);
  }

  @Override
  public void reinit(String member) throws IOException {
    GaleraCoordinator present = present();
    GaleraAgent agent = agents.get(member);
    if (agent == null) {
      throw new IOException("there is no member " + member + " here");
    }
    if (member.equals(present.writer()) || present.holds(member)) {
      throw new IOException(member + " takes the writes, or did just now: switch over first");
    }
    if (!present.canJoin()) {
      throw new IOException("no part of the cluster has a quorum: its data may be needed");
    }
    agent.reinit();
  }

  @Override
  public String bootstrap(String member) throws IOException {
    present().force(member);
    return member + " begins the cluster anew";
  }

  private GaleraCoordinator present() throws IOException {
    GaleraCoordinator present = coordinator;
    if (present == null) {
      throw new IOException(own.isEmpty() ? "another instance runs its members" : trouble);
    }
    return present;
  }

  @Override
  public void abandon() {
    end(true);
  }

  /** The one that takes the writes ends last: so it has the most, and says so itself. */
  @Override
  public void close() {
    end(false);
  }

  private synchronized void end(boolean leaves) {
    if (closed) {
      return;
    }
    closed = true;
    GaleraCoordinator present = coordinator;
    String writer = "";
    if (present != null) {
      present.close();
      try {
        writer = present.writer();
      } catch (IOException _) {
        // in any order then
      }
    }
    List<Thread> ending = new ArrayList<>();
    GaleraAgent last = agents.get(writer);
    for (GaleraAgent agent : agents.values()) {
      if (agent != last) {
        ending.add(Thread.ofVirtual().start(() -> end(agent, leaves)));
      }
    }
    for (Thread one : ending) {
      try {
        one.join();
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
    if (last != null) {
      end(last, leaves);
    }
    try {
      if (lock != null) {
        lock.close();
      }
    } catch (IOException e) {
      LOG.log(Level.WARNING, "cannot let go of {0}: {1}", folder, e.getMessage());
    }
  }

  private static void end(GaleraAgent agent, boolean leaves) {
    if (leaves) {
      agent.abandon();
    } else {
      agent.close();
    }
  }
}
