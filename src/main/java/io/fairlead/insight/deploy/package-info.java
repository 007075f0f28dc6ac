/**
 * Whether a new version of a service may have more of its requests. {@link
 * io.fairlead.insight.deploy.Judge} compares it with the old one on the same traffic, {@link
 * io.fairlead.insight.deploy.Rollout} takes the steps.
 *
 * <p>Pure, as all of {@code insight}: whoever drives it says what time it is and what was counted,
 * so that the same code judges real versions and simulated ones.
 */
@NullMarked
package io.fairlead.insight.deploy;

import org.jspecify.annotations.NullMarked;
