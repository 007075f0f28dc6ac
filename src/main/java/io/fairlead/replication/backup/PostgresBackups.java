package io.fairlead.replication.backup;

import io.fairlead.config.BackupConfig;
import io.fairlead.config.DatabaseConfig;
import io.fairlead.replication.DatabaseView;
import io.fairlead.replication.PostgresPrograms;
import io.fairlead.runtime.Scheduler;
import io.fairlead.service.Node;
import io.fairlead.service.Role;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Backups of PostgreSQL: the log by {@link WalStream}, copies by {@link Copying}. */
final class PostgresBackups implements BackupEngine {
  private static final System.Logger LOG = System.getLogger(PostgresBackups.class.getName());

  private final String name;
  private final ArchiveFolder folder;
  private final Supplier<DatabaseView> members;
  private final Scheduler clock;
  private final BooleanSupplier wanted;
  private final WalStream stream;
  private volatile DatabaseConfig config;
  private volatile BackupConfig backup;

  /**
   * @param wanted whether this instance takes care of them
   * @param looked is told each time that it has been seen how far the log is
   */
  PostgresBackups(
      DatabaseConfig config,
      Supplier<DatabaseView> members,
      Scheduler clock,
      BooleanSupplier wanted,
      Runnable looked) {
    this.name = config.name();
    this.config = config;
    this.backup = config.backup().orElseThrow();
    this.folder = new ArchiveFolder(backup.folder());
    this.members = members;
    this.clock = clock;
    this.wanted = wanted;
    this.stream = new WalStream(name, backup, config.probe().tls(), members, clock, wanted, looked);
  }

  @Override
  public BackupFolder folder() {
    return folder;
  }

  @Override
  public void configure(DatabaseConfig next) {
    config = next;
    next.backup()
        .ifPresent(one -> {
          backup = one;
          stream.configure(one, next.probe().tls());
        });
  }

  @Override
  public String whyNotHere() {
    return "";
  }

  @Override
  public void receive() throws InterruptedException {
    stream.run();
  }

  @Override
  public Log log() {
    long position = stream.position();
    return new Log(
        stream.from(),
        position,
        position == 0 ? "" : Lsn.text(position),
        stream.timeline(),
        stream.lagBytes(),
        stream.lagMillis(),
        stream.completeMillis(),
        stream.trouble());
  }

  @Override
  public boolean isReady() {
    return stream.position() > 0;
  }

  @Override
  public Known read() throws IOException {
    Archive archive = folder.read();
    List<Archive.Reach> reaches = archive.reaches();
    Archive.Reach newest = reaches.isEmpty() ? null : reaches.getLast();
    return new Known(
        archive.backups().stream().map(one -> copy(one, archive, reaches)).toList(),
        archive.gaps().stream().map(PostgresBackups::text).toList(),
        reaches.stream()
            .filter(r -> r.backup().damaged().isEmpty())
            .findFirst()
            .map(r -> r.backup().endMillis())
            .orElse(0L),
        newest == null ? 0 : newest.millis(),
        newest != null,
        newest != null && newest.missing().isEmpty(),
        newest == null ? 0 : newest.backup().startMillis());
  }

  private static BackupsView.Copy copy(
      BaseBackup one, Archive archive, List<Archive.Reach> reaches) {
    Optional<Archive.Reach> reach =
        reaches.stream().filter(r -> r.backup().id().equals(one.id())).findFirst();
    return new BackupsView.Copy(
        one.id(),
        one.startMillis(),
        one.endMillis(),
        one.since(),
        one.note(),
        one.bytes(),
        one.source(),
        one.timeline(),
        reach.map(Archive.Reach::millis).orElse(one.endMillis()),
        Lsn.text(reach.map(Archive.Reach::to).orElse(one.end())),
        reach.map(Archive.Reach::missing).orElseGet(() -> archive.whyNot(one)),
        one.damaged());
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

  @Override
  public Made copy(BackupConfig present, Consumer<String> progress)
      throws IOException, InterruptedException {
    String note = "";
    if (!present.fullEvery().isZero()) {
      try {
        return made(
            new RepositoryCopying(folder, clock, progress, stream::position)
                .make(Copying.primary(members.get()), present, config.probe(), wanted));
      } catch (IOException e) {
        if (!wanted.getAsBoolean()) {
          throw e;
        }
        note = "full, by pg_basebackup: " + e.getMessage();
        LOG.log(Level.WARNING, "backups of {0}: {1}", name, note);
        progress.accept(note);
      }
    }
    Node source = Copying.source(members.get());
    if (source == null) {
      throw new IOException("no member can be copied from");
    }
    return made(
        new Copying(folder, clock, progress).make(source, present, config.probe(), note, wanted));
  }

  private static Made made(BaseBackup one) {
    return new Made(one.id(), one.source(), one.bytes());
  }

  @Override
  public Drill drill(Consumer<String> progress) throws InterruptedException {
    return new Drilling(folder, clock, progress).run();
  }

  @Override
  public List<String> retain(BackupConfig.Keep keep, long now) throws IOException {
    Retention.Plan plan = Retention.plan(folder.read(), keep, now);
    if (plan.backups().isEmpty() && plan.files().isEmpty()) {
      return List.of();
    }
    try (BackupFolder.Held held = folder.removing()) {
      if (held == null) {
        return List.of();
      }
      folder.remove(plan);
      return plan.backups().stream().map(BaseBackup::id).toList();
    }
  }

  /**
   * Replicas keep the log for the archive as well, so that it can be continued at whichever is
   * promoted. Nobody reads from their slots, so we move them on.
   */
  @Override
  public void tend() {
    String slot = WalStream.slot(name);
    try {
      long to = stream.safePosition(folder.info().segmentSize());
      PostgresPrograms programs = PostgresPrograms.find();
      for (DatabaseView.MemberView member : members.get().members()) {
        if (member.role().kind() == Role.Kind.REPLICA && member.node().isAvailable()) {
          keepSlot(programs, member.node(), slot, to);
        }
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "slots of {0}: {1}", name, e.getMessage());
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
}
