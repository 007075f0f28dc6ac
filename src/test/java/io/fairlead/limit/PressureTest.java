package io.fairlead.limit;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PressureTest {
  @ParameterizedTest
  @CsvSource({
    "0.5, 0.5, 1, NONE, ''",
    "0.89, 0.89, 99, NONE, ''",
    "0.9, 0.5, 1, LOW, heap",
    "0.5, 0.9, 1, LOW, network buffers",
    "0.5, 0.5, 100, LOW, event loops are late",
    "0.97, 0.5, 1, NORMAL, heap",
    "0.91, 0.98, 1, NORMAL, network buffers",
    "0.5, 0.5, 500, NORMAL, event loops are late",
  })
  void theWorstCounts(double heap, double direct, long lag, Pressure.Level level, String cause) {
    Pressure pressure = new Pressure();
    pressure.look(new Pressure.Look(0, 0, lag * 1_000_000));
    pressure.look(new Pressure.Look(heap, direct, lag * 1_000_000));
    assertThat(pressure.level()).isEqualTo(level);
    assertThat(pressure.cause()).isEqualTo(cause);
  }

  @Test
  void aProcessThatStoodStillIsLateOnceAndGivesNothingUp() {
    Pressure pressure = new Pressure();
    assertThat(pressure.look(late(1))).isFalse();
    assertThat(pressure.look(late(1000))).isFalse();
    assertThat(pressure.look(late(10))).isFalse();
    assertThat(pressure.look(late(1000))).isFalse();
    assertThat(pressure.level()).isEqualTo(Pressure.Level.NONE);
  }

  @Test
  void ofTwoLooksInARowTheBetterCounts() {
    Pressure pressure = new Pressure();
    pressure.look(late(1000));
    assertThat(pressure.look(late(100))).isTrue();
    assertThat(pressure.level()).isEqualTo(Pressure.Level.LOW);
    pressure.look(late(600));
    assertThat(pressure.look(late(500))).isTrue();
    assertThat(pressure.level()).isEqualTo(Pressure.Level.NORMAL);
  }

  private static Pressure.Look late(long millis) {
    return new Pressure.Look(0, 0, millis * 1_000_000);
  }

  @Test
  void whatIsGivenUpComesBackAfterThreeBetterLooks() {
    Pressure pressure = new Pressure();
    assertThat(pressure.look(new Pressure.Look(0.98, 0, 0))).isTrue();
    for (int i = 0; i < 5; i++) {
      assertThat(pressure.look(new Pressure.Look(0.93, 0, 0))).isFalse(); // not yet far below
    }
    assertThat(pressure.look(new Pressure.Look(0.91, 0, 0))).isFalse();
    assertThat(pressure.look(new Pressure.Look(0.91, 0, 0))).isFalse();
    assertThat(pressure.look(new Pressure.Look(0.91, 0, 0))).isTrue();
    assertThat(pressure.level()).isEqualTo(Pressure.Level.LOW);
    for (int i = 0; i < 3; i++) {
      pressure.look(new Pressure.Look(0.5, 0, 0));
    }
    assertThat(pressure.level()).isEqualTo(Pressure.Level.NONE);
  }
}
