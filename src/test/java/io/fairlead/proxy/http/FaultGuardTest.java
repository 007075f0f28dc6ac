package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.FaultConfig;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.RouteCounter;
import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Faults that are made on purpose, over HTTP/1.1 and HTTP/2. */
@Timeout(60)
final class FaultGuardTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  private static final String GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  private static final Duration NONE = Duration.ZERO;
  private static final Duration SHORT = Duration.ofMillis(150);
  private static final Duration LONG = Duration.ofSeconds(30);

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private final LoopCounters<RouteCounter> counters = new LoopCounters<>(1, RouteCounter.class);
  private HandNode node;
  private ProxyFixture proxy;

  @BeforeEach
  void open() throws IOException {
    node = leftOver.closes(new HandNode());
    proxy = leftOver.watches(ProxyFixture.start(node.address()));
  }

  private void fault(
      Duration delay, double delayShare, int abort, double abortShare, String header, int delayed) {
    proxy.guard(
        new FaultGuard(
            new FaultConfig(delay, delayShare, abort, abortShare, header, delayed), counters));
  }

  private Wire client() throws IOException {
    return leftOver.closes(Wire.to(proxy.address()));
  }

  private Wire accept() throws IOException {
    return leftOver.closes(node.accept());
  }

  private void counted(long value, RouteCounter counter) {
    Await.value(value, () -> counters.get(counter), counter.toString());
  }

  @Test
  void anAbortIsSaidToBeMeantAndNoNodeIsAsked() throws Exception {
    fault(NONE, 0, 502, 1, "", 1);
    Wire client = client();
    for (int i = 0; i < 2; i++) { // the connection goes on
      client.send(GET);
      Received answer = client.response();
      assertThat(answer.status()).isEqualTo(502);
      assertThat(answer.values("fairlead-error")).containsExactly("fault-injected");
      assertThat(answer.body.toString()).contains("on purpose");
    }
    Http2Wire second = leftOver.closes(Http2Wire.client(proxy.address()));
    second.get(1, "/");
    assertThat(second.answer(1).status()).isEqualTo(502);
    second.post(3, "/", "content-type: application/grpc").data(3, Http2Wire.END, "x");
    assertThat(second.answer(3).value("grpc-status")).isEqualTo("14");
    counted(4, RouteCounter.FAULT_ABORTED);
    assertThat(proxy.errors(ErrorReason.FAULT_INJECTED)).isEqualTo(4);
    assertThat(proxy.counted(RouteCounter.MEANT_5XX)).isEqualTo(3);
    assertThat(proxy.counted(RouteCounter.RESPONSES_5XX)).isEqualTo(3);
    assertThat(proxy.counted(0, NodeCounter.REQUESTS)).isZero();
  }

  @Test
  void aDelayHoldsNobodyElse() throws Exception {
    fault(SHORT, 0, 0, 0, "x-fault", 10);
    long began = System.nanoTime();
    Wire slow =
        client()
            .send(
                "POST /slow HTTP/1.1\r\nHost: x\r\nX-Fault: delay\r\nContent-Length: 2\r\n\r\nok");
    Await.value(1L, () -> counters.get(RouteCounter.FAULT_DELAYED), "delayed");
    Wire quick = client().send(GET);
    Wire up = accept();
    assertThat(up.request().start).startsWith("GET / ");
    up.send(OK);
    assertThat(quick.response().status()).isEqualTo(200);
    Received request = up.request();
    assertThat(System.nanoTime() - began).isGreaterThanOrEqualTo(SHORT.toNanos());
    assertThat(request.start).startsWith("POST /slow");
    assertThat(request.body.toString()).isEqualTo("ok");
    up.send(OK);
    assertThat(slow.response().status()).isEqualTo(200);
    assertThat(proxy.counted(0, NodeCounter.REQUESTS)).isEqualTo(2);
  }

  @Test
  void aDelayMayEndWithAnAbort() throws Exception {
    fault(SHORT, 1, 429, 1, "", 10);
    long began = System.nanoTime();
    assertThat(client().send(GET).response().status()).isEqualTo(429);
    assertThat(System.nanoTime() - began).isGreaterThanOrEqualTo(SHORT.toNanos());
    assertThat(proxy.counted(RouteCounter.MEANT_5XX)).isZero();
  }

  @ParameterizedTest
  @CsvSource({"false", "true"})
  void aClientThatGoesIsNotHeldAnyMoreAndGivesItsPlaceBack(boolean http2) throws Exception {
    fault(LONG, 0, 0, 0, "x-fault", 1);
    for (int i = 1; i <= 2; i++) {
      if (http2) {
        Http2Wire client = leftOver.closes(Http2Wire.client(proxy.address()));
        client.get(1, "/", "x-fault: delay");
        counted(i, RouteCounter.FAULT_DELAYED);
        client.reset(1, Http2.CANCEL).sync();
      } else {
        Wire client = client().send("GET / HTTP/1.1\r\nHost: x\r\nX-Fault: delay\r\n\r\n");
        counted(i, RouteCounter.FAULT_DELAYED);
        client.reset();
      }
      Await.value(0, () -> proxy.dataPlane().exchangesInUse(), "exchanges");
    }
    counted(0, RouteCounter.FAULT_NOT_DELAYED);
  }

  @Test
  void beyondThoseThatMayBeHeldRequestsGoOn() throws Exception {
    fault(LONG, 1, 0, 0, "", 1);
    Wire held = client().send(GET);
    counted(1, RouteCounter.FAULT_DELAYED);
    Wire client = client().send(GET);
    Wire up = accept();
    up.request();
    up.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
    counted(1, RouteCounter.FAULT_NOT_DELAYED);
    held.reset();
  }

  @ParameterizedTest
  @CsvSource({
    "x-fault: abort,          true",
    "'x-fault: delay , ABORT', true",
    "x-fault: abort2,         false",
    "x-fault: none,           false",
    "x-other: abort,          false"
  })
  void onlyWhoAsksInTheFieldGetsIt(String field, boolean aborted) throws Exception {
    fault(NONE, 0, 503, 0, "x-fault", 10);
    Wire client = client().send("GET / HTTP/1.1\r\nHost: x\r\n" + field + "\r\n\r\n");
    if (!aborted) {
      Wire up = accept();
      up.request();
      up.send(OK);
    }
    assertThat(client.response().status()).isEqualTo(aborted ? 503 : 200);
    counted(aborted ? 1 : 0, RouteCounter.FAULT_ABORTED);
  }
}
