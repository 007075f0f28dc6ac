package io.fairlead.insight.incident;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** From when on a request of a route is slow. */
class RouteTimesTest {
  private static final int MILLIS = 1000;
  private final RouteTimes times = new RouteTimes(4, MILLIS);

  private boolean turn(int requests, int micros) {
    boolean slow = false;
    for (int i = 0; i < requests; i++) {
      slow |= times.add(1, micros);
    }
    times.turn(1, true);
    return slow;
  }

  @Test
  void longerThanWhatIsUsualAndSomeMoreIsSlow() {
    for (int i = 0; i < 5; i++) {
      assertThat(turn(200, 10 * MILLIS)).isFalse();
    }
    assertThat(turn(200, 11 * MILLIS)).isFalse();
    assertThat(times.add(1, 14 * MILLIS)).isTrue();
    assertThat(times.add(2, 14 * MILLIS)).as("a route that is not known").isFalse();
  }

  @Test
  void whatTheFirstRequestsOfAProcessTookIsForgotten() {
    turn(200, 200 * MILLIS);
    turn(200, 100 * MILLIS);
    for (int i = 0; i < 3; i++) {
      turn(200, 10 * MILLIS);
    }
    assertThat(times.add(1, 40 * MILLIS)).isTrue();
  }

  @Test
  void aTurnThatIsNotKeptLeavesWhatIsUsual() {
    for (int i = 0; i < 5; i++) {
      turn(200, 10 * MILLIS);
    }
    for (int i = 0; i < 200; i++) {
      boolean _ = times.add(1, 300 * MILLIS);
    }
    times.turn(1, false);
    assertThat(times.add(1, 40 * MILLIS)).isTrue();
  }
}
