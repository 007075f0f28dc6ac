package io.fairlead.limit;

/**
 * Requests that limits of a group have let in.
 *
 * @param told here, and others were told
 * @param heard elsewhere, and were counted here
 * @param lost here, too many at once for others to be told
 */
public record SharedCounts(long told, long heard, long lost) {}
