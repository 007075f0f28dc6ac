package io.fairlead.insight;

import io.fairlead.service.Standing;
import org.jspecify.annotations.Nullable;

/**
 * How one node is treated: from good over probation to ejection, and step by step back.
 *
 * <p>Evidence that is beyond doubt ejects at once; weaker evidence puts the node on probation,
 * where it has to be seen a second time. Each ejection in a row lasts twice as long as the one
 * before. Coming back begins with a passed probe and one request in a hundred: a node that is still
 * bad has done little harm when it is seen. Knows nothing of other nodes; whether there is room for
 * an ejection is asked of a {@link Guard}.
 */
final class Course {
  /** Evidence less likely than that by chance needs no second look. */
  static final double BEYOND_DOUBT = 1e-10;

  /** Less likely than this by chance is evidence. */
  static final double SUSPICIOUS = 1e-7;

  /** The same for a node that comes back: it has been bad, and to put it out again is cheap. */
  static final double SUSPICIOUS_AGAIN = 1e-4;

  static final double PROBATION_SHARE = 0.1;
  static final double TAIL_SHARE = 0.5;
  private static final String BEFORE = "; before: ";
  private static final double[] STEPS = {0.01, 0.05, 0.25};

  /** Doublings at most: 10 s become 320 s. */
  private static final int MAX_DOUBLINGS = 5;

  static final long SECOND = 1_000_000_000;
  private static final long PROBATION = 10 * SECOND;

  /** A step takes half of a first ejection, and three times that where fewer requests come. */
  private static final int REQUESTS_OF_STEP = 5;

  private static final long TAIL_MEMORY = 30 * SECOND;

  /** So long without an ejection, and one is forgiven. */
  private static final long FORGIVING = 300 * SECOND;

  /** Whether there is room for one more ejection. */
  interface Guard {
    /** Why not; null: there is. */
    @Nullable String against();
  }

  private enum Stage {
    GOOD,
    TAIL,
    SUSPECT,
    EJECTED,
    RETURNING
  }

  private long ejectionNanos = 10 * SECOND;
  private Stage stage = Stage.GOOD;
  private Standing standing = Standing.GOOD;
  private int step;
  private int ejections;
  private long since;
  private long until;
  private long seen;
  private long forgiven;
  private String why = "";
  private @Nullable Signal ejectedFor;
  private boolean refused;

  /** In a row; the next takes twice as long for each. */
  int ejections() {
    return ejections;
  }

  /**
   * Goes on from what another process has found.
   *
   * @param left of an ejection, in nanoseconds
   * @param inARow ejections
   */
  void goOn(Standing found, long left, int inARow, long now) {
    ejections = Math.clamp(inARow, 0, MAX_DOUBLINGS + 1);
    since = now;
    seen = now;
    forgiven = now;
    int before = found.reason().lastIndexOf(BEFORE);
    why = before < 0 ? found.reason() : found.reason().substring(before + BEFORE.length());
    standing = found;
    switch (found.state()) {
      case GOOD -> stage = Stage.GOOD;
      case EJECTED -> {
        stage = Stage.EJECTED;
        until = now + Math.max(0, left);
      }
      case PROBATION -> {
        stage = found.share() >= TAIL_SHARE ? Stage.TAIL : Stage.RETURNING;
        step = 0;
        while (step + 1 < STEPS.length && STEPS[step + 1] <= found.share()) {
          step++;
        }
      }
    }
  }

  /** How long a first ejection takes, from the next one on. */
  void setEjectionNanos(long nanos) {
    ejectionNanos = nanos;
  }

  Standing standing() {
    return standing;
  }

  /** When the ejection ends; 0: there is none, or it has ended and a probe has to pass. */
  long until() {
    return stage == Stage.EJECTED ? until : 0;
  }

  boolean isOut() {
    return stage == Stage.EJECTED;
  }

  boolean isReturning() {
    return stage == Stage.RETURNING;
  }

  /** It would be out if there were room. */
  boolean isRefused() {
    return refused;
  }

  /** When it was ejected for that, or {@link Long#MIN_VALUE}. */
  long outFor(Signal signal) {
    return stage == Stage.EJECTED && ejectedFor == signal ? since : Long.MIN_VALUE;
  }

  /** What chance may explain is no evidence; how much that is depends on what was seen before. */
  double suspicious() {
    return stage == Stage.RETURNING ? SUSPICIOUS_AGAIN : SUSPICIOUS;
  }

  /**
   * Time has passed.
   *
   * @param evidence the best there is, if any
   * @param requests since the last step
   * @param mayReturn a probe has passed since the ejection ended, or there are none
   */
  void tick(long now, @Nullable Evidence evidence, int requests, boolean mayReturn, Guard guard) {
    refused = false;
    boolean bad = evidence != null && evidence.signal() != Signal.TAIL;
    if (evidence != null) {
      seen = now;
    }
    switch (stage) {
      case GOOD, TAIL -> {
        if (evidence != null && bad) {
          if (evidence.chance() < BEYOND_DOUBT) {
            eject(now, evidence, guard);
          } else {
            suspect(now, evidence.text());
          }
        } else if (evidence != null) {
          tail(now, evidence.text());
        } else if (stage == Stage.TAIL && now - seen >= TAIL_MEMORY) {
          good(now);
        } else if (ejections > 0 && now - forgiven >= FORGIVING) {
          ejections--;
          forgiven = now;
        }
      }
      case SUSPECT -> {
        if (evidence != null && bad) {
          if (now - since >= SECOND || evidence.chance() < BEYOND_DOUBT) {
            eject(now, evidence, guard);
          }
        } else if (now - seen >= PROBATION) {
          comeBack(now, STEPS.length - 1);
        }
      }
      case EJECTED -> {
        if (now >= until && mayReturn) {
          comeBack(now, 0);
        }
      }
      case RETURNING -> {
        long on = now - since;
        if (evidence != null && bad) {
          eject(now, evidence, guard);
        } else if (2 * on >= 3 * ejectionNanos
            || (2 * on >= ejectionNanos && requests >= REQUESTS_OF_STEP)) {
          if (step + 1 < STEPS.length) {
            comeBack(now, step + 1);
          } else {
            good(now);
          }
        }
      }
    }
  }

  /** What it was ejected for is the same everywhere: it is no worse than the others. */
  void takeBack(long now, String reason) {
    ejections = Math.max(0, ejections - 1);
    why = reason;
    comeBack(now, STEPS.length - 1);
  }

  private void good(long now) {
    stage = Stage.GOOD;
    since = now;
    forgiven = now;
    standing = Standing.GOOD;
  }

  private void tail(long now, String reason) {
    if (stage != Stage.TAIL) {
      stage = Stage.TAIL;
      since = now;
      standing = new Standing(Standing.State.PROBATION, TAIL_SHARE, reason);
    }
  }

  private void suspect(long now, String reason) {
    stage = Stage.SUSPECT;
    since = now;
    why = reason;
    standing = new Standing(Standing.State.PROBATION, PROBATION_SHARE, reason);
  }

  private void eject(long now, Evidence evidence, Guard guard) {
    String against = guard.against();
    if (against != null) {
      if (stage != Stage.SUSPECT || !standing.reason().endsWith(against)) {
        suspect(now, evidence.text() + "; not ejected: " + against);
      }
      refused = true;
      return;
    }
    int doublings = Math.min(ejections, MAX_DOUBLINGS);
    ejections++;
    stage = Stage.EJECTED;
    since = now;
    until = now + (ejectionNanos << doublings);
    ejectedFor = evidence.signal();
    why = evidence.text();
    standing =
        new Standing(
            Standing.State.EJECTED,
            0,
            ejections == 1 ? why : why + " (time " + ejections + " in a row)");
  }

  private void comeBack(long now, int at) {
    stage = Stage.RETURNING;
    step = at;
    since = now;
    standing =
        new Standing(
            Standing.State.PROBATION,
            STEPS[at],
            "comes back with " + Evidence.percent(STEPS[at]) + " of its share" + BEFORE + why);
  }
}
