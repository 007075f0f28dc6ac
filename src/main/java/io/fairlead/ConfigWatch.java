package io.fairlead;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Reloads when the configuration file has changed. It looks at the file twice a second instead of
 * asking the kernel for news: editors replace files, mounts and links change what a name means, and
 * looking sees all of it.
 */
final class ConfigWatch implements AutoCloseable {
  private static final Duration INTERVAL = Duration.ofMillis(500);

  private record Seen(long millis, long size, @Nullable Object key) {}

  private final Path file;
  private final Runnable onChange;
  private final Thread thread;

  private ConfigWatch(Path file, Runnable onChange) {
    this.file = file;
    this.onChange = onChange;
    Seen first = look();
    thread = Thread.ofVirtual().name("config watch").start(() -> watch(first));
  }

  static ConfigWatch start(Path file, Runnable onChange) {
    return new ConfigWatch(file, onChange);
  }

  private void watch(@Nullable Seen first) {
    Seen applied = first;
    Seen before = first;
    try {
      while (true) {
        Thread.sleep(INTERVAL);
        Seen now = look();
        // Twice the same: whoever writes the file has finished.
        if (now != null && !now.equals(applied) && now.equals(before)) {
          applied = now;
          onChange.run();
        }
        before = now;
      }
    } catch (InterruptedException e) {
      // Closed.
    }
  }

  private @Nullable Seen look() {
    try {
      BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
      return new Seen(found.lastModifiedTime().toMillis(), found.size(), found.fileKey());
    } catch (IOException e) {
      return null; // in the middle of being replaced
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
