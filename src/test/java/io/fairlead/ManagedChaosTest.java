package io.fairlead;

import io.fairlead.ThreeProcesses.Instance;
import io.fairlead.health.PostgresqlLogin;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A database that Fairlead manages is hurt while a client writes, round after round. Prints how
 * long nobody could write, and what of that which was acknowledged is lost. {@code make
 * chaos-database}.
 */
@EnabledIfSystemProperty(named = "fairlead.database.rounds", matches = "[0-9]+")
@Timeout(3600)
class ManagedChaosTest {
  private static final int ROUNDS = Integer.getInteger("fairlead.database.rounds", 1);

  /** A pattern of the faults that are wanted. */
  private static final String FAULTS = System.getProperty("fairlead.database.faults", ".*");

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path folder;

  /** What is done. */
  enum Fault {
    KILLED("killed"),
    FROZEN("frozen, with all its processes, and thaws"),
    DISK_DESTROYED("killed, and its data destroyed"),
    REPLICA_KILLED_TOO("killed with one of its two replicas"),
    SUCCESSOR_KILLED_TOO("killed, then its successor when that takes writes");

    private final String words;

    Fault(String words) {
      this.words = words;
    }
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void nothingAcknowledgedIsLost(Fault fault) throws Exception {
    Assumptions.assumeTrue(fault.name().matches(FAULTS), "not asked for");
    DatabaseFaults faults = new DatabaseFaults("primary: " + fault.words);
    try (ManagedPostgresql orders = new ManagedPostgresql(folder)) {
      orders.awaitPrimary("a");
      try (PostgresqlLogin client = orders.writer()) {
        String _ = ManagedPostgresql.ask(client, LedgerClients.TABLE);
      }
      for (int round = 0; round < ROUNDS; round++) {
        orders.awaitReplicas(2);
        orders.awaitTwoVoters();
        try (LedgerClients clients = new LedgerClients(orders::writer, round)) {
          clients.await(100);
          hurt(fault, orders, clients);
          clients.await(200);
          clients.end();
          faults.add(clients);
        }
      }
      orders.awaitReplicas(2);
    }
    faults.write();
  }

  /** What becomes of an instance, and of the member that it runs. */
  enum Loss {
    PRIMARYS_KILLED("the primary's is killed, and its server with it", true),
    PRIMARYS_FROZEN("the primary's is frozen, its server goes on", true),
    PRIMARYS_MACHINE_FROZEN("the primary's is frozen together with its server", true),
    DECIDERS_KILLED("of whoever decides is killed", false),
    DECIDERS_FROZEN("of whoever decides is frozen", false);

    private final String words;
    private final boolean primarys;

    Loss(String words, boolean primarys) {
      this.words = words;
      this.primarys = primarys;
    }
  }

  /** Three instances, each with a member; the client writes through one that is not hurt. */
  @ParameterizedTest
  @EnumSource(Loss.class)
  void nothingIsLostWithAnInstance(Loss loss) throws Exception {
    Assumptions.assumeTrue(loss.name().matches(FAULTS), "not asked for");
    DatabaseFaults faults = new DatabaseFaults("instance: " + loss.words);
    try (ManagedGroup orders = new ManagedGroup(folder)) {
      Instance first = orders.awaitWhole();
      try (PostgresqlLogin client = orders.writer(first)) {
        String _ = ManagedPostgresql.ask(client, LedgerClients.TABLE);
      }
      for (int round = 0; round < ROUNDS; round++) {
        Instance primary = orders.awaitWhole();
        Instance decides = orders.awaitAside(primary);
        Instance hurt = loss.primarys ? primary : decides;
        Instance through = orders.other(primary, hurt);
        try (LedgerClients clients = new LedgerClients(() -> orders.writer(through), round)) {
          clients.await(100);
          hurt(loss, orders, hurt, clients);
          clients.await(200);
          clients.end();
          faults.add(clients);
        }
      }
      Instance _ = orders.awaitWhole();
    }
    faults.write();
  }

  private static void hurt(Loss loss, ManagedGroup orders, Instance hurt, LedgerClients clients)
      throws Exception {
    switch (loss) {
      case PRIMARYS_KILLED, DECIDERS_KILLED -> {
        hurt.kill();
        clients.await(200);
        hurt.start();
      }
      case PRIMARYS_FROZEN, DECIDERS_FROZEN -> {
        hurt.signal("STOP"); // its server goes on
        clients.await(200);
        TimeUnit.SECONDS.sleep(4); // longer than the role is held
        hurt.signal("CONT");
      }
      case PRIMARYS_MACHINE_FROZEN -> {
        hurt.signal("STOP");
        List<ProcessHandle> all = orders.server(hurt);
        Signals.send("STOP", all);
        clients.await(200);
        TimeUnit.SECONDS.sleep(4);
        Signals.send("CONT", all);
        hurt.signal("CONT");
      }
    }
  }

  private static void hurt(Fault fault, ManagedPostgresql orders, LedgerClients clients)
      throws Exception {
    String primary = orders.primary();
    switch (fault) {
      case KILLED -> orders.kill(primary);
      case FROZEN -> {
        List<ProcessHandle> all = orders.processes(primary);
        Signals.send("STOP", all);
        clients.await(20);
        Signals.send("CONT", all); // those that are left
      }
      case DISK_DESTROYED -> {
        orders.kill(primary);
        Path gone = orders.data(primary).resolveSibling("gone-" + System.nanoTime());
        Path _ = Files.move(orders.data(primary), gone);
      }
      case REPLICA_KILLED_TOO -> {
        orders.kill(primary);
        for (String name : orders.ports.keySet()) {
          if (!name.equals(primary)) {
            orders.kill(name);
            break;
          }
        }
      }
      case SUCCESSOR_KILLED_TOO -> {
        orders.kill(primary);
        clients.await(20);
        Loopback.await(
            "its successor is known",
            ManagedPostgresql.LONG,
            () -> !Set.of("", primary).contains(orders.primary()));
        orders.kill(orders.primary());
      }
    }
  }
}
