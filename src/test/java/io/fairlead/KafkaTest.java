package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.demo.TestNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Copies of records for a real broker. */
@Timeout(120)
class KafkaTest {
  @TempDir private Path folder;

  private static void ask(Fairlead fairlead, int from, int to) throws Exception {
    try (Loopback.Client browser = new Loopback.Client(Loopback.port(fairlead, "web"))) {
      for (int i = from; i < to; i++) {
        browser.get("/item/" + i);
      }
    }
    assertThat(Objects.requireNonNull(fairlead.recorder()).writeNow(Duration.ofSeconds(10)))
        .isTrue();
  }

  private static double metric(Fairlead fairlead, String name) {
    return Loopback.door(fairlead, "GET", "/metrics", "")
        .body()
        .lines()
        .filter(line -> line.startsWith("fairlead_" + name + "{"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' '))))
        .sum();
  }

  @Test
  void recordsGetToABrokerAlsoWhenItIsAway() throws Exception {
    Assumptions.assumeTrue(Kafka.isThere(), "make test fetches the broker");
    try (Kafka broker = new Kafka(folder.resolve("kafka"));
        TestNode node = Loopback.node("a");
        Fairlead fairlead =
            Loopback.startRecording(
                """
                admin: { bind: "127.0.0.1:0" }
                data: %s/data
                runtime: { event-loops: 1 }
                logs:
                  ring: 4MiB
                  export: [ { kafka: "127.0.0.1:%d", topic: edge, tables: [requests] } ]
                listeners: { web: { bind: "127.0.0.1:0", routes: { service: shop } } }
                services:
                  shop: { nodes: [ { name: a, address: "127.0.0.1:%d" } ], health: none }
                """
                    .formatted(folder, broker.port, node.port()))) {
      ask(fairlead, 0, 100);
      Loopback.await(
          "all are taken",
          Duration.ofSeconds(60),
          () -> metric(fairlead, "export_records_total") == 100);
      broker.kill();
      ask(fairlead, 100, 150);
      Loopback.await("it has been tried", () -> metric(fairlead, "export_records_waiting") == 50);
      broker.start();
      Loopback.await(
          "all are taken",
          Duration.ofSeconds(60),
          () -> metric(fairlead, "export_records_total") == 150);
      List<String> messages = broker.read("edge-requests", 150);
      assertThat(messages).hasSize(150);
      assertThat(messages.stream().map(each -> each.replaceAll(".*\"path\":\"([^\"]*)\".*", "$1")))
          .containsExactlyInAnyOrderElementsOf(
              Stream.iterate(0, i -> i + 1).limit(150).map(i -> "/item/" + i).toList());
      assertThat(messages)
          .allMatch(each ->
              each.matches("([0-9a-f]{24})\t\\{\"id\":\"\\1\",\"time\":.*\"status\":200,.*}"));
    }
  }
}
