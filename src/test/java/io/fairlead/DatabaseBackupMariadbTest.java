package io.fairlead;

import static io.fairlead.MariadbNode.await;
import static io.fairlead.MariadbNode.backups;
import static io.fairlead.MariadbNode.flip;
import static io.fairlead.MariadbNode.restored;
import static io.fairlead.MariadbNode.rows;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.replication.backup.BackupsView;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** What befalls incremental copies of MariaDB. {@code make test-backups}. */
@EnabledIfSystemProperty(named = "fairlead.backups", matches = "true")
@Timeout(300)
class DatabaseBackupMariadbTest {
  private static final String FILL = " select seq, repeat(md5(seq), 4) from seq_1_to_5000; ";

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private static Path shared;

  private static MariadbNode node;

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path folder;

  @BeforeAll
  static void start() throws Exception {
    node = MariadbNode.start(shared);
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  private Fairlead fairlead() throws Exception {
    return node.fairlead(folder, "full-every: 168h");
  }

  private static BackupsView.Copy awaitCopy(Fairlead fairlead, int count) throws Exception {
    return await(fairlead, "copy " + count, view -> view.copies().size() == count)
        .copies()
        .getLast();
  }

  private static BackupsView.Copy copy(Fairlead fairlead) throws Exception {
    int before = backups(fairlead).view().copies().size();
    assertThat(backups(fairlead).backUp()).isEmpty();
    return awaitCopy(fairlead, before + 1);
  }

  /** All that users have, and who they are, as statements. */
  private static String all(int port) throws Exception {
    String databases =
        MariadbNode.ask(
            port,
            "select group_concat(schema_name order by schema_name separator ' ') from"
                + " information_schema.schemata where schema_name not in ('mysql', 'sys',"
                + " 'information_schema', 'performance_schema')");
    Tool.Said said =
        Tool.run(
            "",
            "sh",
            "-c",
            "mariadb-dump --no-defaults -h 127.0.0.1 -u admin -P "
                + port
                + " --skip-dump-date --order-by-primary --routines --triggers --databases "
                + databases
                + " | grep -v '^-- Server version' | sed 's/ AUTO_INCREMENT=[0-9]*//'");
    assertThat(said.status()).as(said.output()).isZero();
    return databases
        + said.output()
        + MariadbNode.ask(port, "select user, host from mysql.user order by user, host");
  }

  @Test
  void whateverIsDoneToTablesBetweenCopiesIsRestored() throws Exception {
    String _ =
        node.ask(
            "use shop; create table keep(id int primary key, v varchar(200));"
                + " create table gone like keep; create table cut like keep;"
                + " create table alt like keep; create table moved like keep;"
                + " create table packed(id int primary key, v varchar(200)) row_format=compressed;"
                + " create table my(id int primary key) engine=myisam;"
                + " create table ar(id int primary key) engine=aria;"
                + " create table words(id int primary key, t text, fulltext(t));"
                + " create table part(id int primary key) partition by hash(id) partitions 4;"
                + " create database dropped; create table dropped.t(id int primary key);"
                + " create database empty;"
                + " insert into keep"
                + FILL
                + "insert into gone"
                + FILL
                + "insert into cut"
                + FILL
                + "insert into alt"
                + FILL
                + "insert into packed"
                + FILL
                + "insert into moved"
                + FILL
                + " insert into my values (1); insert into ar values (1);"
                + " insert into words values (1, 'one word'); insert into part select seq from seq_1_to_999");
    try (Fairlead fairlead = fairlead()) {
      BackupsView.Copy full = awaitCopy(fairlead, 1);
      String _ =
          node.ask(
              "use shop; drop table gone; truncate table cut; insert into cut values (7, 'after');"
                  + " alter table alt add column extra int not null default 5, add index (v);"
                  + " create table late like keep; insert into late"
                  + FILL
                  + " update keep set v = 'changed' where id % 100 = 0;"
                  + " delete from packed where id % 2 = 0; insert into my values (2);"
                  + " insert into ar values (2); insert into words values (2, 'another');"
                  + " alter table part add partition partitions 2; drop database dropped;"
                  + " drop database empty; create database fresh;"
                  + " create table fresh.t(id int primary key); create database later;"
                  + " create or replace user between_copies@'%'; create procedure once() select 1");
      BackupsView.Copy one = copy(fairlead);
      assertThat(one.since()).isEqualTo(full.id());
      assertThat(one.note()).isEmpty();
      try (MariadbNode.Session open = node.session()) {
        open.tell(
            "use shop; begin; insert into keep select seq, repeat(md5(seq), 5)"
                + " from seq_100000_to_150000;"); // undone, though its pages are copied
        String _ =
            node.ask(
                "use shop; drop table late; create table late(id int primary key, w int);"
                    + " insert into late values (1, 1); alter table alt drop column extra;"
                    + " create table gone(id int primary key); insert into gone values (42);"
                    + " drop database later; optimize table packed;"
                    + " insert into cut select seq, 'big' from seq_100_to_60000");
        open.awaitTold();
        BackupsView.Copy two = copy(fairlead);
        assertThat(two.since()).isEqualTo(one.id());
        open.tell("rollback;");
        open.awaitTold();
      }
      String _ = node.ask("insert into shop.late values (2, 2)"); // by the log
      node.awaitArchived(fairlead);
      assertThat(restored(folder, "then", null, DatabaseBackupMariadbTest::all))
          .startsWith(all(node.port()) + "; ");
      assertThat(backups(fairlead).drill()).isEmpty();
      BackupsView tried = await(fairlead, "a drill", view -> !view.drills().isEmpty());
      assertThat(tried.drills().getFirst().text()).contains("all tables checked");

      String _ = node.ask("rename table shop.moved to fresh.moved");
      BackupsView.Copy next = copy(fairlead);
      assertThat(next.since()).isEmpty();
      assertThat(next.note())
          .contains("a table was renamed since the copy before: shop/moved is fresh/moved now");
    }
  }

  @Test
  void anIncrementThatFailsLeavesNothingAndAFullCopyIsMadeAtOnce() throws Exception {
    try (Fairlead fairlead = fairlead()) {
      BackupsView.Copy full = awaitCopy(fairlead, 1);
      assertThat(backups(fairlead).backUp()).isEmpty();
      ProcessHandle copying = null;
      for (long end = System.nanoTime() + 40_000_000_000L; copying == null; ) {
        assertThat(System.nanoTime()).isLessThan(end);
        copying =
            ProcessHandle.allProcesses()
                .filter(each -> {
                  String line = each.info().commandLine().orElse("");
                  return line.contains("--incremental-lsn=") && line.contains(folder.toString());
                })
                .findFirst()
                .orElse(null);
      }
      copying.destroyForcibly();
      BackupsView.Copy next = awaitCopy(fairlead, 2);
      assertThat(next.since()).isEmpty();
      assertThat(next.note()).contains("the incremental one failed: a: ");
      assertThat(backups(fairlead).view().failure()).isEmpty();
      try (Stream<Path> left = Files.list(folder.resolve("backups/base"))) {
        assertThat(left.map(one -> one.getFileName().toString()))
            .containsExactlyInAnyOrder(full.id(), next.id());
      }
      assertThat(copy(fairlead).since()).isEqualTo(next.id());
    }
  }

  @Test
  void onTopOfTheDataOfAnotherProcessNothingIsPut() throws Exception {
    String _ = node.ask("create or replace table shop.ledger(id int primary key)");
    try (Fairlead fairlead = fairlead()) {
      BackupsView.Copy full = awaitCopy(fairlead, 1);
      assertThat(copy(fairlead).since()).isEqualTo(full.id());
      node.restart();
      String _ = node.ask("insert into shop.ledger values (1)");
      await(fairlead, "the log again", view -> view.from().equals("a"));
      node.awaitArchived(fairlead);
      BackupsView.Copy next = copy(fairlead);
      assertThat(next.since()).isEmpty();
      assertThat(next.note()).contains("a was started since the copy before");
      assertThat(copy(fairlead).since()).isEqualTo(next.id());
      assertThat(rows(folder, "then", null)).startsWith("1; ");
    }
  }

  @Test
  void aDrillFindsADamagedIncrementAndAFullCopyTakesItsPlace() throws Exception {
    String _ = node.ask("create or replace table shop.ledger(id int primary key)");
    try (Fairlead fairlead = fairlead()) {
      BackupsView.Copy full = awaitCopy(fairlead, 1);
      String _ = node.ask("insert into shop.ledger values (1)");
      BackupsView.Copy one = copy(fairlead);
      BackupsView.Copy two = copy(fairlead);
      assertThat(two.since()).isEqualTo(one.id());
      flip(folder.resolve("backups/base/" + one.id() + "/data/ibdata1.delta"), 9_000);
      assertThat(backups(fairlead).drill()).isEmpty();
      BackupsView healed = await(fairlead, "a good drill", view -> view.provenMillis() > 0);
      assertThat(healed.drills().getFirst().backup()).isEqualTo(one.id());
      assertThat(healed.drills().getFirst().text()).contains("the file ibdata1.delta has been");
      assertThat(healed.copies())
          .extracting(BackupsView.Copy::damaged)
          .satisfiesExactly(
              good -> assertThat(good).isEmpty(),
              flipped -> assertThat(flipped).contains(one.id(), "ibdata1.delta"),
              above ->
                  assertThat(above).isEqualTo("it is on top of " + one.id() + ", which is damaged"),
              good -> assertThat(good).isEmpty());
      BackupsView.Copy next = healed.copies().getLast();
      assertThat(next.since()).isEmpty();
      assertThat(next.note()).contains("the copy before, " + two.id() + ", is damaged");
      assertThat(healed.drills().getLast().backup()).isEqualTo(next.id());
      assertThat(full.since()).isEmpty();
    }
  }
}
