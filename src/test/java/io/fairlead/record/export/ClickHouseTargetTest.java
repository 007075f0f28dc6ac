package io.fairlead.record.export;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fairlead.config.ExportConfig;
import io.fairlead.config.Secret;
import io.fairlead.record.sql.RecordTable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is sent to ClickHouse, and what is made of its answers. */
@Timeout(30)
class ClickHouseTargetTest {
  private final List<String> seen = new ArrayList<>();
  private final CountDownLatch over = new CountDownLatch(1);
  private volatile int status = 200;
  private volatile String answer = "";
  private volatile boolean exception;
  private HttpServer server;

  @BeforeEach
  void open() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  @AfterEach
  void shut() {
    over.countDown();
    server.stop(0);
  }

  private void answer(HttpExchange exchange) throws IOException {
    seen.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
    seen.add(
        exchange.getRequestHeaders().getFirst("X-ClickHouse-User")
            + " "
            + exchange.getRequestHeaders().getFirst("X-ClickHouse-Key"));
    seen.add(new String(new GZIPInputStream(exchange.getRequestBody()).readAllBytes(), UTF_8));
    if (status == 0) {
      try {
        over.await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    }
    if (exception) {
      exchange.getResponseHeaders().add("X-ClickHouse-Exception-Code", "252");
    }
    byte[] bytes = answer.getBytes(UTF_8);
    exchange.sendResponseHeaders(status == 0 ? 200 : status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  private ClickHouseTarget target(String user, String password, Duration deadline) {
    return new ClickHouseTarget(
        new ExportConfig.ClickHouse(
            "http://127.0.0.1:" + server.getAddress().getPort(),
            "logs & more",
            user,
            new Secret(password),
            List.of()),
        deadline);
  }

  private void send(ClickHouseTarget target) throws Exception {
    try (target) {
      target.send("events", "{\"id\":\"1\"}\n{\"id\":\"ü\"}\n".getBytes(UTF_8), 2);
    }
  }

  @Test
  void rowsAreInserted() throws Exception {
    send(target("writer", "s3cret", Duration.ofSeconds(10)));
    assertThat(seen)
        .containsExactly(
            "POST /?database=logs%20%26%20more&input_format_skip_unknown_fields=1"
                + "&query=INSERT%20INTO%20events%20FORMAT%20JSONEachRow",
            "writer s3cret", "{\"id\":\"1\"}\n{\"id\":\"ü\"}\n");
    seen.clear();
    send(target("", "", Duration.ofSeconds(10)));
    assertThat(seen.get(1)).isEqualTo("null null");
  }

  @Test
  void whatItSaysIsToldWithoutThePassword() {
    status = 404;
    answer = "Code: 60, Table db.events doesn't exist\u001b[1m. key s3cret\nmore\n";
    assertThatThrownBy(() -> send(target("writer", "s3cret", Duration.ofSeconds(10))))
        .isInstanceOf(IOException.class)
        .hasMessage("answered 404: Code: 60, Table db.events doesn't exist [1m. key ***");
    answer = "";
    status = 503;
    assertThatThrownBy(() -> send(target("", "", Duration.ofSeconds(10))))
        .hasMessage("answered 503");
    status = 200;
    exception = true;
    answer = "Code: 252, too many parts";
    assertThatThrownBy(() -> send(target("", "", Duration.ofSeconds(10))))
        .hasMessage("answered 200: Code: 252, too many parts");
  }

  @Test
  void whoDoesNotAnswerIsNotWaitedForForEver() {
    status = 0;
    assertThatThrownBy(() -> send(target("", "", Duration.ofMillis(200))))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("no answer");
    over.countDown();
    server.stop(0);
    assertThatThrownBy(() -> send(target("", "", Duration.ofSeconds(10))))
        .hasMessage("no connection");
  }

  /** The page has the statements as they are made from the columns. */
  @Test
  void theTablesThatItNeedsAreInTheManual() throws IOException {
    String manual = Files.readString(Path.of("docs/export.md"));
    for (String table : ExportConfig.TABLES) {
      RecordTable known = Objects.requireNonNull(RecordTable.of(table));
      assertThat(manual).contains(ClickHouseTables.create(known) + ";\n");
    }
  }
}
