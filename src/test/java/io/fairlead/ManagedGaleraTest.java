package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.ManagedCluster.Writer;
import io.fairlead.replication.MariadbPrograms;
import io.fairlead.replication.backup.Backups;
import io.fairlead.replication.backup.Restoring;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * A Galera cluster that Fairlead makes itself: its writer is killed, then all of it, and data is
 * destroyed beside. One story, since it takes a cluster a quarter of a minute to be made.
 */
@Timeout(240)
class ManagedGaleraTest {
  private static final String HISTORY = "show status like 'wsrep_cluster_state_uuid'";

  private final Set<Long> acknowledged = new HashSet<>();

  @Test
  void nothingAcknowledgedIsLost(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder)
      throws Exception {
    try (ManagedCluster shop = new ManagedCluster(folder)) {
      shop.awaitWhole(3);
      String first = shop.writer();
      for (String member : shop.ports.keySet()) {
        assertThat(shop.root(member, "select @@read_only"))
            .as(member)
            .isEqualTo(member.equals(first) ? "0" : "1");
      }
      String history = shop.root("a", HISTORY);
      shop.write("create table shop.ledger(id bigint primary key)");

      killTheWriter(shop);
      shop.awaitWhole(3);
      String writer = shop.writer();
      assertThat(writer).as("no failback").isNotEqualTo(first);

      // Its successor is chosen, and nothing is torn.
      assertThat(shop.manager().switchover(first)).as("the successor").isEqualTo(first);
      assertThat(shop.root(writer, "select @@read_only")).as("of the one before").isEqualTo("1");
      shop.write("insert into shop.ledger values (1000000)");
      assertThat(acknowledged.add(1_000_000L)).isTrue();

      oneIsAddedAndAnotherTakenAway(shop);
      allAreKilledAndOneIsWiped(shop);
      assertThat(shop.root(shop.writer(), HISTORY)).as("the same history").isEqualTo(history);
      theWritersDataIsGone(shop);
    }
  }

  private void killTheWriter(ManagedCluster shop) throws Exception {
    try (Writer writer = new Writer(shop, 0)) {
      writer.await(100);
      shop.kill(shop.writer());
      writer.await(100);
      long pause = writer.longest.get() / 1_000_000;
      System.out.printf("the writer was killed: nobody wrote for %d ms%n", pause);
      assertThat(pause).isLessThan(5_000); // 1.3 s where nothing else is to do
      acknowledged.addAll(writer.acknowledged);
    }
    check(shop);
  }

  private void oneIsAddedAndAnotherTakenAway(ManagedCluster shop) throws Exception {
    long begun = System.nanoTime();
    shop.apply(shop.with("d"));
    shop.awaitWhole(4);
    System.out.printf("a fourth takes part after %d ms%n", (System.nanoTime() - begun) / 1_000_000);
    String writer = shop.writer();
    long pid = shop.pid("d");
    assertThat(ProcessHandle.of(pid)).as("its server").isPresent();
    List<Long> others = List.of(shop.pid("a"), shop.pid("b"), shop.pid("c"));
    shop.apply(shop.without("d"));
    shop.await(
        "its server has ended",
        () -> {
          System.gc(); // which closes what nobody refers to any more
          return ProcessHandle.of(pid).isEmpty();
        });
    shop.await("it is managed again", () -> shop.managed().coordinates());
    shop.awaitWhole(3);
    assertThat(List.of(shop.pid("a"), shop.pid("b"), shop.pid("c")))
        .as("the others' servers go on")
        .isEqualTo(others);
    shop.await("the writer stays the writer", () -> shop.writer().equals(writer));
    assertThat(shop.data("d").resolve("ibdata1")).as("its data is left").exists();
  }

  /** Whoever has the most begins with that; who has nothing does not, whatever it says itself. */
  private void allAreKilledAndOneIsWiped(ManagedCluster shop) throws Exception {
    shop.manager().pause("test");
    String writer = shop.writer();
    String wiped = writer.equals("a") ? "b" : "a";
    shop.signal("KILL", "a", "b", "c");
    shop.await("all have ended", () -> shop.pid("a") + shop.pid("b") + shop.pid("c") == 0);
    // The worst moment: it is known already what it had.
    shop.await("it has been looked at what it has", () -> shop.doing(wiped).equals("waits"));
    Path _ = Files.move(shop.data(wiped), shop.top(wiped).resolve("gone"));
    assertThat(shop.wiped(wiped)).isTrue();
    shop.manager().resume("test");
    shop.await("somebody begins", () -> !shop.begun().isEmpty());
    shop.await("somebody lets people write", () -> isWritten(shop));
    assertThat(shop.begun()).as("begun anew, %s", shop.trouble()).hasSize(1);
    assertThat(shop.begun().getFirst())
        .as("who begins, of which %s was wiped", wiped)
        .matches("no part .* and [^" + wiped + "] begins it anew at .*");
    check(shop);
    shop.await(
        "it is said of the one that was wiped",
        () -> shop.trouble().contains("no position in any cluster"));
    assertThat(shop.data(wiped)).as("left as it is").isDirectoryContaining("glob:**/grastate.dat");
    shop.manager().reinit(wiped);
    shop.awaitWhole(3);
    assertThat(Files.exists(shop.top(wiped).resolve("data.aside"))).isTrue();
  }

  private static boolean isWritten(ManagedCluster shop) {
    try {
      shop.write("create or replace table shop.other(id bigint primary key)");
      return true;
    } catch (IOException _) {
      return false;
    }
  }

  /** Others may lack what only the writer had: that is said, and an operator decides. */
  private void theWritersDataIsGone(ManagedCluster shop) throws Exception {
    String writer = shop.writer();
    String other = writer.equals("c") ? "b" : "c";
    shop.manager().pause("test");
    shop.signal("KILL", "a", "b", "c");
    shop.await("all have ended", () -> shop.pid("a") + shop.pid("b") + shop.pid("c") == 0);
    Path _ = Files.move(shop.data(writer), shop.top(writer).resolve("gone"));
    shop.manager().resume("test");
    shop.await("it is said", () -> shop.managed().doing().startsWith(writer + " may have what"));
    assertThat(shop.pid(other)).as("the server of %s, %s", other, shop.trouble()).isZero();
    // A new process of Fairlead knows it, too; and what a server saved may be garbage.
    shop.stop();
    shop.put(shop.data(other).resolve("grastate.dat"), "\u0000 seqno: 9999 uuid: \n");
    shop.start();
    shop.await("it is said", () -> shop.managed().doing().startsWith(writer + " may have what"));
    shop.manager().bootstrap(other);
    shop.await(other + " lets people write", () -> isWritten(shop));
    assertThat(shop.writer()).as("who takes the writes").isEqualTo(other);
    check(shop); // the last were acknowledged long before
    shop.change("another's");
    shop.await("people log in by the other password", () -> isWritten(shop));
  }

  /** It is said, and goes on when there is room; what was begun before is nothing. */
  @Test
  void aFullDiskIsSaid(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder) throws Exception {
    Path disk = Files.createDirectories(folder.resolve("state/shop/a"));
    Tool.Said mounted =
        Tool.run("", "mount", "-t", "tmpfs", "-o", "size=30m,mode=755", "none", disk.toString());
    Assumptions.assumeTrue(mounted.status() == 0, "only root may");
    try {
      Tool.Said _ = Tool.run("", "chown", "mysql:mysql", disk.toString());
      Path _ = Files.createDirectories(disk.resolve("data.new/half"));
      try (ManagedCluster shop = new ManagedCluster(folder)) {
        shop.await("it is said", () -> shop.trouble().contains("mariadb-install-db ended with"));
        assertThat(shop.data("a")).doesNotExist();
        Tool.Said more = Tool.run("", "mount", "-o", "remount,size=600m", disk.toString());
        assertThat(more.status()).isZero();
        shop.awaitWriter();
        assertThat(shop.writer()).isEqualTo("a");
      }
    } finally {
      Tool.Said _ = Tool.run("", "umount", disk.toString());
    }
  }

  /** Who makes backups is created, and what they need is set; all of it is made anew of them. */
  @Test
  @EnabledIfSystemProperty(named = "fairlead.backups", matches = "true") // it takes a minute
  void aBackupOutlivesAllMembers(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder)
      throws Exception {
    Path backups = folder.resolve("backups");
    String backup =
        "    backup: { folder: %s, user: archivist, password: not-said, drill-every: 0s }%n"
            .formatted(backups);
    try (ManagedCluster shop = new ManagedCluster(folder, true, "one", backup)) {
      shop.awaitWhole(3);
      shop.write("create table shop.ledger(id bigint primary key)");
      shop.write("insert into shop.ledger values (1)");
      Backups made = Objects.requireNonNull(shop.fairlead().databases().backups("shop"));
      shop.await("a copy", () -> made.view().copies().size() == 1);
      String from = made.view().from();
      assertThat(from).as("not the one that takes the writes").isNotEqualTo(shop.writer());
      shop.signal("KILL", shop.writer());
      shop.await("somebody lets people write", () -> isWritten(shop));
      shop.write("insert into shop.ledger values (2)");
      String[] status = shop.root(from, "show master status").split("\t", -1);
      String written = status[0] + ":" + status[1];
      shop.await(
          "archived to " + written, () -> made.view().positionText().compareTo(written) >= 0);
      shop.stop();

      for (String member : shop.ports.keySet()) {
        assertThat(Tool.run("", "rm", "-r", shop.top(member).toString()).status()).isZero();
      }
      Files.createDirectories(shop.top("a"));
      MariadbPrograms.findGalera().give(shop.top("a"));
      List<String> _ =
          Restoring.run(
              new Restoring.Wanted(backups, null, shop.data("a"), null, null, 0), _ -> {});
      shop.start();
      shop.await("it is asked for", () -> begins(shop, "a"));
      shop.awaitWhole(3);
      assertThat(shop.read("select group_concat(id order by id) from shop.ledger"))
          .isEqualTo("1,2");
    }
  }

  /** What a member got from another is counted by that one's numbers. */
  @Test
  @EnabledIfSystemProperty(named = "fairlead.backups", matches = "true") // it takes a minute
  void aBackupIsFullAfterAStateTransfer(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder)
      throws Exception {
    Path backups = folder.resolve("backups");
    String backup =
        ("    backup: { folder: %s, user: archivist, password: not-said, drill-every: 0s,"
                + " full-every: 168h }%n")
            .formatted(backups);
    try (ManagedCluster shop = new ManagedCluster(folder, true, "one", backup)) {
      shop.awaitWhole(3);
      shop.write("create table shop.ledger(id bigint primary key)");
      Backups made = Objects.requireNonNull(shop.fairlead().databases().backups("shop"));
      shop.await("a copy", () -> made.view().copies().size() == 1);
      String from = made.view().from();
      shop.write("insert into shop.ledger values (1)");
      assertThat(made.backUp()).isEmpty();
      shop.await("an increment", () -> made.view().copies().size() == 2);
      assertThat(made.view().copies().getLast().since())
          .isEqualTo(made.view().copies().getFirst().id());

      shop.manager().reinit(from);
      shop.await("it is set aside", () -> Files.exists(shop.top(from).resolve("data.aside")));
      shop.awaitWhole(3);
      shop.await("another copy", () -> made.view().copies().size() == 3);
      assertThat(made.view().copies().getLast().from()).isEqualTo(from);
      assertThat(made.view().copies().getLast().since()).isEmpty();
      shop.write("insert into shop.ledger values (2)");
      assertThat(made.backUp()).isEmpty();
      shop.await("an increment again", () -> made.view().copies().size() == 4);
      assertThat(made.view().copies().getLast().since())
          .isEqualTo(made.view().copies().get(2).id());
      List<String> said =
          Restoring.run(
              new Restoring.Wanted(backups, null, folder.resolve("restored"), null, null, 0),
              _ -> {});
      assertThat(said.getFirst()).contains(made.view().copies().getLast().id());
    }
  }

  private static boolean begins(ManagedCluster shop, String member) {
    try {
      String _ = shop.manager().bootstrap(member);
      return true;
    } catch (IOException _) {
      return false; // it is still being looked at
    }
  }

  private void check(ManagedCluster shop) throws Exception {
    assertThat(
            shop.read(
                "select count(*) from shop.ledger where id in ("
                    + String.join(",", acknowledged.stream().map(String::valueOf).toList())
                    + ")"))
        .as("acknowledged, and there")
        .isEqualTo("" + acknowledged.size());
  }
}
