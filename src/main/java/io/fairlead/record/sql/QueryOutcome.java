package io.fairlead.record.sql;

import java.util.List;

/** What became of a question. */
public sealed interface QueryOutcome {
  /** A column of an answer, with the engine's name of its type. */
  record Column(String name, String type) {}

  /** The answer. */
  final class Answered implements QueryOutcome {
    private final List<Column> columns;
    private final int count;
    private final byte[] rows;
    private final boolean truncated;
    private final long nanos;

    /**
     * @param count rows
     * @param rows a JSON array with an array for each row, UTF-8; not copied
     * @param truncated there are more, which would exceed the bounds of an answer
     * @param nanos that the engine took
     */
    public Answered(List<Column> columns, int count, byte[] rows, boolean truncated, long nanos) {
      this.columns = List.copyOf(columns);
      this.count = count;
      this.rows = rows;
      this.truncated = truncated;
      this.nanos = nanos;
    }

    public List<Column> columns() {
      return columns;
    }

    public int count() {
      return count;
    }

    /** Not copied; nobody writes it. */
    public byte[] rows() {
      return rows;
    }

    public boolean truncated() {
      return truncated;
    }

    public long nanos() {
      return nanos;
    }
  }

  /**
   * The question is wrong, or not one that may be asked.
   *
   * @param why in the engine's words where they are about SQL
   * @param position of the mistake in the SQL, from 1; 0: it has none
   */
  record Wrong(String why, int position) implements QueryOutcome {}

  /** It would take more time or memory than a question may have. */
  record TooMuch(String why) implements QueryOutcome {}

  /** Nobody answers now. */
  record Unavailable(String why) implements QueryOutcome {}
}
