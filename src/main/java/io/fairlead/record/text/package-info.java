/**
 * Logs of text, for programs that read such: lines written from records, to a file, the standard
 * output or by syslog.
 *
 * <p>The recorder copies each record into the {@link io.fairlead.record.RecordPipe} of each log and
 * goes on; a {@link io.fairlead.record.text.TextLog} is a thread that makes lines of them and waits
 * for whoever takes them. A pipe that is full is a line lost and counted: neither requests nor the
 * recorder ever wait for a log. Start reading at {@link io.fairlead.record.text.TextLogs}.
 */
@NullMarked
package io.fairlead.record.text;

import org.jspecify.annotations.NullMarked;
