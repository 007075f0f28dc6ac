package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.balance.Balancer;
import io.fairlead.config.BalanceMethod;
import io.fairlead.config.ExtAuthConfig;
import io.fairlead.config.ExtAuthConfig.Fail;
import io.fairlead.config.HostPort;
import io.fairlead.config.NodeProtocol;
import io.fairlead.config.RouteConfig;
import io.fairlead.config.RouteMatch;
import io.fairlead.config.ServiceConfig;
import io.fairlead.config.UpstreamConfig;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.RouteCounter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A service is asked about each request, over HTTP/1.1 and HTTP/2. */
@Timeout(60)
final class ExtAuthGuardTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  private static final Duration LONG = Duration.ofSeconds(30);

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private HandNode node;
  private HandNode login;
  private ProxyFixture proxy;

  @BeforeEach
  void open() throws IOException {
    node = leftOver.closes(new HandNode());
    login = leftOver.closes(new HandNode());
    proxy =
        leftOver
            .watches(ProxyFixture.start(node.address()))
            .guard(guard(login.address(), LONG, Fail.CLOSED));
  }

  private static ExtAuthGuard guard(InetSocketAddress asked, Duration timeout, Fail fail) {
    Service service = new Service("login", 1, new EventLog(() -> 0), () -> 0);
    HostPort address = new HostPort(asked.getAddress().getHostAddress(), asked.getPort());
    service.setMembers(List.of(new NodeSpec(address, "l", 1, "", "file")));
    for (Node each : service.nodes().all()) {
      each.setSocketAddress(asked);
    }
    ServiceTarget target =
        new ServiceTarget(
            service,
            Balancer.of(BalanceMethod.ROUND_ROBIN, service.nodes(), null),
            new ServiceConfig(
                "login", BalanceMethod.ROUND_ROBIN, NodeProtocol.HTTP1, UpstreamConfig.DEFAULT));
    return new ExtAuthGuard(
        new ExtAuthConfig(
            "login", "/auth", timeout, List.of("authorization", "x-key"), List.of("x-user"), fail),
        new HttpRoute(
            new RouteConfig("web-1.ext-auth", RouteMatch.ANY, "login", timeout),
            target,
            new LoopCounters<>(1, RouteCounter.class)));
  }

  private Wire client() throws IOException {
    return leftOver.closes(Wire.to(proxy.address()));
  }

  private Wire asked() throws IOException {
    return leftOver.closes(login.accept());
  }

  private Wire accept() throws IOException {
    return leftOver.closes(node.accept());
  }

  @Test
  void theServiceIsToldWhatWasAskedAndNodesWhatItSays() throws Exception {
    Wire client =
        client()
            .send(
                String.join(
                    "\r\n",
                    "POST /a/./b?c=d HTTP/1.1",
                    "Host: Shop.example",
                    "X-Key: k",
                    "X-Other: o",
                    "X-User: root",
                    "x_user: root",
                    "X-Forwarded-For: 10.0.0.1",
                    "Authorization: Basic x",
                    "Content-Length: 4",
                    "",
                    "body"));
    Wire asked = asked();
    Received question = asked.request();
    assertThat(question.start).isEqualTo("GET /auth HTTP/1.1");
    assertThat(question.values("host")).containsExactly("shop.example");
    assertThat(question.values("x-forwarded-method")).containsExactly("POST");
    assertThat(question.values("x-forwarded-host")).containsExactly("shop.example");
    assertThat(question.values("x-forwarded-uri")).containsExactly("/a/b?c=d");
    assertThat(question.values("x-forwarded-for")).containsExactly("127.0.0.1");
    assertThat(question.values("x-key")).containsExactly("k");
    assertThat(question.values("authorization")).containsExactly("Basic x");
    assertThat(question.values("x-other")).isEmpty();
    assertThat(question.values("x-user")).isEmpty();
    assertThat(question.values("content-length")).isEmpty();
    asked.send(
        "HTTP/1.1 200 OK\r\nX-User: ann\r\nX-Group: g\r\nTransfer-Encoding: chunked\r\n\r\n");
    asked.send("3\r\nyes\r\n0\r\n\r\n");
    Wire up = accept();
    Received request = up.request();
    assertThat(request.values("x-user")).containsExactly("ann");
    assertThat(request.values("x_user")).isEmpty();
    assertThat(request.values("x-group")).isEmpty();
    assertThat(request.values("authorization")).containsExactly("Basic x");
    assertThat(request.body.toString()).isEqualTo("body");
    up.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
    // The same connections for the next one.
    client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    asked.request();
    asked.send("HTTP/1.1 204 No Content\r\n\r\n");
    assertThat(up.request().values("x-user")).isEmpty();
    up.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403, 302})
  void aRefusalGoesToTheClient(int status) throws Exception {
    Wire client = client();
    Wire asked = null;
    for (String method : new String[] {"GET", "HEAD"}) {
      client.send(method + " / HTTP/1.1\r\nHost: x\r\n\r\n");
      asked = asked == null ? asked() : asked;
      asked.request();
      asked.send(
          "HTTP/1.1 "
              + status
              + " No\r\nWWW-Authenticate: Basic\r\nLocation: /login\r\nSet-Cookie: a=b\r\n"
              + "X-Request-Id: theirs\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nnope\r\n0\r\n\r\n");
      Received answer = method.equals("HEAD") ? client.responseToHead() : client.response();
      assertThat(answer.status()).isEqualTo(status);
      assertThat(answer.values("www-authenticate")).containsExactly("Basic");
      assertThat(answer.values("location")).containsExactly("/login");
      assertThat(answer.values("set-cookie")).containsExactly("a=b");
      assertThat(answer.values("x-request-id")).hasSize(1).doesNotContain("theirs");
      assertThat(answer.values("via")).hasSize(1);
      assertThat(answer.values("fairlead-error"))
          .containsExactly(status == 403 ? "forbidden" : "unauthenticated");
      assertThat(answer.values("content-length")).containsExactly("4");
      if (method.equals("GET")) {
        assertThat(answer.body.toString()).isEqualTo("nope");
      }
    }
    assertThat(proxy.counted(status == 403 ? RouteCounter.FORBIDDEN : RouteCounter.UNAUTHENTICATED))
        .isEqualTo(2);
  }

  /** What the service may do instead of an answer. */
  enum Trouble {
    ERROR,
    TEAPOT,
    RESET,
    NO_HTTP,
    SILENCE,
    HALF,
    NOBODY
  }

  @ParameterizedTest
  @EnumSource(Trouble.class)
  void whatIsNoAnswerTurnsAwayOrLetsIn(Trouble trouble) throws Exception {
    InetSocketAddress at = trouble == Trouble.NOBODY ? HandNode.nobody() : login.address();
    boolean slow = trouble == Trouble.SILENCE || trouble == Trouble.HALF;
    for (Fail fail : Fail.values()) {
      proxy.guard(guard(at, slow ? Duration.ofMillis(300) : LONG, fail));
      Wire client = client().send("GET / HTTP/1.1\r\nHost: x\r\nX-User: root\r\n\r\n");
      if (trouble != Trouble.NOBODY) {
        for (int tries = trouble == Trouble.RESET ? 2 : 1; tries > 0; tries--) {
          Wire asked = asked();
          asked.request();
          switch (trouble) {
            case ERROR -> asked.send("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
            case TEAPOT -> asked.send("HTTP/1.1 418 No\r\nContent-Length: 0\r\n\r\n");
            case RESET -> asked.reset();
            case NO_HTTP -> asked.send("hello\r\n\r\n");
            case HALF -> asked.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
            case SILENCE, NOBODY -> {}
          }
        }
      }
      if (fail == Fail.CLOSED) {
        Received answer = client.response();
        assertThat(answer.status()).isEqualTo(503);
        assertThat(answer.values("fairlead-error")).containsExactly("auth-unavailable");
        assertThat(answer.values("retry-after")).hasSize(1);
      } else {
        Wire up = accept();
        assertThat(up.request().values("x-user")).isEmpty();
        up.send(OK);
        assertThat(client.response().status()).isEqualTo(200);
      }
    }
  }

  @Test
  void aClientThatGoesIsNotAskedAboutAnyMore() throws Exception {
    Wire client = client().send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    Wire asked = asked();
    asked.request();
    client.reset();
    assertThat(asked.ends()).isTrue();
    Await.nothing(() -> proxy.dataPlane().exchangesInUse() == 0 ? "" : "an exchange goes on");
    assertThat(proxy.errors(ErrorReason.CLIENT_GONE)).isOne();
  }

  @Test
  void streamsAreAskedAboutOneByOne() throws Exception {
    Http2Wire client = leftOver.closes(Http2Wire.client(proxy.address()));
    client.get(1, "/1", "x-key: 1").post(3, "/3").data(3, Http2Wire.END, "body").get(5, "/5");
    Wire first = asked();
    assertThat(first.request().values("x-key")).containsExactly("1");
    Wire second = asked();
    assertThat(second.request().values("x-forwarded-uri")).containsExactly("/3");
    Wire third = asked();
    third.request();
    client.reset(5, Http2.CANCEL).sync();
    assertThat(third.ends()).isTrue();
    first.send("HTTP/1.1 403 No\r\nContent-Length: 4\r\n\r\nnope");
    Http2Wire.Stream refused = client.answer(1);
    assertThat(refused.status()).isEqualTo(403);
    assertThat(refused.value("content-length")).isEqualTo("4");
    assertThat(refused.body.toString()).isEqualTo("nope");
    second.send("HTTP/1.1 200 OK\r\nX-User: ann\r\nContent-Length: 0\r\n\r\n");
    Wire up = accept();
    Received request = up.request();
    assertThat(request.values("x-user")).containsExactly("ann");
    assertThat(request.body.toString()).isEqualTo("body");
    up.send(OK);
    assertThat(client.answer(3).status()).isEqualTo(200);
  }
}
