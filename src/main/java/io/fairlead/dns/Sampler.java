package io.fairlead.dns;

/**
 * Which of many answers are recorded: all of them up to {@value #RATE} a second, of more so few
 * that there are about as many. Each that is stands for those since the one before it, so that the
 * weights of records add up to the answers there were, but for those since the last record.
 *
 * <p>Steps between records are as long as the rate of the second before demands, and double within
 * a second that brings much more. Their lengths are drawn by lot, from one to twice the mean, so
 * that questions which come in turn are not met always at the same one of them; as the lengths do
 * not depend on what is asked, what shares of weights say is right on average.
 *
 * <p>One thread; allocates nothing.
 */
final class Sampler {
  /** Records a second, more or less, of one thread and one kind of answers. */
  static final int RATE = 1000;

  /** So much more than the second before is no reason to record less of it. */
  private static final int SLACK = RATE / 4;

  /** Records beyond that, after each of which steps double. */
  private static final int TOO_MANY = RATE / 8;

  private static final int LONGEST = 1 << 24;
  private static final long SECOND = 1_000_000_000;

  private final Chance chance;
  private long began;
  private long seen;
  private int kept;
  private int most = RATE + SLACK;
  private int step = 1;

  /** Answers up to the next one that is recorded. */
  private int left = 1;

  /** Since the last one that was. */
  private long passed;

  Sampler(long seed) {
    chance = new Chance(seed);
  }

  /**
   * One more.
   *
   * @return how many it stands for; 0: it is not recorded
   */
  long take(long nanos) {
    long since = nanos - began;
    if (since >= SECOND || since < 0) {
      begin(nanos);
    }
    seen++;
    passed++;
    if (--left > 0) {
      return 0;
    }
    if (++kept >= most && step < LONGEST) {
      step *= 2;
      most += TOO_MANY;
    }
    left = step == 1 ? 1 : 1 + (int) Long.remainderUnsigned(chance.next(), 2L * step - 1);
    long weight = passed;
    passed = 0;
    return weight;
  }

  /** The record could not be written: the next one stands for what it did. */
  void giveBack(long weight) {
    passed += weight;
  }

  private void begin(long nanos) {
    double seconds = (nanos - began) / (double) SECOND;
    step = (int) Math.clamp(Math.ceil(seen / seconds / RATE), 1, LONGEST);
    left = Math.min(left, 2 * step - 1);
    began = nanos;
    seen = 0;
    kept = 0;
    most = RATE + SLACK;
  }
}
