package io.fairlead.limit;

/**
 * How many requests a service takes at once, found from how long its answers take.
 *
 * <p>A service with too much to do answers no more requests a second than one with enough to do, it
 * only answers each of them later. So the limit follows the ratio of what is usual to what is now,
 * after Netflix's Gradient2 [1], with four differences. Each comes from a fault of that rule:
 *
 * <ul>
 *   <li>Time is the median of a window, not of one request: a heavy tail is not a queue.
 *   <li>What is usual is learnt from windows in which the limit held nobody back. Otherwise the
 *       overload itself becomes usual within minutes, and the limit grows with it.
 *   <li>It is lowered only when it held somebody back. Real overload reaches any limit within a
 *       fraction of a second, whereas answers that merely take longer (another mix of requests, a
 *       slow dependency) use more of the room of {@value #HEADROOM} times what was in use, and shed
 *       nothing.
 *   <li>Nothing is ever forced down to measure (Envoy's gradient does, and sheds for it). While the
 *       limit holds requests back it is raised by half now and then, for {@value #PROBE_ANSWERS}
 *       answers: if more of them come out in a second, it was not overload, and what is now is
 *       usual from then on. If not, the next look comes after twice the time.
 * </ul>
 *
 * <p>Where answers take W as a rule and the nodes can give C a second, it settles at {@value
 * #TOLERANCE} · C · W + {@value #QUEUE}: full use, and answers that take half as long again.
 *
 * <p>Until something is known it is as large as it may be, then twice what is in use by Little's
 * law, and {@value #START} or more. Not for use by several threads, except {@link #limit()}.
 *
 * <p>[1] Netflix concurrency-limits, Gradient2Limit, 2018.
 */
public final class AdaptiveLimit {
  /** Never less than this after the first window, unless the bounds say so. */
  public static final int START = 20;

  /** What is usual may take so many times as long before it is a queue. */
  static final double TOLERANCE = 1.5;

  /** Requests more than what the gradient says: room to find out that there is more. */
  static final double QUEUE = 4;

  /** Room that is left when nobody is held back, in times of what was in use. */
  static final int HEADROOM = 4;

  static final int PROBE_ANSWERS = 200;

  /** Windows with the limit reached before the first look, and at most between two. */
  private static final int FIRST_PROBE = 20;

  private static final int RAREST_PROBE = 640;

  /** A look that has not got its answers by then has to do with what came. */
  private static final int PROBE_WINDOWS = 20;

  private static final double PROBE_RISE = 1.5;

  /** Of the rise, as answers a second; chance alone must not look like it. */
  private static final double PROBE_GAIN = 0.5;

  /** Share of a window's verdict by which the limit falls. */
  private static final double SMOOTHING = 0.5;

  private static final double MAX_GROWTH = 1.5;

  /** Answers whose median says something. */
  private static final int ENOUGH = 10;

  /** The first look needs more, since all that follows is compared with it. */
  private static final int ENOUGH_AT_FIRST = 50;

  /** A window with too few answers is prolonged up to this. */
  private static final long LONGEST_WINDOW = 1_000_000_000;

  /** What is usual follows what is now within about so many windows. */
  private static final double MEMORY = 300;

  /** After which unused room is given up; a burst after a pause must not find the door shut. */
  private static final double DECAY_WINDOWS = 6000;

  /**
   * What has been seen since the last window.
   *
   * @param nanos how long that is
   * @param completions answers that came
   * @param medianNanos of the time from sending a request until its answer began
   * @param meanNanos the mean of the same
   * @param inFlight requests that were going on, the most that was seen
   * @param limited whether the limit held a request back
   * @param shedding whether requests were turned away before they met the limit, so that what is
   *     seen is not what would be without
   */
  public record Window(
      long nanos,
      long completions,
      long medianNanos,
      long meanNanos,
      int inFlight,
      boolean limited,
      boolean shedding) {}

  private final int min;
  private final int max;
  private volatile int published;
  private double limit;
  private double usual;
  private boolean started;

  // What has been gathered of a window that is not long enough yet.
  private long nanos;
  private long completions;
  private double weightedMedian;
  private double weightedMean;
  private int inFlight;
  private boolean limited;
  private boolean shedding;

  // A look at whether more comes out.
  private int heldBack;
  private int probeEvery = FIRST_PROBE;
  private int probing;
  private double limitBefore;
  private double answersBefore;
  private double rateBefore;
  private double answersProbed;
  private double nanosProbed;
  private double recentAnswers;
  private double recentNanos;

  /**
   * What is in use when nobody is held back, by Little's law: the sum of all times over the time.
   */
  private double inUse;

  /**
   * @param min it is never less, 1 or more
   * @param max nor more
   */
  public AdaptiveLimit(int min, int max) {
    this.min = min;
    this.max = Math.max(min, max);
    this.limit = this.max;
    this.published = this.max;
  }

  /** Requests that may go on at once. Any thread. */
  public int limit() {
    return published;
  }

  /** What an answer takes as a rule, nanoseconds; 0: not known yet. */
  public double usualNanos() {
    return usual;
  }

  /** Takes in what has been seen, and says what may go on from now on. */
  public int update(Window window) {
    nanos += window.nanos();
    weightedMedian += (double) window.medianNanos() * window.completions();
    weightedMean += (double) window.meanNanos() * window.completions();
    completions += window.completions();
    inFlight = Math.max(inFlight, window.inFlight());
    limited |= window.limited();
    shedding |= window.shedding();
    boolean enough = completions >= (started ? ENOUGH : ENOUGH_AT_FIRST);
    if (!enough && !(started && (limited || nanos >= LONGEST_WINDOW))) {
      if (!started && nanos >= LONGEST_WINDOW && completions < ENOUGH) {
        forget();
      }
      return published;
    }
    if (completions > 0) {
      judge(weightedMedian / completions);
    } else {
      judgeSilence();
    }
    limit = Math.clamp(limit, min, max);
    published = (int) Math.round(limit);
    forget();
    return published;
  }

  private void judge(double now) {
    if (!started) {
      started = true;
      usual = now;
      inUse = weightedMean / nanos;
      limit = room();
    } else if (limited) {
      reached(now);
    } else if (!shedding) {
      notReached(now);
    }
  }

  /** Nothing has come back: that alone says that it takes longer than this. */
  private void judgeSilence() {
    if (!limited) {
      return;
    }
    if (nanos <= TOLERANCE * usual || inFlight < limit / 2) {
      limit = limit * MAX_GROWTH + 1; // nothing could have come back yet
    } else {
      fall(usual * TOLERANCE / nanos);
    }
  }

  private void notReached(double now) {
    // Back to what it was takes no learning; what takes longer may be a queue somewhere.
    usual += (now - usual) * (now < usual ? 5 : 1) / MEMORY;
    inUse += (weightedMean / nanos - inUse) / MEMORY;
    calm();
    double wanted = room();
    if (limit > wanted) {
      limit -= (limit - wanted) / DECAY_WINDOWS;
    } else if (now <= TOLERANCE * usual) {
      limit = wanted; // what is in use because answers take longer is no reason for more
    }
  }

  private double room() {
    return Math.max(Math.max(START, 2 * inUse), HEADROOM * inFlight);
  }

  private void reached(double now) {
    double ratio = TOLERANCE * usual / now;
    if (ratio >= 1) {
      calm();
      if (inFlight >= limit / 2) {
        limit = limit * Math.min(ratio, MAX_GROWTH) + 1;
      }
      return;
    }
    heldBack++;
    if (probing > 0) {
      answersProbed += completions;
      nanosProbed += nanos;
      if (--probing == 0 || answersProbed >= PROBE_ANSWERS) {
        probing = 0;
        concludeProbe(now);
      }
      return;
    }
    recentAnswers = recentAnswers * (1 - 1.0 / PROBE_WINDOWS) + completions;
    recentNanos = recentNanos * (1 - 1.0 / PROBE_WINDOWS) + nanos;
    if (heldBack >= probeEvery) {
      heldBack = 0;
      probeEvery = Math.min(2 * probeEvery, RAREST_PROBE);
      limitBefore = limit;
      answersBefore = recentAnswers;
      rateBefore = recentAnswers / recentNanos;
      answersProbed = 0;
      nanosProbed = 0;
      probing = PROBE_WINDOWS;
      limit *= PROBE_RISE;
    } else {
      fall(ratio);
    }
  }

  private void concludeProbe(double now) {
    double gain = answersProbed / nanosProbed / rateBefore - 1;
    double chance = 3 * Math.sqrt(1 / Math.max(1, answersBefore) + 1 / Math.max(1, answersProbed));
    if (gain >= Math.max(PROBE_GAIN * (PROBE_RISE - 1), chance)) {
      usual = Math.max(usual, now);
      probeEvery = FIRST_PROBE;
    } else {
      limit = limitBefore;
    }
  }

  /** Nobody is held back, or answers come as usual. */
  private void calm() {
    heldBack = 0;
    probeEvery = FIRST_PROBE;
    recentAnswers = 0;
    recentNanos = 0;
    if (probing > 0) {
      probing = 0;
      limit = Math.max(limit, limitBefore);
    }
  }

  private void fall(double ratio) {
    // What was in use when all was well is let in whatever happens: there must be answers to look
    // at.
    double wanted = Math.max(inUse, limit * Math.max(0.5, ratio) + QUEUE);
    limit += (Math.min(limit, wanted) - limit) * SMOOTHING;
  }

  private void forget() {
    nanos = 0;
    completions = 0;
    weightedMedian = 0;
    weightedMean = 0;
    inFlight = 0;
    limited = false;
    shedding = false;
  }
}
