package io.fairlead.limit;

/**
 * How near the process is to what the machine gives it, and what is given up for it.
 *
 * <p>Each quantity is judged by two marks: what is given up at the upper one comes back below the
 * lower one, lest it flaps. The worst of all counts. Lateness counts once two looks in a row have
 * found it: a process that stood still, stopped together with its machine or for a collection, is
 * late once, and there is nothing to give up for that.
 */
public final class Pressure {
  /** What is given up. */
  public enum Level {
    /** Nothing. */
    NONE,
    /** Requests of routes with {@code importance: low}. */
    LOW,
    /** Requests of low and normal importance, and no further connections. */
    NORMAL
  }

  /**
   * A look at the process.
   *
   * @param heap share of the heap that is in use after what can be collected has been, 0 to 1
   * @param direct share of the memory for network buffers that is in use
   * @param lagNanos how late the event loops come to what they have to do
   */
  public record Look(double heap, double direct, long lagNanos) {}

  private static final double MEMORY_LOW = 0.90;
  private static final double MEMORY_NORMAL = 0.97;
  private static final double MEMORY_BACK = 0.05;
  private static final long LAG_LOW = 100_000_000;
  private static final long LAG_NORMAL = 500_000_000;

  /** Looks in a row that must be better before anything comes back. */
  private static final int CALM = 3;

  private Level level = Level.NONE;
  private String cause = "";
  private int calm;
  private long lagBefore;

  public Level level() {
    return level;
  }

  /** What the level is due to, for people. */
  public String cause() {
    return cause;
  }

  /** Judges; the answer is whether the level has changed. */
  public boolean look(Look look) {
    Level heap = ofMemory(look.heap(), 0);
    Level direct = ofMemory(look.direct(), 0);
    Level lag = ofLag(Math.min(look.lagNanos(), lagBefore), 1);
    lagBefore = look.lagNanos();
    Level now = worst(heap, direct, lag);
    if (now.compareTo(level) > 0) {
      calm = 0;
      level = now;
      cause = now == lag ? "event loops are late" : now == heap ? "heap" : "network buffers";
      return true;
    }
    Level eased =
        worst(
            ofMemory(look.heap(), MEMORY_BACK),
            ofMemory(look.direct(), MEMORY_BACK),
            ofLag(look.lagNanos(), 2));
    calm = eased.compareTo(level) < 0 ? calm + 1 : 0;
    if (calm >= CALM) {
      calm = 0;
      level = eased;
      return true;
    }
    return false;
  }

  private static Level worst(Level a, Level b, Level c) {
    Level worse = a.compareTo(b) > 0 ? a : b;
    return worse.compareTo(c) > 0 ? worse : c;
  }

  private static Level ofMemory(double share, double margin) {
    return share >= MEMORY_NORMAL - margin
        ? Level.NORMAL
        : share >= MEMORY_LOW - margin ? Level.LOW : Level.NONE;
  }

  private static Level ofLag(long nanos, int divisor) {
    return nanos >= LAG_NORMAL / divisor
        ? Level.NORMAL
        : nanos >= LAG_LOW / divisor ? Level.LOW : Level.NONE;
  }
}
