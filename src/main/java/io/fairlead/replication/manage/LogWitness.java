package io.fairlead.replication.manage;

import io.fairlead.config.ManageConfig;
import io.fairlead.replication.PostgresPrograms;
import io.fairlead.replication.backup.WitnessLog;
import io.fairlead.replication.manage.Failover.Answer;
import io.fairlead.replication.manage.Failover.Position;
import io.fairlead.replication.manage.ManagedState.Ruled;
import io.fairlead.replication.manage.MemberSql.Member;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.io.StringReader;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A voter on this machine that keeps the log and no data: it acknowledges what it has on disk, and
 * gives it to whoever is to become primary and lacks it.
 *
 * <p>Nobody has to give it orders. It goes by the state: when a higher term has begun it ends what
 * it receives, promises that term on disk, and says how much it has; and within a term that it has
 * promised it receives from whoever is the primary, or was just made one. So nothing is
 * acknowledged to a primary of the past after it has said how much it has.
 *
 * <p>It cannot read the rule that is in the log. That it has it follows from where it is ({@link
 * Ruled}), and is remembered; before it has the first it votes for nobody, as somebody does whose
 * disk was lost.
 */
final class LogWitness implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(LogWitness.class.getName());

  private static final long LOOK_NANOS = Duration.ofMillis(25).toNanos();
  private static final long TLS_NANOS = Duration.ofSeconds(1).toNanos();
  private static final long PRUNE_NANOS = Duration.ofSeconds(30).toNanos();
  private static final long AGAIN_NANOS = Duration.ofMillis(200).toNanos();
  private static final long MOST_PAUSE_NANOS = Duration.ofSeconds(5).toNanos();

  /** What has lasted that long did begin. */
  private static final long LASTED_NANOS = Duration.ofSeconds(1).toNanos();

  /** While it asks it can promise nothing. */
  private static final Duration ASK = Duration.ofSeconds(1);

  private static final Duration STOP = Duration.ofSeconds(10);

  /**
   * What others know of it.
   *
   * @param promise the highest term that it has promised
   * @param votes whether it has had a rule, and what it had then: else it can say nothing
   * @param position how much it has, if it has received nothing since it promised that; else null
   * @param follows address of whom it receives from; empty: of nobody
   * @param receives whether it does, and has the rule that is in force
   * @param trouble what is in the way; empty: nothing
   */
  record Report(
      long promise,
      boolean votes,
      @Nullable Position position,
      String follows,
      boolean receives,
      String trouble) {
    static final Report NONE = new Report(0, false, null, "", false, "is just beginning");

    String text() {
      Position has = position;
      return String.join(
          "\t",
          Long.toString(promise),
          Boolean.toString(votes),
          has == null ? "" : LogWitness.text(has),
          follows,
          Boolean.toString(receives),
          trouble.replaceAll("\\p{Cntrl}", " "));
    }

    /**
     * Reads what {@link #text} wrote.
     *
     * @throws IOException if it did not
     */
    static Report parse(String text) throws IOException {
      String[] words = text.split("\t", -1);
      try {
        return new Report(
            Long.parseLong(words[0]),
            Boolean.parseBoolean(words[1]),
            words[2].isEmpty() ? null : LogWitness.position(words[2]),
            words[3],
            Boolean.parseBoolean(words[4]),
            words[5]);
      } catch (NumberFormatException | IndexOutOfBoundsException e) {
        throw new IOException("is no report of a witness: " + text, e);
      }
    }
  }

  static String text(Position has) {
    return has.sealed() + " " + has.timeline() + " " + has.received() + " " + has.shared();
  }

  /**
   * Reads what {@link #text} wrote.
   *
   * @throws NumberFormatException if it is none
   * @throws IndexOutOfBoundsException if it is none
   */
  static Position position(String text) {
    String[] words = text.split(" ", -1);
    return new Position(
        Long.parseLong(words[0]),
        Integer.parseInt(words[1]),
        Long.parseLong(words[2]),
        Long.parseLong(words[3]));
  }

  private final String database;
  private final ManageConfig.Witness config;
  private final Logins logins;
  private final PostgresPrograms programs;
  private final MemberFolder folder;
  private final Path memory;
  private final WitnessLog log;
  private final ServerTls tls;
  private final MemberSql sql;
  private final StateStore store;
  private final Supplier<@Nullable Member> source;
  private final Consumer<Event> events;
  private final Runnable changed;
  private final Thread thread;

  private volatile Report report = Report.NONE;
  private volatile boolean closed;

  // Of the thread.
  private long promise = -1;
  private Ruled ruled = Ruled.NONE;
  private WitnessLog.@Nullable Receiving receiving;
  private @Nullable Member from;
  private long begunAt;
  private boolean anew;
  private int failures;

  /** What was told of that last. */
  private String said = "";

  private long notBefore = System.nanoTime();
  private long tlsAt = System.nanoTime() - TLS_NANOS;
  private long prunedAt = System.nanoTime();

  /**
   * @param source whom it receives from; null: nobody now
   * @param changed is told when {@link #report} has changed
   */
  LogWitness(
      String database,
      ManageConfig manage,
      ManageConfig.Witness config,
      Logins logins,
      PostgresPrograms programs,
      MemberFolder folder,
      MemberSql sql,
      StateStore store,
      Supplier<@Nullable Member> source,
      Consumer<Event> events,
      Runnable changed) {
    this.database = database;
    this.config = config;
    this.logins = logins;
    this.programs = programs;
    this.folder = folder;
    this.memory = folder.witness();
    this.log = new WitnessLog(folder.top());
    this.tls = new ServerTls(folder, manage.tls(), this::told);
    this.sql = sql;
    this.store = store;
    this.source = source;
    this.events = events;
    this.changed = changed;
    this.thread =
        Thread.ofPlatform().name(database + " " + config.name()).daemon(true).unstarted(this::run);
  }

  void start() {
    thread.start();
  }

  String name() {
    return config.name();
  }

  Report report() {
    return report;
  }

  ManagedView.Own view() {
    Report now = report;
    String doing = now.follows().isEmpty() ? "waits" : "keeps the log";
    return new ManagedView.Own(name(), "", doing, now.trouble(), 0);
  }

  /** Something has changed that it goes by. */
  void wake() {
    LockSupport.unpark(thread);
  }

  /** Has a member have what is here and not there. Any thread; waits. */
  Answer bring(Member member, long term) {
    Report now = report;
    if (now.promise() != term || now.position() == null) {
      return new Answer.Failed(member.name(), term, name() + " has not promised that, or receives");
    }
    return sql.bringUp(member, log, term);
  }

  private void run() {
    while (!closed) {
      try {
        step();
      } catch (IOException e) {
        trouble(String.valueOf(e.getMessage()));
      } catch (RuntimeException e) {
        LOG.log(Level.ERROR, "the witness of " + database + " failed", e);
        trouble(e.toString());
      }
      if (!closed) {
        LockSupport.parkNanos(LOOK_NANOS);
      }
    }
    try {
      stop();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0} {1}", name(), e.getMessage());
    }
  }

  private void step() throws IOException {
    ManagedState state = store.read();
    if (state == null) {
      return;
    }
    if (promise < 0) {
      folder.make();
      remember();
    }
    if (state.term() > promise) {
      stop();
      ruled = held(state.ruled());
      keep(state.term());
      failures = 0;
      notBefore = System.nanoTime();
      tellPosition();
    }
    Member wanted = state.term() == promise && state.isFounded() ? source.get() : null;
    WitnessLog.Receiving present = receiving;
    if (present != null && (wanted == null || !wanted.equals(from))) {
      stop();
      present = null;
    }
    long now = System.nanoTime();
    if (present == null && wanted != null && now - notBefore >= 0) {
      begin(wanted);
    } else if (present != null && wanted != null) {
      look(present, wanted, state, now);
    }
  }

  private void look(WitnessLog.Receiving present, Member source, ManagedState state, long now)
      throws IOException {
    if (!present.isAlive()) {
      stop();
      boolean lasted = now - begunAt > LASTED_NANOS;
      failures = lasted ? 0 : failures;
      anew = present.isGone();
      if (anew) {
        told("begins its log anew: what comes next is not at " + source.name() + " any more");
      } else if (!lasted) {
        throw new IOException(source.name() + ": " + present.words());
      }
      return;
    }
    anew = false;
    Ruled newest = held(state.ruled());
    if (!newest.equals(ruled)) {
      ruled = newest;
      keep(promise);
    }
    if (now - begunAt > LASTED_NANOS) {
      failures = 0;
      said = "";
    }
    boolean receives = ruled.term() > 0 && ruled.equals(state.ruled());
    tell(new Report(promise, votes(), null, source.address().toString(), receives, ""));
    if (now - tlsAt > TLS_NANOS) {
      tlsAt = now;
      boolean _ = tls.refresh();
    }
    if (now - prunedAt > PRUNE_NANOS) {
      prunedAt = now;
      log.prune(config.keep());
    }
  }

  private void begin(Member member) throws IOException {
    boolean _ = tls.refresh();
    WitnessLog.Source is;
    try (Sql.Session session = sql.open(member, ASK)) {
      is = MemberSql.source(session, ASK);
    }
    receiving =
        log.receive(
            programs,
            is,
            anew,
            MemberSql.conninfo(config.name(), member),
            ServerTls.ofProgram(folder, logins.password(Logins.REPLICATION)));
    from = member;
    begunAt = System.nanoTime();
  }

  /** Nothing is received any more when it returns. */
  private void stop() throws IOException {
    WitnessLog.Receiving present = receiving;
    if (present != null && !present.kill()) {
      throw new IOException("goes on receiving, and cannot be ended");
    }
    receiving = null;
    from = null;
  }

  /** That rule if it is here, else the one that is known to be. */
  private Ruled held(Ruled wanted) throws IOException {
    return wanted.term() > ruled.term() && log.content().upTo(wanted.timeline()) >= wanted.end()
        ? wanted
        : ruled;
  }

  private boolean votes() {
    return ruled.term() > 0;
  }

  private void tellPosition() throws IOException {
    Position has = position();
    if (has == null) {
      ruled = Ruled.NONE; // what there was is lost
    }
    tell(new Report(promise, votes(), has, "", false, ""));
  }

  /** How much there is; null: not what there was. */
  private @Nullable Position position() throws IOException {
    WitnessLog.Content content = log.content();
    long shared = content.upTo(ruled.timeline());
    return ruled.term() == 0 || shared < ruled.end()
        ? null
        : new Position(ruled.term(), content.newest(), content.position(), shared);
  }

  /**
   * What must not be forgotten.
   *
   * @param ruled the last rule that it has
   */
  private record Memory(long promise, Ruled ruled) {
    static Memory of(Path file) throws IOException {
      Properties said = new Properties();
      try {
        said.load(new StringReader(Files.readString(file)));
        return new Memory(
            Long.parseLong(said.getProperty("promise", "")),
            Ruled.parse(said.getProperty("ruled", "")));
      } catch (NoSuchFileException _) {
        return new Memory(0, Ruled.NONE);
      } catch (IllegalArgumentException e) {
        throw new IOException(file + " is damaged: " + e.getMessage(), e);
      }
    }
  }

  /** What there is in the folder of one, where nothing else is remembered of the database. */
  static ManagedGroup.Held held(Path top) throws IOException {
    Memory its = Memory.of(top.resolve(MemberFolder.WITNESS));
    return its.ruled().term() == 0
        ? ManagedGroup.Held.NOTHING
        : new ManagedGroup.Held(new WitnessLog(top).system(), its.promise());
  }

  private void remember() throws IOException {
    Memory before = Memory.of(memory);
    ruled = before.ruled();
    promise = before.promise();
    tellPosition();
  }

  private void keep(long term) throws IOException {
    StateFile.write(memory, "promise=" + term + "\nruled=" + ruled.text() + "\n");
    promise = term;
  }

  private void tell(Report now) {
    if (!Objects.equals(now, report)) {
      report = now;
      changed.run();
    }
  }

  private void told(String what) {
    events.accept(new Event.DatabaseMemberTrouble(database, config.name(), what));
  }

  private void trouble(String what) {
    failures++;
    notBefore =
        System.nanoTime() + Math.min(MOST_PAUSE_NANOS, AGAIN_NANOS << Math.min(failures - 1, 8));
    Report before = report;
    if (failures > 1 && !what.equals(said)) {
      said = what;
      told(what);
    }
    Position has = receiving == null ? before.position() : null;
    tell(new Report(before.promise(), before.votes(), has, "", false, what));
  }

  /** Ends what it receives. */
  @Override
  public void close() {
    closed = true;
    wake();
    try {
      thread.join(STOP.toMillis());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
