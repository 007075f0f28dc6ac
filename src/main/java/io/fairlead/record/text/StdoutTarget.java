package io.fairlead.record.text;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;

/** The standard output of the process, which is never closed. */
final class StdoutTarget implements LineTarget {
  private final FileOutputStream out = new FileOutputStream(FileDescriptor.out);

  @Override
  public void write(Batch batch) throws IOException {
    out.write(batch.bytes().array(), batch.sent(), batch.bytes().size() - batch.sent());
    batch.sent(batch.bytes().size());
  }

  @Override
  public void reopen() {}

  @Override
  public void close() {}
}
