package io.fairlead.proxy.http;

import static io.fairlead.proxy.http.Http2Wire.END;
import static io.fairlead.proxy.http.Http2Wire.request;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.NodeCounter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What nodes of HTTP/2 do, right and wrong, played frame by frame. */
final class Http2NodeTest {
  private static final List<String> OK = List.of(":status: 200");

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private HandNode node;
  private ProxyFixture proxy;

  @BeforeEach
  void start() throws IOException {
    node = leftOver.closes(new HandNode());
    proxy =
        leftOver.watches(ProxyFixture.startHttp2(List.of(node.address()), ProxyFixture.limits()));
  }

  private Http2Wire client() throws IOException {
    return leftOver.closes(Http2Wire.client(proxy.address()));
  }

  private Http2Wire accept(int... settings) throws IOException {
    return leftOver.closes(Http2Wire.node(leftOver.closes(node.accept()), settings));
  }

  @Test
  void whatTheNodeWillNotServeIsAskedOnANewConnection() throws Exception {
    Http2Wire client = client().get(1, "/1").get(3, "/3").post(5, "/5");
    Http2Wire leaving = accept();
    for (int id : List.of(1, 3, 5)) {
      leaving.head(id);
    }
    leaving.goAway(1, Http2.NO_ERROR).headers(1, END, OK);
    assertThat(client.answer(1).status()).isEqualTo(200);
    Http2Wire next = accept();
    next.head(1);
    next.headers(1, END, OK).head(3);
    assertThat(next.stream(3).head()).contains(":method: POST", ":path: /5");
    client.data(5, END, "hello");
    next.answer(3);
    assertThat(next.stream(3).body.toString()).isEqualTo("hello");
    next.headers(3, END, OK);
    assertThat(client.answer(3).status()).isEqualTo(200);
    assertThat(client.answer(5).status()).isEqualTo(200);
    assertThat(proxy.counted(0, NodeCounter.RETRIED)).isEqualTo(2);
  }

  @Test
  void whatIsRefusedIsAskedOnceMore() throws Exception {
    Http2Wire client = client().headers(1, END, request("POST", "/1"));
    Http2Wire first = accept();
    first.head(1);
    first.reset(1, Http2.REFUSED_STREAM);
    Http2Wire second = accept();
    second.head(1);
    second.reset(1, Http2.REFUSED_STREAM);
    assertOurs(client.answer(1), 502, "upstream-reset");
  }

  @Test
  void anAnswerThatBreaksOffIsSeenToBreakOff() throws Exception {
    Http2Wire client = client().get(1, "/1");
    Wire old = leftOver.closes(Wire.to(proxy.address()));
    Http2Wire atNode = accept();
    atNode.head(1);
    atNode.headers(1, 0, OK).data(1, 0, "half");
    assertThat(client.body(1, 4)).isEqualTo("half");
    old.send("GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
    atNode.head(3);
    atNode.headers(3, 0, OK).data(3, 0, "half").reset(3, Http2.INTERNAL_ERROR);
    atNode.reset(1, Http2.INTERNAL_ERROR);
    assertThat(Http2Wire.name(client.answer(1).reset)).isEqualTo("INTERNAL_ERROR");
    Received broken = old.brokenResponse();
    assertThat(broken.isComplete()).isFalse();
    assertThat(broken.body.toString()).isEqualTo("half");
    client.get(3, "/5");
    atNode.head(5);
    atNode.headers(5, END, OK);
    assertThat(client.answer(3).status()).isEqualTo(200);
  }

  /** Frames for stream 1, in hexadecimal, and why the client hears of it. */
  @ParameterizedTest
  @CsvSource({
    "HTTP/1.1 instead, 485454502f312e312034303020426164, 503, connect-failed",
    "PING before SETTINGS, 0000080600000000000000000000000000, 503, connect-failed",
    "SETTINGS of seven bytes, 00000704000000000000000000000000, 503, connect-failed",
  })
  void aNodeThatDoesNotSpeakHttp2IsNotAsked(String what, String hex, int status, String why)
      throws Exception {
    Http2Wire client = client().headers(1, END, request("POST", "/1"));
    for (int i = 0; i < 3; i++) {
      Http2Wire wrong = leftOver.closes(Http2Wire.silentNode(leftOver.closes(node.accept())));
      wrong.send(HexFormat.of().parseHex(hex));
      wrong.end();
      wrong.close();
    }
    assertOurs(client.answer(1), status, why);
    assertThat(proxy.connectFailures()).hasSize(3).allMatch(each -> each.contains("no HTTP/2"));
  }

  @Test
  void aNodeThatClosesBeforeItSaysAnythingIsNotAsked() throws Exception {
    Http2Wire client = client().get(1, "/1");
    for (int i = 0; i < 3; i++) {
      node.accept().close();
    }
    assertOurs(client.answer(1), 503, "connect-failed");
  }

  /** What breaks a rule for all breaks the connection; all that was on it is answered. */
  @ParameterizedTest
  @CsvSource({
    "an index of HPACK that is none, 000001010500000001ff, COMPRESSION_ERROR",
    "a frame too large, 004001000000000001, FRAME_SIZE_ERROR",
    "DATA of a stream to come, 000001000000000009 78, PROTOCOL_ERROR",
    "HEADERS of an even stream, 00000101050000000288, PROTOCOL_ERROR",
    "a promise, 00000505040000000100000002 88, PROTOCOL_ERROR",
    "a window by nothing, 00000408000000000000000000, PROTOCOL_ERROR",
  })
  void aConnectionThatIsBrokenIsGivenUp(String what, String hex, String error) throws Exception {
    Http2Wire client = client().headers(1, END, request("POST", "/1"));
    Http2Wire wrong = accept();
    wrong.head(1);
    wrong.send(HexFormat.of().parseHex(hex.replace(" ", "")));
    assertThat(Http2Wire.name(wrong.end())).isEqualTo(error);
    assertOurs(client.answer(1), 502, "upstream-reset");
    client.get(3, "/3");
    Http2Wire next = accept();
    next.head(1);
    next.headers(1, END, OK);
    assertThat(client.answer(3).status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        ":status: 200|:status: 200",
        ":status: 20",
        ":status: 101",
        ":status: 200|connection: close",
        ":status: 200|Upper: case",
        ":status: 200|content-length: 5|content-length: 5",
        ":status: 200|x: a\r\nb: c",
        "x: y",
        ":path: /|:status: 200",
      })
  void aHeadThatIsNoneBreaksItsStreamAlone(String fields) throws Exception {
    Http2Wire client = client().get(1, "/1").get(3, "/3");
    Http2Wire atNode = accept();
    atNode.head(1);
    atNode.head(3);
    atNode.block(1, 0, Http2Wire.literals(List.of(fields.split("\\|"))));
    assertOurs(client.answer(1), 502, "bad-response");
    assertThat(Http2Wire.name(atNode.sync().stream(1).reset)).isEqualTo("PROTOCOL_ERROR");
    atNode.headers(3, END, OK);
    assertThat(client.answer(3).status()).isEqualTo(200);
  }

  @Test
  void bodiesThatAreWrongDoNotUseUpTheWindowOfTheConnection() throws Exception {
    Http2Wire client = client().get(1, "/1");
    Http2Wire atNode = accept();
    String much = "x".repeat(16_000);
    int id = 1;
    for (; id < 2 * 100; id += 2) { // 1.6 MB through a window of 1 MiB
      if (id > 1) {
        client.get(id, "/1");
      }
      atNode.answer(id);
      atNode.data(id, END, much); // before any head
      assertOurs(client.answer(id), 502, "bad-response");
    }
    client.get(id, "/1");
    atNode.answer(id);
    atNode.headers(id, 0, OK).data(id, END, much);
    assertThat(client.answer(id).body).hasSize(16_000);
  }

  @Test
  void aNodeThatSendsMoreThanItMayLosesItsStream() throws Exception {
    Http2Wire client =
        leftOver.closes(Http2Wire.client(proxy.address(), Http2.INITIAL_WINDOW_SIZE, 0));
    client.get(1, "/1").get(3, "/3");
    Http2Wire atNode = accept();
    atNode.head(1);
    atNode.head(3);
    atNode.headers(1, 0, OK);
    for (int i = 0; i < 60; i++) { // 960,000 bytes through a window of 256 KiB
      atNode.data(1, 0, "x".repeat(16_000));
    }
    assertThat(Http2Wire.name(atNode.sync().stream(1).reset)).isEqualTo("FLOW_CONTROL_ERROR");
    assertThat(client.answer(1).reset).isNotNegative();
    atNode.headers(3, END, OK);
    assertThat(client.answer(3).status()).isEqualTo(200);
  }

  @Test
  void aClientThatIsSlowHoldsUpItsOwnStreamAlone() throws Exception {
    Http2Wire slow =
        leftOver.closes(Http2Wire.client(proxy.address(), Http2.INITIAL_WINDOW_SIZE, 0));
    slow.get(1, "/1");
    Http2Wire atNode = accept();
    atNode.head(1);
    atNode.headers(1, 0, OK);
    for (int i = 0; i < 16; i++) { // what the window of a stream allows
      atNode.data(1, 0, "x".repeat(16_384));
    }
    atNode.sync();
    assertThat(atNode.story()).noneMatch(frame -> frame.startsWith("8 0 1 "));
    Http2Wire quick = client();
    for (int id = 1; id < 20; id += 2) {
      quick.get(id, "/1");
      atNode.head(id + 2);
      atNode.headers(id + 2, 0, OK).data(id + 2, END, "x".repeat(10_000));
      assertThat(quick.bigAnswer(id).body).hasSize(10_000);
    }
    slow.settings(Http2.INITIAL_WINDOW_SIZE, 1 << 20).window(0, 1 << 20);
    atNode.data(1, END, "");
    assertThat(slow.answer(1).body).hasSize(16 * 16_384);
  }

  @Test
  void aNodeThatTakesOneStreamIsAskedOneThingAtATime() throws Exception {
    Http2Wire client = client();
    List<Http2Wire> connections = new ArrayList<>();
    for (int id = 1; id < 10; id += 2) {
      client.get(id, "/1");
    }
    for (int i = 0; i < 5; i++) {
      Http2Wire one = accept(Http2.MAX_CONCURRENT_STREAMS, 1);
      one.head(1);
      connections.add(one);
    }
    for (Http2Wire each : connections) {
      each.sync();
      assertThat(each.stream(3).head()).isEmpty();
      each.headers(1, END, OK);
    }
    for (int id = 1; id < 10; id += 2) {
      assertThat(client.answer(id).status()).isEqualTo(200);
    }
    assertThat(proxy.counted(0, NodeCounter.RETRIED)).isZero();
  }

  @Test
  void aNodeThatTakesNoStreamIsNoNode() throws Exception {
    Http2Wire client = client().get(1, "/1");
    for (int i = 0; i < 3; i++) {
      accept(Http2.MAX_CONCURRENT_STREAMS, 0);
    }
    assertOurs(client.answer(1), 503, "connect-failed");
  }

  @Test
  void trailersComeThroughToBothKindsOfClients() throws Exception {
    Http2Wire client = client().get(1, "/1", "te: trailers");
    Http2Wire atNode = accept();
    assertThat(atNode.head(1).value("te")).isEqualTo("trailers");
    atNode
        .headers(1, 0, List.of(":status: 200", "content-length: 5"))
        .data(1, 0, "hello")
        .headers(1, END, List.of("x-sum: 5"));
    Http2Wire.Stream answer = client.answer(1);
    assertThat(answer.body.toString()).isEqualTo("hello");
    assertThat(answer.trailers()).containsExactly("x-sum: 5");
    Wire old = leftOver.closes(Wire.to(proxy.address()));
    old.send("GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
    atNode.head(3);
    atNode.headers(3, 0, OK).data(3, 0, "hello").headers(3, END, List.of("x-sum: 5"));
    Received received = old.response();
    assertThat(received.body.toString()).isEqualTo("hello");
    assertThat(received.trailers).extracting(Field::toString).containsExactly("x-sum: 5");
  }

  // --- WebSocket ---------------------------------------------------------------------------

  private static final String HANDSHAKE =
      String.join(
          "\r\n",
          "GET /chat HTTP/1.1",
          "Host: a",
          "Connection: Upgrade",
          "Upgrade: websocket",
          "Sec-WebSocket-Version: 13",
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
          "",
          "");

  private static final List<String> CONNECT =
      List.of(
          ":method: CONNECT",
          ":scheme: http",
          ":path: /chat",
          ":authority: a",
          ":protocol: websocket",
          "sec-websocket-version: 13");

  @Test
  void aNodeThatTakesNoWebSocketIsNotAskedForOne() throws Exception {
    Wire old = leftOver.closes(Wire.to(proxy.address()));
    old.send(HANDSHAKE);
    Http2Wire atNode = accept();
    Received answer = old.response();
    assertThat(answer.status()).isEqualTo(502);
    assertThat(answer.values("fairlead-error")).containsExactly("upgrade-unsupported");
    assertThat(proxy.errors(ErrorReason.UPGRADE_UNSUPPORTED)).isOne();
    old.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    atNode.head(3);
    assertThat(atNode.stream(1).heads).isEmpty();
    atNode.headers(3, END, OK);
    assertThat(old.response().status()).isEqualTo(200);
  }

  @Test
  void aWebSocketGoesFromHttp1ToHttp2() throws Exception {
    Wire old = leftOver.closes(Wire.to(proxy.address()));
    old.send(HANDSHAKE);
    Http2Wire atNode = accept(Http2.ENABLE_CONNECT_PROTOCOL, 1);
    assertThat(atNode.head(1).head())
        .contains(":method: CONNECT", ":protocol: websocket", ":path: /chat")
        .noneMatch(field -> field.startsWith("sec-websocket-key"));
    atNode.headers(1, 0, OK);
    Received answer = old.responseHead();
    assertThat(answer.status()).isEqualTo(101);
    assertThat(answer.values("sec-websocket-accept")) // RFC 6455, 1.3
        .containsExactly("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    old.send("ping");
    assertThat(atNode.body(1, 4)).isEqualTo("ping");
    atNode.data(1, 0, "pong");
    assertThat(old.raw(4)).isEqualTo("pong");
    old.finish();
    assertThat(atNode.answer(1).ended).isTrue();
    atNode.data(1, END, "bye");
    assertThat(old.raw(3)).isEqualTo("bye");
    assertThat(old.ends()).isTrue();
  }

  @Test
  void aWiderWindowIsAcknowledgedBeforeItIsUsed() throws Exception {
    ProxyFixture plain = leftOver.watches(ProxyFixture.start(node.address()));
    Http2Wire client =
        leftOver.closes(Http2Wire.client(plain.address(), Http2.INITIAL_WINDOW_SIZE, 0));
    client.get(1, "/");
    Wire atNode = leftOver.closes(node.accept());
    atNode.request();
    atNode.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    client.head(1);
    int before = client.sync().story().size();
    client.settings(Http2.INITIAL_WINDOW_SIZE, 3);
    assertThat(client.body(1, 3)).isEqualTo("hel");
    List<String> after = client.story().subList(before, client.story().size());
    assertThat(after)
        .containsExactly(Http2.SETTINGS + " " + Http2.ACK + " 0 0", Http2.DATA + " 0 1 3");
    client.settings(Http2.INITIAL_WINDOW_SIZE, 5);
    assertThat(client.answer(1).body.toString()).isEqualTo("hello");
  }

  @Test
  void aWebSocketGoesFromHttp2ToHttp1() throws Exception {
    ProxyFixture plain = leftOver.watches(ProxyFixture.start(node.address()));
    Http2Wire client = leftOver.closes(Http2Wire.client(plain.address()));
    client.headers(1, 0, CONNECT).data(1, 0, "early");
    Wire atNode = leftOver.closes(node.accept());
    Received asked = atNode.requestHead();
    assertThat(asked.start).isEqualTo("GET /chat HTTP/1.1");
    assertThat(asked.values("upgrade")).containsExactly("websocket");
    assertThat(asked.values("sec-websocket-key")).hasSize(1);
    atNode.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Accept: x\r\n\r\nhello");
    assertThat(client.head(1).status()).isEqualTo(200);
    assertThat(client.stream(1).value("sec-websocket-accept")).isEmpty();
    assertThat(client.body(1, 5)).isEqualTo("hello");
    assertThat(atNode.raw(5)).isEqualTo("early");
    client.data(1, END, "bye");
    assertThat(atNode.raw(3)).isEqualTo("bye");
    assertThat(atNode.ends()).isTrue();
    atNode.send("too").close();
    assertThat(client.answer(1).body.toString()).isEqualTo("hellotoo");
    assertThat(client.stream(1).ended).isTrue();
  }

  @Test
  void aWebSocketWhoseNodeDiesIsReset() throws Exception {
    ProxyFixture plain = leftOver.watches(ProxyFixture.start(node.address()));
    Http2Wire client = leftOver.closes(Http2Wire.client(plain.address()));
    client.headers(1, 0, CONNECT);
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.requestHead();
    atNode.send(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    client.head(1);
    atNode.reset();
    assertThat(Http2Wire.name(client.answer(1).reset)).isEqualTo("CONNECT_ERROR");
  }

  /** Otherwise whatever is sent behind the handshake would be the node's next request. */
  @Test
  void bytesForATunnelThatIsNotOpenedNeverReachTheNode() throws Exception {
    ProxyFixture plain = leftOver.watches(ProxyFixture.start(node.address()));
    Http2Wire client = leftOver.closes(Http2Wire.client(plain.address()));
    client.headers(1, 0, CONNECT).data(1, 0, "GET /evil HTTP/1.1\r\nHost: a\r\n\r\n").sync();
    Wire atNode = leftOver.closes(node.accept());
    assertThat(atNode.request().start).isEqualTo("GET /chat HTTP/1.1");
    client.sync();
    atNode.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
    assertThat(client.answer(1).body.toString()).isEqualTo("no");
    client.get(3, "/next");
    assertThat(atNode.request().start).isEqualTo("GET /next HTTP/1.1");
    atNode.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assertThat(client.answer(3).status()).isEqualTo(200);
  }

  // --- gRPC --------------------------------------------------------------------------------

  @Test
  void aStatusOfGrpcComesThroughWhole() throws Exception {
    Http2Wire client = client();
    client.post(1, "/a.B/C", "content-type: application/grpc", "te: trailers").data(1, END, "x");
    Http2Wire atNode = accept();
    atNode.answer(1);
    List<String> only = List.of(":status: 200", "content-type: application/grpc", "grpc-status: 5");
    atNode.headers(1, END, only);
    Http2Wire.Stream answer = client.answer(1);
    assertThat(answer.heads).hasSize(1);
    assertThat(answer.head()).containsAll(only);
    client.post(3, "/a.B/C", "content-type: application/grpc", "te: trailers").data(3, END, "x");
    atNode.answer(3);
    atNode
        .headers(3, 0, List.of(":status: 200", "content-type: application/grpc"))
        .data(3, 0, "y")
        .headers(3, END, List.of("grpc-status: 0"));
    assertThat(client.answer(3).trailers()).containsExactly("grpc-status: 0");
  }

  @ParameterizedTest
  @CsvSource({
    "application/grpc, 200, 14",
    "application/grpc+proto, 200, 14",
    "application/grpc;x=y, 200, 14",
    "application/grpc-web, 503, ''",
    "text/plain, 503, ''",
  })
  void ourOwnErrorsAreInTheWordsOfWhoAsks(String type, int status, String grpc) throws Exception {
    Http2Wire client = client();
    client.post(1, "/a.B/C", "content-type: " + type);
    for (int i = 0; i < 3; i++) {
      node.accept().close();
    }
    Http2Wire.Stream answer = client.answer(1);
    assertOurs(answer, status, "connect-failed");
    assertThat(answer.value("grpc-status")).isEqualTo(grpc);
    assertThat(answer.value("grpc-message").isEmpty()).isEqualTo(grpc.isEmpty());
    assertThat(answer.body.isEmpty()).isEqualTo(!grpc.isEmpty());
  }

  /** The table of gRPC's http-grpc-status-mapping. */
  @ParameterizedTest
  @CsvSource({
    "400, 13", "401, 16", "403, 7", "404, 12", "429, 14", "502, 14", "503, 14", "504, 14", "501, 2",
    "413, 2", "500, 2"
  })
  void aStatusOfHttpHasOneOfGrpc(int http, int grpc) {
    assertThat(LocalAnswer.grpcStatus(http)).isEqualTo(grpc);
  }

  private static void assertOurs(Http2Wire.Stream answer, int status, String reason) {
    assertThat(answer.status()).as("%s", answer).isEqualTo(status);
    assertThat(answer.value("fairlead-error")).isEqualTo(reason);
  }
}
