/**
 * The data plane: event loops move bytes between clients and nodes.
 *
 * <p>{@link io.fairlead.proxy.DataPlane} is the door: it owns the event loops and opens listeners.
 * Everything below runs on event loops, which never block, never lock and allocate nothing for an
 * ordinary request: heads, exchanges and buffers are kept per loop ({@link io.fairlead.proxy.Loop})
 * and used again; time limits sit in one coarse wheel per loop ({@link
 * io.fairlead.proxy.TimerWheel}) instead of one scheduled task per request. {@code proxy.http}
 * holds the HTTP/1.1 part.
 *
 * <p>A connection's way: {@link io.fairlead.proxy.Acceptor} admits it and gives it a loop → {@link
 * io.fairlead.proxy.ListenerState} of its protocol fills its pipeline.
 */
@NullMarked
package io.fairlead.proxy;

import org.jspecify.annotations.NullMarked;
