package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Iterator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is tried out with requests, in a whole instance. */
@Timeout(60)
final class TrialTest {
  @TempDir private Path folder;
  private final HttpClient http = HttpClient.newHttpClient();

  @AfterEach
  void stop() {
    http.shutdownNow(); // streams have no end
  }

  private static String explained(Fairlead fairlead, String method) {
    String url =
        URLEncoder.encode(
            "http://x:" + Loopback.port(fairlead, "web") + "/", StandardCharsets.UTF_8);
    return Loopback.door(fairlead, "GET", "/api/v1/explain?method=" + method + "&url=" + url, "")
        .body();
  }

  /** Records that meet the condition, as they come. */
  private Iterator<String> follow(Fairlead fairlead, String where) throws Exception {
    URI uri =
        URI.create(
            "http://127.0.0.1:"
                + fairlead.adminAddress().getPort()
                + "/api/v1/records/tail?where="
                + URLEncoder.encode(where, StandardCharsets.UTF_8));
    Iterator<String> lines =
        http.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofLines())
            .body()
            .filter(line -> line.startsWith("data: "))
            .iterator();
    assertThat(lines.next()).as("it has begun").isEqualTo("data: {}");
    return lines;
  }

  @Test
  void copiesOfRequestsAreExchangesOfTheirOwn() throws Exception {
    try (RawNode shop = new RawNode();
        RawNode next = new RawNode();
        Fairlead fairlead =
            Loopback.startRecording(
                """
                admin: { bind: "127.0.0.1:0" }
                data: %s
                listeners:
                  web:
                    bind: "127.0.0.1:0"
                    routes:
                      - { name: all, service: shop, mirror: { service: next } }
                services:
                  shop: { health: none, nodes: "127.0.0.1:%d" }
                  next: { health: none, nodes: "127.0.0.1:%d" }
                """
                    .formatted(folder, shop.port(), next.port()));
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      Iterator<String> records = follow(fairlead, "route=all.mirror");
      assertThat(client.get("/").body()).doesNotContain("fairlead-mirror");
      assertThat(explained(fairlead, "GET"))
          .contains("a copy goes to service next unless the body is longer than 65536 bytes");
      assertThat(explained(fairlead, "POST"))
          .contains("no copy goes to service next, as POST is not mirrored");
      assertThat(records.next())
          .contains("\"service\":\"next\"")
          .contains("\"status\":200")
          .doesNotContain("\"listener\":\"web\"");
      String labels = "{listener=\"web\",route=\"all\",service=\"shop\"";
      assertThat(Loopback.door(fairlead, "GET", "/metrics", "").body())
          .contains("fairlead_route_mirrored_total" + labels + "} 1")
          .contains("fairlead_route_mirror_lost_total" + labels + ",reason=\"failed\"} 0")
          .contains("fairlead_route_requests_total" + labels + "} 1")
          .contains("fairlead_listener_requests_total{listener=\"web\"} 1");
    }
  }

  @Test
  void faultsAreSaidToBeMeantAndAreNoErrorsOfAnybody() throws Exception {
    try (RawNode shop = new RawNode();
        Fairlead fairlead =
            Loopback.startRecording(
                """
                admin: { bind: "127.0.0.1:0" }
                data: %s
                listeners:
                  web:
                    bind: "127.0.0.1:0"
                    routes:
                      - name: tried
                        match: { path: /tried }
                        service: shop
                        fault: { abort: 503, header: X-Fault }
                      - name: all
                        service: shop
                        fault: { delay: 1ms, delay-share: 100%%, abort: 500, abort-share: 30%% }
                services:
                  shop: { health: none, nodes: "127.0.0.1:%d" }
                """
                    .formatted(folder, shop.port()));
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      Iterator<String> records = follow(fairlead, "error=fault-injected");
      int aborted = 0;
      for (int i = 0; i < 300; i++) {
        Loopback.Reply reply = client.get("/");
        assertThat(reply.status()).isIn(200, 500);
        aborted += reply.status() == 500 ? 1 : 0;
      }
      assertThat(aborted).isBetween(50, 130); // 90 on average, five deviations of 7.9 each way
      assertThat(records.next()).contains("\"route\":\"all\"", "\"status\":500", "\"tries\":0");
      client.send("GET /tried HTTP/1.1\r\nHost: x\r\nX-Fault: abort\r\n\r\n");
      assertThat(client.reply().field("fairlead-error")).isEqualTo("fault-injected");
      assertThat(client.get("/tried").status()).isEqualTo(200);
      assertThat(explained(fairlead, "GET"))
          .contains("100.0 % of such requests, by chance, are held for 1 ms on purpose")
          .contains("30.0 % of such requests, by chance, are answered with 500 on purpose");
      String labels = "{listener=\"web\",route=\"all\",service=\"shop\",";
      String metrics = Loopback.door(fairlead, "GET", "/metrics", "").body();
      assertThat(metrics)
          .contains("fairlead_route_faults_total" + labels + "reason=\"delay\"} 300")
          .contains("fairlead_route_faults_total" + labels + "reason=\"abort\"} " + aborted)
          .contains(
              "fairlead_errors_total{listener=\"web\",reason=\"fault-injected\"} " + (aborted + 1));
    }
  }
}
