package io.fairlead.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every way in which the node misbehaves, as its client sees it. */
final class FaultTest {
  private TestNode node;
  private RawClient client;

  @BeforeEach
  void start() throws IOException {
    node = TestNode.start("127.0.0.1", 0, "a", Behaviour.PLAIN, new SplittableRandom(1));
    client = new RawClient(node);
  }

  @AfterEach
  void stop() throws IOException {
    client.close();
    node.close();
    assertThat(node.counters().open.get()).as("connections left over").isZero();
  }

  @Test
  void hangNeverAnswers() throws IOException {
    client.get("/?hang");
    assertSilent(client);
  }

  @Test
  void resetResets() throws IOException {
    client.get("/?reset");
    assertThatThrownBy(client::rest)
        .isInstanceOf(SocketException.class)
        .hasMessageContaining("reset");
  }

  @Test
  void garbageIsNotHttp() throws IOException {
    assertThat(client.get("/?garbage").rest()).isNotEmpty().doesNotContain("HTTP/1");
  }

  @Test
  void anEndlessHeaderGoesOnUntilTheClientLeaves() throws IOException {
    client.get("/?endless-header");
    assertThat(client.line()).isEqualTo("HTTP/1.1 200 OK");
    assertThat(client.bytes(3_000_000)).hasSize(3_000_000).doesNotContain("\r\n\r\n");
  }

  @ParameterizedTest
  @EnumSource
  void badFramingIsSentAsItIsWrittenAndTheConnectionStays(BadFraming variant) throws IOException {
    byte[] answer = variant.answer("a");
    client.get("/?bad-framing=" + variant.key());
    assertThat(client.bytes(answer.length).getBytes(StandardCharsets.ISO_8859_1)).isEqualTo(answer);
    assertThat(client.get("/").reply().body()).isEqualTo("hello from a, request 2\n");
  }

  @Test
  void cutEndsTheBodyEarly() throws IOException {
    assertThat(client.get("/bytes/100?cut=30").rest())
        .contains("content-length: 100\r\n")
        .endsWith("\r\n\r\n" + "!\"#$%&'()*+,-./0123456789:;<=>");
    try (RawClient second = new RawClient(node)) {
      assertThat(second.get("/bytes/100?cut").rest().split("\r\n\r\n", 2)[1]).hasSize(50);
    }
    try (RawClient third = new RawClient(node)) {
      assertThat(third.get("/chunked/9?chunk=4&cut=6").rest())
          .endsWith("\r\n\r\n4\r\n!\"#$\r\n4\r\n%&");
    }
  }

  @Test
  void aSlowBodyKeepsItsPace() throws IOException {
    long start = System.nanoTime();
    assertThat(client.get("/bytes/200?slow-body=1000").reply().body()).hasSize(200);
    assertThat(System.nanoTime() - start).isBetween(149_000_000L, 2_000_000_000L);
  }

  @Test
  void aSlowHeadKeepsItsPaceAndTheNextAnswerIsQuickAgain() throws IOException {
    long start = System.nanoTime();
    client.get("/?slow-head=400");
    assertThat(client.reply().status()).isEqualTo(200); // about 90 bytes of head
    assertThat(System.nanoTime() - start).isBetween(150_000_000L, 2_000_000_000L);
    start = System.nanoTime();
    assertThat(client.get("/bytes/100000").reply().body()).hasSize(100_000);
    assertThat(System.nanoTime() - start).isLessThan(1_000_000_000L);
  }

  @Test
  void closeSaysSoAndStaleDoesNot() throws IOException {
    assertThat(client.get("/?close").rest()).contains("connection: close\r\n");
    try (RawClient second = new RawClient(node)) {
      assertThat(second.get("/?stale").rest()).doesNotContain("connection");
    }
    try (RawClient third = new RawClient(node)) {
      assertThat(third.get("/?stale=on-reuse").reply().status()).isEqualTo(200);
      assertSilent(third); // still open
      assertThat(third.get("/").rest()).isEmpty();
    }
  }

  @Test
  void aRequestThatNamesAFaultGetsNoOther() throws IOException {
    node.setBehaviour(Behaviour.PLAIN.with(new Fault.Hang()));
    assertThat(client.get("/?close").reply().status()).isEqualTo(200);
  }

  @Test
  void errorsComeAtTheirRateAndAreAnsweredWith500() throws IOException {
    node.setBehaviour(Behaviour.PLAIN.withErrorRate(0.25));
    int errors = 0;
    for (int i = 0; i < 1000; i++) {
      errors += client.get("/").reply().status() == 500 ? 1 : 0;
    }
    // standard deviation sqrt(1000 * 0.25 * 0.75) = 13.7; the seed is fixed, so this is settled
    assertThat(errors).isBetween(200, 300);
    assertThat(client.get("/?error-rate=0").reply().status()).isEqualTo(200);
  }

  @Test
  void healthIsHeedlessOfLatencyErrorsAndFaults() throws IOException {
    node.setBehaviour(
        Behaviour.of(LatencyDistribution.parse("50s"), 1, true)
            .with(new Fault.Hang())
            .with(new Fault.Reset()));
    assertThat(client.get("/healthz").reply().status()).isEqualTo(200);
    assertThat(client.get("/_control").reply().status()).isEqualTo(200);
    node.setBehaviour(node.behaviour().withHealth(false));
    assertThat(client.get("/healthz").reply().status()).isEqualTo(503);
    node.setBehaviour(node.behaviour().with("health-hangs", "true"));
    assertSilent(client.get("/healthz"));
  }

  @Test
  void hangConnectLeavesNewConnectionsWaitingAndServesThemLater() throws IOException {
    assertThat(client.get("/").reply().status()).isEqualTo(200); // it has been accepted
    node.setBehaviour(Behaviour.PLAIN.with("hang-connect", "true"));
    try (RawClient second = new RawClient(node);
        RawClient third = new RawClient(node)) {
      assertSilent(second.get("/"));
      assertSilent(third.get("/"));
      assertThat(client.get("/").reply().status()).as("accepted before").isEqualTo(200);
      node.setBehaviour(Behaviour.PLAIN);
      assertThat(second.reply().status()).isEqualTo(200);
      assertThat(third.reply().status()).isEqualTo(200);
    }
  }

  /** Nothing is there to wait for, so silence is judged over 60 ms. */
  private static void assertSilent(RawClient client) throws IOException {
    client.socket.setSoTimeout(60);
    assertThatThrownBy(client::line).isInstanceOf(SocketTimeoutException.class);
    client.socket.setSoTimeout(5000);
  }
}
