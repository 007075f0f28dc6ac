package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.demo.Behaviour;
import io.fairlead.demo.LatencyDistribution;
import io.fairlead.demo.TestNode;
import io.fairlead.record.Duck;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real Prometheus says of an instance what its clients and its records say. */
@Timeout(120)
final class PrometheusTest {
  private static final int CLIENTS = 8;

  /** One bucket of eight to each power of two is so much wider than the one before. */
  private static final double BASE = Math.pow(2, 1.0 / 8);

  @TempDir private Path folder;
  private TestNode quick;
  private TestNode slow;
  private Fairlead fairlead;
  private boolean closed;

  @BeforeEach
  void start() throws IOException {
    quick = node("a", "uniform:3ms:30ms");
    slow = node("b", "pareto:5ms:2");
    fairlead =
        Loopback.startRecording(
            """
            admin: { bind: "127.0.0.1:0" }
            data: %s
            logs: { ring: 4MiB }
            listeners:
              web:
                bind: "127.0.0.1:0"
                routes:
                  - { match: { path: /moved }, redirect: { to: "https://other/" } }
                  - { service: shop }
            services:
              shop: { nodes: ["127.0.0.1:%d", "127.0.0.1:%d"], health: none, outlier: off,
                      balance: round-robin }
            """
                .formatted(folder.resolve("data"), quick.port(), slow.port()));
  }

  private static TestNode node(String name, String latency) throws IOException {
    Behaviour behaviour = Behaviour.of(LatencyDistribution.parse(latency), 0, true);
    return TestNode.start("127.0.0.1", 0, name, behaviour);
  }

  @AfterEach
  void stop() throws IOException {
    if (!closed) {
      fairlead.close();
    }
    quick.close();
    slow.close();
  }

  /** Asks so often, by connections that are kept; all answers are as they should be. */
  private void ask(int each, String path, int status) throws Exception {
    int port = Loopback.port(fairlead, "web");
    try (ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> all = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        all.add(
            clients.submit(() -> {
              try (Loopback.Client client = new Loopback.Client(port)) {
                for (int n = 0; n < each; n++) {
                  assertThat(client.get(path).status()).isEqualTo(status);
                }
              }
              return null;
            }));
      }
      for (Future<?> one : all) {
        one.get();
      }
    }
  }

  /** One that takes native histograms, and one that does not. */
  @Test
  void histogramsHaveTheQuantilesOfTheRecordsAndCountersCountTheRequests() throws Exception {
    int door = fairlead.adminAddress().getPort();
    int each = 100;
    int moved = 10;
    int proxied = CLIENTS * each;
    try (Prometheus prometheus = new Prometheus(folder.resolve("native"), door, true);
        Prometheus classic = new Prometheus(folder.resolve("classic"), door, false)) {
      ask(each, "/items", 200);
      ask(moved, "/moved", 307);
      prometheus.await(
          "fairlead_listener_requests_total{listener=\"web\"}", proxied + CLIENTS * moved);
      prometheus.await("histogram_count(fairlead_service_latency_seconds)", proxied);
      assertThat(prometheus.value("up")).isEqualTo(1);
      assertThat(prometheus.value("sum(fairlead_node_requests_total)")).isEqualTo(proxied);
      assertThat(prometheus.value("sum(fairlead_listener_responses_total)"))
          .isEqualTo(proxied + CLIENTS * moved);
      assertThat(prometheus.value("fairlead_listener_responses_total{code_class=\"3xx\"}"))
          .isEqualTo(CLIENTS * moved);
      classic.await("fairlead_service_latency_seconds_count", proxied);
      assertThat(classic.value("fairlead_service_latency_seconds_bucket{le=\"+Inf\"}"))
          .isEqualTo(proxied);
      double p50 = quantile(prometheus, 0.5);
      double p90 = quantile(prometheus, 0.9);
      double p99 = quantile(prometheus, 0.99);
      double coarse =
          classic.value("histogram_quantile(0.5, fairlead_service_latency_seconds_bucket)");

      prometheus.kill(); // in the midst of whatever it does
      ask(20, "/items", 200);
      fairlead.close(); // what is recorded gets to disk
      closed = true;
      try (Duck duck = new Duck()) {
        String requests = Duck.all(folder.resolve("data"), "requests");
        String shop = requests + " where service = 'shop'";
        assertThat(duck.value("select count(*) from " + shop))
            .isEqualTo("" + (proxied + 20 * CLIENTS));
        String first = "(select * from %s order by time limit %d)".formatted(shop, proxied);
        // A record begins with the request, the histogram when the request is sent to the node.
        assertClose(p50, exact(duck, first, 0.5));
        assertClose(p90, exact(duck, first, 0.9));
        assertClose(p99, exact(duck, first, 0.99));
        assertThat(coarse).isBetween(0.0025, 0.05); // between the bounds of its bucket
      }
    }
  }

  private static double quantile(Prometheus prometheus, double share) throws Exception {
    return prometheus.value(
        "histogram_quantile(%s, fairlead_service_latency_seconds)".formatted(share));
  }

  private static double exact(Duck duck, String from, double share) throws Exception {
    return Double.parseDouble(
            duck.value(
                """
                select quantile_disc(
                  total_us - coalesce(queue_us, 0) - coalesce(connect_us, 0), %s) from %s\
                """
                    .formatted(share, from)))
        / 1e6;
  }

  private static void assertClose(double told, double exact) {
    assertThat(told).isBetween((exact - 0.001) / BASE, exact * BASE);
  }

  @Test
  void promtoolHasNothingToSayAboutThePage() throws Exception {
    ask(5, "/items", 200);
    String page = Loopback.door(fairlead, "GET", "/metrics", "").body();
    Tool.Said said = Tool.run(page, "promtool", "check", "metrics");
    assertThat(said.output()).isEmpty();
    assertThat(said.status()).isZero();
  }

  /**
   * Scrapers that do not read, that go in the midst of it, that come in crowds: traffic goes on.
   */
  @Test
  void scrapersDoNotHurtTraffic() throws Exception {
    int door = fairlead.adminAddress().getPort();
    List<Socket> readers = new ArrayList<>();
    try {
      for (int i = 0; i < 100; i++) {
        Socket reader = new Socket();
        reader.setReceiveBufferSize(1024);
        reader.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), door));
        reader.getOutputStream().write(SCRAPE);
        if (i % 2 == 0) {
          assertThat(reader.getInputStream().read()).isEqualTo('H'); // and nothing more
        }
        readers.add(reader);
      }
      ask(30, "/items", 200);
      for (Socket reader : readers.subList(0, 50)) {
        reader.setSoLinger(true, 0);
        reader.close();
      }
      ask(30, "/items", 200);
    } finally {
      for (Socket reader : readers) {
        reader.close();
      }
    }
    Loopback.await(
        "a page for the next scraper",
        () -> Loopback.door(fairlead, "GET", "/metrics", "").body().contains("fairlead_ready 1"));
  }

  private static final byte[] SCRAPE =
      "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
}
