package io.fairlead.group;

import java.util.List;

/** Puts configurations of the group into force in this instance; may take its time. */
public interface Applier {
  /** The text that is in force here. */
  String own();

  /**
   * What is wrong with it, here; empty: nothing.
   *
   * @param text as it was written
   */
  List<String> check(String text);

  /**
   * Puts it into force.
   *
   * @param version its number in the group
   * @return why that was not possible; empty: it is in force
   */
  List<String> apply(long version, String text, String who);
}
