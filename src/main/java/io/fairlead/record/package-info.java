/**
 * What is kept of every request, session, answer, probe and event: {@link
 * io.fairlead.record.Recorder} follows the rings that event loops write, turns records into columns
 * and these into files of Parquet, and lets the oldest go.
 *
 * <p>Nothing here runs on an event loop, and nothing here can make one wait: a recorder that is
 * late or has no disk left costs records, which are counted, and never requests.
 *
 * <p>Parquet is written by classes of our own, which know flat tables and five encodings [1]:
 * decision 18 has the figures of the others. They are checked by reading every file with DuckDB.
 *
 * <p>[1] Apache Parquet format 2.11, Encodings.md, Thrift compact protocol: the file and its
 * footer.
 */
@NullMarked
package io.fairlead.record;

import org.jspecify.annotations.NullMarked;
