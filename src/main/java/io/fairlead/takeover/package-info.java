/**
 * Handing the sockets of one process to the next, over a Unix socket in the data folder.
 *
 * <p>{@link io.fairlead.takeover.TakeoverDoor} is where a running instance waits for its successor,
 * {@link io.fairlead.takeover.TakeoverCall} the successor's side; both are a conversation in the
 * order of {@link io.fairlead.takeover.Message}. What the sockets and the state mean is for the
 * root to know: here are numbers and names only.
 */
@NullMarked
package io.fairlead.takeover;

import org.jspecify.annotations.NullMarked;
