package io.fairlead.telemetry;

import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The rings that a process has left that is gone. */
public final class LeftRings implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(LeftRings.class.getName());

  private final RingFolder folder;
  private final List<RecordReader> readers = new ArrayList<>();
  private final RecordNames.Left names;

  LeftRings(RingFolder folder) throws IOException {
    this.folder = folder;
    for (Path ring : folder.rings()) {
      try {
        readers.add(new RecordReader(RingFile.open(ring)));
      } catch (IOException e) {
        LOG.log(Level.WARNING, "records were lost: {0}", e.getMessage());
      }
    }
    RecordNames.Left found = new RecordNames.Left();
    try {
      found = RecordNames.Left.read(folder.names());
    } catch (NoSuchFileException e) {
      // Killed before there were any.
    }
    names = found;
  }

  /** One for each event loop that it had. */
  public List<RecordReader> readers() {
    return readers;
  }

  /** What numbers in its records mean. */
  public RecordNames.Left names() {
    return names;
  }

  /** Tells that process from all others. */
  public String boot() {
    return folder.boot();
  }

  /** All is safe elsewhere: removes the files. */
  public void remove() {
    folder.remove();
  }

  /** Lets others have what has not been removed. */
  @Override
  public void close() {
    folder.unlock();
  }
}
