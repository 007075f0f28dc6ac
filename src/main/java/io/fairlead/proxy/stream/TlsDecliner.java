package io.fairlead.proxy.stream;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * What a client of PostgreSQL says before it logs in, where it is to be told that there is no
 * encryption: requests for TLS and for that of GSSAPI, each of which is answered by one byte, and
 * neither of which the server gets to know of.
 *
 * <p>A client may ask for each once. Whoever asks again, or begins with TLS without having asked,
 * as one may from PostgreSQL 17 on, goes on in no way that could be followed.
 */
final class TlsDecliner {
  /** A request: its length, and a code whose last byte says of which of the two it is. */
  private static final byte[] REQUEST = {0, 0, 0, 8, 4, (byte) 0xd2, 0x16};

  private static final int TLS = 0x2f;
  private static final int GSS = 0x30;

  /** The first byte of a TLS record. */
  private static final int HANDSHAKE = 0x16;

  private static final int MOST = 2;

  /** What has become of it. */
  enum State {
    /** There may be more requests. */
    BEGINS,
    /** What comes from now on is no request; see {@link #held}. */
    PASSES,
    /** It must not go on. */
    REFUSED
  }

  private State state = State.BEGINS;
  private int matched;
  private int asked;

  State state() {
    return state;
  }

  /**
   * Takes requests, and what may be the beginning of one, out of the buffer.
   *
   * @return how many requests there were, to be declined
   */
  int take(ByteBuf in) {
    int before = asked;
    while (state == State.BEGINS && in.isReadable()) {
      int b = in.getUnsignedByte(in.readerIndex());
      boolean whole = matched == REQUEST.length;
      if (whole ? b == TLS || b == GSS : (byte) b == REQUEST[matched]) {
        in.skipBytes(1);
        matched = whole ? 0 : matched + 1;
        asked += whole ? 1 : 0;
        state = asked > MOST ? State.REFUSED : state;
      } else {
        state = matched == 0 && b == HANDSHAKE ? State.REFUSED : State.PASSES;
      }
    }
    return asked - before;
  }

  /** What was taken out and is no request: it goes before the rest. */
  byte[] held() {
    return Arrays.copyOf(REQUEST, matched);
  }
}
