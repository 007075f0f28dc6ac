package io.fairlead.proxy.http;

import io.fairlead.config.HedgeConfig;
import io.fairlead.config.RetryConfig;
import io.fairlead.config.RetryOn;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;

/**
 * What a route says about trying again, ready to be asked. Knows what failed and how often, nothing
 * of connections.
 *
 * <p>A request may be repeated whatever its method if no node can have acted on it: none has got
 * any of it, or it has said that it did nothing (REFUSED_STREAM, GOAWAY; RFC 9113, 8.7). Otherwise
 * only if its method is one that may happen twice (RFC 9110, 9.2.2), or the route says so. A field
 * {@code idempotency-key} changes nothing: what it promises is the node's to keep, and only the
 * operator knows whether it does.
 *
 * <p>A node that could not be connected to has not been asked, so that connecting may fail twice
 * more often than a request is sent: {@link #connects}.
 */
final class RetryPolicy {
  /** Tries to get a connection beyond those to send. */
  private static final int MORE_CONNECTS = 1;

  /** The pause before the second try at one node is up to this, before the third twice, … */
  private static final long BASE_PAUSE_NANOS = 25_000_000;

  private static final long MAX_PAUSE_NANOS = 1_000_000_000;

  /** A node that asks for more patience than this is not waited for: its answer is passed on. */
  private static final long MAX_RETRY_AFTER_NANOS = 2_000_000_000;

  private static final int STATUSES = 600;

  private final RetryConfig config;
  private final boolean[] failures = new boolean[RetryOn.Failure.values().length];
  private final boolean[] statuses = new boolean[STATUSES];
  private final byte[][] methods;
  private final long tryNanos;

  RetryPolicy(RetryConfig config, Duration tryTimeout) {
    this.config = config;
    for (RetryOn on : config.on()) {
      switch (on) {
        case RetryOn.Failure failure -> failures[index(failure)] = true;
        case RetryOn.Status(int from, int to) -> {
          for (int status = from; status <= to; status++) {
            statuses[status] = true;
          }
        }
      }
    }
    methods = config.methods().stream().map(Ascii::bytes).toArray(byte[][]::new);
    Duration perTry = config.perTry().isZero() ? tryTimeout : config.perTry();
    tryNanos = perTry.toNanos();
  }

  @SuppressWarnings("EnumOrdinal") // an index, as in LoopCounters
  private static int index(RetryOn.Failure failure) {
    return failure.ordinal();
  }

  RetryConfig config() {
    return config;
  }

  /** For one try; 0: no bound of its own. */
  long tryNanos() {
    return tryNanos;
  }

  /** How many connections may be asked for, for one request. */
  int connects() {
    return failures[index(RetryOn.Failure.CONNECT)] && config.attempts() > 0
        ? config.attempts() + 1 + MORE_CONNECTS
        : 1;
  }

  /** How often a request may be sent. */
  int sends() {
    return config.attempts() + 1;
  }

  /**
   * Whether a try that failed is followed by another.
   *
   * @param sends how often the request has been sent
   * @param connects how many connections have been asked for
   */
  boolean repeats(RetryOn.Failure failure, Head request, int sends, int connects) {
    return failures[index(failure)]
        && switch (failure) {
          case CONNECT -> connects < connects();
          case REFUSED -> sends < sends();
          case RESET, TIMEOUT, BAD_RESPONSE -> sends < sends() && mayHappenTwice(request);
        };
  }

  /** The same for an answer with that status. */
  boolean repeats(int status, Head request, int sends) {
    return status < STATUSES && statuses[status] && sends < sends() && mayHappenTwice(request);
  }

  private boolean mayHappenTwice(Head request) {
    if (request.upgrade) {
      return false;
    }
    for (byte[] method : methods) {
      if (request.methodIs(method)) {
        return true;
      }
    }
    return false;
  }

  /**
   * Bytes of the body to be kept so that it can be sent again; 0: none.
   *
   * @param refusals whether nodes can say that they did nothing
   */
  int keeps(Head request, boolean refusals) {
    if (request.body == 0
        || request.body > config.bodyBytes()
        || config.attempts() == 0
        || request.upgrade) {
      return 0;
    }
    return mayHappenTwice(request) || (refusals && failures[index(RetryOn.Failure.REFUSED)])
        ? config.bodyBytes()
        : 0;
  }

  /** What would become of that request, for people. */
  List<String> inWords(Head request) {
    List<String> words = new ArrayList<>();
    if (config.attempts() == 0) {
      words.add("a request that fails is not tried again");
    } else {
      boolean twice = mayHappenTwice(request);
      List<String> reasons =
          config.on().stream()
              .filter(on -> twice || on == RetryOn.Failure.CONNECT || on == RetryOn.Failure.REFUSED)
              .map(RetryPolicy::word)
              .toList();
      String method = Ascii.text(request.bytes, request.methodStart, request.methodEnd);
      words.add(
          reasons.isEmpty()
              ? method + " is not tried again: it may not happen twice"
              : "tried again "
                  + (config.attempts() == 1 ? "once" : "up to " + config.attempts() + " times")
                  + ", at another node while there is one, on "
                  + String.join(", ", reasons)
                  + (twice ? "" : "; on nothing else, as " + method + " may not happen twice")
                  + (tryNanos > 0
                      ? "; one try takes " + tryNanos / 1_000_000 + " ms at most"
                      : ""));
      if (request.body != 0 && keeps(request, true) == 0) {
        words.add(
            "its body is longer than the " + config.bodyBytes() + " bytes that are kept of one");
      }
    }
    HedgeConfig hedge = config.hedge();
    if (hedge.isWanted() && isHedgeable(request)) {
      words.add(
          "a second node is asked, too, if the first has not answered "
              + (hedge.percentile() > 0
                  ? "in the time of " + hedge.payablePercentile() + " % of the requests"
                  : "in " + hedge.after().toMillis() + " ms")
              + "; for "
              + hedge.budget()
              + " % of the requests at most");
    }
    return words;
  }

  private static String word(RetryOn on) {
    return switch (on) {
      case RetryOn.Failure failure -> failure.name().toLowerCase(Locale.ROOT).replace('_', '-');
      case RetryOn.Status status -> status.toString();
    };
  }

  /** Whether a second try of that request can be made while the first goes on. */
  static boolean isHedgeable(Head request) {
    return request.body == 0
        && !request.upgrade
        && (request.methodIs(GET) || request.methodIs(HEAD));
  }

  private static final byte[] GET = Ascii.bytes("GET");
  private static final byte[] HEAD = Ascii.bytes("HEAD");

  HedgeConfig hedge() {
    return config.hedge();
  }

  /**
   * How long to wait before a node that has been tried is tried again: half of a bound that doubles
   * each time, and up to as much again by chance. Clients that failed together do not come back
   * together [1], and a process that is just ending has closed its listening socket, too, and is
   * known to be down.
   *
   * <p>[1] M. Brooker, Exponential Backoff and Jitter, AWS Architecture Blog, 2015: "equal jitter".
   *
   * @param tries made so far
   */
  static long pauseNanos(int tries, RandomGenerator random) {
    long bound = Math.min(MAX_PAUSE_NANOS, BASE_PAUSE_NANOS << Math.min(tries - 1, 20));
    return bound / 2 + random.nextLong(bound / 2) + 1;
  }

  /** Whether a node that asks for so much patience is waited for, if there is no other. */
  static boolean isShort(long retryAfterNanos) {
    return retryAfterNanos <= MAX_RETRY_AFTER_NANOS;
  }
}
