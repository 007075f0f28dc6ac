package io.fairlead.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.GroupConfig;
import io.fairlead.config.HostPort;
import io.fairlead.group.Formation.Step;
import io.fairlead.group.Greeting.Answer;
import io.fairlead.group.Servers.Server;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** How an instance without state begins. */
final class FormationTest {
  private static final GroupConfig B = config("b", "a", "b", "c");

  @Test
  void aloneItBeginsAtOnce() {
    GroupConfig alone = config("a", "a");
    assertThat(Formation.decide(alone, Map.of()))
        .isEqualTo(new Step.Begin(Formation.founding(alone.peers())));
  }

  @Test
  void foundsOnlyWhenAllHaveBeenHeard() {
    assertThat(Formation.decide(B, Map.of("a", empty("a"))))
        .isEqualTo(
            new Step.Wait("to found a group all peers must be there once, and not heard yet: c"));
    assertThat(Formation.decide(B, Map.of("a", empty("a"), "c", empty("c"))))
        .isEqualTo(new Step.Begin(Formation.founding(B.peers())));
  }

  @Test
  void foundersAgreeOnWhoVotes() {
    Servers four = Formation.founding(config("d", "d", "c", "b", "a").peers());
    assertThat(four.voters()).hasSize(3);
    assertThat(four.all().values())
        .filteredOn(server -> !server.votes())
        .extracting(Server::number)
        .containsExactly(GroupConfig.number("d"));
    assertThat(four).isEqualTo(Formation.founding(config("a", "a", "b", "c", "d").peers()));
  }

  @Test
  void othersWithAnotherListAreNoFounders() {
    Answer other = new Answer("c", null, "", false, Map.of("c", "127.0.0.1:7030"));
    assertThat(Formation.decide(B, Map.of("a", empty("a"), "c", other)))
        .isEqualTo(new Step.Wait("c has other peers in its configuration"));
  }

  @Test
  void joinsWhatThereIsAndCountsItselfUntilItHearsOtherwise() {
    Servers known = Servers.of(java.util.List.of(server("a", true)));
    Step step = Formation.decide(B, Map.of("a", member("a", known, true)));
    assertThat(((Step.Begin) step).servers())
        .isEqualTo(Servers.of(java.util.List.of(server("a", true), server("b", true))));
  }

  @Test
  void aFounderThatIsLateTakesWhatTheOthersBegan() {
    Servers known = Formation.founding(B.peers());
    assertThat(Formation.decide(B, Map.of("a", member("a", known, false))))
        .isEqualTo(new Step.Begin(known));
  }

  @Test
  void oneThatLostItsStateWaitsUntilItsVoteIsTaken() {
    Servers known = Formation.founding(B.peers());
    assertThat(Formation.decide(B, Map.of("a", member("a", known, true))))
        .isInstanceOf(Step.Wait.class);
    Map<Integer, Server> without = new java.util.TreeMap<>(known.all());
    without.put(GroupConfig.number("b"), server("b", false));
    assertThat(Formation.decide(B, Map.of("a", member("a", new Servers(9, without), true))))
        .isInstanceOf(Step.Begin.class);
  }

  @Test
  void whoIsTurnedAwayByOneJoinsNobody() {
    Answer refused = new Answer("c", "this is group other, not prod", "", false, Map.of());
    assertThat(
            Formation.decide(
                B, Map.of("a", member("a", Formation.founding(B.peers()), true), "c", refused)))
        .isEqualTo(new Step.Refused("this is group other, not prod"));
  }

  private static Answer empty(String name) {
    return new Answer(name, null, "", false, Greeting.texts(B.peers()));
  }

  private static Answer member(String name, Servers servers, boolean formed) {
    return new Answer(
        name, null, servers.lines() + "\nversion=0", formed, Greeting.texts(B.peers()));
  }

  private static Server server(String name, boolean votes) {
    return new Server(GroupConfig.number(name), address(name), votes);
  }

  private static HostPort address(String name) {
    return new HostPort("127.0.0.1", 7000 + 10 * (name.charAt(0) - 'a'));
  }

  static GroupConfig config(String instance, String... peers) {
    Map<String, HostPort> all = new LinkedHashMap<>();
    for (String peer : peers) {
      all.put(peer, address(peer));
    }
    return new GroupConfig(
        "prod",
        instance,
        address(instance),
        all,
        GroupConfig.Role.MEMBER,
        Optional.empty(),
        Optional.empty(),
        false,
        List.of(),
        1,
        Optional.empty(),
        Optional.empty());
  }
}
