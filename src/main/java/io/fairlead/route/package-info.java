/**
 * Which service a request goes to.
 *
 * <p>A route table is compiled from the routes of one listener and never changes. Matching reads
 * the bytes of the request where they are, allocates nothing, and takes the time of a few array
 * look-ups however many routes there are. Start at {@link io.fairlead.route.RouteTable}, which says
 * what matches what; {@code HostIndex} and {@code PathTree} find it fast, {@code Refusals} says it
 * again slowly for people and for the test that compares the two.
 */
@NullMarked
package io.fairlead.route;

import org.jspecify.annotations.NullMarked;
