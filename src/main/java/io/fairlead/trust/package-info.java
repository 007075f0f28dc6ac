/**
 * Whether a node is who it should be: certificates, names, and what a failed handshake says.
 *
 * <p>Start at {@link io.fairlead.trust.NodeTrust}. Requests and health probes reach nodes by
 * different means and must not judge them differently, so the judgement is here, below both. What
 * the instance itself asks by HTTP is judged in the same way ({@link
 * io.fairlead.trust.OutboundHttp}), and asked from here where the answer is JSON ({@link
 * io.fairlead.trust.JsonHttp}). What our own doors show is here, too ({@link
 * io.fairlead.trust.DoorTls}). Nothing else here opens a connection; files are read when a
 * configuration is loaded, and when somebody looks whether they have changed.
 */
@NullMarked
package io.fairlead.trust;

import org.jspecify.annotations.NullMarked;
