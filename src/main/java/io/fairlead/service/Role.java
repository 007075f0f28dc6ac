package io.fairlead.service;

import java.util.Locale;

/**
 * What a node may do that not every node of its service may: members of a database differ in it.
 *
 * @param kind what it is
 * @param writes whether connections that write may go to it
 * @param reads whether connections that only read may
 * @param why for people; empty: there is nothing to say
 */
public record Role(Kind kind, boolean writes, boolean reads, String why) {
  /** What a member of a database is. */
  public enum Kind {
    /** Of a service whose nodes are all the same. */
    ANY,
    PRIMARY,
    REPLICA,
    /** Nobody knows, or it must not be used. */
    NONE;

    /** For tables and labels. */
    public String word() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** Of a node of a service whose nodes are all the same. */
  public static final Role ANY = new Role(Kind.ANY, true, true, "");

  /** A member that gets nothing. */
  public static Role none(String why) {
    return new Role(Kind.NONE, false, false, why);
  }
}
