package io.fairlead.replication.manage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The state of a Galera cluster whose members all are on this machine: a file. Any thread. */
final class GaleraStore {
  private final Path file;
  private @Nullable GaleraState known;

  GaleraStore(Path file) {
    this.file = file;
  }

  /**
   * As the last change left it; null: there is none yet.
   *
   * @throws IOException if that cannot be known now, in words
   */
  synchronized @Nullable GaleraState read() throws IOException {
    if (known == null) {
      try {
        known = GaleraState.parse(Files.readString(file));
      } catch (NoSuchFileException _) {
        return null;
      }
    }
    return known;
  }

  /**
   * Replaces it if it is that still, and has it on disk.
   *
   * @param expected null: there is none
   * @return whether it was
   */
  synchronized boolean replace(@Nullable GaleraState expected, GaleraState next)
      throws IOException {
    if (!Objects.equals(read(), expected)) {
      return false;
    }
    StateFile.write(file, next.text());
    known = next;
    return true;
  }
}
