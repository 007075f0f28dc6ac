package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.demo.TestNode;
import io.fairlead.record.Duck;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Requests through a whole instance: what rollups say of them is what SQL counts. */
@Timeout(60)
class RollupsOfRequestsTest {
  private static final JsonMapper JSON = new JsonMapper();

  @TempDir private Path folder;

  private TestNode a;
  private TestNode b;
  private Fairlead fairlead;
  private String config;

  @BeforeEach
  void start() throws IOException {
    a = Loopback.node("a");
    b = Loopback.node("b");
    config = config();
    fairlead = Loopback.startRecording(config);
  }

  private String config() throws IOException {
    return """
    admin: { bind: "127.0.0.1:0" }
    data: %s
    runtime: { event-loops: 2 }
    logs: { ring: 4MiB }
    listeners:
      web:
        bind: "127.0.0.1:0"
        routes:
          - { name: shop, match: { path: /shop/** }, service: shop }
          - { name: gone, match: { path: /gone/** }, service: gone }
          - { name: away, match: { path: /away }, redirect: { to: "https://other/" } }
    services:
      shop:
        health: none
        nodes: [ { address: "127.0.0.1:%d", name: a }, { address: "127.0.0.1:%d", name: b } ]
      gone: { health: none, nodes: "127.0.0.1:%d" }
    """
        .formatted(folder, a.port(), b.port(), FreePort.any());
  }

  @AfterEach
  void end() {
    fairlead.close();
    a.close();
    b.close();
  }

  private void send() throws IOException {
    for (int connection = 0; connection < 4; connection++) {
      try (Loopback.Client client = new Loopback.Client(Loopback.port(fairlead, "web"))) {
        for (int i = 0; i < 25; i++) {
          assertThat(client.get("/shop/" + i % 5 + "?n=" + i).status()).isEqualTo(200);
        }
        for (int i = 0; i < 4; i++) {
          assertThat(client.get("/gone/" + i).status()).isEqualTo(503);
        }
        assertThat(client.get("/away").status()).isEqualTo(307);
        assertThat(client.get("/nowhere").status()).isEqualTo(404);
      }
    }
  }

  private JsonNode ask(String path) {
    String body = Loopback.door(fairlead, "GET", "/api/v1/" + path, "").body();
    return JSON.readTree(body);
  }

  private long counted() {
    long requests = 0;
    for (JsonNode one : ask("series?from=5m").get("series")) {
      requests += one.get("total").get("requests").longValue();
    }
    return requests;
  }

  /** As rows of SQL would be. */
  private List<String> series(String by) {
    List<String> rows = new ArrayList<>();
    for (JsonNode one : ask("series?from=5m&by=" + by).get("series")) {
      List<String> row = new ArrayList<>();
      one.get("key").forEach(value -> row.add(value.isNull() ? "null" : value.stringValue()));
      JsonNode total = one.get("total");
      row.add(total.get("requests").asString());
      row.add(total.get("errors").asString());
      row.add(total.get("bytesIn").asString());
      row.add(total.get("bytesOut").asString());
      row.add(total.get("moreTries").asString());
      rows.add(String.join("|", row));
    }
    rows.sort(null);
    return rows;
  }

  private List<String> sql(String by) throws Exception {
    try (Duck duck = new Duck()) {
      List<String> rows =
          new ArrayList<>(
              duck.rows(
                  "select "
                      + by
                      + ", count(*), count(*) filter (status >= 500), sum(bytes_in),"
                      + " sum(bytes_out), sum(greatest(tries - 1, 0)) from "
                      + Duck.all(folder, "requests")
                      + " group by all"));
      rows.sort(null);
      return rows;
    }
  }

  @Test
  void rollupsCountWhatSqlCounts() throws Exception {
    send();
    Loopback.await("all are counted", () -> counted() == 124);
    List<List<String>> before = new ArrayList<>();
    for (String by : List.of("listener", "route", "service,node")) {
      before.add(series(by));
    }
    assertThat(series("status"))
        .extracting(row -> row.substring(0, 7))
        .containsExactly("2xx|100", "3xx|4|0", "4xx|4|0", "5xx|16|");
    JsonNode gone = ask("series?from=5m&route=gone").get("series").get(0).get("total");
    long reasons = 0;
    for (JsonNode count : gone.get("reasons")) {
      reasons += count.longValue();
    }
    assertThat(reasons).as(gone.toString()).isEqualTo(16);
    assertThat(gone.get("reasons").has("connect-failed")).isTrue();
    Loopback.await("so are the paths", () -> ask("top?of=path").get("requests").intValue() == 124);
    JsonNode paths = ask("top?of=path&limit=5");
    assertThat(paths.get("exact").booleanValue()).isTrue();
    assertThat(paths.get("values").get(0).get("requests").longValue()).isEqualTo(20);
    assertThat(paths.get("values").get(0).get("value").stringValue()).isEqualTo("/shop/0");
    assertThat(ask("top?of=client").get("values").get(0).get("value").stringValue())
        .isEqualTo("127.0.0.1");
    JsonNode map = ask("heatmap?from=5m");
    long inMap = 0;
    for (JsonNode step : map.get("counts")) {
      for (JsonNode row : step) {
        inMap += row.longValue();
      }
    }
    assertThat(inMap).isEqualTo(124);
    assertThat(map.get("lost").longValue()).isZero();

    fairlead.close(); // all is on disk
    int i = 0;
    for (String by : List.of("listener", "route", "service,node")) {
      assertThat(before.get(i++)).as(by).isEqualTo(sql(by));
    }
    fairlead = Loopback.startRecording(config);
    assertThat(series("route")).as("after a new start").isEqualTo(before.get(1));
    send();
    Loopback.await("and it goes on", Duration.ofSeconds(10), () -> counted() == 248);
  }
}
