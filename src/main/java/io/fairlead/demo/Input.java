package io.fairlead.demo;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The bytes of one connection on their way in.
 *
 * <p>One buffer that starts at 4 KiB, grows to {@value #MAX_HEAD} bytes when a head or a body needs
 * it and shrinks again between requests, so that idle connections stay small.
 */
final class Input {
  /** Longest request head, and longest chunk or trailer line. */
  static final int MAX_HEAD = 64 * 1024;

  private static final int START = 4 * 1024;

  private final InputStream in;
  private byte[] bytes = new byte[START];
  private int from;
  private int to;

  Input(InputStream in) {
    this.in = in;
  }

  /**
   * Waits for the next head, leaves it at {@link #bytes} from {@link #from} and returns its length
   * with the empty line; -1 when the peer has closed between two requests.
   */
  int awaitHead() throws IOException {
    if (from == to) {
      from = 0;
      to = 0;
      if (bytes.length > START) {
        bytes = new byte[START];
      }
    }
    do { // RFC 9112, 2.2: empty lines before a request line are skipped
      while (from < to && (bytes[from] == '\r' || bytes[from] == '\n')) {
        from++;
      }
    } while (from == to && fill());
    if (from == to) {
      return -1;
    }
    int scanned = 0;
    while (true) {
      int end = endOfHead(Math.max(from, from + scanned - 3));
      if (end > 0) {
        if (end - from > MAX_HEAD) {
          throw new BadRequest(431, "head longer than " + MAX_HEAD + " bytes");
        }
        return end - from;
      }
      scanned = to - from;
      if (scanned >= MAX_HEAD) {
        throw new BadRequest(431, "head longer than " + MAX_HEAD + " bytes");
      }
      require();
    }
  }

  /** Index after the first empty line at or after {@code start}, or -1. */
  private int endOfHead(int start) {
    for (int i = start; i < to - 1; i++) {
      if (bytes[i] == '\n') {
        if (bytes[i + 1] == '\n') {
          return i + 2;
        }
        if (bytes[i + 1] == '\r' && i + 2 < to && bytes[i + 2] == '\n') {
          return i + 3;
        }
      }
    }
    return -1;
  }

  byte[] bytes() {
    return bytes;
  }

  int from() {
    return from;
  }

  void skip(int count) {
    from += count;
  }

  /** Waits for one byte more; false at the end of the stream. */
  boolean awaitByte() throws IOException {
    return from < to || fill();
  }

  /** Copies exactly {@code count} bytes to {@code sink}. */
  void copy(long count, OutputStream sink) throws IOException {
    long left = count;
    while (left > 0) {
      if (from == to) {
        if (left > bytes.length && bytes.length < MAX_HEAD) {
          bytes = new byte[MAX_HEAD];
        }
        require();
      }
      int piece = (int) Math.min(left, to - from);
      sink.write(bytes, from, piece);
      from += piece;
      left -= piece;
    }
  }

  /** Copies everything until the peer closes or at least {@code most} bytes are copied. */
  void copyAll(OutputStream sink, long most) throws IOException {
    for (long copied = 0; copied < most && awaitByte(); ) {
      sink.write(bytes, from, to - from);
      copied += to - from;
      from = to;
    }
  }

  /** The next line without its CRLF. */
  String line() throws IOException {
    int scanned = 0;
    while (true) {
      for (int i = from + scanned; i < to; i++) {
        if (bytes[i] == '\n') {
          if (i == from || bytes[i - 1] != '\r') {
            throw new BadRequest(400, "line in a chunked body does not end in CRLF");
          }
          String line = new String(bytes, from, i - 1 - from, StandardCharsets.ISO_8859_1);
          from = i + 1;
          return line;
        }
      }
      scanned = to - from;
      if (scanned >= MAX_HEAD) {
        throw new BadRequest(400, "line in a chunked body longer than " + MAX_HEAD + " bytes");
      }
      require();
    }
  }

  private void require() throws IOException {
    if (!fill()) {
      throw new EOFException("closed by the peer in the middle of a request");
    }
  }

  private boolean fill() throws IOException {
    if (from == to) {
      from = 0;
      to = 0;
    }
    if (to == bytes.length) {
      if (from > 0) {
        System.arraycopy(bytes, from, bytes, 0, to - from);
        to -= from;
        from = 0;
      } else {
        bytes = Arrays.copyOf(bytes, bytes.length * 2);
      }
    }
    int count = in.read(bytes, to, bytes.length - to);
    if (count > 0) {
      to += count;
    }
    return count > 0;
  }
}
