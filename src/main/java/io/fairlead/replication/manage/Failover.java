package io.fairlead.replication.manage;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * One failover of a managed PostgreSQL database, from the decision to the new primary: which order
 * follows which answer. It waits for nothing and asks nobody; commands go out, answers come in.
 *
 * <p>Safety is a matter of data and not of time: first so many voters stop taking anything from the
 * old primary ({@link VoterRule}) that it can never again acknowledge a commit, dead or alive, and
 * every commit that it has acknowledged is at one of them. The one that has the most of the
 * timeline on which it wrote has them all. It is told to wait for voters itself <em>before</em> it
 * is promoted, and has to say so when asked; else it could acknowledge what nobody else has. And
 * before that the group asks more of whoever elects next, enough for commits under the old rule and
 * under the new. The new rule is then written as a transaction: when that is acknowledged, those
 * who did have all that was before, the new rule alone is in force, and clients are let in.
 *
 * <p>Every command carries the term. A voter that has promised a higher one refuses; whoever hears
 * of a higher one gives up. What fails is not mended here: the next failover has the next term.
 */
final class Failover {
  /** What is to be done; the answer is an {@link Answer}, or never comes. */
  sealed interface Command {
    /** The group remembers, by a majority, that this term has begun. */
    record BeginTerm(long term) implements Command {}

    /** The voter promises the term, on disk; takes nothing from any primary; replays all it has. */
    record Revoke(String member, long term) implements Command {}

    /** The old primary is to stop at once, if it can be reached; nothing depends on it. */
    record Stop(String member, long term) implements Command {}

    /** A member gets what another has and it lacks. */
    record FastForward(String member, String from, long term) implements Command {}

    /**
     * The group remembers that rule, if it still remembers the one that is expected and no higher
     * term has begun. Within a term the new primary may have begun to change the rule, too.
     */
    record WriteState(VoterRule expected, VoterRule rule, long term) implements Command {}

    /** The member is to wait for these when it is primary, has taken that up, and reads it back. */
    record SetNames(String member, VoterRule rule, long term) implements Command {}

    /**
     * It becomes a primary.
     *
     * @param timeline that it begins: of nobody else's promotion in any term
     */
    record Promote(String member, long term, int timeline) implements Command {}

    /** A voter receives from the new primary, or from who is about to be it. */
    record Follow(String member, String primary, long term) implements Command {}

    /** The rule is committed by the new primary, as any client's transaction is. */
    record WriteRule(String member, VoterRule rule, long term) implements Command {}

    /** Clients go there. */
    record Publish(String member, long term) implements Command {}
  }

  /** What came of a command. */
  sealed interface Answer {
    /**
     * From now on the group takes no rule of a lower term.
     *
     * @param rule in force at that moment; one that was read before may be another's no more
     */
    record TermBegun(long term, VoterRule rule) implements Answer {}

    /**
     * A voter has kept its promise.
     *
     * @param position up to where it has received, and replayed, the log
     */
    record Revoked(String member, long term, Position position) implements Answer {}

    /** The group remembers the rule it was given last. */
    record StateWritten(long term) implements Answer {}

    /** Somebody has promised more. */
    record Outvoted(long higher) implements Answer {}

    record Advanced(String member, long term, Position position) implements Answer {}

    /** What the member says that it waits for. */
    record NamesRead(String member, long term, String names) implements Answer {}

    record Promoted(String member, long term, int timeline) implements Answer {}

    /**
     * The rule is at those whose word it needs.
     *
     * @param end of the log behind it: who has that much of its timeline has the rule
     */
    record RuleWritten(String member, long term, long end) implements Answer {}

    /** A step of that member has come to nothing. */
    record Failed(String member, long term, String why) implements Answer {}

    /** No more voters are waited for. */
    record EnoughWaited(long term) implements Answer {}
  }

  /** Where it is. */
  enum Phase {
    /** The term is being begun. */
    BEGINNING,
    /** Voters are being recruited. */
    RECRUITING,
    /** No voter that was recruited may be promoted: one of the others has to get what they have. */
    SEEKING,
    /** The only one whose word commits will need is the old primary. */
    AWAITING,
    /** The one to be promoted gets what it lacks. */
    ADVANCING,
    /** The group is told for whom it will wait. */
    PREPARING,
    /** It is told itself. */
    NAMING,
    /** It is being promoted, and those follow it already who surely have a piece of its log. */
    PROMOTING,
    /** The rule is being written, and voters follow. */
    SEALING,
    DONE,
    /** Nothing more happens in this term. */
    GIVEN_UP
  }

  /**
   * Who may become primary.
   *
   * @param priority of those that have the same, the one with the higher is promoted; below 0:
   *     never
   */
  record Candidate(String name, int priority) {}

  /**
   * How much of the log a member has.
   *
   * <p>What was acknowledged is up to somewhere on the timeline of the last primary that was let
   * in, which alone wrote on it. So of two who have its rule the one that has more of that timeline
   * has more that counts. What was begun behind it, by a promotion that was not sealed or that was
   * made by hand, has nothing that was acknowledged, however long it is.
   *
   * @param sealed the term of the last rule that is written in it
   * @param timeline the highest that it has anything of
   * @param received up to where
   * @param shared up to where it is of the timeline on which that rule was written
   */
  record Position(long sealed, int timeline, long received, long shared)
      implements Comparable<Position> {
    private static final Comparator<Position> ORDER =
        Comparator.comparingLong(Position::sealed).thenComparingLong(Position::shared);

    /** Of one that ends on the timeline on which that rule was written. */
    Position(long sealed, int timeline, long received) {
      this(sealed, timeline, received, received);
    }

    /** By what may have been acknowledged of it. */
    @Override
    public int compareTo(Position other) {
      return ORDER.compare(this, other);
    }
  }

  /**
   * What is known of the last term that came to its end. Logs that end on its timeline and have its
   * rule are pieces of one log: only one member wrote on that timeline and that rule. Of no others
   * is that known.
   *
   * @param term in which its primary was let in
   * @param timeline that this one had begun
   */
  record Sealed(long term, int timeline) {
    boolean holds(Position position) {
      return position.sealed() == term && position.timeline() == timeline;
    }

    /** Whether what is at the one is surely a piece of the log that the other has. */
    boolean isPiece(Position one, Position other) {
      return holds(one) && holds(other) && one.compareTo(other) <= 0;
    }

    /**
     * What a promotion in that term begins. A number is all that tells one timeline from another,
     * and two that were begun at two members have the same where each takes the next that it knows
     * of. So the term says which.
     */
    int begunIn(long later) {
      return (int) (timeline + later - term);
    }
  }

  private final long term;
  private final String old;
  private final Sealed last;
  private final Map<String, Integer> priorities = new LinkedHashMap<>();
  private final Map<String, Position> recruited = new HashMap<>();
  private final Map<String, Position> found = new HashMap<>();
  private final Set<String> following = new HashSet<>();
  private Phase phase = Phase.BEGINNING;
  private String why = "";
  private long wanted;
  private @Nullable String winner;
  private @Nullable VoterRule rule;
  private @Nullable VoterRule next;

  /**
   * @param term higher than any before
   * @param old the primary that is to be none any more
   * @param last the term before that it was that in
   * @param candidates members that have data; who votes and is none of them is not promoted
   */
  Failover(long term, String old, Sealed last, List<Candidate> candidates) {
    this.term = term;
    this.old = old;
    this.last = last;
    candidates.forEach(one -> priorities.put(one.name(), one.priority()));
  }

  Phase phase() {
    return phase;
  }

  /** Why it was given up, for people; empty: it was not. */
  String why() {
    return why;
  }

  /** The term that can begin a timeline of its own; 0: this one could. */
  long wanted() {
    return wanted;
  }

  List<Command> begin() {
    return List.of(new Command.BeginTerm(term));
  }

  /** What is to be done now. Answers of other terms, and those that come late, change nothing. */
  List<Command> on(Answer answer) {
    if (phase == Phase.DONE || phase == Phase.GIVEN_UP) {
      return List.of();
    }
    return switch (answer) {
      case Answer.TermBegun(long begun, VoterRule inForce)
          when begun == term && phase == Phase.BEGINNING ->
          recruit(inForce);
      case Answer.Revoked(String member, long at, Position position)
          when at == term && phase == Phase.RECRUITING && rule().voters().contains(member) -> {
        recruited.put(member, position);
        yield recruited.keySet().containsAll(rule().voters()) ? choose() : List.of();
      }
      case Answer.EnoughWaited(long at) when at == term && phase == Phase.RECRUITING -> choose();
      case Answer.Revoked(String member, long at, Position position)
          when at == term && phase == Phase.SEEKING && sought().contains(member) -> {
        found.put(member, position);
        boolean all = found.keySet().containsAll(sought());
        yield all || position.compareTo(position(mostAdvanced())) >= 0 ? take() : List.of();
      }
      case Answer.EnoughWaited(long at) when at == term && phase == Phase.SEEKING -> take();
      case Answer.Revoked(String member, long at, Position position)
          when at == term && phase == Phase.AWAITING && member.equals(old) ->
          takeOver(position);
      case Answer.EnoughWaited(long at) when at == term && phase == Phase.AWAITING -> prepare();
      case Answer.Outvoted(long higher) when higher > term ->
          giveUp("term " + higher + " has begun");
      case Answer.Advanced(String member, long at, Position position)
          when isOfWinner(member, at, Phase.ADVANCING) -> {
        recruited.put(member, position);
        yield isMostAdvanced(member)
            ? prepare()
            : giveUp(member + " did not get all that another has");
      }
      case Answer.StateWritten(long at) when at == term && phase == Phase.PREPARING -> name();
      case Answer.NamesRead(String member, long at, String names)
          when isOfWinner(member, at, Phase.NAMING) ->
          next().synchronousStandbyNames().equals(names)
              ? promote()
              : giveUp(member + " waits for '" + names + "', not for what it was told");
      case Answer.Promoted(String member, long at, int timeline)
          when isOfWinner(member, at, Phase.PROMOTING) ->
          seal(timeline);
      case Answer.RuleWritten(String member, long at, long _)
          when isOfWinner(member, at, Phase.SEALING) -> {
        phase = Phase.DONE;
        yield List.of(
            new Command.Publish(member, term), new Command.WriteState(rule(), next(), term));
      }
      case Answer.Failed(String member, long at, String what)
          when at == term && member.equals(winner) && phase.compareTo(Phase.RECRUITING) > 0 ->
          giveUp(member + ": " + what);
      case Answer.TermBegun _,
          Answer.Revoked _,
          Answer.EnoughWaited _,
          Answer.Outvoted _,
          Answer.Advanced _,
          Answer.StateWritten _,
          Answer.NamesRead _,
          Answer.Promoted _,
          Answer.RuleWritten _,
          Answer.Failed _ ->
          List.of();
    };
  }

  /** Whose word the last step needs; empty: it has not come to that. */
  Set<String> awaited() {
    return phase == Phase.SEALING ? next().names() : Set.of();
  }

  /** Who has been asked and has not answered; empty: nobody is waited for. */
  Set<String> missing() {
    Set<String> missing = new HashSet<>();
    if (phase == Phase.RECRUITING) {
      missing.addAll(rule().voters());
      missing.removeAll(recruited.keySet());
    } else if (phase == Phase.SEEKING) {
      missing.addAll(sought());
      missing.removeAll(found.keySet());
    } else if (phase == Phase.AWAITING) {
      missing.add(old);
    }
    return missing;
  }

  /** Whether somebody is there who could get what he lacks, and others are waited for. */
  boolean isFound() {
    return phase == Phase.SEEKING && !found.isEmpty();
  }

  private boolean isOfWinner(String member, long at, Phase wanted) {
    return at == term && phase == wanted && member.equals(winner);
  }

  private List<Command> giveUp(String reason) {
    phase = Phase.GIVEN_UP;
    why = reason;
    return List.of();
  }

  private List<Command> recruit(VoterRule inForce) {
    rule = inForce;
    phase = Phase.RECRUITING;
    List<Command> commands = new ArrayList<>();
    for (String voter : rule().voters()) {
      commands.add(new Command.Revoke(voter, term));
    }
    commands.add(new Command.Stop(old, term));
    return commands;
  }

  /**
   * Before enough are recruited it is gone on waiting: better nobody than one who lacks commits.
   */
  private List<Command> choose() {
    if (!rule().isRecruited(recruited.keySet())) {
      return List.of();
    }
    String best = null;
    for (Map.Entry<String, Position> one : recruited.entrySet()) {
      if (priority(one.getKey()) >= 0 && (best == null || isBetter(one.getKey(), best))) {
        best = one.getKey();
      }
    }
    return best == null ? seek() : advance(best);
  }

  private List<Command> advance(String best) {
    winner = best;
    if (isMostAdvanced(best)) {
      return others().isEmpty() ? await() : prepare();
    }
    phase = Phase.ADVANCING;
    return List.of(new Command.FastForward(best, mostAdvanced(), term));
  }

  /**
   * Those who have everything have no data, or may not be promoted. Any other member will do that
   * can be brought to where they are, the old primary included, which mostly is there already.
   */
  private List<Command> seek() {
    Set<String> sought = sought();
    if (sought.isEmpty()) {
      return giveUp("nobody who has the data may become primary");
    }
    phase = Phase.SEEKING;
    return sought.stream().<Command>map(member -> new Command.Revoke(member, term)).toList();
  }

  /** Who may be promoted and does not vote. */
  private Set<String> sought() {
    Set<String> sought = new TreeSet<>();
    priorities.forEach((member, priority) -> {
      if (priority >= 0 && !rule().voters().contains(member)) {
        sought.add(member);
      }
    });
    return sought;
  }

  /**
   * Whoever has at least as much as those who were recruited has everything, as among these.
   * Whoever has less gets it, if what he has is a piece of the same log, which is looked at when he
   * does.
   */
  private List<Command> take() {
    String best = null;
    for (String one : found.keySet()) {
      if (best == null || isBetter(one, best)) {
        best = one;
      }
    }
    if (best == null) {
      return giveUp("nobody who may become primary can be asked");
    }
    recruited.put(best, position(best));
    return advance(best);
  }

  /**
   * Nothing can be acknowledged before the old primary is back. One that was killed mostly is in a
   * moment, and often has something that nobody else has and that was not acknowledged. Were it
   * left behind it would have to go back first, which takes far longer than to wait for it.
   */
  private List<Command> await() {
    phase = Phase.AWAITING;
    return List.of(new Command.Revoke(old, term));
  }

  /** What the old primary has more of the same log is taken over, so that it can follow. */
  private List<Command> takeOver(Position position) {
    Position own = position(winner());
    if (position.compareTo(own) <= 0 || !last.isPiece(own, position)) {
      return prepare();
    }
    recruited.put(old, position);
    phase = Phase.ADVANCING;
    return List.of(new Command.FastForward(winner(), old, term));
  }

  private int priority(String member) {
    return priorities.getOrDefault(member, -1);
  }

  private boolean isBetter(String one, String other) {
    int order = position(one).compareTo(position(other));
    if (order == 0) { // what is behind it was acknowledged to nobody, and may be of anybody
      order = Integer.compare(position(other).timeline(), position(one).timeline());
    }
    if (order == 0) {
      order = Integer.compare(priority(one), priority(other));
    }
    return order == 0 ? one.compareTo(other) < 0 : order > 0;
  }

  private Position position(String member) {
    return recruited.getOrDefault(member, found.getOrDefault(member, new Position(0, 0, 0)));
  }

  private boolean isMostAdvanced(String member) {
    return position(member).compareTo(position(mostAdvanced())) == 0;
  }

  private String mostAdvanced() {
    String best = "";
    for (String member : recruited.keySet()) {
      if (best.isEmpty()
          || position(member).compareTo(position(best)) > 0
          || (position(member).compareTo(position(best)) == 0 && member.compareTo(best) < 0)) {
        best = member;
      }
    }
    return best;
  }

  /**
   * The other voters vote from now on; the old primary will when it has rejoined. Whoever elects
   * next has to recruit so many of all that neither a commit under the old rule nor one under the
   * new can be missed. Where there is no other voter the old primary has to rejoin before anything
   * is acknowledged.
   */
  private List<Command> prepare() {
    int highest = highestTimeline();
    if (highest >= timeline()) { // somebody was promoted by hand
      wanted = term + highest - timeline() + 1;
      return giveUp("timeline " + timeline() + " has been begun by somebody else already");
    }
    Set<String> others = others();
    if (others.isEmpty()) {
      others.add(old);
    }
    int acks = Math.min(rule().acks(), others.size());
    next = VoterRule.of(others, acks);
    List<VoterRule.Step> steps = rule().stepsTo(others, acks);
    if (!steps.isEmpty() && steps.getFirst() instanceof VoterRule.Step.State(VoterRule careful)) {
      phase = Phase.PREPARING;
      VoterRule before = rule();
      rule = careful;
      return List.of(new Command.WriteState(before, careful, term));
    }
    return name(); // who elects is that careful already
  }

  /** Who votes beside the one that is to be promoted. */
  private Set<String> others() {
    Set<String> others = new HashSet<>(rule().voters());
    others.addAll(rule().names());
    others.remove(winner());
    return others;
  }

  private List<Command> name() {
    phase = Phase.NAMING;
    return List.of(new Command.SetNames(winner(), next(), term));
  }

  /**
   * Those whose log is a piece of the winner's may receive from it at once: all that it has was
   * received from primaries of terms that came to their end, and nothing comes from those any more,
   * since it has promised this term, too. So they lack nothing when it begins its timeline, and go
   * on to that over the connection they have, instead of looking for it when all else is done. What
   * is left out is a log of which that is not known: as long as both have the same timeline nothing
   * would say that they are different, and one would be written over the other.
   *
   * <p>It waits for whom it has to already, so they acknowledge nothing that others do not know of;
   * and if the promotion comes to nothing, the next term has them stop as this one did.
   */
  private List<Command> promote() {
    phase = Phase.PROMOTING;
    List<Command> commands = new ArrayList<>();
    for (String member : followers()) {
      if (last.isPiece(position(member), position(winner()))) {
        commands.add(new Command.Follow(member, winner(), term));
        following.add(member);
      }
    }
    commands.add(new Command.Promote(winner(), term, timeline()));
    return commands;
  }

  private int highestTimeline() {
    return recruited.values().stream().mapToInt(Position::timeline).max().orElse(0);
  }

  /** That it begins. Where nobody was ever let in there is nobody else, but maybe older ones. */
  private int timeline() {
    int own = last.begunIn(term);
    return last.term() == 0 ? Math.max(own, highestTimeline() + 1) : own;
  }

  private List<Command> seal(int timeline) {
    if (timeline != timeline()) {
      return giveUp("the promotion began timeline " + timeline + ", not " + timeline());
    }
    phase = Phase.SEALING;
    List<Command> commands = new ArrayList<>();
    for (String member : followers()) {
      if (!following.contains(member)) {
        commands.add(new Command.Follow(member, winner(), term));
      }
    }
    commands.add(new Command.WriteRule(winner(), next(), term));
    return commands;
  }

  /** Who has promised and is not to be promoted. */
  private List<String> followers() {
    return recruited.keySet().stream().filter(member -> !member.equals(winner)).sorted().toList();
  }

  private VoterRule rule() {
    VoterRule inForce = rule;
    if (inForce == null) {
      throw new IllegalStateException("no rule is known in " + phase);
    }
    return inForce;
  }

  private VoterRule next() {
    VoterRule chosen = next;
    if (chosen == null) {
      throw new IllegalStateException("no rule is chosen in " + phase);
    }
    return chosen;
  }

  private String winner() {
    String chosen = winner;
    if (chosen == null) {
      throw new IllegalStateException("nobody is chosen in " + phase);
    }
    return chosen;
  }
}
