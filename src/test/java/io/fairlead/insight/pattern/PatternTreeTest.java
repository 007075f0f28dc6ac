package io.fairlead.insight.pattern;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lines and the patterns that they are of. */
@Tag("computing")
class PatternTreeTest {
  private final PatternTree tree = new PatternTree();
  private final LineWords words = new LineWords();
  private long clock;

  private Pattern find(String line) {
    byte[] bytes = line.getBytes(UTF_8);
    words.split(bytes, bytes.length);
    Pattern found = tree.find(words, bytes, bytes.length, ++clock);
    found.lines++;
    return found;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '§',
      quoteCharacter = '~',
      value = {
        "started § started",
        "took 12ms § took <*>",
        "2026-11-26T10:00:00.123Z INFO order 4711 created § <*> INFO order <*> created",
        "Nov 26 20:00:01 host sshd[77]: Failed password § <*> <*> <*> host sshd[<*>]: Failed password",
        "connection to 10.0.0.7:5432 refused § connection to <*> refused",
        "connection to fe80::1%eth0 refused § connection to fe80::1%eth0 refused",
        "connection to fe80::7:1 refused § connection to <*> refused",
        "id 550e8400-e29b-41d4-a716-446655440000 gone § id <*> gone",
        "id dead-beef-cafe gone § id dead-beef-cafe gone",
        "hash deadbeef01 at 0x7ffe § hash <*> at <*>",
        "user 'bob smith' isn't allowed § user '<*>' isn't allowed",
        "~open \"a file.txt\" failed: -2~ § ~open \"<*>\" failed: <*>~",
        "retry #3 of +5, cost $12 § retry <*> of <*>, cost <*>",
        "GET /orders/4711/items?page=2 gave 503 § GET /orders/<*>/items?page=<*> gave <*>",
        "done. § done.",
        "~{\"time\":\"2026-11-26T10:00:00Z\",\"level\":\"error\",\"msg\":\"no room for 12 bytes\"}~ § no room for <*> bytes",
        "~{\"message\" : \"left \\\"now\\\"\",\"error\":\"x\"}~ § ~left \\\"now\\\"~",
        "~{\"level\":\"info\",\"code\":7}~ § ~{\"<*>\":\"<*>\",\"<*>\":<*>}~",
        "~ts=1 level=warn msg=\"cache is cold\" size=12~ § cache is cold",
        "token eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9eyJzdWIiOiIxMjM0 used § token <*> used",
        "12 § <*>",
        "~%%% ###~ § ~%%% ###~",
        "Größe ü 3 § Größe ü <*>",
      })
  void whatVariesByItsNatureIsMasked(String line, String pattern) {
    assertThat(find(line).text()).isEqualTo(pattern);
  }

  @Test
  void wordsInWhichLinesDifferAreGivenUp() {
    Pattern first = find("user alice logged in from 10.0.0.1");
    String id = first.id;
    assertThat(first.text()).isEqualTo("user alice logged in from <*>");
    assertThat(find("user bob logged in from 10.0.0.2")).isSameAs(first);
    assertThat(first.text()).isEqualTo("user <*> logged in from <*>");
    assertThat(first.id).isEqualTo(id);
    assertThat(find("user carol logged in from 10.0.0.3")).isSameAs(first);
    assertThat(find("user alice logged in from 10.0.0.1")).isSameAs(first);
  }

  @ParameterizedTest
  @CsvSource({
    "INFO started, INFO stopped",
    "INFO request failed, ERROR request failed",
    "connection closed, connection closed early",
    "order 1 created by web, user 1 deleted by web",
    "cannot open the file of the shop, cannot write a page to the cache",
  })
  void linesThatSayDifferentThingsStayApart(String one, String other) {
    assertThat(find(one)).isNotSameAs(find(other));
  }

  /** No more than four words in ten are given up, however many lines there are. */
  @Test
  void aPatternKeepsMostOfItsWords() {
    SplittableRandom random = random();
    String[] names = {"red", "green", "blue", "grey", "pink"};
    for (int i = 0; i < 20_000; i++) {
      StringBuilder line = new StringBuilder();
      for (int word = 0; word < 1 + random.nextInt(8); word++) {
        line.append(names[random.nextInt(names.length)]).append(' ');
      }
      Pattern found = find(line.toString());
      assertThat(found.constants())
          .as(found.text())
          .isGreaterThanOrEqualTo((int) Math.ceil(0.6 * found.hashes.length - 1e-9));
    }
  }

  /** Whatever comes: a pattern has the words of its lines, or leaves them open. */
  @Test
  void aPatternCoversItsLines() {
    SplittableRandom random = random();
    for (int i = 0; i < 30_000; i++) {
      byte[] noise = new byte[random.nextInt(60)];
      for (int at = 0; at < noise.length; at++) {
        noise[at] =
            (byte)
                (random.nextInt(20) == 0
                    ? random.nextInt(128)
                    : " aeb1{\"=:'-/".charAt(random.nextInt(12)));
      }
      words.split(noise, noise.length);
      Pattern found = tree.find(words, noise, noise.length, ++clock);
      assertThat(found.hashes).hasSize(words.count());
      for (int word = 0; word < words.count(); word++) {
        assertThat(found.hashes[word])
            .as(new String(noise, UTF_8) + " is of " + found.text())
            .isIn(LineWords.WILD, words.hash(word));
      }
    }
  }

  /** What a shop's node writes: which statement of the program wrote a line is known here. */
  @Test
  void theStatementsOfAProgramAreFound() {
    SplittableRandom random = random();
    Map<Integer, Set<String>> found = new HashMap<>();
    Map<String, Set<Integer>> statements = new HashMap<>();
    for (int i = 0; i < 30_000; i++) {
      int statement = random.nextInt(Shop.STATEMENTS);
      String id = find(Shop.line(statement, i, random)).id;
      found.computeIfAbsent(statement, _ -> new HashSet<>()).add(id);
      statements.computeIfAbsent(id, _ -> new HashSet<>()).add(statement);
    }
    long apart = found.values().stream().filter(ids -> ids.size() == 1).count();
    long pure = statements.values().stream().filter(from -> from.size() == 1).count();
    assertThat(apart).as("statements with one pattern: " + found).isEqualTo(Shop.STATEMENTS);
    assertThat(pure).as("patterns of one statement").isEqualTo(statements.size());
  }

  /** Random words, each line of its own: bounded, and what is of use outlives it. */
  @Test
  void aFloodOfLinesThatAreAllDifferentDrivesOutItselfOnly() {
    SplittableRandom random = random();
    List<Pattern> known = new ArrayList<>();
    for (int round = 0; round < 3; round++) {
      known.clear();
      for (int statement = 0; statement < Shop.STATEMENTS; statement++) {
        known.add(find(Shop.line(statement, round, random)));
      }
    }
    for (int i = 0; i < 100_000; i++) {
      StringBuilder line = new StringBuilder();
      int count = 1 + random.nextInt(30);
      for (int word = 0; word < count; word++) {
        for (int letter = 0; letter < 8; letter++) {
          line.append((char) ('g' + random.nextInt(20)));
        }
        line.append(' ');
      }
      find(line.toString());
      assertThat(tree.all().size()).isLessThanOrEqualTo(PatternTree.MOST);
    }
    assertThat(tree.forgotten()).isPositive();
    assertThat(known).noneMatch(pattern -> pattern.isGone);
  }

  private static SplittableRandom random() {
    long seed = System.nanoTime();
    System.out.println("seed " + seed);
    return new SplittableRandom(seed);
  }
}
