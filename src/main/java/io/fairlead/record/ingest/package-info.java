/**
 * Lines of the nodes' own logs, from files, syslog and OpenTelemetry, on their way to becoming
 * records: {@link io.fairlead.record.ingest.Ingest} runs what the configuration names.
 *
 * <p>Everything that comes from outside is bounded: lines, messages, connections, what waits.
 * Whoever can wait is made to (a file, a TCP connection, OpenTelemetry); what cannot is dropped and
 * counted. No event loop has anything to do with it.
 */
@NullMarked
package io.fairlead.record.ingest;

import org.jspecify.annotations.NullMarked;
