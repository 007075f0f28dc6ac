package io.fairlead;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A real Prometheus (Debian's {@code prometheus}) that scrapes one door every second. */
final class Prometheus implements AutoCloseable {
  private static final JsonMapper JSON = new JsonMapper();
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Duration LOOK = Duration.ofMillis(100);

  private final int port = FreePort.any();
  private final HttpClient client = HttpClient.newHttpClient();
  private final Process process;
  private final Path log;

  /**
   * @param nativeHistograms whether it asks for them
   */
  Prometheus(Path folder, int target, boolean nativeHistograms) throws IOException {
    Files.createDirectories(folder);
    Path config = folder.resolve("prometheus.yml");
    Files.writeString(
        config,
        """
        global: { scrape_interval: 1s, scrape_timeout: 1s }
        scrape_configs:
          - job_name: fairlead
            static_configs: [ { targets: [ "127.0.0.1:%d" ] } ]
        """
            .formatted(target));
    log = folder.resolve("prometheus.log");
    process =
        new ProcessBuilder(
                "prometheus",
                "--config.file=" + config,
                "--storage.tsdb.path=" + folder.resolve("tsdb"),
                "--web.listen-address=127.0.0.1:" + port,
                nativeHistograms ? "--enable-feature=native-histograms" : "--log.level=info")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
  }

  /** The value of an expression that has one; NaN if there is none, or nobody to ask yet. */
  double value(String expression) throws InterruptedException {
    JsonNode result = result(expression);
    return result.size() == 1
        ? Double.parseDouble(result.get(0).path("value").get(1).asString())
        : Double.NaN;
  }

  /** Until a scrape has brought it. */
  void await(String expression, double value) throws InterruptedException {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    double found = value(expression);
    while (found != value) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(expression + " is " + found + " and not " + value);
      }
      Thread.sleep(LOOK);
      found = value(expression);
    }
  }

  /** All series of an expression. */
  JsonNode result(String expression) throws InterruptedException {
    URI uri =
        URI.create(
            "http://127.0.0.1:%d/api/v1/query?query=%s"
                .formatted(port, URLEncoder.encode(expression, StandardCharsets.UTF_8)));
    try {
      HttpRequest request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(5)).build();
      HttpResponse<String> answer = client.send(request, HttpResponse.BodyHandlers.ofString());
      return answer.statusCode() == 503 // it is still starting
          ? JSON.createArrayNode()
          : JSON.readTree(answer.body()).path("data").path("result");
    } catch (IOException e) {
      if (!process.isAlive()) {
        throw new AssertionError("Prometheus has ended; see " + log, e);
      }
      return JSON.createArrayNode(); // it is still starting
    }
  }

  /** At once, in the midst of whatever it does. */
  void kill() {
    process.destroyForcibly().onExit().join();
  }

  @Override
  public void close() {
    kill();
    client.close();
  }
}
