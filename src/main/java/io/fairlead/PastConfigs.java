package io.fairlead;

import io.fairlead.group.Versions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Configurations that were in force in this process, the last {@value #KEPT}. Any thread. */
final class PastConfigs {
  static final int KEPT = 50;

  private final Deque<Fairlead.State> states = new ArrayDeque<>();

  synchronized void add(Fairlead.State state) {
    states.addLast(state);
    if (states.size() > KEPT) {
      states.removeFirst();
    }
  }

  /** The youngest, which is in force, first. */
  synchronized List<Versions.Version> history() {
    List<Versions.Version> versions = new ArrayList<>();
    for (Fairlead.State state : states.reversed()) {
      versions.add(
          new Versions.Version(
              state.version(), state.source(), state.applied().toEpochMilli(), versions.isEmpty()));
    }
    return versions;
  }

  /** As it was written; null: it is not kept. */
  synchronized @Nullable String text(long version) {
    return states.stream()
        .filter(state -> state.version() == version)
        .map(Fairlead.State::text)
        .findFirst()
        .orElse(null);
  }
}
