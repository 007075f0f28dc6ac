package io.fairlead.record.export;

/**
 * What became of records for somebody.
 *
 * @param to where it is, as configured
 * @param sent records that were taken
 * @param waiting records on disk that were not yet
 * @param lost records that were removed before
 * @param failures tries that came to nothing
 */
public record CopyStats(String to, long sent, long waiting, long lost, long failures) {}
