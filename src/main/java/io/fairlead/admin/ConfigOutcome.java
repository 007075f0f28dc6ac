package io.fairlead.admin;

import java.util.List;

/** What became of a configuration that was offered. */
public sealed interface ConfigOutcome {
  /**
   * It is in force.
   *
   * @param version its number
   * @param changes what differs from the one before, one line each; empty: nothing
   */
  record Accepted(long version, List<String> changes) implements ConfigOutcome {}

  /** Nothing has changed. All problems at once. */
  record Refused(List<ConfigProblem> problems) implements ConfigOutcome {}
}
