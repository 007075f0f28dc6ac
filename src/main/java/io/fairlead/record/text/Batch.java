package io.fairlead.record.text;

import io.fairlead.record.Bytes;

/** Lines on their way out, and how far they have come. */
final class Batch {
  private static final int BYTES = 64 * 1024;
  private static final int LINES = 1024;

  private final Bytes bytes = new Bytes(BYTES + 8192);
  private final int[] ends = new int[LINES];
  private int lines;
  private int sent;

  void clear() {
    bytes.clear();
    lines = 0;
    sent = 0;
  }

  boolean isFull() {
    return lines == LINES || bytes.size() >= BYTES;
  }

  Bytes bytes() {
    return bytes;
  }

  /** What was added is a line. */
  void endLine() {
    ends[lines++] = bytes.size();
  }

  int lines() {
    return lines;
  }

  /** The first byte that is not sent. */
  int sent() {
    return sent;
  }

  /** Everything before that one is. */
  void sent(int upTo) {
    sent = upTo;
  }

  /** The end of the line of which the byte is a part. */
  int endOfLine(int at) {
    int line = 0;
    while (ends[line] <= at) {
      line++;
    }
    return ends[line];
  }

  boolean isSent() {
    return sent == bytes.size();
  }

  /** A line of which a part is sent is begun again: the part is somewhere else. */
  void beginLineAgain() {
    int begin = 0;
    for (int line = 0; line < lines && ends[line] <= sent; line++) {
      begin = ends[line];
    }
    sent = begin;
  }

  /** Lines that are not sent, or not whole. */
  int left() {
    int left = lines;
    for (int line = 0; line < lines && ends[line] <= sent; line++) {
      left--;
    }
    return left;
  }
}
