package io.fairlead.insight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The right column was computed with whole fractions. */
final class BinomialTest {
  @ParameterizedTest
  @CsvSource({
    "1, 1, 0.5, 0.5",
    "0, 5, 0.1, 1",
    "3, 2, 0.5, 0",
    "2, 2, 0.1, 0.01",
    "5, 20, 0.01, 1.367798632893e-06",
    "10, 50, 0.005, 8.361486797306e-14",
    "20, 500, 0.005, 2.589307290616e-12",
    "37, 47, 0.31, 2.171525161578e-11",
    "60, 100, 0.5, 2.844396682049e-02",
    "40, 100, 0.5, 9.823998998911e-01",
    "300, 5000, 0.02, 2.932510490809e-60",
    "100, 5000, 0.02, 5.137021193477e-01",
    "12, 5000, 0.001, 5.428387381805e-03"
  })
  void atLeastSoMany(int x, int n, double p, double chance) {
    assertThat(Binomial.tail(x, n, p)).isEqualTo(chance, within(chance * 1e-9));
  }

  @ParameterizedTest
  @CsvSource({"0, 1", "1, 1", "5, 1"})
  void whatAlwaysHappensIsNoEvidence(int x, double chance) {
    assertThat(Binomial.tail(x, 5, 1)).isEqualTo(chance);
  }
}
