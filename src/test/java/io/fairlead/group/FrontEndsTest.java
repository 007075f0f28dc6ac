package io.fairlead.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.GroupConfig;
import io.fairlead.config.HostPort;
import io.fairlead.group.FrontEnds.Front;
import io.fairlead.group.FrontEnds.Word;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What instances hear of each other's addresses, look by look. */
final class FrontEndsTest {
  private final MemoryState state = new MemoryState();
  private final FrontEnds edge1 = new FrontEnds(state, () -> 0, "east");
  private final FrontEnds edge2 = new FrontEnds(state, () -> 0, "");
  private final List<String> heard = new ArrayList<>();

  @Test
  void eachSaysWhereClientsReachItAndHowMuchOfThem() throws Exception {
    edge1.step(config("edge-1", 2, "192.0.2.1", "2001:db8::1"));
    edge2.step(config("edge-2", 1, "192.0.2.2"));
    edge1.step(config("edge-1", 2, "192.0.2.1", "2001:db8::1"));
    Front one = new Front("edge-1", List.of("192.0.2.1", "2001:db8::1"), 2, "east", false);
    Front two = new Front("edge-2", List.of("192.0.2.2"), 1, "", false);
    assertThat(edge1.view().fronts()).containsExactly(one, two);
    assertThat(edge2.view()).isEqualTo(edge1.view());
    edge2.step(config("edge-2", 5, "192.0.2.3"));
    edge1.step(config("edge-1", 2, "192.0.2.1", "2001:db8::1"));
    assertThat(edge1.view().fronts())
        .containsExactly(one, new Front("edge-2", List.of("192.0.2.3"), 5, "", false));
  }

  @Test
  void whoHasNoAddressIsNoFrontEnd() throws Exception {
    edge1.step(config("edge-1", 1, "192.0.2.1"));
    edge2.step(config("edge-2", 1));
    edge1.step(config("edge-1", 1));
    edge2.step(config("edge-2", 1));
    edge2.step(config("edge-2", 1));
    assertThat(edge1.view().fronts()).isEmpty();
    assertThat(edge2.view().fronts()).isEmpty();
  }

  @Test
  void whoIsGoneForAMomentOnlyIsNotMissed() throws Exception {
    both();
    edge1.follow(
        view -> heard.add(String.join(" ", view.fronts().stream().map(Front::instance).toList())));
    // It begins a new session: what is left of the one before is taken away and put anew.
    assertThat(state.delete("/fronts/edge-2", -1)).isTrue();
    edge1.step(config("edge-1", 1, "192.0.2.1"));
    edge2.step(config("edge-2", 1, "192.0.2.2"));
    edge1.step(config("edge-1", 1, "192.0.2.1"));
    assertThat(heard).containsExactly("edge-1 edge-2");
    assertThat(state.delete("/fronts/edge-2", -1)).isTrue();
    edge1.step(config("edge-1", 1, "192.0.2.1"));
    edge1.step(config("edge-1", 1, "192.0.2.1"));
    assertThat(heard).containsExactly("edge-1 edge-2", "edge-1");
  }

  @Test
  void whoIsTakenOutDrainsUntilItIsTakenInAgain() throws Exception {
    both();
    assertThat(edge1.drain("edge-2", true)).isTrue();
    assertThat(edge1.drain("edge-2", true)).as("again").isFalse();
    both();
    both();
    assertThat(edge1.view().fronts()).extracting(Front::draining).containsExactly(false, true);
    assertThat(edge2.view().drained()).containsExactly("edge-2");
    assertThat(edge2.drain("edge-2", false)).isTrue();
    both();
    both();
    assertThat(edge1.view().fronts()).extracting(Front::draining).containsExactly(false, false);
  }

  @Test
  void whoLeavesSaysSoAndWaitsUntilItWasHeard() throws Exception {
    both();
    Thread leaving =
        Thread.ofVirtual()
            .start(() -> {
              try {
                edge2.leave(60_000);
              } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
              }
            });
    while (leaving.isAlive()) {
      both();
      boolean _ = leaving.join(java.time.Duration.ofMillis(1));
    }
    assertThat(edge1.view().fronts()).extracting(Front::draining).containsExactly(false, true);
  }

  @Test
  void withoutAMajorityTheLastThatWasKnownCountsAndWhatOneSaysOfItself() throws Exception {
    both();
    both();
    edge1.alone(config("edge-1", 7, "192.0.2.9"));
    assertThat(edge1.view().fronts())
        .containsExactly(
            new Front("edge-1", List.of("192.0.2.9"), 7, "east", false),
            new Front("edge-2", List.of("192.0.2.2"), 1, "", false));
    FrontEnds third = new FrontEnds(state, () -> 0, "");
    third.alone(config("edge-3", 1, "192.0.2.3"));
    assertThat(third.view().fronts()).extracting(Front::instance).containsExactly("edge-3");
    assertThat(third.view().words()).as("what operators say is not known").isNull();
    third.leave(60_000); // nobody is there to wait for
  }

  @Test
  void allHearWhatOperatorsSay() throws Exception {
    edge1.say("www.example.com", "192.0.2.1", "down");
    edge2.say("www.example.com", "192.0.2.2", "drain");
    edge2.say("www.example.com", "192.0.2.1", "up");
    both();
    assertThat(edge1.view().words())
        .containsExactly(
            new Word("www.example.com", "192.0.2.2", "drain"),
            new Word("www.example.com", "192.0.2.1", "up"))
        .isEqualTo(edge2.view().words());
    edge1.say("www.example.com", "192.0.2.2", null);
    edge1.say("www.example.com", "192.0.2.1", null);
    both();
    assertThat(edge2.view().words()).isEmpty();
  }

  private void both() throws GroupException {
    edge1.step(config("edge-1", 1, "192.0.2.1"));
    edge2.step(config("edge-2", 1, "192.0.2.2"));
    edge1.step(config("edge-1", 1, "192.0.2.1"));
  }

  private static GroupConfig config(String instance, int weight, String... addresses) {
    return new GroupConfig(
        "prod",
        instance,
        new HostPort("127.0.0.1", 7400),
        Map.of(),
        GroupConfig.Role.MEMBER,
        Optional.empty(),
        Optional.empty(),
        false,
        List.of(addresses),
        weight,
        Optional.empty(),
        Optional.empty());
  }
}
