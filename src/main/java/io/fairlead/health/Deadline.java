package io.fairlead.health;

import java.net.SocketTimeoutException;
import java.time.Duration;

/**
 * The end of a probe's time.
 *
 * @param start {@link System#nanoTime} when the probe began
 * @param timeout how long it may take
 */
record Deadline(long start, Duration timeout) {
  static Deadline after(Duration timeout) {
    return new Deadline(System.nanoTime(), timeout);
  }

  long elapsedNanos() {
    return System.nanoTime() - start;
  }

  /** What is left, at least 1: for sockets 0 means without end. */
  int remainingMillis() throws SocketTimeoutException {
    long left = timeout.toNanos() - elapsedNanos();
    if (left <= 0) {
      throw new SocketTimeoutException("no time left");
    }
    return Math.clamp((left + 999_999) / 1_000_000, 1, Integer.MAX_VALUE);
  }

  ProbeResult.Failed missed() {
    return new ProbeResult.Failed("no answer within " + timeout.toMillis() + " ms");
  }

  ProbeResult.Passed met() {
    return new ProbeResult.Passed(elapsedNanos());
  }
}
