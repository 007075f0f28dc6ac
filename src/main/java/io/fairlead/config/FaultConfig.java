package io.fairlead.config;

import java.time.Duration;

/**
 * Faults that a route makes on purpose, so that clients can be tried with them.
 *
 * @param delay by which a request is held before anything is done about it; zero: none is
 * @param delayShare of the requests that are held, by chance; 0 to 1
 * @param abort status with which a request is answered instead of by who would; 0: none is
 * @param abortShare of the requests that are answered so, by chance; 0 to 1
 * @param header lower-case name of a field in which a client may ask for it, whatever the shares;
 *     empty: clients may not ask
 * @param delayed requests that are held at once, over all event loops; the next are not
 */
public record FaultConfig(
    Duration delay, double delayShare, int abort, double abortShare, String header, int delayed) {
  static final Range<Duration> DELAY = Range.durations(Duration.ofMillis(1), Duration.ofMinutes(1));
  static final Range<Integer> ABORT = Range.counts(400, 599);
  static final Range<Integer> DELAYED = Range.counts(1, 10_000);
  static final int DEFAULT_DELAYED = 100;

  public FaultConfig {
    Require require =
        new Require()
            .that(!delay.isZero() || abort != 0, "delay", null, "must be given, or abort, or both")
            .that(
                delayShare >= 0 && delayShare <= 1,
                "delay-share",
                delayShare,
                "must be a share from 0 to 1")
            .that(
                abortShare >= 0 && abortShare <= 1,
                "abort-share",
                abortShare,
                "must be a share from 0 to 1")
            .within(DELAYED, "delayed", delayed);
    if (!delay.isZero()) {
      require.within(DELAY, "delay", delay);
    }
    if (abort != 0) {
      require.within(ABORT, "abort", abort);
    }
    require.orRefuse();
  }
}
