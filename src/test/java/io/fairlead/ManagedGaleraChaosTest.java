package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.ManagedCluster.Writer;
import io.fairlead.health.MariadbLogin;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
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
 * A Galera cluster that Fairlead manages is hurt while clients write, round after round: how long
 * nobody could write, and what of that which was acknowledged is lost. {@code make chaos-database}.
 */
@EnabledIfSystemProperty(named = "fairlead.database.rounds", matches = "[0-9]+")
@Timeout(3600)
class ManagedGaleraChaosTest {
  private static final int ROUNDS = Integer.getInteger("fairlead.database.rounds", 1);

  /** A pattern of the faults that are wanted. */
  private static final String FAULTS = System.getProperty("fairlead.database.faults", ".*");

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path folder;

  /** What is done, and how long nobody may write where that is known beforehand. */
  enum Fault {
    KILLED("the writer is killed", 2_000),
    FROZEN("the writer is frozen", 2_000),
    ISOLATED("the writer is cut off from the others", 2_000),
    KILLED_AND_DESTROYED("the writer is killed, and its data is gone", 2_000),
    TWO_KILLED("two of three are killed, 200 ms apart", Long.MAX_VALUE),
    ALL_KILLED("all are killed at once", Long.MAX_VALUE);

    private final String words;
    private final long most;

    Fault(String words, long most) {
      this.words = words;
      this.most = most;
    }
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void nothingAcknowledgedIsLost(Fault fault) throws Exception {
    Assumptions.assumeTrue(fault.name().matches(FAULTS), "not asked for");
    DatabaseFaults faults = new DatabaseFaults("Galera: " + fault.words);
    try (ManagedCluster shop = new ManagedCluster(folder)) {
      shop.awaitWhole(3);
      shop.write("create table shop.ledger(id bigint primary key)");
      for (int round = 0; round < ROUNDS; round++) {
        shop.awaitWhole(3);
        long from = 2 * Writer.SHARE * round;
        try (Writer writer = new Writer(shop, from)) {
          writer.await(100);
          hurt(fault, shop, writer);
          writer.await(200);
          writer.end();
          faults.add(shop, writer, from);
        }
      }
      shop.awaitWhole(3);
    }
    faults.write();
    assertThat(faults.worst()).as("nobody wrote for, in ms").isLessThanOrEqualTo(fault.most);
  }

  private static void hurt(Fault fault, ManagedCluster shop, Writer writer) throws Exception {
    String first = shop.writer();
    String other = shop.ports.keySet().stream().filter(n -> !n.equals(first)).findFirst().get();
    switch (fault) {
      case KILLED -> shop.kill(first);
      case FROZEN -> {
        shop.signal("STOP", first);
        writer.await(20);
      }
      case ISOLATED -> {
        String _ = shop.root(first, "set global wsrep_provider_options='gmcast.isolate=1'");
        writer.await(20);
        String _ = shop.root(first, "set global wsrep_provider_options='gmcast.isolate=0'");
      }
      case KILLED_AND_DESTROYED -> {
        shop.kill(first);
        Path _ = Files.move(shop.data(first), shop.top(first).resolve("gone-" + System.nanoTime()));
      }
      case TWO_KILLED -> {
        shop.kill(other);
        TimeUnit.MILLISECONDS.sleep(200);
        shop.kill(first);
      }
      case ALL_KILLED -> shop.signal("KILL", "a", "b", "c");
    }
  }

  /** Then each may have what nobody else has; a survivor goes on, or gives way to an operator. */
  @Test
  void allMayWrite() throws Exception {
    Assumptions.assumeTrue("ALL_WRITE".matches(FAULTS), "not asked for");
    try (ManagedCluster shop = new ManagedCluster(folder, true, "all")) {
      shop.await(
          "all take writes",
          () -> shop.view().members().stream().filter(one -> one.role().writes()).count() == 3);
      shop.write("create table shop.ledger(id bigint primary key)");
      for (String name : shop.ports.keySet()) {
        try (MariadbLogin login = shop.direct(name)) {
          ManagedCluster.order(login, "insert into shop.ledger values (" + shop.port(name) + ")");
        }
      }
      shop.manager().pause("test");
      shop.signal("KILL", "a", "c");
      shop.await("they have ended", () -> shop.pid("a") + shop.pid("c") == 0);
      Path _ = Files.move(shop.data("c"), shop.top("c").resolve("gone"));
      shop.manager().resume("test");
      shop.await("it is said", () -> shop.managed().doing().startsWith("c may have what"));
      assertThat(shop.pid("b")).as("the survivor runs").isNotZero();
      shop.manager().bootstrap("b");
      shop.await(
          "all take writes",
          () -> shop.view().members().stream().filter(one -> one.role().writes()).count() == 3);
      assertThat(shop.read("select count(*) from shop.ledger")).isEqualTo("3");
    }
  }

  /** Fairlead is killed wherever it is, while it makes the cluster and later on. */
  @Test
  void fairleadIsKilledAgainAndAgain() throws Exception {
    Assumptions.assumeTrue("FAIRLEAD".matches(FAULTS), "not asked for");
    long seed = Long.getLong("fairlead.seed", System.nanoTime());
    System.out.println("seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    try (ManagedCluster shop = new ManagedCluster(folder, false, "one")) {
      Path file = Files.writeString(folder.resolve("fairlead.yaml"), shop.text());
      for (int i = 0; i < 8 + 2 * ROUNDS; i++) {
        Process process = FairleadProcess.run(folder.resolve("out-" + i), "-c", file.toString());
        int millis = random.nextInt(1_000, i % 2 == 0 ? 4_000 : 16_000);
        boolean ended = process.waitFor(millis, TimeUnit.MILLISECONDS);
        assertThat(ended).as("ended by itself").isFalse();
        process.destroyForcibly();
        int _ = process.waitFor();
        System.out.printf("killed after %d ms%n", millis);
      }
      shop.start();
      shop.awaitWhole(3);
      shop.write("create table shop.ledger(id bigint primary key)");
      String history = shop.root("a", "show status like 'wsrep_cluster_state_uuid'");
      for (String name : List.of("b", "c")) {
        assertThat(shop.root(name, "show status like 'wsrep_cluster_state_uuid'"))
            .isEqualTo(history);
      }
    }
  }
}
