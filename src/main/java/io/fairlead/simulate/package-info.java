/**
 * The product's own balancers in virtual time, on a workload that somebody described.
 *
 * <p>A run is a discrete-event simulation: {@link io.fairlead.simulate.Engine} takes the next
 * event, moves the clock to it and lets it happen. Nothing waits, nothing asks a real clock, all
 * chance comes from seeds: the same description gives the same figures on every machine. Nodes are
 * models ({@code Servers}); what chooses among them is the class that chooses in production, fed
 * with the same counts ({@code OwnBalancer}), or for comparison a model of somebody else's rule
 * ({@code Rules}).
 *
 * <p>Nothing here opens a socket or a thread of the data plane, and nothing in the data plane knows
 * that this room exists. Start at {@link io.fairlead.simulate.Simulation}.
 */
@NullMarked
package io.fairlead.simulate;

import org.jspecify.annotations.NullMarked;
