package io.fairlead.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class LatencyDistributionTest {
  private static final int SAMPLES = 100_000;

  @ParameterizedTest
  @ValueSource(
      strings = {"0", "20ms", "1500us", "2s", "exp:20ms", "uniform:5ms:50ms", "pareto:20ms:1.3"})
  void whatIsReadIsWrittenTheSameWay(String text) {
    assertThat(LatencyDistribution.parse(text).text()).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          fast              | "fast" is not a duration
          20                | "20" is not a duration
          -5ms              | "-5ms" is not a duration
          2m                | must be from 0 to 60s
          exp               | exp takes 1 value(s) after it, not 0
          exp:1ms:2ms       | exp takes 1 value(s) after it, not 2
          uniform:5ms       | uniform takes 2 value(s) after it, not 1
          uniform:9ms:5ms   | uniform low must not exceed high 5ms (was 9ms)
          pareto:20ms:x     | pareto shape "x" is not a number
          pareto:20ms:0     | pareto shape must be above 0 (was 0.0)
          pareto:20ms:NaN   | pareto shape must be above 0 (was NaN)
          pareto:0:1.3      | pareto minimum must be longer than zero
          """)
  void aRefusalNamesWhatIsWrongAndTheForms(String text, String why) {
    assertThatThrownBy(() -> LatencyDistribution.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("\"" + text + "\"")
        .hasMessageContaining(why)
        .hasMessageContaining(LatencyDistribution.FORMS);
  }

  /**
   * Quantiles in ms, from the closed forms. A sample quantile of n draws is off by about sqrt(q(1 -
   * q)/n) / density; 5 % of the value is more than six of those in every row.
   */
  @ParameterizedTest
  @CsvSource({
    "20ms,             20,     20,     20",
    "exp:20ms,         13.863, 46.052, 92.103", // -20 ln(1 - q)
    "uniform:5ms:50ms, 27.5,   45.5,   49.55", // 5 + 45 q
    "pareto:20ms:1.3,  34.087, 117.55, 690.9"
  }) // 20 (1 - q)^(-1/1.3)
  void quantilesAreThoseOfTheDistribution(String text, double p50, double p90, double p99) {
    long seed = new SplittableRandom().nextLong();
    System.out.println("seed " + seed);
    double[] millis = samples(text, seed);
    Arrays.sort(millis);
    assertThat(millis[SAMPLES / 2]).as("p50, seed %d", seed).isCloseTo(p50, within(p50 * 0.05));
    assertThat(millis[SAMPLES * 9 / 10])
        .as("p90, seed %d", seed)
        .isCloseTo(p90, within(p90 * 0.05));
    assertThat(millis[SAMPLES * 99 / 100])
        .as("p99, seed %d", seed)
        .isCloseTo(p99, within(p99 * 0.15));
  }

  /** Standard error of the mean: 20 / sqrt(100000) = 0.063 ms for exp, 0.041 ms for uniform. */
  @ParameterizedTest
  @CsvSource({"0, 0", "20ms, 20", "exp:20ms, 20", "uniform:5ms:50ms, 27.5"})
  void meansAreThoseOfTheDistribution(String text, double mean) {
    long seed = new SplittableRandom().nextLong();
    System.out.println("seed " + seed);
    assertThat(Arrays.stream(samples(text, seed)).average().orElseThrow())
        .as("seed %d", seed)
        .isCloseTo(mean, within(0.5));
  }

  @Test
  void noSampleIsLongerThanAMinute() {
    double[] millis = samples("pareto:1s:0.1", 1); // 60^-0.1: two of three draws would be longer
    assertThat(Arrays.stream(millis).max().orElseThrow()).isEqualTo(60_000);
    assertThat(Arrays.stream(millis).min().orElseThrow()).isGreaterThanOrEqualTo(1000);
  }

  private static double[] samples(String text, long seed) {
    LatencyDistribution distribution = LatencyDistribution.parse(text);
    SplittableRandom random = new SplittableRandom(seed);
    double[] millis = new double[SAMPLES];
    Arrays.setAll(millis, _ -> distribution.sampleNanos(random) / 1e6);
    return millis;
  }
}
