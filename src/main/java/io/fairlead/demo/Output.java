package io.fairlead.demo;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;

/**
 * The bytes of one connection on their way out: gathered, then written at once or at a given pace.
 *
 * <p>The buffer grows to {@value #FULL} bytes and whatever one header line needs beyond that.
 */
final class Output {
  private static final int START = 1024;
  private static final int FULL = 32 * 1024;

  /** Pieces a paced write sends each second. */
  private static final int PIECES_PER_SECOND = 20;

  private final OutputStream out;
  private byte[] bytes = new byte[START];
  private int size;
  private int rate;

  Output(OutputStream out) {
    this.out = out;
  }

  /** Sends what has been gathered at the old pace; what follows goes at this one (0: no limit). */
  void pace(int bytesPerSecond) throws IOException {
    if (bytesPerSecond != rate) {
      flush();
      rate = bytesPerSecond;
    }
  }

  /** Appends text of which every character is one byte. */
  @CanIgnoreReturnValue
  Output text(String text) {
    int length = text.length();
    reserve(length);
    for (int i = 0; i < length; i++) {
      bytes[size + i] = (byte) text.charAt(i);
    }
    size += length;
    return this;
  }

  @CanIgnoreReturnValue
  Output number(long number) {
    return text(Long.toString(number));
  }

  /** Appends body bytes; sends when enough have gathered. */
  @CanIgnoreReturnValue
  Output body(byte[] source, int from, int count) throws IOException {
    if (size + count > FULL) {
      flush();
      if (count > FULL) {
        send(source, from, count);
        return this;
      }
    }
    reserve(count);
    System.arraycopy(source, from, bytes, size, count);
    size += count;
    return this;
  }

  void flush() throws IOException {
    send(bytes, 0, size);
    size = 0;
    if (bytes.length > FULL) {
      bytes = new byte[START];
    }
  }

  private void send(byte[] source, int from, int count) throws IOException {
    if (rate == 0) {
      out.write(source, from, count);
      return;
    }
    int piece = Math.max(1, rate / PIECES_PER_SECOND);
    long start = System.nanoTime();
    for (int sent = 0; sent < count; ) {
      int next = Math.min(piece, count - sent);
      out.write(source, from + sent, next);
      sent += next;
      sleep(start + sent * 1_000_000_000L / rate - System.nanoTime());
    }
  }

  private void reserve(int count) {
    if (size + count > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(size + count, bytes.length * 2));
    }
  }

  /** Waits; an interrupt, which only the closing of the node causes, ends the connection. */
  static void sleep(long nanos) throws IOException {
    try {
      TimeUnit.NANOSECONDS.sleep(nanos);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw (IOException) new InterruptedIOException("node closes").initCause(e);
    }
  }
}
