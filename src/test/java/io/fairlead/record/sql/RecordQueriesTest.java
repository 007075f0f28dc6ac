package io.fairlead.record.sql;

import static io.fairlead.record.sql.Questions.rows;
import static io.fairlead.record.sql.Questions.why;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.record.sql.QueryOutcome.Answered;
import io.fairlead.record.sql.QueryOutcome.Column;
import io.fairlead.record.sql.QueryOutcome.Wrong;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Questions and their answers, over Parquet files that DuckDB wrote, in a real process. */
@Timeout(60)
class RecordQueriesTest {
  private static final Instant LONG_AGO = Instant.EPOCH;

  @TempDir private static Path records;
  @TempDir private static Path growing;
  private static RecordQueries queries;

  @BeforeAll
  static void open() throws Exception {
    ParquetFiles.write(
        records, "requests", "100000-a", ParquetFiles.requests(3000, "2026-11-26 10:00:00"));
    ParquetFiles.write(
        records, "requests", "100010-a", ParquetFiles.requests(600, "2026-11-26 10:00:10"));
    queries = Questions.open(records, SqlLimits.standard());
  }

  @AfterAll
  static void close() {
    queries.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "SELECT count(*) FROM requests                                   | [[3600]]",
        "FROM requests SELECT count(*) WHERE status >= 500               | [[12]]",
        "SELECT node, count(*) FROM requests WHERE status=503 GROUP BY ALL | [[\"b\",12]]",
        "WITH x AS (SELECT 1 AS a) SELECT * FROM x                       | [[1]]",
        "VALUES (1, 'a'), (2, 'b')                                       | [[1,\"a\"],[2,\"b\"]]",
        "TABLE dns                                                       | []",
        "SHOW TABLES                                                     | [[\"dns\"],[\"events\"],[\"node_logs\"],[\"probes\"],[\"requests\"],[\"sessions\"]]",
        "SELECT column_name FROM (DESCRIBE dns) LIMIT 2                  | [[\"id\"],[\"time\"]]",
        "SELECT max(time) FROM requests                                  | [[\"2026-11-26T10:00:10Z\"]]",
        "SELECT time + INTERVAL 1 microsecond FROM requests ORDER BY 1 DESC LIMIT 1 | [[\"2026-11-26T10:00:10.000001Z\"]]",
        "SELECT 1::HUGEINT, 0.5, 1e300, true, NULL, 'a\"\\b'             | [[1,0.5,1.0E300,true,null,\"a\\\"\\\\b\"]]",
        "SELECT 'nan'::DOUBLE, [1, NULL], MAP {'k': 2}, {'a': 1}         | [[\"NaN\",[1,null],{\"k\":2},\"{a=1}\"]]",
        "SELECT DATE '2026-11-26', TIME '10:00:00', 'ü'                  | [[\"2026-11-26\",\"10:00\",\"ü\"]]",
        "SELECT count(*) FROM requests WHERE time > ago('100 years')     | [[3600]]",
        "SELECT sum(weight) FROM requests                                | [[3600.0]]",
        "SELECT count(*) FROM range(10) t(i) WHERE i % 2 = 0             | [[5]]",
        "SELECT * FROM (SELECT unnest([1,2]) AS x) WHERE x > 1           | [[2]]",
        "SELECT list_sum(list_transform([1,2], lambda x: x * 2))         | [[6]]",
        "SELECT row_number() OVER (ORDER BY id) FROM requests LIMIT 1    | [[1]]",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT sum(n) FROM r | [[6]]",
        "SELECT grouping(node), count(*) FROM requests GROUP BY GROUPING SETS ((node), ()) ORDER BY ALL LIMIT 1 | [[0,1200]]",
        "SELECT 1 -- a comment; and another statement                    | [[1]]",
        "WITH \"my x\" AS (SELECT 1) FROM \"my x\"                     | [[1]]",
        "SELECT ';'                                                      | [[\";\"]]",
        "SELECT 1;                                                       | [[1]]",
      })
  void answers(String sql, String rows) {
    assertThat(rows(queries, sql)).isEqualTo(rows);
  }

  /** What the manual shows is answered, each statement of it. */
  @Test
  void theExamplesOfTheManualAreAnswered() throws Exception {
    String manual = Files.readString(Path.of("docs/logs.md"));
    int asked = 0;
    for (String block : manual.split("```sql\n", -1)) {
      if (asked++ > 0) {
        for (String sql : block.substring(0, block.indexOf("```")).split(";\n", -1)) {
          if (!sql.isBlank()) {
            assertThat(queries.ask(sql, 100)).as(sql).isInstanceOf(Answered.class);
            asked++;
          }
        }
      }
    }
    assertThat(asked).isGreaterThan(5);
  }

  /** The manual names the fields of every table. */
  @ParameterizedTest
  @EnumSource(RecordTable.class)
  void theManualNamesTheFields(RecordTable table) throws Exception {
    String fields =
        String.join(", ", table.columns().stream().map(each -> "`" + each.name() + "`").toList());
    assertThat(Files.readString(Path.of("docs/logs.md")))
        .containsPattern("\\| `" + table.sqlName() + "` \\| [^|]* \\| " + fields + " \\|");
  }

  @Test
  void explainIsAnswered() {
    assertThat(rows(queries, "EXPLAIN SELECT count(*) FROM requests")).contains("READ_PARQUET");
    assertThat(rows(queries, " explain analyze FROM requests LIMIT 1")).contains("analyzed_plan");
  }

  @ParameterizedTest
  @EnumSource(RecordTable.class)
  void everyTableHasItsColumnsWithTheirTypesWhateverItsFilesHold(RecordTable table) {
    List<Column> expected =
        table.columns().stream()
            .map(column -> new Column(column.name(), column.type().name()))
            .toList();
    assertThat(queries.ask("SELECT * FROM " + table.sqlName() + " LIMIT 1", 10))
        .isInstanceOfSatisfying(
            Answered.class, answer -> assertThat(answer.columns()).isEqualTo(expected));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "SELEC 1                       | 1  | Syntax error at or near \"SELEC\".",
        "SELECT a FRM requests         | 14 | Syntax error at or near \"requests\".",
        "EXPLAIN SELEC 1               | 9  | Syntax error at or near \"SELEC\".",
        "SELECT nope FROM requests     | 8  | Binder Error: Referenced column \"nope\" not found",
        "SELECT * FROM request         | 15 | Catalog Error: Table with name request does not exist!",
        "SELECT status + FROM requests | 17 | Syntax error at or near \"FROM\".",
        "SELECT 1 WHERE 1 > $1         | 0  | Invalid Input Error",
        "SELECT 'a'::INTEGER           | 0  | Conversion Error: Could not convert string 'a' to INT32",
      })
  void whatIsWrongIsSaidWithItsPlace(String sql, int position, String why) {
    assertThat(queries.ask(sql, 10))
        .isInstanceOfSatisfying(
            Wrong.class,
            wrong -> {
              assertThat(wrong.why()).startsWith(why);
              if (position > 0) {
                assertThat(wrong.position()).isEqualTo(position);
              }
            });
  }

  /** Values from 1 to 3000: the exact quantiles are known. */
  @Test
  void quantilesOfBucketsAreCloseToExactOnes() {
    String sql =
        "SELECT abs(p50(x) / quantile_cont(x, 0.5) - 1) < 0.01,"
            + " abs(p90(x) / quantile_cont(x, 0.9) - 1) < 0.01,"
            + " abs(p99(x) / quantile_cont(x, 0.99) - 1) < 0.091,"
            + " abs(p(x, 0.999) / quantile_cont(x, 0.999) - 1) < 0.091,"
            + " abs(p99(x / 1e6) / quantile_cont(x / 1e6, 0.99) - 1) < 0.091 FROM"
            + " (SELECT total_us AS x FROM requests)";
    assertThat(rows(queries, sql)).isEqualTo("[[true,true,true,true,true]]");
    // Few values, or the last bucket, which ends where they end: off by a bucket at most.
    assertThat(rows(queries, "SELECT abs(p50(x) / 1000 - 1) < 0.091 FROM (VALUES (1000)) t(x)"))
        .isEqualTo("[[true]]");
    assertThat(rows(queries, "SELECT p99(queue_us), p99(tls_us) FROM requests"))
        .isEqualTo("[[0.0,null]]");
    assertThat(rows(queries, "SELECT node, p99(total_us) > 0 FROM requests GROUP BY 1 ORDER BY 1"))
        .isEqualTo("[[\"a\",true],[\"b\",true],[\"c\",true]]");
  }

  @Test
  void anAnswerIsBoundedInRowsAndBytesAndSaysSo() {
    assertThat(queries.ask("SELECT * FROM requests", 5))
        .isInstanceOfSatisfying(
            Answered.class,
            answer -> {
              assertThat(answer.count()).isEqualTo(5);
              assertThat(answer.truncated()).isTrue();
            });
    assertThat(queries.ask("SELECT * FROM range(10000)", 10_000))
        .isInstanceOfSatisfying(
            Answered.class,
            answer -> {
              assertThat(answer.count()).isEqualTo(10_000);
              assertThat(answer.truncated()).isFalse();
            });
    assertThat(queries.ask("SELECT repeat('x', 20000) FROM range(1000)", 1000))
        .isInstanceOfSatisfying(
            Answered.class,
            answer -> {
              assertThat(answer.count()).isEqualTo(209); // of 20,005 bytes in 4 MiB
              assertThat(answer.rows().length).isLessThanOrEqualTo(4 * 1024 * 1024);
              assertThat(answer.truncated()).isTrue();
            });
  }

  @Test
  void recordsComeNewestFirstByACondition() throws WrongCondition {
    String sql =
        RecordSql.records("requests", LONG_AGO, "status>=500 and node=b and not path~/item/2", 2);
    String rows = rows(queries.ask(sql, 2));
    assertThat(rows).startsWith("[[\"0000012d\",\"2026-11-26T10:00:09.702Z\",\"one\",\"web\"");
    assertThat(queries.ask(sql, 2))
        .isInstanceOfSatisfying(Answered.class, answer -> assertThat(answer.truncated()).isTrue());
    assertThat(
            rows(
                queries,
                RecordSql.records(
                    "requests", Instant.parse("2026-11-26T10:00:09.999Z"), "status=200", 10)))
        .contains("\"00000257\"")
        .contains("\"00000256\"")
        .doesNotContain("\"00000255\"");
    assertThat(rows(queries, RecordSql.records("node_logs", LONG_AGO, "text~error", 10)))
        .isEqualTo("[]");
  }

  @Test
  void facetsAreTheMostFrequentValuesWithTheirShares() throws WrongCondition {
    assertThat(
            rows(
                queries,
                RecordSql.facets(
                    "requests", LONG_AGO, "total_us<=300", List.of("status", "node", "error"), 2)))
        .isEqualTo(
            "[[\"status\",\"200\",598,0.9967],[\"status\",\"503\",2,0.0033],"
                + "[\"node\",\"a\",200,0.3333],[\"node\",\"b\",200,0.3333],"
                + "[\"error\",null,598,0.9967],[\"error\",\"upstream-timeout\",2,0.0033]]");
    assertThat(rows(queries, RecordSql.facets("events", LONG_AGO, "", List.of(), 2)))
        .isEqualTo("[]");
  }

  /** A condition and its opposite share all records among them, also those without a value. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "error=upstream-timeout",
        "error!=null and status>200",
        "tls_us>5 or node=b",
        "path~7 and not (node=a or tries<1)",
        "connect_us<=100 and error~up",
      })
  void whatIsNotInAConditionIsInItsOpposite(String condition) throws WrongCondition {
    long in = count(condition);
    long out = count("not (" + condition + ")");
    assertThat(in + out).isEqualTo(3600);
  }

  private static long count(String condition) throws WrongCondition {
    String where = ConditionReader.read(RecordTable.REQUESTS, condition).sql();
    String rows = rows(queries, "SELECT count(*) FROM requests WHERE " + where);
    return Long.parseLong(rows.replaceAll("[^0-9]", ""));
  }

  /** Files come, differ, and go, while the process stays the same. */
  @Test
  void filesComeDifferAndGo() throws Exception {
    Path folder = growing.resolve("records [1] it's");
    try (RecordQueries own = Questions.open(folder, SqlLimits.standard())) {
      assertThat(rows(own, "SELECT count(*) FROM probes")).isEqualTo("[[0]]");
      Path first = ParquetFiles.write(growing, "x", "1", "SELECT 'one' AS id, 'tcp' AS kind");
      Path day = Files.createDirectories(folder.resolve("probes/2026-11-26"));
      Files.write(day.resolve(".2.parquet"), new byte[] {1, 2, 3}); // is being written
      Files.createDirectories(folder.resolve("probes/.tmp"));
      assertThat(rows(own, "SELECT count(*) FROM probes")).isEqualTo("[[0]]");
      Files.move(first, day.resolve("1.parquet"));
      assertThat(rows(own, "SELECT id, service FROM probes")).isEqualTo("[[\"one\",null]]");
      Path other =
          ParquetFiles.write(growing, "x", "2", "SELECT 'two' AS id, 7 AS extra, 'a' AS service");
      Files.move(other, day.resolve("2.parquet"));
      assertThat(rows(own, "SELECT id, service, extra FROM probes ORDER BY id"))
          .isEqualTo("[[\"one\",null,null],[\"two\",\"a\",7]]");
      Files.delete(day.resolve("1.parquet"));
      assertThat(rows(own, "SELECT id FROM probes")).isEqualTo("[[\"two\"]]");
      Files.delete(day.resolve("2.parquet"));
      assertThat(rows(own, "SELECT id FROM probes")).isEqualTo("[]");
      Files.write(
          day.resolve("3.parquet"),
          "no parquet".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
      assertThat(why(own.ask("SELECT id FROM probes", 10))).contains("3.parquet");
      Files.delete(day.resolve("3.parquet"));
      assertThat(rows(own, "SELECT id FROM probes")).isEqualTo("[]");
    }
  }

  @Test
  void sqlThatIsNoneIsRefusedWithoutAProcess() {
    try (RecordQueries own = Questions.open(records, SqlLimits.standard())) {
      assertThat(why(own.ask(" \n", 10))).isEqualTo("wrong: There is no SQL.");
      assertThat(why(own.ask("x".repeat(70_000), 10))).contains("at most 65536 characters");
      assertThat(own.pid()).isZero();
    }
  }

  @Test
  void withoutTheDriverOneSentenceSaysWhatIsMissing() {
    try (RecordQueries own = new RecordQueries(records, SqlLimits.standard(), () -> null)) {
      assertThat(why(own.ask("SELECT 1", 10))).isEqualTo("unavailable: " + EngineFiles.MISSING);
    }
  }

  /** The recorder replaces an open part, where much comes several times in a second. */
  @Test
  void aPartThatHasBeenReplacedIsReadAsItIsNow() throws Exception {
    Path folder = growing.resolve("replaced");
    try (RecordQueries own = Questions.open(folder, SqlLimits.standard())) {
      Path day = Files.createDirectories(folder.resolve("requests/2026-11-26"));
      for (int count = 1; count <= 60; count++) {
        int first = count * 1000;
        Path next =
            ParquetFiles.write(
                growing,
                "y",
                "1",
                ParquetFiles.requests(count, "2026-11-26 10:00:00")
                    .replace("(i * 10)::BIGINT", "(i + " + first + ")::BIGINT"));
        Files.move(next, day.resolve("1.parquet"), StandardCopyOption.REPLACE_EXISTING);
        assertThat(
                rows(own, "SELECT count(id), min(bytes_out + tries - 1), max(path) FROM requests"))
            .isEqualTo("[[" + count + "," + first + ",\"/item/" + Math.min(count - 1, 9) + "\"]]");
      }
    }
  }
}
