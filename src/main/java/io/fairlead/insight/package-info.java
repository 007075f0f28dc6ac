/**
 * From counters to verdicts: which node of a service answers worse than the others do, and what
 * those that do have in common.
 *
 * <p>Pure: no I/O, no clock and no thread of its own. Whoever drives it says what time it is, so
 * that the same code judges real nodes and simulated ones. Start reading at {@link
 * io.fairlead.insight.Detector}.
 */
@NullMarked
package io.fairlead.insight;

import org.jspecify.annotations.NullMarked;
