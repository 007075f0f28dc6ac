package io.fairlead.simulate;

import io.fairlead.config.SimulatedPolicy;

/**
 * One run.
 *
 * @param load offered work as a share of what the nodes can do
 * @param faults whether what goes wrong does
 * @param hedges whether a second node is asked where the description says so
 */
record Case(
    SimulatedPolicy policy, int instances, double load, boolean faults, boolean hedges, int seed) {}
