package io.fairlead.scaling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fairlead.scaling.Autoscaler.Around;
import io.fairlead.scaling.Autoscaler.Decision;
import io.fairlead.scaling.Autoscaler.Terms;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is decided, from figures alone; a second is a call. */
class AutoscalerTest {
  private static final Around CALM = new Around(0, 0, 5, "");

  private final Autoscaler autoscaler = new Autoscaler(2);
  private Terms terms = new Terms(1, 20, 8, 0, 120, 60);
  private Around around = CALM;
  private Decision last = new Decision(2, 0, 0, new Why());

  @ParameterizedTest
  @CsvSource({
    "4,   1", // half a node's worth
    "8,   1", // exactly one
    "16,  2",
    "16.5, 2", // five hundredths more are no reason for another node
    "17,  3",
    "60,  8",
    "500, 20" // as many as there may be
  })
  void asManyNodesAsRequestsNeed(double inFlight, int nodes) {
    seconds(300, inFlight);
    assertThat(last.size()).as(last.why()).isEqualTo(nodes);
  }

  @Test
  void whatIsDecidedIsExplained() {
    seconds(60, 30);
    assertThat(last.why())
        .isEqualTo("30.0 requests in flight are expected and a node is to have 8.0: 4");
    seconds(100, 10);
    assertThat(last.why())
        .isEqualTo(
            "10.0 requests in flight are expected and a node is to have 8.0: 2;"
                + " 4 were needed within 120 s, so none stops yet");
  }

  @Test
  void aJumpIsAnsweredWithinSecondsAndAFallAfterTwoMinutes() {
    seconds(120, 8);
    assertThat(last.size()).isEqualTo(1);
    int up = until(4, 32);
    assertThat(up).as("seconds until four nodes are wanted").isLessThanOrEqualTo(4);
    seconds(60, 32);
    int down = until(3, 16);
    assertThat(down).isBetween(100, 150);
  }

  @Test
  void nodesStopOneByOne() {
    seconds(60, 80);
    assertThat(last.size()).isEqualTo(10);
    int sinceLast = 1000;
    for (int i = 0; i < 400; i++) {
      int before = last.size();
      second(8);
      if (last.size() < before) {
        assertThat(before - last.size()).isEqualTo(1);
        assertThat(sinceLast).isGreaterThanOrEqualTo(Autoscaler.DOWN_PAUSE - 1);
        sinceLast = 0;
      }
      sinceLast++;
    }
    assertThat(last.size()).isEqualTo(1);
  }

  @Test
  void noneStopsWhileSomethingIsWrong() {
    seconds(60, 32);
    assertThat(last.size()).isEqualTo(4);
    around = new Around(0, 0, 5, "a node is ejected");
    seconds(600, 8);
    assertThat(last.size()).isEqualTo(4);
    assertThat(last.why()).endsWith("none stops: a node is ejected");
    around = new Around(0, 1, 5, "");
    second(8);
    assertThat(last.why()).endsWith("none stops while others start");
    around = CALM;
    autoscalerSees(new Seen(100, 100, 8, 0, 1, 4));
    assertThat(last.why()).endsWith("none stops: requests were turned away 0 s ago");
    seconds(30, 8);
    assertThat(last.size()).isEqualTo(3);
  }

  /** Queues in nodes tell how long they are, and not how many nodes are missing. */
  @Test
  void tooMuchToDoIsNotTakenForAFarGreaterDemand() {
    for (int i = 0; i < 200; i++) {
      autoscalerSees(new Seen(160, 160, 16, 0, 0, 2)); // 0.1 s each
    }
    assertThat(last.size()).isEqualTo(2);
    double inFlight = 16;
    for (int i = 0; i < 30; i++) { // four times the requests, and no node has come yet
      inFlight += 640 - 200;
      autoscalerSees(new Seen(640, 200, inFlight, 0, 0, 2));
    }
    assertThat(last.size())
        .as(last.why())
        .isBetween(8, 11); // 64 in flight / 8, and what is foreseen
  }

  @Test
  void whatWasTurnedAwayOrWaitsCountsAsWell() {
    for (int i = 0; i < 130; i++) {
      autoscalerSees(new Seen(160, 160, 16, 0, 0, 2));
    }
    for (int i = 0; i < 40; i++) {
      autoscalerSees(new Seen(160, 160, 16, 0, 160, 2)); // as many again
    }
    assertThat(last.size()).as(last.why()).isBetween(4, 6);
  }

  @Test
  void requestsThatTakeLongerNeedMoreNodes() {
    for (int i = 0; i < 200; i++) {
      autoscalerSees(new Seen(160, 160, 16, 0, 0, 2));
    }
    for (int i = 0; i < 60; i++) {
      autoscalerSees(new Seen(160, 160, 48, 0, 0, 2)); // three times as long, the same number
    }
    assertThat(last.size()).as(last.why()).isGreaterThanOrEqualTo(6);
  }

  @Test
  void aRiseIsFollowedAheadByTheTimeOfAStart() {
    seconds(60, 8);
    around = new Around(0, 0, 30, "");
    int wanted = 0;
    double inFlight = 8;
    while (wanted < 3) {
      inFlight += 0.2;
      second(inFlight);
      wanted = last.size();
    }
    assertThat(inFlight).as("what was asked when the third was wanted").isLessThan(16.5);
    assertThat(last.why()).contains("and they rise");
  }

  @Test
  void toNothingAfterAWhileWithoutRequestsAndBackWithTheFirst() {
    terms = new Terms(0, 5, 8, 0, 10, 60);
    seconds(30, 2);
    assertThat(last.size()).isEqualTo(1);
    int quiet = 0;
    while (last.size() > 0) {
      autoscalerSees(Seen.NOTHING);
      quiet++;
    }
    assertThat(quiet).isBetween(60, 61);
    assertThat(last.why()).isEqualTo("no request for 60 s");
    autoscalerSees(new Seen(0, 0, 0, 1, 0, 0));
    assertThat(last.size()).isEqualTo(1);
  }

  @Test
  void oneToSpare() {
    terms = new Terms(1, 20, 8, 1, 120, 60);
    seconds(60, 16);
    assertThat(last.size()).isEqualTo(3);
    assertThat(last.why()).endsWith(": 2, and 1 to spare");
  }

  @Test
  void nodesOfOthersCount() {
    around = new Around(2, 0, 5, "");
    seconds(60, 32);
    assertThat(last.size()).isEqualTo(2);
  }

  /** Nodes that take five requests at once and queue the rest. */
  @Test
  void whatANodeCanDoIsLearnt() {
    terms = new Terms(1, 50, 0, 0, 30, 60);
    SplittableRandom random = new SplittableRandom(7);
    int nodes = 4;
    for (int i = 0; i < 3600; i++) {
      double rate = 300 + 250 * Math.sin(i / 300.0);
      double each = rate / nodes * 0.05; // five workers, 50 ms: 100 a second each
      double busy = Math.min(0.98, each / 5);
      double time = 0.05 * (1 + Math.pow(busy, 6) / (1 - busy) * 0.3);
      double noise = 0.95 + 0.1 * random.nextDouble();
      autoscalerSees(new Seen(rate, rate, rate * time * noise, 0, 0, nodes));
      nodes = Math.max(1, last.size());
    }
    assertThat(last.perNode()).as(last.why()).isBetween(2.5, 6.5);
  }

  /** A tenth of a second with two in flight; with four as long as said. */
  @ParameterizedTest
  @CsvSource({
    "0.100, 7.5", // flat: as many as ten are believed, of which three quarters are used
    "0.120, 7.5",
    "0.130, 3.0", // queues form: four, of which three quarters are used
    "0.145, 3.0",
  })
  void moreThanWasSeenIsBelievedWhileTimesAreFlat(double time, double perNode) {
    terms = new Terms(1, 50, 0, 0, 30, 60);
    for (int i = 0; i < 20; i++) {
      autoscalerSees(new Seen(20, 20, 2, 0, 0, 1));
    }
    for (int i = 0; i < 20; i++) {
      autoscalerSees(new Seen(4 / time, 4 / time, 4, 0, 0, 1));
    }
    assertThat(last.perNode()).as(last.why()).isCloseTo(perNode, within(0.3));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void whateverComesTheSizeStaysWithinItsBoundsAndIsExplained(long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    int min = random.nextInt(3);
    int max = min + 1 + random.nextInt(20);
    terms = new Terms(min, max, random.nextInt(10), random.nextInt(2), 1 + random.nextInt(200), 5);
    Autoscaler any = new Autoscaler(min);
    for (int i = 0; i < 3000; i++) {
      boolean quiet = random.nextInt(50) == 0;
      double rate = random.nextDouble() * random.nextInt(2000);
      Seen seen =
          quiet
              ? Seen.NOTHING
              : new Seen(
                  rate,
                  rate * random.nextDouble(),
                  rate * random.nextDouble() * 0.2,
                  random.nextInt(20) == 0 ? random.nextInt(100) : 0,
                  random.nextInt(20) == 0 ? random.nextInt(100) : 0,
                  random.nextInt(max + 1));
      Around near =
          new Around(
              random.nextInt(3),
              random.nextInt(3),
              random.nextDouble() * 60,
              random.nextInt(10) == 0 ? "something" : "");
      Decision decision = any.tick(seen, terms, near);
      assertThat(decision.size()).as("seed %d, second %d", seed, i).isBetween(min, max);
      assertThat(decision.why()).isNotEmpty();
      assertThat(decision.demand()).isFinite().isGreaterThanOrEqualTo(0);
    }
  }

  private void seconds(int count, double inFlight) {
    for (int i = 0; i < count; i++) {
      second(inFlight);
    }
  }

  /** Requests take a tenth of a second. */
  private void second(double inFlight) {
    autoscalerSees(
        new Seen(inFlight * 10, inFlight * 10, inFlight, 0, 0, Math.max(1, last.size())));
  }

  private void autoscalerSees(Seen seen) {
    last = autoscaler.tick(seen, terms, around);
  }

  /** Seconds until that size is decided. */
  private int until(int size, double inFlight) {
    for (int i = 1; i < 1000; i++) {
      second(inFlight);
      if (last.size() == size) {
        return i;
      }
    }
    throw new AssertionError(last);
  }
}
