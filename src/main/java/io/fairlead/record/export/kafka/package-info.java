/**
 * What speaks to Kafka's brokers, by Kafka's own client. Nothing else may use that client: it and
 * this package are loaded together, and only where an export names brokers.
 */
@NullMarked
package io.fairlead.record.export.kafka;

import org.jspecify.annotations.NullMarked;
