package io.fairlead.record.text;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The end of a file. Whoever turns logs over moves it away; that it is no longer there, or another
 * one is, is seen within a second, or at once after {@link #reopen}. What it can take no room for
 * is written on from the byte where it ended, so that each line is there once and whole.
 */
final class FileTarget implements LineTarget {
  private static final System.Logger LOG = System.getLogger(FileTarget.class.getName());
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Path path;
  private volatile boolean look;
  private long nextLook;
  private volatile @Nullable FileChannel channel;
  private @Nullable Object key;

  FileTarget(Path path) {
    this.path = path;
  }

  @Override
  public void write(Batch batch) throws IOException {
    FileChannel open = channel;
    long now = System.nanoTime();
    if (open != null && (look || now - nextLook >= 0)) {
      look = false;
      nextLook = now + LOOK_NANOS;
      if (!Objects.equals(key, keyOfPath())) {
        close();
        open = null;
        batch.beginLineAgain();
      }
    }
    if (open == null) {
      open = open();
      nextLook = now + LOOK_NANOS;
    }
    ByteBuffer left =
        ByteBuffer.wrap(batch.bytes().array(), batch.sent(), batch.bytes().size() - batch.sent());
    while (left.hasRemaining()) {
      batch.sent(batch.sent() + open.write(left));
    }
  }

  private FileChannel open() throws IOException {
    FileChannel open;
    try {
      open =
          FileChannel.open(
              path,
              Set.of(CREATE, APPEND),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r-----")));
    } catch (NoSuchFileException e) {
      throw new IOException("there is no folder " + path.toAbsolutePath().getParent(), e);
    }
    channel = open;
    key = keyOfPath();
    return open;
  }

  private @Nullable Object keyOfPath() throws IOException {
    try {
      return Files.readAttributes(path, BasicFileAttributes.class).fileKey();
    } catch (NoSuchFileException _) {
      return null;
    }
  }

  @Override
  public void reopen() {
    look = true;
  }

  @Override
  public void close() {
    FileChannel open = channel;
    channel = null;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "{0}: {1}", path, e.getMessage());
      }
    }
  }
}
