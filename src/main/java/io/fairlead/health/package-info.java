/**
 * Which nodes are up: probes, verdicts, and what requests saw.
 *
 * <p>{@link io.fairlead.health.HealthChecker} (control thread) decides when a node is asked, a
 * prober (virtual thread) asks, {@code HealthTracker} (pure) turns results into a verdict, and the
 * service publishes it. A connection that a request could not make counts at once. Times are
 * differences of a clock that never jumps.
 */
@NullMarked
package io.fairlead.health;

import org.jspecify.annotations.NullMarked;
