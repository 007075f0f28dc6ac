package io.fairlead.replication;

import io.fairlead.config.DatabaseEngine;
import io.fairlead.service.Node;
import io.fairlead.service.Role;
import java.util.List;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/**
 * A database as it was judged last.
 *
 * @param primary the member that takes the writes; empty: none does
 * @param why none does, for people; empty: one does
 * @param alarm what an operator has to look at, for people; empty: nothing
 * @param term of PostgreSQL, the timeline in force; 0: none is known
 * @param members in the order of the configuration
 * @param changes the last times that the writes went elsewhere, oldest first
 * @param handovers how often they did since the start
 */
public record DatabaseView(
    String name,
    DatabaseEngine engine,
    String primary,
    String why,
    String alarm,
    long term,
    List<MemberView> members,
    List<Change> changes,
    long handovers) {
  public DatabaseView {
    members = List.copyOf(members);
    changes = List.copyOf(changes);
  }

  /**
   * A member.
   *
   * @param role what it may do
   * @param lagSeconds how old the state of a replica is; empty: not known, or it is none
   * @param lagBytes what a replica has still to replay; empty: not known, or it is none
   * @param position of PostgreSQL, in the log; empty: not known
   */
  public record MemberView(
      Node node,
      Role role,
      OptionalDouble lagSeconds,
      OptionalLong lagBytes,
      OptionalLong position) {}

  /**
   * The writes went elsewhere.
   *
   * @param epochMillis when
   * @param from the member that took them before; empty: none was known
   * @param to the member that takes them
   * @param term of PostgreSQL, the timeline
   * @param nobodyMillis how long nobody did in between
   */
  public record Change(long epochMillis, String from, String to, long term, long nobodyMillis) {}
}
