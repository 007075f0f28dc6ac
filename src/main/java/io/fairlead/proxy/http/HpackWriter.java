package io.fairlead.proxy.http;

import io.netty.buffer.ByteBuf;

/**
 * Writes heads as header blocks (RFC 7541). Names are taken from the static table where it has
 * them; nothing is put into the dynamic table and nothing is Huffman-coded: that costs some bytes
 * and saves the state, the table look-ups and the bit shifting of every field.
 */
final class HpackWriter {
  private static final String[] STATIC_NAMES = {
    // Index 1 to 61 of RFC 7541, appendix A; a name that comes several times counts once.
    ":authority",
    ":method",
    "",
    ":path",
    "",
    ":scheme",
    "",
    ":status",
    "",
    "",
    "",
    "",
    "",
    "",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "accept-ranges",
    "accept",
    "access-control-allow-origin",
    "age",
    "allow",
    "authorization",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-location",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "etag",
    "expect",
    "expires",
    "from",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "link",
    "location",
    "max-forwards",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "referer",
    "refresh",
    "retry-after",
    "server",
    "set-cookie",
    "strict-transport-security",
    "transfer-encoding",
    "user-agent",
    "vary",
    "via",
    "www-authenticate"
  };

  private static final int AUTHORITY = 1;
  private static final int METHOD = 2;
  private static final int METHOD_GET = 2;
  private static final int METHOD_POST = 3;
  private static final int PATH = 4;
  private static final int PATH_ROOT = 4;
  private static final int SCHEME_HTTP = 6;
  private static final int SCHEME_HTTPS = 7;
  private static final int STATUS = 8;
  private static final int AUTHORIZATION = 23;
  private static final int CONTENT_LENGTH = 28;
  private static final int COOKIE = 32;
  private static final int SET_COOKIE = 55;

  /** A field that is in the table as a whole. */
  private static final int INDEXED = 0x80;

  /** A literal that no hop may put into a table (RFC 7541, 6.2.3): secrets. */
  private static final int NEVER_INDEXED = 0x10;

  private static final int[] INDEXED_STATUS = {200, 204, 206, 304, 400, 404, 500};

  private static final NameIndex NAMES;

  private static final byte[] GET = Ascii.bytes("GET");
  private static final byte[] POST = Ascii.bytes("POST");
  private static final byte[] TE = Ascii.bytes("te");
  private static final byte[] TRAILERS = Ascii.bytes("trailers");
  private static final byte[] CONNECT = Ascii.bytes("CONNECT");
  private static final byte[] PROTOCOL = Ascii.bytes(":protocol");
  private static final byte[] WEBSOCKET = Ascii.bytes("websocket");
  private static final byte[] WEBSOCKET_KEY = Ascii.bytes("sec-websocket-key");
  private static final byte[] WEBSOCKET_ACCEPT = Ascii.bytes("sec-websocket-accept");

  static {
    String[] names = new String[STATIC_NAMES.length + 1]; // 0 is no index
    System.arraycopy(STATIC_NAMES, 0, names, 1, STATIC_NAMES.length);
    names[0] = "";
    NAMES = new NameIndex(names);
  }

  private HpackWriter() {}

  /** More bytes than any of the blocks below can have. */
  static int bound(Head head) {
    return head.length + 8 * head.fieldCount + 256;
  }

  /**
   * An answer.
   *
   * @param status instead of the head's own, where the protocols differ
   */
  static void writeResponse(Head head, int status, ByteBuf out) {
    for (int i = 0; i < INDEXED_STATUS.length; i++) {
      if (INDEXED_STATUS[i] == status) {
        out.writeByte(INDEXED | (STATUS + i));
        writeFields(head, out);
        return;
      }
    }
    out.writeByte(STATUS);
    out.writeByte(3);
    out.writeByte('0' + status / 100)
        .writeByte('0' + status / 10 % 10)
        .writeByte('0' + status % 10);
    writeFields(head, out);
  }

  /**
   * A request.
   *
   * @param nodeAddress what to ask for if the client did not say
   */
  static void writeRequest(Head head, boolean secure, byte[] nodeAddress, ByteBuf out) {
    byte[] bytes = head.bytes;
    if (head.upgrade) {
      out.writeByte(METHOD);
      writeString(CONNECT, 0, CONNECT.length, out);
      out.writeByte(0);
      writeString(PROTOCOL, 0, PROTOCOL.length, out);
      writeString(WEBSOCKET, 0, WEBSOCKET.length, out);
    } else if (head.methodIs(GET)) {
      out.writeByte(INDEXED | METHOD_GET);
    } else if (head.methodIs(POST)) {
      out.writeByte(INDEXED | METHOD_POST);
    } else {
      out.writeByte(METHOD);
      writeString(bytes, head.methodStart, head.methodEnd, out);
    }
    out.writeByte(INDEXED | (secure ? SCHEME_HTTPS : SCHEME_HTTP));
    int path = head.pathEnd - head.pathStart;
    int query = head.queryEnd - head.queryStart;
    if (path == 1 && query == 0 && bytes[head.pathStart] == '/') {
      out.writeByte(INDEXED | PATH_ROOT);
    } else {
      out.writeByte(PATH);
      writeInt(0, 7, path + query, out);
      out.writeBytes(bytes, head.pathStart, path);
      out.writeBytes(bytes, head.queryStart, query);
    }
    out.writeByte(AUTHORITY);
    if (head.has(FieldName.HOST)) {
      int host = head.first(FieldName.HOST);
      writeString(bytes, head.valueStart(host), head.valueEnd(host), out);
    } else if (head.authorityEnd > head.authorityStart) {
      writeString(bytes, head.authorityStart, head.authorityEnd, out);
    } else {
      writeString(nodeAddress, 0, nodeAddress.length, out);
    }
    writeFields(head, out);
    if (head.takesTrailers) {
      out.writeByte(0);
      writeString(TE, 0, TE.length, out);
      writeString(TRAILERS, 0, TRAILERS.length, out);
    }
  }

  /** All fields that are to be sent on; names in lower case. */
  static void writeFields(Head head, ByteBuf out) {
    byte[] bytes = head.bytes;
    for (int field = 0; field < head.fieldCount; field++) {
      if (head.isDropped(field) || head.id(field) == FieldName.HOST) {
        continue;
      }
      int start = head.nameStart(field);
      int end = head.nameEnd(field);
      if (isOfHandshake(bytes, start, end)) {
        continue;
      }
      int index = indexOf(bytes, start, end);
      boolean secret = index == AUTHORIZATION || index == COOKIE || index == SET_COOKIE;
      writeInt(secret ? NEVER_INDEXED : 0, 4, index, out);
      if (index == 0) {
        writeInt(0, 7, end - start, out);
        for (int i = start; i < end; i++) {
          byte b = bytes[i];
          out.writeByte(b >= 'A' && b <= 'Z' ? b | 0x20 : b);
        }
      }
      writeString(bytes, head.valueStart(field), head.valueEnd(field), out);
    }
    if (head.lengthAnew >= 0) {
      writeInt(0, 4, CONTENT_LENGTH, out);
      byte[] digits = Ascii.bytes(Long.toString(head.lengthAnew));
      writeString(digits, 0, digits.length, out);
    }
  }

  /** The two fields by which HTTP/1.1 proves a change of protocol; HTTP/2 has none of it. */
  static boolean isOfHandshake(byte[] bytes, int start, int end) {
    return (end - start == WEBSOCKET_KEY.length
            && Ascii.equalsIgnoreCase(bytes, start, WEBSOCKET_KEY))
        || (end - start == WEBSOCKET_ACCEPT.length
            && Ascii.equalsIgnoreCase(bytes, start, WEBSOCKET_ACCEPT));
  }

  static void writeString(byte[] from, int start, int end, ByteBuf out) {
    writeInt(0, 7, end - start, out);
    out.writeBytes(from, start, end - start);
  }

  /** RFC 7541, 5.1: an integer in what is left of a byte, and more bytes if that is not enough. */
  static void writeInt(int high, int prefixBits, int value, ByteBuf out) {
    int most = (1 << prefixBits) - 1;
    if (value < most) {
      out.writeByte(high | value);
      return;
    }
    out.writeByte(high | most);
    int rest = value - most;
    while (rest >= 0x80) {
      out.writeByte((rest & 0x7F) | 0x80);
      rest >>>= 7;
    }
    out.writeByte(rest);
  }

  /** The place of a name in the static table, or 0. */
  static int indexOf(byte[] bytes, int start, int end) {
    return Math.max(0, NAMES.find(bytes, start, end));
  }
}
