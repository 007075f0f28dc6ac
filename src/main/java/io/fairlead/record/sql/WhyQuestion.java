package io.fairlead.record.sql;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Which requests to compare with which.
 *
 * @param from the span of those that are selected
 * @param to its end
 * @param where condition; blank: all. With {@code bad} it is what both sides have to be
 * @param bad which of them are selected: {@code errors}, {@code slow} or a condition; null: all
 * @param minMicros they took at least so long
 * @param maxMicros and less than that
 * @param before compared with all of the time before, as long, and not with the rest of the span
 */
public record WhyQuestion(
    Instant from,
    Instant to,
    String where,
    @Nullable String bad,
    long minMicros,
    long maxMicros,
    boolean before) {
  static final String ERRORS = "errors";
  static final String SLOW = "slow";

  boolean isSlow() {
    return SLOW.equals(bad);
  }

  /** When what is looked at begins. */
  public Instant first() {
    return before ? from.minus(java.time.Duration.between(from, to)) : from;
  }

  public WhyQuestion againstBefore() {
    return new WhyQuestion(from, to, where, bad, minMicros, maxMicros, true);
  }

  /** What both sides have to be; blank: anything. */
  String both() {
    return bad == null ? "" : where;
  }

  boolean isRectangle() {
    return minMicros > 0 || maxMicros < Long.MAX_VALUE;
  }
}
