/**
 * What can be counted and what can happen: the catalogue of metrics, the closed list of error
 * reasons, the sealed list of events.
 *
 * <p>Event loops bump counters of their own ({@link io.fairlead.telemetry.LoopCounters}, {@link
 * io.fairlead.telemetry.LatencyHistogram}): one writer per cell, no lock, no atomic
 * read-modify-write; whoever reads adds the cells up. Anything an operator may read has its name,
 * unit and the sentence "what it means when it rises" here.
 */
@NullMarked
package io.fairlead.telemetry;

import org.jspecify.annotations.NullMarked;
