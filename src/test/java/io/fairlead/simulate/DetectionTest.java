package io.fairlead.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.simulate.Outcome.Finds;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The detector judges simulated answers as it judges real ones: a small part of what {@code make
 * bench-detect} runs, one chance each. A fault of a node must be found within two seconds and leave
 * it next to nothing; of what all nodes have, none is to blame.
 */
final class DetectionTest {
  private static Finds finds(String balance, String faults) {
    return Objects.requireNonNull(
        Described.run(
                """
                nodes: { count: 12, cores: 64 }
                service-time: lognormal:20ms:0.5
                rate: 600/s
                timeout: 5s
                duration: 50s
                warm-up: 20s
                detect: true
                balance: %s
                %s
                """
                    .formatted(balance, faults.isEmpty() ? "" : "faults: { " + faults + " }"))
            .getFirst()
            .finds());
  }

  @ParameterizedTest
  @CsvSource({
    "random, 'kind: errors, from: 20s, work: 1ms'",
    "random, 'kind: errors, from: 20s, share: 20%'",
    "random, 'kind: slow, from: 20s, factor: 3'",
    "adaptive, 'kind: errors, from: 20s, work: 1ms'",
  })
  void aBadNodeIsFoundInTime(String balance, String fault) {
    Finds finds = finds(balance, fault);
    assertThat(finds.found()).isEqualTo(1);
    assertThat(finds.afterMillis()).isLessThanOrEqualTo(2000);
    assertThat(finds.hit()).isLessThan(0.15);
    assertThat(finds.falseEjections()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "random, ''",
    "adaptive, ''",
    "random, 'kind: slow, nodes: 4, factor: 1.5'",
    "random, 'kind: slow, from: 20s, nodes: 12, factor: 5'",
    "adaptive, 'kind: errors, from: 20s, nodes: 12, share: 50%'",
    "ip-hash, 'kind: errors, from: 20s, nodes: 12, clients: 1'",
  })
  void nobodyIsEjectedForWhatOthersHaveToo(String balance, String fault) {
    assertThat(finds(balance, fault).ejections()).isZero();
  }
}
