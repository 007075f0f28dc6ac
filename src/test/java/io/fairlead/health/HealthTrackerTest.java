package io.fairlead.health;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HealthTrackerTest {
  /** {@code +} a pass, {@code -} a failure, {@code !} a refused request. */
  @ParameterizedTest
  @CsvSource({
    "2, 3, ---,      UUD", // the third failure in a row takes it down
    "2, 3, --+---,   UUUUUD", // a pass in between starts the count again
    "2, 3, ---++,    UUDDU", // two passes in a row bring it back
    "2, 3, ---+-++,  UUDDDDU", // and no fewer
    "1, 1, -+-+,     DUDU",
    "3, 1, -++-+++,  DDDDDDU",
    "2, 3, !,        D", // a refused request needs no company
    "2, 3, !!++,     DDDU",
    "2, 3, --!++--,  UUDDUUU", // what was counted before does not count after
  })
  void verdicts(int rise, int fall, String results, String verdicts) {
    HealthTracker tracker = new HealthTracker(true, rise, fall);
    StringBuilder seen = new StringBuilder();
    boolean before = true;
    for (int i = 0; i < results.length(); i++) {
      char result = results.charAt(i);
      boolean changed = result == '!' ? tracker.takeDown() : tracker.observe(result == '+');
      assertThat(changed).isEqualTo(before != tracker.isUp());
      before = tracker.isUp();
      seen.append(before ? 'U' : 'D');
    }
    assertThat(seen).hasToString(verdicts);
  }

  @Test
  void otherThresholdsKeepVerdictAndCount() {
    HealthTracker tracker = new HealthTracker(true, 2, 5);
    tracker.observe(false);
    tracker.observe(false);
    tracker.setThresholds(2, 3);
    assertThat(tracker.isUp()).isTrue();
    assertThat(tracker.observe(false)).isTrue();
    assertThat(tracker.isUp()).isFalse();
  }

  @Test
  void isSettledOnlyWhileNothingSpeaksAgainstIt() {
    HealthTracker tracker = new HealthTracker(true, 1, 2);
    assertThat(tracker.isSettled()).isTrue();
    tracker.observe(false);
    assertThat(tracker.isSettled()).isFalse();
    tracker.observe(true);
    assertThat(tracker.isSettled()).isTrue();
    tracker.takeDown();
    assertThat(tracker.isSettled()).isFalse();
  }
}
