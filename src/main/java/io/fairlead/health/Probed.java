package io.fairlead.health;

/**
 * One result in a node's history.
 *
 * @param epochMillis when it was known
 * @param result what was found
 * @param up the verdict after it
 */
public record Probed(long epochMillis, ProbeResult result, boolean up) {}
