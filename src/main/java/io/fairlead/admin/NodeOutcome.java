package io.fairlead.admin;

/** What became of a change to one node. */
public sealed interface NodeOutcome {
  record Done() implements NodeOutcome {}

  /** It was so before. */
  record Already() implements NodeOutcome {}

  /** Nothing has changed. */
  record Refused(String why) implements NodeOutcome {}
}
