package io.fairlead.replication.manage;

/** What a member whose server does not run has on its disk. */
sealed interface GaleraReport {
  /** Nothing. */
  record Empty() implements GaleraReport {}

  /** A copy that did not come to its end; it is nothing. */
  record Half() implements GaleraReport {}

  /** A database that was just made and never was in a cluster. */
  record Fresh() implements GaleraReport {}

  /** That much of a history. */
  record At(GaleraPosition position) implements GaleraReport {}

  /**
   * Something that nobody can tell the position of.
   *
   * @param cluster whose it says to be; empty: it does not say
   * @param why for people
   */
  record Unreadable(String cluster, String why) implements GaleraReport {}
}
