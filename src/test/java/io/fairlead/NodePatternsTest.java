package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.cli.Cli;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Patterns of a whole instance: from the node's log to the API, the records and the next process.
 */
@Timeout(60)
class NodePatternsTest {
  @TempDir private Path folder;

  private Fairlead start() throws IOException {
    return Loopback.startRecording(
        """
        admin: { bind: "127.0.0.1:0" }
        data: %1$s/data
        runtime: { event-loops: 1 }
        logs:
          ring: 4MiB
          ingest: [ { file: "%1$s/shop.log", service: shop, node: a } ]
        listeners: { web: { bind: "127.0.0.1:0", routes: { service: shop } } }
        services: { shop: { nodes: "127.0.0.1:9", health: none } }
        """
            .formatted(folder));
  }

  private static String door(Fairlead fairlead, String query) {
    return Loopback.door(fairlead, "GET", "/api/v1/" + query, "").body();
  }

  @Test
  void linesAreFoundByTheirPattern() throws Exception {
    Path log = folder.resolve("shop.log");
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 100; i++) {
      lines.append("ERROR connection to 10.0.0.").append(i).append(" refused\n");
      lines.append("INFO order ").append(i).append(" created\n");
    }
    Files.writeString(log, lines + "INFO started\n");
    String id;
    try (Fairlead fairlead = start()) {
      Loopback.await(
          "all lines", () -> door(fairlead, "patterns").contains("\"lines\":201,\"patterns\":[{"));
      String answer = door(fairlead, "patterns?service=shop&node=a");
      assertThat(answer)
          .contains(
              "\"text\":\"ERROR connection to <*> refused\","
                  + "\"example\":\"ERROR connection to 10.0.0.0 refused\",\"lines\":100,",
              "\"levels\":{\"error\":100},\"error\":true,\"fresh\":false,\"bursts\":[],"
                  + "\"nodes\":[{\"service\":\"shop\",\"node\":\"a\",\"lines\":100}]");
      id = answer.replaceAll(".*\"id\":\"([0-9a-f]{16})\",\"text\":\"ERROR.*", "$1");
      assertThat(door(fairlead, "patterns?node=b")).contains("\"patterns\":[]");
      assertThat(door(fairlead, "patterns?from=now&to=5m")).contains("must not be later");
      String[] words = {
        "patterns", "--admin", "http://127.0.0.1:" + fairlead.adminAddress().getPort()
      };
      assertThat(Cli.main(words, new Launch())).isZero();
    }
    Files.writeString(log, lines + "INFO started\nERROR connection to 10.0.0.1 refused\n");
    try (Fairlead fairlead = start()) {
      Loopback.await("the next line", () -> door(fairlead, "patterns").contains("\"lines\":1,"));
      assertThat(door(fairlead, "patterns")).contains("\"id\":\"" + id + "\"");
      Loopback.await(
          "its record",
          () -> {
            Loopback.door(fairlead, "GET", "/api/v1/records/0", ""); // has records written
            return door(fairlead, "records/facets?table=node_logs&since=1h&field=pattern")
                .contains("[\"pattern\",\"" + id + "\",101,");
          });
    }
  }
}
