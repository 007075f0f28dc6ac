package io.fairlead.proxy.http;

import static io.fairlead.proxy.http.Http2Wire.END;
import static io.fairlead.proxy.http.Http2Wire.request;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HedgeConfig;
import io.fairlead.config.NodeProtocol;
import io.fairlead.config.RetryBudgetConfig;
import io.fairlead.config.RetryConfig;
import io.fairlead.telemetry.RouteCounter;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bodies that go to a second node, whole, and those that cannot. */
final class KeptBodyTest {
  private static final int BOUND = 100_000;
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private HandNode first;
  private HandNode second;

  @BeforeEach
  void start() throws IOException {
    first = leftOver.closes(new HandNode());
    second = leftOver.closes(new HandNode());
  }

  private ProxyFixture proxy(NodeProtocol protocol) {
    RetryConfig retry =
        new RetryConfig(
            1,
            RetryConfig.DEFAULT.on(),
            RetryConfig.DEFAULT.methods(),
            Duration.ZERO,
            BOUND,
            RetryBudgetConfig.DEFAULT,
            HedgeConfig.NONE);
    return leftOver.watches(
        ProxyFixture.startRetrying(
            List.of(first.address(), second.address()), protocol, Duration.ofSeconds(60), retry));
  }

  private static String body(int size) {
    StringBuilder body = new StringBuilder(size);
    while (body.length() < size) {
      body.append(body.length()).append(' ');
    }
    body.setLength(size);
    return body.toString();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4096, 4097, 16_000, 33_000, 65_535, 65_536, 70_000, BOUND})
  void aBodyOfKnownLengthGoesToTheSecondNodeAsItWentToTheFirst(int size) throws Exception {
    ProxyFixture proxy = proxy(NodeProtocol.HTTP1);
    String body = body(size);
    Wire client = client(proxy).send(put("Content-Length: " + size) + body);
    Wire dying = leftOver.closes(first.accept());
    assertThat(dying.request().body).hasToString(body);
    dying.reset();
    Wire other = leftOver.closes(second.accept());
    assertThat(other.request().body).hasToString(body);
    other.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5000, 70_000})
  void aBodyInChunksGoesAgainWithItsTrailers(int size) throws Exception {
    ProxyFixture proxy = proxy(NodeProtocol.HTTP1);
    String body = body(size);
    int half = size / 2;
    String chunks =
        (half > 0 ? Integer.toHexString(half) + "\r\n" + body.substring(0, half) + "\r\n" : "")
            + Integer.toHexString(size - half)
            + ";x=y\r\n"
            + body.substring(half)
            + "\r\n0\r\nX-Sum: 5\r\n\r\n";
    Wire client = client(proxy).send(put("Transfer-Encoding: chunked") + chunks);
    Wire dying = leftOver.closes(first.accept());
    assertThat(dying.request().body).hasToString(body);
    dying.reset();
    Wire other = leftOver.closes(second.accept());
    Received again = other.request();
    assertThat(again.body).hasToString(body);
    assertThat(again.trailers).extracting(Field::toString).containsExactly("X-Sum: 5");
    other.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
    client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
    Wire third = leftOver.closes(first.accept());
    assertThat(third.request().start).startsWith("GET /next");
    third.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
  }

  @Test
  void aBodyThatIsStillComingGoesOnAtTheSecondNode() throws Exception {
    ProxyFixture proxy = proxy(NodeProtocol.HTTP1);
    Wire client = client(proxy).send(put("Content-Length: 9") + "one");
    Wire dying = leftOver.closes(first.accept());
    Received _ = dying.requestHead();
    assertThat(dying.raw(3)).isEqualTo("one"); // nothing waits for the rest
    client.send("two");
    assertThat(dying.raw(3)).isEqualTo("two");
    dying.reset();
    Wire other = leftOver.closes(second.accept());
    Received _ = other.requestHead();
    assertThat(other.raw(6)).isEqualTo("onetwo");
    client.send("end");
    assertThat(other.raw(3)).isEqualTo("end");
    other.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
  }

  @Test
  void aBodyBeyondTheBoundIsSentOnce() throws Exception {
    ProxyFixture proxy = proxy(NodeProtocol.HTTP1);
    Wire client = client(proxy).send(put("Transfer-Encoding: chunked"));
    Wire dying = leftOver.closes(first.accept());
    Received _ = dying.requestHead();
    String half = body(BOUND / 2);
    for (int i = 0; i < 3; i++) {
      client.send(Integer.toHexString(half.length()) + "\r\n" + half + "\r\n");
    }
    client.send("0\r\n\r\n");
    Await.value(0L, () -> proxy.dataPlane().bytesOfBodies(), "bytes kept");
    dying.raw(BOUND);
    dying.reset();
    Received answer = client.response();
    assertThat(answer.status()).isEqualTo(502);
    assertThat(answer.values("fairlead-error")).containsExactly("upstream-reset");
    assertThat(proxy.counted(RouteCounter.RETRY_NO_BODY)).isOne();
  }

  @Test
  void aLengthBeyondTheBoundIsNotEvenBegun() throws Exception {
    ProxyFixture proxy = proxy(NodeProtocol.HTTP1);
    Wire client = client(proxy).send(put("Content-Length: " + (BOUND + 1)) + "begun");
    Wire dying = leftOver.closes(first.accept());
    Received _ = dying.requestHead();
    assertThat(dying.raw(5)).isEqualTo("begun");
    assertThat(proxy.dataPlane().bytesOfBodies()).isZero();
    dying.reset();
    assertThat(client.response().status()).isEqualTo(502);
  }

  @Test
  void nothingIsKeptOnceTheAnswerHasBegun() throws Exception {
    ProxyFixture proxy = proxy(NodeProtocol.HTTP1);
    Wire client = client(proxy).send(put("Content-Length: 9") + "one");
    Wire atNode = leftOver.closes(first.accept());
    Received _ = atNode.requestHead();
    Await.value(3L, () -> proxy.dataPlane().bytesOfBodies(), "bytes kept");
    atNode.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhe");
    assertThat(client.responseHead().status()).isEqualTo(200);
    assertThat(proxy.dataPlane().bytesOfBodies()).isZero();
    client.send("twoend");
    assertThat(atNode.raw(9)).isEqualTo("onetwoend");
    atNode.send("re");
    assertThat(client.raw(4)).isEqualTo("here");
  }

  @Test
  void aNodeThatDoesNotReadHoldsTheClientUpAsBefore() throws Exception {
    first = leftOver.closes(new HandNode(4096));
    ProxyFixture proxy = proxy(NodeProtocol.HTTP1);
    int size = 1024 * 1024;
    Wire client = client(proxy).send(put("Content-Length: " + size));
    Thread writer =
        Thread.ofVirtual()
            .start(() -> {
              try {
                client.send(body(size));
              } catch (IOException e) {
                // It is closed with the test.
              }
            });
    Wire slow = leftOver.closes(first.accept());
    Received _ = slow.requestHead();
    String body = body(size);
    assertThat(slow.raw(size)).isEqualTo(body);
    slow.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
    writer.join();
  }

  /** The time of a try is for the node. */
  @Test
  void aSlowClientIsNoReasonToTryAgain() throws Exception {
    RetryConfig retry = RetryTest.retry(1, "-", "-", Duration.ofMillis(100));
    ProxyFixture proxy =
        leftOver.watches(
            ProxyFixture.startRetrying(
                List.of(first.address(), second.address()),
                NodeProtocol.HTTP1,
                Duration.ofSeconds(60),
                retry));
    Wire client = client(proxy).send(put("Content-Length: 6") + "one");
    Wire atFirst = leftOver.closes(first.accept());
    Received _ = atFirst.requestHead();
    assertThat(atFirst.raw(3)).isEqualTo("one");
    Wire quick = client(proxy).send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"); // to the second node
    Wire again = leftOver.closes(first.accept()); // the time of a try has passed for that one
    Received _ = again.request();
    again.send(OK);
    assertThat(quick.response().status()).isEqualTo(200);
    client.send("two");
    assertThat(atFirst.raw(3)).isEqualTo("two");
    atFirst.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
    assertThat(proxy.counted(RouteCounter.RETRIED_TIMEOUT)).isOne();
  }

  // --- HTTP/2 ------------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(ints = {1, 5000, 60_000})
  void aBodyByHttp2GoesAgainWithItsTrailers(int size) throws Exception {
    ProxyFixture proxy = proxy(NodeProtocol.H2);
    Http2Wire client = leftOver.closes(Http2Wire.client(proxy.address()));
    String body = body(size);
    client.headers(1, 0, request("PUT", "/1"));
    for (int at = 0; at < size; at += 10_000) {
      client.data(1, 0, body.substring(at, Math.min(size, at + 10_000)));
    }
    client.headers(1, END, List.of("x-sum: 5"));
    Http2Wire dying = leftOver.closes(Http2Wire.node(leftOver.closes(first.accept())));
    assertThat(dying.bigAnswer(1).body).hasToString(body);
    dying.reset(1, Http2.INTERNAL_ERROR);
    Http2Wire other = leftOver.closes(Http2Wire.node(leftOver.closes(second.accept())));
    Http2Wire.Stream again = other.bigAnswer(1);
    assertThat(again.body).hasToString(body);
    assertThat(again.trailers()).containsExactly("x-sum: 5");
    other.headers(1, END, List.of(":status: 200"));
    assertThat(client.answer(1).status()).isEqualTo(200);
  }

  /** Whatever the method: the node has said that it did nothing. */
  @Test
  void aStreamThatIsRefusedGoesAgainWithWhatHasCome() throws Exception {
    ProxyFixture proxy = proxy(NodeProtocol.H2);
    Http2Wire client = leftOver.closes(Http2Wire.client(proxy.address()));
    client.headers(1, 0, request("POST", "/1")).data(1, 0, "one");
    Http2Wire leaving = leftOver.closes(Http2Wire.node(leftOver.closes(first.accept())));
    assertThat(leaving.body(1, 3)).isEqualTo("one");
    leaving.reset(1, Http2.REFUSED_STREAM);
    Http2Wire other = leftOver.closes(Http2Wire.node(leftOver.closes(second.accept())));
    assertThat(other.body(1, 3)).isEqualTo("one");
    client.data(1, END, "two");
    assertThat(other.answer(1).body).hasToString("onetwo");
    other.headers(1, END, List.of(":status: 200"));
    assertThat(client.answer(1).status()).isEqualTo(200);
    assertThat(proxy.counted(RouteCounter.RETRIED_REFUSED)).isOne();
  }

  @Test
  void aPostWhoseStreamBreaksOffIsSentOnce() throws Exception {
    ProxyFixture proxy = proxy(NodeProtocol.H2);
    Http2Wire client = leftOver.closes(Http2Wire.client(proxy.address()));
    client.headers(1, 0, request("POST", "/1")).data(1, END, "one");
    Http2Wire dying = leftOver.closes(Http2Wire.node(leftOver.closes(first.accept())));
    assertThat(dying.answer(1).body).hasToString("one");
    dying.reset(1, Http2.INTERNAL_ERROR);
    assertThat(client.answer(1).status()).isEqualTo(502);
  }

  private Wire client(ProxyFixture proxy) throws IOException {
    return leftOver.closes(Wire.to(proxy.address()));
  }

  private static String put(String field) {
    return "PUT /1 HTTP/1.1\r\nHost: a\r\n" + field + "\r\n\r\n";
  }
}
