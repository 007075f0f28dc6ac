package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.Loopback.Reply;
import io.fairlead.proxy.http.NothingLeftOver;
import io.fairlead.proxy.http.SlotNode;
import io.fairlead.service.ServiceLoad;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.ShedReason;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A whole instance with more to do than its nodes can, in real time: two nodes with four slots of
 * 20 ms each are 400 requests a second, few enough for any machine.
 */
@Alone
@Timeout(120)
class OverloadTest {
  private static final int SLOTS = 4;
  private static final long WORK = 20_000_000;
  private static final double CAPACITY = 2 * SLOTS * 1e9 / WORK;

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  /** What became of the requests. */
  private static final class Seen {
    final AtomicInteger good = new AtomicInteger();
    final AtomicInteger shed = new AtomicInteger();
    final AtomicInteger other = new AtomicInteger();
    final List<Long> nanos = new ArrayList<>();

    synchronized void good(long took) {
      good.incrementAndGet();
      nanos.add(took);
    }

    synchronized double p99Millis() {
      long[] sorted = nanos.stream().mapToLong(Long::longValue).sorted().toArray();
      return sorted.length == 0 ? 0 : sorted[sorted.length * 99 / 100] / 1e6;
    }
  }

  private Fairlead start(String limits, SlotNode... nodes) throws IOException {
    StringBuilder list = new StringBuilder();
    for (SlotNode node : nodes) {
      list.append(list.isEmpty() ? "" : ", ");
      list.append("\"127.0.0.1:").append(node.address().getPort()).append('"');
    }
    return Loopback.start(
        """
        admin: { bind: "127.0.0.1:0" }
        runtime: { event-loops: 2 }
        listeners:
          web:
            bind: "127.0.0.1:0"
            forwarded: { trust: "127.0.0.1" }
            routes:
              - { match: { path: "/again" }, service: shop, retry: { attempts: 2, on: [connect, reset, timeout], per-try-timeout: 1s } }
              - { match: { path: "/pay" }, service: shop, importance: critical }
              - { match: { path: "/ads" }, service: shop, importance: low }
              - { service: shop }
        services:
          shop:
            nodes: [%s]
            health: none
            balance: least-requests
            limits: %s
        """
            .formatted(list, limits));
  }

  /**
   * Sends so many requests a second for so long, however late answers come.
   *
   * @param target of each request by its number
   */
  private static Seen load(Fairlead fairlead, double rate, double seconds, String target)
      throws InterruptedException {
    int port = Loopback.port(fairlead, "web");
    Seen seen = new Seen();
    List<Thread> threads = new ArrayList<>();
    int workers = 300;
    AtomicInteger next = new AtomicInteger();
    long begin = System.nanoTime();
    int all = (int) (rate * seconds);
    for (int i = 0; i < workers; i++) {
      threads.add(
          Thread.ofVirtual()
              .start(() -> {
                try (Client client = new Client(port)) {
                  for (int k = next.getAndIncrement(); k < all; k = next.getAndIncrement()) {
                    long due = begin + (long) (k / rate * 1e9);
                    while (System.nanoTime() < due) {
                      LockSupport.parkNanos(due - System.nanoTime());
                    }
                    Reply reply = client.get(target);
                    if (reply.status() == 200) {
                      seen.good(System.nanoTime() - due);
                    } else if (reply.status() == 503) {
                      seen.shed.incrementAndGet();
                    } else {
                      seen.other.incrementAndGet();
                    }
                  }
                } catch (IOException e) {
                  seen.other.incrementAndGet();
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    return seen;
  }

  private static ServiceLoad load(Fairlead fairlead) {
    ServiceRuntime shop = fairlead.state().services().get("shop");
    if (shop == null) {
      throw new AssertionError("no shop");
    }
    return shop.service().load();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{ requests-per-node: 6, queue-timeout: 200ms }",
        "{ adaptive-limit: true, queue-timeout: 200ms }"
      })
  void atTwiceTheCapacityNearlyAllOfItIsUsedAndAnswersAreInTime(String limits) throws Exception {
    SlotNode a = leftOver.closes(new SlotNode(SLOTS, WORK));
    SlotNode b = leftOver.closes(new SlotNode(SLOTS, WORK));
    try (Fairlead fairlead = start(limits, a, b)) {
      load(fairlead, 0.5 * CAPACITY, 2, "/"); // connections and compilers
      Seen normal = load(fairlead, 0.8 * CAPACITY, 3, "/");
      // None, but for a machine that stands still for longer than the queue's time.
      assertThat(normal.shed.get() + normal.other.get()).isLessThan((int) (0.1 * 3 * CAPACITY));
      load(fairlead, 2 * CAPACITY, 3, "/"); // it finds its way
      long begun = System.nanoTime();
      Seen overload = load(fairlead, 2 * CAPACITY, 5, "/");
      double seconds = (System.nanoTime() - begun) / 1e9;
      System.out.printf(
          "%s: normal p99 %.0f ms; overload %.0f of %.0f a second, p99 %.0f ms, shed %d%n",
          limits,
          normal.p99Millis(),
          overload.good.get() / seconds,
          CAPACITY,
          overload.p99Millis(),
          overload.shed.get());
      assertThat(overload.other.get()).isZero();
      assertThat(overload.shed.get()).isPositive();
      assertThat(overload.good.get() / seconds).isGreaterThan(0.8 * CAPACITY);
      // Twice the usual, and what a busy machine adds.
      assertThat(overload.p99Millis()).isLessThan(2 * normal.p99Millis() + 60);
      assertThat(fairlead.events().since(0))
          .anyMatch(entry -> entry.event() instanceof Event.Overloaded);
    }
  }

  @Test
  void whenCapacityIsBackAfterACutNearlyAllAreServedWithinFiveSeconds() throws Exception {
    SlotNode a = leftOver.closes(new SlotNode(SLOTS, WORK));
    SlotNode b = leftOver.closes(new SlotNode(SLOTS, WORK));
    try (Fairlead fairlead = start("{ adaptive-limit: true }", a, b)) {
      double rate = 0.9 * CAPACITY;
      load(fairlead, rate, 3, "/again");
      a.setNanos(WORK * 5 / 2);
      b.setNanos(WORK * 5 / 2);
      Seen cut = load(fairlead, rate, 6, "/again");
      a.setNanos(WORK);
      b.setNanos(WORK);
      Seen recovers = load(fairlead, rate, 5, "/again");
      Seen after = load(fairlead, rate, 3, "/again");
      System.out.printf(
          "good of %.0f a second: in the cut %d, then for 5 s %d, then %d%n",
          rate, cut.good.get() / 6, recovers.good.get() / 5, after.good.get() / 3);
      assertThat(cut.shed.get()).isPositive();
      assertThat((double) cut.good.get()).isGreaterThan(0.75 * 0.4 * CAPACITY * 6);
      assertThat((double) after.good.get()).isGreaterThan(0.95 * rate * 3);
    }
  }

  @Test
  void theImportantAreServedFirstByRouteAndByTheWordOfATrustedProxy() throws Exception {
    SlotNode node = leftOver.closes(new SlotNode(0, 0));
    try (Fairlead fairlead = start("{ requests: 1, queue: 3, queue-timeout: 20s }", node)) {
      int port = Loopback.port(fairlead, "web");
      ServiceLoad load = load(fairlead);
      List<Client> clients = new ArrayList<>();
      String[] asked = {
        "GET /first HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /ads HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /normal HTTP/1.1\r\nhost: a\r\n\r\n",
        "GET /high HTTP/1.1\r\nhost: a\r\nx-request-importance: high\r\n\r\n",
        "GET /pay HTTP/1.1\r\nhost: a\r\n\r\n" // the queue is full: /ads has to go
      };
      for (int i = 0; i < asked.length; i++) {
        Client client = leftOver.closes(new Client(port));
        clients.add(client);
        client.send(asked[i]);
        int waiting = Math.min(3, i);
        Loopback.await("its turn", () -> load.inFlight().get() == 1);
        Loopback.await("it waits", () -> load.waiting().get() >= waiting);
      }
      Reply displaced = clients.get(1).reply();
      assertThat(displaced.status()).isEqualTo(503);
      node.open(1);
      for (int i : new int[] {0, 4, 3, 2}) {
        assertThat(clients.get(i).reply().status()).isEqualTo(200);
      }
      assertThat(node.targets()).containsExactly("/first", "/pay", "/high", "/normal");
      assertThat(load.sheds().get(ShedReason.DISPLACED)).isEqualTo(1);
    }
  }

  @Test
  void metricsAndEventsTellOfIt() throws Exception {
    SlotNode node = leftOver.closes(new SlotNode(0, 0));
    try (Fairlead fairlead = start("{ requests: 1, queue: 0 }", node)) {
      int port = Loopback.port(fairlead, "web");
      Client first = leftOver.closes(new Client(port));
      first.send("GET /1 HTTP/1.1\r\nhost: a\r\n\r\n");
      Loopback.await("it is in", () -> load(fairlead).inFlight().get() == 1);
      Client second = leftOver.closes(new Client(port));
      assertThat(second.get("/2").field("fairlead-error")).isEqualTo("overloaded");
      HttpResponse<String> page = Loopback.door(fairlead, "GET", "/metrics", "");
      assertThat(page.body())
          .contains("fairlead_service_shed_total{service=\"shop\",reason=\"queue-full\"} 1")
          .contains("fairlead_service_limit_requests{service=\"shop\"} 1")
          .contains("fairlead_service_in_flight{service=\"shop\"} 1")
          .contains("fairlead_service_waiting{service=\"shop\"} 0")
          .contains("fairlead_pressure 0");
      node.open(1);
      assertThat(first.reply().status()).isEqualTo(200);
      Loopback.await(
          "an event",
          () ->
              fairlead.events().since(0).stream()
                  .anyMatch(entry ->
                      entry
                          .event()
                          .text()
                          .equals(
                              "shop has more to do than it can; requests are turned away:"
                                  + " queue-full")));
    }
  }
}
