package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.health.PostgresqlLogin;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * Writes go elsewhere, ten times a round, while clients have transactions of several statements.
 * None of those fails that has begun. {@code make chaos-database}.
 */
@EnabledIfSystemProperty(named = "fairlead.database.rounds", matches = "[0-9]+")
@Timeout(3600)
class ManagedSwitchoverTest {
  private static final int ROUNDS = 10 * Integer.getInteger("fairlead.database.rounds", 1);
  private static final String FAULTS = System.getProperty("fairlead.database.faults", ".*");
  private static final int CLIENTS = 3;

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private Path folder;

  /** One that has transactions as an application with a pool does. */
  private static final class Client implements AutoCloseable {
    final AtomicLong committed = new AtomicLong();

    /** Of transactions that had begun. */
    final List<String> failed = Collections.synchronizedList(new ArrayList<>());

    /** Sessions that had ended before anything was begun on them: a pool takes another. */
    final AtomicLong replaced = new AtomicLong();

    /** The longest since it was asked for last, from wanting one to having it committed. */
    final AtomicLong longest = new AtomicLong();

    private final ManagedPostgresql orders;
    private final int number;
    private final Thread thread;
    private volatile boolean ended;

    Client(ManagedPostgresql orders, int number) {
      this.orders = orders;
      this.number = number;
      this.thread = Thread.ofVirtual().start(this::work);
    }

    private void work() {
      long wanted = System.nanoTime();
      while (!ended) {
        boolean begun = false;
        try (PostgresqlLogin client = orders.writer()) {
          while (!ended) {
            begun = false;
            String _ = ManagedPostgresql.ask(client, "begin");
            begun = true;
            long id = committed.get();
            String _ =
                ManagedPostgresql.ask(
                    client, "insert into ledger values (" + number + ", " + id + ")");
            String _ =
                ManagedPostgresql.ask(
                    client, "update ledger_total set count = count + 1 where client = " + number);
            String _ = ManagedPostgresql.ask(client, "commit");
            committed.incrementAndGet();
            longest.accumulateAndGet(System.nanoTime() - wanted, Math::max);
            TimeUnit.MILLISECONDS.sleep(3);
            wanted = System.nanoTime();
          }
        } catch (IOException e) {
          if (begun) {
            failed.add(String.valueOf(e.getMessage()));
          } else {
            replaced.incrementAndGet();
          }
        } catch (InterruptedException _) {
          return;
        }
      }
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

  @Test
  void noTransactionFails() throws Exception {
    Assumptions.assumeTrue("SWITCHOVER".matches(FAULTS), "not asked for");
    List<Long> holds = new ArrayList<>();
    List<Client> clients = new ArrayList<>();
    try (ManagedPostgresql orders = new ManagedPostgresql(folder)) {
      orders.awaitPrimary("a");
      try (PostgresqlLogin client = orders.writer()) {
        String _ =
            ManagedPostgresql.ask(
                client, "create table ledger(client int, id bigint, primary key (client, id))");
        String _ =
            ManagedPostgresql.ask(
                client, "create table ledger_total(client int primary key, count bigint)");
        String _ =
            ManagedPostgresql.ask(
                client,
                "insert into ledger_total select i, 0 from generate_series(0, "
                    + (CLIENTS - 1)
                    + ") i");
      }
      try {
        for (int i = 0; i < CLIENTS; i++) {
          clients.add(new Client(orders, i));
        }
        for (int round = 0; round < ROUNDS; round++) {
          orders.awaitReplicas(2);
          orders.awaitTwoVoters();
          awaitMore(clients, 20);
          clients.forEach(client -> client.longest.set(0));
          String primary = orders.primary();
          assertThat(orders.switchover()).isNotEqualTo(primary);
          System.out.println(orders.managed().steps());
          awaitMore(clients, 20);
          holds.add(
              clients.stream().mapToLong(one -> one.longest.get()).max().orElse(0) / 1_000_000);
        }
      } finally {
        clients.forEach(Client::close);
        clients.forEach(one -> System.out.println(one.failed.stream().limit(5).toList()));
      }
      try (PostgresqlLogin client = orders.writer()) {
        for (Client one : clients) {
          String where = " where client = " + one.number;
          String committed = "" + one.committed.get();
          assertThat(ManagedPostgresql.ask(client, "select count(*) from ledger" + where))
              .isEqualTo(committed);
          assertThat(ManagedPostgresql.ask(client, "select count from ledger_total" + where))
              .isEqualTo(committed);
        }
      }
    }
    write(holds, clients);
    assertThat(clients).allSatisfy(client -> assertThat(client.failed).isEmpty());
    assertThat(DatabaseFaults.at(holds, 99)).as("the longest a client waited").isLessThan(500);
  }

  private static void awaitMore(List<Client> clients, int more) throws InterruptedException {
    for (Client client : clients) {
      long now = client.committed.get();
      Loopback.await(
          "a client goes on", ManagedPostgresql.LONG, () -> client.committed.get() >= now + more);
    }
  }

  private static void write(List<Long> holds, List<Client> clients) throws IOException {
    Collections.sort(holds);
    long committed = clients.stream().mapToLong(client -> client.committed.get()).sum();
    long failed = clients.stream().mapToLong(client -> client.failed.size()).sum();
    long replaced = clients.stream().mapToLong(client -> client.replaced.get()).sum();
    String name = "switchover, under transactions of four statements";
    String row =
        String.format(
            Locale.ROOT,
            "| %s | %d | %d ms | %d ms | %d ms | %d | %d | 0 | - | %s |",
            name,
            holds.size(),
            DatabaseFaults.at(holds, 50),
            DatabaseFaults.at(holds, 99),
            holds.getLast(),
            committed,
            failed,
            LocalDate.now(ZoneOffset.UTC));
    System.out.println(row + " " + replaced + " sessions replaced " + holds);
    DatabaseFaults.replace(name, row);
  }
}
