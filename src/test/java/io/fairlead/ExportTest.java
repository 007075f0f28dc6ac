package io.fairlead;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fairlead.demo.TestNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Copies of records of whole instances. */
@Timeout(120)
class ExportTest {
  @TempDir private Path folder;

  /** The statements of the manual, as a server of 2018 takes them. */
  private static List<String> tables() throws IOException {
    String manual = Files.readString(Path.of("docs/export.md"));
    List<String> statements = new ArrayList<>();
    for (String each :
        manual
            .substring(manual.indexOf("```sql\n") + 7, manual.lastIndexOf("```"))
            .split(";\n", -1)) {
      if (!each.isBlank()) {
        statements.add(
            each.strip()
                .replace("DateTime64(6, 'UTC')", "String")
                .replace("LowCardinality(String)", "String")
                .replace(" PARTITION BY toYYYYMM(time)", ""));
      }
    }
    assertThat(statements).hasSize(6);
    return statements;
  }

  /** Requests, whose records are on disk afterwards. */
  static void ask(Fairlead fairlead, int from, int to) throws Exception {
    try (Loopback.Client browser = new Loopback.Client(Loopback.port(fairlead, "web"))) {
      for (int i = from; i < to; i++) {
        browser.get("/item/" + i + "?say=%22\\%27");
      }
    }
    assertThat(Objects.requireNonNull(fairlead.recorder()).writeNow(Duration.ofSeconds(10)))
        .isTrue();
  }

  @Test
  void recordsGetToClickHouseAlsoWhenItIsAway() throws Exception {
    try (ClickHouse server = new ClickHouse(folder.resolve("clickhouse"));
        TestNode node = Loopback.node("a")) {
      server.awaitStart();
      for (String statement : tables()) {
        server.ask(statement);
      }
      try (Fairlead fairlead =
          Loopback.startRecording(
              """
              admin: { bind: "127.0.0.1:0" }
              data: %s/data
              runtime: { event-loops: 1 }
              logs:
                ring: 4MiB
                export:
                  - clickhouse: { url: "http://127.0.0.1:%d", user: writer, password: s3cret }
              listeners: { web: { bind: "127.0.0.1:0", routes: { service: shop } } }
              services: { shop: { nodes: [ { name: a, address: "127.0.0.1:%d" } ], health: none } }
              """
                  .formatted(folder, server.port, node.port()))) {
        ask(fairlead, 0, 150);
        Loopback.await("150 rows", () -> count(server) == 150);
        assertThat(
                server.ask(
                    "SELECT count(), uniqExact(id), min(status), max(status), uniqExact(path),"
                        + " min(total_us) > 0, sum(isNull(queue_us)), any(service), any(node),"
                        + " sum(weight), max(error), min(length(time))"
                        + " FROM requests"))
            .isEqualTo("150\t150\t200\t200\t150\t1\t150\tshop\ta\t150\t\t26");
        assertThat(
                server.ask("SELECT path FROM requests WHERE path LIKE '/item/7?%' FORMAT TSVRaw"))
            .isEqualTo("/item/7?say=%22\\%27");

        server.kill();
        ask(fairlead, 150, 200);
        Loopback.await("it has been tried", () -> metric(fairlead, "export_failures_total") >= 1);
        assertThat(Loopback.door(fairlead, "GET", "/api/v1/events", "").body())
            .contains("CopyStopped")
            .doesNotContain("s3cret");
        server.start();
        server.awaitStart();
        Loopback.await("200 rows", Duration.ofSeconds(60), () -> count(server) == 200);
        // The server shows them a moment before it has said that it has them.
        Loopback.await(
            "none waits any more", () -> metric(fairlead, "export_records_waiting") == 0);
        assertThat(metric(fairlead, "export_records_lost_total")).isZero();
        assertThat(server.ask("SELECT count() > 0 FROM events")).isEqualTo("1");
      }
    }
  }

  private static long count(ClickHouse server) {
    try {
      return Long.parseLong(server.ask("SELECT uniqExact(id) FROM requests"));
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static double metric(Fairlead fairlead, String name) {
    return Loopback.door(fairlead, "GET", "/metrics", "")
        .body()
        .lines()
        .filter(line -> line.startsWith("fairlead_" + name + "{"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }

  // --- killed while it sends --------------------------------------------------------------------

  private static final int LINES = 60_000;

  /** {@code make test-export}: 3. */
  private static final int KILLS = Integer.getInteger("fairlead.export.kills", 1);

  private static final Pattern NUMBER = Pattern.compile("\"text\":\"line (\\d+) of the shop\"");

  private final Set<Integer> got = ConcurrentHashMap.newKeySet();
  private final AtomicInteger all = new AtomicInteger();
  private final AtomicInteger batches = new AtomicInteger();

  private void take(HttpExchange exchange) throws IOException {
    String rows;
    try (GZIPInputStream in = new GZIPInputStream(exchange.getRequestBody())) {
      rows = new String(in.readAllBytes(), UTF_8);
    } catch (IOException e) {
      exchange.close(); // the sender was killed
      return;
    }
    NUMBER
        .matcher(rows)
        .results()
        .forEach(found -> {
          got.add(Integer.parseInt(found.group(1)));
          all.incrementAndGet();
        });
    batches.incrementAndGet();
    try {
      exchange.sendResponseHeaders(200, -1);
    } catch (IOException e) {
      // Likewise: what it does not hear of is sent again.
    }
    exchange.close();
  }

  private Process run() throws IOException {
    return FairleadProcess.run(
        folder.resolve("output"), "-c", folder.resolve("fairlead.yaml").toString());
  }

  @Test
  void eachLineGetsThereAlsoOverKills() throws Exception {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::take);
    server.start();
    Files.writeString(
        folder.resolve("fairlead.yaml"),
        """
        admin: { bind: "127.0.0.1:0" }
        data: data
        runtime: { event-loops: 1 }
        logs:
          ring: 4MiB
          ingest: [ { file: shop.log, service: shop, node: a } ]
          export: [ { clickhouse: "http://127.0.0.1:%d", tables: [node_logs] } ]
        listeners: { web: { bind: "127.0.0.1:0", routes: { service: shop } } }
        services: { shop: { nodes: "127.0.0.1:9", health: none } }
        """
            .formatted(server.getAddress().getPort()));
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < LINES; i++) {
      lines.append("line ").append(i).append(" of the shop\n");
    }
    Files.writeString(folder.resolve("shop.log"), lines);
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    Process process = run();
    try {
      for (int kill = 0; kill < KILLS && got.size() < LINES; kill++) {
        int before = batches.get();
        Loopback.await(
            "another batch",
            Duration.ofSeconds(30),
            () -> batches.get() > before || got.size() == LINES);
        Thread.sleep(random.nextInt(20)); // somewhere in the next batch
        process.destroyForcibly().waitFor();
        process = run();
      }
      Loopback.await("all of them", Duration.ofSeconds(60), () -> got.size() == LINES);
    } finally {
      process.destroyForcibly().waitFor();
      server.stop(0);
    }
    assertThat(all.get()).isBetween(LINES, LINES + KILLS * 50_000);
  }
}
