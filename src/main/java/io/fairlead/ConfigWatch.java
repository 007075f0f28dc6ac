package io.fairlead;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Reloads when the configuration file has changed. It looks at the file twice a second instead of
 * asking the kernel for news: editors replace files, mounts and links change what a name means, and
 * looking sees all of it.
 */
final class ConfigWatch implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(ConfigWatch.class.getName());
  private static final Duration INTERVAL = Duration.ofMillis(500);

  private record Seen(FileTime changed, long size, @Nullable Object key) {}

  private final Path file;
  private final @Nullable Seen first;
  private @Nullable Thread thread;

  private ConfigWatch(Path file) {
    this.file = file;
    this.first = look();
  }

  /** Looks at the file as it is now. */
  static ConfigWatch of(Path file) {
    return new ConfigWatch(file);
  }

  /** Calls at each change from the look on. */
  void start(Runnable onChange) {
    thread = Thread.ofVirtual().name("config watch").start(() -> watch(onChange));
  }

  private void watch(Runnable onChange) {
    Seen applied = first;
    Seen before = first;
    try {
      while (true) {
        Thread.sleep(INTERVAL);
        Seen now = look();
        // Twice the same: whoever writes the file has finished.
        if (now != null && !now.equals(applied) && now.equals(before)) {
          applied = now;
          run(onChange);
        }
        before = now;
      }
    } catch (InterruptedException e) {
      // Closed.
    }
  }

  /** A mistake of ours with one version of the file must not hide the next one. */
  private static void run(Runnable onChange) {
    try {
      onChange.run();
    } catch (RuntimeException e) {
      LOG.log(Level.ERROR, "a reload failed", e);
    }
  }

  private @Nullable Seen look() {
    try {
      BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
      return new Seen(found.lastModifiedTime(), found.size(), found.fileKey());
    } catch (IOException e) {
      return null; // in the middle of being replaced
    }
  }

  @Override
  public void close() {
    Thread watching = thread;
    if (watching != null) {
      watching.interrupt();
    }
  }
}
