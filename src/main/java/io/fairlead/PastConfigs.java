package io.fairlead;

import io.fairlead.group.Versions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Configurations that were in force in this process: the last {@value #KEPT}, as far as their texts
 * have {@value #MOST_CHARS} characters together, and the one before the last in any case. Any
 * thread.
 */
final class PastConfigs {
  static final int KEPT = 50;
  static final int MOST_CHARS = 4_000_000;

  private record Past(long version, String source, long millis, String text) {}

  private final Deque<Past> all = new ArrayDeque<>();
  private long chars;

  /** It is in force now. Of the state, with its listeners and services, only the text is kept. */
  synchronized void add(Fairlead.State state) {
    all.addLast(
        new Past(state.version(), state.source(), state.applied().toEpochMilli(), state.text()));
    chars += state.text().length();
    while (all.size() > KEPT || (all.size() > 2 && chars > MOST_CHARS)) {
      chars -= all.removeFirst().text().length();
    }
  }

  /** The youngest, which is in force, first. */
  synchronized List<Versions.Version> history() {
    List<Versions.Version> versions = new ArrayList<>();
    for (Past past : all.reversed()) {
      versions.add(
          new Versions.Version(past.version(), past.source(), past.millis(), versions.isEmpty()));
    }
    return versions;
  }

  /** As it was written; null: it is not kept. */
  synchronized @Nullable String text(long version) {
    return all.stream()
        .filter(past -> past.version() == version)
        .map(Past::text)
        .findFirst()
        .orElse(null);
  }
}
