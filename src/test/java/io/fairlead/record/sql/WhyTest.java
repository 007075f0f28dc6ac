package io.fairlead.record.sql;

import static io.fairlead.record.sql.Questions.rows;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.insight.incident.Comparison.Counted;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Counts of two selections, over Parquet files in a real process. */
@Timeout(60)
class WhyTest {
  private static final Instant FROM = Instant.parse("2026-11-26T09:59:58Z");
  private static final Instant TO = Instant.parse("2026-11-26T10:00:01Z");

  @TempDir private static Path records;
  private static RecordQueries queries;

  @BeforeAll
  static void open() throws Exception {
    // One a millisecond; each hundredth of node b is a 503.
    ParquetFiles.write(
        records, "requests", "100000-a", ParquetFiles.requests(6000, "2026-11-26 10:00:00"));
    queries = Questions.open(records, SqlLimits.standard());
  }

  @AfterAll
  static void close() {
    queries.close();
  }

  private static WhyQuestion question(String where, @Nullable String bad, boolean before) {
    return new WhyQuestion(FROM, TO, where, bad, 0, Long.MAX_VALUE, before);
  }

  private static String fields(WhyQuestion question, String field) throws WrongCondition {
    return rows(
        queries,
        "SELECT value, selection, rest, values FROM ("
            + WhySql.fields(question, true)
            + ") WHERE field IS NOT DISTINCT FROM "
            + field
            + " ORDER BY value");
  }

  @Test
  void failuresAreComparedWithTheOthers() throws Exception {
    WhyQuestion errors = question("", "errors", false);
    assertThat(rows(queries, WhySql.count(errors))).isEqualTo("[[2001]]");
    assertThat(fields(errors, "NULL")).isEqualTo("[[null,6.0,1995.0,1]]");
    assertThat(fields(errors, "'node'"))
        .isEqualTo("[[\"a\",0.0,667.0,3],[\"b\",6.0,661.0,3],[\"c\",0.0,667.0,3]]");
  }

  @Test
  void aConditionSelectsAndTheRestOfTheSpanIsTheOther() throws Exception {
    assertThat(fields(question("route=\"web-1\"", null, false), "NULL"))
        .isEqualTo("[[null,1001.0,1000.0,1]]");
    // With what is bad it says which are looked at.
    assertThat(fields(question("node=\"b\"", "status=503", false), "NULL"))
        .isEqualTo("[[null,6.0,661.0,1]]");
  }

  @Test
  void theTimeBeforeIsAsLongAndEndsWhereTheSpanBegins() throws Exception {
    assertThat(fields(question("", null, true), "NULL")).isEqualTo("[[null,2001.0,3000.0,1]]");
    assertThat(fields(question("node=\"b\"", "errors", true), "NULL"))
        .isEqualTo("[[null,6.0,1000.0,1]]");
  }

  @Test
  void durationsBoundARectangle() throws Exception {
    WhyQuestion rectangle = new WhyQuestion(FROM, TO, "", null, 4000, 5000, false);
    assertThat(fields(rectangle, "NULL")).isEqualTo("[[null,1000.0,1001.0,1]]");
  }

  @Test
  void slowIsLongerThanWasUsualBefore() throws Exception {
    // Each takes a microsecond longer than the one before it; the bound comes from a bucket.
    assertThat(fields(question("", "slow", true), "NULL")).isEqualTo("[[null,1947.0,3000.0,1]]");
  }

  @Test
  void pairsAreCountedByWhatRequestsHave() throws Exception {
    List<Counted> values =
        List.of(new Counted("node", "b", 7, 660), new Counted("route", "web-1", 7, 994));
    String sql = WhySql.pairs(question("", "errors", false), values);
    assertThat(rows(queries, "FROM (" + sql + ") ORDER BY has"))
        .isEqualTo("[[0,0.0,666.0],[1,0.0,334.0],[2,0.0,668.0],[3,6.0,327.0]]");
  }
}
