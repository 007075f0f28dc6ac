package io.fairlead.insight.rollup;

import java.util.Locale;

/** By what rollups can be told apart. */
public enum Dimension {
  LISTENER,
  ROUTE,
  SERVICE,
  /** Of its service: two services may have nodes of one name. */
  NODE,
  /** First digit of the status: {@code 2xx}; of sessions none. */
  STATUS;

  /** As questions and answers spell it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
