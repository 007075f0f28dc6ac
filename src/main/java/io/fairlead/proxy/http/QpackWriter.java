package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;
import java.util.Arrays;

/**
 * Writes heads of answers as field sections of HTTP/3 (RFC 9204). As {@link HpackWriter} does:
 * names from the static table, nothing in a dynamic one, which would make streams wait for each
 * other, and no Huffman code.
 */
final class QpackWriter {
  /** Names of the static table that answers have. */
  private static final String[] NAMES = {
    "age",
    "content-disposition",
    "content-length",
    "date",
    "etag",
    "last-modified",
    "link",
    "location",
    "set-cookie",
    "accept-ranges",
    "access-control-allow-headers",
    "access-control-allow-origin",
    "cache-control",
    "content-encoding",
    "content-type",
    "strict-transport-security",
    "vary",
    "x-content-type-options",
    "x-xss-protection",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-expose-headers",
    "alt-svc",
    "content-security-policy",
    "server",
    "timing-allow-origin",
    "x-frame-options"
  };

  private static final int[] PLACES = Arrays.stream(NAMES).mapToInt(QpackTable::place).toArray();

  private static final NameIndex INDEX = new NameIndex(NAMES);

  private static final int STATUS = QpackTable.place(":status");
  private static final int CONTENT_LENGTH = QpackTable.place("content-length");
  private static final int SET_COOKIE = QpackTable.place("set-cookie");

  /** A field of the static table as a whole (4.5.2). */
  private static final int INDEXED_STATIC = 0xC0;

  /** A name of the static table and a value (4.5.4). */
  private static final int STATIC_NAME = 0x50;

  /** A name and a value (4.5.6). */
  private static final int LITERAL = 0x20;

  /** In a field with a name of the table: no hop may put it into a table. */
  private static final int NEVER = 0x20;

  private QpackWriter() {}

  /** More bytes than a section can have. */
  static int bound(Head head) {
    return head.length + 8 * head.fieldCount + 256;
  }

  /**
   * An answer.
   *
   * @param status instead of the head's own, where the protocols differ
   */
  static void writeResponse(Head head, int status, ByteBuf out) {
    out.writeShort(0); // no dynamic table is used
    int place =
        switch (status) {
          case 103 -> 24;
          case 200 -> 25;
          case 304 -> 26;
          case 404 -> 27;
          case 503 -> 28;
          case 100 -> 63;
          case 204 -> 64;
          case 206 -> 65;
          case 302 -> 66;
          case 400 -> 67;
          case 403 -> 68;
          case 421 -> 69;
          case 425 -> 70;
          case 500 -> 71;
          default -> 0;
        };
    if (place > 0) {
      HpackWriter.writeInt(INDEXED_STATIC, 6, place, out);
    } else {
      HpackWriter.writeInt(STATIC_NAME, 4, STATUS, out);
      out.writeByte(3);
      out.writeByte('0' + status / 100)
          .writeByte('0' + status / 10 % 10)
          .writeByte('0' + status % 10);
    }
    writeFields(head, out);
  }

  /** What follows a body. */
  static void writeTrailers(Head head, ByteBuf out) {
    out.writeShort(0);
    writeFields(head, out);
  }

  /** All fields that are to be sent on; names in lower case. */
  private static void writeFields(Head head, ByteBuf out) {
    byte[] bytes = head.bytes;
    for (int field = 0; field < head.fieldCount; field++) {
      if (head.isDropped(field) || head.id(field) == FieldName.HOST) {
        continue;
      }
      int start = head.nameStart(field);
      int end = head.nameEnd(field);
      if (HpackWriter.isOfHandshake(bytes, start, end)) {
        continue;
      }
      int found = INDEX.find(bytes, start, end);
      if (found >= 0) {
        int place = PLACES[found];
        HpackWriter.writeInt(
            place == SET_COOKIE ? STATIC_NAME | NEVER : STATIC_NAME, 4, place, out);
      } else {
        HpackWriter.writeInt(LITERAL, 3, end - start, out);
        for (int i = start; i < end; i++) {
          byte b = bytes[i];
          out.writeByte(b >= 'A' && b <= 'Z' ? b | 0x20 : b);
        }
      }
      HpackWriter.writeString(bytes, head.valueStart(field), head.valueEnd(field), out);
    }
    if (head.lengthAnew >= 0) {
      HpackWriter.writeInt(STATIC_NAME, 4, CONTENT_LENGTH, out);
      byte[] digits = Ascii.bytes(Long.toString(head.lengthAnew));
      HpackWriter.writeString(digits, 0, digits.length, out);
    }
  }
}
