package io.fairlead.insight.rollup;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is asked of rollups.
 *
 * @param from since 1970, in milliseconds; the answer begins with the step in which that is
 * @param to likewise; that is not part of the answer
 * @param step milliseconds; 0: as fits; what is kept may be coarser
 * @param by what is told apart; empty: nothing
 * @param where what requests must have; a name that is empty stands for none
 */
public record Question(
    long from, long to, long step, List<Dimension> by, Map<Dimension, String> where) {
  /** Steps of one answer. */
  public static final int MOST_STEPS = 1500;

  /** Steps are multiples of this. */
  public static final long FINEST = 10_000;

  /** Of those that people like, the shortest with which there are so many steps, or fewer. */
  private static final int GOOD_STEPS = 240;

  private static final long[] GOOD = {
    10_000, 30_000, 60_000, 300_000, 600_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000
  };

  private static final long DAY = 86_400_000;

  public Question {
    by = List.copyOf(by);
    where = Map.copyOf(where);
    String wrong = wrong(from, to, step);
    if (wrong != null) {
      throw new IllegalArgumentException(wrong);
    }
  }

  /** What is wrong with such a span: the parameter, and the rule; null: nothing. */
  public static @Nullable String wrong(long from, long to, long step) {
    if (from < 0) {
      return "from: must not be before 1970";
    }
    if (to <= from) {
      return "to: must be later than from";
    }
    if (step != 0 && (step < FINEST || step % FINEST != 0)) {
      return "step: must be a multiple of 10s";
    }
    if (step != 0 && (to - from) / step > MOST_STEPS) {
      return "step: must be so long that there are " + MOST_STEPS + " of them at most";
    }
    return null;
  }

  /** The step that the answer has. */
  long steps(long now) {
    long wanted = step;
    if (wanted == 0) {
      wanted = ((to - from) / GOOD_STEPS / DAY + 1) * DAY;
      for (int i = GOOD.length - 1; i >= 0; i--) {
        if ((to - from) / GOOD[i] <= GOOD_STEPS) {
          wanted = GOOD[i];
        }
      }
    }
    for (Level level : Level.values()) {
      if (from < now - level.keptMillis()) {
        long coarser = level.coarser().millis;
        wanted = Math.ceilDiv(wanted, coarser) * coarser;
      }
    }
    return wanted;
  }
}
