package io.fairlead.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LinearPatternTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "a; xay; true",
        "a; xy; false",
        "^a; xa; false",
        "^a$; a; true",
        "a.c; abc; true",
        "a|b|cd; xcd; true",
        "(ab)+c; xababc; true",
        "(?:ab){2}; abxab; false",
        "(?:ab){2}; xabab; true",
        "a{2,3}$; aaaa; true",
        "^a{2,3}$; aaaa; false",
        "^a{2,}$; aaaa; true",
        "[a-c]+d; xbcd; true",
        "[^a-c]d; cd; false",
        "[]x]y; ]y; true",
        "[a-]b; -b; true",
        "\\d+\\s\\w; x12 z; true",
        "\\D; 12; false",
        "[\\d-]x; -x; true",
        "\\bok\\b; is ok.; true",
        "\\bok\\b; broken; false",
        "a\\.b; axb; false",
        "\\x41; A; true",
        "(?i)OK; ok; true",
        "(?i)[^a]; A; false",
        "a?b*c+?; c; true",
        "(); ''; true",
      })
  void finds(String pattern, String text, boolean found) {
    assertThat(LinearPattern.parse(pattern).isIn(text)).isEqualTo(found);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "(a; without ')'",
        "a); without '('",
        "[a; without ']'",
        "*a; nothing to repeat before '*'",
        "a**; nothing to repeat before '*'",
        "a{2; a repetition is {m}",
        "a{3,2}; a repetition is {m}",
        "(?=a); only",
        "(?<n>a); only",
        "(a)\\1; \\1 is not understood",
        "a\\; backslash",
        "a{1001}; 1000 steps",
        "(a{500}){3}; 1000 steps",
        "((((){999}){999}){999}){999}; 1000 steps",
        "[b-a]; range",
      })
  void refusesWhatItDoesNotUnderstand(String pattern, String said) {
    assertThatThrownBy(() -> LinearPattern.parse(pattern))
        .isInstanceOf(InvalidConfigException.class)
        .hasMessageContaining(said);
  }

  /** What the JDK's own finds, for patterns and texts by chance. */
  @Test
  void agreesWithTheLibrary() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < 20_000; i++) {
      String pattern = pattern(random, 3);
      String text = text(random);
      if (!pattern.isEmpty() && pattern.length() <= LinearPattern.MAX_LENGTH) {
        assertThat(LinearPattern.parse(pattern).isIn(text))
            .as("seed %d: %s in '%s'", seed, pattern, text)
            .isEqualTo(Pattern.compile(pattern).matcher(text).find());
      }
    }
  }

  @Test
  @Timeout(20)
  void whatTakesOthersForeverTakesThisATime() {
    long start = System.nanoTime();
    String text = "a".repeat(64 * 1024);
    assertThat(LinearPattern.parse("(a|a|aa)*(a*)*b").isIn(text)).isFalse();
    assertThat(LinearPattern.parse("(a?){450}b").isIn(text)).isFalse();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
  }

  private static String pattern(SplittableRandom random, int depth) {
    StringBuilder out = new StringBuilder();
    for (int i = random.nextInt(4); i > 0; i--) {
      String one =
          switch (random.nextInt(depth > 0 ? 8 : 6)) {
            case 0 -> "a";
            case 1 -> "b";
            case 2 -> ".";
            case 3 -> "[^a]";
            case 4 -> "\\w";
            case 5 -> "c";
            case 6 -> "(" + pattern(random, depth - 1) + ")";
            default -> "(?:" + pattern(random, depth - 1) + "|" + pattern(random, depth - 1) + ")";
          };
      String often =
          switch (random.nextInt(8)) {
            case 0 -> "*";
            case 1 -> "+";
            case 2 -> "?";
            case 3 -> "{1,2}";
            default -> "";
          };
      out.append(one).append(often);
    }
    return (random.nextInt(6) == 0 && depth == 3 ? "^" : "")
        + out
        + (random.nextInt(6) == 0 && depth == 3 ? "$" : "");
  }

  private static String text(SplittableRandom random) {
    StringBuilder out = new StringBuilder();
    for (int i = random.nextInt(8); i > 0; i--) {
      out.append("abc- ".charAt(random.nextInt(5)));
    }
    return out.toString();
  }
}
