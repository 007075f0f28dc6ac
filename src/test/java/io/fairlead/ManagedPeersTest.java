package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.health.PostgresqlLogin;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The same clients write to a database that Fairlead keeps and to one that Patroni, etcd and
 * HAProxy keep, on as many machines, and the same befalls the primary's. What peers lose is told,
 * and is no failure of the test. {@code make chaos-database-peers}.
 */
@EnabledIfSystemProperty(named = "fairlead.database.peers", matches = "[0-9]+")
@Timeout(7200)
class ManagedPeersTest {
  private static final int ROUNDS = Integer.getInteger("fairlead.database.peers", 1);

  /** A pattern of the faults that are wanted. */
  private static final String FAULTS = System.getProperty("fairlead.database.faults", ".*");

  /** A pattern of those who keep the database. */
  private static final String KEEPERS =
      System.getProperty("fairlead.database.keepers", "FAIRLEAD|PATRONI");

  private static final ReportTable TABLE =
      new ReportTable("peers", "fault | by | " + DatabaseTally.HEAD + " | load | measured", 2);

  /** How long a client waits that was refused. */
  private static final int PAUSE_MILLIS = 20;

  private static final long PATIENCE_NANOS = TimeUnit.MINUTES.toNanos(3);

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path folder;

  /** Who keeps it. */
  enum Keeper {
    FAIRLEAD("Fairlead"),
    PATRONI("Patroni, shortest times"),
    PATRONI_ETCD3("Patroni, shortest times, `etcd3`"),
    PATRONI_DELIVERED("Patroni, as delivered");

    private final String words;

    Keeper(String words) {
      this.words = words;
    }

    private KeptDatabase begin(Path folder) throws Exception {
      return switch (this) {
        case FAIRLEAD -> new FairleadKeeper(folder);
        case PATRONI -> new PatroniKeeper(folder, PatroniKeeper.Settings.SHORTEST);
        case PATRONI_ETCD3 -> new PatroniKeeper(folder, PatroniKeeper.Settings.SHORTEST_ETCD3);
        case PATRONI_DELIVERED -> new PatroniKeeper(folder, PatroniKeeper.Settings.DELIVERED);
      };
    }
  }

  /** What becomes of the primary. */
  enum Fault {
    KILLED("the primary's server is killed"),
    FROZEN("the primary's machine is frozen, and thaws"),
    LOST("all on the primary's machine is killed");

    private final String words;

    Fault(String words) {
      this.words = words;
    }
  }

  @ParameterizedTest
  @EnumSource(Keeper.class)
  void sameFaults(Keeper who) throws Exception {
    Assumptions.assumeTrue(who.name().matches(KEEPERS), "not asked for");
    if (who != Keeper.FAIRLEAD) {
      System.out.println(PatroniKeeper.versions());
    }
    Map<Fault, Measured> all = new EnumMap<>(Fault.class);
    Stream.of(Fault.values())
        .filter(one -> one.name().matches(FAULTS))
        .forEach(one -> all.put(one, new Measured()));
    try (KeptDatabase keeper = who.begin(folder)) {
      int _ = keeper.awaitWhole();
      try (PostgresqlLogin client = open(keeper)) {
        String _ = ManagedPostgresql.ask(client, LedgerClients.TABLE);
      }
      int number = 0;
      for (int round = 0; round < ROUNDS; round++) {
        for (Map.Entry<Fault, Measured> one : all.entrySet()) {
          play(keeper, one.getKey(), number++, one.getValue());
          System.out.println(who + " " + one.getKey() + " " + one.getValue().tally.pauses());
        }
      }
      int _ = keeper.awaitWhole();
    } finally {
      for (Map.Entry<Fault, Measured> one : all.entrySet()) {
        one.getValue().write(one.getKey(), who);
      }
    }
    if (who == Keeper.FAIRLEAD) {
      all.values().forEach(one -> assertThat(one.faults).as("lost, or two primaries").isZero());
    }
  }

  private static void play(KeptDatabase keeper, Fault fault, int number, Measured measured)
      throws Exception {
    int primary = keeper.awaitWhole();
    measured.look();
    try (LedgerClients clients = new LedgerClients(() -> open(keeper), number)) {
      clients.await(100);
      switch (fault) {
        case KILLED -> {
          keeper.killServer(primary);
          clients.await(200);
        }
        case FROZEN -> {
          keeper.freeze(primary);
          clients.await(200);
          TimeUnit.SECONDS.sleep(4); // there is a primary that has not heard of the other
          keeper.thaw(primary);
        }
        case LOST -> {
          keeper.lose(primary);
          clients.await(200);
          keeper.start(primary);
        }
      }
      clients.await(200);
      clients.end();
      measured.look();
      measured.add(clients);
    }
  }

  /** Somebody who is refused comes again in a moment. */
  private static PostgresqlLogin open(KeptDatabase keeper) throws IOException {
    long end = System.nanoTime() + PATIENCE_NANOS;
    while (true) {
      try {
        return keeper.open();
      } catch (IOException e) {
        if (System.nanoTime() > end) {
          throw e;
        }
      }
      try {
        TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException(e);
      }
    }
  }

  /** What one fault does to one of them. */
  private static final class Measured {
    private final DatabaseTally tally = new DatabaseTally();
    private double least = Double.MAX_VALUE;
    private double most;
    private int faults;

    /** How busy the machine is, over the last minute. */
    private void look() {
      double load = ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage();
      least = Math.min(least, load);
      most = Math.max(most, load);
    }

    private void add(LedgerClients clients) throws IOException {
      LedgerClients.Found found = tally.add(clients);
      faults += found.lost() + found.invented() + clients.windows().size();
      clients.windows().forEach(one -> System.out.println("two primaries: " + one));
    }

    private void write(Fault fault, Keeper who) throws IOException {
      if (tally.isEmpty()) {
        return;
      }
      String row =
          String.format(
              Locale.ROOT,
              "| %s | %s | %s | %.0f to %.0f | %s |",
              fault.words,
              who.words,
              tally.cells(),
              least,
              most,
              LocalDate.now(ZoneOffset.UTC));
      System.out.println(row + " " + tally.pauses());
      TABLE.put(row);
    }
  }
}
