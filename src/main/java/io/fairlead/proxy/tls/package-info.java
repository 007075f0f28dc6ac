/**
 * TLS towards clients and nodes: which certificate a client gets, what it has to prove, how long a
 * handshake may take; whom a node has to be.
 *
 * <p>Start at {@link io.fairlead.proxy.tls.TlsFront}: it stands in front of every connection to a
 * listener with TLS, puts the ClientHello together, chooses the certificate, and lets the protocol
 * in when the handshake is done. The records and the handshake itself (RFC 8446, RFC 5246) are the
 * library's: BoringSSL, or the JDK where it has no native part. No class of the library is loaded
 * before something is configured with TLS.
 */
@NullMarked
package io.fairlead.proxy.tls;

import org.jspecify.annotations.NullMarked;
