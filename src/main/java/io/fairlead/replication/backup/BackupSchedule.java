package io.fairlead.replication.backup;

import java.time.Duration;

/** When the next copy or drill is due. Pure. */
final class BackupSchedule {
  private static final long DAY = Duration.ofDays(1).toMillis();
  private static final long HALF_A_DAY = DAY / 2;

  private BackupSchedule() {}

  /**
   * Whether it is time for the next one.
   *
   * @param last when the last began, since 1970; 0: there was none, and it is time
   * @param every time between two
   * @param at time of day, UTC, in minutes; -1: any. The one due is that closest to {@code every}
   */
  static boolean isDue(long last, Duration every, int at, long now) {
    return now >= next(last, every, at);
  }

  /** When it is time, since 1970; 0: at once. */
  static long next(long last, Duration every, int at) {
    if (last == 0) {
      return 0;
    }
    if (at < 0) {
      return last + every.toMillis();
    }
    long earliest = last + Math.max(1, every.toMillis() - HALF_A_DAY);
    long ofDay = at * 60_000L;
    long next = earliest / DAY * DAY + ofDay;
    return next < earliest ? next + DAY : next;
  }

  /**
   * Whether the copy that is made now is to be a full one: at the end of the time between two, or
   * when the copy after this would be late by more.
   *
   * @param lastFull when the last full one began, since 1970; 0: there was none
   * @param fullEvery time between two; 0 s: all are full
   * @param every time between two copies of whatever kind
   */
  static boolean isFullDue(long lastFull, Duration fullEvery, Duration every, long now) {
    return lastFull == 0
        || fullEvery.isZero()
        || now >= lastFull + fullEvery.toMillis() - every.toMillis() / 2;
  }
}
