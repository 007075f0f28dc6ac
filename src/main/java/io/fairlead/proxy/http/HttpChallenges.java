package io.fairlead.proxy.http;

import io.fairlead.config.RouteConfig;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.RouteCounter;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What authorities that issue certificates ask for to see that a name is ours (RFC 8555, 8.3), on
 * all listeners for HTTP: while an order is going on, and only what it asks for. Whoever asks has
 * to get it, so no rules of a listener hold; everything else below that path goes where routes say.
 * While nothing is asked for, a request costs one look at an empty field.
 */
public final class HttpChallenges {
  private static final byte[] PREFIX = Ascii.bytes("/.well-known/acme-challenge/");

  /** What such requests are called in records. */
  private static final String ROUTE = "acme-challenge";

  private final int loops;
  private volatile @Nullable Map<String, HttpRoute> outstanding;

  /**
   * @param loops event loops that answer
   */
  public HttpChallenges(int loops) {
    this.loops = loops;
  }

  /**
   * From now on these are answered, and no others.
   *
   * @param answers token → key authorization
   */
  public void show(Map<String, String> answers) {
    if (answers.isEmpty()) {
      outstanding = null;
      return;
    }
    Map<String, HttpRoute> next = new HashMap<>();
    answers.forEach((token, text) ->
        next.put(
            token,
            new HttpRoute(
                    RouteConfig.answering(ROUTE, text),
                    List.of(),
                    new LoopCounters<>(loops, RouteCounter.class),
                    RateLimits.NONE,
                    List.of(),
                    ErrorPages.NONE)
                .forAll()));
    outstanding = next;
  }

  /** What answers that request; null: it is for a route. */
  @Nullable HttpRoute answer(Head request) {
    Map<String, HttpRoute> present = outstanding;
    return present == null ? null : find(present, request);
  }

  private static @Nullable HttpRoute find(Map<String, HttpRoute> present, Head request) {
    int start = request.pathStart;
    int token = start + PREFIX.length;
    if (request.pathEnd <= token
        || !Arrays.equals(request.bytes, start, token, PREFIX, 0, PREFIX.length)) {
      return null;
    }
    return present.get(
        new String(request.bytes, token, request.pathEnd - token, StandardCharsets.ISO_8859_1));
  }
}
