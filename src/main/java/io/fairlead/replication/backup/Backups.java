package io.fairlead.replication.backup;

import io.fairlead.config.BackupConfig;
import io.fairlead.config.DatabaseConfig;
import io.fairlead.replication.DatabaseView;
import io.fairlead.replication.PostgresPrograms;
import io.fairlead.runtime.Leadership;
import io.fairlead.runtime.Scheduler;
import io.fairlead.service.Node;
import io.fairlead.service.Role;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Takes care of the backups of one database, if this instance has that role and the folder is
 * nobody else's: receives the log all the time ({@link WalStream}), makes copies and tries them
 * when it is time, and removes what is not wanted any more.
 *
 * <p>Two platform threads: one for the log, one for all else, one thing at a time. They live as
 * long as this, since the kernel ends with them what they have started.
 */
public final class Backups implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Backups.class.getName());

  private static final long LOOK_MILLIS = 500;
  private static final Duration REFRESH = Duration.ofSeconds(10);
  private static final Duration KEEP_SLOTS = Duration.ofSeconds(30);
  private static final Duration RETAIN = Duration.ofMinutes(10);

  /** For so long the log may fail to come before somebody is told, if nothing is missing yet. */
  private static final Duration PATIENCE = Duration.ofSeconds(15);

  private static final Duration FIRST_RETRY = Duration.ofMinutes(1);
  private static final Duration LONGEST_RETRY = Duration.ofHours(1);

  private final String database;
  private final ArchiveFolder folder;
  private final Supplier<DatabaseView> members;
  private final Leadership leadership;
  private final Scheduler clock;
  private final Consumer<Event> events;
  private final WalStream stream;
  private final Thread log;
  private final Thread work;
  private final AtomicBoolean backupWanted = new AtomicBoolean();
  private final AtomicBoolean drillWanted = new AtomicBoolean();
  private Leadership.@Nullable Candidacy candidacy;
  private volatile DatabaseConfig config;
  private volatile BackupConfig backup;
  private volatile boolean leads;
  private volatile boolean owns;
  private volatile boolean closed;
  private volatile String trouble = "";
  private volatile String doing = "";
  private volatile @Nullable Known known;
  private volatile List<Drill> drills = List.of();
  private volatile long failureMillis;
  private volatile String failure = "";
  private volatile BackupsView view;

  /** What follows from the folder, as it was read last: finding that out takes a while. */
  private record Known(Archive archive, List<Archive.Reach> reaches, List<String> gaps) {
    static Known of(Archive archive) {
      return new Known(
          archive, archive.reaches(), archive.gaps().stream().map(Backups::text).toList());
    }
  }

  private long troubleSince;
  private String alarm = "";
  private long retryAt;
  private Duration retry = FIRST_RETRY;
  private long refreshed;
  private long pause = REFRESH.toMillis();
  private long slotsKept;
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
    this.config = config;
    this.backup = config.backup().orElseThrow();
    this.folder = new ArchiveFolder(backup.folder());
    this.members = members;
    this.leadership = leadership;
    this.clock = clock;
    this.events = events;
    this.stream =
        new WalStream(
            database, backup, config.probe().tls(), members, clock, this::acts, this::looked);
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
    config = next;
    next.backup()
        .ifPresent(one -> {
          backup = one;
          stream.configure(one, next.probe().tls());
        });
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
        if (leads) {
          own();
        }
        look();
        Thread.sleep(LOOK_MILLIS);
      }
    } catch (InterruptedException _) {
      // closed
    }
  }

  private void own() throws InterruptedException {
    try {
      PostgresPrograms programs = PostgresPrograms.find();
      folder.make(programs);
      try (ArchiveFolder.Held held = folder.lock()) {
        if (held == null) {
          trouble = "another process takes care of " + folder.path();
          return;
        }
        folder.tidy();
        trouble = "";
        owns = true;
        stream.run();
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

  private void looked() {
    look();
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
    return owns ? stream.trouble() : trouble;
  }

  private String alarm(String present, long now) {
    long behind = owns ? stream.lagMillis() : 0;
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
    Known present = known;
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
    if (stream.position() > 0 && now - slotsKept >= KEEP_SLOTS.toMillis()) {
      slotsKept = now;
      keepSlots();
    }
  }

  private void refresh() throws IOException {
    long began = clock.epochMillis();
    drills = folder.drills();
    known = Known.of(folder.read());
    refreshed = clock.epochMillis();
    pause = Math.max(REFRESH.toMillis(), 20 * (refreshed - began)); // where there are many files
    look();
  }

  private boolean isBackupDue(Known present, long now) {
    return stream.position() > 0 && now >= retryAt && now >= nextBackup(present);
  }

  /** At once if the newest copy cannot be brought to the end. */
  private long nextBackup(Known present) {
    List<Archive.Reach> reaches = present.reaches();
    if (reaches.isEmpty() || !reaches.getLast().missing().isEmpty()) {
      return 0;
    }
    return BackupSchedule.next(
        reaches.getLast().backup().startMillis(), backup.every(), backup.at());
  }

  private boolean isDrillDue(Known present, long now) {
    return !backup.drillEvery().isZero() && !present.reaches().isEmpty() && now >= nextDrill();
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
      Node source = Copying.source(members.get());
      if (source == null) {
        throw new IOException("no member can be copied from");
      }
      BaseBackup made =
          new Copying(folder, clock, this::doing).make(source, backup, config.probe(), this::acts);
      retry = FIRST_RETRY;
      retryAt = 0;
      failureMillis = 0;
      failure = "";
      events.accept(
          new Event.BackupMade(
              database,
              made.id(),
              made.source(),
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
    Drill drill = new Drilling(folder, clock, this::doing).run();
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
    Archive present = folder.read();
    Retention.Plan plan = Retention.plan(present, backup.keep(), clock.epochMillis());
    if (plan.backups().isEmpty() && plan.files().isEmpty()) {
      return;
    }
    try (ArchiveFolder.Held held = folder.removing()) {
      if (held != null) {
        folder.remove(plan);
        plan.backups().forEach(one -> events.accept(new Event.BackupRemoved(database, one.id())));
        refresh();
      }
    }
  }

  /**
   * Replicas keep the log for the archive as well, so that it can be continued at whichever is
   * promoted. Nobody reads from their slots, so we move them on.
   */
  private void keepSlots() {
    String slot = WalStream.slot(database);
    try {
      long to = stream.safePosition(folder.info().segmentSize());
      PostgresPrograms programs = PostgresPrograms.find();
      for (DatabaseView.MemberView member : members.get().members()) {
        if (member.role().kind() == Role.Kind.REPLICA && member.node().isAvailable()) {
          keepSlot(programs, member.node(), slot, to);
        }
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "slots of {0}: {1}", database, e.getMessage());
    }
  }

  private void keepSlot(PostgresPrograms programs, Node node, String slot, long to) {
    try (Access access =
        new Access(
            programs,
            node.address(),
            backup.user(),
            backup.password(),
            config.probe().tls(),
            "fairlead")) {
      Questions questions = new Questions(programs, access.environment());
      String where = config.probe().database().isEmpty() ? "postgres" : config.probe().database();
      String quoted = "'" + slot + "'";
      String _ =
          questions.sql(
              where,
              "select pg_create_physical_replication_slot("
                  + quoted
                  + ", true) where not exists (select from pg_replication_slots where slot_name = "
                  + quoted
                  + ")");
      String _ =
          questions.sql(
              where,
              "select pg_replication_slot_advance("
                  + quoted
                  + ", '"
                  + Lsn.text(to)
                  + "') from pg_replication_slots where slot_name = "
                  + quoted
                  + " and not active and restart_lsn < '"
                  + Lsn.text(to)
                  + "'");
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "slot at {0}: {1}", node.name(), e.getMessage());
    }
  }

  // --- what is seen --------------------------------------------------------------------------

  private BackupsView made() {
    Known present = known;
    boolean acting = acts();
    List<Archive.Reach> reaches = present == null ? List.of() : present.reaches();
    long complete = stream.completeMillis();
    List<BackupsView.Copy> copies =
        present == null
            ? List.of()
            : present.archive().backups().stream().map(one -> copy(one, reaches)).toList();
    Optional<Archive.Reach> oldest =
        reaches.stream().filter(r -> r.backup().damaged().isEmpty()).findFirst();
    Archive.Reach newest = reaches.isEmpty() ? null : reaches.getLast();
    long latest =
        newest == null
            ? 0
            : newest.missing().isEmpty() ? Math.max(newest.millis(), complete) : newest.millis();
    return new BackupsView(
        database,
        folder.path().toString(),
        clock.epochMillis(),
        acting,
        stream.from(),
        stream.position(),
        stream.timeline(),
        acting ? stream.lagBytes() : 0,
        acting ? stream.lagMillis() : 0,
        complete,
        leads ? trouble() : "",
        alarm,
        doing,
        copies,
        present == null ? List.of() : present.gaps(),
        oldest.map(r -> r.backup().endMillis()).orElse(0L),
        latest,
        drills.stream().map(Backups::trial).toList(),
        present == null || !acting ? 0 : Math.max(retryAt, nextBackup(present)),
        backup.drillEvery().isZero() || !acting ? 0 : nextDrill(),
        failureMillis,
        failure);
  }

  private static BackupsView.Copy copy(BaseBackup one, List<Archive.Reach> reaches) {
    Optional<Archive.Reach> reach =
        reaches.stream().filter(r -> r.backup().id().equals(one.id())).findFirst();
    return new BackupsView.Copy(
        one.id(),
        one.startMillis(),
        one.endMillis(),
        one.bytes(),
        one.source(),
        one.timeline(),
        reach.map(Archive.Reach::millis).orElse(one.endMillis()),
        reach.map(Archive.Reach::to).orElse(one.end()),
        reach.map(Archive.Reach::missing).orElse("its timeline was left"),
        one.damaged());
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

  static String text(Archive.Gap gap) {
    return "the log from "
        + Lsn.text(gap.from())
        + " to "
        + Lsn.text(gap.to())
        + " (timeline "
        + gap.timeline()
        + ") is missing: moments from "
        + Restore.instant(gap.fromMillis())
        + " to "
        + Restore.instant(gap.toMillis())
        + " cannot be restored, nor can an older copy be brought beyond";
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
