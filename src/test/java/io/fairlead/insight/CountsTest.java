package io.fairlead.insight;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class CountsTest {
  @Test
  void eachWindowHoldsItsSecondsAndNoMore() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    Counts counts = new Counts();
    int[] errors = new int[300];
    for (int second = 0; second < errors.length; second++) {
      counts.next();
      // a long pause in between
      errors[second] = second > 100 && second < 200 ? 0 : random.nextInt(5);
      counts.add(2 * errors[second], errors[second], 0, 0);
      for (int window = 0; window < Counts.WINDOWS.length; window++) {
        int sum = 0;
        for (int i = Math.max(0, second - Counts.WINDOWS[window] + 1); i <= second; i++) {
          sum += errors[i];
        }
        assertThat(counts.hits(Signal.ERRORS, window)).as("seed %d", seed).isEqualTo(sum);
        assertThat(counts.requests(Signal.ERRORS, window)).isEqualTo(3 * sum);
        assertThat(counts.requests(Signal.SLOW, window)).isEqualTo(2 * sum);
      }
    }
  }

  @Test
  void whatIsClearedIsGoneFromAllWindows() {
    Counts counts = new Counts();
    counts.next();
    counts.add(1, 2, 1, 1);
    counts.clear();
    for (int i = 0; i < 70; i++) {
      counts.next();
      counts.add(0, 1, 0, 0);
      assertThat(counts.hits(Signal.ERRORS, 0)).isEqualTo(Math.min(2, i + 1));
    }
  }
}
