package io.fairlead.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * How a database is backed up: its log streamed into a folder all the time, copies of all its data
 * now and then, and both tried by restoring them.
 *
 * @param folder where backups are kept; nobody else writes there
 * @param user who replicates; empty: who probes
 * @param password of that user
 * @param every time between the starts of two copies of all data
 * @param fullEvery time between the starts of two full copies, with incremental ones between them;
 *     0 s: all are full
 * @param at time of day, UTC, at which copies begin, in minutes since midnight; -1: at any
 * @param keep which copies are kept, and the log that they need
 * @param drillEvery time between two trials; 0 s: there are none
 * @param witness of PostgreSQL: whether the log is on disk here before the primary hears that it
 *     has arrived
 * @param maxLag how old what is not in the folder yet may get before somebody is told
 */
public record BackupConfig(
    Path folder,
    String user,
    Secret password,
    Duration every,
    Duration fullEvery,
    int at,
    Keep keep,
    Duration drillEvery,
    boolean witness,
    Duration maxLag) {
  /**
   * Which copies are kept. One is removed only if neither wants it.
   *
   * @param count so many of the newest
   * @param span as far back as that every moment can be restored
   */
  public record Keep(int count, Duration span) {
    public static final Keep DEFAULT = new Keep(3, Duration.ofDays(7));

    public Keep {
      new Require().within(COUNT, "count", count).within(SPAN, "for", span).orRefuse();
    }
  }

  static final Range<Duration> EVERY = Range.durations(Duration.ofMinutes(10), Duration.ofDays(31));
  static final Range<Duration> FULL_EVERY = Range.durations(Duration.ZERO, Duration.ofDays(366));
  static final Range<Duration> DRILL_EVERY = Range.durations(Duration.ZERO, Duration.ofDays(366));
  static final Range<Integer> COUNT = Range.counts(1, 1000);
  static final Range<Duration> SPAN = Range.durations(Duration.ZERO, Duration.ofDays(3660));
  static final Range<Duration> MAX_LAG =
      Range.durations(Duration.ofSeconds(5), Duration.ofHours(24));
  static final Duration DEFAULT_EVERY = Duration.ofHours(24);
  static final Duration DEFAULT_DRILL_EVERY = Duration.ofDays(7);
  static final Duration DEFAULT_MAX_LAG = Duration.ofMinutes(1);

  public BackupConfig {
    new Require()
        .unless(DatabaseLogin.name(user), List.of("user"), user)
        .within(EVERY, "every", every)
        .within(FULL_EVERY, "full-every", fullEvery)
        .that(
            fullEvery.isZero() || fullEvery.compareTo(every) >= 0,
            List.of("full-every"),
            fullEvery,
            "must be 0s or at least {}",
            List.of(List.of("every")))
        .within(DRILL_EVERY, "drill-every", drillEvery)
        .within(MAX_LAG, "max-lag", maxLag)
        .orRefuse();
  }

  /** {@code 02:30} as minutes since midnight. */
  static int timeOfDay(String text) {
    if (!text.matches("([01][0-9]|2[0-3]):[0-5][0-9]")) {
      throw Require.refusal("must be a time of day, such as 02:30");
    }
    return Integer.parseInt(text.substring(0, 2)) * 60 + Integer.parseInt(text.substring(3));
  }

  /** The user and password of the probe where it has none. */
  BackupConfig or(DatabaseProbeConfig probe) {
    return user.isEmpty()
        ? new BackupConfig(
            folder,
            probe.user(),
            probe.password(),
            every,
            fullEvery,
            at,
            keep,
            drillEvery,
            witness,
            maxLag)
        : this;
  }
}
