/**
 * Finds out that requests go worse than usual, and what those that do have in common.
 *
 * <p>Every record is sorted by the values of its fields ({@link
 * io.fairlead.insight.incident.Dimension}): the requests that share a value are a slice. Once a
 * second each slice is compared with what is usual for it ({@link
 * io.fairlead.insight.incident.Slices}), over 1, 10 and 60 seconds. If one stands out, the requests
 * of the last seconds are asked which value, or pair of values, tells the bad ones from the others
 * best ({@link io.fairlead.insight.incident.Causes}); what has one cause is one incident ({@link
 * io.fairlead.insight.incident.IncidentWatch}).
 *
 * <p>Pure: no I/O, no clock and no thread. Memory is taken once, with the first record: about 12
 * MiB. Start reading at {@code IncidentWatch.tick}.
 */
@NullMarked
package io.fairlead.insight.incident;

import org.jspecify.annotations.NullMarked;
