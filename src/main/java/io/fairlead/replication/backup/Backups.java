package io.fairlead.replication.backup;

import io.fairlead.config.BackupConfig;
import io.fairlead.config.DatabaseConfig;
import io.fairlead.config.DatabaseEngine;
import io.fairlead.replication.DatabaseView;
import io.fairlead.runtime.Leadership;
import io.fairlead.runtime.Scheduler;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Takes care of the backups of one database, if this instance has that role and the folder is
 * nobody else's: receives the log all the time, makes copies and tries them when it is time, and
 * removes what is not wanted any more.
 *
 * <p>What is particular to the servers is done by a {@link BackupEngine}.
 *
 * <p>Two platform threads: one for the log, one for all else, one thing at a time. They live as
 * long as this, since the kernel ends with them what they have started.
 */
public final class Backups implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Backups.class.getName());

  private static final long LOOK_MILLIS = 500;
  private static final Duration REFRESH = Duration.ofSeconds(10);
  private static final Duration TEND = Duration.ofSeconds(30);
  private static final Duration RETAIN = Duration.ofMinutes(10);

  /** For so long the log may fail to come before somebody is told, if nothing is missing yet. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  /** Between two times that the role is left to others who may not want it either. */
  private static final Duration RESIGN_AGAIN = Duration.ofMinutes(5);

  private static final Duration FIRST_RETRY = Duration.ofMinutes(1);
  private static final Duration LONGEST_RETRY = Duration.ofHours(1);

  private final String database;
  private final BackupEngine engine;
  private final BackupFolder folder;
  private final Leadership leadership;
  private final Scheduler clock;
  private final Consumer<Event> events;
  private final Thread log;
  private final Thread work;
  private final AtomicBoolean backupWanted = new AtomicBoolean();
  private final AtomicBoolean drillWanted = new AtomicBoolean();
  private volatile Leadership.@Nullable Candidacy candidacy;
  private long mayResign;
  private volatile BackupConfig backup;
  private volatile boolean leads;
  private volatile boolean owns;
  private volatile boolean closed;
  private volatile String trouble = "";
  private volatile String doing = "";
  private volatile BackupEngine.@Nullable Known known;
  private volatile List<Drill> drills = List.of();
  private volatile long failureMillis;
  private volatile String failure = "";
  private volatile BackupsView view;

  private long troubleSince;
  private String alarm = "";
  private long retryAt;
  private Duration retry = FIRST_RETRY;
  private long refreshed;
  private long pause = REFRESH.toMillis();
  private long tended;
  private long retained;

  /**
   * @param config with {@code backup}
   * @param members who is what at this moment; any thread may ask
   * @param clock what time it is
   */
  public Backups(
      DatabaseConfig config,
      Supplier<DatabaseView> members,
      Leadership leadership,
      Scheduler clock,
      Consumer<Event> events) {
    this.database = config.name();
    this.backup = config.backup().orElseThrow();
    this.leadership = leadership;
    this.clock = clock;
    this.events = events;
    this.engine =
        config.engine() == DatabaseEngine.POSTGRESQL
            ? new PostgresBackups(config, members, clock, this::acts, this::look)
            : new MariadbBackups(config, members, clock, this::acts, this::look);
    this.folder = engine.folder();
    this.log = Thread.ofPlatform().daemon(true).name("archive " + database).unstarted(this::log);
    this.work = Thread.ofPlatform().daemon(true).name("backup " + database).unstarted(this::work);
    this.view = made();
  }

  /** Begins. */
  public void start() {
    log.start();
    work.start();
    candidacy =
        leadership.stand(
            "backup/" + database,
            new Leadership.Candidate() {
              @Override
              public void elected(long term) {
                leads = true;
              }

              @Override
              public void renewed(long sentNanos, Duration ttl) {}

              @Override
              public void deposed() {
                leads = false;
              }
            });
  }

  /** Goes by another configuration from now on; the folder is the same. */
  public void configure(DatabaseConfig next) {
    next.backup().ifPresent(one -> backup = one);
    engine.configure(next);
  }

  public BackupsView view() {
    return view;
  }

  /**
   * Has a copy made as soon as nothing else is being done.
   *
   * @return why it cannot be; empty: it will be
   */
  public String backUp() {
    if (!acts()) {
      return notHere();
    }
    backupWanted.set(true);
    return "";
  }

  /** The same for a drill. */
  public String drill() {
    if (!acts()) {
      return notHere();
    }
    drillWanted.set(true);
    return "";
  }

  private String notHere() {
    return trouble.isEmpty() ? "another instance takes care of these backups" : trouble;
  }

  private boolean acts() {
    return leads && owns && !closed;
  }

  // --- the log -------------------------------------------------------------------------------

  private void log() {
    try {
      while (!closed) {
        if (leads && isHere()) {
          own();
        }
        look();
        Thread.sleep(LOOK_MILLIS);
      }
    } catch (InterruptedException _) {
      // closed
    }
  }

  /** Where they cannot be taken care of, another instance is to have the role, if there is one. */
  private boolean isHere() {
    String why = engine.whyNotHere();
    if (why.isEmpty()) {
      return true;
    }
    trouble = why;
    long now = clock.epochMillis();
    Leadership.Candidacy standing = candidacy;
    if (standing != null && now >= mayResign) {
      mayResign = now + RESIGN_AGAIN.toMillis();
      standing.resign();
    }
    return false;
  }

  private void own() throws InterruptedException {
    try {
      folder.make();
      try (BackupFolder.Held held = folder.lock()) {
        if (held == null) {
          trouble = "another process takes care of " + folder.path();
          return;
        }
        folder.tidy();
        trouble = "";
        owns = true;
        engine.receive();
      } finally {
        owns = false;
      }
    } catch (IOException e) {
      trouble = String.valueOf(e.getMessage());
    } catch (RuntimeException e) {
      trouble = "a mistake of ours: " + e;
      LOG.log(Level.ERROR, "the archive of " + database + " failed", e);
    }
  }

  /** Says what has changed. */
  private synchronized void look() {
    long now = clock.epochMillis();
    String present = trouble();
    if (present.isEmpty()) {
      troubleSince = 0;
    } else if (troubleSince == 0) {
      troubleSince = now;
    }
    String next = leads && !closed ? alarm(present, now) : "";
    if (next.isEmpty() != alarm.isEmpty()) {
      events.accept(
          next.isEmpty()
              ? new Event.BackupArchiveResumed(database)
              : new Event.BackupArchiveTrouble(database, next));
    }
    alarm = next;
    view = made();
  }

  private String trouble() {
    return owns ? engine.log().trouble() : trouble;
  }

  private String alarm(String present, long now) {
    long behind = owns ? engine.log().lagMillis() : 0;
    if (behind > backup.maxLag().toMillis()) {
      return "the log is "
          + behind / 1000
          + " s behind"
          + (present.isEmpty() ? "" : ": " + present);
    }
    boolean full = present.contains("No space left") || present.contains(" is full");
    return full
            || (!present.isEmpty()
                && !present.startsWith("nobody takes")
                && now - troubleSince > PATIENCE.toMillis())
        ? present
        : "";
  }

  // --- all else ------------------------------------------------------------------------------

  private void work() {
    while (!closed) {
      try {
        Thread.sleep(LOOK_MILLIS);
        if (acts()) {
          workOnce();
        }
      } catch (InterruptedException _) {
        // closed, or another has the role
      } catch (IOException e) {
        LOG.log(Level.WARNING, "backups of {0}: {1}", database, e.getMessage());
      } catch (RuntimeException e) {
        LOG.log(Level.ERROR, "backups of " + database + " failed", e);
      } finally {
        doing = "";
      }
    }
  }

  private void workOnce() throws IOException, InterruptedException {
    long now = clock.epochMillis();
    if (now - refreshed >= pause || backupWanted.get() || drillWanted.get()) {
      refresh();
    }
    BackupEngine.Known present = known;
    if (present == null) {
      return;
    }
    if (backupWanted.getAndSet(false) || isBackupDue(present, now)) {
      copy();
    } else if (drillWanted.getAndSet(false) || isDrillDue(present, now)) {
      drillNow();
    }
    if (now - retained >= RETAIN.toMillis()) {
      retain();
    }
    if (engine.isReady() && now - tended >= TEND.toMillis()) {
      tended = now;
      engine.tend();
    }
  }

  private void refresh() throws IOException {
    long began = clock.epochMillis();
    drills = folder.drills();
    known = engine.read();
    refreshed = clock.epochMillis();
    pause = Math.max(REFRESH.toMillis(), 20 * (refreshed - began)); // where there are many files
    look();
  }

  private boolean isBackupDue(BackupEngine.Known present, long now) {
    return engine.isReady() && now >= retryAt && now >= nextBackup(present);
  }

  /** At once if the newest copy cannot be brought to the end. */
  private long nextBackup(BackupEngine.Known present) {
    return present.goesToTheEnd()
        ? BackupSchedule.next(present.newestStart(), backup.every(), backup.at())
        : 0;
  }

  private boolean isDrillDue(BackupEngine.Known present, long now) {
    return !backup.drillEvery().isZero() && present.isOfUse() && now >= nextDrill();
  }

  private long nextDrill() {
    return drills.isEmpty()
        ? 0
        : BackupSchedule.next(drills.getLast().startMillis(), backup.drillEvery(), -1);
  }

  private void copy() throws InterruptedException {
    doing = "preparing a copy";
    long began = clock.nanoTime();
    try {
      BackupEngine.Made made = engine.copy(backup, this::doing);
      retry = FIRST_RETRY;
      retryAt = 0;
      failureMillis = 0;
      failure = "";
      events.accept(
          new Event.BackupMade(
              database,
              made.id(),
              made.member(),
              made.bytes(),
              (clock.nanoTime() - began) / 1_000_000));
      refresh();
      retain();
    } catch (IOException e) {
      failure = String.valueOf(e.getMessage());
      failureMillis = clock.epochMillis();
      retryAt = failureMillis + retry.toMillis();
      retry =
          retry.multipliedBy(2).compareTo(LONGEST_RETRY) < 0
              ? retry.multipliedBy(2)
              : LONGEST_RETRY;
      events.accept(new Event.BackupFailed(database, failure));
    }
  }

  private void drillNow() throws IOException, InterruptedException {
    doing = "drill: preparing";
    Drill drill = engine.drill(this::doing);
    folder.add(drill);
    refresh();
    if (drill.passed()) {
      events.accept(
          new Event.BackupDrillPassed(database, drill.pointMillis(), drill.millis(), drill.text()));
    } else {
      events.accept(new Event.BackupDrillFailed(database, drill.text()));
      heal(drill);
    }
  }

  /**
   * What is damaged stays damaged: a new copy takes its place as soon as possible, and is tried.
   * One that fails as well waits for its time, so that no disk fills with copies of no use.
   */
  private void heal(Drill drill) {
    List<Drill> all = drills;
    boolean first = all.size() < 2 || all.get(all.size() - 2).passed();
    if (first && !drill.backup().isEmpty()) {
      backupWanted.set(true);
      drillWanted.set(true);
    }
  }

  private void doing(String what) {
    doing = what;
    look();
  }

  private void retain() throws IOException {
    retained = clock.epochMillis();
    List<String> removed = engine.retain(backup.keep(), retained);
    removed.forEach(one -> events.accept(new Event.BackupRemoved(database, one)));
    if (!removed.isEmpty()) {
      refresh();
    }
  }

  // --- what is seen --------------------------------------------------------------------------

  private BackupsView made() {
    BackupEngine.Known present = known;
    BackupEngine.Log log = engine.log();
    boolean acting = acts();
    return new BackupsView(
        database,
        folder.path().toString(),
        clock.epochMillis(),
        acting,
        log.from(),
        log.position(),
        log.positionText(),
        log.part(),
        acting ? log.lagBytes() : 0,
        acting ? log.lagMillis() : 0,
        log.completeMillis(),
        leads ? trouble() : "",
        alarm,
        doing,
        present == null ? List.of() : present.copies(),
        present == null ? List.of() : present.gaps(),
        present == null ? 0 : present.earliestMillis(),
        present == null
            ? 0
            : present.goesToTheEnd()
                ? Math.max(present.latestMillis(), log.completeMillis())
                : present.latestMillis(),
        drills.stream().map(Backups::trial).toList(),
        present == null || !acting ? 0 : Math.max(retryAt, nextBackup(present)),
        backup.drillEvery().isZero() || !acting ? 0 : nextDrill(),
        failureMillis,
        failure);
  }

  private static BackupsView.Trial trial(Drill drill) {
    return new BackupsView.Trial(
        drill.startMillis(),
        drill.millis(),
        drill.passed(),
        drill.backup(),
        drill.position(),
        drill.timeline(),
        drill.pointMillis(),
        drill.text());
  }

  /** Ends what it has begun; what is whole stays. Waits. */
  @Override
  public void close() {
    closed = true;
    Leadership.Candidacy standing = candidacy;
    if (standing != null) {
      standing.close();
    }
    work.interrupt();
    log.interrupt();
    try {
      work.join(Duration.ofSeconds(15));
      log.join(Duration.ofSeconds(15));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
