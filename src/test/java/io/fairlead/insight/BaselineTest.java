package io.fairlead.insight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class BaselineTest {
  /** Errors of nodes with a hundred requests each. */
  @ParameterizedTest
  @CsvSource({
    // however bad the worse half is, it does not move what is usual
    "0 0 0 100, 0",
    "0 0 100 100, 0",
    "1 2 50 60 99, 0.5",
    "0 100, 0",
    "1 1 1 1 1 90, 0.01",
    // where more than half are bad, that is usual
    "0 30 30, 0.3",
    "50 50 50 50, 0.5"
  })
  void usualIsWhatTheBetterHalfHas(String errors, double middle) {
    Baseline baseline = of(errors, 100);
    assertThat(baseline).isNotNull();
    assertThat(baseline.middle()).isEqualTo(middle, within(1e-6));
  }

  @Test
  void aNodeAloneIsComparedWithNobody() {
    assertThat(maybe("50", 100)).isNull();
  }

  @Test
  void nodesThatGotNextToNothingSayNothing() {
    assertThat(maybe("0 0 0 0", 4)).isNull();
    assertThat(maybe("0 0", 10)).isNull();
    assertThat(of("0 0", 20)).isNotNull();
  }

  @Test
  void theFewerRequestsTheMoreMayBeChance() {
    assertThat(of("0 0 0 0", 1000).bound()).isLessThan(of("0 0 0 0", 20).bound());
    assertThat(of("0 0 0 0", 1000).bound()).isEqualTo(1.0 / 2000, within(1e-9));
  }

  /** Ten in a hundred: chance alone makes a deviation of three, so that nothing is added. */
  @Test
  void whatChanceMakesNodesDifferIsNoDifference() {
    double bound = 0.1 + 2 * Math.sqrt(0.1 * 0.9 / 300) + 1.0 / 300;
    assertThat(of("8 10 10 12 11", 100).bound()).isEqualTo(bound, within(0.005));
    assertThat(of("2 10 25 40 60", 100).bound()).isGreaterThan(0.4);
  }

  private static Baseline of(String errors, int requests) {
    return Objects.requireNonNull(maybe(errors, requests));
  }

  private static @Nullable Baseline maybe(String errors, int requests) {
    Counts[] counts =
        Arrays.stream(errors.split(" ", -1))
            .map(count -> {
              Counts its = new Counts();
              int bad = Integer.parseInt(count);
              its.add(requests - bad, bad, 0, 0);
              return its;
            })
            .toArray(Counts[]::new);
    return Baseline.of(counts, Signal.ERRORS, 0);
  }
}
