package io.fairlead.insight.incident;

import org.jspecify.annotations.Nullable;

/** Knows what nodes carry beside their names. Any thread. */
public interface NodeLabels {
  /** Empty: it has none. */
  record Labels(String version, String zone) {}

  /** Null: there is no such node now. */
  @Nullable Labels of(String service, String node);
}
