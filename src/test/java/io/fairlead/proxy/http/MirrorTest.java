package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.balance.Balancer;
import io.fairlead.config.BalanceMethod;
import io.fairlead.config.HostPort;
import io.fairlead.config.MirrorConfig;
import io.fairlead.config.NodeProtocol;
import io.fairlead.config.RouteConfig;
import io.fairlead.config.ServiceConfig;
import io.fairlead.config.UpstreamConfig;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.RouteCounter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Copies of requests go to another service, and clients see nothing of it. */
@Timeout(60)
final class MirrorTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  private static final String GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final List<String> SAFE = List.of("GET", "HEAD", "OPTIONS");

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private HandNode node;
  private HandNode shadow;
  private ProxyFixture proxy;

  @BeforeEach
  void open() throws IOException {
    node = leftOver.closes(new HandNode());
    shadow = leftOver.closes(new HandNode());
    proxy = leftOver.watches(ProxyFixture.start(node.address()));
  }

  private void mirror(List<String> methods, int bodyBytes, int requests, Duration timeout) {
    mirror(shadow.address(), NodeProtocol.HTTP1, methods, bodyBytes, requests, timeout);
  }

  private void mirror(
      InetSocketAddress to,
      NodeProtocol protocol,
      List<String> methods,
      int bodyBytes,
      int requests,
      Duration timeout) {
    Service service = new Service("next", 1, new EventLog(() -> 0), () -> 0);
    HostPort address = new HostPort(to.getAddress().getHostAddress(), to.getPort());
    service.setMembers(List.of(new NodeSpec(address, "n", 1, "", "file")));
    for (Node each : service.nodes().all()) {
      each.setSocketAddress(to);
    }
    ServiceTarget target =
        new ServiceTarget(
            service,
            Balancer.of(BalanceMethod.ROUND_ROBIN, service.nodes(), null),
            new ServiceConfig("next", BalanceMethod.ROUND_ROBIN, protocol, UpstreamConfig.DEFAULT));
    proxy.mirror(
        new MirrorConfig("next", 1, methods, bodyBytes, requests, timeout),
        new HttpRoute(
            RouteConfig.mirror("web-1.mirror", "next", timeout),
            target,
            new LoopCounters<>(1, RouteCounter.class)));
  }

  private Wire client() throws IOException {
    return leftOver.closes(Wire.to(proxy.address()));
  }

  private Wire accept() throws IOException {
    return leftOver.closes(node.accept());
  }

  private Wire copied() throws IOException {
    return leftOver.closes(shadow.accept());
  }

  private void counted(long value, RouteCounter counter) {
    Await.value(value, () -> proxy.counted(counter), counter.toString());
  }

  @Test
  void aCopyGoesToTheOtherServiceAndItsAnswerNowhere() throws Exception {
    mirror(SAFE, 1024, 10, LONG);
    Wire client =
        client()
            .send(
                String.join(
                    "\r\n",
                    "GET /a/./b?c=d HTTP/1.1",
                    "Host: Shop.example",
                    "Cookie: k=v",
                    "X-Forwarded-For: 10.0.0.1",
                    "Fairlead-Mirror: me",
                    "fairlead_mirror: me",
                    "",
                    ""));
    Wire up = accept();
    Received request = up.request();
    Wire other = copied();
    Received copy = other.request();
    assertThat(request.values("fairlead-mirror")).isEmpty();
    assertThat(request.values("fairlead_mirror")).isEmpty();
    assertThat(copy.values("fairlead-mirror")).isEqualTo(request.values("x-request-id"));
    assertThat(copy.values("fairlead_mirror")).isEmpty();
    assertThat(copy.start).isEqualTo(request.start).isEqualTo("GET /a/b?c=d HTTP/1.1");
    for (String same : new String[] {"host", "cookie", "x-forwarded-for", "via"}) {
      assertThat(copy.values(same)).isEqualTo(request.values(same)).hasSize(1);
    }
    assertThat(copy.values("x-request-id")).hasSize(1).isNotEqualTo(request.values("x-request-id"));
    other.send("HTTP/1.1 500 No\r\nSet-Cookie: bad=1\r\nContent-Length: 3\r\n\r\nbad");
    up.send(OK);
    Received answer = client.response();
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.values("set-cookie")).isEmpty();
    assertThat(answer.body.toString()).isEqualTo("ok");
    // The connection to the other service serves again, and so does the client's.
    client.send(GET);
    up.request();
    other.request();
    other.send(OK);
    up.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
    counted(2, RouteCounter.MIRRORED);
    counted(2, RouteCounter.REQUESTS);
    counted(0, RouteCounter.RESPONSES_5XX);
    assertThat(proxy.counted(0, NodeCounter.REQUESTS)).isEqualTo(2);
    counted(0, RouteCounter.MIRROR_FAILED);
  }

  @Test
  void whatMayNotHappenTwiceIsNotCopiedUnlessSaid() throws Exception {
    mirror(SAFE, 1024, 10, LONG);
    Wire client = client();
    Wire up = null;
    String post = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";
    for (String request : new String[] {post, post, GET}) {
      client.send(request);
      up = up == null ? accept() : up;
      up.request();
      up.send(OK);
      assertThat(client.response().status()).isEqualTo(200);
    }
    Wire other = copied();
    assertThat(other.request().start).startsWith("GET");
    other.send(OK);
    counted(1, RouteCounter.MIRRORED);
  }

  @ParameterizedTest
  @EnumSource(
      value = NodeProtocol.class,
      names = {"HTTP1", "H2"})
  void bodiesGoAlong(NodeProtocol protocol) throws Exception {
    mirror(shadow.address(), protocol, List.of("POST"), 1 << 20, 10, LONG);
    String large = "0123456789abcdef".repeat(30_000); // more than windows and buffers take at once
    Wire client = client();
    client.send(
        "POST /1 HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: "
            + large.length()
            + "\r\n\r\n"
            + large);
    Wire up = accept();
    assertThat(up.request().body.toString()).isEqualTo(large);
    up.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
    assertCopy(protocol, "/1", large);
    client.send(
        "POST /2 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n");
    assertThat(up.request().body.toString()).isEqualTo("abcde");
    up.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
    assertCopy(protocol, "/2", "abcde");
    Http2Wire second = leftOver.closes(Http2Wire.client(proxy.address()));
    second.post(1, "/3").data(1, 0, "one ").data(1, Http2Wire.END, "two");
    assertThat(up.request().body.toString()).isEqualTo("one two");
    up.send(OK);
    assertThat(second.answer(1).status()).isEqualTo(200);
    assertCopy(protocol, "/3", "one two");
    counted(3, RouteCounter.MIRRORED);
  }

  private @Nullable Wire plain;
  private @Nullable Http2Wire streams;
  private int stream = 1;

  private void assertCopy(NodeProtocol protocol, String path, String body) throws Exception {
    if (protocol == NodeProtocol.HTTP1) {
      Wire to = plain == null ? copied() : plain;
      plain = to;
      Received copy = to.request();
      assertThat(copy.start).isEqualTo("POST " + path + " HTTP/1.1");
      assertThat(copy.values("expect")).isEmpty();
      assertThat(copy.body.toString()).isEqualTo(body);
      to.send(OK);
    } else {
      Http2Wire to = streams == null ? leftOver.closes(Http2Wire.node(copied())) : streams;
      streams = to;
      Http2Wire.Stream copy = to.bigAnswer(stream);
      assertThat(copy.value(":path")).isEqualTo(path);
      assertThat(copy.value("fairlead-mirror")).isNotNull();
      assertThat(copy.body.toString()).isEqualTo(body);
      to.headers(stream, Http2Wire.END, List.of(":status: 204"));
      stream += 2;
    }
  }

  @Test
  void aBodyThatIsTooLongGoesToTheFirstServiceOnly() throws Exception {
    mirror(List.of("POST"), 5, 10, LONG);
    Wire client = client();
    Wire up = null;
    for (String framed :
        new String[] {
          "Content-Length: 6\r\n\r\nabcdef",
          "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"
        }) {
      client.send("POST / HTTP/1.1\r\nHost: x\r\n" + framed);
      up = up == null ? accept() : up;
      assertThat(up.request().body.toString()).isEqualTo("abcdef");
      up.send(OK);
      assertThat(client.response().status()).isEqualTo(200);
    }
    counted(2, RouteCounter.MIRROR_TOO_LARGE);
    counted(0, RouteCounter.MIRRORED);
  }

  /** What may become of a copy. */
  enum Trouble {
    SILENCE,
    HALF,
    RESET,
    NO_HTTP,
    NOBODY
  }

  @ParameterizedTest
  @EnumSource(Trouble.class)
  void whateverTheOtherServiceDoesClientsDoNotNotice(Trouble trouble) throws Exception {
    boolean slow = trouble == Trouble.SILENCE || trouble == Trouble.HALF;
    mirror(
        trouble == Trouble.NOBODY ? HandNode.nobody() : shadow.address(),
        NodeProtocol.HTTP1,
        SAFE,
        0,
        1,
        slow ? Duration.ofMillis(400) : LONG);
    Wire client = client().send(GET);
    Wire other = null;
    if (trouble != Trouble.NOBODY) {
      other = copied();
      other.request();
      if (trouble == Trouble.HALF) {
        other.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
      }
    }
    Wire up = accept();
    up.request();
    up.send(OK);
    assertThat(client.response().status()).isEqualTo(200); // while the other says nothing
    if (trouble == Trouble.RESET) {
      Objects.requireNonNull(other).reset();
    } else if (trouble == Trouble.NO_HTTP) {
      Objects.requireNonNull(other).send("hello\r\n\r\n");
    }
    counted(1, RouteCounter.MIRROR_FAILED);
    if (other != null && slow) {
      assertThat(other.ends()).isTrue();
    }
    counted(1, RouteCounter.REQUESTS);
    counted(0, RouteCounter.RESPONSES_5XX);
    for (ErrorReason reason : ErrorReason.values()) {
      assertThat(proxy.errors(reason)).as(reason.toString()).isZero();
    }
    assertThat(proxy.counted(0, NodeCounter.REQUESTS)).isOne();
    assertThat(proxy.counted(0, NodeCounter.RETRIED)).isZero();
  }

  @Test
  void beyondThoseThatMayBeOnTheirWayThereIsNoCopy() throws Exception {
    mirror(SAFE, 1024, 1, LONG);
    Wire client = client().send(GET);
    Wire up = accept();
    for (int i = 0; i < 3; i++) {
      if (i > 0) {
        client.send(GET);
      }
      up.request();
      up.send(OK);
      assertThat(client.response().status()).isEqualTo(200);
    }
    counted(1, RouteCounter.MIRRORED);
    counted(2, RouteCounter.MIRROR_BUSY);
    Wire other = copied();
    other.request();
    other.send(OK);
    Await.value(0, () -> proxy.dataPlane().exchangesInUse(), "exchanges");
    client.send(GET);
    up.request();
    up.send(OK);
    other.request();
    other.send(OK);
    counted(2, RouteCounter.MIRRORED);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aClientThatGoesTakesWithItWhatIsNotWhole(boolean whole) throws Exception {
    mirror(List.of("POST"), 1024, 10, LONG);
    Wire client =
        client()
            .send(
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"
                    + (whole ? "body" : "bo"));
    Wire up = accept();
    if (whole) {
      up.request();
    } else {
      up.requestHead();
    }
    if (whole) {
      Wire other = copied();
      assertThat(other.request().body.toString()).isEqualTo("body");
      client.reset();
      assertThat(up.ends() || up.isReset()).isTrue();
      other.send(OK); // is still waited for
      Await.value(0, () -> proxy.dataPlane().exchangesInUse(), "exchanges");
      counted(0, RouteCounter.MIRROR_FAILED);
    } else {
      Await.value(2L, () -> proxy.dataPlane().bytesOfBodies(), "bytes in memory");
      client.reset();
      Await.value(0L, () -> proxy.dataPlane().bytesOfBodies(), "bytes in memory");
      counted(0, RouteCounter.MIRRORED);
    }
  }

  @Test
  void aRouteWithoutItHasNothingToAsk() {
    HttpRoute route =
        new HttpRoute(
            new RouteConfig("web-1", io.fairlead.config.RouteMatch.ANY, "shop", LONG),
            proxy.target(),
            new LoopCounters<>(1, RouteCounter.class));
    assertThat(route.mirror()).isNull();
    assertThat(route.guards()).isNull();
  }
}
