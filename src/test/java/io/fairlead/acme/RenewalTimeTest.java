package io.fairlead.acme;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RenewalTimeTest {
  private static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");

  @ParameterizedTest
  @CsvSource({
    "90, 0,  60, 4.5", // two thirds of its life, a twentieth earlier at most
    "90, 10, 80, 4.5",
    "90, 89, 9,  0", // never before a tenth of its life is over
    "6,  0,  4,  0.3"
  })
  void itIsDueInTimeAndNeverAllTheTime(double life, double before, double latest, double spread) {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 100; i++) {
      Instant due =
          RenewalTime.of(
              BEGIN,
              after(life),
              before == 0 ? Optional.empty() : Optional.of(Duration.between(BEGIN, after(before))),
              random);
      assertThat(due).isBetween(after(latest - spread), after(latest));
    }
  }

  private static Instant after(double days) {
    return BEGIN.plusMillis(Math.round(days * Duration.ofDays(1).toMillis()));
  }

  @ParameterizedTest
  @CsvSource({"1, 60", "2, 120", "5, 960", "10, 21600", "1000, 21600"})
  void itIsTriedAgainLessAndLessOften(int failures, long seconds) {
    SplittableRandom random = new SplittableRandom(2);
    for (int i = 0; i < 100; i++) {
      Instant next = RenewalTime.again(BEGIN, failures, Optional.empty(), random);
      assertThat(Duration.between(BEGIN, next).toMillis()).isBetween(seconds * 750, seconds * 1250);
    }
  }

  @Test
  void theAuthoritysWishCountsWithinBounds() {
    SplittableRandom random = new SplittableRandom(3);
    Instant hour = BEGIN.plus(Duration.ofHours(1));
    assertThat(RenewalTime.again(BEGIN, 1, Optional.of(hour), random)).isEqualTo(hour);
    assertThat(RenewalTime.again(BEGIN, 9, Optional.of(hour), random)).isAfter(hour);
    assertThat(RenewalTime.again(BEGIN, 1, Optional.of(BEGIN.plusSeconds(9_999_999)), random))
        .isEqualTo(BEGIN.plus(Duration.ofDays(2)));
  }
}
