package io.fairlead.proxy.http;

import java.util.function.IntPredicate;

/**
 * What {@code Cache-Control} of a request or an answer says (RFC 9111, 5.2; RFC 5861), all fields
 * of that name together. Read anew for each head.
 *
 * <p>Of a number that is said twice the smaller one counts, and one that cannot be read is 0: stale
 * rather than fresh (4.2.1). Qualified forms ({@code no-cache="set-cookie"}) mean the whole answer.
 */
final class CacheDirectives {
  /** It is not said. */
  static final long NONE = -1;

  /**
   * Of {@code max-stale} without a number, and what longer times are taken for (RFC 9111, 1.2.2).
   */
  static final long FOREVER = 1L << 31;

  private static final byte[] CACHE_CONTROL = Ascii.bytes("cache-control");
  private static final byte[] PRAGMA = Ascii.bytes("pragma");
  private static final byte[] NO_CACHE = Ascii.bytes("no-cache");
  private static final byte[] NO_STORE = Ascii.bytes("no-store");
  private static final byte[] MAX_AGE = Ascii.bytes("max-age");
  private static final byte[] MAX_STALE = Ascii.bytes("max-stale");
  private static final byte[] MIN_FRESH = Ascii.bytes("min-fresh");
  private static final byte[] ONLY_IF_CACHED = Ascii.bytes("only-if-cached");
  private static final byte[] S_MAXAGE = Ascii.bytes("s-maxage");
  private static final byte[] PRIVATE = Ascii.bytes("private");
  private static final byte[] PUBLIC = Ascii.bytes("public");
  private static final byte[] MUST_REVALIDATE = Ascii.bytes("must-revalidate");
  private static final byte[] PROXY_REVALIDATE = Ascii.bytes("proxy-revalidate");
  private static final byte[] MUST_UNDERSTAND = Ascii.bytes("must-understand");
  private static final byte[] STALE_IF_ERROR = Ascii.bytes("stale-if-error");

  boolean noCache;
  boolean noStore;
  boolean onlyIfCached;
  boolean isPrivate;
  boolean isPublic;
  boolean mustRevalidate;
  boolean proxyRevalidate;
  boolean mustUnderstand;

  // In seconds; NONE: not said.
  long maxAge;
  long sharedMaxAge;
  long minFresh;
  long maxStale;
  long staleIfError;

  // Of the value that was read last, behind the name.
  private byte[] bytes = {};
  private int valueStart;
  private int valueEnd;

  /** Reads what a request says; {@code Pragma} counts where nothing else is said (5.4). */
  void readRequest(Head head) {
    read(head);
    if (head.findField(CACHE_CONTROL, 0) < 0) {
      int pragma = head.findField(PRAGMA, 0);
      noCache =
          pragma >= 0
              && Ascii.rangeEqualsIgnoreCase(
                  head.bytes, head.valueStart(pragma), head.valueEnd(pragma), NO_CACHE);
    }
  }

  /** Reads what an answer says. */
  void read(Head head) {
    noCache = false;
    noStore = false;
    onlyIfCached = false;
    isPrivate = false;
    isPublic = false;
    mustRevalidate = false;
    proxyRevalidate = false;
    mustUnderstand = false;
    maxAge = NONE;
    sharedMaxAge = NONE;
    minFresh = NONE;
    maxStale = NONE;
    staleIfError = NONE;
    for (int field = head.findField(CACHE_CONTROL, 0);
        field >= 0;
        field = head.findField(CACHE_CONTROL, field + 1)) {
      readList(head.bytes, head.valueStart(field), head.valueEnd(field));
    }
  }

  private void readList(byte[] from, int start, int end) {
    bytes = from;
    int at = start;
    while (at < end) {
      int name = skip(at, end, b -> b == ',' || b == ' ' || b == '\t');
      int nameEnd = skip(name, end, b -> Ascii.classOf((byte) b) != 0);
      if (nameEnd < end && bytes[nameEnd] == '=') {
        at = readValue(nameEnd + 1, end);
      } else {
        valueStart = -1;
        at = nameEnd;
      }
      // Whatever stands between this and the comma is not something that we know.
      int next = skip(at, end, b -> b == ' ' || b == '\t');
      boolean clean = next == end || bytes[next] == ',';
      at = skipTo(next, end);
      if (nameEnd > name) {
        take(name, nameEnd, clean);
      }
    }
  }

  /** The value as it is without quotes; where it ends. */
  private int readValue(int from, int end) {
    if (from < end && bytes[from] == '"') {
      int at = from + 1;
      while (at < end && bytes[at] != '"') {
        at += bytes[at] == '\\' ? 2 : 1;
      }
      valueStart = from + 1;
      valueEnd = Math.min(at, end);
      return Math.min(at + 1, end);
    }
    valueStart = from;
    valueEnd = skip(from, end, b -> b != ',' && b != ' ' && b != '\t');
    return valueEnd;
  }

  private void take(int name, int end, boolean clean) {
    switch (end - name) {
      case 6 -> isPublic |= is(name, end, PUBLIC);
      case 7 -> {
        isPrivate |= is(name, end, PRIVATE);
        if (is(name, end, MAX_AGE)) {
          maxAge = smaller(maxAge, clean);
        }
      }
      case 8 -> {
        noCache |= is(name, end, NO_CACHE);
        noStore |= is(name, end, NO_STORE);
        if (is(name, end, S_MAXAGE)) {
          sharedMaxAge = smaller(sharedMaxAge, clean);
        }
      }
      case 9 -> {
        if (is(name, end, MIN_FRESH)) {
          minFresh = Math.max(minFresh, number(clean));
        } else if (is(name, end, MAX_STALE)) {
          maxStale = valueStart < 0 ? FOREVER : smaller(maxStale, clean);
        }
      }
      case 14 -> {
        onlyIfCached |= is(name, end, ONLY_IF_CACHED);
        if (is(name, end, STALE_IF_ERROR)) {
          staleIfError = smaller(staleIfError, clean);
        }
      }
      case 15 -> {
        mustRevalidate |= is(name, end, MUST_REVALIDATE);
        mustUnderstand |= is(name, end, MUST_UNDERSTAND);
      }
      case 16 -> proxyRevalidate |= is(name, end, PROXY_REVALIDATE);
      default -> {}
    }
  }

  private boolean is(int start, int end, byte[] name) {
    return Ascii.rangeEqualsIgnoreCase(bytes, start, end, name);
  }

  private long smaller(long before, boolean clean) {
    long said = number(clean);
    return before == NONE ? said : Math.min(before, said);
  }

  /** Seconds; 0 if it is no number. */
  private long number(boolean clean) {
    return clean && valueStart >= 0 ? Math.max(0, seconds(bytes, valueStart, valueEnd)) : 0;
  }

  /** Digits and nothing else, {@link #FOREVER} at most; {@link #NONE} if it is anything else. */
  static long seconds(byte[] bytes, int start, int end) {
    long value = end > start ? 0 : NONE;
    for (int at = start; at < end; at++) {
      if (!Ascii.isDigit(bytes[at])) {
        return NONE;
      }
      value = Math.min(FOREVER, 10 * value + bytes[at] - '0');
    }
    return value;
  }

  private int skip(int from, int end, IntPredicate what) {
    int at = from;
    while (at < end && what.test(bytes[at])) {
      at++;
    }
    return at;
  }

  /** To the next comma outside of quotes. */
  private int skipTo(int from, int end) {
    int at = from;
    boolean quoted = false;
    while (at < end && (quoted || bytes[at] != ',')) {
      if (bytes[at] == '"') {
        quoted = !quoted;
      } else if (quoted && bytes[at] == '\\') {
        at++;
      }
      at++;
    }
    return Math.min(at, end);
  }
}
