package io.fairlead.replication.manage;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * That a page of a member's data is not what was written, as it is kept in a file beside the data:
 * there it outlives servers and processes, and whoever decides sees it by SQL, on whatever machine
 * the member is.
 *
 * @param plan what becomes of the data
 * @param words which page, and what is wrong with it, for people; one line
 */
record Damage(Plan plan, String words) {
  /** What becomes of the data of a replica. */
  enum Plan {
    /** It is copied as soon as nobody counts on it. */
    COPY,
    /** It was copied for that not long ago: an operator has to look at its disk. */
    KEEP,
    /** An operator has it promoted all the same, if there is nobody else. */
    ACCEPTED
  }

  /** So much of the file is read at most. */
  static final int MOST = 400;

  Damage {
    String line = words.replaceAll("\\p{Cntrl}", " ").strip();
    words = line.substring(0, Math.min(line.length(), MOST / 2));
  }

  String text() {
    return plan.name().toLowerCase(Locale.ROOT) + " " + words + "\n";
  }

  /** Reads what {@link #text} wrote; null: nothing is. What is not understood is damage, too. */
  static @Nullable Damage parse(String text) {
    String line = text.strip();
    if (line.isEmpty()) {
      return null;
    }
    for (Plan plan : Plan.values()) {
      String word = plan.name().toLowerCase(Locale.ROOT) + " ";
      if (line.startsWith(word)) {
        return new Damage(plan, line.substring(word.length()));
      }
    }
    return new Damage(Plan.KEEP, line);
  }

  /** Whether it keeps the member from being promoted. */
  boolean bars() {
    return plan != Plan.ACCEPTED;
  }
}
