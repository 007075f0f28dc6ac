package io.fairlead.proxy.http;

import java.nio.charset.StandardCharsets;

/**
 * Field names that mean something to a proxy, as small numbers. All others are just bytes: {@link
 * #OTHER}.
 */
final class FieldName {
  static final int OTHER = 0;
  static final int HOST = 1;
  static final int CONTENT_LENGTH = 2;
  static final int TRANSFER_ENCODING = 3;
  static final int CONNECTION = 4;
  static final int KEEP_ALIVE = 5;
  static final int UPGRADE = 6;
  static final int EXPECT = 7;
  static final int TE = 8;
  static final int TRAILER = 9;
  static final int PROXY_CONNECTION = 10;
  static final int PROXY_AUTHENTICATE = 11;
  static final int PROXY_AUTHORIZATION = 12;
  static final int PROXY = 13;
  static final int HTTP2_SETTINGS = 14;
  static final int FORWARDED = 15;
  static final int X_FORWARDED_FOR = 16;
  static final int X_FORWARDED_PROTO = 17;
  static final int X_FORWARDED_HOST = 18;
  static final int X_FORWARDED_PORT = 19;
  static final int X_REAL_IP = 20;
  static final int X_REQUEST_ID = 21;
  static final int VIA = 22;
  static final int FAIRLEAD_ERROR = 23;

  /** {@code x-forwarded-} and anything else. */
  static final int X_FORWARDED_OTHER = 24;

  static final int COOKIE = 25;

  static final int GRPC_TIMEOUT = 26;
  static final int EXPECTED_TIMEOUT = 27;
  static final int IMPORTANCE = 28;
  static final int ENDPOINT_LOAD_METRICS = 29;
  static final int TRACEPARENT = 30;
  static final int TRACESTATE = 31;

  /** One more than the largest number. */
  static final int COUNT = 32;

  private static final String[] NAMES = {
    "",
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "upgrade",
    "expect",
    "te",
    "trailer",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy",
    "http2-settings",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-real-ip",
    "x-request-id",
    "via",
    "fairlead-error",
    "x-forwarded-",
    "cookie",
    "grpc-timeout",
    "x-envoy-expected-rq-timeout-ms",
    "x-request-importance",
    "endpoint-load-metrics",
    "traceparent",
    "tracestate",
  };

  private static final int MAX_LENGTH = 30;

  /** By length: the numbers of the names that long, so that most names are told by length alone. */
  private static final int[][] BY_LENGTH = new int[MAX_LENGTH + 1][];

  private static final byte[][] BYTES = new byte[COUNT][];

  static {
    for (int length = 0; length <= MAX_LENGTH; length++) {
      int wanted = length;
      BY_LENGTH[length] =
          java.util.stream.IntStream.range(1, COUNT)
              .filter(id -> NAMES[id].length() == wanted)
              .toArray();
    }
    for (int id = 0; id < COUNT; id++) {
      BYTES[id] = NAMES[id].getBytes(StandardCharsets.US_ASCII);
    }
  }

  private FieldName() {}

  /** The number of the name in that range, letters of either case. */
  static int of(byte[] bytes, int start, int end) {
    int length = end - start;
    if (length > MAX_LENGTH) {
      return isForwarded(bytes, start) ? X_FORWARDED_OTHER : OTHER;
    }
    for (int id : BY_LENGTH[length]) {
      if (Ascii.equalsIgnoreCase(bytes, start, BYTES[id])) {
        return id;
      }
    }
    return length > BYTES[X_FORWARDED_OTHER].length && isForwarded(bytes, start)
        ? X_FORWARDED_OTHER
        : OTHER;
  }

  private static boolean isForwarded(byte[] bytes, int start) {
    return (bytes[start] | 0x20) == 'x'
        && Ascii.equalsIgnoreCase(bytes, start, BYTES[X_FORWARDED_OTHER]);
  }

  /**
   * The number of the name that results when every underscore is read as a hyphen, as some
   * application gateways do (CGI turns both into an underscore).
   */
  static int ofUnderscoreTwin(byte[] bytes, int start, int end) {
    int length = end - start;
    byte[] twin = new byte[length];
    for (int i = 0; i < length; i++) {
      byte b = bytes[start + i];
      twin[i] = b == '_' ? (byte) '-' : b;
    }
    return of(twin, 0, length);
  }

  /** Where a message ends and where it goes: nothing may take these away or add them twice. */
  static boolean isFraming(int id) {
    return id == HOST || id == CONTENT_LENGTH || id == TRANSFER_ENCODING;
  }

  /**
   * Fields that {@code Connection} cannot name away: they carry identity or credentials, and a
   * client that strips them on the way to the node would speak for somebody else (CVE-2024-45410
   * was that).
   */
  static boolean isProtected(byte[] bytes, int start, int end) {
    int id = of(bytes, start, end);
    if (id >= FORWARDED && id <= X_FORWARDED_OTHER) {
      return true;
    }
    for (byte[] name : PROTECTED) {
      if (name.length == end - start && Ascii.equalsIgnoreCase(bytes, start, name)) {
        return true;
      }
    }
    return false;
  }

  private static final byte[][] PROTECTED = {
    Ascii.bytes("authorization"),
    Ascii.bytes("cookie"),
    Ascii.bytes("set-cookie"),
    Ascii.bytes("content-type"),
    Ascii.bytes("content-encoding"),
    Ascii.bytes("content-range"),
    Ascii.bytes("cache-control"),
    Ascii.bytes("date"),
    Ascii.bytes("location"),
    Ascii.bytes("origin"),
    Ascii.bytes("range"),
    Ascii.bytes("vary"),
    Ascii.bytes("www-authenticate"),
  };
}
