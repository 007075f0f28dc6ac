package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.ThreeProcesses.Instance;
import io.fairlead.health.PostgresqlLogin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
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
    KILLED,
    FROZEN,
    DISK_DESTROYED,
    REPLICA_KILLED_TOO,
    SUCCESSOR_KILLED_TOO
  }

  /** Where one logs in. */
  private interface Door {
    PostgresqlLogin open() throws IOException;
  }

  /** Writes numbers, and connects again when it has to. */
  private static final class Writer implements AutoCloseable {
    final Set<Long> acknowledged = ConcurrentHashMap.newKeySet();
    final AtomicLong longest = new AtomicLong();
    private final Door door;
    private final Thread thread;
    private volatile boolean ended;
    private volatile long last = System.nanoTime();

    Writer(Door door, long from) {
      this.door = door;
      this.thread = Thread.ofVirtual().start(() -> write(from));
    }

    private void write(long from) {
      long next = from;
      while (!ended) {
        try (PostgresqlLogin client = door.open()) {
          while (!ended) {
            String _ = ManagedPostgresql.ask(client, "insert into ledger values (" + next + ")");
            acknowledged.add(next++);
            long now = System.nanoTime();
            longest.accumulateAndGet(now - last, Math::max);
            last = now;
            TimeUnit.MILLISECONDS.sleep(2); // a client that thinks
          }
        } catch (IOException _) {
          next++; // nobody knows what became of it
        } catch (InterruptedException _) {
          return;
        }
      }
    }

    /** So many more are acknowledged. */
    void await(int more) throws InterruptedException {
      int now = acknowledged.size();
      Loopback.await("it writes", ManagedPostgresql.LONG, () -> acknowledged.size() >= now + more);
    }

    @Override
    public void close() {
      ended = true;
      try {
        thread.join(60_000);
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void nothingAcknowledgedIsLost(Fault fault) throws Exception {
    Assumptions.assumeTrue(fault.name().matches(FAULTS), "not asked for");
    List<Long> pauses = new ArrayList<>();
    long all = 0;
    try (ManagedPostgresql orders = new ManagedPostgresql(folder)) {
      orders.awaitPrimary("a");
      try (PostgresqlLogin client = orders.writer()) {
        String _ = ManagedPostgresql.ask(client, "create table ledger(id bigint primary key)");
      }
      for (int round = 0; round < ROUNDS; round++) {
        orders.awaitReplicas(2);
        orders.awaitTwoVoters();
        Set<Long> acknowledged;
        try (Writer writer = new Writer(orders::writer, round * 1_000_000L)) {
          writer.await(100);
          hurt(fault, orders, writer);
          writer.await(200);
          pauses.add(writer.longest.get() / 1_000_000);
          acknowledged = writer.acknowledged;
        }
        all += acknowledged.size();
        checkThere(orders::writer, acknowledged);
      }
      orders.awaitReplicas(2);
    }
    print("managed, " + fault, pauses, all);
  }

  private static void checkThere(Door door, Set<Long> acknowledged) throws IOException {
    try (PostgresqlLogin client = door.open()) {
      String there =
          ManagedPostgresql.ask(
              client,
              "select count(*) from ledger where id in ("
                  + String.join(",", acknowledged.stream().map(String::valueOf).toList())
                  + ")");
      assertThat(there).as("acknowledged, and there").isEqualTo("" + acknowledged.size());
    }
  }

  private static void print(String what, List<Long> pauses, long all) {
    Collections.sort(pauses);
    System.out.printf(
        "%s, %d rounds: nobody wrote for p50 %d ms, worst %d ms; %d acknowledged, 0 lost; %s%n",
        what, ROUNDS, pauses.get(pauses.size() / 2), pauses.getLast(), all, pauses);
  }

  /** What becomes of an instance, and of the member that it runs. */
  enum Loss {
    PRIMARYS_KILLED,
    PRIMARYS_FROZEN,
    DECIDERS_KILLED,
    DECIDERS_FROZEN
  }

  /** Three instances, each with a member; the client writes through one that is not hurt. */
  @ParameterizedTest
  @EnumSource(Loss.class)
  void nothingIsLostWithAnInstance(Loss loss) throws Exception {
    List<Long> pauses = new ArrayList<>();
    long all = 0;
    try (ManagedGroup orders = new ManagedGroup(folder)) {
      Instance first = orders.awaitWhole();
      try (PostgresqlLogin client = orders.writer(first)) {
        String _ = ManagedPostgresql.ask(client, "create table ledger(id bigint primary key)");
      }
      for (int round = 0; round < ROUNDS; round++) {
        Instance primary = orders.awaitWhole();
        Instance decides = orders.awaitAside(primary);
        boolean primarys = loss == Loss.PRIMARYS_KILLED || loss == Loss.PRIMARYS_FROZEN;
        Instance hurt = primarys ? primary : decides;
        Instance through = orders.other(primary, hurt);
        Set<Long> acknowledged;
        try (Writer writer = new Writer(() -> orders.writer(through), round * 1_000_000L)) {
          writer.await(100);
          if (loss == Loss.PRIMARYS_KILLED || loss == Loss.DECIDERS_KILLED) {
            hurt.kill();
            writer.await(200);
            hurt.start();
          } else {
            hurt.signal("STOP"); // its server goes on
            writer.await(200);
            TimeUnit.SECONDS.sleep(4); // longer than the role is held
            hurt.signal("CONT");
          }
          writer.await(200);
          pauses.add(writer.longest.get() / 1_000_000);
          acknowledged = writer.acknowledged;
        }
        all += acknowledged.size();
        checkThere(() -> orders.writer(through), acknowledged);
      }
      Instance _ = orders.awaitWhole();
    }
    print("managed by three instances, " + loss, pauses, all);
  }

  private static void hurt(Fault fault, ManagedPostgresql orders, Writer writer) throws Exception {
    String primary = orders.primary();
    switch (fault) {
      case KILLED -> orders.kill(primary);
      case FROZEN -> {
        List<ProcessHandle> all = orders.processes(primary);
        signal("STOP", all);
        writer.await(20);
        signal("CONT", all); // those that are left
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
        writer.await(20);
        Loopback.await(
            "its successor is known",
            ManagedPostgresql.LONG,
            () -> !Set.of("", primary).contains(orders.primary()));
        orders.kill(orders.primary());
      }
    }
  }

  private static void signal(String which, List<ProcessHandle> processes) throws Exception {
    List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", "kill -$0 \"$@\"; :", which));
    processes.stream()
        .filter(ProcessHandle::isAlive)
        .forEach(one -> command.add(Long.toString(one.pid())));
    if (command.size() > 4) {
      int _ = new ProcessBuilder(command).start().waitFor();
    }
  }
}
