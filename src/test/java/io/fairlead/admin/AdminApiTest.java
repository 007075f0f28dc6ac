package io.fairlead.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.AdminConfig;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.config.AdminConfig.Token;
import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.service.Node;
import io.fairlead.telemetry.Event;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The door as a client sees it: bytes in, bytes out, over loopback. */
class AdminApiTest {
  private static final String NODE = "/api/v1/services/shop/nodes/127.0.0.1:9102";

  private final FakeInstance instance = FakeInstance.shop(() -> 1_795_000_000_000L);
  private AdminServer server;

  @BeforeEach
  void open() throws IOException {
    server = AdminServer.start(new AdminConfig(new HostPort("127.0.0.1", 0), List.of()), instance);
  }

  @AfterEach
  void shut() {
    server.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET    | /healthz                                 | 200 | alive",
        "GET    | /readyz                                  | 200 | ready",
        "GET    | /metrics                                 | 200 | fairlead_node_up{service=\"shop\"",
        "GET    | /                                        | 200 | <title>Fairlead</title>",
        "GET    | /net.js                                  | 200 | /api/v1/live",
        "GET    | /api/v1/status                           | 200 | \"headline\":\"All is well",
        "GET    | /api/v1/live                             | 200 | \"services\":[{\"name\":\"shop\"",
        "GET    | /api/v1/config                           | 200 | \"version\":1",
        "GET    | /api/v1/services                         | 200 | \"total\":3",
        "GET    | /api/v1/services/shop/nodes              | 200 | \"address\":\"127.0.0.1:9103\"",
        "GET    | /api/v1/services/shop/nodes/127.0.0.1:9102 | 200 | \"probes\":[{",
        "GET    | /api/v1/explain?url=/a                   | 200 | \"node\":\"127.0.0.1:9101\"",
        "GET    | /api/v1/explain?url=/nowhere             | 200 | \"error\":\"no-route\"",
        "GET    | /api/v1/explain                          | 400 | Say which url",
        "GET    | /api/v1/explain?url=/a&header=x          | 400 | NAME: VALUE",
        "GET    | /api/v1/events?since=2                   | 200 | \"kind\":\"NodeJoined\"",
        "GET    | /api/v1/events?since=minus               | 400 | id of an event",
        "GET    | /api/v1/openapi.json                     | 200 | \"openapi\":\"3.1.0\"",
        "POST   | /api/v1/config/reload                    | 200 | \"version\":2",
        "GET    | /api/v1/services/shup/nodes              | 404 | \"didYouMean\":\"shop\"",
        "GET    | /api/v1/services/shop/nodes/127.0.0.1:9107 | 404 | Did you mean",
        "GET    | /api/v1/statu                            | 404 | Did you mean /api/v1/status?",
        "GET    | /../etc/passwd                           | 404 | There is nothing",
        "DELETE | /api/v1/services/shop/nodes/127.0.0.1:9102 | 409 | named in the configuration file",
      })
  void answers(String method, String path, int status, String part) throws IOException {
    String answer = ask(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 " + status).contains(part);
    assertThat(answer).containsIgnoringCase("X-Content-Type-Options: nosniff");
    assertThat(answer).doesNotContainIgnoringCase("Access-Control-");
  }

  @Test
  void aPathWithTheWrongMethodSaysWhichAreRight() throws IOException {
    assertThat(ask("DELETE /api/v1/config HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .startsWith("HTTP/1.1 405")
        .contains("Allow: GET, HEAD, PUT");
  }

  @Test
  void headAnswersTheFieldsOfGetWithoutTheBody() throws IOException {
    String answer = ask("HEAD /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assertThat(answer).containsIgnoringCase("content-length: 6").endsWith("\r\n\r\n");
  }

  @Test
  void thePageMayLoadNothingFromElsewhere() throws IOException {
    assertThat(ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .containsIgnoringCase("Content-Security-Policy: default-src 'none'; script-src 'self'");
  }

  @Test
  void aDrainingInstanceIsNotReadyButAlive() throws IOException {
    instance.setDraining(true);
    assertThat(ask("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")).startsWith("HTTP/1.1 503");
    assertThat(ask("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")).startsWith("HTTP/1.1 200");
  }

  @Test
  void drainingSaysWhatIsLeftAndIsAnAuditEvent() throws IOException {
    Node node = instance.node("shop", 1);
    node.requestStarted();
    node.requestStarted();
    assertThat(ask("POST " + NODE + "/drain HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .contains("\"changed\":true,\"state\":\"draining\",\"inFlight\":2");
    assertThat(node.isAvailable()).isFalse();
    assertThat(ask("POST " + NODE + "/drain HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .contains("\"changed\":false");
    assertThat(ask("POST " + NODE + "/undrain HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .contains("\"state\":\"up\"");
    assertThat(audits())
        .containsExactly(
            "127.0.0.1: drained shop/127.0.0.1:9102", "127.0.0.1: undrained shop/127.0.0.1:9102");
  }

  @Test
  void aNodeRegistersRenewsAndLeaves() throws IOException {
    String path = "/api/v1/services/shop/nodes/127.0.0.1:9200";
    String body = "{\"name\":\"late\",\"weight\":3,\"zone\":\"z1\",\"ttl\":\"30s\"}";
    assertThat(put(path, "application/json", body)).startsWith("HTTP/1.1 201");
    assertThat(put(path, "application/json", body)).startsWith("HTTP/1.1 200");
    assertThat(instance.node("shop", 3).facts().weight()).isEqualTo(3);
    assertThat(ask("DELETE " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n"))
        .contains("\"state\":\"gone\"");
    assertThat(instance.services().getFirst().nodes().all()).hasSize(3);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"weight\":1001}   | weight: must be a whole number from 0 to 1000 (was 1001)",
        "{\"weight\":1.5}    | weight: must be a whole number",
        "{\"ttl\":\"soon\"}  | ttl: must be a time such as 30s",
        "{\"ttl\":30}        | ttl: must be a time such as 30s",
        "{\"wieght\":1}      | wieght: unknown",
        "[]                  | must be a JSON object",
        "{                   | not JSON",
      })
  void aRegistrationThatMakesNoSenseIsRefused(String body, String detail) throws IOException {
    assertThat(put("/api/v1/services/shop/nodes/127.0.0.1:9200", "application/json", body))
        .startsWith("HTTP/1.1 400")
        .contains(detail);
  }

  @Test
  void aConfigurationWithProblemsIsRefusedWithAllOfThem() throws IOException {
    assertThat(put("/api/v1/config", "application/yaml", "broken"))
        .startsWith("HTTP/1.1 422")
        .contains("application/problem+json", "\"line\":14,\"column\":9", "\"line\":20")
        .contains("The configuration has 2 problems; nothing has changed.");
    assertThat(put("/api/v1/config", "application/yaml", "listeners: {}"))
        .startsWith("HTTP/1.1 200")
        .contains("\"version\":2", "service shop: 3 nodes");
  }

  @Test
  void aConfigurationIsCheckedWithoutAChangeAndOneCanGoBack() throws IOException {
    assertThat(send("POST", "/api/v1/config/check", "application/yaml", "broken"))
        .startsWith("HTTP/1.1 422")
        .contains("\"line\":14,\"column\":9");
    assertThat(send("POST", "/api/v1/config/check", "application/yaml", "listeners: {}"))
        .startsWith("HTTP/1.1 200")
        .contains("service shop: 3 nodes");
    assertThat(get("/api/v1/config")).contains("\"version\":1");
    assertThat(put("/api/v1/config", "application/yaml", "listeners: {}"))
        .contains("\"version\":2");
    assertThat(get("/api/v1/config/history"))
        .contains("\"version\":2,\"who\":\"127.0.0.1\"", "\"version\":1");
    assertThat(send("POST", "/api/v1/config/rollback?version=1", "application/json", ""))
        .startsWith("HTTP/1.1 200")
        .contains("\"version\":3");
    assertThat(send("POST", "/api/v1/config/rollback?version=9", "application/json", ""))
        .startsWith("HTTP/1.1 404")
        .contains("There is no version 9");
  }

  @Test
  void aBodyBeyondTheBoundIsRefused() throws IOException {
    String head =
        "PUT /api/v1/config HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
            + (Door.MAX_BODY + 1)
            + "\r\n\r\n";
    assertThat(ask(head)).startsWith("HTTP/1.1 413");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "Host: evil.example                                         | 421",
        "Host: 127.0.0.1.evil.example:9900                          | 421",
        "Host: localhost:9900                                       | 200",
        "Host: [::1]:9900                                           | 200",
        "Host: localhost;Sec-Fetch-Site: cross-site                 | 403",
        "Host: localhost;Sec-Fetch-Site: same-site                  | 403",
        "Host: localhost;Sec-Fetch-Site: same-origin                | 200",
        "Host: localhost;Origin: http://evil.example                | 403",
        "Host: localhost;Origin: null                               | 403",
        "Host: localhost:9900;Origin: http://localhost:9900         | 200",
        "Host: localhost;Content-Type: text/plain                   | 415",
        "Host: localhost;Content-Type: TEXT/plain;charset=utf-8     | 415",
        "Host: localhost;Content-Type: application/json             | 200",
      })
  void withoutTokensAPageFromElsewhereCanChangeNothing(String fields, int status)
      throws IOException {
    String answer =
        ask(
            "POST /api/v1/config/reload HTTP/1.1\r\n"
                + fields.replaceAll(";(?=[A-Z])", "\r\n")
                + "\r\nContent-Length: 0\r\n\r\n");
    assertThat(answer).startsWith("HTTP/1.1 " + status);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "GET  /healthz                     |                       | 200",
        "GET  /                            |                       | 200",
        "GET  /metrics                     |                       | 401",
        "GET  /api/v1/status               |                       | 401",
        "GET  /api/v1/status               | Basic dmlld2VyOng=    | 401",
        "GET  /api/v1/status               | Bearer viewer-token-0002 | 401",
        "GET  /api/v1/status               | Bearer viewer-token-0001 | 200",
        "POST /api/v1/config/reload        | Bearer viewer-token-0001 | 403",
        "POST /api/v1/config/reload        | bearer operator-token-01 | 200",
        "GET  /api/v1/services/shup/nodes  |                       | 401",
      })
  void withTokensEachRoleMayDoItsShare(String request, String authorization, int status)
      throws IOException {
    server.close();
    AdminConfig config =
        new AdminConfig(
            new HostPort("127.0.0.1", 0),
            List.of(
                new Token("look", Role.VIEWER, new Secret("viewer-token-0001")),
                new Token("ops", Role.OPERATOR, new Secret("operator-token-01"))));
    server = AdminServer.start(config, instance);
    String field = authorization == null ? "" : "Authorization: " + authorization + "\r\n";
    String answer =
        ask(request.replaceAll(" +", " ") + " HTTP/1.1\r\nHost: any.example\r\n" + field + "\r\n");
    assertThat(answer).startsWith("HTTP/1.1 " + status);
    if (status == 401) {
      assertThat(answer).containsIgnoringCase("WWW-Authenticate: Bearer");
    }
  }

  @Test
  void theConfigurationIsShownWithoutItsTokens() throws IOException {
    server.close();
    AdminConfig config =
        new AdminConfig(
            new HostPort("127.0.0.1", 0),
            List.of(new Token("ops", Role.OPERATOR, new Secret("operator-token-01"))));
    server = AdminServer.start(config, instance);
    String answer =
        ask(
            "GET /api/v1/config HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer operator-token-01\r\n\r\n");
    assertThat(answer).contains("token: (secret)").doesNotContain("operator-token-01");
  }

  @Test
  void eventsFlowWhileTheyHappen() throws IOException {
    try (Socket socket = connect()) {
      write(
          socket,
          "GET /api/v1/events?since=4 HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
      BufferedReader lines =
          new BufferedReader(
              new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
      assertThat(lines.readLine()).isEqualTo("HTTP/1.1 200 OK");
      while (!lines.readLine().isEmpty()) {
        assertThat(lines).isNotNull(); // the fields of the answer
      }
      instance.setUp(instance.node("shop", 2), false, "connection refused");
      String line = lines.readLine();
      while (!line.startsWith("data: ")) {
        line = lines.readLine();
      }
      assertThat(line).contains("shop/127.0.0.1:9103 is down: connection refused");
    }
  }

  @Test
  void aReaderThatDoesNotReadIsDropped() throws InterruptedException {
    EventStream stream = new EventStream(2, _ -> () -> {});
    Thread reader =
        Thread.ofVirtual()
            .start(() -> {
              try {
                stream.run(new StuckStream());
              } catch (IOException _) {
                return; // dropped
              }
            });
    for (int i = 0; i < 10; i++) {
      stream.offer(new byte[] {1});
    }
    reader.join(10_000);
    assertThat(reader.isAlive()).isFalse();
  }

  /** Takes a write only when the writer is interrupted. */
  private static final class StuckStream extends OutputStream {
    @Override
    public void write(int b) throws IOException {
      try {
        Thread.sleep(60_000);
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
    }
  }

  private List<String> audits() {
    return instance.events().since(0).stream()
        .flatMap(entry ->
            entry.event() instanceof Event.Audit audit ? Stream.of(audit.text()) : Stream.empty())
        .toList();
  }

  private String put(String path, String type, String body) throws IOException {
    return send("PUT", path, type, body);
  }

  private String get(String path) throws IOException {
    return ask("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }

  private String send(String method, String path, String type, String body) throws IOException {
    return ask(
        method
            + " "
            + path
            + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
            + type
            + "\r\nContent-Length: "
            + body.getBytes(StandardCharsets.UTF_8).length
            + "\r\n\r\n"
            + body);
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.address().getPort());
    socket.setSoTimeout(20_000);
    return socket;
  }

  private static void write(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    socket.getOutputStream().flush();
  }

  /** Sends the bytes, and reads one answer with its length or all until the end. */
  private String ask(String request) throws IOException {
    try (Socket socket = connect()) {
      write(socket, request);
      // Half-closing tells the server that no second request follows.
      socket.shutdownOutput();
      InputStream in = socket.getInputStream();
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
