package io.fairlead.proxy.http;

import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.locks.LockSupport;

/** How bytes are cut into segments; no verdict may depend on it. */
enum Pace {
  /** As few segments as the kernel makes. */
  WHOLE,
  /** One byte each; what is longer than {@link #LONG} goes on in larger odd pieces. */
  PIECES;

  private static final int LONG = 2_048;
  private static final int LARGE_PIECE = 997;

  /** Long enough for the reader to wake up before the next byte; right or wrong do not depend. */
  private static final long BREATH_NANOS = 20_000;

  void write(OutputStream out, byte[] bytes) throws IOException {
    switch (this) {
      case WHOLE -> out.write(bytes);
      case PIECES -> {
        int at = 0;
        while (at < bytes.length) {
          int length = at < LONG ? 1 : Math.min(LARGE_PIECE, bytes.length - at);
          out.write(bytes, at, length);
          out.flush();
          at += length;
          LockSupport.parkNanos(BREATH_NANOS);
        }
      }
    }
  }
}
