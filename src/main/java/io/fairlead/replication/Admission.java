package io.fairlead.replication;

/**
 * Whom clients who write may go to, where Fairlead manages the database and so knows.
 *
 * @param member empty: nobody
 * @param timeline on which it is the primary; on another it is not
 * @param why nobody is, for people
 */
record Admission(String member, long timeline, String why) {
  static Admission nobody(String why) {
    return new Admission("", 0, why);
  }
}
