package io.fairlead.health;

/**
 * A node went up or down.
 *
 * @param epochMillis when
 * @param up whether it has been up from then on
 * @param reason for people
 */
public record Verdict(long epochMillis, boolean up, String reason) {}
