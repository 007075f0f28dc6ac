package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.health.MariadbLogin;
import java.io.IOException;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What came of one fault, round after round. It is printed, and where {@code
 * fairlead.database.report} names a page its row there is replaced.
 */
final class DatabaseFaults {
  private static final ReportTable TABLE =
      new ReportTable("measured", "fault | " + DatabaseTally.HEAD + " | measured", 1);

  private static final int PAGE = 400;

  private final String fault;
  private final DatabaseTally tally = new DatabaseTally();

  DatabaseFaults(String fault) {
    this.fault = fault;
  }

  /** A round is over, and its clients have ended. */
  void add(LedgerClients clients) throws IOException {
    check(tally.add(clients), clients.windows());
  }

  /** A round is over in which clients of Galera wrote, all of whose numbers begin so. */
  void add(ManagedCluster shop, ManagedCluster.Writer writer, long from) throws IOException {
    Set<Long> there = new HashSet<>();
    try (MariadbLogin login = shop.client()) {
      ManagedCluster.order(login, "set session wsrep_sync_wait=1");
      List<List<String>> page;
      long next = from;
      do { // no answer may be longer
        page =
            login.rows(
                "select id from shop.ledger where id >= " + next + " order by id limit " + PAGE,
                Duration.ofSeconds(40));
        for (List<String> row : page) {
          boolean _ = there.add(Long.parseLong(row.getFirst()));
          next = Long.parseLong(row.getFirst()) + 1;
        }
      } while (page.size() == PAGE);
    }
    Set<Long> lostOnes = new HashSet<>(writer.acknowledged);
    lostOnes.removeAll(there);
    Set<Long> invented = new HashSet<>(there);
    invented.removeAll(writer.acknowledged);
    int before = invented.size();
    invented.removeAll(writer.unknown);
    LedgerClients.Found found =
        new LedgerClients.Found(lostOnes.size(), invented.size(), before - invented.size());
    tally.add(
        writer.longest.get() / 1_000_000,
        writer.acknowledged.size(),
        writer.unknown.size(),
        found,
        writer.windows().size());
    check(found, writer.windows());
  }

  private void check(LedgerClients.Found found, List<String> moments) throws IOException {
    if (found.lost() > 0 || !moments.isEmpty()) {
      write(); // it is told, whatever becomes of the rest
    }
    assertThat(found.lost()).as("acknowledged, and lost").isZero();
    assertThat(found.invented()).as("there, and never written").isZero();
    assertThat(moments).as("moments with two primaries").isEmpty();
  }

  /** The longest of all rounds, in milliseconds. */
  long worst() {
    return Collections.max(tally.pauses());
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
