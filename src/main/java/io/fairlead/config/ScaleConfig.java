package io.fairlead.config;

import java.time.Duration;
import java.util.List;

/**
 * How many nodes of a service Fairlead starts and stops itself, and how.
 *
 * @param driver what starts and stops them
 * @param min nodes that there are at least, 0 to {@value #MOST}
 * @param max nodes that there are at most, 1 to {@value #MOST}
 * @param target requests that a node is to have in flight on average, 1 to 1,000,000; 0: as many as
 *     it has been seen to answer without getting slow
 * @param spare nodes more than needed, 0 to 100
 * @param startTimeout time a node has from its start until it passes a probe, 1 s to 1 h
 * @param drain time requests in flight have when their node is to stop, 0 s to 24 h
 * @param grace time a node has from being told to end until it is killed, 0 s to 1 h
 * @param downAfter for how long fewer nodes must have been enough before one stops, 1 s to 1 h
 * @param idle without a request for so long, the last nodes stop if {@code min} is 0, 1 s to 24 h
 * @param hold how long requests wait for the first node, 1 ms to 5 m
 * @param onExit what becomes of the nodes when Fairlead is told to end
 * @param dryRun decisions are told and not carried out
 * @param schedule when there are more at least than {@code min}
 */
public record ScaleConfig(
    ScaleDriver driver,
    int min,
    int max,
    int target,
    int spare,
    Duration startTimeout,
    Duration drain,
    Duration grace,
    Duration downAfter,
    Duration idle,
    Duration hold,
    OnExit onExit,
    boolean dryRun,
    List<ScaleSchedule> schedule) {
  /** Spans of a schedule. */
  static final int MOST_SPANS = 50;

  /** Nodes of one service. */
  public static final int MOST = 1000;

  static final Range<Integer> MINS = Range.counts(0, MOST);
  static final Range<Integer> MAXES = Range.counts(1, MOST);
  static final Range<Integer> TARGETS = Range.counts(1, 1_000_000);
  static final Range<Integer> SPARES = Range.counts(0, 100);
  static final Range<Duration> TIMES = Range.durations(Duration.ofSeconds(1), Duration.ofHours(1));
  static final Range<Duration> DRAINS = Range.durations(Duration.ZERO, Duration.ofHours(24));
  static final Range<Duration> GRACES = Range.durations(Duration.ZERO, Duration.ofHours(1));
  static final Range<Duration> LONG_TIMES =
      Range.durations(Duration.ofSeconds(1), Duration.ofHours(24));
  static final Range<Duration> HOLDS = Range.durations(Duration.ofMillis(1), Duration.ofMinutes(5));

  static final Duration USUAL_START_TIMEOUT = Duration.ofSeconds(60);
  static final Duration USUAL_DRAIN = Duration.ofSeconds(30);
  static final Duration USUAL_GRACE = Duration.ofSeconds(10);
  static final Duration USUAL_DOWN_AFTER = Duration.ofMinutes(2);
  static final Duration USUAL_IDLE = Duration.ofSeconds(60);
  static final Duration USUAL_HOLD = Duration.ofSeconds(30);

  /** What becomes of nodes when Fairlead is told to end. */
  public enum OnExit {
    /** They are stopped once nothing is in flight. */
    STOP,
    /** They go on, and the next start finds them again. */
    LEAVE
  }

  /** With everything else as it is where nothing is said. */
  public ScaleConfig(ScaleDriver driver, int min, int max, int target) {
    this(
        driver,
        min,
        max,
        target,
        0,
        USUAL_START_TIMEOUT,
        USUAL_DRAIN,
        USUAL_GRACE,
        USUAL_DOWN_AFTER,
        USUAL_IDLE,
        USUAL_HOLD,
        OnExit.STOP,
        false,
        List.of());
  }

  public ScaleConfig {
    schedule = List.copyOf(schedule);
    Require require = new Require();
    for (int i = 0; i < schedule.size(); i++) {
      int least = schedule.get(i).min();
      require.that(
          least <= max,
          List.of("schedule", "[" + i + "]", "min"),
          least,
          "must not exceed max " + max,
          List.of(List.of("max")));
    }
    require
        .that(
            schedule.size() <= MOST_SPANS,
            "schedule",
            null,
            "must not have more than " + MOST_SPANS + " spans")
        .within(MINS, "min", min)
        .within(MAXES, "max", max)
        .that(
            min <= max, List.of("min"), min, "must not exceed max " + max, List.of(List.of("max")))
        .within(TARGETS, "target", Math.max(1, target))
        .within(SPARES, "spare", spare)
        .within(TIMES, "start-timeout", startTimeout)
        .within(DRAINS, "drain", drain)
        .within(GRACES, "grace", grace)
        .within(TIMES, "down-after", downAfter)
        .within(LONG_TIMES, "idle", idle)
        .within(HOLDS, "hold", hold)
        .orRefuse();
  }
}
