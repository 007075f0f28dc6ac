/**
 * Who is to be told of alerts is told: rules are looked at once a second, messages wait on disk
 * until they are delivered, by webhook, mail or to an Alertmanager.
 *
 * <p>What is decided is decided in {@code insight.alert}; here are threads, files and sockets. Each
 * receiver has a thread and a queue of its own, so that one that hangs keeps nobody else waiting.
 * Start reading at {@link io.fairlead.alert.AlertCenter}.
 */
@NullMarked
package io.fairlead.alert;

import org.jspecify.annotations.NullMarked;
