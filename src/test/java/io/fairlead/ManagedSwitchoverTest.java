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
    private volatile String at = "";
    private volatile long since = System.nanoTime();

    Client(ManagedPostgresql orders, int number) {
      this.orders = orders;
      this.number = number;
      this.thread = Thread.ofVirtual().start(this::work);
    }

    private void work() {
      long wanted = System.nanoTime();
      while (!ended) {
        boolean begun = false;
        at("log in");
        try (PostgresqlLogin client = orders.writer()) {
          if (!failed.isEmpty()) { // a commit may have been done although it was not said
            committed.set(
                Long.parseLong(
                    ask(client, "select count(*) from ledger where client = " + number)));
          }
          while (!ended) {
            begun = false;
            String _ = ask(client, "begin");
            begun = true;
            long id = committed.get();
            String _ = ask(client, "insert into ledger values (" + number + ", " + id + ")");
            String _ =
                ask(client, "update ledger_total set count = count + 1 where client = " + number);
            String _ = ask(client, "commit");
            committed.incrementAndGet();
            longest.accumulateAndGet(System.nanoTime() - wanted, Math::max);
            at("sleep");
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
        } catch (RuntimeException e) {
          failed.add(e.toString());
          throw e;
        }
      }
    }

    private String ask(PostgresqlLogin client, String sql) throws IOException {
      at(sql);
      return ManagedPostgresql.ask(client, sql);
    }

    private void at(String what) {
      at = what;
      since = System.nanoTime();
    }

    @Override
    public String toString() {
      return "client "
          + number
          + (thread.isAlive() ? " is at: " : " has ended at: ")
          + at
          + ", for "
          + (System.nanoTime() - since) / 1_000_000
          + " ms; committed "
          + committed
          + ", lost "
          + replaced
          + " sessions, failed "
          + failed;
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
          awaitMore(orders, clients, 20);
          clients.forEach(client -> client.longest.set(0));
          String primary = orders.primary();
          assertThat(orders.switchover()).isNotEqualTo(primary);
          System.out.println(orders.managed().steps());
          awaitMore(orders, clients, 20);
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

  private static void awaitMore(ManagedPostgresql orders, List<Client> clients, int more)
      throws InterruptedException {
    for (Client client : clients) {
      long now = client.committed.get();
      try {
        Loopback.await(
            "a client goes on", ManagedPostgresql.LONG, () -> client.committed.get() >= now + more);
      } catch (AssertionError e) {
        throw new AssertionError(seen(orders, clients), e);
      }
    }
  }

  /** What everybody is at. */
  private static String seen(ManagedPostgresql orders, List<Client> clients) {
    StringBuilder seen = new StringBuilder("a client does not go on\n");
    clients.forEach(client -> seen.append(client).append('\n'));
    seen.append(orders.view()).append('\n').append(orders.managed()).append('\n');
    orders.fairlead().events().since(0).reversed().stream()
        .limit(40)
        .forEach(one ->
            seen.append(one.epochMillis() % 100_000_000)
                .append(' ')
                .append(one.event().text())
                .append('\n'));
    for (String member : orders.ports.keySet()) {
      seen.append(member).append(": ");
      try {
        seen.append(
            orders.owner(
                member,
                "select pid, backend_type, usename, application_name, client_port, state,"
                    + " wait_event_type, wait_event, now() - state_change, query"
                    + " from pg_stat_activity"));
      } catch (IOException e) {
        seen.append(e.getMessage());
      }
      seen.append('\n');
    }
    return seen.toString();
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
    DatabaseFaults.replace(row);
  }
}
