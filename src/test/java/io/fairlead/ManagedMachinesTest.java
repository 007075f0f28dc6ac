package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.ThreeProcesses.Instance;
import io.fairlead.health.PostgresqlLogin;
import io.fairlead.vip.Namespaces;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Machines of a managed database are cut off from each other, in both directions and in one, and
 * are lost, while clients write by one that is not and by the one that is. {@code make
 * chaos-database}.
 */
@EnabledIfSystemProperty(named = "fairlead.database.rounds", matches = "[0-9]+")
@Timeout(3600)
class ManagedMachinesTest {
  private static final int ROUNDS = Integer.getInteger("fairlead.database.rounds", 1);

  /** A pattern of the faults that are wanted. */
  private static final String FAULTS = System.getProperty("fairlead.database.faults", ".*");

  private static final String GROUP_PORT = "tcp dport 7400";
  private static final String FROM_GROUP_PORT = "tcp sport 7400";

  /** In which machines come back, counted from the primary's. */
  private static final List<List<Integer>> ORDERS =
      List.of(
          List.of(0, 1, 2),
          List.of(0, 2, 1),
          List.of(1, 0, 2),
          List.of(1, 2, 0),
          List.of(2, 0, 1),
          List.of(2, 1, 0));

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path folder;

  /** What becomes of the machine of the primary. */
  enum Fault {
    CUT_OFF("is cut off from the others", true),
    SENDS_NOTHING("hears the others, who do not hear it", true),
    HEARS_NOTHING("does not hear the others, who hear it", true),
    LOST("is gone from one moment to the next", true),
    GROUP_CUT_OFF("is cut off from the group, and from no database", false),
    OTHERS_INSTANCES_FROZEN("is the only one whose instance is not frozen", false);

    private final String words;
    private final boolean moves;

    /**
     * @param moves another takes the writes then
     */
    Fault(String words, boolean moves) {
      this.words = words;
      this.moves = moves;
    }
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void nothingAcknowledgedIsLost(Fault fault) throws Exception {
    Assumptions.assumeTrue(fault.name().matches(FAULTS), "not asked for");
    DatabaseFaults faults = new DatabaseFaults("the primary's machine " + fault.words);
    try (Namespaces machines = Namespaces.make("a", "b", "c")) {
      machines.joinHere();
      try (ManagedGroup orders = new ManagedGroup(folder, machines)) {
        makeLedger(orders, orders.awaitWhole());
        for (int round = 0; round < ROUNDS; round++) {
          Instance primary = orders.awaitWhole();
          Instance decides = orders.awaitAside(primary);
          Instance through = fault.moves ? orders.other(primary, decides) : primary;
          try (LedgerClients clients =
              new LedgerClients(
                  List.of(() -> orders.writer(through), () -> orders.writer(primary)), round)) {
            clients.await(100);
            hurt(fault, machines, orders, primary, clients);
            assertThat(orders.awaitWhole() == primary).isEqualTo(!fault.moves);
            clients.await(50);
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
      Namespaces machines,
      ManagedGroup orders,
      Instance primary,
      LedgerClients clients)
      throws Exception {
    int number = primary.number + 1;
    List<Integer> others = List.of(1, 2, 3).stream().filter(one -> one != number).toList();
    switch (fault) {
      case CUT_OFF -> {
        cutOff(machines, number, others);
        clients.await(200);
        machines.heal();
      }
      case SENDS_NOTHING -> {
        machines.cut(number, others);
        clients.await(200);
        TimeUnit.SECONDS.sleep(3); // it does not go back and forth
        machines.heal();
      }
      case HEARS_NOTHING -> {
        for (int other : others) {
          machines.cut(other, List.of(number));
        }
        clients.await(200);
        TimeUnit.SECONDS.sleep(3);
        machines.heal();
      }
      case LOST -> {
        List<ProcessHandle> server = orders.server(primary);
        cutOff(machines, number, others); // no connection is ended by anybody
        primary.kill();
        Signals.send("KILL", server);
        clients.await(200);
        machines.heal();
        primary.start();
      }
      case GROUP_CUT_OFF -> {
        for (String which : List.of(GROUP_PORT, FROM_GROUP_PORT)) {
          machines.cut(number, others, which);
          for (int other : others) {
            machines.cut(other, List.of(number), which);
          }
        }
        clients.await(50);
        TimeUnit.SECONDS.sleep(6); // longer than any role is held
        clients.await(200);
        machines.heal();
      }
      case OTHERS_INSTANCES_FROZEN -> {
        for (Instance one : orders.group.all()) {
          if (one != primary) {
            one.signal("STOP");
          }
        }
        TimeUnit.SECONDS.sleep(6);
        clients.await(200);
        for (Instance one : orders.group.all()) {
          one.signal("CONT");
        }
      }
    }
  }

  /** As after a cut of the power. */
  @Test
  void allComeBackInEachOrder() throws Exception {
    Assumptions.assumeTrue("ALL_LOST".matches(FAULTS), "not asked for");
    DatabaseFaults faults =
        new DatabaseFaults("all machines are gone at once, and come back one after the other");
    try (Namespaces machines = Namespaces.make("a", "b", "c")) {
      machines.joinHere();
      try (ManagedGroup orders = new ManagedGroup(folder, machines)) {
        makeLedger(orders, orders.awaitWhole());
        int round = 0;
        for (List<Integer> order : ORDERS) {
          Instance primary = orders.awaitWhole();
          try (LedgerClients clients = new LedgerClients(() -> orders.writer(primary), round++)) {
            clients.await(100);
            List<ProcessHandle> all = new ArrayList<>();
            for (Instance one : orders.group.all()) {
              all.addAll(orders.server(one));
              one.signal("STOP"); // so that none sees what becomes of another
            }
            Signals.send("KILL", all);
            for (Instance one : orders.group.all()) {
              one.kill();
            }
            for (int next : order) {
              orders.group.get((primary.number + next) % 3).start();
              TimeUnit.SECONDS.sleep(2); // it finds out that others are missing
            }
            clients.await(50);
            Instance _ = orders.awaitWhole();
            clients.end();
            faults.add(clients);
          }
        }
      }
    }
    faults.write();
  }

  /** A replica has all that was acknowledged, and the third machine, which runs none, a vote. */
  @Test
  void aLostDiskLosesNothing() throws Exception {
    Assumptions.assumeTrue("DISK_LOST".matches(FAULTS), "not asked for");
    DatabaseFaults faults =
        new DatabaseFaults("the primary's machine is gone with its disk, and there is one replica");
    try (Namespaces machines = Namespaces.make("a", "b", "c")) {
      machines.joinHere();
      try (ManagedGroup orders = new ManagedGroup(folder, machines, 2)) {
        Instance witness = orders.group.get(2);
        makeLedger(orders, witness);
        for (int round = 0; round < ROUNDS; round++) {
          Instance primary = orders.awaitPair();
          Instance replica = orders.other(primary, witness);
          try (LedgerClients clients = new LedgerClients(() -> orders.writer(witness), round)) {
            clients.await(100);
            List<ProcessHandle> server = orders.server(primary);
            cutOff(machines, primary.number + 1, List.of(replica.number + 1, 3));
            primary.kill();
            Signals.send("KILL", server);
            Tool.Said _ = Tool.run("", "rm", "-r", primary.data.toString());
            Path _ = Files.createDirectory(primary.data);
            TimeUnit.SECONDS.sleep(3); // nobody knows whether it comes back
            machines.heal();
            primary.start();
            clients.await(50);
            assertThat(orders.awaitPair()).isSameAs(replica);
            clients.end();
            faults.add(clients);
          }
        }
      }
    }
    faults.write();
  }

  private static void makeLedger(ManagedGroup orders, Instance through) throws IOException {
    try (PostgresqlLogin client = orders.writer(through)) {
      String _ = ManagedPostgresql.ask(client, LedgerClients.TABLE);
    }
  }

  private static void cutOff(Namespaces machines, int number, List<Integer> others)
      throws Exception {
    machines.cut(number, others);
    for (int other : others) {
      machines.cut(other, List.of(number));
    }
  }
}
