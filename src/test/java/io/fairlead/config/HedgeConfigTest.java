package io.fairlead.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class HedgeConfigTest {
  @ParameterizedTest
  @CsvSource({
    "95, 3, 97", // three percent are slower than 97 percent
    "95, 5, 95",
    "95, 20, 95", // what is paid for is not spent
    "99, 1, 99",
    "50, 1, 99",
    "50, 100, 50"
  })
  void noMoreAskThanTheBudgetPaysFor(int percentile, int budget, int asked) {
    assertThat(new HedgeConfig(percentile, Duration.ZERO, budget).payablePercentile())
        .isEqualTo(asked);
  }

  @Test
  void aTimeIsWhatItIs() {
    HedgeConfig config = new HedgeConfig(0, Duration.ofMillis(50), 3);
    assertThat(config.payablePercentile()).isZero();
    assertThat(config.after()).isEqualTo(Duration.ofMillis(50));
  }
}
