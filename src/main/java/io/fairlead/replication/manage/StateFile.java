package io.fairlead.replication.manage;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The state of a database whose members all are on this machine: a file. */
final class StateFile implements StateStore {
  private final Path file;
  private @Nullable ManagedState known;

  StateFile(Path file) {
    this.file = file;
  }

  @Override
  public synchronized @Nullable ManagedState read() throws IOException {
    if (known == null) {
      try {
        known = ManagedState.parse(Files.readString(file));
      } catch (NoSuchFileException _) {
        return null;
      }
    }
    return known;
  }

  @Override
  public synchronized boolean replace(@Nullable ManagedState expected, ManagedState next)
      throws IOException {
    if (!Objects.equals(read(), expected)) {
      return false;
    }
    write(file, next.text());
    known = next;
    return true;
  }

  /** Replaces a file by one that is on the disk, or leaves it as it was. */
  static void write(Path file, String text) throws IOException {
    Path next = file.resolveSibling(file.getFileName() + ".next");
    try (FileChannel out =
        FileChannel.open(
            next,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
      while (bytes.hasRemaining()) {
        int _ = out.write(bytes);
      }
      out.force(true);
    }
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    try (FileChannel folder = FileChannel.open(file.toAbsolutePath().getParent())) {
      folder.force(true); // the new name, too
    }
  }
}
