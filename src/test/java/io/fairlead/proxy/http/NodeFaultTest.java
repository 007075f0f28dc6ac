package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.demo.Behaviour;
import io.fairlead.demo.TestNode;
import io.fairlead.service.Node;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.NodeCounter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What nodes do wrong: what their clients see of it, what is counted, and who is not harmed. */
final class NodeFaultTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Duration SHORT = Duration.ofMillis(400);

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  @Test
  void aRequestThatIsSafeToRepeatGoesToAnotherNodeWhenItsNodeDies() throws Exception {
    HandNode first = leftOver.closes(new HandNode());
    HandNode second = leftOver.closes(new HandNode());
    ProxyFixture proxy = proxy(LONG, first.address(), second.address());
    Wire client = client(proxy).send(get("/1"));
    Wire dying = leftOver.closes(first.accept());
    assertThat(dying.request().start).isEqualTo("GET /1 HTTP/1.1");
    dying.reset();
    Wire other = leftOver.closes(second.accept());
    assertThat(other.request().start).isEqualTo("GET /1 HTTP/1.1");
    other.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
    assertThat(proxy.counted(0, NodeCounter.RESET)).isOne();
    assertThat(proxy.counted(0, NodeCounter.RETRIED)).isOne();
    assertThat(proxy.errors(ErrorReason.UPSTREAM_RESET)).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "POST /1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
        "PATCH /1 HTTP/1.1\r\nHost: a\r\n\r\n"
      })
  void whatMustNotHappenTwiceIsSentOnce(String request) throws Exception {
    HandNode first = leftOver.closes(new HandNode());
    HandNode second = leftOver.closes(new HandNode());
    ProxyFixture proxy = proxy(LONG, first.address(), second.address());
    Wire client = client(proxy).send(request);
    Wire dying = leftOver.closes(first.accept());
    Received _ = dying.request();
    dying.reset();
    assertOurs(client.response(), 502, "upstream-reset");
    assertThat(proxy.counted(0, NodeCounter.REQUESTS)).isOne();
    assertThat(proxy.counted(1, NodeCounter.REQUESTS)).isZero();
    assertThat(proxy.counted(1, NodeCounter.CONNECTIONS)).isZero();
    assertThat(proxy.errors(ErrorReason.UPSTREAM_RESET)).isOne();
  }

  @Test
  void aRequestIsRepeatedOnceAndNotForEver() throws Exception {
    HandNode node = leftOver.closes(new HandNode());
    ProxyFixture proxy = proxy(LONG, node.address());
    Wire client = client(proxy).send(get("/1"));
    for (int i = 0; i < 2; i++) {
      Wire dying = leftOver.closes(node.accept());
      Received _ = dying.request();
      dying.reset();
    }
    assertOurs(client.response(), 502, "upstream-reset");
    assertThat(proxy.counted(0, NodeCounter.REQUESTS)).isEqualTo(2);
  }

  @Test
  void allRequestsInFlightToANodeThatIsKilledAreAnsweredByTheOther() throws Exception {
    TestNode doomed = node(Behaviour.PLAIN.with("hang", "true"));
    TestNode other = node(Behaviour.PLAIN);
    ProxyFixture proxy = proxy(LONG, address(doomed), address(other));
    Wire[] clients = new Wire[20];
    for (int i = 0; i < clients.length; i++) {
      clients[i] = client(proxy).send(get("/" + i));
    }
    Await.value(10L, () -> proxy.counted(0, NodeCounter.REQUESTS), "requests at the doomed node");
    doomed.close();
    for (Wire client : clients) {
      assertThat(client.response().status()).isEqualTo(200);
    }
    assertThat(proxy.counted(0, NodeCounter.RESET)).isEqualTo(10);
  }

  @Test
  void aConnectionThatWentStaleIsNoticedAndTheRequestRepeatedOnAFreshOne() throws Exception {
    ProxyFixture proxy = proxy(LONG, address(node(Behaviour.PLAIN)));
    Wire client = client(proxy).send(get("/1?stale=on-reuse"));
    assertThat(client.response().status()).isEqualTo(200);
    client.send(get("/2"));
    assertThat(client.response().status()).isEqualTo(200);
    assertThat(proxy.counted(0, NodeCounter.CONNECTIONS)).isEqualTo(2);
    assertThat(proxy.counted(0, NodeCounter.RETRIED)).isOne();
  }

  @Test
  void anUnusedConnectionThatTheNodeClosesIsNotUsedAgain() throws Exception {
    ProxyFixture proxy = proxy(LONG, address(node(Behaviour.PLAIN)));
    Wire client = client(proxy).send(get("/1?stale"));
    assertThat(client.response().status()).isEqualTo(200);
    Await.value(0, () -> proxy.service().nodes().all()[0].connections(), "connections");
    client.send("POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    assertThat(client.response().status()).isEqualTo(200);
    assertThat(proxy.counted(0, NodeCounter.RETRIED)).isZero();
  }

  @Test
  void bytesOnAnUnusedConnectionMakeItUseless() throws Exception {
    HandNode node = leftOver.closes(new HandNode());
    ProxyFixture proxy = proxy(LONG, node.address());
    Wire client = client(proxy).send(get("/1"));
    Wire first = leftOver.closes(node.accept());
    Received _ = first.request();
    first.send(OK);
    assertThat(client.response().body).hasToString("ok");
    first.send("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\npoisoned");
    assertThat(first.ends()).isTrue();
    client.send(get("/2"));
    Wire second = leftOver.closes(node.accept());
    Received _ = second.request();
    second.send(OK);
    assertThat(client.response().body).hasToString("ok");
  }

  @Test
  void aNodeThatRefusesConnectionsCostsNoRequest() throws Exception {
    InetSocketAddress nobody = HandNode.nobody();
    ProxyFixture proxy = proxy(LONG, nobody, address(node(Behaviour.PLAIN)));
    Wire client = client(proxy);
    for (int i = 0; i < 10; i++) {
      client.send("POST /" + i + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
      assertThat(client.response().status()).isEqualTo(200);
    }
    assertThat(proxy.counted(0, NodeCounter.CONNECT_FAILED)).isPositive();
    assertThat(proxy.connectFailures())
        .isNotEmpty()
        .allSatisfy(failure -> assertThat(failure).endsWith("connection refused (refused)"));
  }

  @Test
  void whenNobodyListensTheAnswerIs503() throws Exception {
    ProxyFixture proxy = proxy(LONG, HandNode.nobody(), HandNode.nobody());
    Wire client = client(proxy).send(get("/1"));
    assertOurs(client.response(), 503, "connect-failed");
    client.send(get("/2"));
    assertOurs(client.response(), 503, "connect-failed");
    assertThat(proxy.errors(ErrorReason.CONNECT_FAILED)).isEqualTo(2);
  }

  @Test
  void aNodeThatNeverAnswersIsGivenUpAfterTheRoutesTimeout() throws Exception {
    ProxyFixture proxy = proxy(SHORT, address(node(Behaviour.PLAIN)));
    Wire client = client(proxy).send(get("/1?hang"));
    assertOurs(client.response(), 504, "upstream-timeout");
    client.send(get("/2"));
    assertThat(client.response().status()).isEqualTo(200);
    assertThat(proxy.errors(ErrorReason.UPSTREAM_TIMEOUT)).isOne();
    assertThat(proxy.counted(0, NodeCounter.TIMEOUT)).isOne();
  }

  /** What the client sees: a status of ours, the node's own, or {@code cut} in the middle of it. */
  @ParameterizedTest
  @CsvSource({
    "/1?reset, 502, UPSTREAM_RESET",
    "/1?garbage, 502, BAD_RESPONSE",
    "/1?endless-header, 502, BAD_RESPONSE",
    "/1?bad-framing=two-lengths, 502, BAD_RESPONSE",
    "/1?bad-framing=length-and-chunked, 502, BAD_RESPONSE",
    "/1?bad-framing=bad-chunk-size, cut, BAD_RESPONSE",
    "/1?bad-framing=huge-chunk-size, cut, BAD_RESPONSE",
    "/1?hang, 504, UPSTREAM_TIMEOUT",
    "/1?slow-head=20, 504, UPSTREAM_TIMEOUT",
    "/bytes/100000?cut, cut, UPSTREAM_RESET",
    "/bytes/100000?cut=0, cut, UPSTREAM_RESET",
    "/chunked/100000?cut, cut, UPSTREAM_RESET",
    "/bytes/3000?slow-body=4000, 200, none",
    "/chunked/3000?slow-body=4000, 200, none",
    "/bytes/1000?close, 200, none",
    "/bytes/1000?until-close, 200, none"
  })
  void aFaultHasItsReasonAndHarmsNobodyElse(String target, String outcome, String reason)
      throws Exception {
    ProxyFixture proxy = proxy(SHORT, address(node(Behaviour.PLAIN)));
    try (Bystander bystander = new Bystander(proxy.address())) {
      Wire client = client(proxy).send(get(target));
      switch (outcome) {
        case "cut" -> {
          assertThat(client.brokenResponse().start).isEqualTo("HTTP/1.1 200 OK");
          assertThat(client.ends()).isTrue();
        }
        case "200" -> assertThat(client.response().status()).isEqualTo(200);
        default -> assertOurs(client.response(), Integer.parseInt(outcome), word(reason));
      }
      bystander.servedMore();
    }
    for (ErrorReason each : ErrorReason.values()) {
      assertThat(proxy.errors(each)).as(each.name()).isEqualTo(each.name().equals(reason) ? 1 : 0);
    }
    Node node = proxy.service().nodes().all()[0];
    Await.nothing(() ->
        node.connections() == proxy.dataPlane().pools().idle(node)
            ? ""
            : "a connection is neither unused nor closed");
  }

  @Test
  void nothingIsSaidBehindAnAnswerThatBrokeOff() throws Exception {
    HandNode node = leftOver.closes(new HandNode());
    ProxyFixture proxy = proxy(LONG, node.address());
    // The second request would be refused, and the refusal would fill up the first answer.
    Wire client = client(proxy).send(get("/1") + "GET / HTTP/1.1\r\nHost: not a host\r\n\r\n");
    Wire first = leftOver.closes(node.accept());
    Received _ = first.request();
    first.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf");
    first.close();
    assertThat(client.brokenResponse().body).hasToString("half");
  }

  @Test
  void anAnswerThatBreaksOffIsNotTakenForCompleteByAnOldClient() throws Exception {
    HandNode node = leftOver.closes(new HandNode());
    ProxyFixture proxy = proxy(LONG, node.address());
    Wire client = client(proxy).send("GET /1 HTTP/1.0\r\n\r\n");
    Wire first = leftOver.closes(node.accept());
    Received _ = first.request();
    first.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    Received head = client.responseHead();
    assertThat(head.values("content-length")).isEmpty();
    assertThat(client.raw(4)).isEqualTo("half");
    first.close();
    assertThat(client.isReset()).isTrue();
  }

  @Test
  void anAnswerBeforeTheEndOfTheRequestEndsTheConnection() throws Exception {
    HandNode node = leftOver.closes(new HandNode());
    ProxyFixture proxy = proxy(LONG, node.address());
    Wire client =
        client(proxy).send("POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf");
    Wire first = leftOver.closes(node.accept());
    Received _ = first.requestHead();
    first.send("HTTP/1.1 413 Too Much\r\nContent-Length: 0\r\n\r\n");
    Received answer = client.response();
    assertThat(answer.status()).isEqualTo(413);
    assertThat(answer.values("connection")).containsExactly("close");
    assertThat(client.ends()).isTrue();
    assertThat(first.raw(4)).isEqualTo("half");
    assertThat(first.ends()).isTrue();
  }

  private ProxyFixture proxy(Duration timeout, InetSocketAddress... nodes) {
    return leftOver.watches(ProxyFixture.start(List.of(nodes), ProxyFixture.limits(), timeout, 1));
  }

  private Wire client(ProxyFixture proxy) throws IOException {
    return leftOver.closes(Wire.to(proxy.address()));
  }

  private TestNode node(Behaviour behaviour) throws IOException {
    return leftOver.closes(TestNode.start("127.0.0.1", 0, "n", behaviour));
  }

  private static InetSocketAddress address(TestNode node) {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), node.port());
  }

  private static String get(String target) {
    return "GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n";
  }

  private static String word(String reason) {
    return reason.toLowerCase(java.util.Locale.ROOT).replace('_', '-');
  }

  private static void assertOurs(Received answer, int status, String reason) {
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.values("fairlead-error")).containsExactly(reason);
  }
}
