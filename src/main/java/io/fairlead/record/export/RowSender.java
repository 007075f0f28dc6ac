package io.fairlead.record.export;

import java.io.IOException;

/** Sends rows to somebody. One thread. */
public interface RowSender extends AutoCloseable {
  /**
   * Sends rows and waits until they are taken.
   *
   * @param rows objects of JSON, one a line
   * @throws IOException if they were not, or it is not known; the message says why and no secret
   */
  void send(String table, byte[] rows, int count) throws IOException, InterruptedException;

  @Override
  void close();
}
