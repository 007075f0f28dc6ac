package io.fairlead.record.text;

/**
 * What became of the lines of a text log.
 *
 * @param to where they go, as configured
 * @param written to there
 * @param slow dropped since what was to be written first had not been taken yet
 * @param failed dropped while nothing could be written
 */
public record TextLogStats(String to, long written, long slow, long failed) {}
