/**
 * What is kept of records when there are too many to look at each: counts and times for spans of
 * ten seconds, a minute and an hour, for months. {@link io.fairlead.insight.rollup.Rollups} answers
 * from them; a {@link io.fairlead.insight.rollup.RollupWriter} makes them of the records of one
 * process.
 *
 * <p>Everything on disk only adds: a block says what is to be added to which cells. So records may
 * come late and in any order, several processes may write side by side, and a block that was cut
 * off by a kill is as if it had never been there.
 *
 * <p>This package knows nothing of rings. Whoever reads records says how far, that is written into
 * the same block as what came of them, and asked for after a kill.
 */
@NullMarked
package io.fairlead.insight.rollup;

import org.jspecify.annotations.NullMarked;
