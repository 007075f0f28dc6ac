package io.fairlead.scaling;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * What of the orders to an agent still holds when it is started again: the highest term, so that
 * whoever gave orders before that one is refused as he was, and which nodes get no more requests.
 * It is written before an order is followed. Not thread-safe.
 */
final class Standing {
  private final Path file;
  private final Set<String> draining = new TreeSet<>();
  private long term;

  /**
   * Reads what there is; may wait.
   *
   * @throws IOException it is there and cannot be read, or is no such file
   */
  Standing(Path file) throws IOException {
    this.file = file;
    try {
      for (String line : Files.readAllLines(file)) {
        String[] parts = line.split(" ", -1);
        switch (parts[0]) {
          case "term" -> term = Long.parseLong(parts[1]);
          case "draining" -> draining.add(parts[1]);
          default -> throw new IOException(file + " has a line that is none of it: " + line);
        }
      }
    } catch (NoSuchFileException e) {
      // There was no order yet.
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw new IOException(file + " is damaged: " + e.getMessage(), e);
    }
  }

  long term() {
    return term;
  }

  boolean isDraining(String name) {
    return draining.contains(name);
  }

  /** From now on orders of lower terms are refused; may wait. */
  void raise(long to) throws IOException {
    if (to > term) {
      write(to, draining);
      term = to;
    }
  }

  /**
   * Sets or takes away the mark; may wait.
   *
   * @param present names of nodes that there are: marks of others are dropped
   */
  void drain(String name, boolean on, Collection<String> present) throws IOException {
    Set<String> next = new TreeSet<>(draining);
    next.retainAll(present);
    if (on) {
      next.add(name);
    } else {
      next.remove(name);
    }
    if (!next.equals(draining)) {
      write(term, next);
      draining.clear();
      draining.addAll(next);
    }
  }

  private void write(long theTerm, Set<String> theDraining) throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("term " + theTerm);
    theDraining.forEach(name -> lines.add("draining " + name));
    WholeFile.write(file, lines);
  }
}
