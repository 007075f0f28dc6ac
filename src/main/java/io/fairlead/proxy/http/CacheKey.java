package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Arrays;

/**
 * Under what an answer is kept: of what the client sent, before anything is rewritten, the scope of
 * its route, whether it spoke TLS, the authority, the path as it was matched, the query; and what
 * the answer varies by, which is compared behind the route's edits, as nodes see it. Is used again.
 */
final class CacheKey {
  /** Behind the scope and the scheme the URI begins. */
  private static final int URI_AT = 9;

  private static final int FIRST_BYTES = 512;
  private static final int MAX_KEPT_BYTES = 4096;

  private byte[] bytes = new byte[FIRST_BYTES];
  private int length;

  /** Of it without what the answer varies by. */
  private int primary;

  private long hash;
  private long uri;

  void begin(CacheStore store, long scope, boolean secure, Head request) {
    length = 0;
    for (int shift = 56; shift >= 0; shift -= 8) {
      put((byte) (scope >>> shift));
    }
    put((byte) (secure ? 's' : 'p'));
    putUri(request);
    primary = length;
    uri = hash(store, URI_AT);
    hash = hash(store, 0);
  }

  /** The authority in lower case, path and query: neither of the latter begins like the former. */
  void putUri(Head request) {
    int start = request.authorityStart;
    int end = request.authorityEnd;
    if (request.has(FieldName.HOST)) {
      int host = request.first(FieldName.HOST);
      start = request.valueStart(host);
      end = request.valueEnd(host);
    }
    for (int at = start; at < end; at++) {
      put(Ascii.toLower(request.bytes[at]));
    }
    put(request.bytes, request.pathStart, request.pathEnd);
    put(request.bytes, request.queryStart, request.queryEnd);
  }

  /** Without what the answer varies by. */
  void shorten(CacheStore store) {
    length = primary;
    hash = hash(store, 0);
  }

  boolean isShort() {
    return length == primary;
  }

  /**
   * Adds what the request says in these fields: lines of one name with commas (RFC 9111, 4.1).
   *
   * @param most fields of the request that are the client's
   */
  void lengthen(CacheStore store, byte[][] names, Head request, int most) {
    length = primary;
    for (byte[] name : names) {
      put((byte) '\n');
      put(name, 0, name.length);
      byte between = ':';
      for (int field = 0; field < most; field++) {
        if (!request.isDropped(field) && request.isNamed(field, name)) {
          put(between);
          putValue(request.bytes, request.valueStart(field), request.valueEnd(field));
          between = ',';
        }
      }
    }
    hash = hash(store, 0);
  }

  /** Without blanks around commas. */
  private void putValue(byte[] from, int start, int end) {
    for (int at = start; at < end; at++) {
      boolean blank = from[at] == ' ' || from[at] == '\t';
      if (!blank || (bytes[length - 1] != ',' && !isBeforeComma(from, at, end))) {
        put(from[at]);
      }
    }
  }

  private static boolean isBeforeComma(byte[] bytes, int from, int end) {
    int at = from;
    while (at < end && (bytes[at] == ' ' || bytes[at] == '\t')) {
      at++;
    }
    return at < end && bytes[at] == ',';
  }

  private void put(byte b) {
    if (length == bytes.length) {
      bytes = Arrays.copyOf(bytes, 2 * length);
    }
    bytes[length++] = b;
  }

  private void put(byte[] from, int start, int end) {
    int count = end - start;
    if (length + count > bytes.length) {
      bytes = Arrays.copyOf(bytes, Math.max(length + count, 2 * bytes.length));
    }
    System.arraycopy(from, start, bytes, length, count);
    length += count;
  }

  long hash(CacheStore store, int from) {
    return store.hash(bytes, from, length);
  }

  long hash() {
    return hash;
  }

  /** The hash of authority, path and query, whatever the route. */
  long uri() {
    return uri;
  }

  /** What the client asked for; its own word, so that it may be no URL at all. */
  String url() {
    return (bytes[URI_AT - 1] == 's' ? "https://" : "http://")
        + new String(bytes, URI_AT, primary - URI_AT, ISO_8859_1);
  }

  /** To be read only, as far as {@link #length}. */
  byte[] bytes() {
    return bytes;
  }

  int length() {
    return length;
  }

  byte[] copy() {
    return Arrays.copyOf(bytes, length);
  }

  /** It is not needed for now. */
  void letGo() {
    if (bytes.length > MAX_KEPT_BYTES) {
      bytes = new byte[FIRST_BYTES];
    }
  }
}
