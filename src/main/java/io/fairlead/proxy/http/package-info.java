/**
 * HTTP/1.1 (RFC 9110, RFC 9112) between clients and nodes.
 *
 * <p>A request's way: {@link io.fairlead.proxy.http.HttpConnection} gathers bytes → {@link
 * io.fairlead.proxy.http.HeadParser} fills the flat {@link io.fairlead.proxy.http.Head} → {@link
 * io.fairlead.proxy.http.RequestCheck} refuses what two parsers could read differently → route,
 * balancer → {@link io.fairlead.proxy.http.Exchange} takes a connection from the pool, writes the
 * head and streams both bodies, the slower side setting the pace → the exchange gives everything
 * back.
 *
 * <p>One rule above all: nothing that Fairlead sends on, in either direction, may leave doubt about
 * where a message ends. Framing is always written anew, never copied.
 */
@NullMarked
package io.fairlead.proxy.http;

import org.jspecify.annotations.NullMarked;
