package io.fairlead.filter;

/**
 * Makes a filter of what the configuration says. This is the class that {@code filters.NAME.class}
 * names; it is public and has a public constructor without parameters.
 */
public interface FilterFactory {
  /** The version that it was compiled against: {@code return FilterApi.VERSION;}. */
  int apiVersion();

  /**
   * Makes the filter. Called once for each name under {@code filters}, when a configuration is
   * prepared that says something new of it, on a thread that may wait, for ten seconds at most.
   *
   * @throws SettingsRefused if it cannot be made of these settings; the configuration is refused
   *     then, with the place of the setting and what is said of it
   */
  RequestFilter create(FilterSettings settings) throws SettingsRefused;
}
