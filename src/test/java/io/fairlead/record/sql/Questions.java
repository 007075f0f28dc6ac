package io.fairlead.record.sql;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Asks and looks at what comes. */
final class Questions {
  private Questions() {}

  static RecordQueries open(Path records, SqlLimits limits) {
    return new RecordQueries(records, limits, EngineFiles::classPath);
  }

  /** The rows of an answer, as JSON. */
  static String rows(RecordQuestions queries, String sql) {
    return rows(queries.ask(sql, 1000));
  }

  static String rows(QueryOutcome outcome) {
    assertThat(outcome).as("%s", outcome).isInstanceOf(QueryOutcome.Answered.class);
    return new String(((QueryOutcome.Answered) outcome).rows(), StandardCharsets.UTF_8);
  }

  static String why(QueryOutcome outcome) {
    return switch (outcome) {
      case QueryOutcome.Answered answered -> "answered: " + rows(answered);
      case QueryOutcome.Wrong(String why, _) -> "wrong: " + why;
      case QueryOutcome.TooMuch(String why) -> "too much: " + why;
      case QueryOutcome.Unavailable(String why) -> "unavailable: " + why;
    };
  }
}
