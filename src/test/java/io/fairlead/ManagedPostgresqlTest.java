package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.health.PostgresqlLogin;
import io.fairlead.replication.PostgresPrograms;
import io.fairlead.replication.backup.Restoring;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** A database that Fairlead makes itself: its primary is killed, and nothing is lost. */
@Timeout(180)
class ManagedPostgresqlTest {
  @Test
  void aKilledPrimaryIsSucceededAndFollowsItsSuccessor(
      @TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder) throws Exception {
    try (ManagedPostgresql orders = new ManagedPostgresql(folder)) {
      orders.awaitPrimary("a");
      orders.awaitReplicas(2);
      try (PostgresqlLogin client = orders.writer()) {
        String _ = ManagedPostgresql.ask(client, "create table ledger(id bigint primary key)");
      }
      long last = 0;
      int acknowledged = 0;
      ProcessHandle server = ProcessHandle.of(orders.pid("a")).orElseThrow();
      try (PostgresqlLogin client = orders.writer()) {
        while (true) {
          last++;
          if (last == 100) {
            assertThat(server.destroyForcibly()).isTrue();
          }
          String _ = ManagedPostgresql.ask(client, "insert into ledger values (" + last + ")");
          acknowledged++;
        }
      } catch (IOException _) {
        // nobody knows what became of the last
      }
      assertThat(acknowledged).isGreaterThan(98);
      try (PostgresqlLogin client = orders.writer()) {
        String _ = ManagedPostgresql.ask(client, "insert into ledger values (1000000)");
        assertThat(ManagedPostgresql.ask(client, "select count(*) from ledger where id < " + last))
            .as("what was acknowledged before")
            .isEqualTo("" + acknowledged);
      }
      String successor = orders.primary();
      assertThat(successor).isNotEqualTo("a");
      orders.awaitReplicas(2);
      try (PostgresqlLogin old = orders.probe("a")) {
        assertThat(ManagedPostgresql.ask(old, "select pg_is_in_recovery()")).isEqualTo("t");
      }
      // Two in a row: whoever is left needs the word of one of them, and brings it back for that.
      // The first leaves a process that does not notice, as one that waits for a lock does not.
      ProcessHandle left = orders.process(orders.primary(), "walwriter");
      orders.freeze(orders.primary(), "walwriter");
      for (int more = 1; more <= 2; more++) {
        String row = "insert into ledger values (" + (1000000 + more) + ") on conflict do nothing";
        orders.kill(orders.primary());
        Loopback.await("it takes a write", ManagedPostgresql.LONG, () -> isDone(orders, row));
      }
      orders.awaitReplicas(2);
      Loopback.await("nothing of a killed server is left", () -> !left.isAlive());
      // A process of the primary hangs: the switchover does without an end in order.
      orders.awaitTwoVoters();
      String hangs = orders.primary();
      orders.freeze(hangs, "walwriter");
      String next = orders.switchover();
      assertThat(next).isNotEqualTo(hangs);
      orders.awaitReplicas(2);
      // All of it ends and begins again: somebody who has everything takes the writes, and the
      // passwords that are configured now.
      orders.stop();
      String password = "another's, not said";
      orders.start(password);
      orders.awaitReplicas(2);
      for (String member : orders.ports.keySet()) {
        assertThat(Files.readString(orders.top(member).resolve("log"))).doesNotContain("not said");
      }
      assertThatThrownBy(() -> ManagedPostgresql.login(orders.port("a"), "shop", "shop"))
          .hasMessageContaining("password authentication failed");
      try (PostgresqlLogin client = orders.writer()) {
        assertThat(ManagedPostgresql.ask(client, "select count(*) from ledger where id <> " + last))
            .isEqualTo("" + (acknowledged + 3));
      }
    }
  }

  private static boolean isDone(ManagedPostgresql orders, String sql) {
    try (PostgresqlLogin client = orders.writer()) {
      String _ = ManagedPostgresql.ask(client, sql);
      return true;
    } catch (IOException _) {
      return false; // whether it was done or not: it is said once more
    }
  }

  /**
   * It has more of its timeline than its successor took over, and has heard of the successor's:
   * such a server ends as soon as it is started. It was killed, and is a replica since.
   */
  @Test
  void aMemberThatCannotBeStartedAsItIsGoesBack(
      @TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder) throws Exception {
    try (ManagedPostgresql orders = new ManagedPostgresql(folder)) {
      orders.awaitPrimary("a");
      orders.awaitReplicas(2);
      orders.awaitTwoVoters();
      orders.stop();
      // Which writes more of its log than anybody else has.
      orders.diesAlone("a", "select pg_create_restore_point('more'); checkpoint");
      // So that it cannot be started.
      try (ServerSocket _ =
          new ServerSocket(orders.port("a"), 1, InetAddress.getLoopbackAddress())) {
        Path data = orders.data("a");
        Files.createFile(data.resolve("standby.signal"));
        orders.start();
        Loopback.await(
            "another takes the writes",
            ManagedPostgresql.LONG,
            () -> !Set.of("", "a").contains(orders.primary()));
        String successor = orders.primary();
        orders.stop();
        List<Path> histories;
        try (Stream<Path> log = Files.list(orders.data(successor).resolve("pg_wal"))) {
          histories = log.filter(file -> file.toString().endsWith(".history")).toList();
        }
        for (Path history : histories) {
          Path copy = data.resolve("pg_wal").resolve(history.getFileName());
          Files.copy(history, copy, StandardCopyOption.REPLACE_EXISTING);
          PostgresPrograms.find().give(copy);
        }
      }
      orders.start();
      orders.awaitReplicas(2);
      assertThat(orders.primary()).isNotEqualTo("a");
      assertThat(orders.top("a").resolve("data.aside")).as("it went back").doesNotExist();
      try (PostgresqlLogin client = orders.probe("a")) {
        assertThat(ManagedPostgresql.ask(client, "select pg_is_in_recovery()")).isEqualTo("t");
      }
    }
  }

  /**
   * It takes up no writes, but has given up to be a replica: its recovery would end on the timeline
   * that it had, with something of its own, which no rewind finds. One that has got so far, or that
   * nothing can start, has no other help than a copy.
   */
  @Test
  @EnabledIfSystemProperty(named = "fairlead.database.rounds", matches = "[0-9]+")
  void aMemberWhosePromotionEndedInTheMiddleComesBack(
      @TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder) throws Exception {
    try (ManagedPostgresql orders = new ManagedPostgresql(folder)) {
      orders.awaitPrimary("a");
      orders.awaitReplicas(2);
      Path aside = orders.top("b").resolve("data.aside");
      try (PostgresqlLogin client = orders.writer()) {
        String _ = ManagedPostgresql.ask(client, "create table ledger(id bigint primary key)");
        leave(orders);
        Files.delete(orders.data("b").resolve("standby.signal"));
        String _ = ManagedPostgresql.ask(client, "insert into ledger values (1)");
        orders.pause(false);
        awaitRows(orders, "b", 1);
        assertThat(aside).as("it went back").doesNotExist();
        Path back = orders.top("b").resolve("went-back");
        Loopback.await("it is known to follow since", () -> !Files.exists(back));
        // With what it went back to came the settings of that, which are not its own.
        assertThat(orders.owner("b", "show cluster_name")).isEqualTo("b");
        assertThat(orders.owner("b", "show port")).isEqualTo("" + orders.port("b"));
        assertThat(orders.owner("b", "show synchronous_standby_names")).isEqualTo("ANY 1 (a, c)");
      }
      lowered(orders);
      cancelled(orders);
      promotedByHand(orders);
    }
  }

  /**
   * Whoever was promoted by hand has a timeline that is higher than all others', and lacks what was
   * acknowledged since: should the primary be lost then, it is not preferred, and goes back.
   */
  private static void promotedByHand(ManagedPostgresql orders) throws Exception {
    orders.awaitReplicas(2);
    orders.awaitTwoVoters();
    orders.pause(true);
    assertThat(orders.owner("b", "select pg_promote(true)")).isEqualTo("t");
    try (PostgresqlLogin client = orders.writer()) {
      String _ = ManagedPostgresql.ask(client, "insert into ledger values (3)");
    }
    orders.killAndAwait("a");
    orders.pause(false);
    Loopback.await(
        "somebody else takes the writes",
        ManagedPostgresql.LONG,
        () -> List.of("b", "c").contains(orders.primary()));
    assertThat(orders.primary()).isEqualTo("c");
    for (String member : List.of("c", "a", "b")) {
      awaitRows(orders, member, 3);
    }
    assertThat(orders.owner("c", "select max(timeline) from fairlead.rule"))
        .as("not the number that b took")
        .isEqualTo("4");
    assertThat(orders.owner("b", "select pg_is_in_recovery()")).isEqualTo("t");
  }

  /** {@code make chaos-database}: three copies, one after the other. */
  @Test
  @EnabledIfSystemProperty(named = "fairlead.database.rounds", matches = "[0-9]+")
  void aMemberThatCannotGoBackIsCopied(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder)
      throws Exception {
    try (ManagedPostgresql orders = new ManagedPostgresql(folder)) {
      orders.awaitPrimary("a");
      orders.awaitReplicas(2);
      Path aside = orders.top("b").resolve("data.aside");
      try (PostgresqlLogin client = orders.writer()) {
        String _ = ManagedPostgresql.ask(client, "create table ledger(id bigint primary key)");
        // What a recovery of its own wrote there is replaced by what the primary has.
        leave(orders);
        Files.delete(orders.data("b").resolve("standby.signal"));
        orders.alone("b");
        String _ = ManagedPostgresql.ask(client, "insert into ledger values (1)");
        orders.pause(false);
        awaitRows(orders, "b", 1);
        assertThat(aside).as("it was copied").exists();
        assertThat(orders.fairlead().events().since(0))
            .as("at once: to go back would be in vain")
            .anyMatch(one -> one.event().text().contains("has written on the timeline of a"));

        // One that nothing can start, so that nobody can ask it anything, is copied, too.
        ManagedPostgresql.remove(aside);
        leave(orders);
        Files.delete(orders.data("b").resolve("standby.signal"));
        orders.diesAlone("b", "select 1");
        Files.createFile(orders.data("b").resolve("standby.signal"));
        try (Stream<Path> log = Files.list(orders.data("b").resolve("pg_wal"))) {
          for (Path file : log.filter(Files::isRegularFile).toList()) {
            Files.delete(file);
          }
        }
        String _ = ManagedPostgresql.ask(client, "insert into ledger values (2)");
        orders.pause(false);
        awaitRows(orders, "b", 2);
        assertThat(aside).as("it was copied once more").exists();

        // So is one that has gone back, and then ends again and again, for whatever reason.
        ManagedPostgresql.remove(aside);
        leave(orders);
        Files.delete(orders.data("b").resolve("pg_replslot"));
        Files.writeString(
            orders.top("b").resolve("went-back"),
            orders.owner("a", "select timeline_id from pg_control_checkpoint()"));
        String _ = ManagedPostgresql.ask(client, "insert into ledger values (3)");
        orders.pause(false);
        awaitRows(orders, "b", 3);
        assertThat(aside).as("it was copied for the third time").exists();
        assertThat(orders.primary()).isEqualTo("a");
      }
    }
  }

  /** {@code make chaos-database}. Somebody has put it there, and may want to have it back. */
  @Test
  @EnabledIfSystemProperty(named = "fairlead.database.rounds", matches = "[0-9]+")
  void theDataOfAnotherDatabaseIsLeftAsItIs(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder)
      throws Exception {
    try (ManagedPostgresql orders = new ManagedPostgresql(folder)) {
      orders.awaitPrimary("a");
      orders.awaitReplicas(2);
      leave(orders);
      Path data = orders.data("b");
      Path own = orders.top("b").resolve("own");
      Path _ = Files.move(data, own);
      String _ =
          PostgresPrograms.find()
              .run("initdb", List.of("-D", data.toString()), Map.of(), ManagedPostgresql.LONG);
      byte[] control = Files.readAllBytes(data.resolve("global/pg_control"));
      orders.pause(false);
      Loopback.await(
          "it is said to be in the way",
          ManagedPostgresql.LONG,
          () -> orders.managed().members().toString().contains("it is left as it is"));
      TimeUnit.SECONDS.sleep(2); // nothing may happen, so there is nothing to wait for
      assertThat(Files.readAllBytes(data.resolve("global/pg_control"))).isEqualTo(control);
      assertThat(data.resolve("standby.signal")).doesNotExist();
      assertThat(orders.top("b").resolve("data.aside")).doesNotExist();
      ManagedPostgresql.remove(data);
      Path _ = Files.move(own, data);
      orders.awaitReplicas(2);
    }
  }

  /** One of two replicas that vote is killed, and left as it is until the pause ends. */
  private static void leave(ManagedPostgresql orders) throws Exception {
    Loopback.await(
        "a waits for any of two",
        ManagedPostgresql.LONG,
        () ->
            isAnswered(
                orders,
                "a",
                "select count(*) from pg_stat_replication"
                    + " where state = 'streaming' and sync_state = 'quorum'",
                "2"));
    orders.pause(true);
    orders.killAndAwait("b");
  }

  private static boolean isAnswered(
      ManagedPostgresql orders, String member, String sql, String answer) {
    try {
      return orders.owner(member, sql).equals(answer);
    } catch (IOException _) {
      return false; // it is being started
    }
  }

  /**
   * A client that wants its commits acknowledged before anybody but the primary has them is told
   * that it must not; the primary has not heard of it, and knows nothing of what came with it.
   */
  private static void lowered(ManagedPostgresql orders) throws Exception {
    for (String low :
        List.of("set synchronous_commit = local", "SET LOCAL synchronous_commit TO OFF")) {
      try (PostgresqlLogin client = orders.writer()) {
        String _ = ManagedPostgresql.ask(client, "set synchronous_commit = remote_apply");
        assertThatThrownBy(
                () -> ManagedPostgresql.ask(client, low + "; insert into ledger values (99)"))
            .isInstanceOf(IOException.class)
            .hasMessageContaining("synchronous_commit must not be lowered");
      }
    }
    assertThat(orders.owner("a", "select count(*) from ledger where id = 99", "shop"))
        .isEqualTo("0");
  }

  /** The server says that it is done, with a warning; nobody has it but the primary. */
  private static void cancelled(ManagedPostgresql orders) throws Exception {
    try (PostgresqlLogin client = orders.writer()) {
      leave(orders);
      orders.killAndAwait("c");
      CompletableFuture<String> answer =
          CompletableFuture.supplyAsync(() -> {
            try {
              return ManagedPostgresql.ask(client, "insert into ledger values (2)");
            } catch (IOException e) {
              return String.valueOf(e.getMessage());
            }
          });
      Loopback.await(
          "its commit is cancelled",
          ManagedPostgresql.LONG,
          () ->
              isAnswered(
                  orders,
                  "a",
                  "select pg_cancel_backend(pid) from pg_stat_activity"
                      + " where wait_event = 'SyncRep' and usename = 'shop'",
                  "t"));
      assertThat(answer.get(30, TimeUnit.SECONDS)).contains("whether", "will last is unknown");
    } finally {
      orders.pause(false);
    }
    awaitRows(orders, "b", 2); // which the primary has all the same
  }

  private static void awaitRows(ManagedPostgresql orders, String member, int count)
      throws InterruptedException {
    Loopback.await(
        member + " follows",
        ManagedPostgresql.LONG,
        () -> {
          try {
            return orders.owner(member, "select count(*) from ledger", "shop").equals("" + count);
          } catch (IOException _) {
            return false; // it is being started
          }
        });
  }

  /**
   * Backups by the same process: who makes them is created, and may; their log goes on across a
   * failover. All members are lost, and made anew of it.
   */
  @Test
  void aBackupOutlivesAllMembers(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder)
      throws Exception {
    Path backups = folder.resolve("backups");
    String password = "not-said-to-anybody";
    String backup =
        "    backup: { folder: %s, user: archivist, password: %s, drill-every: 0s }%n"
            .formatted(backups, password);
    try (ManagedPostgresql orders = new ManagedPostgresql(folder, _ -> {}, false, backup)) {
      orders.awaitPrimary("a");
      orders.awaitReplicas(2);
      orders.awaitTwoVoters();
      write(orders, "create table ledger(id bigint primary key)");
      write(orders, "insert into ledger values (1)");
      DatabaseBackupTest.await(orders.fairlead(), "a copy", view -> view.copies().size() == 1);
      write(orders, "insert into ledger values (2)");
      orders.kill("a");
      write(orders, "insert into ledger values (3) on conflict do nothing");
      orders.awaitReplicas(2);
      String primary = orders.primary();
      assertThat(primary).isNotEqualTo("a");
      long written = position(orders, primary);
      DatabaseBackupTest.await(
          orders.fairlead(),
          "archived to " + written,
          view -> view.from().equals(primary) && view.position() >= written);
      for (String member : orders.ports.keySet()) {
        assertThat(Files.readString(orders.top(member).resolve("log"))).doesNotContain(password);
      }
      orders.stop();

      for (String member : orders.ports.keySet()) {
        ManagedPostgresql.remove(orders.top(member));
      }
      Files.createDirectories(orders.top("a"));
      PostgresPrograms.find().give(orders.top("a"));
      List<String> _ =
          Restoring.run(
              new Restoring.Wanted(backups, null, orders.data("a"), null, null, 0), _ -> {});
      orders.start();
      orders.bootstrap("a");
      orders.awaitReplicas(2);
      try (PostgresqlLogin client = orders.writer()) {
        assertThat(
                ManagedPostgresql.ask(
                    client, "select string_agg(id::text, ',' order by id) from ledger"))
            .isEqualTo("1,2,3");
      }
      twoDisksAreLost(orders);
      String last = orders.primary();
      long end = position(orders, last);
      DatabaseBackupTest.await(
          orders.fairlead(),
          "the log goes on to " + end,
          view -> view.from().equals(last) && view.position() >= end);
    }
  }

  /** Too few are left to know who has everything: nobody is elected until an operator says so. */
  private static void twoDisksAreLost(ManagedPostgresql orders) throws Exception {
    String primary = orders.primary();
    List<String> others = orders.replicas(primary);
    String left = others.getFirst();
    orders.awaitTwoVoters();
    write(orders, "insert into ledger values (4) on conflict do nothing");
    assertThatThrownBy(() -> orders.manager().bootstrap(left))
        .hasMessageContaining("who has everything is known, or waited for");
    orders.pause(true);
    for (String lost : List.of(primary, others.getLast())) {
      orders.killAndAwait(lost);
      ManagedPostgresql.remove(orders.data(lost));
    }
    orders.pause(false);
    Loopback.await(
        "it is said who is missing",
        ManagedPostgresql.LONG,
        () -> orders.managed().doing().contains("only [" + left + "] can be asked"));
    assertThatThrownBy(() -> orders.manager().bootstrap(primary))
        .hasMessageContaining(primary + " cannot be asked");
    orders.bootstrap(left);
    orders.awaitPrimary(left);
    orders.awaitReplicas(2);
    try (PostgresqlLogin client = orders.writer()) {
      assertThat(ManagedPostgresql.ask(client, "select count(*) from ledger")).isEqualTo("4");
    }
  }

  private static long position(ManagedPostgresql orders, String primary) throws IOException {
    try (PostgresqlLogin client = orders.probe(primary)) {
      return Long.parseLong(
          ManagedPostgresql.ask(
              client, "select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"));
    }
  }

  private static void write(ManagedPostgresql orders, String sql) throws Exception {
    Loopback.await("it is written", ManagedPostgresql.LONG, () -> isDone(orders, sql));
  }
}
