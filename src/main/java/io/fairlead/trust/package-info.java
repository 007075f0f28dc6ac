/**
 * Whether a node is who it should be: certificates, names, and what a failed handshake says.
 *
 * <p>Start at {@link io.fairlead.trust.NodeTrust}. Requests and health probes reach nodes by
 * different means and must not judge them differently, so the judgement is here, below both.
 * Nothing here opens a connection; files are read when a configuration is loaded.
 */
@NullMarked
package io.fairlead.trust;

import org.jspecify.annotations.NullMarked;
