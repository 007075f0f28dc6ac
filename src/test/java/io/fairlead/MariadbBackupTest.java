package io.fairlead;

import static io.fairlead.MariadbNode.PASSWORD;
import static io.fairlead.MariadbNode.await;
import static io.fairlead.MariadbNode.backups;
import static io.fairlead.MariadbNode.flip;
import static io.fairlead.MariadbNode.restore;
import static io.fairlead.MariadbNode.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.replication.backup.BackupsView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** Backups of a real node of a Galera cluster, restored. */
@Timeout(180)
class MariadbBackupTest {
  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private static Path shared;

  private static MariadbNode node;

  @BeforeAll
  static void start() throws Exception {
    node = MariadbNode.start(shared);
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  private static Instant nextSecond() throws InterruptedException {
    Instant next = Instant.now().truncatedTo(ChronoUnit.SECONDS).plusSeconds(1);
    while (Instant.now().isBefore(next)) {
      TimeUnit.MILLISECONDS.sleep(20); // it is time itself that is waited for
    }
    return next;
  }

  private static Path logFile(Path folder, boolean last) throws IOException {
    try (Stream<Path> all = Files.list(folder.resolve("backups/binlog/00001"))) {
      List<Path> files =
          all.filter(f -> f.getFileName().toString().startsWith("bin.")).sorted().toList();
      return last ? files.getLast() : files.getFirst();
    }
  }

  @Test
  void aMomentIsRestoredToTheRowAndWhatIsDamagedIsRefused(
      @TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder) throws Exception {
    try (Fairlead fairlead = node.fairlead(folder, "full-every: 168h")) {
      await(fairlead, "the log", view -> view.from().equals("a"));
      assertThat(ProcessHandle.allProcesses().map(each -> each.info().commandLine().orElse("")))
          .anyMatch(line -> line.contains("mariadb-binlog"))
          .noneMatch(line -> line.contains(PASSWORD));
      BackupsView first = await(fairlead, "a copy", view -> view.copies().size() == 1);
      assertThat(first.copies().getFirst().from()).isEqualTo("a");
      String _ =
          node.ask(
              "create or replace table shop.ledger(id int primary key); insert into shop.ledger values (1);"
                  + " flush binary logs; create user later@'%' identified by 'x';"
                  + " grant select on shop.* to later@'%'; flush binary logs;"
                  + " begin; insert into shop.ledger values (2); insert into shop.ledger values (3);"
                  + " commit");
      Instant moment = nextSecond();
      String _ = node.ask("insert into shop.ledger values (4)");
      node.awaitArchived(fairlead);
      assertThat(rows(folder, "then", moment))
          .startsWith("1,2,3; ")
          .contains("as it was at " + moment, "1 databases, 1 tables", "GTID 0-7-");
      assertThat(Files.exists(folder.resolve("then/NOT-RESTORED-YET"))).isFalse();
      assertThatThrownBy(() -> restore(folder, "then", null, 0))
          .hasMessageContaining("holds a database");
      assertThatThrownBy(() -> restore(folder, "no", moment.plusSeconds(3600), 0))
          .hasMessageContaining("is after the end of the log");
      assertThatThrownBy(() -> restore(folder, "no", moment.minusSeconds(3600), 0))
          .hasMessageContaining("the earliest moment that can be restored is");

      assertThat(backups(fairlead).drill()).isEmpty();
      BackupsView proven = await(fairlead, "a drill", view -> view.drills().size() == 1);
      assertThat(proven.drills().getFirst().text()).contains("checked by mariadb-check");
      assertThat(proven.provenMillis()).isGreaterThanOrEqualTo(moment.toEpochMilli());

      Path log = logFile(folder, true);
      flip(log, Files.size(log) - 60);
      assertThatThrownBy(() -> restore(folder, "no", null, 0))
          .hasMessageContaining("the file " + log.getFileName() + " of the log is damaged at ")
          .hasMessageContaining("checksum");
      Files.delete(log);
      assertThatThrownBy(() -> restore(folder, "no", null, 0))
          .hasMessageContaining(log.getFileName() + " is missing in the log");
      assertThat(folder.resolve("no")).doesNotExist();
      assertThat(Loopback.door(fairlead, "GET", "/api/v1/databases/shop/backups", "").body())
          .contains("\"from\":\"a\"", "\"position\":\"bin.0000")
          .doesNotContain(PASSWORD);
    }
  }

  @Test
  void aKilledCopyLeavesNothingAndADamagedOneIsReplaced(
      @TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder) throws Exception {
    try (Fairlead fairlead = node.fairlead(folder, "full-every: 168h")) {
      ProcessHandle copying = null;
      for (long end = System.nanoTime() + 40_000_000_000L; copying == null; ) {
        assertThat(System.nanoTime()).isLessThan(end);
        copying =
            ProcessHandle.allProcesses()
                .filter(each ->
                    each.info().commandLine().orElse("").contains("mariadb-backup")
                        && each.info().commandLine().orElse("").contains(folder.toString()))
                .findFirst()
                .orElse(null);
      }
      copying.destroyForcibly();
      BackupsView failed = await(fairlead, "the failure", view -> view.failureMillis() > 0);
      assertThat(failed.copies()).isEmpty();
      try (Stream<Path> left = Files.list(folder.resolve("backups/base"))) {
        assertThat(left).isEmpty();
      }
      assertThatThrownBy(() -> restore(folder, "no", null, 0))
          .hasMessageContaining("there is no backup");
      assertThat(backups(fairlead).backUp()).isEmpty();
      BackupsView made = await(fairlead, "a copy", view -> view.copies().size() == 1);
      String id = made.copies().getFirst().id();
      flip(folder.resolve("backups/base/" + id + "/data/ibdata1"), 70_000);
      assertThatThrownBy(() -> restore(folder, "no", null, 0))
          .hasMessageContaining("backup " + id + " is damaged: the file ibdata1");
      assertThat(folder.resolve("no")).doesNotExist();
      assertThat(backups(fairlead).drill()).isEmpty();
      BackupsView healed = await(fairlead, "another copy, proven", view -> view.provenMillis() > 0);
      assertThat(healed.drills().getFirst().text()).contains("the file ibdata1 has been changed");
      assertThat(healed.copies()).hasSize(2);
      assertThat(healed.copies().getFirst().damaged()).contains("ibdata1");
      String full = healed.copies().getLast().id();
      assertThat(healed.drills().getLast().backup()).isEqualTo(full);
      assertThat(healed.copies().getLast().since()).as("the one before is damaged").isEmpty();
      assertThat(healed.copies().getLast().note())
          .isEqualTo("the copy before, " + id + ", is damaged");

      String _ =
          node.ask(
              "create or replace table shop.ledger(id int primary key);"
                  + " insert into shop.ledger values (1), (2)");
      assertThat(backups(fairlead).backUp()).isEmpty();
      BackupsView more = await(fairlead, "an increment", view -> view.copies().size() == 3);
      BackupsView.Copy increment = more.copies().getLast();
      assertThat(increment.since()).isEqualTo(full);
      assertThat(increment.bytes()).isLessThan(more.copies().get(1).bytes() / 2);
      String _ = node.ask("insert into shop.ledger values (3)");
      node.awaitArchived(fairlead);
      assertThat(rows(folder, "then", null)).startsWith("1,2,3; ").contains(increment.id());
      Path changed = folder.resolve("backups/base/" + increment.id() + "/data/ibdata1.delta");
      flip(changed, 20_000);
      assertThatThrownBy(() -> restore(folder, "no", null, 0))
          .hasMessageContaining("backup " + increment.id() + " is damaged: the file ibdata1.delta");
      flip(changed, 20_000);
      flip(folder.resolve("backups/base/" + full + "/data/ibdata1"), 70_000);
      assertThatThrownBy(() -> restore(folder, "no", null, 0))
          .hasMessageContaining(
              "backup " + full + " is damaged: the file ibdata1 has been changed");
      assertThat(folder.resolve("no")).doesNotExist();
    }
  }
}
