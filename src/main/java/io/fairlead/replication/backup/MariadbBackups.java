package io.fairlead.replication.backup;

import io.fairlead.config.BackupConfig;
import io.fairlead.config.DatabaseConfig;
import io.fairlead.replication.DatabaseView;
import io.fairlead.runtime.Scheduler;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Backups of MariaDB: the log by {@link BinlogStream}, copies by {@link MariadbCopying}. */
final class MariadbBackups implements BackupEngine {
  private static final System.Logger LOG = System.getLogger(MariadbBackups.class.getName());

  private final BinlogFolder folder;
  private final Scheduler clock;
  private final BooleanSupplier wanted;
  private final BinlogStream stream;
  private volatile DatabaseConfig config;

  /**
   * @param wanted whether this instance takes care of them
   * @param looked is told each time that it has been seen how far the log is
   */
  MariadbBackups(
      DatabaseConfig config,
      Supplier<DatabaseView> members,
      Scheduler clock,
      BooleanSupplier wanted,
      Runnable looked) {
    this.config = config;
    this.clock = clock;
    this.wanted = wanted;
    this.folder = new BinlogFolder(config.backup().orElseThrow().folder());
    this.stream = new BinlogStream(config, folder, members, clock, wanted, looked);
  }

  @Override
  public BackupFolder folder() {
    return folder;
  }

  @Override
  public void configure(DatabaseConfig next) {
    config = next;
    stream.configure(next);
  }

  @Override
  public String whyNotHere() {
    return config.members().values().stream().anyMatch(MariadbMember::isHere)
        ? ""
        : "no member is on this machine, and the data is copied as files";
  }

  @Override
  public void receive() throws InterruptedException {
    stream.run();
  }

  @Override
  public Log log() {
    return stream.log();
  }

  @Override
  public boolean isReady() {
    return stream.source() != null;
  }

  @Override
  public Known read() throws IOException {
    BinlogArchive archive = folder.read();
    List<BinlogArchive.Reach> reaches = archive.reaches();
    List<BinlogArchive.Reach> good =
        reaches.stream().filter(reach -> reach.backup().damaged().isEmpty()).toList();
    BinlogArchive.Reach newest = good.isEmpty() ? null : good.getLast();
    return new Known(
        reaches.stream().map(MariadbBackups::copy).toList(),
        archive.gaps(),
        good.isEmpty() ? 0 : good.getFirst().backup().endMillis(),
        newest == null ? 0 : newest.millis(),
        newest != null,
        newest != null && newest.missing().isEmpty(),
        newest == null ? 0 : newest.backup().startMillis());
  }

  private static BackupsView.Copy copy(BinlogArchive.Reach reach) {
    MariadbBackup one = reach.backup();
    return new BackupsView.Copy(
        one.id(),
        one.startMillis(),
        one.endMillis(),
        one.pages().since(),
        one.pages().note(),
        one.bytes(),
        one.source(),
        one.part(),
        reach.millis(),
        BinlogFile.text(one.file(), reach.to()),
        reach.missing(),
        one.damaged());
  }

  @Override
  public Made copy(BackupConfig present, Consumer<String> progress)
      throws IOException, InterruptedException {
    try {
      return copy(present, "", progress);
    } catch (MariadbCopying.Unfit e) {
      return copy(present, "the incremental one failed: " + e.getMessage(), progress);
    }
  }

  private Made copy(BackupConfig present, String unfit, Consumer<String> progress)
      throws IOException, InterruptedException {
    BinlogStream.Source source = stream.source();
    if (source == null) {
      throw new IOException("no member can be copied from");
    }
    MariadbBackup made =
        new MariadbCopying(folder, clock, progress)
            .make(
                new MariadbCopying.Wanted(
                    source.node(), source.part(), present, config.probe(), wanted, unfit));
    String note = made.pages().note();
    if (!note.isEmpty()) {
      LOG.log(
          Level.INFO, "backups of {0}: {1} is a full copy: {2}", config.name(), made.id(), note);
    }
    return new Made(made.id(), made.source(), made.bytes());
  }

  @Override
  public Drill drill(Consumer<String> progress) throws InterruptedException {
    return new MariadbDrilling(folder, clock, progress).run();
  }

  @Override
  public List<String> retain(BackupConfig.Keep keep, long now) throws IOException {
    BinlogArchive.Plan plan = folder.read().plan(keep, now);
    if (plan.isEmpty()) {
      return List.of();
    }
    try (BackupFolder.Held held = folder.removing()) {
      if (held == null) {
        return List.of();
      }
      folder.remove(plan);
      return plan.backups().stream().map(MariadbBackup::id).toList();
    }
  }

  @Override
  public void tend() {
    // A member keeps its log as long as it is told to (binlog_expire_logs_seconds), by nobody else.
  }
}
