package io.fairlead.runtime;

import java.time.Duration;

/**
 * Roles that at most one instance of a group has at a time: owner of a virtual IP, the one that
 * scales a service, the one that may promote a database.
 *
 * <p>A role is held by a lease [1]: whoever has it asks for more time before it ends, and does
 * nothing in the role's name once it has ended, whatever it has heard since. What reaches beyond
 * this process carries the term, so that a late message of an earlier holder can be told from the
 * present one's. With a single instance whoever stands is elected at once.
 *
 * <p>[1] C. Gray, D. Cheriton, Leases: An Efficient Fault-Tolerant Mechanism for Distributed File
 * Cache Consistency, SOSP 1989.
 */
public interface Leadership {
  /**
   * Stands for a role until closed.
   *
   * @param role its name, such as {@code vip/front}; the same in all instances of the group
   * @param candidate who is told, on the control thread
   */
  Candidacy stand(String role, Candidate candidate);

  /** What is told to one who stands. All calls come on the control thread, in order. */
  interface Candidate {
    /**
     * The role is held.
     *
     * @param term grows with each holder of this role, and never repeats
     */
    void elected(long term);

    /**
     * The role is held for longer. Comes once right after {@link #elected}, and then each time that
     * the lease was renewed.
     *
     * @param sentNanos when the renewal was asked for, by {@link Scheduler#nanoTime}: the lease
     *     ends {@code ttl} after this moment, not after the answer
     * @param ttl how long the lease is
     */
    void renewed(long sentNanos, Duration ttl);

    /** The role is held no longer: resigned, or not renewed in time. */
    void deposed();
  }

  /** One who stands for a role. */
  interface Candidacy extends AutoCloseable {
    /** Gives the role up at once, if it is held, and lets others have it before standing again. */
    void resign();

    /** Gives the role up and stands no longer. */
    @Override
    void close();
  }
}
