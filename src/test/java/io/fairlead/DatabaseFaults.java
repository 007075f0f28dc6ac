package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;

/**
 * What came of one fault, round after round. It is printed, and where {@code
 * fairlead.database.report} names a page its row there is replaced.
 */
final class DatabaseFaults {
  private static final ReportTable TABLE =
      new ReportTable("measured", "fault | " + DatabaseTally.HEAD + " | measured", 1);

  private final String fault;
  private final DatabaseTally tally = new DatabaseTally();

  DatabaseFaults(String fault) {
    this.fault = fault;
  }

  /** A round is over, and its clients have ended. */
  void add(LedgerClients clients) throws IOException {
    LedgerClients.Found found = tally.add(clients);
    if (found.lost() > 0 || !clients.windows().isEmpty()) {
      write(); // it is told, whatever becomes of the rest
    }
    assertThat(found.lost()).as("acknowledged, and lost").isZero();
    assertThat(found.invented()).as("there, and never written").isZero();
    assertThat(clients.windows()).as("moments with two primaries").isEmpty();
  }

  /** The one that is greater than so many percent of all, or the next. */
  static long at(List<Long> sorted, int percent) {
    return DatabaseTally.at(sorted, percent);
  }

  void write() throws IOException {
    String row =
        "| " + fault + " | " + tally.cells() + " | " + LocalDate.now(ZoneOffset.UTC) + " |";
    System.out.println(row + " " + tally.pauses());
    replace(row);
  }

  /** Puts a row into the page, in the place of the one of the same name. */
  static void replace(String row) throws IOException {
    TABLE.put(row);
  }
}
