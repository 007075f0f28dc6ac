package io.fairlead.record.sql;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Instant;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a condition means, in SQL, and what is said to one that means nothing. */
class ConditionTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "status>=500                    | \"status\" >= 500",
        "status >= 500 and node=\"b\"   | (\"status\" >= 500 AND \"node\" = 'b')",
        "status = 500 or status = 502   | (\"status\" = 500 OR \"status\" = 502)",
        "node=b or node=c and tries>1   | (\"node\" = 'b' OR (\"node\" = 'c' AND \"tries\" > 1))",
        "(node=b or node=c) AND tries>1 | ((\"node\" = 'b' OR \"node\" = 'c') AND \"tries\" > 1)",
        "node='b' && route=x or tries=2 | ((\"node\" = 'b' AND \"route\" = 'x') OR \"tries\" = 2)",
        "node==b                        | \"node\" = 'b'",
        "node!=b                        | (\"node\" IS NULL OR \"node\" <> 'b')",
        "node<>b                        | (\"node\" IS NULL OR \"node\" <> 'b')",
        "not node=b                     | (\"node\" IS NULL OR \"node\" <> 'b')",
        "not not node=b                 | \"node\" = 'b'",
        "not (node=b and tries>1)       | ((\"node\" IS NULL OR \"node\" <> 'b') OR (\"tries\" IS NULL OR \"tries\" <= 1))",
        "not (node=b or tries>1)        | ((\"node\" IS NULL OR \"node\" <> 'b') AND (\"tries\" IS NULL OR \"tries\" <= 1))",
        "not tls_us<5                   | (\"tls_us\" IS NULL OR \"tls_us\" >= 5)",
        "error=null                     | \"error\" IS NULL",
        "error!=null                    | \"error\" IS NOT NULL",
        "not error=null                 | \"error\" IS NOT NULL",
        "error=\"null\"                 | \"error\" = 'null'",
        "path~/Item                     | contains(lower(\"path\"), lower('/Item'))",
        "path!~x                        | (\"path\" IS NULL OR NOT contains(lower(\"path\"), lower('x')))",
        "not path~x                     | (\"path\" IS NULL OR NOT contains(lower(\"path\"), lower('x')))",
        "total_us>500ms                 | \"total_us\" > 500000",
        "total_us>1.5s                  | \"total_us\" > 1500000",
        "total_us>250                   | \"total_us\" > 250",
        "bytes_out>=64KiB               | \"bytes_out\" >= 65536",
        "status=-1                      | \"status\" = -1",
        "weight<0.5                     | \"weight\" < 0.5",
        "time>=2026-11-26T10:00:00Z     | \"time\" >= TIMESTAMP '2026-11-26 10:00:00.000000'",
        "user_agent=\"it's \\\"x\\\"\"  | \"user_agent\" = 'it''s \"x\"'",
        "path=\"'; drop table x; --\"   | \"path\" = '''; drop table x; --'",
        "notice=1 or node=b             | !1 requests have no field notice",
        "client=10.0.0.0                | \"client\" = '10.0.0.0'",
        "stauts=200                     | !1 requests have no field stauts, did you mean status? (at 1)",
        "node=b and nodes=c             | !12 requests have no field nodes, did you mean node? (at 12)",
        "status=abc                     | !8 status is a number, not abc (at 8)",
        "status=5ms                     | !8 status is a number, not 5ms (at 8)",
        "total_us>5min                  | !10 total_us is a number in microseconds, or with a unit such as 500ms, not 5min",
        "bytes_out>5k                   | !11 bytes_out is a number of bytes, or a size such as 64KiB, not 5k",
        "time>yesterday                 | !6 time is a time such as 2026-11-26T10:00:00Z, not yesterday",
        "status~5                       | !7 ~ is for fields that are texts, and status is not (at 7)",
        "error>null                     | !6 null can be compared by = and != only (at 6)",
        "node                           | !5 expected =, !=, <, <=, >, >=, ~ (contains) or !~ after node, at its end",
        "node=                          | !6 expected a value after =, at its end",
        "node=b and                     | !11 expected a field, such as status, at its end",
        "node=b status=1                | !8 expected and, or, or the end (at 8)",
        "(node=b                        | !1 this ( is not closed (at 1)",
        "node=b)                        | !7 there is no ( before this ) (at 7)",
        "(node=b node=c)                | !9 expected and, or, or ) (at 9)",
        "node=\"b                       | !6 this text has no closing \" (at 6)",
        "node=b; drop table requests    | !9 expected and, or, or the end (at 9)",
        "1=1                            | !1 expected a field, such as status (at 1)",
      })
  void means(String condition, String meaning) throws WrongCondition {
    if (meaning.startsWith("!")) {
      int space = meaning.indexOf(' ');
      WrongCondition wrong =
          assertThrows(
              WrongCondition.class, () -> ConditionReader.read(RecordTable.REQUESTS, condition));
      assertThat(wrong).hasMessageStartingWith(meaning.substring(space + 1));
      assertThat(wrong.position()).isEqualTo(Integer.parseInt(meaning.substring(1, space)));
    } else {
      assertThat(ConditionReader.read(RecordTable.REQUESTS, condition).sql()).isEqualTo(meaning);
    }
  }

  @Test
  void depthLengthAndNumberAreBounded() {
    assertThat(problem("not ".repeat(40) + "node=b")).startsWith("more than 32 levels");
    assertThat(problem("(".repeat(2000))).startsWith("more than 32 levels");
    assertThat(problem("node=b or ".repeat(101) + "node=b"))
        .startsWith("more than 100 comparisons");
    assertThat(problem("node=" + "b".repeat(5000))).contains("at most 4096 characters");
  }

  /** Whatever is typed is read or refused; nothing else is thrown, nothing hangs. */
  @Test
  void anyTextIsReadOrRefused() {
    long seed = System.nanoTime();
    RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    String[] pieces = {
      "node",
      "status",
      "time",
      "=",
      "!=",
      "~",
      "<",
      ">=",
      "(",
      ")",
      "and",
      "or",
      "not",
      " ",
      "\"",
      "'",
      "\\",
      "5",
      "ms",
      "null",
      "b",
      "\u0000",
      "é",
      "--",
      ";",
      "2026-11-26T10:00:00Z"
    };
    for (int i = 0; i < 20_000; i++) {
      StringBuilder text = new StringBuilder();
      for (int n = random.nextInt(12); n >= 0; n--) {
        text.append(pieces[random.nextInt(pieces.length)]);
      }
      try {
        String sql = ConditionReader.read(RecordTable.REQUESTS, text.toString()).sql();
        assertThat(sql).as("seed %s: %s", seed, text).isNotEmpty();
      } catch (WrongCondition e) {
        assertThat(e.position()).as("seed %s: %s", seed, text).isBetween(0, text.length() + 1);
      }
    }
  }

  @Test
  void facetsAreOfFieldsWorthCounting() {
    assertThat(facets("requests", "pth")).contains("did you mean path?");
    assertThat(facets("requests", "id")).startsWith("the values of id in requests cannot be");
    assertThat(facets("request", "node"))
        .isEqualTo("there is no table request, did you mean requests?");
  }

  private static String facets(String table, String field) {
    return String.valueOf(
        assertThrows(
                WrongCondition.class,
                () -> RecordSql.facets(table, Instant.EPOCH, "", List.of(field), 5))
            .getMessage());
  }

  private static String problem(String condition) {
    return String.valueOf(
        assertThrows(
                WrongCondition.class, () -> ConditionReader.read(RecordTable.REQUESTS, condition))
            .getMessage());
  }
}
