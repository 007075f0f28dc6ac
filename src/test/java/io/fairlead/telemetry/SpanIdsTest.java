package io.fairlead.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Ids of spans are never 0, the same for the same, and different for all others. */
final class SpanIdsTest {
  @Test
  void thoseOfNeighboursDiffer() {
    Set<Long> seen = new HashSet<>();
    for (int request = 0; request < 2_000; request++) {
      for (int number = 0; number <= 255; number++) {
        long id = SpanIds.of(0x0198_F3A2_7C10_0042L, 0x0100_0000 | request, number);
        assertThat(id).isNotZero();
        assertThat(seen.add(id)).as("request %d, number %d", request, number).isTrue();
      }
    }
  }

  @Test
  void halfOfTheBitsChangeWithEachBit() {
    SplittableRandom random = new SplittableRandom(7);
    for (int bit = 0; bit < 96 + 8; bit++) {
      long changed = 0;
      for (int i = 0; i < 200; i++) {
        long high = random.nextLong();
        int low = random.nextInt();
        int number = random.nextInt(256);
        long id = SpanIds.of(high, low, number);
        long other =
            bit < 64
                ? SpanIds.of(high ^ (1L << bit), low, number)
                : bit < 96
                    ? SpanIds.of(high, low ^ (1 << (bit - 64)), number)
                    : SpanIds.of(high, low, number ^ (1 << (bit - 96)));
        changed += Long.bitCount(id ^ other);
      }
      // 12,800 coins: 6,400 heads, six times the deviation of 57 to either side.
      assertThat(changed).as("bit %d", bit).isBetween(6_058L, 6_742L);
    }
  }
}
