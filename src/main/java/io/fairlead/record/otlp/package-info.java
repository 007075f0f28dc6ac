/**
 * Traces, metrics and logs for others, by OTLP over HTTP [1]: spans of what was recorded, all
 * metrics, and events.
 *
 * <p>Each of the three is a {@link io.fairlead.record.otlp.Lane}: a thread that gathers, sends, and
 * waits for a receiver that may be slow or gone. What there is no room for meanwhile is lost and
 * counted; neither requests nor the recorder ever wait. The OpenTelemetry SDK knows what messages
 * look like, and nothing of it is loaded until there is a receiver: classes that name its types are
 * reached by {@link io.fairlead.record.otlp.Lanes} only. Sending is our own ({@link
 * io.fairlead.record.otlp.Poster}), with bounds on what an answer may cost. Start reading at {@link
 * io.fairlead.record.otlp.OtlpExport}.
 *
 * <p>[1] OpenTelemetry Protocol Specification 1.
 */
@NullMarked
package io.fairlead.record.otlp;

import org.jspecify.annotations.NullMarked;
