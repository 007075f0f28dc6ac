package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.fairlead.telemetry.NodeCounter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What goes through in either direction when everybody behaves. */
final class RelayTest {
  private static final int STEP = 48 << 10;

  private static final String UPGRADE =
      "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
  private static final String SWITCHING =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private HandNode node;
  private ProxyFixture proxy;
  private Wire client;

  @BeforeEach
  void open() throws IOException {
    node = leftOver.closes(new HandNode());
    proxy = leftOver.watches(ProxyFixture.start(node.address()));
    client = leftOver.closes(Wire.to(proxy.address()));
  }

  @Test
  void chunksAndTrailersGoBothWays() throws Exception {
    client
        .send("POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n")
        .send("5\r\nhello\r\n6\r\n world\r\n0\r\nx-sum: 11\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    Received request = atNode.request();
    assertThat(request.body).hasToString("hello world");
    assertThat(Field.values(request.trailers, "x-sum")).containsExactly("11");
    atNode.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n");
    assertThat(client.responseHead().values("transfer-encoding")).containsExactly("chunked");
    assertThat(client.raw(9)).isEqualTo("4\r\nbody\r\n"); // before the node has said it all
    atNode.send("0\r\nx-sum: 4\r\n\r\n");
    assertThat(client.raw(15)).isEqualTo("0\r\nx-sum: 4\r\n\r\n");
    Await.value(0, proxy.dataPlane()::exchangesInUse, "exchanges in use");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
      })
  void answersWithoutABodyKeepTheConnection(String answer) throws Exception {
    client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    for (int i = 0; i < 2; i++) {
      Received _ = atNode.request();
      atNode.send(answer);
      assertThat(client.response().body).isEmpty();
      client.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    Received _ = atNode.request();
    atNode.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assertThat(client.response().body).hasToString("ok");
  }

  @Test
  void theAnswerToHeadSaysTheLengthAndHasNoBody() throws Exception {
    client.send("HEAD /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    atNode.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    assertThat(client.responseToHead().values("content-length")).containsExactly("1000");
    client.send("HEAD /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    Received _ = atNode.request();
    atNode.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assertThat(client.responseToHead().status()).isEqualTo(200);
    assertThat(proxy.counted(0, NodeCounter.CONNECTIONS)).isOne();
  }

  @Test
  void earlyHintsArriveBeforeTheAnswer() throws Exception {
    client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    atNode.send("HTTP/1.1 103 Early Hints\r\nLink: </s.css>; rel=preload\r\n\r\n");
    Received hint = client.response();
    assertThat(hint.status()).isEqualTo(103);
    assertThat(hint.values("link")).containsExactly("</s.css>; rel=preload");
    atNode.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assertThat(client.response().status()).isEqualTo(200);
  }

  @Test
  void aClientThatExpects100SendsItsBodyWhenTheNodeSaysSo() throws Exception {
    client.send("POST /1 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    assertThat(atNode.requestHead().values("expect")).containsExactly("100-continue");
    atNode.send("HTTP/1.1 100 Continue\r\n\r\n");
    assertThat(client.response().status()).isEqualTo(100);
    client.send("hi");
    assertThat(atNode.raw(2)).isEqualTo("hi");
    atNode.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assertThat(client.response().status()).isEqualTo(200);
  }

  @Test
  void aHundredRequestsAtOnceAreAnsweredInTheirOrder() throws Exception {
    StringBuilder requests = new StringBuilder();
    for (int i = 0; i < 100; i++) {
      requests.append("GET /").append(i).append(" HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    client.send(requests.toString());
    Wire atNode = leftOver.closes(node.accept());
    for (int i = 0; i < 100; i++) {
      assertThat(atNode.request().start).isEqualTo("GET /" + i + " HTTP/1.1");
      String body = "answer " + i;
      atNode.send("HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
    }
    for (int i = 0; i < 100; i++) {
      assertThat(client.response().body).hasToString("answer " + i);
    }
  }

  @Test
  void aRequestBehindABodyIsNotTakenForPartOfIt() throws Exception {
    client.send(
        "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
            + "POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nyo\r\n0\r\n\r\n"
            + "GET /3 HTTP/1.1\r\nHost: a\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    for (String body : new String[] {"hi", "yo", ""}) {
      assertThat(atNode.request().body).hasToString(body);
      atNode.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      assertThat(client.response().status()).isEqualTo(200);
    }
  }

  @Test
  void anOldClientGetsAnAnswerThatEndsWithItsConnection() throws Exception {
    client.send("GET /1 HTTP/1.0\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    assertThat(atNode.request().start).isEqualTo("GET /1 HTTP/1.1");
    atNode.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n");
    Received answer = client.response();
    assertThat(answer.values("transfer-encoding")).isEmpty();
    assertThat(answer.body).hasToString("body");
  }

  @Test
  void anOldClientMayKeepItsConnection() throws Exception {
    Wire atNode = null;
    for (int i = 0; i < 2; i++) {
      client.send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      atNode = atNode == null ? leftOver.closes(node.accept()) : atNode;
      Received _ = atNode.request();
      atNode.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      assertThat(client.response().values("connection")).containsExactly("keep-alive");
    }
  }

  @Test
  void aMebibyteInOddChunksArrivesUnchanged() throws Exception {
    int pieces = 16;
    byte[] piece = new byte[65_521]; // a prime, so that pieces and buffers never agree
    CRC32 sent = new CRC32();
    CRC32 got = new CRC32();
    client.send("POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    Thread sender =
        Thread.ofVirtual()
            .start(() -> {
              try {
                for (int i = 0; i < pieces; i++) {
                  fill(piece, i);
                  sent.update(piece);
                  client.send(Integer.toHexString(piece.length) + "\r\n").send(piece).send("\r\n");
                }
                client.send("0\r\n\r\n");
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    Received request = atNode.request();
    sender.join();
    got.update(request.body.toString().getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
    assertThat(got.getValue()).isEqualTo(sent.getValue());
    atNode.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assertThat(client.response().status()).isEqualTo(200);
  }

  private static void fill(byte[] piece, int seed) {
    for (int j = 0; j < piece.length; j++) {
      piece[j] = (byte) (j * 31 + seed + (j >> 8));
    }
  }

  @Test
  void afterAnUpgradeBytesAreBytes() throws Exception {
    Wire atNode = tunnel();
    client.send("GET / HTTP/1.1\r\n\r\n\0\1");
    assertThat(atNode.raw(20)).isEqualTo("GET / HTTP/1.1\r\n\r\n\0\1");
    atNode.send("HTTP/1.1 nonsense\r\n\r\n");
    assertThat(client.raw(21)).isEqualTo("HTTP/1.1 nonsense\r\n\r\n");
    client.close();
    assertThat(atNode.ends()).isTrue();
  }

  @Test
  void anUpgradeBehindAChunkedAnswerIsNotInChunks() throws Exception {
    client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    atNode.request();
    atNode.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
    assertThat(client.response().body).hasToString("ok");
    client.send(UPGRADE);
    atNode.request();
    atNode.send(SWITCHING + "first");
    assertThat(client.response().status()).isEqualTo(101);
    assertThat(client.raw(5)).isEqualTo("first");
    atNode.send("second");
    assertThat(client.raw(6)).isEqualTo("second");
  }

  @Test
  void bytesBehindTheUpgradeAreNotLost() throws Exception {
    client.send(UPGRADE + "early");
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    atNode.send(SWITCHING + "first");
    assertThat(client.response().status()).isEqualTo(101);
    assertThat(client.raw(5)).isEqualTo("first");
    assertThat(atNode.raw(5)).isEqualTo("early");
  }

  @Test
  void theClientMayEndItsHalfOfATunnelFirst() throws Exception {
    Wire atNode = tunnel();
    client.send("last words").finish();
    assertThat(atNode.raw(10)).isEqualTo("last words");
    assertThat(atNode.ends()).isTrue();
    atNode.send("answer").finish();
    assertThat(client.raw(6)).isEqualTo("answer");
    assertThat(client.ends()).isTrue();
  }

  @Test
  void aClientThatHasEndedItsHalfGetsALargeAnswerWhole() throws Exception {
    client.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n").finish();
    Wire atNode = leftOver.closes(node.accept());
    atNode.request();
    Thread.sleep(200); // the proxy has seen that half end, and waits for nothing else of the client
    byte[] body = new byte[8 << 20];
    fill(body, 5);
    atNode.send("HTTP/1.1 200 OK\r\nContent-Length: " + body.length + "\r\n\r\n");
    Thread sender = sendAndFinish(atNode, body);
    Thread.sleep(200); // more has come than the buffers on the way to the client can hold
    byte[] got = new byte[body.length];
    client.responseHead();
    client.fill(got);
    assertThat(got).isEqualTo(body);
    sender.join();
  }

  @Test
  void theKernelHoldsNotMuchOfAnAnswerForAClientThatDoesNotTakeIt() throws Exception {
    Wire slow = leftOver.closes(Wire.to(proxy.address(), 8 << 10));
    slow.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    atNode.request();
    byte[] body = new byte[16 << 20]; // more than all buffers on the way
    atNode.send("HTTP/1.1 200 OK\r\nContent-Length: " + body.length + "\r\n\r\n");
    Thread sender = sendAndFinish(atNode, body);
    AtomicLong seen = new AtomicLong(-1);
    AtomicInteger same = new AtomicInteger();
    Await.nothing(() -> {
      long now = unsent(proxy.address().getPort(), slow.localPort());
      same.set(now == seen.getAndSet(now) && now > 0 ? same.get() + 1 : 0);
      return same.get() > 100 ? "" : "what waits in the kernel: " + now;
    });
    assertThat(seen.get()).isBetween(1L << 18, 3L << 19);
    slow.responseHead();
    slow.fill(body);
    sender.join();
  }

  /** Bytes that the kernel has for the peer. */
  private static long unsent(int local, int peer) {
    String wanted = String.format(":%04X [0-9A-F]+:%04X ", local, peer);
    Pattern line = Pattern.compile(wanted + "[0-9A-F]{2} ([0-9A-F]{8}):");
    try {
      for (String file : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
        Matcher matcher = line.matcher(Files.readString(Path.of(file)));
        if (matcher.find()) {
          return Long.parseLong(matcher.group(1), 16);
        }
      }
      return 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void theNodeMayEndItsHalfOfATunnelFirst() throws Exception {
    Wire atNode = tunnel();
    atNode.send("last words").finish();
    assertThat(client.raw(10)).isEqualTo("last words");
    assertThat(client.ends()).isTrue();
    client.send("answer").finish();
    assertThat(atNode.raw(6)).isEqualTo("answer");
    assertThat(atNode.ends()).isTrue();
  }

  @Test
  void whatWasSentBeforeTheEndOfATunnelArrivesHoweverSlowTheNodeIs() throws Exception {
    Wire atNode = tunnel();
    byte[] piece = new byte[8 << 20];
    fill(piece, 7);
    Thread sender = sendAndFinish(client, piece);
    byte[] got = new byte[piece.length];
    Thread.sleep(100); // the buffers on the way fill up
    atNode.finish();
    assertThat(client.ends()).isTrue();
    atNode.fill(got);
    assertThat(got).isEqualTo(piece);
    assertThat(atNode.ends()).isTrue();
    sender.join();
  }

  @Test
  void whatWasSentBeforeTheEndOfATunnelArrivesHoweverSlowTheClientIs() throws Exception {
    Wire atNode = tunnel();
    byte[] piece = new byte[8 << 20];
    fill(piece, 9);
    Thread sender = sendAndFinish(atNode, piece);
    byte[] got = new byte[piece.length];
    Thread.sleep(100); // the buffers on the way fill up
    client.finish();
    assertThat(atNode.ends()).isTrue();
    client.fill(got);
    assertThat(got).isEqualTo(piece);
    assertThat(client.ends()).isTrue();
    sender.join();
  }

  /**
   * The case is that all of the node's bytes are read and not all of them written, which takes as
   * many as the kernel has room for on the way to the client and some more. Nobody tells how many
   * those are, so it is tried with all sizes, in steps below what waits here at most.
   */
  @Test
  void theNodeHearsOfTheEndEvenIfItHasEndedAndTheClientIsSlow() throws Exception {
    for (int size = STEP; size <= 4 << 20; size += STEP) {
      client = leftOver.closes(Wire.to(proxy.address(), 64 << 10));
      Wire atNode = tunnel();
      byte[] piece = new byte[size];
      fill(piece, 9);
      Thread sends = sendAndFinish(atNode, piece);
      for (int i = 0; i < 20; i++) { // so often there was a moment to read and write
        client.send(".");
        assertThat(atNode.raw(1)).isEqualTo(".");
      }
      client.finish();
      assertThat(atNode.ends()).as("%d bytes", size).isTrue();
      byte[] got = new byte[size];
      client.fill(got);
      assertThat(got).isEqualTo(piece);
      assertThat(client.ends()).isTrue();
      sends.join();
    }
  }

  private static Thread sendAndFinish(Wire wire, byte[] bytes) {
    return Thread.ofVirtual()
        .start(() -> {
          try {
            wire.send(bytes).finish();
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
  }

  @Test
  void aNodeThatIsKilledEndsTheTunnel() throws Exception {
    Wire atNode = tunnel();
    atNode.reset();
    assertThat(client.ends()).isTrue();
  }

  private Wire tunnel() throws IOException, StrictReader.Doubt {
    client.send(UPGRADE);
    Wire atNode = leftOver.closes(node.accept());
    assertThat(atNode.request().values("upgrade")).containsExactly("websocket");
    atNode.send(SWITCHING);
    assertThat(client.response().status()).isEqualTo(101);
    return atNode;
  }

  @Test
  void listensOnIpv6() throws Exception {
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.ofLiteral("::1"))) {
      assertThat(probe.isBound()).isTrue();
    } catch (IOException e) {
      assumeThat(e).as("this machine has no IPv6").isNull();
    }
    ProxyFixture six = leftOver.watches(ProxyFixture.startOn("::1", node.address()));
    Wire other =
        leftOver.closes(Wire.to(six.address())).send("GET /1 HTTP/1.1\r\nHost: [::1]\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    assertThat(atNode.request().values("x-forwarded-for")).hasSize(1);
    atNode.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assertThat(other.response().status()).isEqualTo(200);
  }
}
