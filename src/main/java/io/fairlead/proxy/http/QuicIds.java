package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;
import java.util.random.RandomGenerator;

/**
 * The names that we give to connections by QUIC, and how they are found in datagrams: two bytes
 * that tell who has given it, two for the event loop, two that are made of all others, and chance.
 *
 * <p>Behind a short header is always a name that a server has given. Behind a long one may be what
 * a client has made up for its first datagrams (RFC 9000, 7.2): of these one in 65536 would look
 * like any given tag, and go astray. The two bytes that are made of the others make that one in
 * four thousand million. They are no secret: who forges them leads his own datagrams astray.
 */
final class QuicIds {
  /** Of a name; the most that QUIC has. */
  static final int BYTES = 20;

  /** Tags are less than this. */
  static final int TAGS = 1 << 16;

  private static final int LOOP = 2;
  private static final int MARK = 4;

  /** Where a name is behind a header that is long: behind its length. */
  private static final int LONG_HEADER_ID = 6;

  private static final int LONG_HEADER = 0x80;
  private static final int TYPE = 0xB0;
  private static final int INITIAL = 0x80;
  private static final int BEGINNING = 0x5AC3;

  private QuicIds() {}

  /**
   * A new name.
   *
   * @param tag who gives it, 0 to {@value #TAGS} - 1
   * @param loop that has the connection
   */
  static byte[] make(int tag, int loop, RandomGenerator random) {
    byte[] id = new byte[BYTES];
    random.nextBytes(id);
    put(id, 0, tag);
    put(id, LOOP, loop);
    int mark = BEGINNING;
    for (int at = 0; at < BYTES; at += 2) {
      if (at != MARK) {
        mark = mix(mark, ((id[at] & 0xFF) << 8) | (id[at + 1] & 0xFF));
      }
    }
    put(id, MARK, mark);
    return id;
  }

  private static void put(byte[] id, int at, int value) {
    id[at] = (byte) (value >>> 8);
    id[at + 1] = (byte) value;
  }

  private static int mix(int mark, int value) {
    return ((mark * 31) + value) & 0xFFFF;
  }

  /** Who has given that name; -1: it is none of ours. */
  static int tagIn(ByteBuf id) {
    return id.readableBytes() == BYTES ? id.getUnsignedShort(id.readerIndex()) : -1;
  }

  /** Which event loop that name says; it is one of ours. */
  static int loopIn(ByteBuf id) {
    return id.getUnsignedShort(id.readerIndex() + LOOP);
  }

  /** Who has given the name that a datagram is for; -1: nobody of us. */
  static int tagOf(ByteBuf datagram) {
    int start = datagram.readerIndex();
    if (!datagram.isReadable()) {
      return -1;
    }
    if ((datagram.getByte(start) & LONG_HEADER) == 0) {
      return datagram.readableBytes() <= BYTES ? -1 : datagram.getUnsignedShort(start + 1);
    }
    int at = start + LONG_HEADER_ID;
    return datagram.readableBytes() >= LONG_HEADER_ID + BYTES
            && datagram.getByte(at - 1) == BYTES
            && isMarked(datagram, at)
        ? datagram.getUnsignedShort(at)
        : -1;
  }

  private static boolean isMarked(ByteBuf datagram, int start) {
    int mark = BEGINNING;
    for (int at = 0; at < BYTES; at += 2) {
      if (at != MARK) {
        mark = mix(mark, datagram.getUnsignedShort(start + at));
      }
    }
    return mark == datagram.getUnsignedShort(start + MARK);
  }

  /** Whether it is as long as what its first bytes say (RFC 9000, 17.2 and 17.3). */
  static boolean isOfQuic(ByteBuf datagram) {
    int start = datagram.readerIndex();
    int length = datagram.readableBytes();
    if (length <= BYTES) {
      return false;
    }
    if ((datagram.getByte(start) & LONG_HEADER) == 0) {
      return true;
    }
    int theirs = datagram.getUnsignedByte(start + LONG_HEADER_ID - 1);
    int behind = LONG_HEADER_ID + theirs;
    if (theirs > BYTES || length <= behind) {
      return false;
    }
    int own = datagram.getUnsignedByte(start + behind);
    return own <= BYTES && length > behind + 1 + own;
  }

  /** RFC 9000, 17.2.2. */
  static boolean isInitial(ByteBuf datagram) {
    return datagram.isReadable() && (datagram.getByte(datagram.readerIndex()) & TYPE) == INITIAL;
  }
}
