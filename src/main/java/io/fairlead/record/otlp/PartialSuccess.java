package io.fairlead.record.otlp;

import java.nio.charset.StandardCharsets;

/**
 * What the answer to a message may say: how many of the things in it were not taken, and why. The
 * same for traces, metrics and logs [1]: field 1 is a message, of which 1 is the number and 2 the
 * text.
 *
 * <p>[1] opentelemetry/proto/collector/trace/v1/trace_service.proto and the other two.
 */
final class PartialSuccess {
  private static final int MAX_WORDS = 200;

  private final byte[] bytes;
  private int at;
  private int end;
  private long rejected;
  private String why = "";

  private PartialSuccess(byte[] bytes) {
    this.bytes = bytes;
    this.end = bytes.length;
  }

  /** An answer that cannot be read says nothing: the status has said that all went well. */
  static Sending read(byte[] answer) {
    PartialSuccess partial = new PartialSuccess(answer);
    try {
      partial.outer();
      return new Sending.Done(Math.max(0, partial.rejected), partial.why);
    } catch (IndexOutOfBoundsException _) {
      return new Sending.Done(0, "");
    }
  }

  private void outer() {
    while (at < end) {
      long tag = varint();
      if (tag == (1 << 3 | 2)) {
        int outerEnd = end;
        end = until();
        inner();
        end = outerEnd;
      } else {
        skip(tag);
      }
    }
  }

  private void inner() {
    while (at < end) {
      long tag = varint();
      if (tag == (1 << 3)) {
        rejected = varint();
      } else if (tag == (2 << 3 | 2)) {
        int to = until();
        String text = new String(bytes, at, Math.min(to - at, MAX_WORDS), StandardCharsets.UTF_8);
        why = text.replaceAll("\\p{Cntrl}", " ").strip();
        at = to;
      } else {
        skip(tag);
      }
    }
  }

  private long varint() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (at >= end) {
        throw new IndexOutOfBoundsException();
      }
      byte next = bytes[at++];
      value |= (long) (next & 0x7F) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw new IndexOutOfBoundsException();
  }

  /** The end of what comes with its length in front. */
  private int until() {
    long length = varint();
    if (length < 0 || length > end - at) {
      throw new IndexOutOfBoundsException();
    }
    return at + (int) length;
  }

  private void skip(long tag) {
    switch ((int) (tag & 7)) {
      case 0 -> varint();
      case 1 -> at += 8;
      case 2 -> at = until();
      case 5 -> at += 4;
      default -> throw new IndexOutOfBoundsException();
    }
    if (at > end) {
      throw new IndexOutOfBoundsException();
    }
  }
}
