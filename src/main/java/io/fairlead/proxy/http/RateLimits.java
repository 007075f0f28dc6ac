package io.fairlead.proxy.http;

import io.fairlead.config.Networks;
import io.fairlead.config.RateLimitConfig;
import io.fairlead.limit.RateLimiter;
import java.util.List;

/**
 * The limits on the rate of one route, and what clients are told of them: {@code retry-after}, and
 * {@code ratelimit} and {@code ratelimit-policy} as in draft-ietf-httpapi-ratelimit-headers-11: a
 * policy's quota is its burst, its window the time in which that comes back.
 */
public final class RateLimits {
  private static final long SECOND = 1_000_000_000;
  private static final byte[] RETRY_AFTER = Ascii.bytes("retry-after");
  private static final byte[] RATELIMIT = Ascii.bytes("ratelimit");
  private static final byte[] RATELIMIT_POLICY = Ascii.bytes("ratelimit-policy");

  public static final RateLimits NONE = new RateLimits(List.of());

  /**
   * A limit with what it has counted.
   *
   * @param config as configured
   * @param limiter which may have counted before, under an earlier configuration
   */
  public record Limit(RateLimitConfig config, RateLimiter limiter) {}

  private final List<Limit> limits;
  private final byte[][] headers;
  private final byte[][] names;
  private final byte[] policy;

  public RateLimits(List<Limit> limits) {
    this.limits = List.copyOf(limits);
    headers = new byte[limits.size()][];
    names = new byte[limits.size()][];
    StringBuilder all = new StringBuilder();
    for (int i = 0; i < headers.length; i++) {
      Limit limit = limits.get(i);
      headers[i] =
          limit.config().key() instanceof RateLimitConfig.Key.Header(String name)
              ? Ascii.bytes(name)
              : new byte[0];
      String quoted = '"' + limit.config().name() + '"';
      names[i] = Ascii.bytes(quoted);
      long window = limit.limiter().intervalNanos() * limit.limiter().burst();
      all.append(i == 0 ? "" : ", ").append(quoted);
      all.append(";q=").append(limit.limiter().burst()).append(";w=").append(seconds(window));
    }
    policy = Ascii.bytes(all.toString());
  }

  /** In the order of the configuration. */
  public List<Limit> limits() {
    return limits;
  }

  /**
   * Asks every limit, one after the other, until one refuses.
   *
   * @return the number of the one that refuses, or -1
   */
  int refusing(Head request, long now, RateLimiter.Verdict verdict) {
    for (int i = 0; i < headers.length; i++) {
      if (!limits.get(i).limiter().admit(key(i, request), now, verdict)) {
        return i;
      }
    }
    return -1;
  }

  private long key(int limit, Head request) {
    return switch (limits.get(limit).config().key()) {
      case RateLimitConfig.Key.Route _ -> 0;
      // Whoever has a /64 has all of its addresses.
      case RateLimitConfig.Key.ClientIp _ ->
          Networks.isIpv4(request.clientHigh, request.clientLow)
              ? request.clientLow
              : request.clientHigh;
      case RateLimitConfig.Key.Header _ -> hash(request, headers[limit]);
    };
  }

  /** Of the first such field's value (FNV-1a, 64 bits); those without the field are one. */
  private static long hash(Head request, byte[] name) {
    int field = request.findField(name, 0);
    long hash = 0xcbf29ce484222325L;
    if (field >= 0) {
      for (int at = request.valueStart(field); at < request.valueEnd(field); at++) {
        hash = (hash ^ (request.bytes[at] & 0xFF)) * 0x100000001b3L;
      }
    }
    return hash;
  }

  /** Says in an answer how long to wait. */
  void addTo(Head response, int refused, RateLimiter.Verdict verdict) {
    byte[] wait = RetryAfter.seconds(verdict.waitNanos());
    response.openField(RETRY_AFTER);
    response.put(wait);
    response.closeField(FieldName.OTHER);
    response.openField(RATELIMIT);
    response.put(names[refused]);
    response.put(Ascii.bytes(";r=0;t="));
    response.put(wait);
    response.closeField(FieldName.OTHER);
    response.openField(RATELIMIT_POLICY);
    response.put(policy);
    response.closeField(FieldName.OTHER);
  }

  /** Whole seconds, at least one: neither too early. */
  private static long seconds(long nanos) {
    return Math.max(1, (nanos + SECOND - 1) / SECOND);
  }
}
