package io.fairlead.limit;

/**
 * Whether a service turns requests away because it has too much to do. While it does, nothing is
 * tried twice: a repeated request takes the place of one that has not been tried yet.
 */
@FunctionalInterface
public interface Shedding {
  Shedding NEVER = () -> false;

  /** Any event loop may ask, for each request. */
  boolean isShedding();
}
