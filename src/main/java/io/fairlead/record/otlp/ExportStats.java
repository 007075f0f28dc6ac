package io.fairlead.record.otlp;

/**
 * What became of things of one kind.
 *
 * @param kind {@code traces}, {@code metrics} or {@code logs}
 * @param sent taken by the receiver: spans, data points or events, as for all of these
 * @param full dropped since those before them had not been taken yet
 * @param failed given up since the receiver could not be reached
 * @param refused that the receiver did not want
 */
public record ExportStats(String kind, long sent, long full, long failed, long refused) {}
