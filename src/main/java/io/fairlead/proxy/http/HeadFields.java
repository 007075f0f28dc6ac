package io.fairlead.proxy.http;

import io.netty.util.AsciiString;
import java.security.SecureRandom;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * Makes of decoded fields of HTTP/2 or HTTP/3, given one by one, a head that looks as if it had
 * come by HTTP/1.1, so that all that follows treats them alike. The rules of RFC 9113, 8.2 and 8.3,
 * which are those of RFC 9114, 4.2 and 4.3, are kept here, as strictly as {@link HeadParser} keeps
 * those of HTTP/1.1.
 */
final class HeadFields {
  /** What came of a block. */
  enum Result {
    DONE,
    /** Not a message: the stream is to be reset. */
    MALFORMED,
    TOO_LARGE,
    TARGET_TOO_LONG
  }

  /** What the fields are of. */
  enum Kind {
    REQUEST,
    RESPONSE,
    TRAILERS
  }

  private static final AsciiString METHOD = AsciiString.cached(":method");
  private static final AsciiString SCHEME = AsciiString.cached(":scheme");
  private static final AsciiString AUTHORITY = AsciiString.cached(":authority");
  private static final AsciiString PATH = AsciiString.cached(":path");
  private static final AsciiString PROTOCOL = AsciiString.cached(":protocol");
  private static final AsciiString STATUS = AsciiString.cached(":status");
  private static final AsciiString HTTP = AsciiString.cached("http");
  private static final AsciiString HTTPS = AsciiString.cached("https");
  private static final AsciiString CONNECT = AsciiString.cached("CONNECT");
  private static final AsciiString OPTIONS = AsciiString.cached("OPTIONS");
  private static final AsciiString WEBSOCKET = AsciiString.cached("websocket");
  private static final AsciiString TRAILERS_ONLY = AsciiString.cached("trailers");

  private static final byte[] GET = Ascii.bytes("GET");
  private static final byte[] HTTP_1_1 = Ascii.bytes(" HTTP/1.1\r\n");
  private static final byte[] STATUS_START = Ascii.bytes("HTTP/1.1 ");
  private static final byte[] SPACE_CRLF = Ascii.bytes(" \r\n");
  private static final byte[] CRLF = Ascii.bytes("\r\n");
  private static final byte[] SPACE = {' '};
  private static final byte[] HOST = Ascii.bytes("host");
  private static final byte[] COOKIE = Ascii.bytes("cookie");
  private static final byte[] SEMICOLON_SPACE = Ascii.bytes("; ");
  private static final byte[] UPGRADE = Ascii.bytes("upgrade");
  private static final byte[] WEBSOCKET_BYTES = Ascii.bytes("websocket");
  private static final AsciiString KEY_NAME = AsciiString.cached("sec-websocket-key");
  private static final byte[] WEBSOCKET_KEY = Ascii.bytes("sec-websocket-key");

  /** What HPACK adds to the length of each field when it measures a list (RFC 7541, 4.1). */
  private static final int FIELD_OVERHEAD = 32;

  /** Fields that speak of one connection and have no place in HTTP/2 (RFC 9113, 8.2.2). */
  private static final long CONNECTION_FIELDS =
      1L << FieldName.CONNECTION
          | 1L << FieldName.KEEP_ALIVE
          | 1L << FieldName.PROXY_CONNECTION
          | 1L << FieldName.TRANSFER_ENCODING
          | 1L << FieldName.UPGRADE;

  private static final SecureRandom KEYS = new SecureRandom();

  private int maxBytes = Integer.MAX_VALUE;
  private int maxTarget = Integer.MAX_VALUE;
  private int maxFields = Integer.MAX_VALUE;
  private @Nullable Head filled;
  private Kind kind = Kind.TRAILERS;
  private Result result = Result.DONE;
  private boolean regular;
  private int bytes;
  private int fields;
  private int cookies;
  private @Nullable AsciiString method;
  private @Nullable AsciiString scheme;
  private @Nullable AsciiString authority;
  private @Nullable AsciiString path;
  private @Nullable AsciiString protocol;
  private @Nullable AsciiString status;

  /**
   * @param most bytes of one list, as HPACK and QPACK measure it
   * @param target bytes of {@code :path}
   * @param fieldCount in one list, the pseudo-fields not counted
   */
  void limit(int most, int target, int fieldCount) {
    maxBytes = most;
    maxTarget = target;
    maxFields = fieldCount;
  }

  /** A message begins, to be written to that head. */
  void begin(Head target, Kind what) {
    filled = target;
    kind = what;
    result = Result.DONE;
    regular = false;
    bytes = 0;
    fields = 0;
    cookies = 0;
    method = null;
    scheme = null;
    authority = null;
    path = null;
    protocol = null;
    status = null;
  }

  /** All fields have been there. */
  Result end() {
    if (result == Result.DONE && !regular) {
      startLine();
    }
    if (result == Result.DONE) {
      Head done = target();
      if (cookies > 1) {
        joinCookies(done);
      }
      done.put(CRLF);
      done.end = done.length;
    }
    return result;
  }

  /** Whether what comes next is looked at: there has been no mistake. */
  boolean wantsMore() {
    return result == Result.DONE;
  }

  /** The next field; what comes behind a mistake is not looked at. */
  void add(AsciiString name, AsciiString value) {
    if (result == Result.DONE) {
      take(name, value);
    }
  }

  private void take(AsciiString name, AsciiString value) {
    bytes += name.length() + value.length() + FIELD_OVERHEAD;
    if (bytes > maxBytes) {
      result = Result.TOO_LARGE;
    } else if (name.isEmpty()) {
      result = Result.MALFORMED;
    } else if (name.byteAt(0) == ':') {
      if (regular || !takePseudo(name, value)) {
        result = Result.MALFORMED;
      }
    } else {
      if (!regular) {
        startLine();
      }
      if (result == Result.DONE) {
        takeField(name, value);
      }
    }
  }

  /** False if it is none, or comes twice, or belongs to another kind of message. */
  private boolean takePseudo(AsciiString name, AsciiString value) {
    if (!isValue(value)) {
      return false;
    }
    boolean fresh;
    if (kind == Kind.RESPONSE) {
      fresh = name.contentEquals(STATUS) && status == null;
      status = value;
    } else if (kind == Kind.TRAILERS) {
      fresh = false;
    } else if (name.contentEquals(METHOD)) {
      fresh = method == null;
      method = value;
    } else if (name.contentEquals(PATH)) {
      fresh = path == null;
      path = value;
    } else if (name.contentEquals(SCHEME)) {
      fresh = scheme == null;
      scheme = value;
    } else if (name.contentEquals(AUTHORITY)) {
      fresh = authority == null;
      authority = value;
    } else if (name.contentEquals(PROTOCOL)) {
      fresh = protocol == null;
      protocol = value;
    } else {
      fresh = false;
    }
    return fresh;
  }

  private void startLine() {
    regular = true;
    switch (kind) {
      case REQUEST -> result = requestLine(target());
      case RESPONSE -> result = statusLine(target()) ? Result.DONE : Result.MALFORMED;
      case TRAILERS -> {}
    }
  }

  private Result requestLine(Head into) {
    AsciiString verb = method;
    AsciiString target = path;
    AsciiString how = scheme;
    if (verb == null || !Ascii.isToken(verb.array(), verb.arrayOffset(), endOf(verb))) {
      return Result.MALFORMED;
    }
    boolean connect = verb.contentEquals(CONNECT);
    boolean plain = connect && protocol == null;
    if (plain ? target != null || how != null || authority == null : target == null) {
      return Result.MALFORMED;
    }
    if (!plain && !isTarget(how, target, verb)) {
      return Result.MALFORMED;
    }
    if (!connect && protocol != null) {
      return Result.MALFORMED;
    }
    if (target != null && target.length() > maxTarget) {
      return Result.TARGET_TOO_LONG;
    }
    boolean webSocket = protocol != null && protocol.contentEqualsIgnoreCase(WEBSOCKET);
    into.methodStart = 0;
    if (webSocket) {
      into.put(GET);
    } else {
      put(into, verb);
    }
    into.methodEnd = into.length;
    into.put(SPACE);
    into.targetStart = into.length;
    put(into, target != null ? target : host());
    into.targetEnd = into.length;
    into.put(HTTP_1_1);
    into.minorVersion = 1;
    into.http2 = true;
    if (authority != null) {
      into.openField(HOST);
      put(into, host());
      into.closeField(FieldName.HOST);
    }
    if (webSocket) {
      upgrade(into);
    }
    return Result.DONE;
  }

  private boolean isTarget(
      @Nullable AsciiString how, @Nullable AsciiString target, AsciiString verb) {
    if (how == null || !(how.contentEquals(HTTP) || how.contentEquals(HTTPS))) {
      return false;
    }
    if (target == null || target.isEmpty()) {
      return false;
    }
    for (int i = 0; i < target.length(); i++) {
      if (target.byteAt(i) <= 0x20 || target.byteAt(i) == 0x7F) {
        return false;
      }
    }
    return target.byteAt(0) == '/'
        || (target.length() == 1 && target.byteAt(0) == '*' && verb.contentEquals(OPTIONS));
  }

  /** An extended CONNECT (RFC 8441) is to HTTP/1.1 what a GET with Upgrade is. */
  private void upgrade(Head into) {
    into.openField(UPGRADE);
    into.put(WEBSOCKET_BYTES);
    into.closeField(FieldName.UPGRADE);
    byte[] key = new byte[16];
    KEYS.nextBytes(key);
    into.openField(WEBSOCKET_KEY);
    into.put(Base64.getEncoder().encode(key));
    into.closeField(FieldName.OTHER);
    into.upgrade = true;
  }

  private boolean statusLine(Head into) {
    AsciiString code = status;
    if (code == null || code.length() != 3) {
      return false;
    }
    int value = 0;
    for (int i = 0; i < 3; i++) {
      if (!Ascii.isDigit(code.byteAt(i))) {
        return false;
      }
      value = value * 10 + code.byteAt(i) - '0';
    }
    if (value < 100 || value > 599 || value == 101) {
      return false;
    }
    into.status = value;
    into.put(STATUS_START);
    put(into, code);
    into.put(SPACE_CRLF);
    into.reasonStart = into.length - 2;
    into.reasonEnd = into.reasonStart;
    into.minorVersion = 1;
    into.http2 = true;
    return true;
  }

  private void takeField(AsciiString name, AsciiString value) {
    if (++fields > maxFields) {
      result = Result.TOO_LARGE;
      return;
    }
    Head into = target();
    int start = into.length;
    put(into, name);
    boolean underscore = false;
    for (int i = start; i < into.length; i++) {
      byte b = into.bytes[i];
      byte c = Ascii.classOf(b);
      if (c == 0 || (b >= 'A' && b <= 'Z')) {
        result = Result.MALFORMED;
        return;
      }
      underscore |= (c & Ascii.UNDERSCORE) != 0;
    }
    if (!isValue(value) || !isTrimmed(value)) {
      result = Result.MALFORMED;
      return;
    }
    int id = FieldName.of(into.bytes, start, into.length);
    if (((CONNECTION_FIELDS >>> id) & 1) != 0 && id != FieldName.OTHER) {
      result = Result.MALFORMED;
      return;
    }
    switch (id) {
      case FieldName.HOST -> {
        AsciiString said = authority;
        if (said != null && kind == Kind.REQUEST) {
          into.length = start; // said already, if it is the same
          if (!said.contentEqualsIgnoreCase(value)) {
            result = Result.MALFORMED;
          }
          return;
        }
      }
      case FieldName.TE -> {
        if (!value.contentEqualsIgnoreCase(TRAILERS_ONLY)) {
          result = Result.MALFORMED;
          return;
        }
        into.takesTrailers = true;
      }
      case FieldName.COOKIE -> cookies++;
      case FieldName.CONTENT_LENGTH -> {
        if (into.upgrade) { // what follows is a tunnel
          result = Result.MALFORMED;
          return;
        }
      }
      default -> {
        if (into.upgrade && name.contentEquals(KEY_NAME)) {
          into.length = start; // ours is the one that the node has to answer
          return;
        }
      }
    }
    into.length = start;
    into.openField(name.array(), name.arrayOffset(), name.length());
    put(into, value);
    into.closeField(id);
    if (underscore) {
      takeUnderscore(into, start, start + name.length());
    }
  }

  /** The same care as in {@link HeadParser}. */
  private void takeUnderscore(Head into, int start, int end) {
    int twin = FieldName.ofUnderscoreTwin(into.bytes, start, end);
    if (FieldName.isFraming(twin)) {
      result = Result.MALFORMED;
    } else if (twin != FieldName.OTHER) {
      into.drop(into.fieldCount - 1);
    }
  }

  /**
   * RFC 9113, 8.2.3: crumbs of a cookie become one field again; empty ones are left out, since a
   * value that ends with a space is none (8.2.1).
   */
  private void joinCookies(Head into) {
    int asked = into.fieldCount;
    into.openField(COOKIE);
    boolean first = true;
    for (int field = 0; field < asked; field++) {
      if (into.id(field) == FieldName.COOKIE) {
        int length = into.valueEnd(field) - into.valueStart(field);
        if (length > 0) {
          if (!first) {
            into.put(SEMICOLON_SPACE);
          }
          first = false;
          into.put(into.bytes, into.valueStart(field), length);
        }
        into.drop(field);
      }
    }
    into.closeField(FieldName.COOKIE);
  }

  private Head target() {
    Head present = filled;
    if (present == null) {
      throw new IllegalStateException("no message is being read");
    }
    return present;
  }

  private AsciiString host() {
    AsciiString present = authority;
    return present == null ? AsciiString.EMPTY_STRING : present;
  }

  /** The head is somebody else's from now on. */
  void forget() {
    filled = null;
  }

  private static void put(Head into, AsciiString text) {
    into.put(text.array(), text.arrayOffset(), text.length());
  }

  private static int endOf(AsciiString text) {
    return text.arrayOffset() + text.length();
  }

  /** The same alphabet as in HTTP/1.1: no control character but the tab. */
  private static boolean isValue(AsciiString value) {
    byte[] bytes = value.array();
    int end = endOf(value);
    for (int i = value.arrayOffset(); i < end; i++) {
      byte b = bytes[i];
      if ((b >= 0 && b < 0x20 && b != '\t') || b == 0x7F) {
        return false;
      }
    }
    return true;
  }

  private static boolean isTrimmed(AsciiString value) {
    if (value.isEmpty()) {
      return true;
    }
    byte first = value.byteAt(0);
    byte last = value.byteAt(value.length() - 1);
    return first != ' ' && first != '\t' && last != ' ' && last != '\t';
  }
}
