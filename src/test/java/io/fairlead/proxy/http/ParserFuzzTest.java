package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * Runs {@link ParserFuzz} for {@code fairlead.fuzz.seconds} (60). {@code fairlead.fuzz.seed} plays
 * a run again.
 */
final class ParserFuzzTest {

  @Test
  void noCutOfNoBytesChangesWhatTheyMean() {
    long seconds = Long.getLong("fairlead.fuzz.seconds", 60);
    long seed = Long.getLong("fairlead.fuzz.seed", System.nanoTime());
    System.out.println("fuzzing parsers for " + seconds + " s, seed " + seed);
    ParserFuzz fuzz =
        new ParserFuzz(Seeds.requests(), Seeds.responses(), new SplittableRandom(seed));
    long begun = System.nanoTime();
    long until = begun + TimeUnit.SECONDS.toNanos(seconds);
    long runs = 0;
    while (System.nanoTime() < until) {
      try {
        fuzz.run();
      } catch (AssertionError e) {
        throw new AssertionError("seed " + seed + ", run " + runs + "\n" + e.getMessage(), e);
      }
      runs++;
    }
    double elapsed = (System.nanoTime() - begun) / 1e9;
    System.out.printf(
        "%d runs, %.0f a second, %d heads accepted%n", runs, runs / elapsed, fuzz.accepted());
    assertThat(runs).isGreaterThan(100 * seconds);
    assertThat(fuzz.accepted()).as("heads accepted").isGreaterThan(runs / 10);
  }
}
