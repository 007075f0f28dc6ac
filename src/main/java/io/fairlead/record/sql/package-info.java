/**
 * Questions to the request records: SQL, and a small language of conditions that becomes SQL.
 *
 * <p>The engine is DuckDB. It is native code that reads files, so it runs in a process of its own,
 * {@link io.fairlead.record.sql.QueryMain}: whatever a question does to it, no request notices. The
 * two speak through pipes ({@link io.fairlead.record.sql.Wire}); there is no socket.
 *
 * <p>What keeps a question within its bounds, from the outside in: {@link
 * io.fairlead.record.sql.RecordQueries} lets one question run at a time and few wait; {@link
 * io.fairlead.record.sql.QueryChild} ends what takes too long or too much memory by killing the
 * process; {@link io.fairlead.record.sql.SqlGuard} lets through one statement that reads, with
 * functions that touch no file; and the engine itself opens nothing outside the folder of records
 * and takes no other setting any more.
 *
 * <p>This side loads no class of the engine, and the process starts with the first question: who
 * never asks pays nothing. Start reading at {@link io.fairlead.record.sql.RecordQueries}.
 */
@NullMarked
package io.fairlead.record.sql;

import org.jspecify.annotations.NullMarked;
