package io.fairlead.proxy.http;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HttpLimits;
import io.fairlead.demo.Behaviour;
import io.fairlead.demo.TestNode;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.NodeCounter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What clients do wrong, by mistake or on purpose: it costs others nothing, and it ends. */
final class ClientFaultTest {
  /** Of which each loop has one, whoever holds it. */
  private static final int LARGE_BUFFER = 512 * 1024;

  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  private static final String HEAD_OF_CHUNKS =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  private static final int SMALL = 16 * 1024;

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private HandNode node;

  @BeforeEach
  void openNode() throws IOException {
    node = leftOver.closes(new HandNode(SMALL));
  }

  @Test
  void aHeadThatTakesTooLongIsRefused() throws Exception {
    ProxyFixture proxy = proxy(limits(Duration.ofMillis(300), Duration.ofSeconds(60), 0));
    Wire client = client(proxy).send("GET / HTTP/1.1\r\nHos");
    long begun = System.nanoTime();
    Received answer = client.response();
    assertThat(answer.status()).isEqualTo(408);
    assertThat(answer.values("connection")).containsExactly("close");
    assertThat(client.ends()).isTrue();
    assertThat(System.nanoTime() - begun).isGreaterThan(200_000_000);
    assertThat(proxy.errors(ErrorReason.REQUEST_TIMEOUT)).isOne();
  }

  @Test
  void bytesThatKeepComingDoNotMakeAHeadFasterThanItsTimeout() throws Exception {
    ProxyFixture proxy = proxy(limits(Duration.ofMillis(300), Duration.ofSeconds(60), 0));
    Wire client = client(proxy).send("GET / HTTP/1.1\r\nx: ");
    Thread drip =
        Thread.ofVirtual()
            .start(() -> {
              try {
                while (true) {
                  client.send("y");
                  Thread.sleep(20); // the pace of the attack, not a wait for something
                }
              } catch (IOException | InterruptedException _) {
                // the proxy has had enough
              }
            });
    assertThat(client.response().status()).isEqualTo(408);
    client.close();
    drip.join();
  }

  @Test
  void aConnectionWithoutARequestIsClosedWithoutAWord() throws Exception {
    ProxyFixture proxy = proxy(limits(Duration.ofSeconds(5), Duration.ofMillis(200), 0));
    assertThat(client(proxy).ends()).isTrue();
  }

  @Test
  void aBodyThatStopsComingIsRefused() throws Exception {
    ProxyFixture proxy = proxy(limits(Duration.ofSeconds(5), Duration.ofMillis(300), 0));
    Wire client =
        client(proxy).send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.requestHead();
    assertThat(client.response().status()).isEqualTo(408);
    assertThat(client.ends()).isTrue();
    assertThat(atNode.raw(4)).isEqualTo("half");
    assertThat(atNode.ends()).isTrue();
    assertThat(proxy.errors(ErrorReason.REQUEST_TIMEOUT)).isOne();
  }

  /** At least 1,000 bytes/s are asked for, judged when a body has been coming for 200 ms. */
  @ParameterizedTest
  @CsvSource({
    "  10, 408", // and ten more after 300 ms: 67 bytes/s
    "1000, 200" // and ten more: 3,300 bytes/s
  })
  void aBodyThatComesTooSlowlyIsRefusedThoughItNeverStops(int first, int status) throws Exception {
    HttpLimits limits = limits(Duration.ofSeconds(5), Duration.ofSeconds(60), 1000);
    ProxyFixture proxy = proxyThatJudgesSoon(limits);
    String head = "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: " + (first + 11) + "\r\n\r\n";
    Wire client = client(proxy).send(head + "x".repeat(first));
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.requestHead();
    Thread.sleep(300); // that it is slow is a matter of time
    client.send("x".repeat(10));
    if (status == 200) {
      client.send("x");
      assertThat(atNode.raw(first + 11)).hasSize(first + 11);
      atNode.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
    assertThat(client.response().status()).isEqualTo(status);
    assertThat(proxy.errors(ErrorReason.REQUEST_TIMEOUT)).isEqualTo(status == 408 ? 1 : 0);
  }

  /** The same for answers: a client must take 10,000,000 bytes/s, and takes a little at a time. */
  @Test
  void aClientThatTakesItsAnswerTooSlowlyIsCutThoughItNeverStops() throws Exception {
    HttpLimits limits = limits(Duration.ofSeconds(5), Duration.ofSeconds(60), 10_000_000);
    ProxyFixture proxy = proxyThatJudgesSoon(limits);
    Wire client = clientThatHasItsHead(proxy);
    Thread sip =
        Thread.ofVirtual()
            .start(() -> {
              try {
                while (true) {
                  client.fill(new byte[2048]);
                  Thread.sleep(50); // the pace of the attack, not a wait for something
                }
              } catch (IOException | InterruptedException _) {
                // the proxy has had enough
              }
            });
    Await.nothing(proxy::busy);
    client.close();
    sip.join();
  }

  /** Players of films stop taking when they have enough: those are no slow clients. */
  @Test
  void aClientThatRestsAndHasTakenMuchGetsTheWholeAnswer() throws Exception {
    HttpLimits limits = limits(Duration.ofSeconds(5), Duration.ofSeconds(60), 1000);
    ProxyFixture proxy = proxyThatJudgesSoon(limits);
    Wire client =
        leftOver.closes(Wire.to(proxy.address(), SMALL)).send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    int size = answerThatWaitsInTheProxy(proxy, atNode);
    Thread.sleep(
        700); // that it is not cut can only be seen by waiting: 3 times as long as others have
    assertThat(client.response().body).hasSize(size);
  }

  /** An answer waits for it in the proxy. */
  private Wire clientThatHasItsHead(ProxyFixture proxy) throws Exception {
    Wire client =
        leftOver.closes(Wire.to(proxy.address(), SMALL)).send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    atNode.send(HEAD_OF_CHUNKS);
    // before the body: a read makes room, in which the end of a body that waits would go
    assertThat(client.responseHead().status()).isEqualTo(200);
    assertThat(bodyThatWaitsInTheProxy(proxy, atNode)).isPositive();
    return client;
  }

  @Test
  void aClientThatLeavesBeforeTheAnswerLeavesNothingBehind() throws Exception {
    ProxyFixture proxy = proxy(ProxyFixture.limits());
    Wire client = client(proxy).send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    client.reset();
    assertThat(atNode.ends()).isTrue();
    Await.nothing(proxy::busy);
    assertThat(proxy.errors(ErrorReason.CLIENT_GONE)).isOne();
  }

  @Test
  void aClientThatLeavesInTheMiddleOfItsRequestLeavesNothingBehind() throws Exception {
    ProxyFixture proxy = proxy(ProxyFixture.limits());
    Wire client =
        client(proxy).send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.requestHead();
    client.close();
    assertThat(atNode.raw(4)).isEqualTo("half");
    assertThat(atNode.ends()).isTrue();
    Await.nothing(proxy::busy);
    assertThat(proxy.errors(ErrorReason.CLIENT_GONE)).isOne();
  }

  @Test
  void aClientThatLeavesInTheMiddleOfAnAnswerLeavesNothingBehind() throws Exception {
    ProxyFixture proxy = proxy(ProxyFixture.limits());
    Wire client = client(proxy).send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    atNode.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome");
    assertThat(client.responseHead().status()).isEqualTo(200);
    client.reset();
    assertThat(atNode.ends()).isTrue();
    Await.nothing(proxy::busy);
    assertThat(proxy.errors(ErrorReason.CLIENT_GONE)).isOne();
  }

  @Test
  void aClientThatLeavesInTheMiddleOfAHeadIsNoError() throws Exception {
    ProxyFixture proxy = proxy(ProxyFixture.limits());
    client(proxy).send("GET /1 HTTP/1.1\r\nHo").close();
    Await.value(
        1L,
        () -> proxy.listener().state().counters().get(ListenerCounter.CONNECTIONS_CLOSED),
        "connections closed");
    assertThat(proxy.errors(ErrorReason.CLIENT_GONE)).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4})
  void aDownloadThatNobodyReadsStopsTheNodeAndHoldsLittleMemory(int clients) throws Exception {
    TestNode source = leftOver.closes(TestNode.start("127.0.0.1", 0, "n", Behaviour.PLAIN));
    ProxyFixture proxy =
        leftOver.watches(
            ProxyFixture.start(
                List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), source.port())),
                ProxyFixture.limits(),
                Duration.ofSeconds(60),
                1));
    long before = proxy.dataPlane().bufferBytesInUse();
    int size = 100 << 20;
    Wire client = leftOver.closes(Wire.to(proxy.address(), SMALL));
    for (int i = 0; i < clients; i++) {
      Wire one = i == 0 ? client : leftOver.closes(Wire.to(proxy.address(), SMALL));
      one.send("GET /bytes/" + size + " HTTP/1.1\r\nHost: a\r\n\r\n");
      assertThat(one.responseHead().status()).isEqualTo(200);
    }
    long stopped = awaitStandstill(() -> proxy.counted(0, NodeCounter.BYTES_RECEIVED));
    // What the kernel holds for both sides is not ours; it may be 10 MB.
    assertThat(stopped).isLessThan((long) clients * size / 2);
    assertThat(proxy.dataPlane().bufferBytesInUse() - before)
        .isLessThan(LARGE_BUFFER + clients * 256L * 1024);
    byte[] piece = new byte[1 << 20];
    for (int i = 0; i < size; i += piece.length) {
      client.fill(piece);
    }
    assertThat(client.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n").response().status())
        .isEqualTo(200);
  }

  @Test
  void aDownloadInSmallPiecesThatNobodyReadsHoldsLittleMemory() throws Exception {
    ProxyFixture proxy = proxy(ProxyFixture.limits());
    Wire client =
        leftOver.closes(Wire.to(proxy.address(), SMALL)).send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    long before = proxy.dataPlane().bufferBytesInUse();
    int pieces = 4_000;
    byte[] piece = new byte[5_000];
    atNode.send("HTTP/1.1 200 OK\r\nContent-Length: " + pieces * piece.length + "\r\n\r\n");
    Thread sender =
        Thread.ofVirtual()
            .start(() -> {
              try {
                for (int i = 0; i < pieces; i++) {
                  atNode.send(piece);
                  Thread.sleep(0, 100_000); // so that each piece is read by itself
                }
              } catch (IOException | InterruptedException e) {
                throw new AssertionError(e);
              }
            });
    assertThat(client.responseHead().status()).isEqualTo(200);
    long _ = awaitStandstill(() -> proxy.counted(0, NodeCounter.BYTES_RECEIVED));
    // On a busy machine pieces come many at a time, into the large buffer.
    assertThat(bytesThatWait(proxy) - before).isLessThan(LARGE_BUFFER + 256 * 1024);
    for (int i = 0; i < pieces; i++) {
      client.fill(piece);
    }
    sender.join();
  }

  @Test
  void aClientThatSendsRequestsAndReadsNoAnswersIsNotServedForEver() throws Exception {
    TestNode source = leftOver.closes(TestNode.start("127.0.0.1", 0, "n", Behaviour.PLAIN));
    ProxyFixture proxy =
        leftOver.watches(
            ProxyFixture.start(
                List.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), source.port())),
                ProxyFixture.limits(),
                Duration.ofSeconds(60),
                1));
    int requests = 1_000;
    int size = 60_000;
    Wire client = leftOver.closes(Wire.to(proxy.address(), SMALL));
    long before = proxy.dataPlane().bufferBytesInUse();
    client.send(("GET /bytes/" + size + " HTTP/1.1\r\nHost: a\r\n\r\n").repeat(requests));
    long served = awaitStandstill(() -> proxy.counted(0, NodeCounter.REQUESTS));
    assertThat(served).isLessThan(requests);
    assertThat(proxy.dataPlane().bufferBytesInUse() - before).isLessThan(512 * 1024);
    byte[] body = new byte[size];
    for (int i = 0; i < requests; i++) {
      assertThat(client.responseHead().status()).isEqualTo(200);
      client.fill(body);
    }
  }

  @Test
  void aClientThatEndsItsSideStillGetsTheWholeAnswer() throws Exception {
    ProxyFixture proxy = proxy(ProxyFixture.limits());
    Wire client =
        leftOver.closes(Wire.to(proxy.address(), SMALL)).send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    int size = answerThatWaitsInTheProxy(proxy, atNode);
    client.finish();
    assertThat(client.response().body).hasSize(size);
    assertThat(client.ends()).isTrue();
  }

  @Test
  void aDrainingListenerStillDeliversTheWholeAnswer() throws Exception {
    ProxyFixture proxy = proxy(ProxyFixture.limits());
    Wire client =
        leftOver.closes(Wire.to(proxy.address(), SMALL)).send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    int size = answerThatWaitsInTheProxy(proxy, atNode);
    var drained = proxy.listener().drain(Duration.ofSeconds(20));
    assertThat(client.response().body).hasSize(size);
    assertThat(client.ends()).isTrue();
    assertThat(drained.join()).isZero();
  }

  /**
   * Sends an answer of which the end is still in the proxy when the exchange is over, because the
   * client does not read.
   *
   * @return its length
   */
  private static int answerThatWaitsInTheProxy(ProxyFixture proxy, Wire atNode)
      throws IOException, InterruptedException {
    atNode.send(HEAD_OF_CHUNKS);
    return bodyThatWaitsInTheProxy(proxy, atNode);
  }

  private static int bodyThatWaitsInTheProxy(ProxyFixture proxy, Wire atNode)
      throws IOException, InterruptedException {
    int chunkSize = 0x2000;
    String chunk = "2000\r\n" + "x".repeat(chunkSize) + "\r\n";
    long before = bytesThatWait(proxy);
    int size = 0;
    while (bytesThatWait(proxy) < before + chunkSize) {
      long received = proxy.counted(0, NodeCounter.BYTES_RECEIVED);
      atNode.send(chunk);
      size += chunkSize;
      Await.nothing(() ->
          proxy.counted(0, NodeCounter.BYTES_RECEIVED) >= received + chunk.length()
              ? ""
              : "the proxy has stopped reading");
    }
    atNode.send("0\r\n\r\n");
    Await.value(0, proxy.dataPlane()::exchangesInUse, "exchanges in use");
    return size;
  }

  /** What is held between two turns of the loops: what passes through within one is gone then. */
  private static long bytesThatWait(ProxyFixture proxy) throws InterruptedException {
    CountDownLatch turned = new CountDownLatch(1);
    proxy.dataPlane().afterEachLoop(turned::countDown);
    assertThat(turned.await(10, SECONDS)).as("turns of the loops").isTrue();
    return proxy.dataPlane().bufferBytesInUse();
  }

  @Test
  void aClientThatTakesNothingIsCutAfterAWhile() throws Exception {
    ProxyFixture proxy = proxy(limits(Duration.ofSeconds(5), Duration.ofMillis(300), 100));
    Wire client =
        leftOver.closes(Wire.to(proxy.address(), SMALL)).send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    atNode.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n");
    Thread sender =
        Thread.ofVirtual()
            .start(() -> {
              try {
                for (int i = 0; i < 10_000; i++) {
                  atNode.send(new byte[10_000]);
                }
              } catch (IOException _) {
                // cut, as it must be
              }
            });
    assertThat(client.responseHead().status()).isEqualTo(200);
    sender.join();
    Await.nothing(proxy::busy);
  }

  /** Judged after 200 ms, were there a bound; idle for 60 s it may be. */
  @Test
  void withoutABoundAClientMayPause() throws Exception {
    ProxyFixture proxy =
        proxyThatJudgesSoon(limits(Duration.ofSeconds(5), Duration.ofSeconds(60), 0));
    Wire client =
        leftOver.closes(Wire.to(proxy.address(), SMALL)).send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    byte[] body = new byte[16 << 20];
    atNode.send("HTTP/1.1 200 OK\r\nContent-Length: " + body.length + "\r\n\r\n");
    Thread sender =
        Thread.ofVirtual()
            .start(() -> {
              try {
                atNode.send(body);
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    assertThat(client.responseHead().status()).isEqualTo(200);
    Await.nothing(() -> proxy.dataPlane().bufferBytesInUse() > 0 ? "" : "nothing waits");
    Thread.sleep(600); // the pause
    client.fill(body);
    sender.join();
  }

  @Test
  void anUploadGoesNoFasterThanItsNodeReads() throws Exception {
    ProxyFixture proxy =
        proxy(
            new HttpLimits(
                100,
                65536,
                8192,
                100,
                Long.MAX_VALUE,
                Duration.ofSeconds(5),
                Duration.ofSeconds(60),
                0));
    int size = 50 << 20;
    long before = proxy.dataPlane().bufferBytesInUse();
    Wire client =
        client(proxy).send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: " + size + "\r\n\r\n");
    byte[] piece = new byte[1 << 20];
    for (int i = 0; i < piece.length; i++) {
      piece[i] = (byte) (i * 31 + (i >> 8));
    }
    Thread sender =
        Thread.ofVirtual()
            .start(() -> {
              try {
                for (int i = 0; i < size; i += piece.length) {
                  client.send(piece);
                }
              } catch (IOException e) {
                throw new AssertionError(e);
              }
            });
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.requestHead();
    long stopped = awaitStandstill(() -> proxy.counted(0, NodeCounter.BYTES_SENT));
    assertThat(stopped).isLessThan(size / 2);
    assertThat(proxy.dataPlane().bufferBytesInUse() - before).isLessThan(LARGE_BUFFER + 256 * 1024);
    byte[] got = new byte[piece.length];
    for (int i = 0; i < size; i += piece.length) {
      atNode.fill(got);
      assertThat(got).isEqualTo(piece);
    }
    sender.join();
    atNode.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
  }

  /** Waits until a counter stands still and returns it. */
  private static long awaitStandstill(java.util.function.LongSupplier counter)
      throws InterruptedException {
    long last = -1;
    int still = 0;
    while (still < 10) {
      Thread.sleep(20); // that nothing happens can only be seen by waiting
      long now = counter.getAsLong();
      still = now == last && now > 0 ? still + 1 : 0;
      last = now;
    }
    return last;
  }

  private ProxyFixture proxy(HttpLimits limits) {
    return leftOver.watches(
        ProxyFixture.start(List.of(node.address()), limits, Duration.ofSeconds(60), 1));
  }

  private ProxyFixture proxyThatJudgesSoon(HttpLimits limits) {
    ProxyFixture proxy = proxy(limits);
    HttpListenerState state = (HttpListenerState) proxy.listener().state();
    state.setPolicy(proxy.policy(limits, Duration.ofSeconds(60), Duration.ofMillis(200)));
    return proxy;
  }

  private static HttpLimits limits(Duration headerTimeout, Duration idleTimeout, int minBodyRate) {
    return new HttpLimits(100, 65536, 8192, 100, 1 << 20, headerTimeout, idleTimeout, minBodyRate);
  }

  private Wire client(ProxyFixture proxy) throws IOException {
    return leftOver.closes(Wire.to(proxy.address()));
  }
}
