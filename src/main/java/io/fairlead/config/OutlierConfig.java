package io.fairlead.config;

/**
 * How nodes are judged by the answers they give to real requests.
 *
 * @param enabled whether they are
 */
public record OutlierConfig(boolean enabled) {
  public static final OutlierConfig DEFAULT = new OutlierConfig(false);
}
