package io.fairlead.proxy.http;

import java.util.concurrent.TimeUnit;

/**
 * How old an answer is and how long it may be given (RFC 9111, 4.2; RFC 5861, 4). All times in
 * nanoseconds of the loops' clock, so that nothing changes when somebody sets the clock on the
 * wall.
 *
 * @param born when the answer would have been made, its age taken as {@link #bornAt} finds it
 * @param lifetime how long it is fresh from then on
 * @param staleIfError how long behind that it may be given where there is no better one; 0: never
 * @param noCache it may not be given at all without asking a node
 * @param strict once stale, it may not be given whoever takes that
 */
record CacheLife(long born, long lifetime, long staleIfError, boolean noCache, boolean strict) {
  private static final byte[] AGE = Ascii.bytes("age");
  private static final byte[] EXPIRES = Ascii.bytes("expires");
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  /** Nothing says how long it is fresh. */
  static final long UNSAID = -1;

  /**
   * What the answer says of itself.
   *
   * @param directives of the answer
   * @param date of the answer, in seconds since 1970
   * @param lifetime in seconds
   * @param asked when the request left, in the loops' time
   * @param now when the answer came, in the loops' time
   * @param wall the same in seconds since 1970
   */
  static CacheLife of(
      Head answer,
      CacheDirectives directives,
      long lifetime,
      long date,
      long asked,
      long now,
      long wall) {
    return new CacheLife(
        bornAt(said(answer), date, asked, now, wall),
        lifetime * SECOND,
        Math.max(0, directives.staleIfError) * SECOND,
        directives.noCache,
        directives.mustRevalidate
            || directives.proxyRevalidate
            || directives.sharedMaxAge != CacheDirectives.NONE);
  }

  /**
   * Seconds for which the answer says that it is fresh, in a cache that is shared; {@link #UNSAID}.
   *
   * @param date in seconds since 1970
   */
  static long lifetime(Head answer, CacheDirectives directives, long date) {
    if (directives.sharedMaxAge != CacheDirectives.NONE) {
      return directives.sharedMaxAge;
    }
    if (directives.maxAge != CacheDirectives.NONE) {
      return directives.maxAge;
    }
    int expires = answer.findField(EXPIRES, 0);
    if (expires < 0) {
      return UNSAID;
    }
    if (answer.findField(EXPIRES, expires + 1) >= 0) {
      return 0; // 4.2.1: which of them?
    }
    long until = HttpDate.parse(answer.bytes, answer.valueStart(expires), answer.valueEnd(expires));
    return until == HttpDate.NONE
        ? 0 // 5.3: an invalid date, such as 0, is in the past
        : Math.clamp(until - date, 0, CacheDirectives.FOREVER);
  }

  /** The age that the answer came with, in seconds; of several the first (5.1). */
  private static long said(Head answer) {
    int field = answer.findField(AGE, 0);
    if (field < 0) {
      return 0;
    }
    int end = answer.valueStart(field);
    while (end < answer.valueEnd(field) && answer.bytes[end] != ',') {
      end++;
    }
    return Math.max(0, CacheDirectives.seconds(answer.bytes, answer.valueStart(field), end));
  }

  /**
   * Reckons with the larger of what the date and what {@code Age} says, to which the time that the
   * answer was on its way is added (4.2.3).
   */
  static long bornAt(long said, long date, long asked, long now, long wall) {
    long apparent = Math.clamp(wall - date, 0, CacheDirectives.FOREVER) * SECOND;
    return now - Math.max(apparent, said * SECOND + Math.max(0, now - asked));
  }

  /** In whole seconds. */
  long age(long now) {
    return Math.max(0, now - born) / SECOND;
  }

  boolean isFresh(long now) {
    return now - born < lifetime;
  }

  /** Seconds that it stays fresh; negative: since when it has not been. */
  long left(long now) {
    return Math.floorDiv(lifetime - (now - born), SECOND);
  }

  /** Whether it may be given to a request that says this, without asking a node. */
  boolean serves(CacheDirectives request, long now) {
    if (noCache || request.noCache) {
      return false;
    }
    if (request.maxAge != CacheDirectives.NONE && age(now) > request.maxAge) {
      return false;
    }
    long rest = lifetime - (now - born);
    if (request.minFresh != CacheDirectives.NONE && rest < request.minFresh * SECOND) {
      return false;
    }
    return rest > 0
        || (!strict
            && request.maxStale != CacheDirectives.NONE
            && -rest <= request.maxStale * SECOND);
  }

  /** Whether it may be given instead of an error. */
  boolean servesInsteadOfError(long now) {
    return !noCache && !strict && now - born < lifetime + staleIfError;
  }
}
