package io.fairlead.route;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.URLDecoder;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Globs against a table that fits every beginning of one to every beginning of the other. */
final class GlobTest {
  private final long seed = Long.getLong("fairlead.seed", System.nanoTime());
  private final SplittableRandom random = new SplittableRandom(seed);

  @Test
  void matchesWhatTheTableMatches() {
    System.out.println("seed " + seed + " (repeat with -Dfairlead.seed=" + seed + ")");
    int hits = 0;
    int rounds = 200_000;
    for (int round = 0; round < rounds; round++) {
      String pattern = text("ab*", 6);
      String value = text("ab", 8);
      boolean expected = Refusals.globMatches(pattern, value);
      hits += expected ? 1 : 0;
      // In the middle of something else: what lies around the range must not count.
      byte[] bytes = ("ab" + value + "ab").getBytes(UTF_8);
      assertThat(Glob.of(pattern).matches(bytes, 2, bytes.length - 2, false))
          .as("seed %s: %s is %s", seed, value, pattern)
          .isEqualTo(expected);
    }
    assertThat(hits).isBetween(rounds / 20, rounds * 19 / 20);
  }

  @Test
  void encodedValuesMatchAsWhatTheyMean() {
    for (int round = 0; round < 100_000; round++) {
      String pattern = text("ab *", 5);
      String value = encoded(text("ab ", 6));
      byte[] bytes = ("%4" + value + "1").getBytes(UTF_8);
      assertThat(Glob.of(pattern).matches(bytes, 2, bytes.length - 1, true))
          .as("seed %s: %s is %s", seed, value, pattern)
          .isEqualTo(Refusals.globMatches(pattern, URLDecoder.decode(value, UTF_8)));
    }
  }

  @Test
  void aPercentSignThatEncodesNothingIsItself() {
    for (String odd : new String[] {"%", "%4", "%4g", "%%41", "a%"}) {
      byte[] bytes = (odd + "41").getBytes(UTF_8);
      String meant = odd.replace("%%41", "%A");
      assertThat(Glob.exact(meant).matches(bytes, 0, odd.length(), true)).as(odd).isTrue();
      assertThat(Glob.of(meant + "*").matches(bytes, 0, odd.length(), true)).as(odd).isTrue();
      assertThat(Glob.of("*" + meant).matches(bytes, 0, odd.length(), true)).as(odd).isTrue();
    }
  }

  private String text(String from, int longest) {
    StringBuilder text = new StringBuilder();
    for (int i = random.nextInt(longest + 1); i > 0; i--) {
      text.append(from.charAt(random.nextInt(from.length())));
    }
    return text.toString();
  }

  private String encoded(String text) {
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (random.nextInt(3) == 0) {
        String hex = "%" + Integer.toHexString(c);
        out.append(random.nextBoolean() ? hex : hex.toUpperCase(java.util.Locale.ROOT));
      } else {
        out.append(c == ' ' ? '+' : c);
      }
    }
    return out.toString();
  }
}
