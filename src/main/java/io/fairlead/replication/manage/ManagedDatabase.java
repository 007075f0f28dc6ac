package io.fairlead.replication.manage;

import io.fairlead.config.DatabaseConfig;
import io.fairlead.config.ManageConfig;
import io.fairlead.replication.PostgresPrograms;
import io.fairlead.replication.manage.MemberSql.Member;
import io.fairlead.runtime.Leadership;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL database that Fairlead makes, runs and fails over itself: its members on this
 * machine, each with an agent, and whoever coordinates.
 *
 * <p>One process at a time has to do with a folder: a lock on a file in it sees to that. A process
 * that takes over waits for the one before to let go of it.
 */
public final class ManagedDatabase implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(ManagedDatabase.class.getName());

  private static final Duration LOCK_AGAIN = Duration.ofMillis(50);
  private static final Duration AGAIN = Duration.ofSeconds(2);

  /** So long sessions may take to end by themselves before the writes move without them. */
  private static final Duration DRAIN = Duration.ofSeconds(10);

  private static final Duration STOP = Duration.ofSeconds(40);
  private static final Duration MOVE = Duration.ofSeconds(60);

  /** The rest of the instance. Any thread; nothing waits. */
  public interface World {
    /** Clients who write go to that member while it is the primary on that timeline. */
    void admit(String member, int timeline);

    /** They go nowhere, for that reason. */
    void admitNobody(String why);

    void event(Event event);

    /** Nothing new goes to that member, and sessions end between two transactions; or again. */
    void drain(String member, boolean on);

    /** Whether no client is connected to it any more. */
    boolean isEmpty(String member);
  }

  private final DatabaseConfig config;
  private final ManageConfig manage;
  private final Path folder;
  private final Sql sql;
  private final Leadership leadership;
  private final SecureRandom random;
  private final World world;
  private final Map<String, MemberAgent> agents = new LinkedHashMap<>();
  private final Thread starting;
  private volatile @Nullable Coordinator coordinator;
  private volatile String trouble = "is just beginning";
  private volatile boolean closed;
  private Leadership.@Nullable Candidacy candidacy;
  private @Nullable FileChannel lock;

  private ManagedDatabase(
      DatabaseConfig config,
      ManageConfig manage,
      Path data,
      Sql sql,
      Leadership leadership,
      SecureRandom random,
      World world) {
    this.config = config;
    this.manage = manage;
    this.folder = manage.folder().orElse(data.resolve("databases").resolve(config.name()));
    this.sql = sql;
    this.leadership = leadership;
    this.random = random;
    this.world = world;
    this.starting =
        Thread.ofVirtual().name("database " + config.name() + " begins").unstarted(this::begin);
  }

  /**
   * Begins; answers at once.
   *
   * @param config that says so
   * @param data the instance's folder for state
   */
  public static ManagedDatabase start(
      DatabaseConfig config,
      Path data,
      Sql sql,
      Leadership leadership,
      SecureRandom random,
      World world) {
    ManagedDatabase database =
        new ManagedDatabase(
            config, config.manage().orElseThrow(), data, sql, leadership, random, world);
    database.starting.start();
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
        make(PostgresPrograms.find());
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

  private synchronized void make(PostgresPrograms programs) throws IOException {
    if (closed) {
      return;
    }
    StateStore store = new StateFile(folder.resolve("state"));
    ManagedState before = store.read(); // or it is said what is wrong with it
    Logins logins = Logins.of(folder.resolve("secret"), random);
    MemberSql members = new MemberSql(sql, logins);
    Map<String, MemberFolder> folders = new LinkedHashMap<>();
    config
        .members()
        .keySet()
        .forEach(name -> folders.put(name, new MemberFolder(programs, folder.resolve(name))));
    ManagedState first = before == null ? first(folders) : null;
    CompletableFuture<Coordinator> made = new CompletableFuture<>();
    config
        .members()
        .forEach((name, address) -> {
          List<String> others = new ArrayList<>(config.members().keySet());
          others.remove(name);
          agents.put(
              name,
              new MemberAgent(
                  config.name(),
                  new Member(name, address),
                  others,
                  manage,
                  config.probe().user(),
                  config.probe().password(),
                  logins,
                  programs,
                  Objects.requireNonNull(folders.get(name)),
                  members,
                  store,
                  () -> made.join().source(),
                  world::event,
                  () -> made.join().look()));
        });
    Coordinator begun =
        new Coordinator(
            config,
            manage,
            agents,
            members,
            store,
            () -> first,
            new Coordinator.World() {
              @Override
              public void admit(String member, int timeline) {
                world.admit(member, timeline);
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
    coordinator = begun;
    agents.values().forEach(MemberAgent::start);
    candidacy = leadership.stand("database/" + config.name(), begun);
  }

  /**
   * What is begun with where nothing is remembered. Where there is data all the same, the memory
   * was lost, and with it whose word counts: so everybody's does.
   */
  private ManagedState first(Map<String, MemberFolder> folders) throws IOException {
    String founder = config.members().keySet().iterator().next();
    long promised = 0;
    String system = "";
    for (MemberFolder one : folders.values()) {
      if (one.hasData()) {
        promised = Math.max(promised, one.promise());
        system = one.system(one.data());
      }
    }
    TreeSet<String> all = new TreeSet<>(config.members().keySet());
    if (system.isEmpty()) {
      return ManagedState.founding(
          founder, Coordinator.founders(founder, all, manage.acknowledgements()));
    }
    return new ManagedState(
        system, promised + 1, 1, founder, 0, new VoterRule(all, 1, all, all.size()), false);
  }

  /** What is known of it. */
  public ManagedView view() {
    Coordinator present = coordinator;
    return present == null
        ? new ManagedView(false, false, 0, "", trouble, List.of(), List.of())
        : present.view();
  }

  /**
   * Lets the writes go to another member, with as little harm as can be: sessions end between
   * transactions, the primary ends in order, and its successor has everything. Waits.
   *
   * @param to empty: whoever is fit
   * @return who takes the writes now
   * @throws IOException saying why it has not come to that
   */
  public String switchover(String to) throws IOException {
    Coordinator present = coordinator;
    if (present == null) {
      throw new IOException(trouble);
    }
    ManagedView before = view();
    if (before.paused()) {
      throw new IOException("it is left to an operator: resume it first");
    }
    String successor = present.chooseSuccessor(to);
    String primary = present.primary();
    MemberAgent agent = agents.get(primary);
    if (agent == null) {
      throw new IOException(primary + " is on another machine");
    }
    world.drain(primary, true);
    present.hold(true);
    try {
      long end = System.nanoTime() + DRAIN.toNanos();
      while (!world.isEmpty(primary) && System.nanoTime() < end) {
        LockSupport.parkNanos(5_000_000);
      }
      if (!agent.stopForNow().get(STOP.toSeconds(), TimeUnit.SECONDS)) {
        throw new IOException(primary + " does not end");
      }
      String wrong = present.move(successor).get(MOVE.toSeconds(), TimeUnit.SECONDS);
      if (!wrong.isEmpty()) {
        throw new IOException(wrong);
      }
      return successor;
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("it takes longer; db status shows how it goes on", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      present.hold(false);
      world.drain(primary, false);
    }
  }

  /** Leaves all as it is until {@link #resume}: nobody is elected, nothing is started. */
  public void pause(String who) throws IOException {
    present().pause(true, who);
  }

  public void resume(String who) throws IOException {
    present().pause(false, who);
  }

  /** Gives up the data of a replica for a new copy of the primary's. */
  public void reinit(String member) throws IOException {
    Coordinator deciding = present();
    MemberAgent agent = agents.get(member);
    if (agent == null) {
      throw new IOException("there is no member " + member + " here");
    }
    if (member.equals(deciding.primary())) {
      throw new IOException(member + " takes the writes: switch over first");
    }
    agent.reinit();
  }

  private Coordinator present() throws IOException {
    Coordinator present = coordinator;
    if (present == null) {
      throw new IOException(trouble);
    }
    return present;
  }

  /** Another process goes on with it: servers stay, and nothing is decided here any more. */
  public void abandon() {
    end(true);
  }

  /** Ends all members in order, the primary first, so that the others have all it has. */
  @Override
  public void close() {
    end(false);
  }

  private synchronized void end(boolean leaves) {
    if (closed) {
      return;
    }
    closed = true;
    if (candidacy != null) {
      candidacy.close();
    }
    Coordinator present = coordinator;
    String primary = present == null ? "" : present.primary();
    if (present != null) {
      present.close();
    }
    List<MemberAgent> last = new ArrayList<>();
    agents.forEach((name, agent) -> {
      if (name.equals(primary)) {
        end(agent, leaves);
      } else {
        last.add(agent);
      }
    });
    List<Thread> ending = new ArrayList<>();
    last.forEach(agent -> ending.add(Thread.ofVirtual().start(() -> end(agent, leaves))));
    for (Thread one : ending) {
      try {
        one.join();
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
    try {
      if (lock != null) {
        lock.close();
      }
    } catch (IOException e) {
      LOG.log(Level.WARNING, "cannot let go of {0}: {1}", folder, e.getMessage());
    }
  }

  private static void end(MemberAgent agent, boolean leaves) {
    if (leaves) {
      agent.abandon();
    } else {
      agent.close();
    }
  }
}
