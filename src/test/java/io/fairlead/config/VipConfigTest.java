package io.fairlead.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class VipConfigTest {
  private static final VipConfig FRONT =
      new VipConfig(
          "front",
          List.of(VipAddress.parse("10.0.0.100/24")),
          "eth0",
          100,
          List.of("edge-1", "edge-2"),
          false,
          new VipElection.Lease());

  @ParameterizedTest
  @CsvSource({"edge-1, 250", "edge-2, 240", "edge-3, 100"})
  void whoIsPreferredHasAHigherPriority(String instance, int priority) {
    assertThat(FRONT.of(instance).priority()).isEqualTo(priority);
    assertThat(FRONT.of(instance).isSameRole(FRONT)).isTrue();
  }
}
