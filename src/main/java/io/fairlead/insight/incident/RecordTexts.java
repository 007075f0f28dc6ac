package io.fairlead.insight.incident;

import org.jspecify.annotations.Nullable;

/** What numbers in records mean, in words. */
public interface RecordTexts {
  /** Of a listener, a route, a service or a node. */
  @Nullable String name(int number);

  /** Of a reason. */
  @Nullable String error(int number);

  /** An address given as two numbers. */
  String client(long high, long low);
}
