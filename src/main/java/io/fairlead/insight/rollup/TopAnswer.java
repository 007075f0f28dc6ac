package io.fairlead.insight.rollup;

import java.util.List;

/**
 * The values that occur most.
 *
 * @param from when the first minute that was looked at began, since 1970
 * @param to when the last one ends
 * @param requests that had any value
 * @param missed so many requests of one value may be missing
 * @param values those with most requests first
 */
public record TopAnswer(long from, long to, long requests, long missed, List<Value> values) {
  /**
   * A value.
   *
   * @param requests at least
   * @param p99 microseconds
   */
  public record Value(String value, long requests, long errors, long p99) {}
}
