package io.fairlead.record;

import org.jspecify.annotations.Nullable;

/**
 * Where the pages of a column are in the bytes of a row group, and what the footer says of them.
 *
 * @param encoding of the values
 * @param compressed whether the page of texts is
 * @param values with nulls
 * @param dictionaryAt from the group's first byte; -1 if there is none
 * @param dataAt from the group's first byte
 * @param bytes of all pages
 * @param plainBytes what they would take without compression
 * @param smallest null if not known, or if there are nulls only
 */
@SuppressWarnings("ArrayRecordComponent") // never compared, and nobody changes them
record Chunk(
    int encoding,
    boolean compressed,
    int values,
    int nulls,
    int dictionaryAt,
    int dataAt,
    int bytes,
    int plainBytes,
    byte @Nullable [] smallest,
    byte @Nullable [] largest) {}
