/**
 * How many nodes a service should have, and having them started and stopped.
 *
 * <p>{@link io.fairlead.scaling.Autoscaler} decides, purely: seconds of traffic go in, a number and
 * the sentence that explains it come out. {@link io.fairlead.scaling.ServiceScaler} makes the
 * number true for one service, on the control thread; a {@link io.fairlead.scaling.Driver} starts
 * and stops, on threads that may wait. {@link io.fairlead.scaling.Scaling} is the door for all
 * services.
 *
 * <p>A driver keeps no list that could get lost: what it has started can be told from everything
 * else by a mark on the thing itself, so that a process of Fairlead that was killed leaves nothing
 * behind that its successor does not find.
 */
@NullMarked
package io.fairlead.scaling;

import org.jspecify.annotations.NullMarked;
