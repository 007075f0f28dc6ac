package io.fairlead.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class DemoTrafficTest {
  @Test
  void everyRequestOfTheMixIsAnsweredAndConnectionsAreRenewed() throws IOException {
    try (TestNode node = TestNode.start("127.0.0.1", 0, "a", Behaviour.PLAIN);
        DemoTraffic traffic = start(node, 1000)) {
      DemoTraffic.Summary summary = await(traffic, now -> now.sent() >= 600);
      assertThat(summary.lastError()).isNull();
      assertThat(summary.failed()).isZero();
      assertThat(summary.byStatus()).containsOnlyKeys(200);
      assertThat(summary.byNode()).containsOnlyKeys("a");
      assertThat(node.counters().accepted.get())
          .as("more connections than workers, far fewer than requests")
          .isBetween(DemoTraffic.workers(1000) + 1L, 200L);
      assertThat(node.counters().badRequests.sum()).isZero();
    }
  }

  @Test
  void theRateIsKept() throws IOException {
    try (TestNode node = TestNode.start("127.0.0.1", 0, "a", Behaviour.PLAIN);
        DemoTraffic traffic = start(node, 200)) {
      long start = System.nanoTime();
      DemoTraffic.Summary summary = await(traffic, now -> now.sent() >= 100);
      double seconds = (System.nanoTime() - start) / 1e9;
      // never faster than the timetable; slower only as far as the machine is busy
      assertThat(summary.sent()).isLessThanOrEqualTo((long) (200 * (seconds + 0.1)) + 2);
      assertThat(seconds).isLessThan(5);
    }
  }

  @Test
  void errorsAreCountedAndToldInWords() throws IOException {
    try (TestNode node = TestNode.start("127.0.0.1", 0, "a", Behaviour.PLAIN.withErrorRate(1));
        DemoTraffic traffic = start(node, 500)) {
      DemoTraffic.Summary summary = await(traffic, now -> now.sent() >= 20);
      assertThat(summary.ok()).isZero();
      assertThat(summary.byStatus()).containsOnlyKeys(500);
      assertThat(summary.lastError()).endsWith(": 500");
      assertThat(summary.text()).contains("0 ok").contains("last error");
    }
  }

  @Test
  void theErrorThatABalancerNamesIsCountedByName() {
    TrafficTally tally = new TrafficTally();
    TrafficMix.Item item = new TrafficMix.Item("GET", "/", "");
    tally.answered(item, new TrafficConnection.Reply(503, null, "no-node", true));
    assertThat(tally.summary().byError()).containsEntry("no-node", 1L);
    assertThat(tally.summary().lastError()).isEqualTo("GET /: 503 no-node");
  }

  @ParameterizedTest
  @ValueSource(strings = {"reset", "garbage", "cut", "bad-framing", "endless-header", "stale"})
  void noFaultOfTheTargetEndsTheTraffic(String fault) throws IOException {
    Behaviour behaviour =
        Behaviour.PLAIN.with(fault, fault.equals("bad-framing") ? "huge-length" : "true");
    try (TestNode node = TestNode.start("127.0.0.1", 0, "a", behaviour);
        DemoTraffic traffic = start(node, 300)) {
      await(traffic, now -> now.sent() >= 20);
      node.setBehaviour(Behaviour.PLAIN);
      long before = traffic.summary().ok();
      await(traffic, now -> now.ok() >= before + 50);
    }
  }

  @Test
  void anIdempotentRequestSurvivesAConnectionThatWasClosedMeanwhile() throws IOException {
    try (TestNode node =
            TestNode.start("127.0.0.1", 0, "a", Behaviour.PLAIN.with(new Fault.Stale(true)));
        DemoTraffic traffic = start(node, 200)) {
      DemoTraffic.Summary summary = await(traffic, now -> now.retried() >= 10);
      // only a POST may fail here: it must not be repeated
      assertThat(summary.lastError() == null || summary.lastError().startsWith("POST ")).isTrue();
    }
  }

  @Test
  void aTargetThatIsNotThereIsAFailureNotAnException() throws IOException {
    int port;
    try (TestNode node = TestNode.start("127.0.0.1", 0, "a", Behaviour.PLAIN)) {
      port = node.port();
    }
    try (DemoTraffic traffic = DemoTraffic.start(URI.create("http://127.0.0.1:" + port), 100)) {
      DemoTraffic.Summary summary = await(traffic, now -> now.failed() >= 3);
      assertThat(summary.ok()).isZero();
      assertThat(summary.lastError()).contains("refused");
    }
  }

  @Test
  void closingStopsAtOnceAndLeavesNoConnection() throws IOException {
    Behaviour hanging = Behaviour.PLAIN.with(new Fault.Hang());
    try (TestNode node = TestNode.start("127.0.0.1", 0, "a", hanging)) {
      DemoTraffic traffic = start(node, 500);
      awaitTrue(() -> node.counters().requests.get() >= 4);
      long start = System.nanoTime();
      traffic.close();
      assertThat(System.nanoTime() - start).isLessThan(1_000_000_000L);
      assertThat(traffic.summary().sent()).as("cut short by us: not counted").isZero();
      awaitTrue(() -> node.counters().open.get() == 0);
    }
  }

  @Test
  void aWrongTargetOrRateIsRefused() {
    assertThatThrownBy(() -> DemoTraffic.start(URI.create("https://127.0.0.1"), 1))
        .hasMessageContaining("target must be");
    for (double rate : new double[] {0, -1, Double.NaN, 10_001}) {
      assertThatThrownBy(() -> DemoTraffic.start(URI.create("http://127.0.0.1"), rate))
          .hasMessageContaining("rate must be");
    }
  }

  private static DemoTraffic start(TestNode node, double rate) {
    long seed = new SplittableRandom().nextLong();
    System.out.println("seed " + seed);
    return DemoTraffic.start(
        URI.create("http://127.0.0.1:" + node.port()), rate, new SplittableRandom(seed));
  }

  private static DemoTraffic.Summary await(
      DemoTraffic traffic, Predicate<DemoTraffic.Summary> condition) {
    awaitTrue(() -> condition.test(traffic.summary()));
    return traffic.summary();
  }

  private static void awaitTrue(BooleanSupplier condition) {
    long end = System.nanoTime() + 10_000_000_000L;
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("not within 10 s").isLessThan(end);
      LockSupport.parkNanos(1_000_000);
    }
  }
}
