/**
 * Whether a request is let in.
 *
 * <p>Pure decisions over numbers: who is counted (a key of 64 bits), what time it is. Event loops
 * ask; all of them share what is counted, without a lock. Start at {@link
 * io.fairlead.limit.RateLimiter}; what a key is made of is the caller's business. {@link
 * io.fairlead.limit.RetryBudget} says whether a request may be let in twice.
 *
 * <p>Overload is the business of {@link io.fairlead.limit.AdaptiveLimit} (how many at once), {@link
 * io.fairlead.limit.WaitQueue} (who waits, and for how long), {@link
 * io.fairlead.limit.AdmissionLevel} (who need not try), {@link
 * io.fairlead.limit.MetastabilityAlarm} (when repeating does harm) and {@link
 * io.fairlead.limit.Pressure} (what the process itself can no longer bear).
 */
@NullMarked
package io.fairlead.limit;

import org.jspecify.annotations.NullMarked;
