package io.fairlead.limit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MetastabilityAlarmTest {
  private static final long SECOND = 1_000_000_000L;

  @ParameterizedTest
  @CsvSource({
    // asked, good, sent again: raised after three such seconds
    "1000, 799, 101, true",
    "1000, 800, 500, false", // enough comes to a good end
    "1000, 100, 100, false", // failing, but nobody makes it worse
    "19, 0, 19, false", // too few to say
    "1000, 0, 3000, true",
  })
  void itTakesBothAndThreeSeconds(long offered, long good, long retries, boolean raised) {
    MetastabilityAlarm alarm = new MetastabilityAlarm();
    assertThat(alarm.second(1 * SECOND, offered, good, retries)).isFalse();
    assertThat(alarm.second(2 * SECOND, offered, good, retries)).isFalse();
    assertThat(alarm.second(3 * SECOND, offered, good, retries)).isEqualTo(raised);
    assertThat(alarm.isRaised(3 * SECOND)).isEqualTo(raised);
  }

  @Test
  void itEndsAfterHalfAMinuteAndCanBeRaisedAgain() {
    MetastabilityAlarm alarm = new MetastabilityAlarm();
    int raised = 0;
    for (int second = 1; second <= 100; second++) {
      raised += alarm.second(second * SECOND, 1000, 0, 1000) ? 1 : 0;
      assertThat(alarm.isRaised(second * SECOND)).isEqualTo(second >= 3 && (second - 3) % 30 < 30);
    }
    assertThat(raised).isEqualTo(4); // at 3, 33, 63 and 93 seconds
  }

  @Test
  void aGoodSecondInBetweenBeginsAnew() {
    MetastabilityAlarm alarm = new MetastabilityAlarm();
    for (int second = 1; second < 30; second++) {
      assertThat(alarm.second(second * SECOND, 1000, second % 3 == 0 ? 1000 : 0, 1000)).isFalse();
    }
  }
}
