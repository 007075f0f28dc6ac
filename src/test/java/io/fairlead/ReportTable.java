package io.fairlead;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeMap;

/**
 * A table of a page that tests fill in, row by row, sorted by name. Without {@code
 * fairlead.database.report}, which names the page, nothing is written.
 *
 * @param name of the comments around it
 * @param columns its head, with what is between them
 * @param key how many of the first cells are a row's name
 */
record ReportTable(String name, String columns, int key) {
  /** Puts a row into it, in the place of the one of the same name. */
  void put(String row) throws IOException {
    String page = System.getProperty("fairlead.database.report", "");
    if (page.isEmpty()) {
      return;
    }
    Path file = Path.of(page);
    String text = Files.readString(file);
    String first = "<!-- " + name + ": begin -->";
    int begin = text.indexOf(first) + first.length();
    int end = text.indexOf("<!-- " + name + ": end -->");
    TreeMap<String, String> rows = new TreeMap<>();
    for (String line : text.substring(begin, end).lines().toList()) {
      if (line.startsWith("| ")) {
        rows.put(key(line), line);
      }
    }
    String head = "| " + columns + " |";
    rows.remove(key(head));
    rows.put(key(row), row);
    String rule = head.replaceAll("[^|]+", "---");
    Files.writeString(
        file,
        text.substring(0, begin)
            + "\n"
            + head
            + "\n"
            + rule
            + "\n"
            + String.join("\n", rows.values())
            + "\n"
            + text.substring(end));
  }

  private String key(String row) {
    List<String> cells = List.of(row.split("\\|", -1));
    return String.join("|", cells.subList(1, 1 + key));
  }
}
