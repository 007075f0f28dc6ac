package io.fairlead.trust;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Files that belong together and that nobody can replace at once, looked at from the outside. They
 * have changed when they are others than before and no longer change.
 */
public final class WatchedFiles {
  /** A file as it is from the outside. */
  private record Seen(FileTime changed, long size, @Nullable Object key) {}

  private final List<Path> files;
  private Map<Path, Seen> tried;
  private Map<Path, Seen> before;

  /** As they are now, and are about to be read. */
  public WatchedFiles(List<Path> files) {
    this.files = List.copyOf(files);
    this.tried = look();
    this.before = tried;
  }

  public int count() {
    return files.size();
  }

  /** Whether these are the same files, and nothing has happened to them in between. */
  public boolean isAs(WatchedFiles other) {
    return files.equals(other.files) && tried.equals(other.tried);
  }

  /** Looks again: whether it is time to read them anew. */
  public boolean haveChanged() {
    Map<Path, Seen> now = look();
    // Twice the same: whoever writes the files has finished.
    boolean changed = !now.equals(tried) && now.equals(before);
    if (changed) {
      tried = now;
    }
    before = now;
    return changed;
  }

  private Map<Path, Seen> look() {
    Map<Path, Seen> seen = new HashMap<>();
    for (Path file : files) {
      try {
        BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
        seen.put(file, new Seen(found.lastModifiedTime(), found.size(), found.fileKey()));
      } catch (IOException e) {
        // In the middle of being replaced: not there is another state, too.
      }
    }
    return seen;
  }
}
