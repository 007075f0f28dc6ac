package io.fairlead.alert;

import io.fairlead.insight.alert.SavedAlerts;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What fires, who was told, what is silenced and what waits, in one file that is replaced as a
 * whole: after a crash it is as it was at one moment, and what was to be sent then is sent. One
 * process at a time has it.
 */
final class AlertStore implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(AlertStore.class.getName());
  private static final JsonMapper MAPPER =
      JsonMapper.builder().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES).build();

  /** All of it. */
  record Content(SavedAlerts alerts, Map<String, List<Waiting>> waiting) {
    static final Content EMPTY = new Content(SavedAlerts.NONE, Map.of());
  }

  private final Path file;
  private final FileChannel lockFile;
  private byte[] last = new byte[0];

  private AlertStore(Path file, FileChannel lockFile) {
    this.file = file;
    this.lockFile = lockFile;
  }

  /**
   * Takes possession of the folder.
   *
   * @return null if another process has it
   */
  static @Nullable AlertStore open(Path folder) throws IOException {
    Files.createDirectories(folder);
    FileChannel channel =
        FileChannel.open(
            folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock != null) {
        return new AlertStore(folder.resolve("state.json"), channel);
      }
    } catch (OverlappingFileLockException _) {
      // Another instance in this process.
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    channel.close();
    return null;
  }

  Content read() throws IOException {
    if (!Files.exists(file)) {
      return Content.EMPTY;
    }
    try {
      return MAPPER.readValue(Files.readAllBytes(file), Content.class);
    } catch (JacksonException e) {
      Path aside = file.resolveSibling("state.json.unreadable");
      Files.move(file, aside, StandardCopyOption.REPLACE_EXISTING);
      LOG.log(
          Level.ERROR,
          "what was known of alerts cannot be read and is now {0}: {1}",
          aside,
          e.getOriginalMessage());
      return Content.EMPTY;
    }
  }

  /** Is on disk when this returns. */
  void write(Content content) throws IOException {
    byte[] bytes = MAPPER.writeValueAsBytes(content);
    if (Arrays.equals(bytes, last)) {
      return;
    }
    Path next = file.resolveSibling("state.json.next");
    try (FileChannel channel =
        FileChannel.open(
            next,
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      ByteBuffer all = ByteBuffer.wrap(bytes);
      while (all.hasRemaining()) {
        channel.write(all);
      }
      channel.force(true);
    }
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    Path folder = file.getParent();
    if (folder != null) {
      try (FileChannel names = FileChannel.open(folder, StandardOpenOption.READ)) {
        names.force(true); // the new name, too
      }
    }
    last = bytes;
  }

  @Override
  public void close() throws IOException {
    lockFile.close();
  }
}
