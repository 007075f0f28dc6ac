package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.ThreeProcesses.Instance;
import io.fairlead.health.PostgresqlLogin;
import io.fairlead.vip.Namespaces;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

  /** Of the group: greetings, what is remembered, and who is chosen for that. */
  private static final String GROUP_PORTS = "tcp dport 7400-7402";

  private static final String FROM_GROUP_PORTS = "tcp sport 7400-7402";

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
        cutOffGroup(machines, number, others);
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

  /**
   * What becomes of the clock of one machine, whose instance and server go by it, as where it has
   * been asleep.
   */
  enum Clock {
    PRIMARYS_CLOCK("the clock of the primary's machine", true),
    REPLICAS_CLOCK("the clock of a replica's machine", false);

    private final String words;
    private final boolean primarys;

    Clock(String words, boolean primarys) {
      this.words = words;
      this.primarys = primarys;
    }
  }

  @ParameterizedTest
  @EnumSource(Clock.class)
  void theTimeOfDayIsNothingToGoBy(Clock clock) throws Exception {
    Assumptions.assumeTrue(clock.name().matches(FAULTS), "not asked for");
    DatabaseFaults faults =
        new DatabaseFaults(clock.words + " jumps an hour ahead, back, and an hour behind");
    try (MachineClock time = new MachineClock(folder);
        ManagedGroup orders =
            new ManagedGroup(
                folder, i -> clock.primarys == (i == 0) && i < 2 ? time.environment() : Map.of())) {
      Instance primary = orders.awaitWhole();
      makeLedger(orders, primary);
      assertThat(primary.number).as("whoever makes the database takes its writes").isZero();
      Instance hurt = orders.group.get(clock.primarys ? 0 : 1);
      Instance other = orders.group.get(2);
      for (int round = 0; round < ROUNDS; round++) {
        Instance decides = orders.awaitAside(primary);
        List<Long> servers = servers(orders);
        try (LedgerClients clients =
            new LedgerClients(
                List.of(() -> orders.writer(other), () -> orders.writer(hurt)), round)) {
          clients.await(100);
          String takes = clients.newest();
          for (long seconds : List.of(3600L, 0L, -3600L, 0L)) {
            time.set(seconds);
            awaitTime(orders, hurt, seconds);
            awaitReads(Duration.ofSeconds(6), orders, hurt, other); // longer than any role is held
            clients.await(50);
            assertThat(clients.newest()).as("who takes the writes").isEqualTo(takes);
            assertThat(orders.decides()).as("who decides").isSameAs(decides);
            assertThat(servers(orders)).as("servers").isEqualTo(servers);
          }
          assertThat(orders.awaitWhole()).isSameAs(primary);
          clients.end();
          assertThat(clients.longestMillis()).isLessThan(1_000);
          faults.add(clients);
        }
      }
    }
    faults.write();
  }

  /** Both go by it, and nobody else does. */
  private static void awaitTime(ManagedGroup orders, Instance hurt, long seconds) throws Exception {
    for (Instance one : orders.group.all()) {
      long ahead = one == hurt ? seconds : 0;
      Loopback.await(
          "the instance " + one.name + " does", () -> isAhead(orders.millis(one), ahead));
      try (PostgresqlLogin login = orders.probe(one)) {
        Loopback.await(
            "the server of " + one.name + " does",
            () -> {
              try {
                return isAhead(
                    Long.parseLong(
                        ManagedPostgresql.ask(
                            login, "select (extract(epoch from now()) * 1000)::bigint")),
                    ahead);
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
      }
    }
  }

  private static boolean isAhead(long millis, long seconds) {
    return Math.abs(millis - System.currentTimeMillis() - seconds * 1000) < 60_000;
  }

  /** What becomes of a machine that runs no member, by which some clients come. */
  enum Listener {
    LISTENER_KILLED("is killed, and started anew"),
    LISTENER_CUT_OFF("is cut off from all others"),
    LISTENERS_GROUP_CUT_OFF("is cut off from the group, during a switchover");

    private final String words;

    Listener(String words) {
      this.words = words;
    }
  }

  /** Clients of others do not notice. */
  @ParameterizedTest
  @EnumSource(Listener.class)
  void whoeverOnlyListensIsMissedByItsOwnClients(Listener fault) throws Exception {
    Assumptions.assumeTrue(fault.name().matches(FAULTS), "not asked for");
    String what = "an instance that only listens " + fault.words + ": ";
    DatabaseFaults its = new DatabaseFaults(what + "its clients");
    DatabaseFaults rest = new DatabaseFaults(what + "others'");
    try (Namespaces machines = Namespaces.make("a", "b", "c")) {
      machines.joinHere();
      try (ManagedGroup orders = new ManagedGroup(folder, machines, 2)) {
        Instance listens = orders.group.get(2);
        makeLedger(orders, listens);
        for (int round = 0; round < ROUNDS; round++) {
          Instance primary = orders.awaitPair();
          Instance replica = orders.other(primary, listens);
          try (LedgerClients own = new LedgerClients(() -> orders.writer(listens), 2 * round);
              LedgerClients others =
                  new LedgerClients(() -> orders.writer(replica), 2 * round + 1)) {
            own.await(100);
            others.await(100);
            hurt(fault, machines, orders, listens, own, others);
            own.await(100);
            others.await(100);
            own.end();
            others.end();
            its.add(own);
            rest.add(others);
            assertThat(others.longestMillis())
                .isLessThan(fault == Listener.LISTENERS_GROUP_CUT_OFF ? 12_000 : 1_000);
          }
        }
      }
    }
    its.write();
    rest.write();
  }

  private static void hurt(
      Listener fault,
      Namespaces machines,
      ManagedGroup orders,
      Instance listens,
      LedgerClients own,
      LedgerClients others)
      throws Exception {
    switch (fault) {
      case LISTENER_KILLED -> {
        listens.kill();
        others.await(500);
        listens.start();
      }
      case LISTENER_CUT_OFF -> {
        try (PostgresqlLogin client = orders.writer(listens)) {
          cutOff(machines, listens.number + 1, List.of(1, 2));
          long begun = System.nanoTime();
          assertThatThrownBy(() -> client.row("select count(*) from ledger", Duration.ofMinutes(2)))
              .as("it is told that no answer comes")
              .hasMessageContaining("reset");
          assertThat(System.nanoTime() - begun).isLessThan(Duration.ofSeconds(35).toNanos());
        }
        others.await(500);
        machines.heal();
      }
      case LISTENERS_GROUP_CUT_OFF -> {
        cutOffGroup(machines, listens.number + 1, List.of(1, 2));
        Loopback.await(
            "it is said that there is no majority",
            () -> {
              try {
                return listens.printed().contains("has no majority here");
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
        own.await(50); // what it knows is still true
        others.await(50);
        Instance primary = Objects.requireNonNull(orders.primary(listens));
        assertThat(orders.order(orders.other(listens, primary), "switchover")).startsWith("200");
        others.await(100);
        int before = own.acknowledged();
        others.await(300);
        assertThat(own.acknowledged()).as("led to who was primary").isEqualTo(before);
        machines.heal();
      }
    }
  }

  private static void cutOffGroup(Namespaces machines, int number, List<Integer> others)
      throws Exception {
    for (String which : List.of(GROUP_PORTS, FROM_GROUP_PORTS)) {
      machines.cut(number, others, which);
      for (int other : others) {
        machines.cut(other, List.of(number), which);
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

  private static List<Long> servers(ManagedGroup orders) throws IOException {
    List<Long> all = new ArrayList<>();
    for (Instance one : orders.group.all()) {
      all.add(orders.server(one).getFirst().pid());
    }
    return all;
  }

  /** Both replicas may be read all that time. */
  private static void awaitReads(Duration time, ManagedGroup orders, Instance... seenBy)
      throws Exception {
    long end = System.nanoTime() + time.toNanos();
    while (System.nanoTime() < end) {
      for (Instance one : seenBy) {
        String said = orders.said(one);
        assertThat(said.split("\"reads\":true", -1)).as("who may be read: %s", said).hasSize(3);
      }
      TimeUnit.MILLISECONDS.sleep(100);
    }
  }

  private static void makeLedger(ManagedGroup orders, Instance through) throws IOException {
    try (PostgresqlLogin client = orders.writer(through)) {
      String _ = ManagedPostgresql.ask(client, LedgerClients.TABLE);
    }
  }

  static void cutOff(Namespaces machines, int number, List<Integer> others) throws Exception {
    machines.cut(number, others);
    for (int other : others) {
      machines.cut(other, List.of(number));
    }
  }
}
