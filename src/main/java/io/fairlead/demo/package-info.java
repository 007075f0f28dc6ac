/**
 * Something to balance, and somebody who asks for it: the test node behind {@code fairlead node}
 * and the gentle traffic of {@code fairlead demo}.
 *
 * <p>{@link io.fairlead.demo.TestNode} is a small HTTP/1.1 server on plain blocking sockets with
 * one virtual thread per connection. It writes its own bytes because its purpose is to do what no
 * well-behaved library would: hang, reset, cut, send garbage, send a header forever, frame a body
 * in two ways at once. Towards requests it is strict (RFC 9110, RFC 9112), so that a proxy which
 * forwards something doubtful is found out. What it does is a {@link io.fairlead.demo.Behaviour},
 * an immutable value that can be replaced while the node runs; a single request may ask for a
 * {@link io.fairlead.demo.Fault} by its query. {@link io.fairlead.demo.DemoTraffic} sends a mix of
 * requests at a fixed rate and tells what came back.
 *
 * <p>Start reading at {@code NodeConnection.serve}: one request from head to answer. Nothing here
 * is used by the load balancer itself, and nothing here may use it: only the JDK and Jackson.
 */
@NullMarked
package io.fairlead.demo;

import org.jspecify.annotations.NullMarked;
