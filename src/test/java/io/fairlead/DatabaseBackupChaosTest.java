package io.fairlead;

import static io.fairlead.DatabaseBackupTest.await;
import static io.fairlead.DatabaseBackupTest.awaitArchived;
import static io.fairlead.DatabaseBackupTest.backup;
import static io.fairlead.DatabaseBackupTest.backups;
import static io.fairlead.DatabaseBackupTest.now;
import static io.fairlead.DatabaseBackupTest.position;
import static io.fairlead.DatabaseBackupTest.restore;
import static io.fairlead.DatabaseBackupTest.rows;
import static io.fairlead.DatabaseBackupTest.wanted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fairlead.health.Server;
import io.fairlead.replication.backup.BackupsView;
import io.fairlead.replication.backup.Restoring;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** What befalls backups, and what is restored nevertheless. {@code make test-backups}. */
@EnabledIfSystemProperty(named = "fairlead.backups", matches = "true")
@Timeout(300)
class DatabaseBackupChaosTest {
  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private static Path shared;

  private static Path template;

  @BeforeAll
  static void makeTemplate() throws Exception {
    template = Postgresql.template(shared);
  }

  private static BackupsView awaitCopies(Fairlead fairlead, int count) throws Exception {
    return await(fairlead, count + " copies", view -> view.copies().size() == count);
  }

  private static BackupsView drill(Fairlead fairlead) throws Exception {
    int before = backups(fairlead).view().drills().size();
    assertThat(backups(fairlead).drill()).isEmpty();
    return await(fairlead, "a drill", view -> view.drills().size() > before);
  }

  private static void flip(Path file, long at) throws IOException {
    try (RandomAccessFile in = new RandomAccessFile(file.toFile(), "rw")) {
      in.seek(at);
      int was = in.read();
      in.seek(at);
      in.write(was ^ 0x10);
    }
  }

  private static List<Path> files(Path folder, String pattern) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(f -> f.getFileName().toString().matches(pattern)).sorted().toList();
    }
  }

  private static List<String> events(Fairlead fairlead) {
    return fairlead.events().since(0).stream().map(entry -> entry.event().text()).toList();
  }

  @Test
  void momentsOnBothSidesOfAFailoverAreRestoredToTheRow(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a");
        Postgresql b = Postgresql.replica(folder, a, "b");
        Fairlead fairlead = DatabaseTest.start(folder, backup(folder, ""), a, b)) {
      DatabaseTest.awaitReadable(fairlead, "b", true);
      awaitCopies(fairlead, 1);
      Instant first = Instant.ofEpochMilli(backups(fairlead).view().earliestMillis());
      String _ = a.ask("insert into ledger values (1)");
      Instant before = now(a);
      String _ = a.ask("insert into ledger values (2)");
      String _ = a.ask("select pg_switch_wal()");
      String _ = a.ask("insert into ledger values (3)");
      awaitArchived(fairlead, a);
      a.kill();
      b.promote();
      DatabaseTest.awaitPrimary(fairlead, "b");
      String _ = b.ask("insert into ledger values (4)");
      Instant after = now(b);
      String _ = b.ask("insert into ledger values (5)");
      await(fairlead, "timeline 2", view -> view.timeline() == 2 && view.from().equals("b"));
      awaitArchived(fairlead, b);

      assertThat(restore(folder, "one", before).getFirst()).contains("timeline 1");
      assertThat(rows(folder, "one")).isEqualTo("1");
      assertThat(restore(folder, "two", after).getFirst()).contains("timeline 2");
      assertThat(rows(folder, "two")).isEqualTo("1,2,3,4");
      restore(folder, "all", null);
      assertThat(rows(folder, "all")).isEqualTo("1,2,3,4,5");
      restore(folder, "first", first.plusMillis(1));
      assertThat(rows(folder, "first")).isEmpty();

      assertThatThrownBy(() -> restore(folder, "early", first.minusSeconds(1)))
          .hasMessageContaining("the earliest moment that can be restored is");
      assertThatThrownBy(() -> restore(folder, "late", Instant.now().plusSeconds(60)))
          .hasMessageContaining("is after the end of the log");
      assertThat(folder.resolve("early")).doesNotExist();
      assertThat(folder.resolve("late")).doesNotExist();
    }
  }

  /** The archive had followed the old primary further than the new one ever was. */
  @Test
  void whatThePrimaryOfThePastWroteAloneIsNotRestored(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a");
        Postgresql b = Postgresql.replica(folder, a, "b");
        Fairlead fairlead = DatabaseTest.start(folder, backup(folder, ""), a, b)) {
      DatabaseTest.awaitReadable(fairlead, "b", true);
      awaitCopies(fairlead, 1);
      String _ = a.ask("insert into ledger values (1)");
      long there = position(a);
      Loopback.await(
          "b has it",
          () -> {
            try {
              return b.ask("select pg_last_wal_replay_lsn() >= pg_lsn '0/0' + " + there)
                  .equals("t");
            } catch (IOException _) {
              return false;
            }
          });
      String _ = b.ask("alter system set primary_conninfo = ''");
      String _ = b.ask("select pg_reload_conf()");
      Loopback.await(
          "b receives nothing",
          () -> {
            try {
              return b.ask("select count(*) from pg_stat_wal_receiver").equals("0");
            } catch (IOException _) {
              return false;
            }
          });
      String _ = a.ask("insert into ledger values (2)"); // only here, and in the archive
      String _ = a.ask("select pg_switch_wal()");
      String _ = a.ask("insert into ledger values (3)");
      awaitArchived(fairlead, a);
      a.kill();
      b.promote();
      DatabaseTest.awaitPrimary(fairlead, "b");
      String _ = b.ask("insert into ledger values (4)");
      await(fairlead, "timeline 2", view -> view.timeline() == 2 && view.from().equals("b"));
      awaitArchived(fairlead, b);
      await(fairlead, "no gap", view -> view.gaps().isEmpty() && view.alarm().isEmpty());
      restore(folder, "all", null);
      assertThat(rows(folder, "all")).isEqualTo("1,4");
    }
  }

  @Test
  void aFlippedByteInACopyIsFoundAndAnotherCopyIsMade(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a");
        Fairlead fairlead = DatabaseTest.start(folder, backup(folder, ""), a)) {
      awaitCopies(fairlead, 1);
      String _ = a.ask("insert into ledger values (1)");
      BackupsView good = drill(fairlead);
      assertThat(good.drills().getLast().text()).contains("checked by pg_amcheck");
      assertThat(good.provenMillis()).isPositive();
      Path base = folder.resolve("backups/base");
      Path damaged =
          files(base, "[0-9]{4,}").stream()
              .filter(f -> f.toString().contains("/data/base/"))
              .filter(f -> f.toFile().length() > 8192)
              .findFirst()
              .orElseThrow();
      flip(damaged, 5000);
      BackupsView bad = drill(fairlead);
      assertThat(bad.drills().getLast().passed()).isFalse();
      assertThat(bad.drills().getLast().text()).contains(damaged.getFileName().toString());
      assertThat(bad.copies().getFirst().damaged()).contains(damaged.getFileName().toString());
      BackupsView healed =
          await(
              fairlead,
              "healed",
              view ->
                  view.copies().size() == 2
                      && view.drills().size() == 3
                      && view.drills().getLast().passed());
      assertThat(healed.copies().getLast().damaged()).isEmpty();
      assertThat(events(fairlead).toString()).contains("could not be restored");
      restore(folder, "all", null);
      assertThat(rows(folder, "all")).isEqualTo("1");
    }
  }

  @Test
  void aFlippedByteInTheLogIsFoundBeforeAnythingIsWritten(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a");
        Fairlead fairlead = DatabaseTest.start(folder, backup(folder, ""), a)) {
      awaitCopies(fairlead, 1);
      String _ = a.ask("insert into ledger values (1)");
      Instant before = now(a);
      String _ = a.ask("insert into ledger values (2)");
      String _ = a.ask("insert into ledger select generate_series(1000, 3000)");
      String _ = a.ask("select pg_switch_wal()");
      awaitArchived(fairlead, a);
      Path damaged = files(folder.resolve("backups/wal"), "[0-9A-F]{24}").getLast();
      flip(damaged, 100_000);
      assertThatThrownBy(() -> restore(folder, "all", null))
          .hasMessageContaining(damaged.toString())
          .hasMessageContaining("is damaged");
      assertThat(folder.resolve("all")).doesNotExist();
      BackupsView bad = drill(fairlead);
      assertThat(bad.drills().getLast().text()).contains(damaged.toString());
      await(
          fairlead,
          "healed",
          view -> view.drills().size() == 3 - 1 && view.drills().getLast().passed());
      restore(folder, "all", null);
      assertThat(rows(folder, "all")).startsWith("1,2,1000,").endsWith(",3000");
      restore(folder, "before", before); // what comes later does not matter
      assertThat(rows(folder, "before")).isEqualTo("1");
    }
  }

  @Test
  void aMissingPartOfTheLogIsSaidAndAnotherCopyIsMade(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a");
        Fairlead fairlead = DatabaseTest.start(folder, backup(folder, ""), a)) {
      awaitCopies(fairlead, 1);
      for (int i = 1; i <= 3; i++) {
        String _ = a.ask("insert into ledger values (" + i + ")");
        String _ = a.ask("select pg_switch_wal()");
      }
      String _ = a.ask("insert into ledger values (4)");
      awaitArchived(fairlead, a);
      List<Path> whole = files(folder.resolve("backups/wal"), "[0-9A-F]{24}");
      Path missing = whole.get(whole.size() - 2);
      Files.delete(missing);
      String first = backups(fairlead).view().copies().getFirst().id();
      BackupsView seen =
          await(fairlead, "a gap and a copy", v -> !v.gaps().isEmpty() && v.copies().size() == 2);
      assertThat(seen.copies().getFirst().missing()).isEqualTo(missing.getFileName().toString());
      assertThat(seen.gaps().getFirst()).contains("is missing: moments from");
      assertThatThrownBy(() -> Restoring.run(wanted(folder, "old", null, first), _ -> {}))
          .hasMessageContaining(missing.getFileName().toString());
      assertThat(folder.resolve("old")).doesNotExist();
      restore(folder, "all", null);
      assertThat(rows(folder, "all")).isEqualTo("1,2,3,4");
    }
  }

  /**
   * A member that was copied of late has no histories of old timelines, and a slot goes by that of
   * the position that it keeps: whoever begins with that gets nothing from there, ever.
   */
  @Test
  void aSlotThatKeepsWhatTheMemberHasNoHistoryOfIsMadeAnew(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a");
        Postgresql b = Postgresql.replica(folder, a, "b")) {
      a.kill();
      String _ = b.ask("select pg_promote()");
      String _ = b.ask("checkpoint");
      String _ = b.ask("select pg_create_physical_replication_slot('fairlead_orders', true)");
      b.kill();
      Files.createFile(folder.resolve("b/standby.signal"));
      b.startAgain();
      String _ = b.ask("select pg_promote()");
      Files.delete(folder.resolve("b/pg_wal/00000002.history"));
      try (Fairlead fairlead = DatabaseTest.start(folder, backup(folder, ""), b)) {
        awaitCopies(fairlead, 1);
        String _ = b.ask("insert into ledger values (1)");
        awaitArchived(fairlead, b);
        restore(folder, "all", null);
        assertThat(rows(folder, "all")).isEqualTo("1");
      }
    }
  }

  @Test
  void aFullDiskStopsTheArchiveAndDestroysNothing(@TempDir Path folder) throws Exception {
    Path disk = Server.folder(folder, "backups");
    assumeTrue("root".equals(System.getProperty("user.name")), "only root may mount a file system");
    Server.run("mount", "-t", "tmpfs", "-o", "size=120m", "tmpfs", disk.toString());
    try (Postgresql a = Postgresql.primary(folder, template, "a");
        Fairlead fairlead = DatabaseTest.start(folder, backup(folder, ""), a)) {
      Server.run("chmod", "755", disk.toString());
      awaitCopies(fairlead, 1);
      int rows = 0;
      while (backups(fairlead).view().alarm().isEmpty()) {
        assertThat(++rows).isLessThan(100);
        String _ = a.ask("insert into ledger values (" + rows + ")");
        String _ = a.ask("select pg_switch_wal()");
        TimeUnit.MILLISECONDS.sleep(300); // the archive is to be filled, not the primary
      }
      assertThat(backups(fairlead).view().alarm()).containsAnyOf("No space left", "is full");
      String _ = a.ask("insert into ledger values (1000)");
      Server.run("mount", "-o", "remount,size=800m", disk.toString());
      awaitArchived(fairlead, a);
      await(fairlead, "well again", view -> view.alarm().isEmpty() && view.gaps().isEmpty());
      assertThat(events(fairlead)).anyMatch(text -> text.contains("gets into the backups again"));
      restore(folder, "all", null);
      assertThat(rows(folder, "all")).startsWith("1,2,").endsWith(rows + ",1000");
    } finally {
      Server.run("umount", disk.toString());
    }
  }

  /** Killed while it copies: nothing half counts, and the log goes on without a hole. */
  @Test
  void aKilledInstanceLeavesNothingHalf(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a")) {
      String _ =
          a.ask(
              "create table ballast as select repeat(md5(i::text), 30) from generate_series(1,"
                  + " 150000) i");
      Path config = folder.resolve("fairlead.yaml");
      Files.writeString(
          config,
          """
          admin: { bind: "127.0.0.1:0" }
          data: %s
          databases:
            orders:
              engine: postgresql
              members: { a: "127.0.0.1:%d" }
              probe: { user: fairlead, password: %s, database: postgres, interval: 200ms }
              %s
          """
              .formatted(
                  folder.resolve("state"), a.port(), Postgresql.PASSWORD, backup(folder, "")));
      Process first = FairleadProcess.run(folder.resolve("out"), "-c", config.toString());
      Path base = folder.resolve("backups/base");
      try {
        Loopback.await(
            "it copies",
            () -> {
              try {
                return Files.isDirectory(base) && !files(base, "ballast|PG_VERSION").isEmpty();
              } catch (IOException | java.io.UncheckedIOException _) {
                return false; // it was given its name at this moment
              }
            });
        String _ = a.ask("insert into ledger values (1)");
      } finally {
        first.destroyForcibly().waitFor();
      }
      String _ = a.ask("insert into ledger values (2)");
      String _ = a.ask("select pg_switch_wal()");
      String _ = a.ask("insert into ledger values (3)");
      List<String> left = names(base);
      try (Fairlead fairlead = Loopback.start(Files.readString(config), folder)) {
        assertThat(backups(fairlead).view().copies().size())
            .isEqualTo(left.stream().filter(name -> !name.startsWith(".")).count());
        await(fairlead, "a copy", view -> !view.copies().isEmpty());
        awaitArchived(fairlead, a);
        assertThat(names(base)).noneMatch(name -> name.startsWith("."));
        assertThat(backups(fairlead).view().gaps()).isEmpty();
        restore(folder, "all", null);
        assertThat(rows(folder, "all")).isEqualTo("1,2,3");
      }
    }
  }

  @Test
  void whoeverReceivesTheLogMayBeKilled(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a");
        Fairlead fairlead = DatabaseTest.start(folder, backup(folder, ""), a)) {
      awaitCopies(fairlead, 1);
      for (int i = 1; i <= 5; i++) {
        String _ = a.ask("insert into ledger values (" + i + ")");
        List<ProcessHandle> ours =
            ProcessHandle.current()
                .descendants()
                .filter(each -> each.info().commandLine().orElse("").contains("pg_receivewal"))
                .toList();
        ours.forEach(ProcessHandle::destroyForcibly);
        String _ = a.ask("select pg_switch_wal()");
        awaitArchived(fairlead, a);
      }
      assertThat(names(folder.resolve("backups/wal"))).hasSize(1); // continued each time
      restore(folder, "all", null);
      assertThat(rows(folder, "all")).isEqualTo("1,2,3,4,5");
    }
  }

  /** Replicas keep the log for the archive, so that it can be continued at any of them. */
  @Test
  void anArchiveThatWasAwayDuringAFailoverMissesNothing(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a", "-c", "max_wal_size=32MB");
        Postgresql b = Postgresql.replica(folder, a, "b", "-c", "max_wal_size=32MB")) {
      String slot = "select count(*) from pg_replication_slots where restart_lsn is not null";
      try (Fairlead fairlead = DatabaseTest.start(folder, backup(folder, ""), a, b)) {
        DatabaseTest.awaitReadable(fairlead, "b", true);
        awaitCopies(fairlead, 1);
        Loopback.await(
            "b keeps the log",
            () -> {
              try {
                return b.ask(slot).equals("1");
              } catch (IOException _) {
                return false;
              }
            });
      }
      for (int i = 1; i <= 6; i++) {
        String _ = a.ask("insert into ledger values (" + i + ")");
        String _ = a.ask("select pg_switch_wal()");
      }
      String _ = a.ask("checkpoint");
      long there = position(a);
      Loopback.await(
          "b has it",
          () -> {
            try {
              return b.ask("select pg_last_wal_replay_lsn() >= pg_lsn '0/0' + " + there)
                  .equals("t");
            } catch (IOException _) {
              return false;
            }
          });
      String _ = b.ask("checkpoint");
      a.kill();
      b.promote();
      Loopback.await(
          "b takes writes",
          () -> {
            try {
              return b.ask("select pg_is_in_recovery()").equals("f");
            } catch (IOException _) {
              return false;
            }
          });
      String _ = b.ask("insert into ledger values (7)");
      String _ = b.ask("checkpoint");
      try (Fairlead fairlead = DatabaseTest.start(folder, backup(folder, ""), a, b)) {
        await(fairlead, "timeline 2", view -> view.timeline() == 2);
        awaitArchived(fairlead, b);
        BackupsView seen = await(fairlead, "a look", view -> !view.copies().isEmpty());
        assertThat(seen.gaps()).isEmpty();
        restore(folder, "all", null);
        assertThat(rows(folder, "all")).isEqualTo("1,2,3,4,5,6,7");
        assertThat(backups(fairlead).view().copies()).hasSize(1); // none was needed
      }
    }
  }

  @Test
  void whatCannotBeCopiedIsRefusedInWords(@TempDir Path folder) throws Exception {
    Path elsewhere = Postgresql.folder(folder, "elsewhere");
    try (Postgresql a = Postgresql.primary(folder, template, "a")) {
      String _ = a.ask("create tablespace fast location '" + elsewhere + "'");
      try (Fairlead fairlead = DatabaseTest.start(folder, backup(folder, ""), a)) {
        BackupsView view = await(fairlead, "a failure", seen -> !seen.failure().isEmpty());
        assertThat(view.failure()).contains("tablespaces (fast)");
        assertThat(view.isInTrouble()).isTrue();
        assertThat(names(folder.resolve("backups/base"))).isEmpty();
        assertThat(events(fairlead)).anyMatch(text -> text.contains("no backup was made"));
      }
    }
  }

  /** Two that were told the same folder: the second keeps its hands off it. */
  @Test
  void aFolderIsTakenCareOfByOneProcess(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a");
        Postgresql other = Postgresql.primary(folder, template, "other")) {
      try (Fairlead first = DatabaseTest.start(folder, backup(folder, ""), a)) {
        awaitCopies(first, 1);
        try (Fairlead second =
            DatabaseTest.start(folder.resolve("second"), backup(folder, ""), a)) {
          await(second, "refused", view -> view.trouble().contains("another process takes care"));
          assertThat(backups(second).view().acting()).isFalse();
          assertThat(backups(second).backUp()).contains("another process takes care");
        }
      }
      // the template has one system identifier; so that it is another's, it is made so
      Path info = folder.resolve("backups/archive.properties");
      Files.writeString(info, Files.readString(info).replace("system=", "system=1"));
      try (Fairlead third =
          DatabaseTest.start(folder.resolve("third"), backup(folder, ""), other)) {
        await(third, "refused", view -> view.trouble().contains("of another database"));
      }
    }
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(path -> path.getFileName().toString()).toList();
    }
  }

  /** The primary and its disk are gone, and there was no replica: the archive has it all. */
  @Test
  void aWitnessHasEveryAcknowledgedCommit(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a")) {
      List<Integer> acknowledged = new ArrayList<>();
      try (Fairlead fairlead = DatabaseTest.start(folder, backup(folder, ", witness: true"), a)) {
        awaitCopies(fairlead, 1);
        String _ = a.ask("alter system set synchronous_standby_names = 'ANY 1 (fairlead_orders)'");
        String _ = a.ask("select pg_reload_conf()");
        Loopback.await(
            "it counts",
            () -> {
              try {
                return a.ask(
                        "select sync_state from pg_stat_replication"
                            + " where application_name = 'fairlead_orders'")
                    .equals("quorum");
              } catch (IOException _) {
                return false;
              }
            });
        Thread kill = Thread.ofVirtual().unstarted(a::kill);
        try (PostgresqlClient client = PostgresqlClient.to(a.port())) {
          for (int i = 1; ; i++) {
            String _ = client.ask("insert into ledger values (" + i + ")");
            acknowledged.add(i);
            if (i == 300) {
              kill.start();
            }
          }
        } catch (IOException e) {
          kill.join(); // it was killed while this one was writing
        }
        Server.run("rm", "-rf", folder.resolve("a").toString());
      }
      restore(folder, "all", null);
      List<Integer> there =
          Stream.of(rows(folder, "all").split(",", -1)).map(Integer::valueOf).toList();
      System.out.println(acknowledged.size() + " acknowledged, " + there.size() + " restored");
      assertThat(there).containsAll(acknowledged);
    }
  }
}
