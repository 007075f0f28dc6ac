package io.fairlead.limit;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.limit.AdaptiveLimit.Window;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The limit alone by windows, then with queue and level in front of a service in virtual time. */
class AdaptiveLimitTest {

  private static final long MILLI = 1_000_000;

  /** A tenth of a second in which 100 answers came. */
  private static Window window(long medianMillis, int inFlight, boolean limited) {
    return window(100, medianMillis, inFlight, limited);
  }

  private static Window window(long completions, long millis, int inFlight, boolean limited) {
    long nanos = millis * MILLI;
    return new Window(100 * MILLI, completions, nanos, nanos, inFlight, limited, false);
  }

  private static AdaptiveLimit learnt() {
    AdaptiveLimit limit = new AdaptiveLimit(1, 10_000);
    limit.update(window(20, 30, false));
    return limit;
  }

  @Test
  void itIsAsLargeAsItMayBeUntilSomethingIsKnown() {
    AdaptiveLimit limit = new AdaptiveLimit(1, 10_000);

    assertThat(limit.limit()).isEqualTo(10_000);
    assertThat(limit.update(window(49, 1, 5, false))).isEqualTo(10_000);
    assertThat(limit.update(window(1, 1, 5, false))).isEqualTo(20);
  }

  @Test
  void itBeginsWithRoomForFourTimesWhatIsInUse() {
    assertThat(learnt().limit()).isEqualTo(120);
  }

  @Test
  void whatIsInUseBecauseAnswersTakeLongerMakesNoRoom() {
    AdaptiveLimit limit = learnt();

    for (int i = 1; i <= 10; i++) {
      limit.update(window(20L * i, 100 * i, false));
    }

    assertThat(limit.limit()).isLessThan(410); // from the window with 20 ms
  }

  @Test
  void itSettlesWhereAnswersTakeHalfAsLongAgain() {
    AdaptiveLimit limit = learnt();
    for (int i = 0; i < 50; i++) {
      // 1000 answers a second however many are waited for: by Little's law L takes L ms
      limit.update(window(limit.limit(), limit.limit(), true));
      if (i < 45) {
        continue;
      }
      assertThat(limit.limit()).isBetween(28, 45); // 1.5 · 20 + 4, and a quarter more in a look
    }
  }

  @Test
  void itGrowsQuicklyForWhatTakesNoLonger() {
    AdaptiveLimit limit = learnt();
    int windows = 0;
    while (limit.limit() < 1000) {
      limit.update(window(20, limit.limit(), true));
      windows++;
    }
    assertThat(windows).isLessThanOrEqualTo(6); // 120 · 1.5^6 = 1366
  }

  @Test
  void nothingIsLearntFromWindowsThatHeldBack() {
    AdaptiveLimit limit = learnt();
    double usual = limit.usualNanos();
    for (int i = 0; i < 1000; i++) {
      limit.update(window(100, limit.limit(), true)); // no more comes out when more is let in
    }
    assertThat(limit.usualNanos()).isEqualTo(usual);
  }

  @Test
  void whenMoreComesOutForMoreItWasNoOverload() {
    AdaptiveLimit limit = learnt();
    for (int i = 0; i < 100; i++) {
      // each takes 100 ms now, however many there are: L let in are L/100 ms answered
      limit.update(window(limit.limit(), 100, limit.limit(), true));
    }
    assertThat(limit.limit()).isGreaterThan(1000);
  }

  @Test
  void silenceIsNoReasonUntilItLastsLongerThanAnAnswerTakes() {
    AdaptiveLimit polls = new AdaptiveLimit(1, 10_000);
    long half = 30_000 * MILLI;
    polls.update(new Window(60_000 * MILLI, 50, half, half, 50, false, false));
    int before = polls.limit();
    polls.update(window(0, 0, before, true));
    assertThat(polls.limit()).isGreaterThan(before);

    AdaptiveLimit hung = learnt();
    hung.update(window(0, 0, 120, true));
    assertThat(hung.limit()).isLessThan(120);
  }

  @Test
  void itStaysWithinItsBounds() {
    AdaptiveLimit limit = new AdaptiveLimit(10, 40);
    limit.update(window(20, 30, false));
    assertThat(limit.limit()).isEqualTo(40);
    for (int i = 0; i < 15; i++) {
      limit.update(window(10_000, limit.limit(), true));
    }
    assertThat(limit.limit()).isEqualTo(20); // what was in use: 100 in 100 ms, 20 ms each
  }

  // --- with everything around it -----------------------------------------------------------

  private static OverloadSim sim(int slots, double millis) {
    OverloadSim sim = new OverloadSim(new AdaptiveLimit(1, 10_000), true, slots, millis);
    sim.criticalShare = 0.2;
    sim.lowShare = 0.2;
    return sim;
  }

  /** 20 slots of 20 ms are 1000 a second. */
  @ParameterizedTest(name = "{0} times what it can")
  @CsvSource({"1.5, 0.995", "2, 0.999", "3, 0.99"})
  void underOverloadItDoesWhatItCanAndTheImportantFirst(double load, double critical) {
    OverloadSim sim = sim(20, 20);
    sim.run(10, 700);
    double normal = sim.outcomes[2].p99Millis();
    sim.run(20, 1000 * load);
    sim.reset();
    sim.run(30, 1000 * load);

    assertThat(sim.all().done / 30.0).isGreaterThan(900);
    assertThat(sim.outcomes[0].share()).isGreaterThan(critical);
    assertThat(sim.outcomes[0].p99Millis()).isLessThan(1.5 * normal);
    assertThat(sim.outcomes[3].share()).isLessThan(sim.outcomes[2].share());
    if (load <= 2) {
      assertThat(sim.outcomes[2].p99Millis()).isLessThan(2 * normal);
    }
  }

  @Test
  void overloadIsUnderControlInTwoSecondsAndForgottenInFive() {
    OverloadSim sim = sim(20, 20);
    sim.run(10, 700);
    double normal = sim.outcomes[2].p99Millis();
    sim.run(2, 2000);
    sim.reset();
    sim.run(3, 2000);
    assertThat(sim.outcomes[2].p99Millis()).isLessThan(2 * normal);
    assertThat(sim.all().done / 3.0).isGreaterThan(900);

    sim.run(5, 500);
    sim.reset();
    sim.run(10, 700);
    assertThat(sim.all().shed).isZero();
  }

  @Test
  void aCutOfCapacityIsHeldAndOverAtOnce() {
    OverloadSim sim = sim(20, 20);
    sim.run(20, 900);
    sim.slots = 8;
    sim.run(2, 900);
    sim.reset();
    sim.run(8, 900);
    assertThat(sim.all().done / 8.0).isGreaterThan(0.9 * 400);
    sim.slots = 20;
    sim.run(5, 900);
    sim.reset();
    sim.run(10, 900);
    assertThat(sim.all().done).isGreaterThan((long) (0.95 * sim.all().offered));
  }

  @Test
  void answersThatTakeLongerWithoutOverloadShedNothing() {
    OverloadSim sim = sim(100_000, 20);
    sim.run(30, 1000);
    for (double millis : new double[] {60, 20, 200, 20}) {
      sim.reset();
      sim.serviceMillis = millis;
      sim.run(30, 1000);
      assertThat(sim.all().shed).describedAs("at %s ms", millis).isZero();
    }
  }

  @Test
  void anHourOfBurstsAndPausesShedsNothing() {
    OverloadSim sim = sim(100, 20);
    for (int minute = 0; minute < 60; minute++) {
      sim.run(30, 100 * (minute % 8));
      sim.run(0.05, 4000);
      sim.run(29.95, minute % 3 == 0 ? 2 : 300);
    }
    assertThat(sim.all().offered).isGreaterThan(900_000);
    assertThat(sim.all().shed).isZero();
  }

  @Test
  void aStartInTheMiddleOfHeavyTrafficShedsNothing() {
    OverloadSim sim = sim(600, 50);
    sim.run(10, 10_000);
    assertThat(sim.all().shed).isZero();
  }

  @Test
  void manyWhoWaitForNewsShedNothing() {
    OverloadSim sim = sim(100_000, 30_000);
    sim.exponential = false;
    sim.run(60, 5);
    sim.run(2, 500);
    sim.run(60, 5);
    assertThat(sim.all().shed).isZero();
  }
}
