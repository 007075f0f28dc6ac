package io.fairlead.replication.manage;

import io.fairlead.config.DatabaseConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.ManageConfig;
import io.fairlead.config.Secret;
import io.fairlead.replication.MariadbPrograms;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Sees to a member of a Galera cluster that is on this machine: makes it, runs it, has it join.
 *
 * <p>It decides nothing about who begins the cluster anew or takes writes. A server is always
 * started so that it lets nobody write; and it joins only what has a quorum, or does what the state
 * orders.
 */
final class GaleraAgent implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(GaleraAgent.class.getName());

  private static final long LOOK_NANOS = Duration.ofMillis(25).toNanos();
  private static final long MOST_PAUSE_NANOS = Duration.ofSeconds(30).toNanos();

  /** What ends sooner after its start is not started again at once. */
  private static final long AT_ONCE_NANOS = Duration.ofSeconds(3).toNanos();

  /** How often a server is asked what it is, where all is well, and where it is not. */
  private static final long ASK_NANOS = Duration.ofMillis(200).toNanos();

  private static final long ASK_SOON_NANOS = Duration.ofMillis(40).toNanos();

  private static final Duration STOP = Duration.ofSeconds(30);
  private static final Duration ANSWER = Duration.ofSeconds(1);

  /** What it is doing. */
  enum Doing {
    WAITING("waits"),
    LOOKING("looks what it has"),
    CREATING("makes the database"),
    STARTING("starts"),
    COPYING("copies another member"),
    RUNNING("runs"),
    ALONE("has no quorum"),
    STOPPED("is stopped");

    private final String words;

    Doing(String words) {
      this.words = words;
    }

    String words() {
      return words;
    }
  }

  /**
   * As it is now.
   *
   * @param trouble what keeps it from going on, for people; empty: nothing
   * @param pid of the server; 0: none runs
   */
  record Status(Doing doing, String trouble, long pid) {}

  /** What is to become of the server. */
  private record End(boolean inOrder, CompletableFuture<Boolean> done) {}

  private final DatabaseConfig config;
  private final ManageConfig manage;
  private final String member;
  private final HostPort address;
  private final Logins logins;
  private final MariadbPrograms programs;
  private final GaleraFolder folder;
  private final MemberServer server;
  private final MariadbSql sql;
  private final GaleraStore store;
  private final BooleanSupplier canJoin;
  private final Predicate<String> canCopy;
  private final BooleanSupplier isSmall;
  private final Consumer<Event> events;
  private final Runnable changed;
  private final Thread thread;
  private final Thread asking;

  private volatile Status status = new Status(Doing.WAITING, "", 0);
  private volatile @Nullable GaleraReport report;
  private volatile @Nullable GaleraFacts facts;
  private volatile boolean closed;
  private volatile boolean leaves;
  private volatile boolean reinit;
  private volatile boolean isNew;
  private volatile @Nullable End ending;

  private volatile boolean wasFit;

  /** Its server ran before we did, and may be fit. */
  private volatile boolean adopted;

  // Of the thread.
  private boolean wasAlive;
  private boolean copied;
  private boolean meant;
  private boolean adopts = true;
  private long startedAt;
  private int failures;
  private int unreadable;
  private long lookedAt;
  private String lookedAtWhat = "";
  private long notBefore = System.nanoTime();

  /**
   * @param canJoin whether there is a part of the cluster that has a quorum
   * @param canCopy whether a member may get all of the data now
   * @param isSmall whether the data is little enough to be copied by what is quickest then
   * @param changed is told when something has changed that others go by
   */
  GaleraAgent(
      DatabaseConfig config,
      String member,
      Logins logins,
      MariadbPrograms programs,
      GaleraFolder folder,
      MariadbSql sql,
      GaleraStore store,
      BooleanSupplier canJoin,
      Predicate<String> canCopy,
      BooleanSupplier isSmall,
      Consumer<Event> events,
      Runnable changed) {
    this.config = config;
    this.manage = config.manage().orElseThrow();
    this.member = member;
    this.address = Objects.requireNonNull(config.members().get(member));
    this.logins = logins;
    this.programs = programs;
    this.folder = folder;
    this.server = new MemberServer(programs, folder.place());
    this.sql = sql;
    this.store = store;
    this.canJoin = canJoin;
    this.canCopy = canCopy;
    this.isSmall = isSmall;
    this.events = events;
    this.changed = changed;
    this.thread =
        Thread.ofPlatform().name(config.name() + " " + member).daemon(true).unstarted(this::run);
    this.asking =
        Thread.ofVirtual().name(config.name() + " " + member + " asked").unstarted(this::ask);
  }

  void start() {
    thread.start();
    asking.start();
  }

  Status status() {
    return status;
  }

  /** What is on its disk; null: its server runs, or it is being looked at. */
  @Nullable GaleraReport report() {
    return report;
  }

  /** What its server said last; null: nothing, or none runs. */
  @Nullable GaleraFacts facts() {
    GaleraFacts known = facts;
    return known != null && known.pid() == server.pid() ? known : null;
  }

  /** Whether it was started with nothing, and does not have everything yet. */
  boolean isNew() {
    return isNew;
  }

  /** Whether its server has had everything and a quorum, or ran before we did and may have. */
  boolean wasFit() {
    return wasFit || adopted;
  }

  /** Whether its server has ended, which needs no question to be known. */
  boolean isDown() {
    return server.pid() == 0;
  }

  /** The process; 0: none runs. */
  long pid() {
    return server.pid();
  }

  HostPort address() {
    return address;
  }

  /** Its data is to be given up for a copy of another's. */
  void reinit() {
    reinit = true;
    wake();
  }

  /** Something has changed that it goes by. */
  void wake() {
    LockSupport.unpark(thread);
  }

  /** Ends the server; it is started again when it may be. */
  CompletableFuture<Boolean> end(boolean inOrder) {
    End before = ending;
    if (before != null) {
      return before.done();
    }
    End asked = new End(inOrder, new CompletableFuture<>());
    ending = asked;
    wake();
    return asked.done();
  }

  /** Ends the server in order. */
  @Override
  public void close() {
    closed = true;
    wake();
    join();
  }

  /** Leaves the server to another process, which holds its line already, or will in time. */
  void abandon() {
    leaves = true;
    closed = true;
    wake();
    join();
  }

  private void join() {
    try {
      thread.join(STOP.toMillis() + 30_000);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** A login as who may do everything. */
  MariadbSql.Session open(Duration patience) throws IOException {
    return sql.open(address, Logins.GALERA_ADMIN, logins.password(Logins.GALERA_ADMIN), patience);
  }

  private void ask() {
    MariadbSql.Session session = null;
    long of = 0;
    while (!closed) {
      long pid = server.pid();
      GaleraFacts before = facts;
      if (pid != of && session != null) {
        session.close();
        session = null;
      }
      of = pid;
      if (pid != 0) {
        try {
          if (session == null) {
            session = open(ANSWER);
          }
          GaleraFacts now = GaleraFacts.ask(session, pid, ANSWER);
          facts = now;
          if (now.isSynced() && !now.method().equals(method())) {
            session.order("SET GLOBAL wsrep_sst_method='" + method() + "'", ANSWER);
          }
          if (before == null || before.pid() != pid || !before.saysTheSame(now)) {
            changed.run();
          }
        } catch (IOException e) {
          if (session != null) {
            session.close();
            session = null;
          }
        }
      }
      GaleraFacts now = facts();
      LockSupport.parkNanos(now != null && now.isSynced() ? ASK_NANOS : ASK_SOON_NANOS);
    }
    if (session != null) {
      session.close();
    }
  }

  private void run() {
    while (!closed) {
      try {
        step();
      } catch (IOException e) {
        trouble(String.valueOf(e.getMessage()));
      } catch (RuntimeException e) {
        LOG.log(Level.ERROR, "looking after " + config.name() + " " + member + " failed", e);
        trouble(e.toString());
      }
      if (!closed) {
        LockSupport.parkNanos(LOOK_NANOS);
      }
    }
    try {
      if (leaves) {
        server.leave();
        return;
      }
      if (!server.stop(STOP)) {
        boolean _ = server.kill();
      }
      server.endRemains();
      server.release();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "cannot let go of {0}: {1}", folder.line(), e.getMessage());
    }
  }

  private void trouble(String what) {
    failures++;
    notBefore =
        System.nanoTime()
            + Math.min(
                MOST_PAUSE_NANOS, Duration.ofMillis(250L << Math.min(failures, 8)).toNanos());
    if (!status.trouble().equals(what)) {
      events.accept(new Event.DatabaseMemberTrouble(config.name(), member, what));
    }
    status = new Status(status.doing(), what, server.pid());
    changed.run();
  }

  private void doing(Doing what) {
    Status now = new Status(what, what == Doing.RUNNING ? "" : status.trouble(), server.pid());
    if (!now.equals(status)) {
      status = now;
      changed.run();
    }
  }

  private void step() throws IOException {
    GaleraState state = store.read();
    if (adopts) {
      folder.make();
      adopts = false;
      adopted = server.adopt();
      wasAlive = adopted;
    }
    if (server.isAlive()) {
      alive(state);
    } else {
      ended(state);
    }
  }

  private void alive(@Nullable GaleraState state) throws IOException {
    wasAlive = true;
    report = null;
    End asked = ending;
    if (asked != null) {
      meant = true;
      boolean done = asked.inOrder() && server.stop(STOP);
      ending = null;
      boolean _ = asked.done().complete(done || server.kill());
      return;
    }
    GaleraFacts known = facts();
    if (reinit && state != null && !state.paused() && !state.holders().contains(member)) {
      meant = true;
      if (!server.stop(STOP)) {
        boolean _ = server.kill();
      }
      return;
    }
    folder.boundLog();
    if (known == null) {
      copied |= folder.isCopying();
      doing(folder.isCopying() ? Doing.COPYING : Doing.STARTING);
    } else if (!known.primary()) {
      doing(Doing.ALONE);
    } else if (known.isSynced() && state != null && known.cluster().equals(state.cluster())) {
      if (!wasFit) {
        wasFit = true;
        isNew = false;
        failures = 0;
        unreadable = 0;
        folder.markJoined();
        if (copied) {
          made("was copied from another member");
        }
        copied = false;
      }
      doing(Doing.RUNNING);
    } else {
      copied |= folder.isCopying();
      doing(Doing.STARTING);
    }
  }

  private void made(String how) {
    events.accept(new Event.DatabaseMemberMade(config.name(), member, how));
  }

  private void ended(@Nullable GaleraState state) throws IOException {
    long now = System.nanoTime();
    End asked = ending;
    if (asked != null) {
      ending = null;
      boolean _ = asked.done().complete(true);
    }
    if (wasAlive) {
      wasAlive = false;
      boolean known = meant || (wasFit && now - startedAt > AT_ONCE_NANOS);
      meant = false;
      wasFit = false;
      adopted = false;
      server.buryGuard();
      facts = null;
      report = null;
      doing(Doing.STOPPED);
      changed.run();
      if (!known && startedAt != 0) {
        throw new IOException("ended soon after its start: " + folder.lastWords());
      }
    }
    if (report == null
        || (report instanceof GaleraReport.Unreadable && now - lookedAt > MOST_PAUSE_NANOS)
        || (report instanceof GaleraReport.Empty && folder.hasData())
        || !folder.identity().equals(lookedAtWhat)) {
      look(); // somebody may have seen to it
      lookedAt = System.nanoTime();
    }
    GaleraReport has = report;
    if (has == null || now < notBefore || state == null || state.paused() || closed) {
      return;
    }
    GaleraState.Order order = state.order().orElse(null);
    if (order != null) {
      if (order.member().equals(member)
          && !order.running()
          && has instanceof GaleraReport.At(GaleraPosition at)
          && at.cluster().equals(state.cluster())) {
        begin(at, true);
      }
    } else if (!state.isFounded()) {
      if (state.writer().equals(member)) {
        found(has);
      }
    } else if (reinit && !state.holders().contains(member)) {
      reinit = false;
      setAside("is copied anew, as an operator said");
    } else if (state.holders().contains(member) || !canJoin.getAsBoolean()) {
      // What it has may be needed as it is, until somebody else has it.
      doing(Doing.WAITING);
      if (has instanceof GaleraReport.Unreadable(_, String why)) {
        throw new IOException(why);
      }
    } else {
      join(state, has);
    }
  }

  /**
   * Nothing is known of another folder while it looks, nor if that is not there any more, then,
   * which it looked at: a server that recovers what is moved away under it says how much that has.
   */
  private void look() throws IOException {
    String what = folder.identity();
    if (!what.equals(lookedAtWhat)) {
      report = null;
    }
    doing(Doing.LOOKING);
    server.endRemains();
    GaleraReport found = folder.report(settings());
    boolean same = folder.identity().equals(what);
    lookedAtWhat = what;
    report = same ? found : null;
    if (same) {
      doing(Doing.WAITING);
    }
    changed.run();
  }

  /** What it has now by our own doing. */
  private void has(GaleraReport now) throws IOException {
    lookedAtWhat = folder.identity();
    report = now;
  }

  private void setAside(String why) throws IOException {
    folder.setAside();
    has(new GaleraReport.Empty());
    made("keeps its data in " + folder.aside() + " and " + why);
  }

  private void found(GaleraReport has) throws IOException {
    switch (has) {
      case GaleraReport.Empty _ -> {
        doing(Doing.CREATING);
        folder.create(foundingSql());
        has(new GaleraReport.Fresh());
        made("was made anew");
      }
      case GaleraReport.Fresh _ -> begin(null, true);
      case GaleraReport.At(GaleraPosition at) -> begin(at, true); // it was begun before
      case GaleraReport.Half _, GaleraReport.Unreadable _ ->
          throw new IOException("has data already in " + folder.data() + "; it is left as it is");
    }
  }

  private void join(GaleraState state, GaleraReport has) throws IOException {
    boolean past = state.past().contains(member);
    switch (has) {
      case GaleraReport.Empty _ -> {
        if (!canCopy.test(member)) {
          doing(Doing.WAITING);
        } else if (!past || store.replace(state, state.withoutPast(member))) {
          begin(null, false);
        }
      }
      case GaleraReport.Half _ -> {
        folder.removeHalf();
        has(new GaleraReport.Empty());
      }
      case GaleraReport.Fresh _ -> setAside("is copied from the cluster");
      case GaleraReport.At(GaleraPosition at) -> {
        if (!at.cluster().equals(state.cluster())) {
          throw new IOException(
              "holds other data (cluster "
                  + at.cluster()
                  + ", not "
                  + state.cluster()
                  + ") in "
                  + folder.data()
                  + "; it is left as it is");
        } else if (past) {
          setAside("is copied anew: the cluster began again without it");
        } else {
          begin(at, false);
        }
      }
      case GaleraReport.Unreadable(String cluster, String why) -> {
        if (cluster.equals(state.cluster()) && unreadable++ > 0) {
          setAside("is copied anew, since it cannot be read: " + why);
        } else {
          throw new IOException(why + "; its data is left as it is in " + folder.data());
        }
      }
    }
  }

  /**
   * Starts it.
   *
   * @param position what it has; null: nothing
   * @param anew whether it begins the cluster
   */
  private void begin(@Nullable GaleraPosition position, boolean anew) throws IOException {
    if (!folder.hasData()) {
      if (position != null) {
        report = null;
        throw new IOException("its data is gone, which was there a moment ago");
      }
      folder.makeData();
    }
    if (!anew) {
      folder.markJoining();
    }
    folder.prepare(settings(), position, anew);
    List<String> arguments = new ArrayList<>();
    arguments.add("--defaults-file=" + folder.settings());
    if (anew) {
      arguments.add("--wsrep-new-cluster");
    }
    if (position != null) {
      // Without it a server that was killed begins another history, and so loses this one.
      arguments.add("--wsrep_start_position=" + position);
    }
    meant = false;
    wasFit = false;
    copied = false;
    isNew = !anew && position == null;
    report = null;
    startedAt = System.nanoTime();
    server.start(arguments);
    wasAlive = true;
    doing(Doing.STARTING);
  }

  private String method() {
    return manage
        .settings()
        .getOrDefault("wsrep_sst_method", isSmall.getAsBoolean() ? "rsync" : "mariabackup");
  }

  private String settings() throws IOException {
    GaleraState state = store.read();
    return GaleraSettings.text(
        config,
        member,
        folder,
        programs.galera(),
        state == null ? "" : state.writer(),
        method(),
        Logins.GALERA_SST + ":" + logins.password(Logins.GALERA_SST).value());
  }

  private List<String> foundingSql() throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("DROP USER IF EXISTS 'root'@'localhost'");
    for (String local : new TreeSet<>(List.of("root", programs.user()))) {
      lines.add("CREATE USER '" + local + "'@'localhost' IDENTIFIED VIA unix_socket");
      lines.add("GRANT ALL ON *.* TO '" + local + "'@'localhost' WITH GRANT OPTION");
    }
    lines.add(user(Logins.GALERA_ADMIN, "%", logins.password(Logins.GALERA_ADMIN)));
    lines.add("GRANT ALL ON *.* TO '" + Logins.GALERA_ADMIN + "'@'%' WITH GRANT OPTION");
    lines.add(user(Logins.GALERA_SST, "localhost", logins.password(Logins.GALERA_SST)));
    lines.add(
        "GRANT RELOAD, PROCESS, LOCK TABLES, BINLOG MONITOR, REPLICA MONITOR ON *.* TO '"
            + Logins.GALERA_SST
            + "'@'localhost'");
    lines.add(user(config.probe().user(), "%", config.probe().password()));
    if (manage.application().isPresent()) {
      ManageConfig.Application own = manage.application().get();
      if (!own.user().equals(config.probe().user())) {
        lines.add(user(own.user(), "%", own.password()));
      }
      lines.add("CREATE DATABASE `" + own.database() + "` CHARACTER SET utf8mb4");
      lines.add("GRANT ALL ON `" + own.database() + "`.* TO '" + own.user() + "'@'%'");
    }
    return lines;
  }

  private static String user(String name, String host, Secret password) throws IOException {
    if (password.value().chars().anyMatch(c -> c < ' ')) {
      throw new IOException("a password of more than one line cannot be given to a user");
    }
    return "CREATE USER '"
        + name
        + "'@'"
        + host
        + "' IDENTIFIED VIA mysql_native_password USING PASSWORD('"
        + password.value().replace("\\", "\\\\").replace("'", "''")
        + "')";
  }
}
