package io.fairlead.scaling;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Processes of this machine as {@code /proc} shows them. */
final class Processes {
  /** What Linux counts the beginnings of processes in, on every machine that Java 25 runs on. */
  static final long TICKS_PER_SECOND = 100;

  private static final Path PROC = Path.of("/proc");

  /** Of an environment no more is read. */
  private static final int MOST_BYTES = 256 * 1024;

  /**
   * One process at one moment.
   *
   * @param session whose leader began it, and all that came of it
   * @param ticks when it began, since the machine did; with the number it is unmistakable
   */
  record Entry(long pid, long session, long ticks, boolean ended) {}

  private Processes() {}

  static boolean areKnown() {
    return Files.isReadable(PROC.resolve("self/stat"));
  }

  /** Tells one life of the machine from the others. */
  static String boot() {
    try {
      return Files.readString(PROC.resolve("sys/kernel/random/boot_id")).strip();
    } catch (IOException e) {
      return "unknown";
    }
  }

  /** How long the machine runs, in ticks; 0 if that cannot be read. */
  static long now() {
    try {
      String uptime = Files.readString(PROC.resolve("uptime"));
      double seconds = Double.parseDouble(uptime.substring(0, uptime.indexOf(' ')));
      return (long) (seconds * TICKS_PER_SECOND);
    } catch (IOException | RuntimeException e) {
      return 0;
    }
  }

  /** All that there are. */
  static List<Entry> all() throws IOException {
    List<Entry> all = new ArrayList<>();
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path folder : folders) {
        Entry entry = find(Long.parseLong(folder.getFileName().toString()));
        if (entry != null) {
          all.add(entry);
        }
      }
    }
    return all;
  }

  /** The process of that number, or null. One that has ended and was not yet buried counts. */
  static @Nullable Entry find(long pid) {
    try {
      // PID (NAME) STATE PARENT GROUP SESSION … and the name may have blanks and parentheses
      String stat = Files.readString(stat(pid), StandardCharsets.ISO_8859_1);
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      char state = fields[0].charAt(0);
      return new Entry(
          pid, Long.parseLong(fields[3]), Long.parseLong(fields[19]), state == 'Z' || state == 'X');
    } catch (IOException | RuntimeException e) {
      return null; // ended while we looked
    }
  }

  private static Path stat(long pid) {
    return PROC.resolve(Long.toString(pid)).resolve("stat");
  }

  /** The value of a variable that the process was started with; null: none, or not for us. */
  static @Nullable String variable(long pid, String name) {
    byte[] wanted = (name + "=").getBytes(StandardCharsets.UTF_8);
    byte[] bytes;
    try (InputStream in =
        Files.newInputStream(PROC.resolve(Long.toString(pid)).resolve("environ"))) {
      bytes = in.readNBytes(MOST_BYTES);
    } catch (IOException e) {
      return null;
    }
    int start = 0;
    for (int i = 0; i <= bytes.length; i++) {
      if (i == bytes.length || bytes[i] == 0) {
        if (startsWith(bytes, start, i, wanted)) {
          int from = start + wanted.length;
          return new String(bytes, from, i - from, StandardCharsets.UTF_8);
        }
        start = i + 1;
      }
    }
    return null;
  }

  private static boolean startsWith(byte[] bytes, int from, int to, byte[] wanted) {
    if (to - from < wanted.length) {
      return false;
    }
    for (int i = 0; i < wanted.length; i++) {
      if (bytes[from + i] != wanted[i]) {
        return false;
      }
    }
    return true;
  }
}
