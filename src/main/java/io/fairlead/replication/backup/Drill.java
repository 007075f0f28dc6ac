package io.fairlead.replication.backup;

import java.io.IOException;

/**
 * One trial, as it is kept.
 *
 * @param startMillis when it began, since 1970
 * @param millis how long it took
 * @param passed whether everything came up and could be read
 * @param backup the copy that was restored; empty: none was found
 * @param position up to which it was brought
 * @param timeline of that position
 * @param pointMillis the moment that was restored: all that had been committed by then was there
 * @param text what was proven, or what was wrong, for people
 */
record Drill(
    long startMillis,
    long millis,
    boolean passed,
    String backup,
    long position,
    int timeline,
    long pointMillis,
    String text) {
  /** One that did not pass. */
  static Drill failed(long startMillis, long millis, String backup, IOException why) {
    return new Drill(startMillis, millis, false, backup, 0, 0, 0, String.valueOf(why.getMessage()));
  }

  String line() {
    return String.join(
        "\t",
        String.valueOf(startMillis),
        String.valueOf(millis),
        passed ? "passed" : "failed",
        backup,
        Lsn.text(position),
        String.valueOf(timeline),
        String.valueOf(pointMillis),
        text.replaceAll("\\p{Cntrl}", " "));
  }

  /**
   * @throws IllegalArgumentException if it is none
   */
  static Drill parse(String line) {
    String[] fields = line.split("\t", 8);
    if (fields.length != 8) {
      throw new IllegalArgumentException("no drill: " + line);
    }
    return new Drill(
        Long.parseLong(fields[0]),
        Long.parseLong(fields[1]),
        fields[2].equals("passed"),
        fields[3],
        Lsn.parse(fields[4]),
        Integer.parseInt(fields[5]),
        Long.parseLong(fields[6]),
        fields[7]);
  }
}
