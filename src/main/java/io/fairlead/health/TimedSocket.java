package io.fairlead.health;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;

/**
 * A socket that waits for no byte longer than a deadline, also when a handshake reads from it: a
 * node that sends byte by byte must not get more time.
 */
final class TimedSocket extends Socket {
  private volatile Deadline deadline;

  TimedSocket(Deadline deadline) {
    this.deadline = deadline;
  }

  /** From now on that is the deadline. */
  void renew(Deadline next) {
    deadline = next;
  }

  @Override
  public InputStream getInputStream() throws IOException {
    return new FilterInputStream(super.getInputStream()) {
      @Override
      public int read() throws IOException {
        setSoTimeout(deadline.remainingMillis());
        return super.read();
      }

      @Override
      public int read(byte[] bytes, int offset, int length) throws IOException {
        setSoTimeout(deadline.remainingMillis());
        return super.read(bytes, offset, length);
      }
    };
  }
}
