package io.fairlead.replication.manage;

import io.fairlead.config.ManageConfig;
import io.fairlead.config.Secret;
import io.fairlead.replication.PostgresPrograms;
import io.fairlead.replication.manage.MemberSql.Member;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Sees to a member that is on this machine: makes it, runs it, makes it fit to follow again.
 *
 * <p>It decides nothing about who is the primary. A server is always started as a replica that
 * follows nobody; whoever coordinates has it follow, or promotes it. And one that was promoted is
 * ended at once when a higher term has begun than it has promised, whatever else is going on, or
 * when it is not the one that was let in.
 */
final class MemberAgent implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(MemberAgent.class.getName());

  /** So often it is looked at from where one may log in. */
  private static final long DOOR_NANOS = Duration.ofSeconds(1).toNanos();

  private static final long LOOK_NANOS = Duration.ofMillis(25).toNanos();
  private static final long MOST_PAUSE_NANOS = Duration.ofSeconds(30).toNanos();

  /** So long a primary that has ended waits for somebody else to be one, before it comes back. */
  private static final long SUCCESSION_NANOS = Duration.ofSeconds(3).toNanos();

  /**
   * So long one that has ended for its successor leaves the machine to that. It is of no use to
   * those who are being elected, and starting it takes as much as all they do.
   */
  private static final long ELECTION_NANOS = Duration.ofSeconds(1).toNanos();

  /** What ends sooner after its start is not started again at once. */
  private static final long AT_ONCE_NANOS = Duration.ofSeconds(3).toNanos();

  /**
   * So often it is only started again where there is nothing to go back to, before it is copied.
   */
  private static final int SAME = 2;

  /** What was longer ago than that has nothing to do with it. */
  private static final long SAME_NANOS = Duration.ofMinutes(15).toNanos();

  /** What a server says that cannot be started by any means. */
  private static final String NO_CHECKPOINT = "could not locate a valid checkpoint record";

  /** What a copy ends with where a page that it was to have is damaged. */
  private static final String CHECKSUM = "checksum error";

  private static final Duration STOP = Duration.ofSeconds(30);

  /** So long somebody who is to be succeeded may take to end in order: nobody can write then. */
  private static final Duration IN_ORDER = Duration.ofSeconds(5);

  private static final Duration COPY = Duration.ofDays(2);
  private static final Duration MINUTES = Duration.ofMinutes(10);
  private static final Duration ASK = Duration.ofSeconds(3);

  /** What it is doing. */
  enum Doing {
    WAITING("waits"),
    CREATING("makes the database"),
    COPYING("copies the primary"),
    REWINDING("goes back to what it has in common with the primary"),
    RUNNING("runs"),
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

  private final String database;
  private final Member member;
  private final List<String> others;
  private final ManageConfig config;
  private final Secret probePassword;
  private final String probeUser;
  private final Logins logins;
  private final PostgresPrograms programs;
  private final MemberFolder folder;
  private final MemberServer server;
  private final ServerTls tls;

  private final MemberPages pages;
  private final MemberSql sql;
  private final StateStore store;
  private final Supplier<@Nullable Member> source;
  private final Consumer<String> suspects;
  private final Supplier<MemberFolder.Door> door;
  private final Consumer<Event> events;
  private final Runnable changed;
  private final Thread thread;

  private volatile Status status = new Status(Doing.WAITING, "", 0);
  private volatile boolean closed;
  private volatile boolean leaves;
  private volatile boolean rejoin;
  private volatile boolean reinit;
  private volatile @Nullable CompletableFuture<Boolean> stopping;

  /** The process by which its server was seen to get the log last; empty: none. */
  private volatile String receiver = "";

  private volatile boolean isFollowing;

  /** Whether somebody may be logged in in the clear who could not any more. */
  private volatile boolean mayBeClear;

  // Of the thread.
  private boolean wasAlive;
  private boolean wasPrimary;
  private boolean adopts = true;
  private long endedAt;
  private long startedAt;
  private long doorAt = System.nanoTime() - DOOR_NANOS;
  private long heldTerm = -1;
  private boolean diesAtOnce;
  private int failures;
  private int same;
  private long sameAt = System.nanoTime();
  private long notBefore = System.nanoTime();

  /**
   * @param source whom it gets its data from; null: nobody now
   * @param suspects is told whose data could not be copied because a page of it is damaged
   * @param readers one member is read whole at a time
   * @param door who may log in now, and from where
   * @param changed is told when something has changed that others go by
   */
  MemberAgent(
      String database,
      Member member,
      List<String> others,
      ManageConfig config,
      String probeUser,
      Secret probePassword,
      Logins logins,
      PostgresPrograms programs,
      MemberFolder folder,
      MemberSql sql,
      StateStore store,
      Supplier<@Nullable Member> source,
      Consumer<String> suspects,
      Semaphore readers,
      Supplier<MemberFolder.Door> door,
      Consumer<Event> events,
      Runnable changed) {
    this.database = database;
    this.member = member;
    this.others = List.copyOf(others);
    this.config = config;
    this.probeUser = probeUser;
    this.probePassword = probePassword;
    this.logins = logins;
    this.programs = programs;
    this.folder = folder;
    this.server =
        new MemberServer(
            programs,
            new MemberServer.Place(
                "postgres",
                folder.data(),
                folder.line(),
                folder.log(),
                folder.data().resolve("postmaster.pid"),
                ProcessEntry.Signal.INTERRUPT,
                ServerTls.ofServer(folder)));
    this.tls =
        new ServerTls(
            folder,
            config.tls(),
            what -> events.accept(new Event.DatabaseMemberTrouble(database, member.name(), what)));
    this.mayBeClear = config.tls().map(one -> !one.optional()).orElse(false);
    this.sql = sql;
    this.store = store;
    this.source = source;
    this.suspects = suspects;
    this.door = door;
    this.events = events;
    this.changed = changed;
    this.pages =
        new MemberPages(
            database,
            member,
            config.pageCheck(),
            logins,
            programs,
            folder,
            sql,
            readers,
            () -> server.pid() != 0,
            events,
            changed);
    this.thread =
        Thread.ofPlatform().name(database + " " + member.name()).daemon(true).unstarted(this::run);
  }

  void start() {
    thread.start();
    pages.start();
  }

  /** Which page of its data is known to be damaged, for people; empty: none is. */
  String damage() {
    Damage known = pages.damage();
    return known == null ? "" : known.words();
  }

  /** All of it is read as soon as can be. */
  void suspect() {
    pages.suspect();
  }

  /**
   * It may be promoted although a page of it is damaged, if there is nobody else.
   *
   * @throws IOException if none is
   */
  void accept() throws IOException {
    Damage known = folder.damage();
    if (known == null) {
      throw new IOException(member.name() + " has no damaged page any more");
    }
    folder.markDamaged(folder.key(), new Damage(Damage.Plan.ACCEPTED, known.words()));
  }

  Status status() {
    return status;
  }

  /** Whether its server has ended, which needs no probe to be known. */
  boolean isDown() {
    return server.pid() == 0;
  }

  /** It cannot follow as it is: it is to be rewound, or copied anew if that does not help. */
  void rejoin() {
    rejoin = true;
    wake();
  }

  /** Its data is to be given up for a copy of the primary's. */
  void reinit() {
    reinit = true;
    wake();
  }

  /** Something has changed that it goes by. */
  void wake() {
    LockSupport.unpark(thread);
  }

  /** Ends the server in order, and does not start it until another term has begun. */
  CompletableFuture<Boolean> stopForNow() {
    CompletableFuture<Boolean> done = new CompletableFuture<>();
    stopping = done;
    wake();
    return done;
  }

  /** Ends the server in order. */
  @Override
  public void close() {
    closed = true;
    pages.close();
    wake();
    join();
  }

  /** Leaves the server to another process, which holds its line already, or will in time. */
  void abandon() {
    leaves = true;
    closed = true;
    pages.close();
    wake();
    join();
  }

  private void join() {
    try {
      thread.join(STOP.toMillis() + 10_000);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void run() {
    while (!closed) {
      try {
        step();
      } catch (IOException e) {
        trouble(String.valueOf(e.getMessage()));
      } catch (RuntimeException e) {
        LOG.log(Level.ERROR, "looking after " + database + " " + member.name() + " failed", e);
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
      events.accept(new Event.DatabaseMemberTrouble(database, member.name(), what));
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
    ManagedState state = store.read();
    if (state == null) {
      return;
    }
    if (adopts) {
      folder.make();
      folder.beginLog();
      adopts = false;
      wasAlive = folder.hasData() && server.adopt();
      if (!wasAlive) {
        server.endOrphans();
      }
    }
    if (server.isAlive()) {
      alive(state);
    } else {
      ended(state);
    }
  }

  private void alive(ManagedState state) throws IOException {
    wasAlive = true;
    boolean promoted = folder.isPromoted();
    wasPrimary = promoted;
    CompletableFuture<Boolean> stop = stopping;
    if (promoted && folder.promise() < state.term()) {
      boolean _ = server.kill();
      events.accept(new Event.DatabaseMemberFenced(database, member.name(), state.term()));
    } else if (promoted && isStrange(state)) {
      boolean _ = server.kill();
      events.accept(
          new Event.DatabaseMemberTrouble(
              database,
              member.name(),
              "was promoted by somebody else than Fairlead, and was ended to follow again"));
    } else if (stop != null) {
      stopping = null;
      heldTerm = state.term();
      stop.complete(stopOrKill());
    } else if ((rejoin || reinit || isToBeRenewed(state)) && !promoted && !state.paused()) {
      if (!server.stop(Duration.ofSeconds(5))) {
        boolean _ = server.kill();
      }
    } else {
      folder.boundLog();
      if (System.nanoTime() - doorAt > DOOR_NANOS) {
        doorAt = System.nanoTime();
        boolean renewed = tls.refresh();
        if (folder.open(door.get()) || renewed) {
          server.reload();
        }
        if (mayBeClear) {
          Thread _ = Thread.ofVirtual().name("clear " + member.name()).start(this::endClear);
        }
        lookAtFollowing(promoted);
      }
      if (System.nanoTime() - startedAt > AT_ONCE_NANOS) {
        diesAtOnce = false;
        failures = 0;
      }
      doing(Doing.RUNNING);
    }
  }

  /**
   * Whether somebody else has promoted it: in a term that has come to its end only the primary was,
   * and one that is promoted later has promised more.
   */
  private boolean isStrange(ManagedState state) throws IOException {
    return state.isSettled()
        && !state.paused()
        && !state.primary().equals(member.name())
        && folder.promise() == state.term();
  }

  /**
   * Whether its data is to be given up because a page of it is damaged: it can be copied, and
   * nobody counts on what it has, neither a commit nor an election.
   */
  private boolean isToBeRenewed(ManagedState state) throws IOException {
    Damage damage = folder.damage();
    Member from = source.get();
    return damage != null
        && damage.plan() == Damage.Plan.COPY
        && state.isSettled()
        && from != null
        && !from.name().equals(member.name())
        && !state.rule().names().contains(member.name())
        && !state.rule().voters().contains(member.name());
  }

  /** What was acknowledged is with others, too: to lose no more time costs nothing but a rewind. */
  private boolean stopOrKill() {
    if (server.stop(IN_ORDER)) {
      return true;
    }
    String left = server.processes();
    boolean ended = server.kill();
    events.accept(
        new Event.DatabaseMemberTrouble(
            database,
            member.name(),
            "did not end in order within "
                + IN_ORDER.toSeconds()
                + " s and "
                + (ended ? "was killed" : "cannot be killed")
                + "; it still had "
                + left));
    return ended;
  }

  private void ended(ManagedState state) throws IOException {
    long now = System.nanoTime();
    if (wasAlive) {
      wasAlive = false;
      endedAt = now;
      server.buryGuard();
      server.endOrphans();
      doing(Doing.STOPPED);
      changed.run();
      String page = folder.damagedPage(true);
      if (!page.isEmpty()) {
        pages.found(folder.key(), page + MemberPages.DAMAGED + ", and replay needs it");
      }
      boolean meant = stopping != null || rejoin || reinit || isToBeRenewed(state);
      boolean soon = startedAt != 0 && now - startedAt < AT_ONCE_NANOS && !meant;
      if (soon && !wasPrimary) { // one that was promoted had been started
        diesAtOnce = true;
        throw new IOException("ended soon after its start: " + folder.lastWords());
      }
    }
    CompletableFuture<Boolean> stop = stopping;
    if (stop != null) {
      stopping = null;
      stop.complete(true);
    }
    boolean first = state.primary().equals(member.name());
    boolean succession =
        wasPrimary
            && first
            && state.isSettled()
            && state.rule().voters().stream().anyMatch(others::contains)
            && now - endedAt < SUCCESSION_NANOS;
    boolean held = heldTerm == state.term() && now - endedAt < 3 * SUCCESSION_NANOS;
    boolean isOfMany = state.rule().names().size() > 1; // or its word is needed
    boolean elected =
        heldTerm >= 0 && isOfMany && !state.isSettled() && now - endedAt < ELECTION_NANOS;
    if (state.paused() || succession || held || elected || now < notBefore) {
      return;
    }
    heldTerm = -1;
    boolean _ = tls.refresh();
    if (!folder.hasData()) {
      create(state, first);
      return;
    }
    MemberFolder.Control control = folder.control(folder.data());
    String system = control.system();
    if (!state.isFounded() && first) {
      if (store.replace(state, state.withSystem(system))) {
        changed.run();
      }
      return;
    }
    if (!system.equals(state.system())) {
      throw new IOException(
          "holds other data (system identifier "
              + system
              + ", not "
              + state.system()
              + ") in "
              + folder.data()
              + "; it is left as it is");
    }
    if (Files.exists(folder.rewinding()) || (reinit && !first)) {
      reinit = false;
      folder.setAside();
      return;
    }
    if (isToBeRenewed(state)) {
      ManagedState latest = store.latest();
      if (latest == null || !isToBeRenewed(latest)) {
        throw new IOException("has a damaged page, and is counted on again");
      }
      copyAnew("has a damaged page");
      return;
    }
    Member from = source.get();
    boolean hopeless = diesAtOnce && (isBehind(state, control) || isOfNoUse());
    if ((rejoin || folder.isPromoted() || hopeless)
        && from != null
        && !from.name().equals(member.name())) {
      goBack(from, control, state);
    } else {
      begin(null); // where nobody can be gone back to it may be needed as it is
    }
  }

  /**
   * Makes it fit to follow that one and has it do so. Where that is not ready it follows nobody.
   *
   * <p>Data of the very timeline that the primary writes has nothing to go back to, whatever keeps
   * it from following: a rewind would do nothing, or, where its server was killed, first end its
   * recovery, and so write something of its own on that timeline which no rewind finds. It is
   * started again, and copied if that does not help.
   *
   * <p>What has gone back to that timeline and still cannot be started, or gets nothing, would not
   * be helped by going back once more: it is copied. So is what was written on that timeline by
   * somebody who was made a primary without a timeline of his own, or with the number of another.
   */
  private void goBack(Member from, MemberFolder.Control control, ManagedState state)
      throws IOException {
    Ancestry ancestry = checkpoint(from);
    int timeline = ancestry.timeline();
    if (timeline == 0 || folder.promise() > state.term()) { // a promise would go with the data
      begin(null);
      return;
    }
    long now = System.nanoTime();
    if (now - sameAt > SAME_NANOS) {
      same = 0;
    }
    boolean promoted = folder.isPromoted();
    boolean here = control.timeline() == timeline;
    int stray = stray(state);
    if (stray >= 0 && ancestry.hasAny(stray + 1, control.timeline())) {
      copyAnew("was promoted by hand, to a timeline of which " + from.name() + " has another");
    } else if (folder.wentBackTo() == timeline) {
      copyAnew("went back to what " + from.name() + " has, and cannot follow it all the same");
    } else if (diesAtOnce && isOfNoUse()) {
      copyAnew("cannot be started: " + folder.lastWords());
    } else if (promoted && here && !control.isRecovering()) {
      copyAnew("has written on the timeline of " + from.name());
    } else if (promoted || !here) {
      same = 0;
      rewind(from, control, timeline);
      begin(from, -1);
    } else if (same++ < SAME) {
      sameAt = now;
      begin(from);
    } else {
      copyAnew("cannot follow " + from.name() + " on the same timeline");
    }
  }

  /** Gives up its data, which is kept beside; a primary has all that was acknowledged. */
  private void copyAnew(String why) throws IOException {
    if (folder.damage() != null) {
      folder.markRenewed(Instant.now().getEpochSecond());
    }
    same = 0;
    rejoin = false;
    diesAtOnce = false;
    events.accept(
        new Event.DatabaseMemberTrouble(database, member.name(), why + ", and is copied anew"));
    folder.setAside();
  }

  /**
   * Whether its data has gone back already, or lacks the log that a start begins with, or a start
   * needs a page that is damaged.
   */
  private boolean isOfNoUse() throws IOException {
    Damage damage = folder.damage();
    return folder.wentBackTo() > 0
        || folder.lastWords().contains(NO_CHECKPOINT)
        || (damage != null
            && damage.plan() != Damage.Plan.KEEP
            && !folder.damagedPage(true).isEmpty());
  }

  /**
   * Whether it never got to the timeline that the primary has begun. One that has more of an older
   * timeline than was taken over, and knows of the newer one, ends as soon as it is started, so
   * that nobody can ask it how far it is.
   */
  private static boolean isBehind(ManagedState state, MemberFolder.Control control)
      throws IOException {
    return control.checkpointTimeline() < state.timeline();
  }

  /**
   * Starts it.
   *
   * @param from whose log it needs to let anybody in, after it has been rewound to that; null: it
   *     is told by whoever coordinates. It follows nobody if it has promised more than has begun as
   *     far as is known here: then it has promised to take nothing from that one
   */
  private void begin(@Nullable Member from) throws IOException {
    begin(from, stray(store.read()));
  }

  /** Which timeline it followed by order is known if nobody has been let in since. */
  private int stray(@Nullable ManagedState state) throws IOException {
    return folder.stray(state != null && state.sealed() == folder.promise() ? state.timeline() : 0);
  }

  private void begin(@Nullable Member from, int stray) throws IOException {
    rejoin = false;
    receiver = "";
    isFollowing = false;
    long promise = folder.promise();
    ManagedState now = store.read(); // a rewind takes its time
    long term = now == null ? 0 : now.term();
    boolean follows = from != null && from.equals(source.get()) && promise <= term;
    folder.prepare(
        new MemberFolder.Settings(
            member.name(),
            member.address(),
            config.settings(),
            VoterRule.of(others, 1).synchronousStandbyNames(),
            logins.password(Logins.REPLICATION),
            door.get()),
        follows ? term : promise,
        follows && from != null ? MemberSql.conninfo(member, from) : "",
        stray);
    folder.beginLog();
    server.start(List.of("-D", folder.data().toString()));
    startedAt = System.nanoTime();
    wasAlive = true;
    wasPrimary = false;
    doing(Doing.RUNNING);
  }

  private void create(ManagedState state, boolean first) throws IOException {
    if (!state.isFounded()) {
      ManagedState latest = first ? store.latest() : null;
      if (latest != null && !latest.isFounded()) { // what is read may be old
        found();
      }
      return;
    }
    Member from = source.get();
    if (from == null || from.name().equals(member.name())) {
      doing(Doing.WAITING);
      return;
    }
    doing(Doing.COPYING);
    MemberFolder.remove(folder.coming());
    copy(from);
    String system = folder.system(folder.coming());
    if (!system.equals(state.system())) {
      throw new IOException(from.name() + " holds other data (system identifier " + system + ")");
    }
    folder.makeReplica(folder.coming());
    Files.move(folder.coming(), folder.data());
    rejoin = false; // that was asked of what it had before
    events.accept(
        new Event.DatabaseMemberMade(database, member.name(), "was copied from " + from.name()));
  }

  private void copy(Member from) throws IOException {
    try {
      String _ =
          programs.run(
              "pg_basebackup",
              List.of(
                  "-h",
                  from.address().host(),
                  "-p",
                  Integer.toString(from.address().port()),
                  "-U",
                  Logins.REPLICATION,
                  "-D",
                  folder.coming().toString(),
                  "-X",
                  "stream",
                  "-c",
                  "fast",
                  "-w"),
              ServerTls.ofProgram(folder, logins.password(Logins.REPLICATION)),
              COPY);
    } catch (IOException e) {
      if (String.valueOf(e.getMessage()).contains(CHECKSUM)) {
        suspects.accept(from.name());
        throw new IOException("a page of " + from.name() + " is damaged: nobody can copy it", e);
      }
      throw e;
    }
  }

  /** Makes the database, once; until it is complete it is nothing. */
  private void found() throws IOException {
    doing(Doing.CREATING);
    MemberFolder.remove(folder.coming());
    String _ =
        programs.run(
            "initdb",
            List.of(
                "-D",
                folder.coming().toString(),
                "-U",
                Logins.ADMIN,
                "-A",
                "trust", // nobody comes in before that is written anew
                "-E",
                "UTF8",
                "--no-locale",
                "--data-checksums",
                "--no-instructions"),
            Map.of(),
            MINUTES);
    single(foundingSql());
    folder.makeReplica(folder.coming());
    Files.move(folder.coming(), folder.data());
    events.accept(new Event.DatabaseMemberMade(database, member.name(), "was made anew"));
  }

  private List<String> foundingSql() throws IOException {
    List<String> sql = new ArrayList<>();
    sql.add("alter user " + Logins.ADMIN + " password " + quoted(logins.password(Logins.ADMIN)));
    sql.add(user(Logins.REPLICATION, logins.password(Logins.REPLICATION)) + " replication");
    sql.add(user(probeUser, probePassword) + " in role pg_monitor");
    sql.add("create schema fairlead");
    sql.add(
        "create table fairlead.rule(term bigint primary key, member text not null,"
            + " names text not null, at timestamptz not null default now(), timeline int)");
    if (config.application().isPresent()) {
      ManageConfig.Application own = config.application().get();
      if (!own.user().equals(probeUser)) {
        sql.add(user(own.user(), own.password()));
      }
      sql.add("create database " + own.database() + " owner " + own.user());
    }
    return sql;
  }

  private static String user(String name, Secret password) throws IOException {
    return "create user " + name + " password " + quoted(password);
  }

  private static String quoted(Secret password) throws IOException {
    if (password.value().chars().anyMatch(c -> c < ' ')) {
      throw new IOException("a password of more than one line cannot be given to a user");
    }
    return "'" + password.value().replace("'", "''") + "'";
  }

  /** Has a server that serves nobody say that, one line each. */
  private void single(List<String> lines) throws IOException {
    List<String> arguments =
        new ArrayList<>(
            List.of(
                "--single",
                "-D",
                folder.coming().toString(),
                "-c",
                "exit_on_error=on",
                "-c",
                "password_encryption=scram-sha-256"));
    config
        .settings()
        .forEach((name, value) -> {
          if (MemberFolder.NOT_LESS.contains(name)) {
            arguments.addAll(List.of("-c", name + "=" + value));
          }
        });
    arguments.add("postgres");
    Process process =
        PostgresPrograms.builder(programs.command("postgres", arguments), Map.of())
            .redirectInput(ProcessBuilder.Redirect.PIPE)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (Writer out = new OutputStreamWriter(process.getOutputStream(), StandardCharsets.UTF_8)) {
      for (String line : lines) {
        out.write(line + "\n");
      }
    }
    try {
      if (!process.waitFor(MINUTES.toSeconds(), TimeUnit.SECONDS) || process.exitValue() != 0) {
        throw new IOException("the database could not be completed");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      process.destroyForcibly();
    }
  }

  /**
   * Before its checkpoint a rewind takes what it tells of for older than it is.
   *
   * @return what its log is made of; unknown: it has made none
   */
  private Ancestry checkpoint(Member from) {
    doing(Doing.REWINDING);
    try (Sql.Session session = sql.open(from, ASK)) {
      return MemberSql.ancestry(session, MemberSql.checkpoint(session), ASK);
    } catch (IOException e) {
      return Ancestry.UNKNOWN;
    }
  }

  /**
   * A rewind takes the timeline of the last checkpoint for that of the data, and looks for where it
   * parted in the wrong place: one that was killed just after it was promoted, and was a replica
   * since, would have to be copied. So it ends its recovery first, which is what it goes back from.
   *
   * @param promotes whether that makes it a primary, with a timeline of its own: somebody who was
   *     promoted, and killed in the middle of it, else goes on with the one that it had, and writes
   *     on it what no rewind finds
   */
  private void endRecovery(boolean promotes) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("--single", "-D", folder.data().toString()));
    if (promotes) {
      folder.recoverAlone();
      for (String setting :
          List.of(
              "restore_command=false",
              "recovery_target_timeline=latest",
              "recovery_min_apply_delay=0",
              "archive_mode=off")) {
        arguments.addAll(List.of("-c", setting));
      }
    }
    arguments.add("template1");
    String _ = programs.run("postgres", arguments, Map.of(), MINUTES);
  }

  /**
   * Takes back what the primary does not have. What cannot be is set aside, and copied anew.
   *
   * @param timeline of the primary
   */
  private void rewind(Member from, MemberFolder.Control control, int timeline) throws IOException {
    boolean wrote = folder.isPromoted() && !control.hasEndedInOrder();
    folder.markRewinding();
    folder.removeStandby();
    try {
      if (control.timeline() == timeline) {
        endRecovery(true);
      } else if (control.hasOldCheckpoint()) {
        endRecovery(false);
      }
      String _ =
          programs.run(
              "pg_rewind",
              List.of(
                  "--target-pgdata=" + folder.data(),
                  "--source-server=host="
                      + from.address().host()
                      + " port="
                      + from.address().port()
                      + " user="
                      + Logins.ADMIN
                      + " dbname=postgres connect_timeout=5"),
              ServerTls.ofProgram(folder, logins.password(Logins.ADMIN)),
              COPY);
      if (wrote && !folder.isRewound()) { // its recovery alone wrote something
        throw new IOException("what it has more than the primary is not found");
      }
    } catch (IOException e) {
      events.accept(
          new Event.DatabaseMemberTrouble(
              database, member.name(), "cannot go back, and is copied anew: " + e.getMessage()));
      folder.setAside();
      throw e;
    }
    folder.markWentBack(timeline);
    Files.delete(folder.rewinding());
    events.accept(
        new Event.DatabaseMemberMade(
            database, member.name(), "went back to what " + from.name() + " has"));
  }

  /**
   * Once its server is promoted, or gets the log by the same process for a while, it was of use to
   * go back; one that gets a moment of it again and again does not follow.
   */
  private void lookAtFollowing(boolean promoted) throws IOException {
    if (folder.wentBackTo() == 0) {
      receiver = "";
    } else if (promoted || isFollowing) {
      isFollowing = false;
      folder.forgetWentBack();
    } else {
      Thread _ = Thread.ofVirtual().name("follows " + member.name()).start(this::askReceiver);
    }
  }

  private void endClear() {
    try (Sql.Session session = sql.open(member, ASK)) {
      MemberSql.endClear(session, door.get().encrypted());
      mayBeClear = false;
    } catch (IOException _) {
      // it is tried again
    }
  }

  private void askReceiver() {
    String before = receiver;
    try (Sql.Session session = sql.open(member, ASK)) {
      String is = MemberSql.receiver(session);
      receiver = is;
      isFollowing = !is.isEmpty() && is.equals(before);
    } catch (IOException _) {
      receiver = "";
    }
  }
}
