package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Feeds a parser for {@code fairlead.fuzz.seconds}, or as long as its test says. {@code
 * fairlead.fuzz.seed} plays a run again. Where several are fed at the same time, two are at once,
 * turn by turn, so that each gets its share of the same hour.
 */
public final class Fuzz {
  private static final Semaphore TURNS = new Semaphore(2, true);
  private static final long TURN_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

  private Fuzz() {}

  /** One input, made by that chance. */
  public interface Target {
    /** Feeds it; the answer is whether it was taken. */
    boolean once(SplittableRandom random) throws Exception;
  }

  /**
   * Feeds it for its time, and says how much that was.
   *
   * @param usualSeconds for which it runs among the other tests
   * @param least share of the inputs that must be taken; one that only makes rubbish tests little
   */
  public static void run(String parser, long usualSeconds, double least, Target target)
      throws Exception {
    long seconds = Long.getLong("fairlead.fuzz.seconds", usualSeconds);
    long seed = Long.getLong("fairlead.fuzz.seed", System.nanoTime());
    SplittableRandom random = new SplittableRandom(seed);
    System.out.printf("fuzz %s: %d s, seed %d%n", parser, seconds, seed);
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    long inputs = 0;
    long taken = 0;
    long spent = 0;
    while (System.nanoTime() < until) {
      TURNS.acquire();
      try {
        long begun = System.nanoTime();
        long now;
        do {
          try {
            taken += target.once(random) ? 1 : 0;
          } catch (Exception | AssertionError e) {
            throw new AssertionError(parser + ", seed " + seed + ", input " + inputs, e);
          }
          inputs++;
          now = System.nanoTime();
        } while (now - begun < TURN_NANOS && now < until);
        spent += now - begun;
      } finally {
        TURNS.release();
      }
    }
    System.out.printf(
        "fuzz %s: %d inputs, %.0f a second of its own, %d taken%n",
        parser, inputs, inputs / (spent / 1e9), taken);
    assertThat(inputs).isGreaterThan(50 * seconds);
    assertThat(taken).as("taken").isGreaterThan((long) (inputs * least));
  }
}
