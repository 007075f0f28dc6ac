package io.fairlead.proxy.http;

import static io.fairlead.proxy.http.Http2Wire.END;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HedgeConfig;
import io.fairlead.config.NodeProtocol;
import io.fairlead.config.RetryBudgetConfig;
import io.fairlead.config.RetryConfig;
import io.fairlead.config.RetryOn;
import io.fairlead.service.Node;
import io.fairlead.telemetry.LatencyHistogram;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.RouteCounter;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A second node is asked while the first thinks: who answers, and what becomes of the other. */
final class HedgeTest {
  private static final String GET = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
  private static final HedgeConfig SOON = new HedgeConfig(0, Duration.ofMillis(30), 100);

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private HandNode first;
  private HandNode second;

  @BeforeEach
  void start() throws IOException {
    first = leftOver.closes(new HandNode());
    second = leftOver.closes(new HandNode());
  }

  private ProxyFixture proxy(NodeProtocol protocol, HedgeConfig hedge) {
    RetryConfig retry =
        new RetryConfig(
            1,
            List.of(RetryOn.Failure.RESET, RetryOn.Failure.CONNECT, RetryOn.parse("503")),
            RetryConfig.DEFAULT.methods(),
            Duration.ZERO,
            1000,
            RetryBudgetConfig.DEFAULT,
            hedge);
    return leftOver.watches(
        ProxyFixture.startRetrying(
            List.of(first.address(), second.address()), protocol, Duration.ofSeconds(60), retry));
  }

  private ProxyFixture proxy() {
    return proxy(NodeProtocol.HTTP1, SOON);
  }

  private Wire client(ProxyFixture proxy) throws IOException {
    return leftOver.closes(Wire.to(proxy.address()));
  }

  private static String ok(String body) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
  }

  @Test
  void theSecondNodeAnswersFirst() throws Exception {
    ProxyFixture proxy = proxy();
    Wire client = client(proxy).send(GET);
    Wire slow = leftOver.closes(first.accept());
    Received _ = slow.request();
    Wire quick = leftOver.closes(second.accept());
    Received _ = quick.request();
    quick.send(ok("second"));
    assertThat(client.response().body).hasToString("second");
    assertThat(slow.ends()).isTrue(); // cancelled
    assertThat(proxy.counted(RouteCounter.HEDGED)).isOne();
    assertThat(proxy.counted(RouteCounter.HEDGES_WON)).isOne();
    for (NodeCounter blame : List.of(NodeCounter.RESET, NodeCounter.TIMEOUT, NodeCounter.RETRIED)) {
      assertThat(proxy.counted(0, blame)).isZero();
    }
    client.send(GET); // the next request of the same exchange object
    Wire next = leftOver.closes(first.accept());
    Received _ = next.request();
    next.send(ok("first"));
    assertThat(client.response().body).hasToString("first");
  }

  @Test
  void theFirstNodeAnswersFirstAfterAll() throws Exception {
    ProxyFixture proxy = proxy();
    Wire client = client(proxy).send(GET);
    Wire slow = leftOver.closes(first.accept());
    Received _ = slow.request();
    Wire other = leftOver.closes(second.accept());
    Received _ = other.request();
    slow.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst");
    assertThat(client.responseHead().status()).isEqualTo(200);
    assertThat(other.ends()).isTrue();
    slow.send("whole");
    assertThat(client.raw(10)).isEqualTo("firstwhole");
    assertThat(proxy.counted(RouteCounter.HEDGED)).isOne();
    assertThat(proxy.counted(RouteCounter.HEDGES_WON)).isZero();
  }

  @Test
  void partOfAHeadIsNotAnAnswerYet() throws Exception {
    ProxyFixture proxy = proxy();
    Wire client = client(proxy).send(GET);
    Wire slow = leftOver.closes(first.accept());
    Received _ = slow.request();
    slow.send("HTTP/1.1 200 OK\r\nX-First: 1\r\n");
    Wire quick = leftOver.closes(second.accept());
    Received _ = quick.request();
    quick.send(ok("second"));
    Received answer = client.response();
    assertThat(answer.body).hasToString("second");
    assertThat(answer.values("x-first")).isEmpty();
  }

  @Test
  void whenOneFailsTheOtherGoesOnAlone() throws Exception {
    ProxyFixture proxy = proxy();
    Wire client = client(proxy).send(GET);
    Wire slow = leftOver.closes(first.accept());
    Received _ = slow.request();
    Wire other = leftOver.closes(second.accept());
    Received _ = other.request();
    slow.reset();
    Await.value(1L, () -> proxy.counted(0, NodeCounter.RESET), "resets");
    other.send(ok("second"));
    assertThat(client.response().body).hasToString("second");
    assertThat(proxy.counted(0, NodeCounter.RETRIED)).isZero();
  }

  @Test
  void whenTheHedgeFailsTheFirstGoesOnAlone() throws Exception {
    ProxyFixture proxy = proxy();
    Wire client = client(proxy).send(GET);
    Wire slow = leftOver.closes(first.accept());
    Received _ = slow.request();
    Wire other = leftOver.closes(second.accept());
    Received _ = other.request();
    other.send("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"); // a status to try again on
    assertThat(other.ends()).isTrue();
    slow.send(ok("first"));
    assertThat(client.response().body).hasToString("first");
    assertThat(proxy.counted(1, NodeCounter.RESPONSES_5XX)).isOne();
  }

  @Test
  void whenBothFailItIsTriedAgainAsWithoutAHedge() throws Exception {
    ProxyFixture proxy = proxy();
    Wire client = client(proxy).send(GET);
    Wire slow = leftOver.closes(first.accept());
    Received _ = slow.request();
    Wire other = leftOver.closes(second.accept());
    Received _ = other.request();
    slow.reset();
    Await.value(1L, () -> proxy.counted(0, NodeCounter.RESET), "resets");
    other.reset();
    Wire again = leftOver.closes(first.accept()); // it alone is not known to fail
    Received _ = again.request();
    again.send(ok("third"));
    assertThat(client.response().body).hasToString("third");
    assertThat(proxy.counted(RouteCounter.RETRIED_RESET)).isOne();
  }

  @Test
  void aHedgeWithoutAConnectionHarmsNobody() throws Exception {
    second.close();
    ProxyFixture proxy = proxy();
    Wire client = client(proxy).send(GET);
    Wire slow = leftOver.closes(first.accept());
    Received _ = slow.request();
    Await.value(1L, () -> proxy.counted(1, NodeCounter.CONNECT_FAILED), "failed connects");
    slow.send(ok("first"));
    assertThat(client.response().body).hasToString("first");
  }

  @Test
  void aClientThatGoesAwayEndsBoth() throws Exception {
    ProxyFixture proxy = proxy();
    Wire client = client(proxy).send(GET);
    Wire slow = leftOver.closes(first.accept());
    Received _ = slow.request();
    Wire other = leftOver.closes(second.accept());
    Received _ = other.request();
    client.reset();
    assertThat(slow.ends()).isTrue();
    assertThat(other.ends()).isTrue();
  }

  @Test
  void byHttp2TheOtherStreamIsCancelledAndItsConnectionStays() throws Exception {
    ProxyFixture proxy = proxy(NodeProtocol.H2, SOON);
    Http2Wire client = leftOver.closes(Http2Wire.client(proxy.address())).get(1, "/1");
    Http2Wire slow = leftOver.closes(Http2Wire.node(leftOver.closes(first.accept())));
    slow.head(1);
    Http2Wire quick = leftOver.closes(Http2Wire.node(leftOver.closes(second.accept())));
    quick.head(1);
    quick.headers(1, 0, List.of(":status: 200")).data(1, END, "second");
    assertThat(client.answer(1).body).hasToString("second");
    assertThat(Http2Wire.name(slow.sync().stream(1).reset)).isEqualTo("CANCEL");
    client.get(3, "/3");
    slow.head(3);
    slow.headers(3, END, List.of(":status: 200"));
    assertThat(client.answer(3).status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "POST /1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
        "DELETE /1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
      })
  void whatIsNotAPlainQuestionIsNotHedged(String request) throws Exception {
    ProxyFixture proxy = proxy();
    Wire client = client(proxy).send(request);
    Wire slow = leftOver.closes(first.accept());
    Received _ = slow.request();
    Wire later = client(proxy).send(GET); // to the second node, and hedged when it is due
    Wire second = leftOver.closes(this.second.accept());
    Received _ = second.request();
    Wire hedge = leftOver.closes(first.accept());
    Received _ = hedge.request();
    assertThat(proxy.counted(RouteCounter.HEDGED)).isOne(); // the older one would have been, too
    slow.send(ok("first"));
    assertThat(client.response().body).hasToString("first");
    hedge.send(ok("hedge"));
    assertThat(later.response().body).hasToString("hedge");
  }

  @Test
  void whileTheServiceTurnsRequestsAwayNothingIsHedged() throws Exception {
    ProxyFixture proxy = proxy();
    proxy.target().setShedding(() -> true);
    assertNotHedged(proxy, RouteCounter.RETRY_SHEDDING);
  }

  @Test
  void hedgesStayWithinTheirBudget() throws Exception {
    HedgeConfig rarely = new HedgeConfig(0, Duration.ofMillis(1), 3); // not even one of one
    assertNotHedged(proxy(NodeProtocol.HTTP1, rarely), RouteCounter.HEDGE_NO_BUDGET);
  }

  private void assertNotHedged(ProxyFixture proxy, RouteCounter why) throws Exception {
    Wire client = client(proxy).send(GET);
    Wire slow = leftOver.closes(first.accept());
    Received _ = slow.request();
    Await.value(1L, () -> proxy.counted(why), why.name());
    slow.send(ok("first"));
    assertThat(client.response().body).hasToString("first");
    assertThat(proxy.counted(RouteCounter.HEDGED)).isZero();
    assertThat(proxy.counted(1, NodeCounter.REQUESTS)).isZero();
  }

  @Test
  void whatIsSlowFollowsTheRequestsOfTheLastSeconds() throws Exception {
    ProxyFixture proxy = proxy(NodeProtocol.HTTP1, new HedgeConfig(95, Duration.ZERO, 100));
    ServiceTarget target = proxy.target();
    assertThat(target.quantileNanos(95)).isEqualTo(Long.MAX_VALUE);
    target.tick();
    for (int i = 0; i < 99; i++) {
      proxy.service().nodes().all()[1].latency().record(0, 20_000);
    }
    target.tick();
    assertThat(target.quantileNanos(95)).as("too few").isEqualTo(Long.MAX_VALUE);
    proxy.service().nodes().all()[0].latency().record(0, 20_000);
    target.tick();
    assertThat(target.quantileNanos(95)).isBetween(20_000_000L, 21_300_000L);
    Wire client = client(proxy).send(GET);
    Wire slow = leftOver.closes(first.accept());
    Received _ = slow.request();
    Wire quick = leftOver.closes(second.accept());
    Received _ = quick.request();
    quick.send(ok("second"));
    assertThat(client.response().body).hasToString("second");
  }

  /** Else those that are hedged would be missing among the slow, and ever more would be. */
  @Test
  void whatWasOutrunCountsAmongTheSlow() throws Exception {
    ProxyFixture proxy = proxy();
    ServiceTarget target = proxy.target();
    assertThat(target.quantileNanos(99)).isEqualTo(Long.MAX_VALUE); // asks for them
    target.tick();
    for (int i = 0; i < 97; i++) {
      proxy.service().nodes().all()[1].latency().record(0, 10);
    }
    proxy.service().nodes().all()[1].latency().record(0, 10_000_000);
    Wire client = client(proxy).send(GET);
    Wire slow = leftOver.closes(first.accept());
    Received _ = slow.request();
    Wire quick = leftOver.closes(second.accept());
    Received _ = quick.request();
    quick.send(ok("second"));
    assertThat(client.response().body).hasToString("second");
    Await.value(99L, () -> answers(proxy), "answers");
    target.tick();
    // of a hundred, counting the answer of the second node, the slowest but one
    assertThat(target.quantileNanos(99)).isBetween(30_000_000L, 9_000_000_000L);
  }

  private static long answers(ProxyFixture proxy) {
    LatencyHistogram.Distribution seen = new LatencyHistogram.Distribution();
    for (Node node : proxy.service().nodes().all()) {
      node.latency().addTo(seen);
    }
    return seen.count();
  }
}
