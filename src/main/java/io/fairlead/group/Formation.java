package io.fairlead.group;

import io.fairlead.config.GroupConfig;
import io.fairlead.config.HostPort;
import io.fairlead.group.Greeting.Answer;
import io.fairlead.group.Servers.Server;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * How an instance begins that has no state yet.
 *
 * <p>If one of the peers has state, that group is joined. A new group is founded only once all
 * peers have been heard and none has any: if some were enough, those that a fault keeps apart could
 * found two. Whoever is alone in its configuration founds its own at once.
 */
final class Formation {
  /** More voters make every change wait for more of them, and survive no more in practice. */
  static final int MAX_VOTERS = 5;

  private Formation() {}

  /** What to do. */
  sealed interface Step {
    /** Start the engine with these. */
    record Begin(Servers servers) implements Step {}

    /** Ask again soon. */
    record Wait(String why) implements Step {}

    /** Somebody does not want this instance; ask again, for that may be put right. */
    record Refused(String why) implements Step {}
  }

  /**
   * What this instance does, after what it has heard.
   *
   * @param answers of those peers that were heard, by name
   */
  static Step decide(GroupConfig own, Map<String, Answer> answers) {
    int number = GroupConfig.number(own.instance());
    for (Answer answer : answers.values()) {
      if (answer.refused() != null) {
        return new Step.Refused(answer.refused());
      }
    }
    for (Answer answer : answers.values()) {
      if (!answer.isEmpty()) {
        Servers known = Servers.parse(answer.servers());
        Server self = known.find(number);
        if (!answer.formed()) {
          return self != null
              ? new Step.Begin(Servers.of(List.copyOf(known.all().values())))
              : new Step.Wait(answer.instance() + " is founding a group without this instance");
        }
        if (self != null && self.votes()) {
          return new Step.Wait(
              answer.instance()
                  + " knows this instance as one that votes, but it has lost what it knew; it may"
                  + " come back once the others have changed that");
        }
        return new Step.Begin(joining(known, number, own.address()));
      }
    }
    List<String> silent = new ArrayList<>(new TreeSet<>(own.peers().keySet()));
    silent.remove(own.instance());
    silent.removeAll(answers.keySet());
    if (!silent.isEmpty()) {
      return new Step.Wait(
          "to found a group all peers must be there once, and not heard yet: "
              + String.join(", ", silent));
    }
    for (Map.Entry<String, Answer> answer : answers.entrySet()) {
      if (!answer.getValue().peers().keySet().equals(own.peers().keySet())) {
        return new Step.Wait(answer.getKey() + " has other peers in its configuration");
      }
    }
    return new Step.Begin(founding(own.peers()));
  }

  /** All of them; an odd number of the first by name votes. */
  static Servers founding(Map<String, HostPort> peers) {
    int voters = odd(Math.min(peers.size(), MAX_VOTERS));
    List<Server> servers = new ArrayList<>();
    new TreeMap<>(peers)
        .forEach((name, address) ->
            servers.add(new Server(GroupConfig.number(name), address, servers.size() < voters)));
    return Servers.of(servers);
  }

  /**
   * The newcomer counts itself among the voters until it hears otherwise: so it needs more than
   * half of them and itself to believe that somebody leads, and cannot come to lead itself.
   */
  private static Servers joining(Servers known, int number, HostPort address) {
    Map<Integer, Server> all = new TreeMap<>(known.all());
    all.put(number, new Server(number, address, true));
    return new Servers(0, all);
  }

  static int odd(int most) {
    return most % 2 == 0 ? Math.max(1, most - 1) : most;
  }
}
