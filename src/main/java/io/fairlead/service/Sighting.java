package io.fairlead.service;

import java.util.OptionalDouble;
import java.util.OptionalInt;

/** What a member of a database told of itself when it was asked. */
public sealed interface Sighting {
  /**
   * A PostgreSQL server.
   *
   * @param recovering whether it replays what another wrote, and takes no writes
   * @param system identifier of the data, the same in all copies
   * @param timeline of a primary: which it writes, every promotion beginning a higher one; of a
   *     replica: which it receives, or has last checkpointed
   * @param follows whether a replica receives the timeline at this moment
   * @param position in the log: of a primary, up to where it has written; of a replica, replayed
   * @param lag of a replica, how old its state is in seconds; empty: it does not know
   */
  record Postgresql(
      boolean recovering,
      String system,
      int timeline,
      boolean follows,
      long position,
      OptionalDouble lag)
      implements Sighting {
    /** The same with another lag. */
    public Postgresql withLag(OptionalDouble other) {
      return new Postgresql(recovering, system, timeline, follows, position, other);
    }
  }

  /**
   * A node of a Galera cluster.
   *
   * @param ready empty: it takes queries; otherwise why not
   * @param cluster identifier of the data, the same in all nodes
   * @param view number of the membership that it knows, higher with each change
   * @param size of that membership
   * @param donor whether it gives its data to another node at this moment, and may fall behind
   * @param readOnly whether it refuses writes
   * @param index its place in the membership; empty: it has none
   */
  record Galera(
      String ready,
      String cluster,
      long view,
      int size,
      boolean donor,
      boolean readOnly,
      OptionalInt index)
      implements Sighting {}
}
