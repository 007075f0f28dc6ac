package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.util.AsciiString;

/**
 * Reads field sections of HTTP/3 (RFC 9204) into {@link HeadFields}. We promise no dynamic table,
 * so whoever refers to one is wrong, and a section that is too large need not be read to its end.
 *
 * <p>One for all streams of an event loop: what has been read is to be used at once.
 */
final class QpackReader {
  /** Of what is kept for the next section. */
  private static final int MOST_KEPT = 32 * 1024;

  /** More than anything of a section can be; where integers end before they run over. */
  private static final int MOST = 1 << 24;

  // The first bits of a field line (4.5), and those of what they say.
  private static final int INDEXED = 0x80;
  private static final int INDEXED_STATIC = 0x40;
  private static final int NAMED = 0x40;
  private static final int NAMED_STATIC = 0x10;
  private static final int LITERAL = 0x20;
  private static final int LITERAL_CODED = 0x08;
  private static final int VALUE_CODED = 0x80;

  private byte[] text = new byte[1024];
  private int top;
  private ByteBuf in = Unpooled.EMPTY_BUFFER;
  private int at;
  private int end;

  /** What could not be read; no stack, since anybody can have it. */
  private static final class Unreadable extends RuntimeException {
    private static final long serialVersionUID = 1;

    Unreadable() {
      super(null, null, false, false);
    }
  }

  /**
   * Reads a section.
   *
   * @param length of it, from where {@code section} is read next; all of it is taken
   * @param into has begun, and is not ended here
   * @return false: it cannot be decoded, and the connection is lost
   */
  boolean read(ByteBuf section, int length, HeadFields into) {
    in = section;
    at = section.readerIndex();
    end = at + length;
    top = 0;
    section.skipBytes(length);
    try {
      prefix();
      while (at < end && into.wantsMore()) {
        field(into);
      }
      return true;
    } catch (Unreadable _) {
      return false;
    } finally {
      in = Unpooled.EMPTY_BUFFER;
      if (text.length > MOST_KEPT) {
        text = new byte[MOST_KEPT];
      }
    }
  }

  /** 4.5.1: needs nothing of a dynamic table, and so has no base before it. */
  private void prefix() {
    if (integer(next(), 8) != 0) {
      throw new Unreadable();
    }
    int base = next();
    if ((base & 0x80) != 0) {
      throw new Unreadable();
    }
    int _ = integer(base, 7);
  }

  private void field(HeadFields into) {
    int first = next();
    if ((first & INDEXED) != 0) {
      int place = place(first, INDEXED_STATIC, 6);
      into.add(QpackTable.NAMES[place], QpackTable.VALUES[place]);
    } else if ((first & NAMED) != 0) {
      AsciiString name = QpackTable.NAMES[place(first, NAMED_STATIC, 4)];
      into.add(name, value());
    } else if ((first & LITERAL) != 0) {
      AsciiString name = string((first & LITERAL_CODED) != 0, integer(first, 3));
      into.add(name, value());
    } else { // 4.5.3 and 4.5.5: behind the base of a dynamic table
      throw new Unreadable();
    }
  }

  private int place(int first, int isStatic, int bits) {
    int place = integer(first, bits);
    if ((first & isStatic) == 0 || place >= QpackTable.NAMES.length) {
      throw new Unreadable();
    }
    return place;
  }

  private AsciiString value() {
    int first = next();
    return string((first & VALUE_CODED) != 0, integer(first, 7));
  }

  private AsciiString string(boolean coded, int length) {
    if (length > end - at) {
      throw new Unreadable();
    }
    int start = top;
    int most = coded ? HuffmanCode.bound(length) : length;
    if (text.length - start < most) {
      text = new byte[Math.max(2 * text.length, most)]; // what was read before keeps the other
      start = 0;
    }
    if (coded) {
      top = HuffmanCode.decode(in, at, length, text, start);
      if (top < 0) {
        throw new Unreadable();
      }
    } else {
      in.getBytes(at, text, start, length);
      top = start + length;
    }
    at += length;
    return new AsciiString(text, start, top - start, false);
  }

  private int next() {
    if (at == end) {
      throw new Unreadable();
    }
    return in.getUnsignedByte(at++);
  }

  /** RFC 7541, 5.1. */
  private int integer(int first, int bits) {
    int most = (1 << bits) - 1;
    int value = first & most;
    if (value < most) {
      return value;
    }
    int shift = 0;
    while (true) {
      int more = next();
      value += (more & 0x7F) << shift;
      if (value > MOST || shift > 21) {
        throw new Unreadable();
      }
      if ((more & 0x80) == 0) {
        return value;
      }
      shift += 7;
    }
  }
}
