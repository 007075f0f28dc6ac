package io.fairlead.insight.rollup;

import java.util.List;
import java.util.Map;

/**
 * Figures step by step.
 *
 * @param from when the first step begins, since 1970, in milliseconds
 * @param step milliseconds
 * @param held what there is to know, whatever was asked for
 * @param series those with most requests first
 * @param left how many there are beyond those
 * @param others requests of these
 */
public record Answer(long from, long step, Held held, List<Series> series, int left, long others) {
  /** How far back, and how complete it is. */
  public record Held(long from, long to, long lost) {
    /**
     * Held.
     *
     * @param from since when requests have been counted as fine as the step needs
     * @param to until when
     * @param lost records of the time asked for that had been dropped before they were counted
     */
    public Held {}
  }

  /**
   * One of what is told apart.
   *
   * @param key its values; an empty one stands for none
   * @param steps as many as there are
   * @param total of all steps
   */
  public record Series(Map<Dimension, String> key, List<Figures> steps, Figures total) {}

  /**
   * Of one step, or of all.
   *
   * @param moreTries tries beyond the first of each request
   * @param p50 microseconds; -1: there was no request
   * @param p99 likewise
   * @param reasons why Fairlead answered itself, and how often; in a total only
   */
  public record Figures(
      long requests,
      long errors,
      long bytesIn,
      long bytesOut,
      long moreTries,
      long p50,
      long p99,
      Map<String, Long> reasons) {}
}
