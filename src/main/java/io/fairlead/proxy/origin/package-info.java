/**
 * Who the client of a connection is, when a trusted proxy in front says so at its beginning: the
 * PROXY protocol, versions 1 and 2 [1], both ways.
 *
 * <p>{@link io.fairlead.proxy.origin.ProxyHeader} reads and writes headers and knows no connection.
 * {@link io.fairlead.proxy.origin.ProxyHeaderReader} stands in front of everything else of a
 * connection from a trusted network, {@link io.fairlead.proxy.origin.ForeignHeaderGuard} in front
 * of one from anywhere else.
 *
 * <p>[1] W. Tarreau, The PROXY protocol, versions 1 and 2, HAProxy's proxy-protocol.txt.
 */
@NullMarked
package io.fairlead.proxy.origin;

import org.jspecify.annotations.NullMarked;
