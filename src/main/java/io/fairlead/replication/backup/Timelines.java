package io.fairlead.replication.backup;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which timeline the log is to be read from where, to come to the end of one: its ancestors, each
 * up to where the next began.
 *
 * @param stretches in the order of the log; the last has no end
 */
record Timelines(List<Stretch> stretches) {
  /**
   * @param timeline its number
   * @param begin the position where it began; 0: it is the first that is known
   * @param end where the next began; {@link Long#MAX_VALUE}: none did
   */
  record Stretch(int timeline, long begin, long end) {}

  Timelines {
    stretches = List.copyOf(stretches);
  }

  /**
   * To the end of that timeline.
   *
   * @param histories what the history file of each timeline says
   * @return null: its history is needed and not there
   */
  static @Nullable Timelines to(int timeline, Map<Integer, String> histories) {
    List<Stretch> stretches = new ArrayList<>();
    long begin = 0;
    String history = histories.get(timeline);
    if (history == null && timeline != 1) {
      return null;
    }
    for (String line : history == null ? List.<String>of() : history.lines().toList()) {
      String[] fields = line.strip().split("\\s+", 3);
      if (fields.length >= 2 && !fields[0].startsWith("#")) {
        long end = Lsn.parse(fields[1]);
        stretches.add(new Stretch(Integer.parseInt(fields[0]), begin, end));
        begin = end;
      }
    }
    stretches.add(new Stretch(timeline, begin, Long.MAX_VALUE));
    return new Timelines(stretches);
  }

  /** Who wrote what ends at that position. */
  int of(long position) {
    int timeline = stretches.getFirst().timeline();
    for (Stretch each : stretches) {
      if (each.begin() < position) {
        timeline = each.timeline();
      }
    }
    return timeline;
  }

  /** Who writes what begins at that position. */
  int from(long position) {
    int timeline = stretches.getFirst().timeline();
    for (Stretch each : stretches) {
      if (each.begin() <= position) {
        timeline = each.timeline();
      }
    }
    return timeline;
  }

  /** Whether the way leaves that timeline at that very position. */
  boolean leaves(int timeline, long position) {
    return stretches.stream().anyMatch(s -> s.timeline() == timeline && position == s.end());
  }

  /** Whether that position of that timeline is on the way. */
  boolean has(int timeline, long position) {
    return stretches.stream().anyMatch(s -> s.timeline() == timeline && position <= s.end());
  }

  /** Whose file of that segment is read: a new timeline begins with a copy of what was before. */
  int at(long segment, long segmentSize) {
    long end = (segment + 1) * segmentSize;
    int timeline = stretches.getFirst().timeline();
    for (Stretch each : stretches) {
      if (each.begin() < end) {
        timeline = each.timeline();
      }
    }
    return timeline;
  }
}
