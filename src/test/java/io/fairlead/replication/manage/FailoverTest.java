package io.fairlead.replication.manage;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.replication.manage.Failover.Answer;
import io.fairlead.replication.manage.Failover.Candidate;
import io.fairlead.replication.manage.Failover.Command;
import io.fairlead.replication.manage.Failover.Phase;
import io.fairlead.replication.manage.Failover.Position;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which order follows which answer. */
class FailoverTest {
  private static final VoterRule RULE = VoterRule.of(List.of("b", "c"), 1);

  private static final Failover.Sealed LAST = new Failover.Sealed(6, 3);

  private final Failover failover =
      new Failover(7, "a", LAST, List.of(new Candidate("b", 0), new Candidate("c", 0)));

  private List<Command> on(Answer answer) {
    return failover.on(answer);
  }

  private void begin() {
    assertThat(failover.begin()).containsExactly(new Command.BeginTerm(7));
    assertThat(on(new Answer.TermBegun(7, RULE)))
        .containsExactly(
            new Command.Revoke("b", 7), new Command.Revoke("c", 7), new Command.Stop("a", 7));
  }

  private static Answer revoked(String member, long received) {
    return new Answer.Revoked(member, 7, new Position(6, 3, received));
  }

  @Test
  void fromTheFirstToTheLast() {
    begin();
    assertThat(on(revoked("b", 500))).as("two are needed").isEmpty();
    VoterRule next = VoterRule.of(List.of("b"), 1);
    VoterRule careful = RULE.stepsTo(List.of("b"), 1).getFirst().rule();
    List<Command> chosen = on(revoked("c", 600));
    if (careful.equals(RULE)) {
      throw new AssertionError("nothing to prepare");
    }
    // The rule that both have in common asks for as many as the one in force: nothing to write.
    assertThat(chosen).containsExactly(new Command.SetNames("c", next, 7));
    assertThat(on(new Answer.NamesRead("c", 7, "ANY 1 (b)")))
        .containsExactly(new Command.Follow("b", "c", 7), new Command.Promote("c", 7, 4));
    assertThat(on(new Answer.Promoted("c", 7, 4)))
        .containsExactly(new Command.WriteRule("c", next, 7));
    assertThat(on(new Answer.RuleWritten("c", 7, 650)))
        .containsExactly(new Command.Publish("c", 7), new Command.WriteState(RULE, next, 7));
    assertThat(failover.phase()).isEqualTo(Phase.DONE);
  }

  /** As long as the timeline is the same nothing would say that the logs are not. */
  @Test
  void whatMayBeOfAnotherLogFollowsOnlyBehindThePromotion() {
    for (Position other : List.of(new Position(6, 2, 400), new Position(5, 3, 400))) {
      Failover one =
          new Failover(7, "a", LAST, List.of(new Candidate("b", 0), new Candidate("c", 0)));
      List<Command> _ = one.on(new Answer.TermBegun(7, RULE));
      List<Command> _ = one.on(revoked("c", 600));
      List<Command> _ = one.on(new Answer.Revoked("b", 7, other));
      assertThat(one.on(new Answer.NamesRead("c", 7, "ANY 1 (b)")))
          .containsExactly(new Command.Promote("c", 7, 4));
      assertThat(one.on(new Answer.Promoted("c", 7, 4)))
          .startsWith(new Command.Follow("b", "c", 7));
    }
    Failover unsealed =
        new Failover(
            7,
            "a",
            new Failover.Sealed(5, 2),
            List.of(new Candidate("b", 0), new Candidate("c", 0)));
    List<Command> _ = unsealed.on(new Answer.TermBegun(7, RULE));
    List<Command> _ = unsealed.on(revoked("c", 600));
    List<Command> _ = unsealed.on(revoked("b", 500));
    assertThat(unsealed.on(new Answer.NamesRead("c", 7, "ANY 1 (b)")))
        .as("both on the timeline of a promotion that was not sealed")
        .containsExactly(new Command.Promote("c", 7, 4));
  }

  /** Nothing that was acknowledged is there, however much of it there is. */
  @Test
  void whatIsBehindTheLastTimelineThatWasSealedCountsForNothing() {
    begin();
    List<Command> _ = on(new Answer.Revoked("b", 7, new Position(6, 5, 900, 500)));
    assertThat(on(revoked("c", 510))).isEmpty();
    assertThat(failover.why()).isEqualTo("timeline 4 has been begun by somebody else already");
    assertThat(failover.wanted()).as("that begins timeline 6").isEqualTo(9);
    Failover next =
        new Failover(9, "a", LAST, List.of(new Candidate("b", 0), new Candidate("c", 0)));
    List<Command> _ = next.on(new Answer.TermBegun(9, RULE));
    List<Command> _ = next.on(new Answer.Revoked("b", 9, new Position(6, 5, 900, 500)));
    assertThat(next.on(new Answer.Revoked("c", 9, new Position(6, 3, 510))))
        .first()
        .isInstanceOfSatisfying(
            Command.SetNames.class, names -> assertThat(names.member()).isEqualTo("c"));
    assertThat(next.on(new Answer.NamesRead("c", 9, "ANY 1 (b)")))
        .containsExactly(new Command.Promote("c", 9, 6));
    assertThat(next.on(new Answer.Promoted("c", 9, 7))).isEmpty();
    assertThat(next.why()).isEqualTo("the promotion began timeline 7, not 6");
  }

  @Test
  void eachTermBeginsATimelineOfItsOwn() {
    assertThat(LAST.begunIn(7)).isEqualTo(4);
    assertThat(LAST.begunIn(9)).isEqualTo(6);
    assertThat(new Failover.Sealed(8, LAST.begunIn(8)).begunIn(9)).isEqualTo(LAST.begunIn(9));
  }

  @Test
  void notEnoughRecruitsAreWaitedForForEver() {
    begin();
    assertThat(on(revoked("b", 500))).isEmpty();
    assertThat(on(new Answer.EnoughWaited(7))).isEmpty();
    assertThat(on(new Answer.EnoughWaited(7))).isEmpty();
    assertThat(failover.phase()).isEqualTo(Phase.RECRUITING);
  }

  @Test
  void namesThatWereNotTakenUpAreNoNames() {
    begin();
    List<Command> _ = on(revoked("b", 500));
    List<Command> _ = on(revoked("c", 600));
    assertThat(on(new Answer.NamesRead("c", 7, ""))).isEmpty();
    assertThat(failover.phase()).isEqualTo(Phase.GIVEN_UP);
    assertThat(failover.why()).isEqualTo("c waits for '', not for what it was told");
  }

  @Test
  void aHigherTermEndsIt() {
    begin();
    assertThat(on(new Answer.Outvoted(6))).isEmpty();
    assertThat(failover.phase()).isEqualTo(Phase.RECRUITING);
    assertThat(on(new Answer.Outvoted(8))).isEmpty();
    assertThat(failover.phase()).isEqualTo(Phase.GIVEN_UP);
    assertThat(on(revoked("b", 500))).isEmpty();
    assertThat(on(revoked("c", 600))).isEmpty();
  }

  @Test
  void whoMayNotBecomePrimaryGivesWhatItHas() {
    Failover prefers =
        new Failover(7, "a", LAST, List.of(new Candidate("b", 0), new Candidate("c", -1)));
    List<Command> _ = prefers.on(new Answer.TermBegun(7, RULE));
    List<Command> _ = prefers.on(revoked("b", 500));
    assertThat(prefers.on(revoked("c", 600))).containsExactly(new Command.FastForward("b", "c", 7));
    assertThat(prefers.on(new Answer.Advanced("b", 7, new Position(6, 3, 550)))).isEmpty();
    assertThat(prefers.phase()).as("it lacks something still").isEqualTo(Phase.GIVEN_UP);
  }

  /** Of w, who alone has voted and has no data; a was the primary, b was away. */
  private Failover withAWitnessAlone() {
    Failover one =
        new Failover(7, "a", LAST, List.of(new Candidate("a", 2), new Candidate("b", 1)));
    List<Command> _ = one.on(new Answer.TermBegun(7, VoterRule.of(List.of("w"), 1)));
    assertThat(one.on(revoked("w", 500)))
        .containsExactly(new Command.Revoke("a", 7), new Command.Revoke("b", 7));
    assertThat(one.phase()).isEqualTo(Phase.SEEKING);
    assertThat(one.missing()).containsExactly("a", "b");
    return one;
  }

  @Test
  void whereWhoHasEverythingHasNoDataAnotherGetsIt() {
    Failover one = withAWitnessAlone();
    assertThat(one.on(revoked("b", 400))).as("the old primary may have more").isEmpty();
    assertThat(one.isFound()).isTrue();
    assertThat(one.on(new Answer.EnoughWaited(7)))
        .containsExactly(new Command.FastForward("b", "w", 7));
    VoterRule next = VoterRule.of(List.of("w"), 1);
    assertThat(one.on(new Answer.Advanced("b", 7, new Position(6, 3, 500))))
        .containsExactly(new Command.SetNames("b", next, 7));
    assertThat(one.on(new Answer.NamesRead("b", 7, "ANY 1 (w)")))
        .containsExactly(new Command.Follow("w", "b", 7), new Command.Promote("b", 7, 4));
  }

  @Test
  void anOldPrimaryThatIsBackHasEverythingThatAWitnessHas() {
    Failover one = withAWitnessAlone();
    assertThat(one.isFound()).isFalse();
    assertThat(one.on(revoked("a", 510)))
        .as("nobody could have more that counts")
        .containsExactly(new Command.SetNames("a", VoterRule.of(List.of("w"), 1), 7));
  }

  @Test
  void whereNobodyComesWhoCouldGetItNobodyIsElected() {
    Failover one = withAWitnessAlone();
    assertThat(one.on(new Answer.EnoughWaited(7))).isEmpty();
    assertThat(one.phase()).isEqualTo(Phase.GIVEN_UP);
    assertThat(one.why()).isEqualTo("nobody who may become primary can be asked");
    Failover other = withAWitnessAlone();
    List<Command> _ = other.on(revoked("b", 400));
    List<Command> _ = other.on(new Answer.EnoughWaited(7));
    assertThat(other.on(new Answer.Failed("b", 7, "what b has is not of this log"))).isEmpty();
    assertThat(other.why()).isEqualTo("b: what b has is not of this log");
  }

  @Test
  void whatWasSealedLaterCountsMoreThanWhatIsLonger() {
    begin();
    List<Command> _ = on(new Answer.Revoked("b", 7, new Position(6, 3, 400)));
    assertThat(on(new Answer.Revoked("c", 7, new Position(5, 3, 900))))
        .first()
        .isInstanceOfSatisfying(
            Command.SetNames.class, names -> assertThat(names.member()).isEqualTo("b"));
  }

  @Test
  void whatIsOfAnotherTermChangesNothing() {
    begin();
    assertThat(on(new Answer.Revoked("b", 6, new Position(6, 3, 400)))).isEmpty();
    assertThat(on(new Answer.Revoked("x", 7, new Position(6, 3, 400)))).isEmpty();
    assertThat(on(revoked("c", 600))).isEmpty();
    assertThat(failover.phase()).isEqualTo(Phase.RECRUITING);
  }

  /** Of b, who alone has voted: commits will need a, who was killed. */
  private Failover withNobodyElse() {
    Failover alone = new Failover(7, "a", LAST, List.of(new Candidate("b", 0)));
    List<Command> _ = alone.on(new Answer.TermBegun(7, VoterRule.of(List.of("b"), 1)));
    assertThat(alone.on(revoked("b", 500))).containsExactly(new Command.Revoke("a", 7));
    assertThat(alone.missing()).containsExactly("a");
    return alone;
  }

  private static final Command NAMES =
      new Command.WriteState(VoterRule.of(List.of("b"), 1), VoterRule.of(List.of("a", "b"), 1), 7);

  /** Else a would have to go back to what b has first, and all writes would wait for that. */
  @Test
  void whatTheOldPrimaryHasMoreIsTakenOverWhereNothingGoesWithoutIt() {
    Failover alone = withNobodyElse();
    assertThat(alone.on(revoked("a", 510))).containsExactly(new Command.FastForward("b", "a", 7));
    assertThat(alone.on(new Answer.Advanced("b", 7, new Position(6, 3, 510))))
        .containsExactly(NAMES);
    assertThat(alone.on(new Answer.StateWritten(7)))
        .containsExactly(new Command.SetNames("b", VoterRule.of(List.of("a"), 1), 7));
    assertThat(alone.on(new Answer.NamesRead("b", 7, "ANY 1 (a)")))
        .startsWith(new Command.Follow("a", "b", 7));
    assertThat(alone.on(new Answer.Promoted("b", 7, 4))).hasSize(1);
    assertThat(alone.awaited()).containsExactly("a");
  }

  @Test
  void theOldPrimaryIsNotWaitedForForEver() {
    assertThat(withNobodyElse().on(new Answer.EnoughWaited(7))).containsExactly(NAMES);
    assertThat(withNobodyElse().on(revoked("a", 500))).as("no more").containsExactly(NAMES);
    assertThat(withNobodyElse().on(revoked("a", 490))).as("even less").containsExactly(NAMES);
  }

  /** What is streamed over something else is of no log at all. */
  @Test
  void whatMayBeOfAnotherLogIsNotTakenOver() {
    for (Position other :
        List.of(new Position(6, 4, 510), new Position(5, 3, 510), new Position(7, 3, 510))) {
      assertThat(withNobodyElse().on(new Answer.Revoked("a", 7, other))).containsExactly(NAMES);
    }
    Failover alone =
        new Failover(7, "a", new Failover.Sealed(6, 4), List.of(new Candidate("b", 0)));
    List<Command> _ = alone.on(new Answer.TermBegun(7, VoterRule.of(List.of("b"), 1)));
    List<Command> _ = alone.on(revoked("b", 500));
    assertThat(alone.on(revoked("a", 510))).as("both of another timeline").containsExactly(NAMES);
  }
}
