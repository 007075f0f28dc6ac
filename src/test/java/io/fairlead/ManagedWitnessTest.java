package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.ThreeProcesses.Instance;
import io.fairlead.health.PostgresqlLogin;
import io.fairlead.replication.PostgresPrograms;
import io.fairlead.replication.backup.Restoring;
import io.fairlead.replication.manage.ManagedView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * A database of two members and a witness, which keeps the log and no data: whatever is lost of the
 * three, what was acknowledged is there. Some of it in {@code make chaos-database} alone.
 */
@Timeout(300)
class ManagedWitnessTest {
  private static final String ONLY_WITNESS = "ANY 1 (w)";

  private static final String RECEIVED =
      "select count(*) from pg_stat_replication where application_name = 'w'";

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path folder;

  /** Of the other member the primary does not know, and the witness has what that lacks. */
  @Test
  void whatOnlyTheWitnessHasIsNotLostWithThePrimarysDisk() throws Exception {
    try (ManagedPostgresql orders = ManagedPostgresql.withWitness(folder, "")) {
      begin(orders);
      try (LedgerClients clients = new LedgerClients(orders::writer, 0)) {
        clients.await(50);
        List<ProcessHandle> receives = List.of(orders.process("b", "walreceiver"));
        Signals.send("STOP", receives); // it takes nothing any more, and is not known to
        clients.await(500);
        assertThat(orders.managed().names()).as("whose word counts").isEqualTo("ANY 1 (b, w)");
        destroy(orders, "a");
        Signals.send("CONT", receives);
        orders.awaitPrimary("b");
        clients.await(200);
        clients.end();
        assertThat(clients.find().lost()).as("acknowledged, and lost").isZero();
        assertThat(orders.managed().steps())
            .extracting(ManagedView.Step::what)
            .as("what was done")
            .contains("one lacks what another has");
      }
      orders.awaitReplicas(1);
      orders.awaitTwoVoters();
    }
  }

  /** The witness alone votes; whoever comes back first gets what it has. */
  @Test
  @EnabledIfSystemProperty(named = "fairlead.database.rounds", matches = "[0-9]+")
  void whereTheWitnessAloneVotesWhoeverComesBackIsElected() throws Exception {
    try (ManagedPostgresql orders = ManagedPostgresql.withWitness(folder, "")) {
      begin(orders);
      try (LedgerClients clients = new LedgerClients(orders::writer, 0)) {
        clients.await(50);
        List<ProcessHandle> away = orders.processes("b");
        Signals.send("STOP", away);
        awaitNames(orders, ONLY_WITNESS);
        clients.await(50);
        orders.kill("a"); // and is back by itself
        clients.await(200);
        assertThat(orders.primary()).isEqualTo("a");
        destroy(orders, "a");
        Signals.send("CONT", away);
        orders.awaitPrimary("b");
        clients.await(200);
        clients.end();
        assertThat(clients.find().lost()).as("acknowledged, and lost").isZero();
      }
      orders.awaitReplicas(1);
    }
  }

  /**
   * The primary is lost when it has just begun a file and written nothing there: its timeline ends
   * where a file does, and there is nothing more of it to ask for.
   */
  @Test
  @EnabledIfSystemProperty(named = "fairlead.database.rounds", matches = "[0-9]+")
  void whereATimelineEndsWithAFileTheNextIsReceived() throws Exception {
    try (ManagedPostgresql orders = ManagedPostgresql.withWitness(folder, "")) {
      begin(orders);
      String end = orders.owner("a", "select pg_switch_wal()").strip();
      Loopback.await(
          "the witness has it",
          () -> receives(orders, "a", " and flush_lsn >= pg_current_wal_lsn()"));
      destroy(orders, "a");
      orders.awaitPrimary("b");
      Loopback.await("the witness goes on behind " + end, () -> receives(orders, "b", ""));
      orders.awaitReplicas(1);
      awaitNames(orders, "ANY 1 (a, w)");
    }
  }

  private static boolean receives(ManagedPostgresql orders, String from, String more) {
    try {
      return orders.owner(from, RECEIVED + more).strip().equals("1");
    } catch (IOException _) {
      return false; // it is not up yet
    }
  }

  /** Of a member and of a witness that begins with nothing nobody may be let down. */
  @Test
  @EnabledIfSystemProperty(named = "fairlead.database.rounds", matches = "[0-9]+")
  void aWitnessWhoseDiskIsLostVotesForNobodyUntilItHasTheRule() throws Exception {
    try (ManagedPostgresql orders = ManagedPostgresql.withWitness(folder, "")) {
      begin(orders);
      try (LedgerClients clients = new LedgerClients(orders::writer, 0)) {
        clients.await(50);
        orders.stop();
        ManagedPostgresql.remove(orders.top("w"));
        ManagedPostgresql.remove(orders.data("a"));
        orders.start();
        Loopback.await(
            "it is said who is missing",
            ManagedPostgresql.LONG,
            () -> orders.managed().doing().contains("might be lost"));
        orders.bootstrap("b");
        orders.awaitPrimary("b");
        clients.await(50);
        awaitNames(orders, "ANY 1 (a, w)");
        orders.kill("b");
        orders.awaitPrimary("a");
        clients.await(50);
        clients.end();
      }
    }
  }

  /** Both members are lost: a copy of long ago, and the log of the witness, have everything. */
  @Test
  @EnabledIfSystemProperty(named = "fairlead.database.rounds", matches = "[0-9]+")
  void aCopyAndTheLogOfTheWitnessHaveEverything() throws Exception {
    Path backups = folder.resolve("backups");
    String backup =
        "    backup: { folder: %s, user: archivist, password: %s, drill-every: 0s }\n"
            .formatted(backups, ManagedPostgresql.PASSWORD);
    try (ManagedPostgresql orders = ManagedPostgresql.withWitness(folder, backup)) {
      begin(orders);
      DatabaseBackupTest.await(orders.fairlead(), "a copy", view -> view.copies().size() == 1);
      LedgerClients clients = new LedgerClients(orders::writer, 0);
      clients.await(200);
      orders.kill("a");
      clients.await(200);
      clients.end();
      long rows;
      try (PostgresqlLogin login = orders.writer()) {
        rows = Long.parseLong(ManagedPostgresql.ask(login, "select count(*) from ledger"));
      }
      orders.stop();
      ManagedPostgresql.remove(orders.data("a"));
      ManagedPostgresql.remove(orders.data("b"));
      Path archived = backups.resolve("wal").resolve("00001");
      ManagedPostgresql.remove(archived);
      Files.createDirectory(archived);
      PostgresPrograms.find().give(archived);
      assertThatThrownBy(() -> restore(backups, folder.resolve("nobody"), orders))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("has no log of the database");
      String said = String.join(" ", restore(backups, orders.top("w"), orders));
      assertThat(said).contains("It has come up");
      orders.start(); // the witness knows that it has everything
      orders.awaitPrimary("a");
      try (PostgresqlLogin login = orders.writer()) {
        assertThat(ManagedPostgresql.ask(login, "select count(*) from ledger"))
            .isEqualTo("" + rows);
      }
      clients.close();
    }
  }

  /** The same where each is on a machine of its own: the witness gives what it has to another. */
  @Test
  void theWitnessOfAnotherInstanceGivesWhatItHas() throws Exception {
    try (ManagedGroup orders = ManagedGroup.withWitness(folder, null)) {
      Instance primary = orders.awaitWholeWithWitness();
      Instance witness = orders.group.get(2);
      Instance other = orders.other(primary, witness);
      try (PostgresqlLogin client = orders.writer(witness)) {
        String _ = ManagedPostgresql.ask(client, LedgerClients.TABLE);
      }
      try (LedgerClients clients = new LedgerClients(() -> orders.writer(witness), 0)) {
        clients.await(50);
        List<ProcessHandle> receives = orders.processes(other, "walreceiver");
        Signals.send("STOP", receives);
        clients.await(300);
        List<ProcessHandle> server = orders.server(primary);
        primary.kill();
        Signals.send("KILL", server);
        Signals.send("CONT", receives);
        clients.await(100);
        clients.end();
        assertThat(clients.find().lost()).as("acknowledged, and lost").isZero();
      }
      ManagedPostgresql.remove(orders.data(primary));
      primary.start();
      assertThat(orders.awaitWholeWithWitness()).isSameAs(other);
    }
  }

  private static List<String> restore(Path backups, Path witness, ManagedPostgresql orders)
      throws Exception {
    return Restoring.run(
        new Restoring.Wanted(backups, witness, orders.data("a"), null, null, 0), _ -> {});
  }

  private static void begin(ManagedPostgresql orders) throws Exception {
    orders.awaitPrimary("a");
    orders.awaitReplicas(1);
    awaitNames(orders, "ANY 1 (b, w)");
    try (PostgresqlLogin client = orders.writer()) {
      String _ = ManagedPostgresql.ask(client, LedgerClients.TABLE);
    }
  }

  private static void awaitNames(ManagedPostgresql orders, String names) throws Exception {
    Loopback.await(
        "commits wait for " + names,
        ManagedPostgresql.LONG,
        () -> orders.managed().names().equals(names));
  }

  /** The server, and all that it had. */
  private static void destroy(ManagedPostgresql orders, String member) throws Exception {
    List<ProcessHandle> all = orders.processes(member);
    Path data = orders.data(member);
    Path gone = data.resolveSibling("gone");
    Files.move(data, gone);
    Signals.send("KILL", all);
    Loopback.await("it has ended", () -> all.stream().noneMatch(ProcessHandle::isAlive));
    ManagedPostgresql.remove(gone);
  }
}
