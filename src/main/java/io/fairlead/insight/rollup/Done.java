package io.fairlead.insight.rollup;

/**
 * Whose records a block counts.
 *
 * @param segment the file whose cells these are; empty: they are of records
 * @param process that made the records
 * @param places how far each of its rings has been read, by the number of the loop
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, and nobody changes them
record Done(String segment, String process, long... places) {}
