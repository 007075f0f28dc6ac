package io.fairlead;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A real ClickHouse server (Debian's {@code clickhouse-server}), which can be killed. */
final class ClickHouse implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Path folder;
  private final HttpClient client = HttpClient.newHttpClient();
  final int port = FreePort.any();
  private Process process;

  ClickHouse(Path folder) throws IOException {
    this.folder = folder;
    Files.createDirectories(folder);
    Files.writeString(
        folder.resolve("config.xml"),
        """
        <yandex>
          <logger><level>warning</level><console>1</console></logger>
          <http_port>%d</http_port>
          <listen_host>127.0.0.1</listen_host>
          <path>%2$s/</path>
          <tmp_path>%2$s/tmp/</tmp_path>
          <format_schema_path>%2$s/schemas/</format_schema_path>
          <users_config>users.xml</users_config>
          <default_profile>default</default_profile>
          <default_database>default</default_database>
          <mark_cache_size>67108864</mark_cache_size>
        </yandex>
        """
            .formatted(port, folder));
    Files.writeString(
        folder.resolve("users.xml"),
        """
        <yandex>
          <profiles><default></default></profiles>
          <users>
            <writer>
              <password>s3cret</password>
              <networks><ip>127.0.0.1</ip></networks>
              <profile>default</profile><quota>default</quota>
            </writer>
          </users>
          <quotas><default></default></quotas>
        </yandex>
        """);
    start();
  }

  void start() throws IOException {
    process =
        new ProcessBuilder("clickhouse-server", "--config-file=" + folder.resolve("config.xml"))
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()))
            .start();
  }

  void awaitStart() throws InterruptedException {
    Loopback.await("ClickHouse answers", PATIENCE, () -> "1".equals(find("SELECT 1")));
  }

  void kill() {
    process.destroyForcibly().onExit().join();
  }

  /** What it answers; null: it does not, or refuses. */
  private @Nullable String find(String sql) {
    if (!process.isAlive()) {
      throw new AssertionError("ClickHouse has ended; see " + folder.resolve("log"));
    }
    try {
      HttpResponse<String> answer = send(sql);
      return answer.statusCode() == 200 ? answer.body().strip() : null;
    } catch (IOException e) {
      return null;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  String ask(String sql) throws IOException, InterruptedException {
    HttpResponse<String> answer = send(sql);
    if (answer.statusCode() != 200) {
      throw new AssertionError(answer.body());
    }
    return answer.body().strip();
  }

  private HttpResponse<String> send(String sql) throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + port + "/?query=" + URLEncoder.encode(sql, UTF_8)))
            .header("X-ClickHouse-User", "writer")
            .header("X-ClickHouse-Key", "s3cret")
            .timeout(PATIENCE)
            .POST(HttpRequest.BodyPublishers.noBody())
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  @Override
  public void close() {
    client.shutdownNow();
    kill();
  }
}
