package io.fairlead;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * The clock of a machine for the time of day, which can be set: all goes by it that the machine's
 * instance starts. Other clocks, by which one measures how long something takes, stay true, as they
 * do when somebody sets the time. By libfaketime, which is loaded before the C library.
 *
 * <p>It reads the file that says what time it is wherever somebody asks, in a handler of signals,
 * too, which may have interrupted whoever asks for memory: done each time, a server was ended by
 * that after some seconds. Once a second it is not seen.
 */
final class MachineClock implements AutoCloseable {
  private static final Path SHARED = Path.of("/dev/shm");

  private final Path file;
  private final Path library;

  /** Makes one that is right, or skips the test and says why. */
  MachineClock(Path folder) throws IOException {
    file = folder.resolve("clock");
    library = library();
    set(0);
  }

  private static Path library() throws IOException {
    for (Path lib : List.of(Path.of("/usr/lib"), Path.of("/usr/lib64"))) {
      if (Files.isDirectory(lib)) {
        try (Stream<Path> found =
            Files.find(lib, 4, (path, _) -> path.endsWith("faketime/libfaketimeMT.so.1"))) {
          Path first = found.findFirst().orElse(null);
          if (first != null) {
            return first;
          }
        }
      }
    }
    Assumptions.abort("needs libfaketime: apt-get install faketime");
    throw new IllegalStateException();
  }

  /** What the machine's programs are started with. */
  Map<String, String> environment() {
    return Map.of(
        "LD_PRELOAD",
        library.toString(),
        "FAKETIME_TIMESTAMP_FILE",
        file.toString(),
        "FAKETIME_CACHE_DURATION",
        "1",
        "FAKETIME_DONT_FAKE_MONOTONIC",
        "1",
        "FAKETIME_FORCE_MONOTONIC_FIX",
        "0", // it takes what a JVM waits for to be over at once
        "NO_FAKE_STAT",
        "1");
  }

  /**
   * It jumps; all know within a second.
   *
   * @param seconds by how many it is ahead of the true time from then on
   */
  void set(long seconds) throws IOException {
    Path next = file.resolveSibling("clock.next");
    Files.writeString(next, (seconds < 0 ? "" : "+") + seconds + "\n");
    Path _ = Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /** What the library leaves of processes that were killed. */
  @Override
  public void close() throws IOException {
    try (Stream<Path> all = Files.list(SHARED)) {
      for (Path each : all.toList()) {
        String name = each.getFileName().toString();
        if (name.matches("(sem\\.)?faketime_(sem|shm)_[0-9]+")
            && !Files.exists(Path.of("/proc", name.substring(name.lastIndexOf('_') + 1)))) {
          Files.deleteIfExists(each);
        }
      }
    }
  }
}
