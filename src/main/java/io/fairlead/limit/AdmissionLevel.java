package io.fairlead.limit;

/**
 * Who is let in while there is more to do than can be done: the important first, and of those who
 * are equally important always the same, so that some are served well instead of all badly. After
 * DAGOR [1].
 *
 * <p>A request's rank is made of its class, 0 being the most important, and of a number between 0
 * and {@value #USERS} that belongs to who asks. Ranks below the level are let in; of the rank that
 * it cuts through, as many as the part below: behind one address may be all the world. When a
 * window was overloaded, or more than 5 % of those let in had to be turned away after all, the
 * level falls as far as lets in 5 % less of what came, otherwise it rises by 1 %, and by twice as
 * much with each window in which nobody had to wait at all, by a quarter or more while half of the
 * room is not used: what DAGOR's steady 1 % would leave unused for minutes after an overload is
 * back within two seconds. All that is counted in requests and not in ranks, for most may be of one
 * rank. The most important class is never refused here: what is left of it finds the queue.
 *
 * <p>Counting begins with the first overloaded window, so that a service with enough to do pays one
 * comparison. Cells of the histogram are written by the loop that owns them and read by whoever
 * closes the window, late by a few; nothing depends on their being exact.
 *
 * <p>[1] H. Zhou et al., Overload Control for Scaling WeChat Microservices, SoCC 2018.
 */
public final class AdmissionLevel {
  /** Ranks of each class. */
  public static final int USERS = 128;

  private static final double CUT = 0.95;
  private static final double GROWTH = 0.01;
  private static final double MOST_GROWTH = 1;

  /** Of what comes while half of the room is not used: it cannot be filled by that. */
  private static final double IDLE_GROWTH = 0.25;

  private final int classes;
  private final int[][] offered;
  private volatile double level;
  private volatile boolean counting;
  private double growth = GROWTH;

  /**
   * @param classes of importance
   * @param loops that will ask
   */
  public AdmissionLevel(int classes, int loops) {
    this.classes = classes;
    this.level = top();
    this.offered = new int[loops][];
  }

  private int top() {
    return classes * USERS;
  }

  /**
   * The rank of a request.
   *
   * @param importance 0 is the most important
   * @param who whatever tells clients apart
   */
  public static int rank(int importance, long who) {
    return importance * USERS + (int) ((who * 0x9E3779B97F4A7C15L) >>> 57);
  }

  /** Whether nobody is refused, as a rule; {@link #admits} need not be asked then. */
  public boolean isOpen() {
    return !counting;
  }

  /** Whether a request of that rank is let in; it is counted either way. */
  public boolean admits(int loop, int rank) {
    int[] own = offered[loop];
    if (own == null) {
      own = new int[top()];
      offered[loop] = own;
    }
    int count = ++own[rank];
    double now = level;
    int whole = (int) now;
    if (rank != whole) {
      return rank < whole;
    }
    // Multiples of the golden ratio: spread evenly, however few they are.
    double point = ((count * 0x9E3779B9) >>> 1) * 0x1p-31;
    return point < now - whole;
  }

  /** Requests of lower ranks are let in. */
  public double level() {
    return level;
  }

  /** The share of all ranks that is let in, for people: 1 when nobody is refused. */
  public double openness() {
    return level / top();
  }

  /** How a window was. */
  public enum Window {
    /** Those let in waited for long. */
    OVERLOADED,
    /** Some of them waited. */
    BUSY,
    /** Nobody did. */
    CALM,
    /** Nobody did, and never was more than half of the room in use. */
    IDLE
  }

  /**
   * A window has ended: moves the level.
   *
   * @param refused how many were let in here and turned away after all
   */
  public void close(Window window, long refused) {
    if (!counting) {
      counting = refused > 0 || window == Window.OVERLOADED;
      return;
    }
    long[] sums = new long[top()];
    for (int[] own : offered) {
      for (int rank = 0; own != null && rank < own.length; rank++) {
        sums[rank] += own[rank];
        own[rank] = 0;
      }
    }
    double admitted = below(sums, level);
    if (window == Window.OVERLOADED || refused > admitted * (1 - CUT)) {
      level = Math.clamp(reaching(sums, admitted * CUT), Math.min(level, USERS), level);
      growth = GROWTH;
    } else {
      if (window == Window.IDLE) {
        growth = Math.max(growth, IDLE_GROWTH);
      }
      double wanted = Math.max(admitted * (1 + growth), admitted + 1);
      level = Math.max(level, reaching(sums, wanted));
      growth = window == Window.BUSY ? GROWTH : Math.min(2 * growth, MOST_GROWTH);
      counting = level < top();
    }
  }

  /** How many of them are of ranks below that level. */
  private static double below(long[] sums, double level) {
    int whole = (int) level;
    double sum = whole < sums.length ? sums[whole] * (level - whole) : 0;
    for (int rank = 0; rank < whole; rank++) {
      sum += sums[rank];
    }
    return sum;
  }

  /** The level below which there are so many. */
  private static double reaching(long[] sums, double wanted) {
    double left = wanted;
    for (int rank = 0; rank < sums.length; rank++) {
      if (sums[rank] > left) {
        return rank + left / sums[rank];
      }
      left -= sums[rank];
    }
    return sums.length;
  }
}
