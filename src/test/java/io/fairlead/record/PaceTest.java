package io.fairlead.record;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** When the recorder rests; how long is asked each time, so the asking is what can be counted. */
final class PaceTest {
  private static final long SPELL_NANOS = 200_000;

  private int rests;

  @Test
  void aSpellEndsWithOneRestAndTheNextBegins() {
    Pace pace = Pace.gentle();
    pace.mind(this::rest);
    work();
    pace.breathe();
    assertThat(rests).isOne();
    work();
    pace.breathe();
    assertThat(rests).isEqualTo(2);
  }

  @Test
  void whoHurriesDoesNotRest() {
    Pace pace = Pace.gentle();
    pace.mind(this::rest);
    pace.hurry();
    work();
    pace.breathe();
    assertThat(rests).isZero();
  }

  @Test
  void whereNobodyWaitsThereIsNoRest() {
    Pace pace = Pace.restless();
    pace.mind(this::rest);
    work();
    pace.breathe();
    assertThat(rests).isZero();
  }

  private int rest() {
    rests++;
    return 1;
  }

  private static void work() {
    long end = System.nanoTime() + 2 * SPELL_NANOS;
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }
}
