package io.fairlead.scaling;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Which version a node is of, by its name. Written down before the node is started: the name is
 * known then, so that there is no moment in which a node runs and nobody knows what.
 */
final class Versions {
  /** More are remembered of nodes that are gone only as long as there are few. */
  private static final int MOST = 4000;

  private final Path file;
  private final Map<String, String> known = new TreeMap<>();

  Versions(Path file) throws IOException {
    this.file = file;
    try {
      for (String line : Files.readAllLines(file)) {
        String[] parts = line.split(" ", -1);
        if (parts.length == 2) {
          known.put(parts[0], parts[1]);
        }
      }
    } catch (NoSuchFileException e) {
      // None has been started.
    }
  }

  /** Null: nothing was written down. */
  synchronized @Nullable String of(String name) {
    return known.get(name);
  }

  /**
   * May wait.
   *
   * @param present names of nodes that there are
   */
  synchronized void put(String name, String version, Set<String> present) throws IOException {
    if (version.equals(known.get(name)) || (version.isEmpty() && !known.containsKey(name))) {
      return;
    }
    known.put(name, version);
    if (known.size() > MOST) {
      Set<String> kept = new HashSet<>(present);
      kept.add(name);
      known.keySet().retainAll(kept);
    }
    List<String> lines = new ArrayList<>();
    known.forEach((each, its) -> lines.add(each + " " + its));
    WholeFile.write(file, lines);
  }
}
