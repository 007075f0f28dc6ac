package io.fairlead.insight.rollup;

import java.util.Locale;

/** Of what those values are known that occur most. */
public enum TopKind {
  CLIENT,
  /** Without the query. */
  PATH,
  HOST,
  USER_AGENT;

  /** As questions spell it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}
