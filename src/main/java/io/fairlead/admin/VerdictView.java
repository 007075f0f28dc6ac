package io.fairlead.admin;

/**
 * A node went up or down.
 *
 * @param epochMillis when
 * @param up whether it has been up from then on
 * @param why for people
 */
public record VerdictView(long epochMillis, boolean up, String why) {}
