package io.fairlead.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.LatencyHistogram.Distribution;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** How long requests took lately, tick by tick. */
final class LatencyWindowTest {
  private final LatencyWindow window = new LatencyWindow();
  private LatencyHistogram histogram = new LatencyHistogram(1);

  private void record(int count, long micros) {
    for (int i = 0; i < count; i++) {
      histogram.record(0, micros);
    }
  }

  private Distribution sum() {
    Distribution sum = new Distribution();
    histogram.addTo(sum);
    return sum;
  }

  @Test
  void followsTheLastTenTicks() {
    assertThat(window.tick(sum())).isNull();
    record(90, 1_000);
    record(10, 50_000);
    long[] first = Objects.requireNonNull(window.tick(sum()));
    assertThat(first[90 - LatencyWindow.FIRST]).isBetween(1_000_000L, 1_070_000L);
    assertThat(first[95 - LatencyWindow.FIRST]).isBetween(50_000_000L, 53_200_000L);
    for (int i = 0; i < 9; i++) {
      record(100, 200);
      assertThat(window.tick(sum())).isNotNull();
    }
    record(100, 200);
    // What was slow is more than ten ticks old.
    long[] later = Objects.requireNonNull(window.tick(sum()));
    assertThat(later[99 - LatencyWindow.FIRST]).isBetween(200_000L, 213_000L);
  }

  @Test
  void fewRequestsSayNothing() {
    window.tick(sum());
    record(99, 1_000);
    assertThat(window.tick(sum())).isNull();
    record(1, 1_000);
    assertThat(window.tick(sum())).isNotNull();
  }

  @Test
  void whenNodesLeaveTheWindowBeginsAnew() {
    window.tick(sum());
    record(1_000, 1_000);
    assertThat(window.tick(sum())).isNotNull();
    histogram = new LatencyHistogram(1);
    record(500, 9_000);
    assertThat(window.tick(sum())).isNull();
    record(100, 9_000);
    assertThat(window.tick(sum())).isNotNull();
  }
}
