package io.fairlead.replication;

import io.fairlead.service.Role;
import java.util.List;

/**
 * Who is what.
 *
 * @param roles of the members, in their order
 * @param primary the index of the member that takes the writes; {@link #NOBODY}: none; of several
 *     the first
 * @param why nobody does, for people; empty: somebody does
 * @param alarm what an operator has to look at, for people; empty: nothing
 * @param term what has begun
 */
record Judgement(List<Role> roles, int primary, String why, String alarm, Term term) {
  static final int NOBODY = -1;

  Judgement {
    roles = List.copyOf(roles);
  }
}
