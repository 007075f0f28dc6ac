package io.fairlead.dns;

/** What is counted of a balanced name. */
enum NameCounter {
  ANSWERS,
  /** Answered though no pool had enough members that are up. */
  FAIL_OPEN,
  /** There was no address to answer with. */
  EMPTY
}
