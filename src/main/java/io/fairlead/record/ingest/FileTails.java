package io.fairlead.record.ingest;

import io.fairlead.config.LogSource;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The files of all sources: which there are, and what happens to them. One that is moved away is
 * read to its end before the one in its place is begun; where that happened while nobody was
 * looking, it is looked for beside. One thread.
 */
final class FileTails implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(FileTails.class.getName());

  /** Files that are open at once; more are left out and said. */
  static final int MOST = 256;

  private static final int BUFFER = 256 << 10;

  private final Positions positions;
  private final LineSink sink;
  private final BooleanSupplier closing;
  private final byte[] buffer = new byte[BUFFER];
  private final Map<Path, TailedFile> open = new HashMap<>();
  private final Set<Path> complained = new HashSet<>();

  FileTails(Positions positions, LineSink sink, BooleanSupplier closing) {
    this.positions = positions;
    this.sink = sink;
    this.closing = closing;
  }

  /**
   * Reads what has come.
   *
   * @return whether there may be more at once
   */
  boolean round(List<LogSource.File> sources, long nowMillis) {
    boolean more = false;
    Set<Path> wanted = new HashSet<>();
    for (LogSource.File source : sources) {
      for (Path path : files(source.file())) {
        if (wanted.add(path) && !closing.getAsBoolean()) {
          more |= follow(source, path, nowMillis);
        }
      }
    }
    letGo(wanted, nowMillis);
    return more;
  }

  private boolean follow(LogSource.File source, Path path, long nowMillis) {
    try {
      TailedFile file = open.get(path);
      if (file == null) {
        file = begin(source, path, nowMillis);
        if (file == null) {
          return false;
        }
      } else if (file.inode() != TailedFile.inode(path)) {
        if (!finish(file, nowMillis)) {
          return true;
        }
        open.remove(path);
        return true; // the one in its place is next
      }
      complained.remove(path);
      return file.read(false, nowMillis);
    } catch (NoSuchFileException e) {
      return false; // it has just gone; another will come, or none
    } catch (IOException e) {
      if (complained.add(path)) {
        LOG.log(Level.WARNING, "the log {0} cannot be read: {1}", path, e.toString());
      }
      return false;
    }
  }

  private @Nullable TailedFile begin(LogSource.File source, Path path, long nowMillis)
      throws IOException {
    if (open.size() >= MOST) {
      if (complained.add(path)) {
        LOG.log(Level.WARNING, "the log {0} is not read: there are {1} already", path, MOST);
      }
      return null;
    }
    // First of all, so that it is not missed if it is moved away while the one before it is read.
    TailedFile file =
        TailedFile.open(source, path, path, positions, sink, closing, buffer, nowMillis);
    try {
      readMoved(source, path, file.inode(), nowMillis);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
    open.put(path, file);
    return file;
  }

  /** What was at that place before, and was moved away while nobody was looking. */
  private void readMoved(LogSource.File source, Path path, long present, long nowMillis)
      throws IOException {
    Path folder = path.toAbsolutePath().getParent();
    if (folder == null) {
      return;
    }
    for (Path beside : children(folder)) {
      if (Files.isRegularFile(beside)) {
        long inode = TailedFile.inode(beside);
        if (inode != present && positions.wasAt(inode, TailedFile.place(path))) {
          try (TailedFile moved =
              TailedFile.open(source, beside, path, positions, sink, closing, buffer, nowMillis)) {
            boolean _ = finish(moved, nowMillis);
          }
        }
      }
    }
  }

  /** Reads a file to its end that nobody writes to any more; false: it was interrupted. */
  private boolean finish(TailedFile file, long nowMillis) throws IOException {
    while (file.read(true, nowMillis)) {
      if (closing.getAsBoolean()) {
        return false;
      }
    }
    if (!closing.getAsBoolean()) {
      file.close();
      return true;
    }
    return false;
  }

  /** Files that are gone, or no longer named. */
  private void letGo(Set<Path> wanted, long nowMillis) {
    Iterator<Map.Entry<Path, TailedFile>> all = open.entrySet().iterator();
    while (all.hasNext()) {
      Map.Entry<Path, TailedFile> entry = all.next();
      if (!wanted.contains(entry.getKey())) {
        try {
          if (finish(entry.getValue(), nowMillis)) {
            all.remove();
          }
        } catch (IOException e) {
          LOG.log(Level.WARNING, "the log {0}: {1}", entry.getKey(), e.toString());
          all.remove();
        }
      }
    }
  }

  private static List<Path> files(Path pattern) {
    Path folder = pattern.getParent();
    Path name = pattern.getFileName();
    if (folder == null || name == null || !name.toString().matches(".*[*?].*")) {
      return Files.isRegularFile(pattern) ? List.of(pattern) : List.of();
    }
    List<Path> found = new ArrayList<>();
    String glob = name.toString().replaceAll("([\\[\\]{}\\\\])", "\\\\$1");
    try (DirectoryStream<Path> matching = Files.newDirectoryStream(folder, glob)) {
      for (Path path : matching) {
        if (Files.isRegularFile(path)) {
          found.add(path);
        }
      }
    } catch (IOException e) {
      return List.of(); // not there yet
    }
    found.sort(null);
    return found;
  }

  private static List<Path> children(Path folder) throws IOException {
    List<Path> children = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(folder)) {
      all.forEach(children::add);
    } catch (NoSuchFileException | NotDirectoryException e) {
      return List.of();
    }
    return children;
  }

  @Override
  public void close() {
    for (TailedFile file : open.values()) {
      try {
        file.close();
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "a log: {0}", e.toString());
      }
    }
    open.clear();
  }
}
