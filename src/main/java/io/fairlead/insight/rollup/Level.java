package io.fairlead.insight.rollup;

/** How fine, and how long that is kept. */
enum Level {
  TEN_SECONDS(10_000, 2, "10s"),
  MINUTES(60_000, 30, "1m"),
  HOURS(3_600_000, 365, "1h");

  /** Of one cell. */
  final long millis;

  /** That it is kept. */
  final int days;

  /** Its folder. */
  final String word;

  Level(long millis, int days, String word) {
    this.millis = millis;
    this.days = days;
    this.word = word;
  }

  /** When a cell begins in which that time is. */
  long floor(long epochMillis) {
    return Math.floorDiv(epochMillis, millis) * millis;
  }

  long keptMillis() {
    return days * 86_400_000L;
  }

  /** The next one; hours are the coarsest. */
  Level coarser() {
    return this == TEN_SECONDS ? MINUTES : HOURS;
  }

  /** The coarsest whose cells make up such a step. */
  static Level within(long step) {
    return step % HOURS.millis == 0 ? HOURS : step % MINUTES.millis == 0 ? MINUTES : TEN_SECONDS;
  }
}
