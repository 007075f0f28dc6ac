package io.fairlead.dns;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Which answers are recorded, and what they stand for, with a clock turned by hand. */
final class SamplerTest {
  private static final long SECOND = 1_000_000_000;
  private final Sampler sampler = new Sampler(42);
  private long now = 12345;
  private long weights;
  private long kept;

  /** So many within a second, evenly. */
  private void second(int answers) {
    kept = 0;
    for (int i = 0; i < answers; i++) {
      long weight = sampler.take(now + SECOND * i / answers);
      weights += weight;
      kept += weight > 0 ? 1 : 0;
    }
    now += SECOND;
  }

  @Test
  void ofFewEachIsRecorded() {
    for (int i = 0; i < 5; i++) {
      second(Sampler.RATE);
      assertThat(kept).isEqualTo(Sampler.RATE);
    }
    assertThat(weights).isEqualTo(5 * Sampler.RATE);
  }

  @Test
  void ofManyThereAreAboutAsMany() {
    second(200_000); // out of nothing
    assertThat(kept).isBetween(1L * Sampler.RATE, 4L * Sampler.RATE);
    for (int i = 0; i < 10; i++) {
      second(200_000);
      assertThat(kept).isBetween(Sampler.RATE * 8L / 10, Sampler.RATE * 12L / 10);
    }
    assertThat(weights).isBetween(11 * 200_000L - 2 * 200, 11 * 200_000L);
  }

  @Test
  void afterAFloodEachIsRecordedAgainAndNothingIsForgotten() {
    second(200_000);
    second(200_000);
    second(10);
    second(10);
    assertThat(kept).isEqualTo(10);
    assertThat(weights).isEqualTo(400_020);
  }

  @Test
  void whatCouldNotBeWrittenIsInTheNextOne() {
    long first = sampler.take(now);
    sampler.giveBack(first);
    assertThat(first + sampler.take(now)).isEqualTo(1 + 2);
  }

  /** Questions that come in turn, and steps that could be of the same length. */
  @Test
  void sharesAreRight() {
    int kinds = 64;
    double[] found = new double[kinds];
    for (int second = 0; second < 40; second++) {
      for (int i = 0; i < 64_000; i++) {
        found[i % kinds] += sampler.take(now + SECOND / 64_000 * i);
      }
      now += SECOND;
    }
    double each = 40 * 64_000.0 / kinds;
    // Of each kind some 625 records of weight 64 on average: 4 % is one deviation, but for those
    // of lengths.
    for (double weight : found) {
      assertThat(weight).isBetween(each * 0.7, each * 1.3);
    }
  }
}
