package io.fairlead.insight.rollup;

import java.util.List;

/**
 * How many requests took how long, step by step.
 *
 * @param from when the first step begins, since 1970, in milliseconds
 * @param step milliseconds
 * @param bounds microseconds up to which each row goes; the last row, which has none, has the rest
 * @param counts for each step its rows
 * @param errors for each step
 */
public record Heatmap(
    long from,
    long step,
    Answer.Held held,
    List<Long> bounds,
    List<List<Long>> counts,
    List<Long> errors) {}
