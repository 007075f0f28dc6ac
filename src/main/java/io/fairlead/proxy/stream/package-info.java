/**
 * Connections relayed byte for byte.
 *
 * <p>{@link io.fairlead.proxy.stream.Relay} is one connection of a client with the one to its node:
 * pick a node, connect, then {@link io.fairlead.proxy.stream.Side} by side read here and write
 * there. The slower side sets the pace, each half ends when its sender ends it, a reset is passed
 * on as a reset. Nothing is known here of what the bytes mean.
 */
@NullMarked
package io.fairlead.proxy.stream;

import org.jspecify.annotations.NullMarked;
