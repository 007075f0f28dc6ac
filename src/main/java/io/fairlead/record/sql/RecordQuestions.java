package io.fairlead.record.sql;

/** Who answers questions to the request records. */
public interface RecordQuestions {
  /** Rows that an answer has at most. */
  int MAX_ROWS = 10_000;

  /**
   * Asks, and waits for the answer: as long as questions before this one and the question itself
   * may take. Meant for virtual threads.
   *
   * @param sql one statement that reads
   * @param rows that the answer has at most, 1 to {@value #MAX_ROWS}
   */
  QueryOutcome ask(String sql, int rows);
}
