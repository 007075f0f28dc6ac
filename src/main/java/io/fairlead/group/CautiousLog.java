package io.fairlead.group;

import java.io.File;
import java.io.IOException;
import org.apache.zookeeper.server.Request;
import org.apache.zookeeper.server.persistence.FileTxnSnapLog;
import org.jspecify.annotations.Nullable;

/**
 * The engine's files, which are not written any more once a change could not be.
 *
 * <p>ZooKeeper (3.9.5) writes through a buffer. If the disk takes a part of it and then is full,
 * the buffer still has all: tried again, as the engine does when it goes on and also when it ends,
 * it is written once more behind the part. What is acknowledged from then on stands behind bytes
 * that cannot be read, and at the next start the state cannot be either. A part alone is known for
 * the end of the log: so it is left at that, and the engine has to be started anew.
 */
final class CautiousLog extends FileTxnSnapLog {
  private volatile @Nullable IOException failure;

  CautiousLog(File logs, File snapshots) throws IOException {
    super(logs, snapshots);
  }

  /** Why nothing is written any more; null: all is well. */
  @Nullable IOException failure() {
    return failure;
  }

  private interface Write {
    void run() throws IOException;
  }

  private void write(Write what) throws IOException {
    IOException before = failure;
    if (before != null) {
      throw new IOException("not written after what could not be: " + before.getMessage(), before);
    }
    try {
      what.run();
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  @Override
  public boolean append(Request request) throws IOException {
    boolean[] appended = new boolean[1];
    write(() -> appended[0] = super.append(request));
    return appended[0];
  }

  @Override
  public void commit() throws IOException {
    write(super::commit);
  }

  @Override
  public void rollLog() throws IOException {
    write(super::rollLog);
  }

  /** Closing would write what is in the buffer; the file is closed when nobody has it any more. */
  @Override
  public void close() throws IOException {
    if (failure == null) {
      super.close();
    }
  }
}
