package io.fairlead.demo;

/**
 * The bytes that {@code /bytes} and {@code /chunked} are made of: byte i is {@code '!' + i % 89}.
 *
 * <p>89 is prime and all bytes are printable: a piece that is lost, doubled or moved changes what
 * follows, and shows in a terminal.
 */
final class Pattern {
  /** Number of different bytes; the pattern starts anew after them. */
  static final int PERIOD = 89;

  /** Longest run handed out at once, a multiple of the period. */
  static final int BLOCK = PERIOD * 736;

  private static final byte[] BYTES = bytes();

  private Pattern() {}

  /** The byte at this offset of a body. */
  static byte at(long offset) {
    return (byte) ('!' + offset % PERIOD);
  }

  /** A block from which any run of up to {@link #BLOCK} bytes may be written; not to be changed. */
  static byte[] block() {
    return BYTES;
  }

  /** Where in the block a run begins that continues a body at this offset. */
  static int start(long offset) {
    return (int) (offset % PERIOD);
  }

  private static byte[] bytes() {
    byte[] bytes = new byte[BLOCK + PERIOD];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = at(i);
    }
    return bytes;
  }
}
