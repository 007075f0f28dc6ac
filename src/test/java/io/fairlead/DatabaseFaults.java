package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.health.MariadbLogin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeMap;

/**
 * What came of one fault, round after round. It is printed, and where {@code
 * fairlead.database.report} names a page its row there is replaced.
 */
final class DatabaseFaults {
  private static final String BEGIN = "<!-- measured: begin -->";
  private static final String END = "<!-- measured: end -->";
  private static final String HEAD =
      """
      | fault | rounds | nobody wrote for, p50 | p99 | worst | acknowledged | unknown | lost | two primaries | measured |
      |---|---|---|---|---|---|---|---|---|---|
      """;

  private static final int PAGE = 400;

  private final String fault;
  private final List<Long> pauses = new ArrayList<>();
  private long acknowledged;
  private long unknown;
  private long lost;
  private long windows;

  DatabaseFaults(String fault) {
    this.fault = fault;
  }

  /** A round is over, and its clients have ended. */
  void add(LedgerClients clients) throws IOException {
    LedgerClients.Found found = clients.find();
    add(
        clients.longestMillis(),
        clients.acknowledged(),
        clients.unknown(),
        found,
        clients.windows());
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
    add(
        writer.longest.get() / 1_000_000,
        writer.acknowledged.size(),
        writer.unknown.size(),
        new LedgerClients.Found(lostOnes.size(), invented.size(), before - invented.size()),
        writer.windows());
  }

  private void add(
      long pause, int acked, int unsaid, LedgerClients.Found found, List<String> moments)
      throws IOException {
    pauses.add(pause);
    acknowledged += acked;
    unknown += unsaid;
    lost += found.lost();
    windows += moments.size();
    if (found.lost() > 0 || !moments.isEmpty()) {
      write(); // it is told, whatever becomes of the rest
    }
    assertThat(found.lost()).as("acknowledged, and lost").isZero();
    assertThat(found.invented()).as("there, and never written").isZero();
    assertThat(moments).as("moments with two primaries").isEmpty();
  }

  /** The longest of all rounds, in milliseconds. */
  long worst() {
    return Collections.max(pauses);
  }

  /** The one that is greater than so many percent of all, or the next. */
  static long at(List<Long> sorted, int percent) {
    return sorted.get(Math.max(0, (sorted.size() * percent + 99) / 100 - 1));
  }

  void write() throws IOException {
    List<Long> sorted = new ArrayList<>(pauses);
    Collections.sort(sorted);
    String row =
        String.format(
            Locale.ROOT,
            "| %s | %d | %d ms | %d ms | %d ms | %d | %d | %d | %d | %s |",
            fault,
            sorted.size(),
            at(sorted, 50),
            at(sorted, 99),
            sorted.getLast(),
            acknowledged,
            unknown,
            lost,
            windows,
            LocalDate.now(ZoneOffset.UTC));
    System.out.println(row + " " + pauses);
    replace(fault, row);
  }

  /** Puts a row into the page, in the place of the one of the same name. */
  static void replace(String name, String row) throws IOException {
    String page = System.getProperty("fairlead.database.report", "");
    if (page.isEmpty()) {
      return;
    }
    Path file = Path.of(page);
    String text = Files.readString(file);
    int begin = text.indexOf(BEGIN) + BEGIN.length();
    int end = text.indexOf(END);
    TreeMap<String, String> rows = new TreeMap<>();
    for (String line : text.substring(begin, end).lines().toList()) {
      String[] cells = line.split("\\|", -1);
      if (cells.length > 2 && !cells[1].isBlank() && !line.startsWith("|---")) {
        rows.put(cells[1].strip(), line);
      }
    }
    rows.remove("fault");
    rows.put(name, row);
    Files.writeString(
        file,
        text.substring(0, begin)
            + "\n"
            + HEAD
            + String.join("\n", rows.values())
            + "\n"
            + text.substring(end));
  }
}
