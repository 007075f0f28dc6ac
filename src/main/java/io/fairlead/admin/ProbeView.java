package io.fairlead.admin;

/**
 * One probe of a node.
 *
 * @param epochMillis when it ended
 * @param passed whether the node gave the wanted answer in time
 * @param what it found, for people
 */
public record ProbeView(long epochMillis, boolean passed, String what) {}
