package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.ThreeProcesses.Instance;
import io.fairlead.health.PostgresqlLogin;
import io.fairlead.vip.Namespaces;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Two machines with a member each and one with the witness, which are hurt one after the other
 * while clients write. {@code make chaos-database}.
 */
@EnabledIfSystemProperty(named = "fairlead.database.rounds", matches = "[0-9]+")
@Timeout(3600)
class ManagedWitnessChaosTest {
  private static final int ROUNDS = Integer.getInteger("fairlead.database.rounds", 1);

  /** A pattern of the faults that are wanted. */
  private static final String FAULTS = System.getProperty("fairlead.database.faults", ".*");

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path folder;

  /** What is done. */
  enum Fault {
    WITNESS_DISK_DESTROYED("the primary's machine is lost with its data", true),
    WITNESS_DISK_DESTROYED_BEHIND(
        "the primary's machine is lost with its data, and the replica had got nothing for a second",
        true),
    WITNESS_REPLICA_AWAY(
        "the replica is away until the witness votes alone, and the primary's machine is lost with its data",
        true),
    WITNESS_PRIMARY_ALONE(
        "the replica is away until the witness votes alone, and the primary is killed", false),
    WITNESS_LOST("the witness's machine is lost, and comes back", false),
    WITNESS_FROZEN("the witness's machine is frozen, and the primary killed", false),
    WITNESS_CUT_OFF("the witness's machine is cut off from the others", false);

    private final String words;
    private final boolean machine;

    /**
     * @param machine whether the primary's is lost, with whoever decides if that is there
     */
    Fault(String words, boolean machine) {
      this.words = words;
      this.machine = machine;
    }
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void nothingAcknowledgedIsLost(Fault fault) throws Exception {
    Assumptions.assumeTrue(fault.name().matches(FAULTS), "not asked for");
    DatabaseFaults faults = new DatabaseFaults("two members and a witness: " + fault.words);
    try (Namespaces machines = Namespaces.make("a", "b", "c")) {
      machines.joinHere();
      try (ManagedGroup orders = ManagedGroup.withWitness(folder, machines)) {
        Instance first = orders.awaitWholeWithWitness();
        try (PostgresqlLogin client = orders.writer(first)) {
          String _ = ManagedPostgresql.ask(client, LedgerClients.TABLE);
        }
        for (int round = 0; round < ROUNDS; round++) {
          Instance primary = orders.awaitWholeWithWitness();
          Instance witness = orders.group.get(2);
          Instance replica = orders.other(primary, witness);
          if (fault.machine) {
            Instance _ = orders.awaitAside(primary);
          }
          try (LedgerClients clients = new LedgerClients(() -> orders.writer(replica), round)) {
            clients.await(100);
            hurt(fault, orders, machines, primary, replica, witness, clients);
            clients.await(200);
            Instance _ = orders.awaitWholeWithWitness();
            clients.end();
            faults.add(clients);
          }
        }
      }
    }
    faults.write();
  }

  private static void hurt(
      Fault fault,
      ManagedGroup orders,
      Namespaces machines,
      Instance primary,
      Instance replica,
      Instance witness,
      LedgerClients clients)
      throws Exception {
    switch (fault) {
      case WITNESS_DISK_DESTROYED -> destroy(orders, machines, primary, List.of(), clients);
      case WITNESS_DISK_DESTROYED_BEHIND -> {
        List<ProcessHandle> receives = orders.processes(replica, "walreceiver");
        Signals.send("STOP", receives);
        TimeUnit.SECONDS.sleep(1);
        destroy(orders, machines, primary, receives, clients);
      }
      case WITNESS_REPLICA_AWAY -> {
        List<ProcessHandle> away = keepAway(orders, replica, witness, clients);
        destroy(orders, machines, primary, away, clients);
      }
      case WITNESS_PRIMARY_ALONE -> {
        List<ProcessHandle> away = keepAway(orders, replica, witness, clients);
        Signals.send("KILL", orders.server(primary));
        clients.await(200);
        assertThat(orders.primary(witness)).isSameAs(primary);
        Signals.send("CONT", away);
      }
      case WITNESS_LOST -> {
        witness.kill();
        clients.await(200);
        witness.start();
      }
      case WITNESS_FROZEN -> {
        witness.signal("STOP");
        Signals.send("KILL", orders.server(primary));
        TimeUnit.SECONDS.sleep(2);
        witness.signal("CONT");
      }
      case WITNESS_CUT_OFF -> {
        ManagedMachinesTest.cutOff(machines, 3, List.of(1, 2));
        clients.await(500);
        machines.heal();
      }
    }
  }

  /** Until the witness votes alone; who has to go on. */
  private static List<ProcessHandle> keepAway(
      ManagedGroup orders, Instance replica, Instance witness, LedgerClients clients)
      throws Exception {
    List<ProcessHandle> away = orders.server(replica);
    Signals.send("STOP", away);
    Loopback.await(
        "the witness votes alone",
        ManagedPostgresql.LONG,
        () -> orders.said(witness).contains("\"waitsFor\":\"ANY 1 (w)\""));
    clients.await(50);
    return away;
  }

  /**
   * A machine is gone from one moment to the next, and comes back with no data.
   *
   * @param away what was kept from it, and goes on now
   */
  private static void destroy(
      ManagedGroup orders,
      Namespaces machines,
      Instance primary,
      List<ProcessHandle> away,
      LedgerClients clients)
      throws Exception {
    List<ProcessHandle> server = orders.server(primary);
    List<Integer> others = List.of(3, primary.number == 0 ? 2 : 1);
    ManagedMachinesTest.cutOff(machines, primary.number + 1, others);
    primary.kill();
    Signals.send("KILL", server);
    Signals.send("CONT", away);
    clients.await(200);
    machines.heal();
    ManagedPostgresql.remove(orders.data(primary));
    primary.start();
  }
}
