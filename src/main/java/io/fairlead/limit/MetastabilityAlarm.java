package io.fairlead.limit;

/**
 * Notices that repeated requests keep a service busy which would otherwise recover [1]: nodes are
 * busy with tries whose clients have given up, so that new requests fail and are repeated in turn.
 * What began it may be long over.
 *
 * <p>The sign is that fewer than {@value #GOODPUT_PERCENT} % of what is asked comes to a good end
 * while more than {@value #RETRY_PERCENT} % of it is sent again, in {@value #SECONDS} seconds in a
 * row. Then nothing is repeated for {@value #OFF_SECONDS} seconds. That is harmless where it is not
 * needed: a request is then told the truth at once.
 *
 * <p>[1] N. Bronson et al., Metastable Failures in Distributed Systems, HotOS 2021.
 */
public final class MetastabilityAlarm {
  static final int GOODPUT_PERCENT = 80;
  static final int RETRY_PERCENT = 10;
  static final int SECONDS = 3;

  /** For how long nothing is repeated. */
  public static final int OFF_SECONDS = 30;

  /** Fewer requests a second say nothing. */
  private static final int LEAST = 20;

  private int seconds;
  private long offUntil;
  private boolean off;

  /**
   * A second has passed.
   *
   * @param offered requests that were asked for, those turned away too
   * @param good requests that were answered, and not with a failure
   * @param retries tries after the first
   * @return whether the alarm has just been raised
   */
  public boolean second(long now, long offered, long good, long retries) {
    boolean bad =
        offered >= LEAST
            && good * 100 < offered * GOODPUT_PERCENT
            && retries * 100 > offered * RETRY_PERCENT;
    seconds = bad ? seconds + 1 : 0;
    if (off && now - offUntil >= 0) {
      off = false;
    }
    if (!off && seconds >= SECONDS) {
      off = true;
      offUntil = now + OFF_SECONDS * 1_000_000_000L;
      seconds = 0;
      return true;
    }
    return false;
  }

  /** Whether requests must not be repeated now. */
  public boolean isRaised(long now) {
    return off && now - offUntil < 0;
  }
}
