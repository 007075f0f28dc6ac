package io.fairlead.proxy.http;

import io.fairlead.config.CacheConfig;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.RouteCounter;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Which answers of a route are kept, and under what key (RFC 9111, 2 and 3). One for all event
 * loops; a route without it never asks. What is kept is in {@link CacheStore}, what becomes of one
 * request is told by {@link CacheTurn}.
 */
public final class RouteCache {
  private static final byte[] AUTHORIZATION = Ascii.bytes("authorization");
  private static final byte[] SET_COOKIE = Ascii.bytes("set-cookie");
  private static final byte[] CONTENT_RANGE = Ascii.bytes("content-range");
  private static final byte[] VARY = Ascii.bytes("vary");
  private static final byte[] ETAG = Ascii.bytes("etag");
  private static final byte[] LAST_MODIFIED = Ascii.bytes("last-modified");

  /** More fields than that do not make sense. */
  private static final int MAX_VARY = 16;

  /** What Fairlead writes itself behind the key: it would differ from what is compared. */
  private static final long WRITTEN_LATER =
      1L << FieldName.FORWARDED
          | 1L << FieldName.X_FORWARDED_FOR
          | 1L << FieldName.X_FORWARDED_OTHER
          | 1L << FieldName.X_REQUEST_ID
          | 1L << FieldName.VIA
          | 1L << FieldName.TRACEPARENT
          | 1L << FieldName.TRACESTATE;

  static final byte[][] NO_NAMES = {};

  private final CacheConfig config;
  private final CacheStore store;
  private final long scope;
  private final LoopCounters<RouteCounter> counters;
  private final boolean authenticates;

  /**
   * @param scope of the keys, {@link CacheStore#newScope}; another one wherever the route may lead
   *     elsewhere than before
   * @param counters of the route
   * @param authenticates every request that comes so far has said who it is
   */
  public RouteCache(
      CacheConfig config,
      CacheStore store,
      long scope,
      LoopCounters<RouteCounter> counters,
      boolean authenticates) {
    this.config = config;
    this.store = store;
    this.scope = scope;
    this.counters = counters;
    this.authenticates = authenticates;
  }

  public long scope() {
    return scope;
  }

  CacheStore store() {
    return store;
  }

  CacheConfig config() {
    return config;
  }

  void count(HttpLoop loop, RouteCounter what) {
    counters.increment(loop.index(), what);
  }

  /**
   * For how many seconds such an answer is fresh, if it may be kept; negative: it may not.
   *
   * @param said by the answer
   * @param date of the answer, in seconds since 1970
   * @param certified the client has shown a certificate that nodes are told of
   */
  long lifetime(Head request, Head answer, CacheDirectives said, long date, boolean certified) {
    int status = answer.status;
    if (status == 206
        || status == 304
        || (said.noStore && !(said.mustUnderstand && isUnderstood(status)))
        || (said.mustUnderstand && !isUnderstood(status))
        || said.isPrivate
        || answer.body == Head.UNTIL_CLOSE // a cut cannot be told from the end
        || answer.body > config.objectBytes()
        || answer.findField(SET_COOKIE, 0) >= 0
        || answer.findField(CONTENT_RANGE, 0) >= 0
        || vary(answer) == null
        || (isAuthorized(request, certified) && !isForAll(said))) {
      return -1;
    }
    long lifetime = CacheLife.lifetime(answer, said, date);
    if (lifetime == CacheLife.UNSAID) {
      lifetime = isGuessed(request, said, status) ? config.ttl().toSeconds() : 0;
      if (lifetime == 0 && !said.noCache) {
        return -1;
      }
    }
    boolean asked = lifetime == 0 || said.noCache; // a node is asked each time
    return asked && !hasValidator(answer) ? -1 : lifetime;
  }

  /** Without a word about it; with cookies it may be for somebody only. */
  private boolean isGuessed(Head request, CacheDirectives said, int status) {
    return (isUnderstood(status) || said.isPublic) && !request.has(FieldName.COOKIE);
  }

  private boolean isAuthorized(Head request, boolean certified) {
    if (authenticates || certified) {
      return true;
    }
    for (int field = 0; field < request.fieldCount; field++) { // also if nodes do not get it
      if (request.isNamed(field, AUTHORIZATION)) {
        return true;
      }
    }
    return false;
  }

  /** RFC 9111, 3.5: what was asked for by somebody may be given to others. */
  private static boolean isForAll(CacheDirectives said) {
    return said.isPublic || said.mustRevalidate || said.sharedMaxAge != CacheDirectives.NONE;
  }

  /** May be kept without a word about it (RFC 9110, 15.1). */
  private static boolean isUnderstood(int status) {
    return switch (status) {
      case 200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501 -> true;
      default -> false;
    };
  }

  private static boolean hasValidator(Head answer) {
    return etag(answer) >= 0 || lastModified(answer) >= 0;
  }

  /** The number of the field; -1: there is none. */
  static int etag(Head answer) {
    return answer.findField(ETAG, 0);
  }

  /** The number of the field with a date; -1: there is none. */
  static int lastModified(Head answer) {
    int field = answer.findField(LAST_MODIFIED, 0);
    return field >= 0
            && HttpDate.parse(answer.bytes, answer.valueStart(field), answer.valueEnd(field))
                != HttpDate.NONE
        ? field
        : -1;
  }

  /** The fields that it depends on, in lower case; null: on more than can be told. */
  static byte @Nullable [][] vary(Head answer) {
    byte[][] names = NO_NAMES;
    for (int field = answer.findField(VARY, 0);
        field >= 0;
        field = answer.findField(VARY, field + 1)) {
      int at = answer.valueStart(field);
      int end = answer.valueEnd(field);
      while (at < end) {
        int next = at;
        while (next < end && Ascii.classOf(answer.bytes[next]) != 0) {
          next++;
        }
        if (next == at) {
          byte between = answer.bytes[at++];
          if (between != ',' && between != ' ' && between != '\t') {
            return null;
          }
          continue;
        }
        int id = FieldName.of(answer.bytes, at, next);
        if (answer.bytes[at] == '*'
            || (id != FieldName.OTHER && (WRITTEN_LATER >>> id & 1) != 0)
            || names.length == MAX_VARY) {
          return null;
        }
        byte[] name = Arrays.copyOfRange(answer.bytes, at, next);
        for (int i = 0; i < name.length; i++) {
          name[i] = Ascii.toLower(name[i]);
        }
        names = Arrays.copyOf(names, names.length + 1);
        names[names.length - 1] = name;
        at = next;
      }
    }
    return names;
  }

  /** What it does with such a request, for people. */
  String inWords(Head request) {
    String why = CacheTurn.whyNot(request);
    if (why != null) {
      return "the cache has nothing to do with it: " + why;
    }
    return "an answer that is kept and fresh is given without asking a node; "
        + (config.hold().isZero()
            ? ""
            : "of several that ask for the same at once, one asks and the others wait for up to "
                + config.hold().toMillis()
                + " ms; ")
        + "bodies of up to "
        + config.objectBytes()
        + " bytes are kept, if the answer says how long it is fresh"
        + (config.ttl().isZero() ? "" : ", or for " + config.ttl().toSeconds() + " s");
  }
}
