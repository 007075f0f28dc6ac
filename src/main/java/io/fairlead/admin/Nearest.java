package io.fairlead.admin;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Guesses what was meant by a name that does not exist. */
final class Nearest {
  /** Names looked at; more are not worth the time of a typing error. */
  private static final int MAX_NAMES = 20_000;

  private Nearest() {}

  /** The known name with the fewest edits, if they are at most a third of its length; else null. */
  static @Nullable String to(String given, Iterable<String> known) {
    String wanted = given.toLowerCase(Locale.ROOT);
    if (wanted.length() > 100) {
      return null;
    }
    String best = null;
    int bestEdits = Integer.MAX_VALUE;
    int seen = 0;
    for (String name : known) {
      if (++seen > MAX_NAMES) {
        break;
      }
      int allowed = Math.max(1, name.length() / 3);
      if (Math.abs(name.length() - wanted.length()) <= allowed) {
        int edits = edits(wanted, name.toLowerCase(Locale.ROOT));
        if (edits <= allowed && edits < bestEdits) {
          best = name;
          bestEdits = edits;
        }
      }
    }
    return best;
  }

  /** Insertions, deletions and replacements from one to the other (Levenshtein). */
  private static int edits(String from, String to) {
    int[] above = new int[to.length() + 1];
    for (int j = 0; j < above.length; j++) {
      above[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int[] row = new int[to.length() + 1];
      row[0] = i;
      for (int j = 1; j <= to.length(); j++) {
        int replace = above[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
        row[j] = Math.min(replace, Math.min(row[j - 1], above[j]) + 1);
      }
      above = row;
    }
    return above[to.length()];
  }
}
