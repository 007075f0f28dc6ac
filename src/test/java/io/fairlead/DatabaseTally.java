package io.fairlead;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/** What clients of a database went through, round after round of the same. */
final class DatabaseTally {
  /** What {@link #cells} are, as the head of a table. */
  static final String HEAD =
      "rounds | nobody wrote for, p50 | p99 | worst | acknowledged | unknown | lost | two primaries";

  private final List<Long> pauses = new ArrayList<>();
  private long acknowledged;
  private long unknown;
  private long lost;
  private long windows;

  /**
   * A round is over, and its clients have ended.
   *
   * @return what they find in the end
   */
  LedgerClients.Found add(LedgerClients clients) throws IOException {
    LedgerClients.Found found = clients.find();
    add(
        clients.longestMillis(),
        clients.acknowledged(),
        clients.unknown(),
        found,
        clients.windows().size());
    return found;
  }

  /**
   * A round is over.
   *
   * @param pause how long nobody wrote, in milliseconds
   * @param moments with two primaries
   */
  void add(long pause, int acked, int unsaid, LedgerClients.Found found, int moments) {
    pauses.add(pause);
    acknowledged += acked;
    unknown += unsaid;
    lost += found.lost();
    windows += moments;
  }

  boolean isEmpty() {
    return pauses.isEmpty();
  }

  /** How long nobody wrote in each round, in milliseconds. */
  List<Long> pauses() {
    return Collections.unmodifiableList(pauses);
  }

  /** The one that is greater than so many percent of all, or the next. */
  static long at(List<Long> sorted, int percent) {
    return sorted.get(Math.max(0, (sorted.size() * percent + 99) / 100 - 1));
  }

  /** Of a row, with what is between them. */
  String cells() {
    List<Long> sorted = new ArrayList<>(pauses);
    Collections.sort(sorted);
    return String.format(
        Locale.ROOT,
        "%d | %d ms | %d ms | %d ms | %d | %d | %d | %d",
        sorted.size(),
        at(sorted, 50),
        at(sorted, 99),
        sorted.getLast(),
        acknowledged,
        unknown,
        lost,
        windows);
  }
}
