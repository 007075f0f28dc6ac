package io.fairlead.replication.backup;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What pgBackRest has written down of a copy.
 *
 * @param label its name there
 * @param prior the one that it is on top of; empty: it is full
 * @param system identifier of the database
 * @param version of PostgreSQL, such as 15
 * @param timeline on which it ended
 * @param start position from which the log is needed
 * @param end position at which it is consistent
 * @param files all that it takes to restore it, also of those that it is on top of
 */
record RepositoryManifest(
    String label,
    String prior,
    String system,
    int version,
    int timeline,
    long start,
    long end,
    List<Entry> files) {
  private static final Pattern SUM = Pattern.compile("\"checksum\":\"([0-9a-f]{40})\"");
  private static final Pattern REFERENCE = Pattern.compile("\"reference\":\"([0-9A-Z_-]+)\"");
  private static final Pattern SIZE = Pattern.compile("\"size\":([0-9]+)");
  private static final String PAGES = "\"checksum-page\":false";
  private static final String FILES = "target:file";

  /**
   * One file.
   *
   * @param name below the folder of the label
   * @param label whose folder it is in
   * @param size in bytes
   * @param sum SHA-1; empty: it has none, since it is empty
   * @param hasBadPages whether a page had another checksum than it says when it was copied
   */
  record Entry(String name, String label, long size, String sum, boolean hasBadPages) {}

  RepositoryManifest {
    files = List.copyOf(files);
  }

  /** What restoring writes. */
  long whole() {
    return files.stream().mapToLong(Entry::size).sum();
  }

  /** What was copied for it, and is in no other. */
  long own() {
    return files.stream().filter(f -> f.label().equals(label)).mapToLong(Entry::size).sum();
  }

  /**
   * Reads it.
   *
   * @throws IOException if it is not there, or none
   */
  static RepositoryManifest read(Path file) throws IOException {
    Map<String, String> said = new HashMap<>();
    List<String> lines = new ArrayList<>();
    try (BufferedReader in = Files.newBufferedReader(file)) {
      String section = "";
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        int equals = line.indexOf('=');
        if (line.startsWith("[") && line.endsWith("]")) {
          section = line.substring(1, line.length() - 1);
        } else if (section.equals(FILES) && line.contains("={")) {
          lines.add(line);
        } else if (equals > 0 && section.startsWith("backup")) {
          said.put(line.substring(0, equals), line.substring(equals + 1).replace("\"", ""));
        }
      }
    }
    try {
      String label = need(said, "backup-label");
      List<Entry> files = new ArrayList<>();
      for (String line : lines) {
        files.add(entry(line, label));
      }
      return new RepositoryManifest(
          label,
          said.getOrDefault("backup-prior", ""),
          need(said, "db-system-id"),
          Integer.parseInt(need(said, "db-version").replaceFirst("[.].*", "")),
          WalFile.timelineOf(need(said, "backup-archive-stop")),
          Lsn.parse(need(said, "backup-lsn-start")),
          Lsn.parse(need(said, "backup-lsn-stop")),
          files);
    } catch (RuntimeException e) {
      throw new IOException(file + " is damaged: " + e.getMessage(), e);
    }
  }

  private static String need(Map<String, String> said, String key) {
    String value = said.get(key);
    if (value == null) {
      throw new IllegalArgumentException(key + " is missing");
    }
    return value;
  }

  private static Entry entry(String line, String label) {
    int at = line.lastIndexOf("={");
    String about = line.substring(at);
    Matcher sum = SUM.matcher(about);
    Matcher reference = REFERENCE.matcher(about);
    Matcher size = SIZE.matcher(about);
    if (!size.find()) {
      throw new IllegalArgumentException("no size: " + line);
    }
    return new Entry(
        line.substring(0, at),
        reference.find() ? reference.group(1) : label,
        Long.parseLong(size.group(1)),
        sum.find() ? sum.group(1) : "",
        about.contains(PAGES));
  }
}
