package io.fairlead.dns;

/** The bytes of an answer while they are written. Belongs to one thread and is used again. */
final class Answer {
  byte[] out;
  int at;

  /** What must not be exceeded; past it bytes are counted and not written. */
  int limit;

  Answer(int room) {
    out = new byte[room];
    limit = room;
  }

  void u8(int value) {
    if (at < limit) {
      out[at] = (byte) value;
    }
    at++;
  }

  void u16(int value) {
    u8(value >> 8);
    u8(value);
  }

  void u32(int value) {
    u16(value >>> 16);
    u16(value);
  }

  void bytes(byte[] from, int start, int count) {
    if (at + count <= limit) {
      System.arraycopy(from, start, out, at, count);
    }
    at += count;
  }

  void bytes(byte[] from) {
    bytes(from, 0, from.length);
  }

  void put16(int where, int value) {
    out[where] = (byte) (value >> 8);
    out[where + 1] = (byte) value;
  }

  boolean isTooLong() {
    return at > limit;
  }
}
