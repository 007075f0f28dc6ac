package io.fairlead.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What the node does with ordinary requests, byte by byte. */
final class TestNodeTest {
  private TestNode node;
  private RawClient client;

  @BeforeEach
  void start() throws IOException {
    node = TestNode.start("127.0.0.1", 0, "a", Behaviour.PLAIN);
    client = new RawClient(node);
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    node.close();
    assertThat(node.counters().open.get()).as("connections left over").isZero();
  }

  @Test
  void aPlainAnswerIsExactlyTheseBytes() throws IOException {
    client.send("GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    assertThat(client.rest().replace("\r\n", "~"))
        .isEqualTo(
            "HTTP/1.1 200 OK~x-node: a~content-type: text/plain~content-length: 24~"
                + "connection: close~~hello from a, request 1\n");
  }

  @Test
  void aConnectionServesManyRequestsAlsoWhenTheyComeAtOnce() throws IOException {
    client.get("/one");
    assertThat(client.reply().body()).isEqualTo("hello from a, request 1\n");
    client.send(
        "GET /a HTTP/1.1\r\nhost: t\r\n\r\n"
            + "POST /b HTTP/1.1\r\nhost: t\r\ncontent-length: 3\r\n\r\nabc"
            + "PUT /c HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n"
            + "\r\nGET /status/404 HTTP/1.1\r\nhost: t\r\n\r\n");
    assertThat(client.reply().body()).isEqualTo("hello from a, request 2\n");
    assertThat(client.reply().body()).isEqualTo("hello from a, request 3\n");
    assertThat(client.reply().body()).isEqualTo("hello from a, request 4\n");
    assertThat(client.reply().status()).isEqualTo(404);
    assertThat(node.counters().accepted.get()).isEqualTo(1);
    assertThat(node.counters().paths()).containsOnlyKeys("/one", "/a", "/b", "/c", "/status/404");
  }

  @Test
  void anHttp10ConnectionEndsUnlessAskedToStay() throws IOException {
    client.send("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
    assertThat(client.reply().field("connection")).isEqualTo("keep-alive");
    client.send("GET /chunked/10?chunk=3 HTTP/1.0\r\n\r\n");
    RawClient.Reply reply = client.reply();
    assertThat(reply.field("transfer-encoding")).isEmpty();
    assertThat(reply.body()).isEqualTo(pattern(10));
  }

  @Test
  void headIsAnsweredLikeGetWithoutTheBody() throws IOException {
    client.send("HEAD /bytes/1000 HTTP/1.1\r\nhost: t\r\n\r\n").get("/status/204");
    assertThat(client.reply(false).field("content-length")).isEqualTo("1000");
    assertThat(client.reply().status()).isEqualTo(204);
    assertThat(client.get("/").reply().status()).isEqualTo(200);
  }

  @Test
  void bytesFollowThePatternOverAllBlocks() throws IOException {
    assertThat(client.get("/bytes/200001").reply().body()).isEqualTo(pattern(200_001));
    assertThat(client.get("/bytes/0").reply().body()).isEmpty();
    assertThat(client.get("/bytes/77?until-close").reply().body()).isEqualTo(pattern(77));
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "10, 3", "9, 3", "100000, 16384", "70000, 100000", "100000, 1"})
  void chunksCarryThePatternAndItsSum(int length, int chunk) throws IOException {
    RawClient.Reply reply =
        client.get("/chunked/" + length + "?chunk=" + chunk + "&trailer=1").reply();
    CRC32 sum = new CRC32();
    sum.update(pattern(length).getBytes(StandardCharsets.US_ASCII));
    assertThat(reply.body()).isEqualTo(pattern(length));
    assertThat(reply.trailers()).containsExactly("x-sum: " + String.format("%08x", sum.getValue()));
  }

  @Test
  void echoTellsWhatArrived() throws IOException {
    client.sendLines(
        "POST /echo?x=1 HTTP/1.1~Host: t~X-Two: a~x-two:  b ~"
            + "transfer-encoding: chunked~~2~hi~1~\u00ff~0~x-end: yes~~");
    JsonNode echo =
        JsonMapper.shared().readTree(client.reply().body().getBytes(StandardCharsets.ISO_8859_1));
    assertThat(echo.get("method").asString()).isEqualTo("POST");
    assertThat(echo.get("target").asString()).isEqualTo("/echo?x=1");
    assertThat(echo.get("headers").toString())
        .isEqualTo(
            "[[\"Host\",\"t\"],[\"X-Two\",\"a\"],[\"x-two\",\"b\"],[\"transfer-encoding\",\"chunked\"]]");
    assertThat(echo.get("body").asString()).isEqualTo("hi\u00ff");
    assertThat(echo.get("trailers").toString()).isEqualTo("[[\"x-end\",\"yes\"]]");
    String head = "GET /echo?raw=1 HTTP/1.1\r\nHoSt:t\r\nx:  y \r\n\r\n";
    assertThat(client.send(head).reply().body()).isEqualTo(head);
  }

  @Test
  void aClientThatExpects100GetsItBeforeItSendsTheBody() throws IOException {
    client.send(
        "POST /echo HTTP/1.1\r\nhost: t\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n");
    assertThat(client.reply().status()).isEqualTo(100);
    assertThat(client.send("ok").reply().body()).contains("\"body\":\"ok\"");
  }

  @Test
  void anEarlyAnswerDoesNotWaitForTheBody() throws IOException {
    client.send("POST /status/401?early HTTP/1.1\r\nhost: t\r\ncontent-length: 2\r\n\r\n");
    assertThat(client.reply().status()).isEqualTo(401);
    assertThat(client.send("ok").get("/").reply().status()).isEqualTo(200);
    client.sendLines(
        "POST /status/417?early HTTP/1.1~host: t~expect: 100-continue~content-length: 2~~");
    assertThat(client.reply().status()).isEqualTo(417);
    assertThat(client.rest()).as("closed, as the body may or may not follow").isEmpty();
  }

  @Test
  void aHintComesBeforeTheAnswer() throws IOException {
    client.get("/hint");
    assertThat(client.reply().status()).isEqualTo(103);
    assertThat(client.reply().status()).isEqualTo(200);
  }

  @Test
  void afterAnUpgradeEveryByteComesBackUntilTheClientEnds() throws IOException {
    client.send(
        "GET /upgrade HTTP/1.1\r\nhost: t\r\nconnection: Upgrade\r\nupgrade: echo/1\r\n\r\nfirst");
    RawClient.Reply reply = client.reply();
    assertThat(reply.status()).isEqualTo(101);
    assertThat(reply.field("upgrade")).isEqualTo("echo/1");
    assertThat(client.bytes(5)).isEqualTo("first");
    client.send("\0second");
    client.socket.shutdownOutput();
    assertThat(client.rest()).isEqualTo("\0second");
  }

  @Test
  void aDelayIsKept() throws IOException {
    long start = System.nanoTime();
    assertThat(client.get("/delay/60").reply().status()).isEqualTo(200);
    assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(60_000_000);
  }

  @Test
  void furtherHeadersCanBeAskedFor() throws IOException {
    RawClient.Reply reply = client.get("/?header=x-a:%20b&header=Connection:%20x-a").reply();
    assertThat(reply.fields()).contains("x-a: b", "Connection: x-a");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          GET / HTTP/1.1~~                                                       | 400 | no Host
          GET / HTTP/1.1~host: a~host: b~~                                       | 400 | Host twice
          GET  / HTTP/1.1~host: a~~                                              | 400 | request line
          G(T / HTTP/1.1~host: a~~                                               | 400 | not a token
          GET / HTTP/2.0~host: a~~                                               | 505 | version
          GET / HTTP/1.1~host : a~~                                              | 400 | colon
          GET / HTTP/1.1~host: a~ b: c~~                                         | 400 | folded
          GET / HTTP/1.1^host: a~~                                               | 400 | CRLF
          GET / HTTP/1.1~host: a~^                                               | 400 | CRLF
          GET / HTTP/1.1~host: a~x: b%c~~                                        | 400 | control character 0
          POST / HTTP/1.1~host: a~content-length: +1~~                           | 400 | Content-Length
          POST / HTTP/1.1~host: a~content-length: 1~content-length: 1~~          | 400 | twice
          POST / HTTP/1.1~host: a~content-length: 1~transfer-encoding: chunked~~ | 400 | beside
          POST / HTTP/1.1~host: a~transfer-encoding: gzip~~                      | 501 | gzip
          POST / HTTP/1.0~transfer-encoding: chunked~~                           | 400 | HTTP/1.0
          POST / HTTP/1.1~host: a~transfer-encoding: chunked~~x~                 | 400 | chunk size
          POST / HTTP/1.1~host: a~transfer-encoding: chunked~~1~ab~              | 400 | chunk longer
          GET /bytes/1073741825 HTTP/1.1~host: a~~                               | 400 | from 0 to 1073741824
          GET /status/103 HTTP/1.1~host: a~~                                     | 400 | from 200 to 599
          GET /?cut=x HTTP/1.1~host: a~~                                         | 400 | cut: must be a number
          """)
  void aBadRequestIsRefusedInWordsAndTheConnectionClosed(String request, int status, String why)
      throws IOException {
    client.send(request.replace("~", "\r\n").replace('^', '\n').replace('%', '\0'));
    RawClient.Reply reply = client.reply();
    assertThat(reply.status()).isEqualTo(status);
    assertThat(reply.body()).contains(why);
    assertThat(reply.field("connection")).isEqualTo("close");
    assertThat(client.rest()).isEmpty();
    assertThat(node.counters().badRequests.sum()).isEqualTo(1);
  }

  @Test
  void aHeadOfMoreThan64KiBIsRefused() throws IOException {
    client.send("GET / HTTP/1.1\r\nhost: t\r\nx: " + "y".repeat(60_000) + "\r\n\r\n");
    assertThat(client.reply().status()).isEqualTo(200);
    client.send("GET / HTTP/1.1\r\nhost: t\r\nx: " + "y".repeat(70_000) + "\r\n\r\n");
    assertThat(client.reply().status()).isEqualTo(431);
  }

  @Test
  void aNameThatCouldBreakAHeaderIsRefused() {
    for (String name : List.of("", "a b", "a\r\nx: y", "x".repeat(65))) {
      assertThatThrownBy(() -> TestNode.start("127.0.0.1", 0, name, Behaviour.PLAIN))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("name must be");
    }
  }

  private static String pattern(int length) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append((char) ('!' + i % 89));
    }
    return text.toString();
  }
}
