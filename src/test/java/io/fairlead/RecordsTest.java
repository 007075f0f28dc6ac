package io.fairlead;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.record.sql.ParquetFiles;
import java.net.URLEncoder;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The records of a whole instance, asked through its door. */
@Timeout(60)
class RecordsTest {
  private static final String CONFIG =
      """
      admin: { bind: "127.0.0.1:0" }
      data: state
      listeners:
        web: { bind: "127.0.0.1:0", routes: { service: shop } }
      services:
        shop: { nodes: "127.0.0.1:9" }
      """;

  @TempDir private Path folder;

  @Test
  void anInstanceAnswersFromItsFolderOfRecords() throws Exception {
    try (Fairlead fairlead = Loopback.start(CONFIG, folder)) {
      assertThat(records(fairlead, "records"))
          .contains("\"name\":\"first_byte_us\"", "\"rows\":[]");
      ParquetFiles.write(
          folder.resolve("state/records"),
          "requests",
          "1",
          ParquetFiles.requests(300, "2026-11-26 10:00:00"));
      assertThat(
              records(
                  fairlead, "records?since=2026-11-26T00:00:00Z&where=" + encoded("status>=500")))
          .contains(
              "\"rows\":[[\"00000001\",\"2026-11-26T09:59:59.702Z\",\"one\",\"web\",\"web-1\"");
      assertThat(records(fairlead, "records/facets?since=2026-11-26T00:00:00Z&field=node"))
          .contains("\"rows\":[[\"node\",\"a\",100,0.3333],[\"node\",\"b\",100,0.3333]");
      // The command line speaks to it as to any other.
      assertThat(Loopback.cli(fairlead, 0, "logs", "--sql", "SELECT count(*) FROM requests"))
          .contains("300");
      assertThat(Loopback.cli(fairlead, 0, "why"))
          .endsWith("No request of the last five minutes failed.\n");
    }
  }

  /** No record, no question: no process. */
  @Test
  void anInstanceThatIsNotAskedStartsNoProcess() throws Exception {
    try (Fairlead fairlead = Loopback.start(CONFIG, folder)) {
      assertThat(Loopback.door(fairlead, "GET", "/api/v1/status", "").statusCode()).isEqualTo(200);
      List<String> children =
          ProcessHandle.current()
              .children()
              .map(child -> child.info().commandLine().orElse(""))
              .filter(line -> line.contains(folder.toString()))
              .toList();
      assertThat(children).isEmpty();
    }
  }

  private static String records(Fairlead fairlead, String path) {
    return Loopback.door(fairlead, "GET", "/api/v1/" + path, "").body();
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, UTF_8);
  }
}
