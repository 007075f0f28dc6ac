/**
 * Certificates from an authority that speaks ACME (RFC 8555): when one is due, how it is ordered,
 * and what of it outlives this process. Start at {@link io.fairlead.acme.Renewal}, which keeps one
 * certificate; {@link io.fairlead.acme.Authority} speaks to whoever issues it, by acme4j, on
 * virtual threads only.
 *
 * <p>What is asked of us to prove that a name is ours is answered elsewhere, by listeners; this
 * room only says what is outstanding. A certificate that is good is never replaced by one that has
 * not been looked at, and never by nothing.
 *
 * <p>In a group one instance orders, into a {@link io.fairlead.acme.GroupVault}; the others have it
 * by {@link io.fairlead.acme.GroupCopies}.
 */
@NullMarked
package io.fairlead.acme;

import org.jspecify.annotations.NullMarked;
