package io.fairlead.replication.manage;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What follows from what members tell while nobody is being elected. */
class SteadyTest {
  private static final String A = "10.0.0.1:5432";
  private static final long NOW = Duration.ofHours(1).toNanos();

  private final ManagedState state =
      new ManagedState("7", 4, 4, "a", 3, VoterRule.of(List.of("b", "c"), 1), false);
  private final Map<String, Steady.Known> members = new HashMap<>();

  SteadyTest() {
    members.put("a", known(primary(NOW, "b", "c"), 0, false));
    members.put("b", known(replica(A, true, 10), 0, false));
    members.put("c", known(replica(A, true, 10), 0, false));
  }

  private static Sight primary(long at, String... followers) {
    return new Sight(at, null, false, "7", 3, 900, 4, "", false, -1, Set.of(followers), false);
  }

  private static Sight replica(String follows, boolean receives, long heardMillis) {
    return new Sight(
        NOW, null, true, "7", 3, 900, 4, follows, receives, heardMillis, Set.of(), true);
  }

  private static Steady.Known known(Sight sight, int misses, boolean down) {
    long since = NOW - Duration.ofMinutes(1).toNanos();
    return new Steady.Known(sight, sight.told() ? sight : null, misses, since, since, down, 0);
  }

  /** Silent for that long, after so many questions. */
  private void silent(long millis, int misses) {
    Sight last = primary(NOW - millis * 1_000_000, "b", "c");
    members.put(
        "a", new Steady.Known(Sight.none(NOW, "no answer"), last, misses, NOW, NOW, false, 0));
  }

  private Steady steady() {
    return new Steady(state, members, 2, NOW);
  }

  @Test
  void whereAllIsWellNothingIsDone() {
    assertThat(steady().whyElect()).isEmpty();
    assertThat(steady().lost("a", A)).isEmpty();
    assertThat(steady().stuck("a", A, Ancestry.UNKNOWN)).isEmpty();
    assertThat(steady().voters(1)).containsExactly("b", "c");
  }

  @Test
  void aServerThatHasEndedNeedsNoProbe() {
    members.put("a", known(Sight.none(NOW, "refused"), 0, true));
    assertThat(steady().whyElect()).isEqualTo("a has ended");
  }

  @Test
  void oneMissIsNoFailure() {
    silent(500, 1);
    assertThat(steady().whyElect()).isEmpty();
  }

  @Test
  void aSilentPrimaryIsSucceededUnlessReplicasHearFromIt() {
    silent(1000, 2);
    assertThat(steady().whyElect()).as("b heard 10 ms ago").isEmpty();
    members.put("b", known(replica(A, true, 990), 0, false));
    members.put("c", known(replica(A, true, 990), 0, false));
    assertThat(steady().whyElect()).contains("does not answer");
    members.put("b", known(replica(A, true, -3_600_000), 0, false));
    assertThat(steady().whyElect()).as("the clock of b was set back").contains("does not answer");
    silent(3100, 9);
    members.put("b", known(replica(A, true, 10), 0, false));
    assertThat(steady().whyElect()).as("not for ever").contains("does not answer");
  }

  @Test
  void withoutEnoughVotersNobodyIsElected() {
    members.put("a", known(Sight.none(NOW, "refused"), 9, true));
    members.put("c", known(Sight.none(NOW, "refused"), 9, true));
    assertThat(steady().whyNot()).contains("only [b]", "might be lost");
    members.put("c", known(replica("", false, -1), 0, true));
    assertThat(steady().whyNot()).as("what it said last it says no more").contains("only [b]");
    members.put("c", known(replica("", false, -1), 0, false));
    assertThat(steady().whyNot()).isEmpty();
  }

  /** W has everything and no data: somebody has to be there who can get it. */
  @Test
  void withAWitnessAloneAMemberWithDataIsWaitedFor() {
    ManagedState alone = new ManagedState("7", 4, 4, "a", 3, VoterRule.of(List.of("w"), 1), false);
    members.put("w", known(replica(A, true, -1), 0, false));
    members.put("a", known(Sight.none(NOW, "refused"), 9, true));
    members.put("b", known(Sight.none(NOW, "refused"), 9, true));
    members.put("c", known(Sight.none(NOW, "refused"), 9, true));
    Steady steady = new Steady(alone, members, 2, NOW);
    assertThat(steady.whyNot()).isEmpty();
    assertThat(steady.whyNobody(Set.of("w"))).contains("nobody of [a, b, c] is there", "[w]");
    for (String one : List.of("a", "b")) {
      members.put(one, known(replica("", false, -1), 0, false));
      assertThat(new Steady(alone, members, 2, NOW).whyNobody(Set.of("w"))).isEmpty();
      members.put(one, known(Sight.none(NOW, "refused"), 9, true));
    }
    members.put("b", known(replica("", false, -1), 0, false));
    assertThat(new Steady(alone, members, 2, NOW).whyNobody(Set.of("w", "b")))
        .contains("nobody of [a, c] is there");
    members.put("a", known(primary(NOW), 0, false));
    assertThat(new Steady(alone.withTerm(5), members, 2, NOW).whyNobody(Set.of("w", "b")))
        .as("it was promoted in a term that came to nothing, and is ended by the next")
        .isEmpty();
  }

  @Test
  void aTermThatCameToNothingIsFollowedByAnother() {
    assertThat(new Steady(state.withTerm(5), members, 2, NOW).whyElect()).contains("term 5");
  }

  @Test
  void replicasAreLedAndThoseThatCannotFollowAreMadeFit() {
    members.put("b", known(replica("10.0.0.9:5432", false, -1), 0, false));
    members.put("c", known(replica(A, false, -1), 0, false));
    assertThat(steady().lost("a", A)).containsExactly("b");
    assertThat(steady().stuck("a", A, Ancestry.UNKNOWN)).containsExactly("c");
  }

  /** Else it would be made fit to follow anew and anew, and copied in the end. */
  @Test
  void whoHasJustComeBackIsGivenTimeToFollow() {
    long before = NOW - Duration.ofMinutes(1).toNanos();
    Sight sight = replica(A, false, -1);
    for (long millis : new long[] {100, 1900, 2100}) {
      long here = NOW - Duration.ofMillis(millis).toNanos();
      members.put("c", new Steady.Known(sight, sight, 0, before, here, false, 0));
      assertThat(steady().stuck("a", A, Ancestry.UNKNOWN)).hasSize(millis > 2000 ? 1 : 0);
    }
  }

  /**
   * The screenplay: a is killed, b succeeds it at 500, and at 900 a is back with more than that.
   */
  @Test
  void whoHasMoreThanWasTakenOverIsNotWaitedFor() {
    Ancestry ancestry = Ancestry.parse(4, "1:100 2:500 3:800");
    Steady steady = new Steady(state.withTerm(5), members, 2, NOW);
    members.put("b", known(primary(NOW), 0, false));
    members.put("a", back(3, 800));
    members.put("c", back(4, 900));
    assertThat(steady.ahead("b", ancestry)).as("they have not more").isEmpty();
    members.put("a", back(3, 801));
    members.put("c", back(2, 501));
    assertThat(steady.ahead("b", ancestry)).as("not told, and at once").containsExactly("a", "c");
    assertThat(steady.ahead("b", Ancestry.UNKNOWN)).isEmpty();
    assertThat(steady.stuck("b", A, ancestry)).as("who is not needed has time").isEmpty();
    members.put("a", back(5, 801));
    members.put("c", back(4, 801));
    assertThat(steady.ahead("b", ancestry)).as("of those nothing is known").isEmpty();
    members.put("c", back(3, 10));
    assertThat(steady.ahead("b", Ancestry.parse(4, "1:100 2:500")))
        .as("it does not come from that one")
        .containsExactly("c");
  }

  /** One that follows nobody and has just begun to answer. */
  private static Steady.Known back(int timeline, long position) {
    Sight sight =
        new Sight(NOW, null, true, "7", timeline, position, 5, "", false, -1, Set.of(), true);
    return new Steady.Known(sight, sight, 0, NOW, NOW, false, 0);
  }

  /** As is waited for where the one that was promoted has nobody else. */
  @Test
  void theOldPrimaryIsLedToWhoWasPromotedAndMadeFitToFollow() {
    String b = "10.0.0.2:5432";
    members.put("a", known(replica(b, false, -1), 0, false));
    members.put("b", known(primary(NOW), 0, false));
    members.put("c", known(Sight.none(NOW, "refused"), 9, true));
    assertThat(steady().stuck("b", b, Ancestry.UNKNOWN)).containsExactly("a");
    members.put("a", known(replica("", false, -1), 0, false));
    assertThat(steady().lost("b", b)).containsExactly("a");
  }

  /** Else nobody would ever be elected again. */
  @Test
  void whoWasPromotedInATermThatCameToNothingIsAskedInTheNext() {
    members.put("a", known(Sight.none(NOW, "refused"), 9, true));
    members.put("b", known(primary(NOW), 0, false));
    assertThat(steady().whyNot()).as("b takes writes by itself").contains("only [c]");
    assertThat(new Steady(state.withTerm(5), members, 2, NOW).whyNot()).isEmpty();
  }

  /** The first promotion of all may come to nothing, too. */
  @Test
  void theFounderIsAskedAgainAlsoWhereItWasPromoted() {
    ManagedState first = ManagedState.founding("a", state.rule()).withSystem("7").withTerm(2);
    assertThat(new Steady(first, members, 2, NOW).whyElect()).contains("term 2");
    assertThat(new Steady(first, members, 2, NOW).whyNot()).isEmpty();
    members.put("a", known(Sight.none(NOW, "refused"), 9, true));
    assertThat(new Steady(first, members, 2, NOW).whyNot()).contains("does not answer");
  }

  @Test
  void whoIsAwayLosesTheVoteIfEnoughAreLeft() {
    members.put("a", known(primary(NOW, "b"), 0, false));
    members.put("c", known(Sight.none(NOW, "refused"), 9, true));
    assertThat(steady().voters(1)).containsExactly("b");
    assertThat(steady().voters(2)).as("better wait than lose").containsExactly("b", "c");
  }

  private static Sight damaged(Sight of, Damage.Plan plan) {
    return new Sight(
        of.at(),
        of.failure(),
        of.recovering(),
        of.system(),
        of.timeline(),
        of.position(),
        of.promise(),
        of.follows(),
        of.receives(),
        of.heard(),
        of.followers(),
        of.closed(),
        new Damage(plan, "block 7 of base/5/1 does not match its checksum"));
  }

  private void damagedReplica(String name, Damage.Plan plan) {
    members.put(name, known(damaged(replica(A, true, 10), plan), 0, false));
  }

  /** Before its data is given up nothing that was acknowledged may depend on it. */
  @Test
  void aDamagedReplicaGivesUpItsVoteIfEnoughAreLeft() {
    damagedReplica("b", Damage.Plan.COPY);
    assertThat(steady().voters(1)).containsExactly("c");
    assertThat(steady().voters(2)).as("commits need both").containsExactly("b", "c");
    damagedReplica("b", Damage.Plan.KEEP);
    assertThat(steady().voters(1)).as("it is not copied").containsExactly("b", "c");
  }

  @Test
  void oneAfterTheOtherDoesAndOnlyWhileAllOthersAreThere() {
    ManagedState four =
        new ManagedState("7", 4, 4, "a", 3, VoterRule.of(List.of("b", "c", "d"), 1), false);
    members.put("a", known(primary(NOW, "b", "c", "d"), 0, false));
    members.put("d", known(replica(A, true, 10), 0, false));
    damagedReplica("b", Damage.Plan.COPY);
    damagedReplica("c", Damage.Plan.COPY);
    assertThat(new Steady(four, members, 2, NOW).voters(1)).containsExactly("c", "d");
    members.put("a", known(primary(NOW, "b", "c"), 0, false));
    members.put("d", known(Sight.none(NOW, "refused"), 9, true));
    assertThat(new Steady(four, members, 2, NOW).voters(1)).containsExactly("b", "c");
  }

  @Test
  void nobodyIsCopiedFromADamagedPrimary() {
    members.put("a", known(damaged(primary(NOW, "b", "c"), Damage.Plan.COPY), 0, false));
    damagedReplica("b", Damage.Plan.COPY);
    assertThat(steady().voters(1)).containsExactly("b", "c");
  }

  @Test
  void whoIsDamagedIsPromotedOnlyIfAnOperatorSaysSoAndNobodyElseIsThere() {
    members.put("a", known(Sight.none(NOW, "refused"), 9, true));
    assertThat(steady().barred(List.of())).isEmpty();
    damagedReplica("b", Damage.Plan.COPY);
    assertThat(steady().barred(List.of())).containsExactly("b");
    assertThat(steady().whyNobody(List.of())).as("there is c").isEmpty();
    assertThat(steady().whyNobody(List.of("c"))).contains("block 7").contains("db bootstrap");
    members.put("c", known(Sight.none(NOW, "refused"), 9, true));
    assertThat(steady().barred(List.of())).containsExactly("b");
    assertThat(steady().whyNobody(List.of())).contains("{b=block 7");
    damagedReplica("b", Damage.Plan.ACCEPTED);
    assertThat(steady().barred(List.of())).isEmpty();
    assertThat(steady().whyNobody(List.of())).isEmpty();
    members.put("c", known(replica(A, true, 10), 0, false));
    assertThat(steady().barred(List.of())).as("there is somebody else").containsExactly("b");
  }

  @Test
  void damageIsReadAsItWasWritten() {
    Damage damage = new Damage(Damage.Plan.KEEP, "block 7 of\tbase/5/1\n");
    assertThat(damage.words()).isEqualTo("block 7 of base/5/1");
    assertThat(Damage.parse(damage.text())).isEqualTo(damage);
    assertThat(Damage.parse("")).isNull();
    assertThat(Damage.parse("what?")).isEqualTo(new Damage(Damage.Plan.KEEP, "what?"));
  }

  @Test
  void whatInstancesTellOfDamageIsRead() {
    ManagedView.Own own =
        new ManagedView.Own("b", "db-2", "runs", "", 7, "block 7 of base/5/1 is not right");
    ManagedView told = new ManagedView(false, false, 4, "", "", List.of(own), List.of());
    ManagedView none = new ManagedView(true, false, 4, "", "", List.of(), List.of());
    assertThat(ViewText.join(none, List.of(ViewText.write(told))).members()).containsExactly(own);
    String old = "member\tb\tdb-2\truns\t\t7\n";
    assertThat(ViewText.join(none, List.of(old)).members().getFirst().damage()).isEmpty();
  }

  @Test
  void whatIsRememberedIsReadAsItWasWritten(@TempDir Path folder) throws IOException {
    StateFile file = new StateFile(folder.resolve("state"));
    assertThat(file.read()).isNull();
    assertThat(file.replace(null, state)).isTrue();
    assertThat(file.replace(null, state)).as("somebody was first").isFalse();
    assertThat(new StateFile(folder.resolve("state")).read()).isEqualTo(state);
  }
}
