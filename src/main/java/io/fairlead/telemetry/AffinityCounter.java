package io.fairlead.telemetry;

import java.util.Locale;

/** What becomes of the cookies by which requests of one client stay with one node. */
public enum AffinityCounter {
  HIT("it names a node that can be asked"),
  /** A client that is new here, or that keeps no cookies. */
  ABSENT("there is none"),
  MALFORMED("it has not the form of one"),
  DUPLICATE("there are several of that name"),
  FOREIGN("it is of another service, or signed with a key that is not known"),
  UNKNOWN("it names no member: its node has left, or it is too old, or forged"),
  DOWN("its node is down"),
  EJECTED("its node is ejected for its answers"),
  WEIGHT("its node has weight 0"),
  DRAINED("its node drains, and sessions have stayed for as long as they may"),
  MOVED("its node was full, or its try failed there, and another one has answered"),
  SET("one was set");

  private final String meaning;

  AffinityCounter(String meaning) {
    this.meaning = meaning;
  }

  /** Said of the cookie, for people. */
  public String meaning() {
    return meaning;
  }

  /** Whether it says why a client did not stay with its node. */
  public boolean isMiss() {
    return this != HIT && this != SET;
  }

  /** How it is spelled in metrics. */
  public String wireName() {
    return name().toLowerCase(Locale.ROOT);
  }
}
