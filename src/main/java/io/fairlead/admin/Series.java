package io.fairlead.admin;

import java.util.ArrayList;
import java.util.List;

/**
 * Requests and errors in each of the last {@value #SECONDS} seconds. Holds no memory until the
 * first request; then one kilobyte.
 */
final class Series {
  /** How far back it reaches. */
  static final int SECONDS = 120;

  private static final int[] NONE = {};

  private int[] requests = NONE;
  private int[] errors = NONE;
  private long lastRequests;
  private long lastErrors;
  private long lastTraffic = Long.MIN_VALUE;

  /** Starts counting from here: what was counted before is no traffic of this second. */
  Series(long requests, long errors) {
    lastRequests = requests;
    lastErrors = errors;
  }

  /**
   * Takes the counters' state at the end of a second.
   *
   * @param tick number of the second
   * @param perSecond by what a difference is multiplied to be one of a full second
   * @return whether there was traffic
   */
  boolean record(long tick, long nowRequests, long nowErrors, double perSecond) {
    long moreRequests = Math.max(0, nowRequests - lastRequests); // a counter made anew starts at 0
    long moreErrors = Math.max(0, nowErrors - lastErrors);
    lastRequests = nowRequests;
    lastErrors = nowErrors;
    boolean traffic = moreRequests > 0 || moreErrors > 0;
    if (traffic) {
      lastTraffic = tick;
      if (requests.length == 0) {
        requests = new int[SECONDS];
        errors = new int[SECONDS];
      }
    }
    if (requests.length > 0) {
      int cell = (int) (tick % SECONDS);
      requests[cell] = (int) Math.min(Integer.MAX_VALUE, Math.round(moreRequests * perSecond));
      errors[cell] = (int) Math.min(Integer.MAX_VALUE, Math.round(moreErrors * perSecond));
      if (tick - lastTraffic > SECONDS) {
        requests = NONE;
        errors = NONE;
      }
    }
    return traffic;
  }

  /** Requests a second, over the last seconds up to {@code tick}. */
  double rate(long tick, int seconds) {
    return sum(requests, tick, seconds) / (double) seconds;
  }

  /** Errors a second, over the last seconds up to {@code tick}. */
  double errorRate(long tick, int seconds) {
    return sum(errors, tick, seconds) / (double) seconds;
  }

  /** Requests in each of the last seconds, oldest first; empty if there were none at all. */
  List<Integer> requests(long tick, int seconds) {
    return last(requests, tick, seconds);
  }

  List<Integer> errors(long tick, int seconds) {
    return last(errors, tick, seconds);
  }

  private static long sum(int[] ring, long tick, int seconds) {
    long sum = 0;
    for (int i = 0; i < seconds && ring.length > 0; i++) {
      sum += ring[(int) Math.floorMod(tick - i, (long) SECONDS)];
    }
    return sum;
  }

  private static List<Integer> last(int[] ring, long tick, int seconds) {
    if (sum(ring, tick, seconds) == 0) {
      return List.of();
    }
    List<Integer> found = new ArrayList<>(seconds);
    for (int i = seconds - 1; i >= 0; i--) {
      found.add(ring[(int) Math.floorMod(tick - i, (long) SECONDS)]);
    }
    return found;
  }
}
