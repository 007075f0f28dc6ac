package io.fairlead.replication.manage;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a member told when it was asked last, or why it did not.
 *
 * @param at when, by {@link System#nanoTime}
 * @param failure why it told nothing; null: it told
 * @param recovering whether it is no primary
 * @param system identifier of its data
 * @param timeline of what it writes, or receives; of a replica that receives nothing the highest
 *     that it has anything of
 * @param position up to where it has replayed, or written
 * @param promise the highest term that it has promised
 * @param follows address of whom it is told to follow; empty: nobody
 * @param receives whether it gets the log from somebody now. One that cannot follow begins anew
 *     again and again, and seems to each time
 * @param heard how many milliseconds ago it got something, by its own clock, which may have been
 *     set since: then it may be less than 0; -1: it gets nothing
 * @param followers who gets the log from it, by their names
 * @param closed whether it lets nobody write
 * @param damage of its data; null: none is known
 */
record Sight(
    long at,
    @Nullable String failure,
    boolean recovering,
    String system,
    int timeline,
    long position,
    long promise,
    String follows,
    boolean receives,
    long heard,
    Set<String> followers,
    boolean closed,
    @Nullable Damage damage) {
  Sight {
    followers = Set.copyOf(followers);
  }

  /** Of one whose data is not known to be damaged. */
  Sight(
      long at,
      @Nullable String failure,
      boolean recovering,
      String system,
      int timeline,
      long position,
      long promise,
      String follows,
      boolean receives,
      long heard,
      Set<String> followers,
      boolean closed) {
    this(
        at,
        failure,
        recovering,
        system,
        timeline,
        position,
        promise,
        follows,
        receives,
        heard,
        followers,
        closed,
        null);
  }

  static Sight none(long at, String failure) {
    return new Sight(at, failure, false, "", 0, 0, 0, "", false, -1, Set.of(), true);
  }

  boolean told() {
    return failure == null;
  }

  boolean isReplica() {
    return told() && recovering;
  }

  boolean isPrimary() {
    return told() && !recovering;
  }
}
