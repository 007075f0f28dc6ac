package io.fairlead.group;

import io.fairlead.group.Servers.Server;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Who should keep the state, and who of them should vote; pure.
 *
 * <p>An odd number votes, five at most: a sixth vote makes no further loss bearable, and an even
 * one only makes a majority larger. Whoever is left over keeps the state without a vote and is
 * there when one is needed. A voter keeps its vote while it is away for a moment; one that has been
 * away for long gives it to somebody who is there. One that lost what it knew may not vote until it
 * has it again: it would help to outvote what it once agreed to.
 */
final class MemberPlan {
  private MemberPlan() {}

  /**
   * What comes next, from what is there and what is wanted.
   *
   * @param now who does at present
   * @param wanted who is of the group, by number, with their addresses
   * @param present those that are there and have the state
   * @param away voters that have not been there for long
   * @param emptied those that came without state
   * @param self who decides: it leads, and keeps its vote if it is wanted
   * @return null: all is as it should be
   */
  static @Nullable Servers next(
      Servers now,
      Map<Integer, Server> wanted,
      Set<Integer> present,
      Set<Integer> away,
      Set<Integer> emptied,
      int self) {
    List<Integer> voters = new ArrayList<>();
    for (Server server : now.voters()) {
      int number = server.number();
      boolean lost = emptied.contains(number) && !present.contains(number);
      boolean replaced = away.contains(number) && !present.contains(number);
      if (wanted.containsKey(number) && !lost && !replaced) {
        voters.add(number);
      }
    }
    List<Integer> waiting = new ArrayList<>();
    for (int number : new TreeMap<>(wanted).keySet()) {
      if (present.contains(number) && !voters.contains(number)) {
        waiting.add(number);
      }
    }
    boolean shrunk = false;
    for (Server server : now.voters()) {
      shrunk |= emptied.contains(server.number()) && !present.contains(server.number());
    }
    int most = Math.min(voters.size() + waiting.size(), Formation.MAX_VOTERS);
    // While one that lost its state is on its way back, what is left may be even.
    int target =
        shrunk || lostOneIsAway(now, wanted, present, emptied) ? most : Formation.odd(most);
    voters.sort(
        Comparator.<Integer, Boolean>comparing(number -> number != self)
            .thenComparing(number -> !present.contains(number))
            .thenComparing(Comparator.naturalOrder()));
    while (voters.size() > target) {
      voters.removeLast();
    }
    while (voters.size() < target && !waiting.isEmpty()) {
      voters.add(waiting.removeFirst());
    }
    if (voters.isEmpty()) {
      return null; // nobody would be left
    }
    Map<Integer, Server> next = new TreeMap<>();
    wanted.forEach((number, server) -> {
      if (now.find(number) != null || present.contains(number)) {
        next.put(number, server.voting(voters.contains(number)));
      }
    });
    return next.equals(now.all()) ? null : new Servers(now.version(), next);
  }

  private static boolean lostOneIsAway(
      Servers now, Map<Integer, Server> wanted, Set<Integer> present, Set<Integer> emptied) {
    for (int number : emptied) {
      if (wanted.containsKey(number) && now.find(number) != null && !present.contains(number)) {
        return true;
      }
    }
    return false;
  }

  /**
   * What to try when the engine will not give all new voters their vote at once, since it counts
   * only those that were not known to it as mere keepers: one such keeper is forgotten, comes back
   * as a newcomer, and is then counted.
   */
  static @Nullable Servers detour(Servers now, Servers wanted) {
    for (Server server : wanted.voters()) {
      Server known = now.find(server.number());
      if (known != null && !known.votes()) {
        Map<Integer, Server> next = new TreeMap<>(now.all());
        next.remove(server.number());
        return new Servers(now.version(), next);
      }
    }
    return null;
  }
}
