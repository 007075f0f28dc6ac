package io.fairlead.replication.manage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.replication.manage.MemoryValues.Majority;
import java.io.IOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Two instances that both believe to decide: what the older one knows is of no use to it. */
class StateSharedTest {
  private static final String KEY = "databases/orders/state";

  private final Majority majority = new Majority();
  private final MemoryValues older = new MemoryValues(majority);
  private final MemoryValues newer = new MemoryValues(majority);

  private static ManagedState begun() {
    return new ManagedState("7", 1, 1, "a", 1, VoterRule.of(List.of("b", "c"), 1), false);
  }

  private static ManagedState read(StateShared store) {
    return Objects.requireNonNull(store.read());
  }

  @Test
  void whoeverWasFrozenChangesNothingByWhatItKnew() throws Exception {
    try (StateShared old = new StateShared(older, KEY, () -> {});
        StateShared young = new StateShared(newer, KEY, () -> {})) {
      assertThat(old.replace(null, begun())).isTrue();
      ManagedState known = read(old);
      older.deaf = true; // and what it was about to do is done later
      assertThat(young.latest()).isEqualTo(known);
      assertThat(young.replace(known, known.withTerm(2))).isTrue();
      assertThat(read(old)).isEqualTo(known);
      assertThat(old.replace(known, known.withTerm(2))).isFalse();
      assertThat(old.replace(known, known.withRule(VoterRule.of(List.of("b"), 1)))).isFalse();
      assertThat(Objects.requireNonNull(old.latest()).term()).isEqualTo(2);
      assertThat(read(young)).isEqualTo(read(old));
    }
  }

  @Test
  void aRuleThatIsTheSameAgainIsAnother() throws Exception {
    try (StateShared old = new StateShared(older, KEY, () -> {});
        StateShared young = new StateShared(newer, KEY, () -> {})) {
      assertThat(old.replace(null, begun())).isTrue();
      ManagedState known = read(old);
      older.deaf = true;
      VoterRule other = VoterRule.of(List.of("b"), 1);
      assertThat(young.latest()).isEqualTo(known);
      assertThat(young.replace(known, known.withRule(other))).isTrue();
      ManagedState changed = read(young);
      assertThat(young.replace(changed, changed.withRule(known.rule()))).isTrue();
      assertThat(read(young).rule()).isEqualTo(known.rule());
      assertThat(read(young)).isNotEqualTo(known);
      assertThat(old.replace(known, known.withRule(other))).isFalse();
      assertThat(old.latest()).isEqualTo(read(young));
    }
  }

  @Test
  void oneOfTwoFoundsTheDatabase() throws Exception {
    try (StateShared old = new StateShared(older, KEY, () -> {});
        StateShared young = new StateShared(newer, KEY, () -> {})) {
      older.deaf = true;
      newer.deaf = true;
      ManagedState other = ManagedState.founding("b", VoterRule.of(List.of("a"), 1));
      assertThat(young.replace(null, begun())).isTrue();
      assertThat(old.replace(null, other)).isFalse();
      assertThat(old.latest()).isEqualTo(begun());
    }
  }

  @Test
  void withoutTheOthersWhatWasKnownIsKnownAndNothingChanges() throws Exception {
    try (StateShared old = new StateShared(older, KEY, () -> {})) {
      assertThat(old.replace(null, begun())).isTrue();
      older.alone = true;
      assertThat(old.read()).isEqualTo(begun());
      assertThatThrownBy(() -> old.replace(begun(), begun().withTerm(2)))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(old::latest).isInstanceOf(IOException.class);
      assertThat(old.read()).isEqualTo(begun());
    }
  }

  @Test
  void changesOfOthersAreTold() throws Exception {
    CountDownLatch told = new CountDownLatch(1);
    try (StateShared old = new StateShared(older, KEY, () -> {});
        StateShared young = new StateShared(newer, KEY, told::countDown)) {
      assertThat(old.replace(null, begun())).isTrue();
      assertThat(told.await(20, TimeUnit.SECONDS)).isTrue();
      assertThat(young.read()).isEqualTo(begun());
    }
  }

  @Test
  void statesOfOldAreRead() throws Exception {
    ManagedState state = begun().withPromoted("b").withLeaving("a").withTerm(5);
    assertThat(ManagedState.parse(state.text())).isEqualTo(state);
    String old =
        begun()
            .text()
            .lines()
            .filter(line -> !line.matches("(promoted|leaving|change)=.*"))
            .reduce("", (a, b) -> a + b + "\n");
    assertThat(ManagedState.parse(old)).isEqualTo(begun());
  }
}
