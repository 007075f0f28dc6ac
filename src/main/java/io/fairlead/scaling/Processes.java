package io.fairlead.scaling;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** Processes of this machine as {@code /proc} shows them. */
final class Processes {
  /** What Linux counts the beginnings of processes in, on every machine that Java 25 runs on. */
  static final long TICKS_PER_SECOND = 100;

  private static final Path PROC = Path.of("/proc");

  /** Of an environment no more is read. */
  private static final int MOST_BYTES = 256 * 1024;

  /** Of one that goes on becoming other programs: with the pauses, some 50 ms. */
  private static final int MOST_LOOKS = 500;

  /** So often nothing was there: nothing it is. */
  private static final int SURE = 20;

  // Where fields of stat are, counted from STATE: see proc_pid_stat(5).
  private static final int MEMORY = 20;
  private static final int START = 47;
  private static final int END = 48;

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
      String[] fields = fields(pid);
      char state = fields[0].charAt(0);
      return new Entry(
          pid, Long.parseLong(fields[3]), Long.parseLong(fields[19]), state == 'Z' || state == 'X');
    } catch (IOException | RuntimeException e) {
      return null; // ended while we looked
    }
  }

  /** PID (NAME) STATE PARENT GROUP SESSION … from STATE on: the name may have blanks and ")". */
  private static String[] fields(long pid) throws IOException {
    String stat =
        Files.readString(
            PROC.resolve(Long.toString(pid)).resolve("stat"), StandardCharsets.ISO_8859_1);
    return stat.substring(stat.lastIndexOf(')') + 2).strip().split(" ", -1);
  }

  /**
   * The value of a variable that the process was started with; null: none, or not for us.
   *
   * <p>While a process becomes another program (execve) the kernel shows its environment as empty,
   * some microseconds long; it is looked at again until there is a word of it.
   */
  static @Nullable String variable(long pid, String name) {
    byte[] wanted = (name + "=").getBytes(StandardCharsets.UTF_8);
    byte[] bytes = environment(pid);
    int none = 0;
    for (int looks = 1; bytes != null && bytes.length == 0; looks++) {
      none = isBare(pid) ? none + 1 : 0;
      if (none == SURE || looks == MOST_LOOKS || !isRunning(pid)) {
        return null;
      }
      if (looks > SURE) {
        LockSupport.parkNanos(100_000);
      }
      bytes = environment(pid);
    }
    if (bytes == null) {
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

  /** Null: not for us, or it has ended. Empty: none, or none at this moment. */
  private static byte @Nullable [] environment(long pid) {
    try (InputStream in =
        Files.newInputStream(PROC.resolve(Long.toString(pid)).resolve("environ"))) {
      return in.readNBytes(MOST_BYTES);
    } catch (IOException e) {
      return null;
    }
  }

  /** It has memory of its own: it has not ended, and is no part of the kernel. */
  private static boolean isRunning(long pid) {
    return !field(pid, MEMORY).equals("0");
  }

  /** What it was started with has no bytes; also for a moment while it is being put there. */
  private static boolean isBare(long pid) {
    String end = field(pid, END);
    return !end.equals("0") && end.equals(field(pid, START));
  }

  /** "0": the process has ended, or that is not for us to know. */
  private static String field(long pid, int index) {
    try {
      return fields(pid)[index];
    } catch (IOException | RuntimeException e) {
      return "0";
    }
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
