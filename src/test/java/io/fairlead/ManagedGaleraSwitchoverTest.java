package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.health.MariadbLogin;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * The writer of a Galera cluster changes, ten times a round, while clients have transactions of
 * several statements on sessions that they keep. None of those fails that has begun. {@code make
 * chaos-database}.
 */
@EnabledIfSystemProperty(named = "fairlead.database.rounds", matches = "[0-9]+")
@Timeout(3600)
class ManagedGaleraSwitchoverTest {
  private static final int ROUNDS = 10 * Integer.getInteger("fairlead.database.rounds", 1);
  private static final int CLIENTS = 3;

  /** One that has transactions as an application with a pool does. */
  private static final class Client implements AutoCloseable {
    final AtomicLong committed = new AtomicLong();

    /** Of transactions that had begun. */
    final List<String> failed = Collections.synchronizedList(new ArrayList<>());

    /** Sessions that had ended before anything was begun on them: a pool takes another. */
    final AtomicLong replaced = new AtomicLong();

    /** The longest since it was asked for last, from wanting one to having it committed. */
    final AtomicLong longest = new AtomicLong();

    private final ManagedCluster shop;
    private final int number;
    private final Thread thread;
    private volatile boolean ended;

    Client(ManagedCluster shop, int number) {
      this.shop = shop;
      this.number = number;
      this.thread = Thread.ofVirtual().start(this::work);
    }

    private void work() {
      long wanted = System.nanoTime();
      while (!ended) {
        boolean begun = false;
        try (MariadbLogin client = shop.client()) {
          while (!ended) {
            begun = false;
            ManagedCluster.order(client, "begin");
            begun = true;
            long id = committed.get();
            ManagedCluster.order(
                client, "insert into shop.moves values (" + number + ", " + id + ")");
            ManagedCluster.order(
                client, "update shop.totals set count = count + 1 where client = " + number);
            ManagedCluster.order(client, "commit");
            committed.incrementAndGet();
            longest.accumulateAndGet(System.nanoTime() - wanted, Math::max);
            TimeUnit.MILLISECONDS.sleep(3);
            wanted = System.nanoTime();
          }
        } catch (IOException e) {
          if (begun) {
            failed.add(String.valueOf(e.getMessage()));
            return;
          }
          replaced.incrementAndGet();
        } catch (InterruptedException _) {
          return;
        }
      }
    }

    void await(long more) throws InterruptedException {
      long until = committed.get() + more;
      Loopback.await(
          "transactions of client " + number + ", failed " + failed,
          () -> committed.get() >= until || !failed.isEmpty());
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
  void transactionsThatHaveBegunAreFinished(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder)
      throws Exception {
    try (ManagedCluster shop = new ManagedCluster(folder)) {
      shop.awaitWhole(3);
      shop.write("create table shop.moves(client int, id bigint, primary key(client, id))");
      shop.write("create table shop.totals(client int primary key, count bigint)");
      shop.write("insert into shop.totals values (0, 0), (1, 0), (2, 0)");
      List<Client> clients = new ArrayList<>();
      List<Long> waited = new ArrayList<>();
      try {
        for (int i = 0; i < CLIENTS; i++) {
          clients.add(new Client(shop, i));
        }
        for (int round = 0; round < ROUNDS; round++) {
          for (Client client : clients) {
            client.await(20);
          }
          clients.forEach(client -> client.longest.set(0));
          String before = shop.writer();
          assertThat(shop.manager().switchover("")).isNotEqualTo(before);
          for (Client client : clients) {
            client.await(5);
          }
          waited.add(clients.stream().mapToLong(one -> one.longest.get()).max().orElseThrow());
          shop.awaitWhole(3);
        }
      } finally {
        clients.forEach(Client::close);
      }
      Collections.sort(waited);
      System.out.printf(
          "%d changes of the writer: a client waited for %d ms (p50), %d ms (worst); %d"
              + " transactions, %d sessions replaced, failed %s%n",
          ROUNDS,
          waited.get(waited.size() / 2) / 1_000_000,
          waited.getLast() / 1_000_000,
          clients.stream().mapToLong(one -> one.committed.get()).sum(),
          clients.stream().mapToLong(one -> one.replaced.get()).sum(),
          clients.stream().flatMap(one -> one.failed.stream()).toList());
      for (Client client : clients) {
        assertThat(client.failed).as("of client " + client.number).isEmpty();
        String where = " from shop.%s where client = " + client.number;
        assertThat(shop.read("select count(*)" + where.formatted("moves")))
            .isEqualTo("" + client.committed);
        assertThat(shop.read("select count" + where.formatted("totals")))
            .isEqualTo("" + client.committed);
      }
      assertThat(waited.getLast() / 1_000_000).as("ms, the longest wait").isLessThan(2_000);
    }
  }
}
