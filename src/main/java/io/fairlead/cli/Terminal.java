package io.fairlead.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Writes for people: aligned tables, colour where a person looks and did not forbid it. */
final class Terminal {
  private final PrintWriter out;
  private final boolean colour;

  Terminal(PrintWriter out, boolean colour) {
    this.out = out;
    this.colour = colour;
  }

  void line(String text) {
    out.println(text);
    out.flush();
  }

  /**
   * A table with a line of titles. A title that begins with {@code >} sets its column to the right.
   * Cells that are a state get its colour.
   */
  void table(List<String> titles, List<List<String>> rows) {
    int columns = titles.size();
    int[] widths = new int[columns];
    boolean[] right = new boolean[columns];
    List<List<String>> all = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (int i = 0; i < columns; i++) {
      right[i] = titles.get(i).startsWith(">");
      names.add(right[i] ? titles.get(i).substring(1) : titles.get(i));
    }
    all.add(names);
    all.addAll(rows);
    for (List<String> row : all) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    for (List<String> row : all) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < columns; i++) {
        String cell = row.get(i);
        String gap = " ".repeat(widths[i] - cell.length());
        line.append(right[i] ? gap + state(cell) : state(cell) + gap);
        line.append(i < columns - 1 ? "  " : "");
      }
      line(line.toString().stripTrailing());
    }
  }

  /** The word in the colour of the state that it names. */
  String state(String word) {
    String code =
        switch (word) {
          case "up", "good", "ready" -> "32";
          case "draining", "degraded", "attention" -> "33";
          case "down", "bad", "not ready" -> "31";
          default -> "";
        };
    return colour && !code.isEmpty() ? "\u001b[" + code + "m" + word + "\u001b[0m" : word;
  }

  static String rate(double value) {
    return value >= 10 || value == 0
        ? String.format(Locale.ROOT, "%,.0f", value)
        : String.format(Locale.ROOT, "%.1f", value);
  }

  static String share(double value) {
    return value == 0
        ? "0"
        : String.format(Locale.ROOT, value < 0.1 ? "%.1f%%" : "%.0f%%", value * 100);
  }

  static String millis(double value) {
    return String.format(
        Locale.ROOT, value < 10 ? "%.2f ms" : value < 100 ? "%.1f ms" : "%,.0f ms", value);
  }

  static String span(double seconds) {
    long s = (long) Math.max(0, seconds);
    if (s < 60) {
      return s + " s";
    }
    if (s < 3600) {
      return s / 60 + " min " + s % 60 + " s";
    }
    return s < 86_400
        ? s / 3600 + " h " + s % 3600 / 60 + " min"
        : s / 86_400 + " d " + s % 86_400 / 3600 + " h";
  }
}
