package io.fairlead.replication.manage;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * Whose word a commit needs, and whose an election: a primary acknowledges a commit when that many
 * of its voters have it, and a successor may be chosen when so many of them take nothing from it
 * any more that every acknowledged commit is at one of these, dead or alive as the primary may be.
 * No clock is part of that.
 *
 * <p>The primary waits for {@code acks} of {@code names}, its {@code synchronous_standby_names};
 * who elects needs {@code recruits} of {@code voters}, the state of the group. The two are written
 * one after the other. As long as {@code acks + recruits} is more than all of both together, any so
 * many of the one have somebody in common with any so many of the other.
 *
 * @param names whose acknowledgements count
 * @param acks how many of them a commit needs
 * @param voters who may be recruited
 * @param recruits how many of them an election needs
 */
record VoterRule(NavigableSet<String> names, int acks, NavigableSet<String> voters, int recruits) {
  VoterRule {
    names = Collections.unmodifiableNavigableSet(new TreeSet<>(names));
    voters = Collections.unmodifiableNavigableSet(new TreeSet<>(voters));
    if (acks < 1 || acks > names.size()) {
      throw new IllegalArgumentException(acks + " acknowledgements of " + names);
    }
    if (recruits < 1 || recruits > voters.size()) {
      throw new IllegalArgumentException(recruits + " recruits of " + voters);
    }
  }

  /** With both sides alike, and as few recruits as are needed. */
  static VoterRule of(Collection<String> voters, int acks) {
    TreeSet<String> all = new TreeSet<>(voters);
    return new VoterRule(all, acks, all, all.size() - acks + 1);
  }

  /** Whether an election cannot miss a commit. */
  boolean isSafe() {
    TreeSet<String> all = new TreeSet<>(names);
    all.addAll(voters);
    return acks + recruits > all.size();
  }

  /** Whether these, who take nothing from the primary any more, are enough. */
  boolean isRecruited(Collection<String> revoked) {
    return revoked.stream().distinct().filter(voters::contains).count() >= recruits;
  }

  /** What the primary is told to wait for. */
  String synchronousStandbyNames() {
    return "ANY "
        + acks
        + " ("
        + String.join(", ", names.stream().map(VoterRule::quoted).toList())
        + ")";
  }

  /** As the list's own grammar needs it. */
  private static String quoted(String name) {
    return name.matches("[a-z_][a-z0-9_]*") && !name.equals("any") && !name.equals("first")
        ? name
        : '"' + name.replace("\"", "\"\"") + '"';
  }

  /** One of the two is written. */
  sealed interface Step {
    /** What is in force when it has been; until then either may be. */
    VoterRule rule();

    /** In the state of the group. */
    record State(VoterRule rule) implements Step {}

    /** At the primary; in force when a commit made after it has been acknowledged. */
    record Names(VoterRule rule) implements Step {}
  }

  /**
   * How to get from this to another: who elects first asks enough of all, old and new, then the
   * primary waits for the new ones, then who elects forgets the old. Each step is to be in force
   * before the next. What the group remembers in between holds for both, the primary that waits for
   * the old ones and the one that waits for the new: whoever goes on from there need not know
   * which. For the same reason the primary is always told.
   */
  List<Step> stepsTo(Collection<String> nextVoters, int nextAcks) {
    VoterRule next = of(nextVoters, nextAcks);
    TreeSet<String> both = new TreeSet<>(names);
    both.addAll(voters);
    both.addAll(next.voters());
    VoterRule careful = of(both, Math.min(acks, nextAcks));
    List<Step> steps = new ArrayList<>();
    if (!careful.equals(this)) {
      steps.add(new Step.State(careful));
    }
    steps.add(new Step.Names(new VoterRule(next.names(), nextAcks, both, careful.recruits())));
    if (!careful.equals(next)) {
      steps.add(new Step.State(next));
    }
    return steps;
  }
}
