package io.fairlead.filter;

/** Which version of these interfaces this is. */
public final class FilterApi {
  /**
   * Rises when a filter that was compiled before could no longer be run. It is a constant: what a
   * filter returns as {@link FilterFactory#apiVersion} is the version that it was compiled against.
   */
  public static final int VERSION = 1;

  private FilterApi() {}
}
