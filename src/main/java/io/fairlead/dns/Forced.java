package io.fairlead.dns;

import java.util.Locale;

/** What an operator says of a member, whatever else is known. */
public enum Forced {
  /** Nothing: what probes say counts. */
  AUTO,
  /** Answers have it, as if it were up. */
  UP,
  /** No answer has it, not even where all are down. */
  DOWN,
  /** Answers have it no longer, unless there is nobody else. */
  DRAIN;

  /** As people write it. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
