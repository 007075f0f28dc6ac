package io.fairlead.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import io.fairlead.config.ConfigReader.Problem;
import io.fairlead.config.ConfigReader.Result;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Whatever is done to a file: an answer, never an exception, and places that exist. */
final class ConfigFuzzTest {
  private static final int ROUNDS = Integer.getInteger("fairlead.rounds", 3000);
  private static final List<String> PIECES =
      List.of(
          "\t",
          "\n",
          " ",
          "  ",
          ":",
          ": ",
          "- ",
          "[",
          "]",
          "{",
          "}",
          "\"",
          "'",
          "#",
          "&a ",
          "*a",
          "!x ",
          "!!int ",
          "---\n",
          "...\n",
          "%YAML 3.0\n",
          "|",
          ">",
          "? ",
          ",",
          "${",
          "${X}",
          "$$",
          "\u0000",
          "\u0007",
          "\ud83d\ude00",
          "\ud800",
          "\ufeff",
          "\u2028",
          "\u0085",
          "\r",
          "~",
          "null",
          "0",
          "-1",
          "99999999999999999999",
          "1e9",
          ".nan",
          "0x1f",
          "<<: *a",
          "none",
          "\"\\x",
          "\"\\uD800\"",
          "\\",
          "%",
          "@",
          "`",
          "10.0.0.1:80",
          "[::1]:80",
          "1s",
          "64KiB");

  @Test
  void alwaysAnswersWithPlacesInTheFile() throws IOException {
    long seed = Long.getLong("fairlead.seed", System.nanoTime());
    System.out.println("seed " + seed + " (repeat with -Dfairlead.seed=" + seed + ")");
    SplittableRandom random = new SplittableRandom(seed);
    List<String> valid = new ArrayList<>();
    for (String name : GoldenConfigTest.cases().filter(name -> name.startsWith("ok-")).toList()) {
      valid.add(GoldenConfigTest.yaml(name));
    }
    int refused = 0;
    for (int round = 0; round < ROUNDS; round++) {
      StringBuilder text = new StringBuilder(valid.get(random.nextInt(valid.size())));
      for (int i = random.nextInt(4); i >= 0; i--) {
        mutate(text, random);
      }
      String yaml = text.toString();
      assertThatCode(() -> GoldenConfigTest.read(yaml))
          .as("seed %d, round %d:\n%s", seed, round, yaml)
          .doesNotThrowAnyException();
      if (GoldenConfigTest.read(yaml) instanceof Result.Refused(List<Problem> problems)) {
        refused++;
        assertThat(problems).isNotEmpty();
        problems.forEach(problem -> isInside(yaml, problem, seed));
      }
    }
    assertThat(refused).as("files that a mutation broke").isGreaterThan(ROUNDS / 4);
  }

  private static void mutate(StringBuilder text, SplittableRandom random) {
    int at = random.nextInt(text.length() + 1);
    int end = Math.min(text.length(), at + random.nextInt(12));
    switch (random.nextInt(6)) {
      case 0 -> text.delete(at, end);
      case 1 -> text.insert(at, PIECES.get(random.nextInt(PIECES.size())));
      case 2 -> text.replace(at, end, PIECES.get(random.nextInt(PIECES.size())));
      case 3 -> text.insert(random.nextInt(text.length() + 1), text.substring(at, end));
      case 4 -> {
        int space = text.indexOf(": ", at);
        if (space >= 0) {
          text.deleteCharAt(space + 1);
        }
      }
      default -> {
        int line = text.indexOf("\n", at);
        text.insert(line < 0 ? text.length() : line + 1, " ".repeat(random.nextInt(4)));
      }
    }
  }

  private static void isInside(String yaml, Problem problem, long seed) {
    // To the parser a carriage return at the very end is a character of its line, not an end.
    String[] lines = yaml.split("\r\n|\n|\r(?!\\z)", -1);
    assertThat(problem.line())
        .as("%s, seed %d:\n%s", problem, seed, yaml)
        .isBetween(1, lines.length);
    String line = lines[problem.line() - 1];
    assertThat(problem.column())
        .as("%s, seed %d:\n%s", problem, seed, yaml)
        .isBetween(1, line.length() + 1);
    assertThat(problem.toString())
        .doesNotContain("\n", "environment-secret-1", "alice-reads", "bob-reads");
  }
}
