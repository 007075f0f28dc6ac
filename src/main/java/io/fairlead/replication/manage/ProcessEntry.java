package io.fairlead.replication.manage;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A process as {@code /proc} shows it.
 *
 * @param ticks when it began, since the machine did; with the number it is unmistakable
 */
record ProcessEntry(long pid, long parent, long ticks, boolean ended) {
  private static final Path PROC = Path.of("/proc");

  /** kill(2). */
  private static final MethodHandle KILL = killCall();

  /** What a process may be told; numbers of Linux. */
  enum Signal {
    HANGUP(1),
    INTERRUPT(2),
    KILL(9),
    TERMINATE(15);

    private final int number;

    Signal(int number) {
      this.number = number;
    }
  }

  @SuppressWarnings("restricted") // native access is given on the command line
  private static MethodHandle killCall() {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow("kill"),
        FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
  }

  /** Null: there is none of that number. */
  static @Nullable ProcessEntry find(long pid) {
    try {
      // PID (NAME) STATE PARENT … and the name may have blanks and parentheses
      String stat =
          Files.readString(
              PROC.resolve(Long.toString(pid)).resolve("stat"), StandardCharsets.ISO_8859_1);
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      char state = fields[0].charAt(0);
      return new ProcessEntry(
          pid, Long.parseLong(fields[1]), Long.parseLong(fields[19]), state == 'Z' || state == 'X');
    } catch (IOException | RuntimeException _) {
      return null; // it has ended while we looked
    }
  }

  /** It runs, and is no other that was given its number. */
  boolean isAlive() {
    ProcessEntry now = find(pid);
    return now != null && !now.ended() && now.ticks() == ticks;
  }

  /** It runs, or has ended and nobody has buried it yet. */
  boolean isThere() {
    ProcessEntry now = find(pid);
    return now != null && now.ticks() == ticks;
  }

  /** Those that it has started. */
  List<ProcessEntry> children() {
    return all().stream().filter(entry -> entry.parent() == pid).toList();
  }

  /** All of this machine that are for us to see. */
  static List<ProcessEntry> all() {
    List<ProcessEntry> all = new ArrayList<>();
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(PROC, "[0-9]*")) {
      for (Path folder : folders) {
        ProcessEntry entry = find(Long.parseLong(folder.getFileName().toString()));
        if (entry != null) {
          all.add(entry);
        }
      }
    } catch (IOException _) {
      return List.of();
    }
    return all;
  }

  /** Its variables, each as {@code NAME=VALUE}; empty: that is not for us to know. */
  List<String> environment() {
    try {
      return List.of(
          Files.readString(
                  PROC.resolve(Long.toString(pid)).resolve("environ"), StandardCharsets.ISO_8859_1)
              .split("\0", -1));
    } catch (IOException _) {
      return List.of();
    }
  }

  /** Where it works; empty: that is not for us to know. */
  String folder() {
    try {
      return Files.readSymbolicLink(PROC.resolve(Long.toString(pid)).resolve("cwd")).toString();
    } catch (IOException | RuntimeException _) {
      return "";
    }
  }

  /** Which program it is. */
  String name() {
    try {
      return Files.readString(PROC.resolve(Long.toString(pid)).resolve("comm")).strip();
    } catch (IOException _) {
      return "";
    }
  }

  /** How it calls itself; empty: it has ended. */
  String title() {
    try {
      return Files.readString(
              PROC.resolve(Long.toString(pid)).resolve("cmdline"), StandardCharsets.ISO_8859_1)
          .replace('\0', ' ')
          .strip();
    } catch (IOException _) {
      return "";
    }
  }

  /** Tells it that, if it runs; answers whether it was told. */
  boolean tell(Signal signal) {
    if (!isAlive()) {
      return false;
    }
    try {
      return (int) KILL.invokeExact((int) pid, signal.number) == 0;
    } catch (Throwable e) { // which is what a handle declares; the call itself throws nothing
      throw new IllegalStateException("kill(2) cannot be called", e);
    }
  }

  void kill() {
    boolean _ = tell(Signal.KILL);
  }
}
