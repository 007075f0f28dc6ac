package io.fairlead.insight;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.service.Standing;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Screenplays of one node, a second each step. */
final class CourseTest {
  private static final Evidence CERTAIN = evidence(Signal.ERRORS, 1e-20);
  private static final Evidence WEAK = evidence(Signal.ERRORS, 1e-8);
  private static final Evidence TAIL = evidence(Signal.TAIL, 1e-20);

  private final Course course = new Course();
  private final List<String> story = new ArrayList<>();
  private int second;
  private int requests = 100;
  private boolean passes = true;
  private @Nullable String against;

  private static Evidence evidence(Signal signal, double chance) {
    return new Evidence(signal, "", 50_000_000, 10, 22, 100, 0.001, chance, "");
  }

  private void seconds(int count, @Nullable Evidence evidence) {
    for (int i = 0; i < count; i++) {
      second++;
      Standing before = course.standing();
      course.tick(
          second * Course.SECOND,
          evidence,
          requests,
          passes && course.until() > 0 && second * Course.SECOND >= course.until(),
          () -> against);
      Standing after = course.standing();
      if (before.share() != after.share()) {
        story.add(second + " " + after.state() + " " + after.share());
      }
    }
  }

  @Test
  void whatIsBeyondDoubtEjectsAtOnceAndTheWayBackHasSteps() {
    seconds(1, CERTAIN);
    assertThat(course.standing().reason()).isEqualTo("errors 22 % of 100 in 10 s, others 0.1 %");
    seconds(40, null);
    assertThat(story)
        .containsExactly(
            "1 EJECTED 0.0",
            "11 PROBATION 0.01",
            "16 PROBATION 0.05",
            "21 PROBATION 0.25",
            "26 GOOD 1.0");
    assertThat(course.standing().reason()).isEmpty();
  }

  @Test
  void weakEvidenceHasToBeSeenAgain() {
    seconds(1, WEAK);
    seconds(1, WEAK);
    assertThat(story).containsExactly("1 PROBATION 0.1", "2 EJECTED 0.0");
  }

  @Test
  void whatIsNotSeenAgainIsForgottenInTenSeconds() {
    seconds(1, WEAK);
    seconds(20, null);
    assertThat(story).containsExactly("1 PROBATION 0.1", "11 PROBATION 0.25", "16 GOOD 1.0");
  }

  @Test
  void eachEjectionInARowTakesTwiceAsLongUpToThirtyTwoTimes() {
    List<Integer> lengths = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      seconds(1, CERTAIN);
      int out = second;
      while (course.isOut()) {
        seconds(1, null);
      }
      lengths.add(second - out);
    }
    assertThat(lengths).containsExactly(10, 20, 40, 80, 160, 320, 320, 320);
  }

  @Test
  void aLongGoodTimeForgivesOneEjectionAfterTheOther() {
    seconds(1, CERTAIN);
    seconds(11, null);
    seconds(1, CERTAIN);
    seconds(20 + 15 + 300 + 1, null);
    assertThat(course.standing()).isEqualTo(Standing.GOOD);
    seconds(1, CERTAIN);
    int out = second;
    while (course.isOut()) {
      seconds(1, null);
    }
    assertThat(second - out).as("the second in a row, no longer the third").isEqualTo(20);
  }

  @Test
  void nobodyComesBackUntilAProbePasses() {
    passes = false;
    seconds(1, CERTAIN);
    seconds(60, null);
    assertThat(story).containsExactly("1 EJECTED 0.0");
    passes = true;
    seconds(1, null);
    assertThat(story).containsExactly("1 EJECTED 0.0", "62 PROBATION 0.01");
  }

  @Test
  void aStepTakesLongerWhereHardlyAnybodyAsks() {
    seconds(1, CERTAIN);
    requests = 2;
    seconds(56, null);
    assertThat(story)
        .containsExactly(
            "1 EJECTED 0.0",
            "11 PROBATION 0.01",
            "26 PROBATION 0.05",
            "41 PROBATION 0.25",
            "56 GOOD 1.0");
  }

  @Test
  void aDegradedTailHalvesTheShareAndEjectsNobody() {
    seconds(60, TAIL);
    seconds(31, null);
    assertThat(story).containsExactly("1 PROBATION 0.5", "90 GOOD 1.0");
  }

  @Test
  void withoutRoomItGetsATenthUntilThereIsRoom() {
    against = "no more than 50 % of the nodes may be out at once";
    seconds(3, CERTAIN);
    assertThat(course.isRefused()).isTrue();
    assertThat(course.standing().reason())
        .endsWith("; not ejected: no more than 50 % of the nodes may be out at once");
    against = null;
    seconds(1, CERTAIN);
    assertThat(story).containsExactly("1 PROBATION 0.1", "4 EJECTED 0.0");
  }

  @Test
  void whatTurnsOutToBeEverybodysIsTakenBack() {
    seconds(1, CERTAIN);
    course.takeBack(2 * Course.SECOND, "errors, as others have, too");
    second = 2;
    assertThat(course.standing().share()).isEqualTo(0.25);
    seconds(5, null);
    assertThat(course.standing()).isEqualTo(Standing.GOOD);
  }

  /** Another process goes on: what this one has found, and how often, is not forgotten. */
  @Test
  void whoGoesOnKeepsTheTimeThatIsLeftAndTheDoublings() {
    course.goOn(
        new Standing(Standing.State.EJECTED, 0, "errors 22 % (time 2 in a row)"),
        7 * Course.SECOND,
        2,
        0);
    seconds(8, null);
    assertThat(course.standing().reason()).endsWith("before: errors 22 % (time 2 in a row)");
    seconds(1, CERTAIN);
    seconds(41, null);
    assertThat(story)
        .containsExactly("7 PROBATION 0.01", "9 EJECTED 0.0", "49 PROBATION 0.01"); // 10 s × 4
  }

  @Test
  void whoGoesOnGoesOnWithTheWayBack() {
    course.goOn(
        new Standing(
            Standing.State.PROBATION, 0.05, "comes back with 5 % of its share; before: errors 3 %"),
        0,
        1,
        0);
    assertThat(course.standing().share()).isEqualTo(0.05);
    seconds(5, null);
    assertThat(course.standing().reason())
        .isEqualTo("comes back with 25 % of its share; before: errors 3 %");
    seconds(5, null);
    assertThat(story).containsExactly("5 PROBATION 0.25", "10 GOOD 1.0");
  }

  @Test
  void whoGoesOnWithWhatIsOnlyLateAtTimesForgetsItInTime() {
    course.goOn(new Standing(Standing.State.PROBATION, 0.5, "slow at times"), 0, 0, 0);
    seconds(30, null);
    assertThat(story).containsExactly("30 GOOD 1.0");
  }

  @Test
  void onlyTheDoublingsAreLeftOfAGoodNode() {
    course.goOn(Standing.GOOD, 0, 1, 0);
    seconds(1, CERTAIN);
    seconds(20, null);
    assertThat(story).containsExactly("1 EJECTED 0.0", "21 PROBATION 0.01");
  }
}
