package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.admin.Browser;
import io.fairlead.demo.TestNode;
import io.fairlead.service.Node;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.LoopCounters;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * WebSockets over HTTP/1.1 and over HTTP/2 (RFC 8441): who is pinged, when they end, and what other
 * people's clients and servers make of it. A second instance stands behind the first, so that
 * either side of the one that is looked at speaks either version.
 */
@Timeout(60)
class WebSocketTest {
  /** Who is looked at, and what it speaks with whom. */
  enum Where {
    HTTP1_TO_HTTP1(true, "http1"),
    HTTP1_TO_HTTP2(true, "h2"),
    HTTP2_TO_HTTP1(false, "h2");

    private final boolean front;
    private final String between;

    Where(boolean front, String between) {
      this.front = front;
      this.between = between;
    }
  }

  /**
   * For programs that answer pings: one that has not for so long is taken for gone, and on a busy
   * machine a program may not run for some tenths of a second.
   */
  private static final String PATIENT = "ping-interval: 1200ms";

  private ServerSocket node;
  private @Nullable Fairlead front;
  private @Nullable Fairlead back;

  @BeforeEach
  void listen() throws IOException {
    node = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
  }

  @AfterEach
  void stop() throws Exception {
    node.close();
    if (front != null) {
      front.close();
    }
    if (back != null) {
      back.close();
    }
  }

  /** The one that has the policy. */
  private Fairlead start(Where where, String policy, int port) throws IOException {
    back = Loopback.start(yaml(where.front ? "{}" : policy, "http1", port));
    int web = Loopback.port(back, "web");
    front = Loopback.start(yaml(where.front ? policy : "{}", where.between, web));
    return where.front ? front : back;
  }

  private static String yaml(String policy, String protocol, int port) {
    return """
    admin: { bind: "127.0.0.1:0" }
    listeners:
      web: { bind: "127.0.0.1:0", routes: [ { service: ws, websocket: %s } ] }
    services:
      ws: { nodes: "127.0.0.1:%d", protocol: %s, health: none }
    """
        .formatted(policy, port, protocol);
  }

  private int port() {
    return Loopback.port(Objects.requireNonNull(front), "web");
  }

  private record Pair(WebSocketPeer client, WebSocketPeer node) implements AutoCloseable {
    @Override
    public void close() throws IOException {
      client.close();
      node.close();
    }

    /** Both get that close frame and answer it, and then the connections end. */
    void end(int code) throws IOException {
      assertThat(client.next()).isEqualTo("close " + code);
      assertThat(node.next()).isEqualTo("close " + code);
      client.close(code);
      node.close(code);
      assertThat(client.next()).isEqualTo("end");
      assertThat(node.next()).isEqualTo("end");
    }
  }

  private Pair open() throws IOException {
    WebSocketPeer client = WebSocketPeer.asking(port(), "/ws");
    WebSocketPeer atNode = WebSocketPeer.from(node);
    client.opened();
    client.text("hello");
    assertThat(atNode.next()).isEqualTo("text hello");
    atNode.text("hello, too");
    assertThat(client.next()).isEqualTo("text hello, too");
    return new Pair(client, atNode);
  }

  private static void counted(Fairlead fairlead, ErrorReason reason, long count) throws Exception {
    LoopCounters<ErrorReason> errors = Loopback.listener(fairlead, "web").state().errors();
    Loopback.await(count + " times " + reason, () -> errors.get(reason) == count);
  }

  @ParameterizedTest
  @EnumSource
  void pingsFindOutWhoIsStillThere(Where where) throws Exception {
    Fairlead fairlead = start(where, "{ ping-interval: 700ms }", node.getLocalPort());
    try (Pair pair = open()) {
      for (int i = 0; i < 2; i++) {
        assertThat(pair.client.next()).isEqualTo("ping");
        pair.client.pong();
        assertThat(pair.node.next()).isEqualTo("ping");
        pair.node.pong();
      }
      pair.client.text("no pong before this");
      assertThat(pair.node.next()).isEqualTo("text no pong before this");
      pair.node.text("nor this");
      assertThat(pair.client.next()).isEqualTo("text nor this");
      // Now the client falls silent.
      assertThat(pair.client.next()).isEqualTo("ping");
      String next = pair.node.next();
      while (next.equals("ping")) {
        pair.node.pong();
        next = pair.node.next();
      }
      assertThat(next).isEqualTo("close 1011");
      assertThat(pair.client.next()).isEqualTo("close 1001");
      pair.node.close(1011);
      assertThat(pair.node.next()).isEqualTo("end");
      assertThat(pair.client.next()).isEqualTo("end");
      counted(fairlead, ErrorReason.WEBSOCKET_UNANSWERED, 1);
    }
  }

  @ParameterizedTest
  @EnumSource
  void anIdleOneIsEndedBetweenTwoFrames(Where where) throws Exception {
    Fairlead fairlead =
        start(where, "{ idle-timeout: 700ms, close-timeout: 20s }", node.getLocalPort());
    try (Pair pair = open()) {
      pair.client.part("one frame in two parts", 0, 12);
      // The node is told at once, the client's frame is not interrupted.
      assertThat(pair.client.next()).isEqualTo("close 1001");
      pair.client.part("one frame in two parts", 12, 28);
      assertThat(pair.node.next()).isEqualTo("text one frame in two parts");
      assertThat(pair.node.next()).isEqualTo("close 1001");
      pair.client.text("this comes too late").close(1001);
      pair.node.close(1001);
      assertThat(pair.client.next()).isEqualTo("end");
      assertThat(pair.node.next()).isEqualTo("end");
      counted(fairlead, ErrorReason.WEBSOCKET_IDLE, 1);
      counted(fairlead, ErrorReason.WEBSOCKET_CUT, 0);
    }
  }

  @ParameterizedTest
  @EnumSource
  void anInstanceThatDrainsGivesThemTheirGrace(Where where) throws Exception {
    Fairlead fairlead = start(where, "{ drain-grace: 500ms }", node.getLocalPort());
    try (Pair pair = open()) {
      CompletableFuture<Integer> cut =
          CompletableFuture.supplyAsync(
              () -> fairlead.drain(Duration.ofSeconds(20)), task -> Thread.ofVirtual().start(task));
      Loopback.await("draining", () -> Loopback.listener(fairlead, "web").state().isDraining());
      pair.client.text("still served");
      assertThat(pair.node.next()).isEqualTo("text still served");
      pair.end(1001);
      assertThat(cut.get(20, TimeUnit.SECONDS)).isZero();
    }
  }

  @ParameterizedTest
  @EnumSource
  void aNodeThatDrainsGivesThemTheirGraceAndIsEmptyThen(Where where) throws Exception {
    Fairlead fairlead = start(where, "{ drain-grace: 300ms }", node.getLocalPort());
    try (Pair pair = open()) {
      Node member = Loopback.nodes(fairlead, "ws")[0];
      String drain = "/api/v1/services/ws/nodes/" + member.address() + "/drain";
      Loopback.door(fairlead, "POST", drain, "");
      pair.end(1001);
      Loopback.await("empty", () -> member.inFlight() == 0);
      counted(fairlead, ErrorReason.WEBSOCKET_DRAINED, 1);
      counted(fairlead, ErrorReason.WEBSOCKET_CUT, 0);
    }
  }

  @ParameterizedTest
  @EnumSource
  void whoDoesNotCloseWhenAskedIsCut(Where where) throws Exception {
    Fairlead fairlead =
        start(where, "{ drain-grace: 0ms, close-timeout: 300ms }", node.getLocalPort());
    try (Pair pair = open()) {
      Node member = Loopback.nodes(fairlead, "ws")[0];
      Loopback.door(
          fairlead, "POST", "/api/v1/services/ws/nodes/" + member.address() + "/drain", "");
      assertThat(pair.client.next()).isEqualTo("close 1001");
      assertThat(pair.node.next()).isEqualTo("close 1001");
      pair.client.close(1001);
      assertThat(pair.client.next()).isIn("end", "cut");
      assertThat(pair.node.next()).isIn("end", "cut");
      counted(fairlead, ErrorReason.WEBSOCKET_CUT, 1);
      counted(fairlead, ErrorReason.WEBSOCKET_DRAINED, 1);
    }
  }

  // --- other people's programs -------------------------------------------------------------

  /** The package ws at both ends, with compression, so that a bit of an extension is set. */
  @ParameterizedTest
  @EnumSource
  void wsOfNodeJsAtBothEnds(Where where) throws Exception {
    Process server = js(List.of("server.js"));
    try (BufferedReader said = server.inputReader(StandardCharsets.UTF_8)) {
      Fairlead fairlead =
          start(
              where,
              "{ %s, drain-grace: 500ms }".formatted(PATIENT),
              Integer.parseInt(said.readLine()));
      Process client = js(List.of("client.js", "ws://127.0.0.1:" + port() + "/chat", "2"));
      String told = new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(client.waitFor(10, TimeUnit.SECONDS)).isTrue();
      assertThat(told).isEqualTo("all came back\npong of the client\nclosed 1000\n");
      assertThat(said.readLine()).isEqualTo("closed 1000");
      // One that is drained away hears so, at both ends.
      Process drained = js(List.of("client.js", "ws://127.0.0.1:" + port() + "/", "1000"));
      Node member = Loopback.nodes(fairlead, "ws")[0];
      Loopback.await("open", () -> member.inFlight() == 1);
      int cut = fairlead.drain(Duration.ofSeconds(25));
      assertThat(cut).isZero();
      told = new String(drained.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(told).isEqualTo("closed 1001\n");
      assertThat(said.readLine()).isEqualTo("closed 1001");
    } finally {
      server.destroy();
      server.waitFor();
    }
  }

  private static Process js(List<String> arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of("node"));
    command.addAll(arguments);
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(Path.of("src/test/node").toFile())
            .redirectErrorStream(true);
    // Where Debian puts the package.
    builder.environment().merge("NODE_PATH", "/usr/share/nodejs", (set, ours) -> set + ":" + ours);
    return builder.start();
  }

  @ParameterizedTest
  @EnumSource
  void theClientOfTheJdkAnswersPings(Where where) throws Exception {
    Process server = js(List.of("server.js"));
    try (BufferedReader said = server.inputReader(StandardCharsets.UTF_8);
        HttpClient http = HttpClient.newHttpClient()) {
      start(where, "{ %s }".formatted(PATIENT), Integer.parseInt(said.readLine()));
      Listener listener = new Listener();
      WebSocket socket =
          http.newWebSocketBuilder()
              .buildAsync(URI.create("ws://127.0.0.1:" + port() + "/"), listener)
              .get(10, TimeUnit.SECONDS);
      listener.pinged.get(10, TimeUnit.SECONDS);
      socket.sendText("over there?", true).get(10, TimeUnit.SECONDS);
      assertThat(listener.got.get(10, TimeUnit.SECONDS)).isEqualTo("over there?");
      socket.sendClose(WebSocket.NORMAL_CLOSURE, "").get(10, TimeUnit.SECONDS);
      assertThat(listener.closed.get(10, TimeUnit.SECONDS)).isEqualTo(1000);
      assertThat(said.readLine()).isEqualTo("closed 1000");
    } finally {
      server.destroy();
      server.waitFor();
    }
  }

  private static final class Listener implements WebSocket.Listener {
    private final CompletableFuture<String> got = new CompletableFuture<>();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();
    private final CompletableFuture<Integer> pinged = new CompletableFuture<>();
    private int pings;

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      got.complete(data.toString());
      socket.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onPing(WebSocket socket, ByteBuffer message) {
      if (++pings == 2) { // the first was answered
        pinged.complete(pings);
      }
      socket.request(1);
      return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket socket, int code, String reason) {
      closed.complete(code);
      return null;
    }
  }

  @Test
  void aBrowserTalksToNodeJs() throws Exception {
    Process server = js(List.of("server.js"));
    try (BufferedReader said = server.inputReader(StandardCharsets.UTF_8);
        TestNode pages = Loopback.node("pages");
        Fairlead fairlead =
            Loopback.start(
                """
                admin: { bind: "127.0.0.1:0" }
                listeners:
                  web:
                    bind: "127.0.0.1:0"
                    routes:
                      - { match: { path: /ws }, service: ws, websocket: { %s } }
                      - service: pages
                services:
                  ws: { nodes: "127.0.0.1:%s", health: none }
                  pages: { nodes: "127.0.0.1:%d" }
                """
                    .formatted(PATIENT, said.readLine(), pages.port()));
        Browser browser = new Browser()) {
      int port = Loopback.port(fairlead, "web");
      browser.open(URI.create("http://127.0.0.1:" + port + "/"));
      String script =
          """
          new Promise((resolve) => {
            const socket = new WebSocket('ws://127.0.0.1:%d/ws');
            const told = [];
            socket.onopen = () => socket.send('from a browser');
            socket.onmessage = (event) => {
              told.push(event.data);
              setTimeout(() => socket.close(1000), 2600);
            };
            socket.onclose = (event) => resolve(told.join() + ', closed ' + event.code);
          })\
          """
              .formatted(port);
      assertThat(browser.evaluate(script).stringValue()).isEqualTo("from a browser, closed 1000");
      assertThat(said.readLine()).isEqualTo("closed 1000");
    } finally {
      server.destroy();
      server.waitFor();
    }
  }

  /**
   * Over TLS. Where a browser has a connection of HTTP/2 to the origin, it opens the WebSocket in a
   * stream of it (RFC 8441), as our settings say that it may; else it makes a connection for it,
   * and offers HTTP/1.1 alone there.
   */
  @ParameterizedTest
  @CsvSource({"true, 2.0 fairlead", "false, 1.1 fairlead"})
  void aBrowserTalksOverTls(boolean samePort, String via, @TempDir Path folder) throws Exception {
    new TestCertificates(folder).make("ws", "127.0.0.1");
    Process server = js(List.of("server.js"));
    try (BufferedReader said = server.inputReader(StandardCharsets.UTF_8);
        TestNode pages = Loopback.node("pages");
        Fairlead fairlead =
            Loopback.start(
                """
                admin: { bind: "127.0.0.1:0" }
                listeners:
                  web:
                    bind: "127.0.0.1:0"
                    tls: { certificates: { cert: "%s/ws.pem", key: "%s/ws.key" } }
                    routes:
                      - { match: { path: /ws }, service: ws, websocket: { %s } }
                      - service: pages
                  plain: { bind: "127.0.0.1:0", routes: [ { service: pages } ] }
                services:
                  ws: { nodes: "127.0.0.1:%s", health: none }
                  pages: { nodes: "127.0.0.1:%d", health: none }
                """
                    .formatted(folder, folder, PATIENT, said.readLine(), pages.port()));
        Browser browser = new Browser("--ignore-certificate-errors")) {
      int port = Loopback.port(fairlead, "web");
      browser.open(
          URI.create(
              samePort
                  ? "https://127.0.0.1:" + port + "/"
                  : "http://127.0.0.1:" + Loopback.port(fairlead, "plain") + "/"));
      LoopCounters<ListenerCounter> counters =
          Loopback.listener(fairlead, "web").state().counters();
      long connections = counters.get(ListenerCounter.CONNECTIONS);
      browser.evaluate(
          """
          new Promise((resolve, reject) => {
            window.told = [];
            window.socket = new WebSocket('wss://127.0.0.1:%d/ws');
            socket.binaryType = 'arraybuffer';
            socket.onerror = () => reject(new Error('no WebSocket'));
            socket.onopen = () => {
              socket.send('via?');
              socket.send('text \u2713');
              window.sent = new Uint8Array(300000).map((_, i) => (i * 7919) >> 3);
              socket.send(sent);
            };
            socket.onmessage = ({ data }) => {
              told.push(typeof data === 'string' ? data
                : 'bytes ' + (data.byteLength === sent.length && new Uint8Array(data).every((b, i) => b === sent[i])));
              if (told.length === 3) resolve();
            };
            socket.onclose = ({ code, wasClean }) => told.push('closed ' + code + wasClean);
          })\
          """
              .formatted(port));
      // The record that the node got, and the counters: no connection more, or one.
      assertThat(browser.evaluate("told.join()").stringValue())
          .isEqualTo(via + ",text \u2713,bytes true");
      assertThat(counters.get(ListenerCounter.CONNECTIONS))
          .isEqualTo(samePort ? connections : connections + 1);
      Node node = Loopback.nodes(fairlead, "ws")[0];
      assertThat(node.inFlight()).isEqualTo(1);
      if (samePort) {
        // While it is open, another request goes over the same connection.
        long requests = counters.get(ListenerCounter.REQUESTS);
        assertThat(browser.evaluate("fetch('/').then((r) => r.status)").intValue()).isEqualTo(200);
        assertThat(counters.get(ListenerCounter.REQUESTS)).isGreaterThan(requests);
        assertThat(counters.get(ListenerCounter.CONNECTIONS)).isEqualTo(connections);
      }
      // It is pinged twice; who answers is not cut.
      browser.evaluate("new Promise((resolve) => setTimeout(resolve, 2600))");
      browser.evaluate("socket.close(3001)");
      browser.await("told.at(-1) === 'closed 3001true'");
      assertThat(said.readLine()).isEqualTo("closed 3001");
      Loopback.await("empty", () -> node.inFlight() == 0);

      browser.evaluate(
          """
          window.socket = new WebSocket('wss://127.0.0.1:%d/ws');
          socket.onopen = () => socket.send('close! 4002');
          socket.onclose = ({ code, wasClean }) => told.push('closed ' + code + wasClean);\
          """
              .formatted(port));
      browser.await("told.at(-1) === 'closed 4002true'");
      assertThat(said.readLine()).isEqualTo("closed 4002");
      Loopback.await("empty", () -> node.inFlight() == 0);
      assertThat(counters.get(ListenerCounter.CONNECTIONS))
          .isEqualTo(samePort ? connections : connections + 2);
      assertThat(
              Loopback.listener(fairlead, "web")
                  .state()
                  .errors()
                  .get(ErrorReason.WEBSOCKET_UNANSWERED))
          .isZero();
      assertThat(browser.complaints()).isEmpty();
    } finally {
      server.destroy();
      server.waitFor();
    }
  }
}
