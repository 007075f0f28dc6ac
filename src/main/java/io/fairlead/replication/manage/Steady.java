package io.fairlead.replication.manage;

import java.time.Duration;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What is to be done about a database of which nobody is being elected: purely, by what is
 * remembered and what members told.
 */
final class Steady {
  /** So long a primary may keep silent to us while its replicas hear from it. */
  static final Duration HEARD = Duration.ofSeconds(3);

  /** What a replica heard of the primary later than this after we did is a sign of life. */
  static final Duration MARGIN = Duration.ofMillis(150);

  /** So long a replica may get nothing before it is made fit to. */
  static final Duration IDLE = Duration.ofSeconds(2);

  /** So long a voter may be away before commits no longer count on it. */
  static final Duration AWAY = Duration.ofSeconds(10);

  /** So long one that has come back has to stay before they do. */
  static final Duration BACK = Duration.ofSeconds(1);

  /** So long a primary that is just starting is waited for. */
  static final Duration STARTING = Duration.ofSeconds(10);

  /**
   * A member as it is known.
   *
   * @param sight what it told last, or that it did not
   * @param told the last that it did tell; null: nothing yet
   * @param misses questions in a row that it did not answer
   * @param since since when it is as it is: gets the log, or does not
   * @param here since when it has answered; of no meaning where it does not
   * @param down its server is known to have ended
   * @param starting its server runs and has not answered yet, since then; 0: no such thing
   */
  record Known(
      Sight sight,
      @Nullable Sight told,
      int misses,
      long since,
      long here,
      boolean down,
      long starting) {}

  private final ManagedState state;
  private final Map<String, Known> members;
  private final int fall;
  private final long now;

  Steady(ManagedState state, Map<String, Known> members, int fall, long now) {
    this.state = state;
    this.members = members;
    this.fall = fall;
    this.now = now;
  }

  /** Why somebody else has to be elected; empty: nobody has to. */
  String whyElect() {
    if (!state.isSettled()) {
      return "term " + state.term() + " did not come to its end";
    }
    Known primary = members.get(state.primary());
    if (primary == null) {
      return state.primary() + " is no member any more";
    }
    if (isStarting(primary)) {
      return "";
    }
    if (primary.down()) {
      return state.primary() + " has ended";
    }
    Sight sight = primary.sight();
    if (sight.told()) {
      return sight.recovering() ? state.primary() + " has come back as a replica" : "";
    }
    Sight last = primary.told();
    if (primary.misses() < fall || (last != null && isHeard(last))) {
      return "";
    }
    return state.primary() + " does not answer: " + sight.failure();
  }

  private boolean isStarting(Known primary) {
    return !primary.down()
        && primary.starting() != 0
        && !primary.sight().told()
        && now - primary.starting() < STARTING.toNanos();
  }

  /**
   * Whether a replica has heard from it since we have. One that will hear from it in the future has
   * had its clock set since, and says nothing.
   */
  private boolean isHeard(Sight last) {
    if (now - last.at() > HEARD.toNanos()) {
      return false;
    }
    for (Known one : members.values()) {
      Sight sight = one.sight();
      if (sight.isReplica()
          && sight.receives()
          && sight.heard() >= 0
          && sight.at() - sight.heard() * 1_000_000 > last.at() + MARGIN.toNanos()) {
        return true;
      }
    }
    return false;
  }

  /**
   * Why an election would come to nothing now; empty: it may succeed. Who was promoted in a term
   * that did not come to its end can be asked: it is none any more as soon as the next one begins.
   */
  String whyNot() {
    Known old = members.get(state.primary());
    if (old != null && isStarting(old)) {
      return state.primary() + " is just starting";
    }
    if (state.sealed() == 0) { // nothing has been acknowledged yet: only the founder is asked
      return old != null && canBeAsked(old) ? "" : "it does not answer yet";
    }
    Set<String> here = new TreeSet<>();
    members.forEach((name, one) -> {
      if (canBeAsked(one)) {
        here.add(name);
      }
    });
    here.retainAll(state.rule().voters());
    int wanted = state.rule().recruits();
    return here.size() >= wanted
        ? ""
        : "of "
            + state.rule().voters()
            + " "
            + (here.isEmpty() ? "none" : "only " + here)
            + " can be asked, and without "
            + wanted
            + " of them what was acknowledged might be lost";
  }

  /**
   * Who must not be promoted: who never is, and who is damaged, unless an operator has said so and
   * there is nobody else.
   *
   * @param never members that never are
   */
  Set<String> barred(Collection<String> never) {
    boolean sound = false;
    for (String name : promotable(never)) {
      Known one = members.get(name);
      sound |= one != null && one.sight().isReplica() && damage(one) == null;
    }
    Set<String> barred = new TreeSet<>(never);
    for (Map.Entry<String, Known> one : members.entrySet()) {
      Damage damage = damage(one.getValue());
      if (damage != null && (sound || damage.bars())) {
        barred.add(one.getKey());
      }
    }
    return barred;
  }

  /** Voters; where none of those may be promoted, all others. */
  private Set<String> promotable(Collection<String> never) {
    Set<String> promotable = new TreeSet<>(state.rule().voters());
    promotable.removeAll(never);
    if (promotable.isEmpty()) {
      promotable.addAll(members.keySet());
      promotable.removeAll(never);
    }
    return promotable;
  }

  private static @Nullable Damage damage(Known one) {
    Sight last = one.told();
    return last == null ? null : last.damage();
  }

  /**
   * Why nobody who can be asked may be promoted, where damage is the reason, or who has everything
   * has no data; empty: somebody may, or there are other reasons.
   *
   * @param never members that never are
   */
  String whyNobody(Collection<String> never) {
    Set<String> barred = barred(never);
    Map<String, String> damaged = new TreeMap<>();
    Set<String> promotable = promotable(never);
    boolean comes = false;
    for (String name : promotable) {
      Known one = members.get(name);
      if (one == null || !one.sight().isReplica()) {
        comes |= one != null && canBeAsked(one);
        continue;
      }
      Damage damage = damage(one);
      if (damage == null || !barred.contains(name)) {
        return "";
      }
      damaged.put(name, damage.words());
    }
    if (damaged.isEmpty()
        && !comes
        && state.sealed() > 0
        && Collections.disjoint(promotable, state.rule().voters())) {
      return "nobody of "
          + promotable
          + " is there, and "
          + state.rule().voters()
          + ", who know of everything, may not be promoted";
    }
    return damaged.isEmpty()
        ? ""
        : "whoever could be promoted is damaged: "
            + damaged
            + "; fairlead db bootstrap has one promoted all the same";
  }

  private boolean canBeAsked(Known one) {
    Sight sight = one.sight();
    return !one.down() && (sight.isReplica() || (sight.isPrimary() && !state.isSettled()));
  }

  /**
   * Replicas that are to be told whom to follow.
   *
   * @param leader whom, who is at that address: the primary, or who has just been promoted
   */
  Set<String> lost(String leader, String address) {
    Set<String> lost = new TreeSet<>();
    members.forEach((name, one) -> {
      if (one.sight().isReplica()
          && !name.equals(leader)
          && one.sight().promise() <= state.term()
          && !one.sight().follows().equals(address)) {
        lost.add(name);
      }
    });
    return lost;
  }

  /**
   * Replicas that cannot follow, whatever they are told: they have more of an older timeline than
   * was taken over. Of a primary that was killed that is so as often as not.
   *
   * @param ancestry of the leader's log
   */
  Set<String> ahead(String leader, Ancestry ancestry) {
    Set<String> ahead = new TreeSet<>();
    members.forEach((name, one) -> {
      if (one.sight().isReplica()
          && !name.equals(leader)
          && one.sight().promise() <= state.term()
          && ancestry.lacks(one.sight().timeline(), one.sight().position())) {
        ahead.add(name);
      }
    });
    return ahead;
  }

  /**
   * Replicas that are to be made fit to follow: those that have been told whom and get nothing, and
   * those that are {@link #ahead}, which seem to get something again and again.
   */
  Set<String> stuck(String leader, String address, Ancestry ancestry) {
    Set<String> ahead = ahead(leader, ancestry);
    Set<String> stuck = new TreeSet<>();
    members.forEach((name, one) -> {
      boolean idle =
          one.sight().isReplica()
              && !name.equals(leader)
              && one.sight().follows().equals(address)
              && !one.sight().receives()
              && now - one.since() > IDLE.toNanos();
      if ((idle || ahead.contains(name)) && now - one.here() > IDLE.toNanos()) {
        stuck.add(name);
      }
    });
    return stuck;
  }

  /**
   * Whose acknowledgements should count: those who get the log, for a while already, and those who
   * have not been away for long. Fewer than are wanted are no alternative: then commits wait.
   *
   * <p>A damaged one is to be copied, and before its data is given up nobody must count on it any
   * more: so it gives up its vote. One at a time does, while all others are there, and if enough of
   * them are left. What it would be copied from must be sound.
   */
  Set<String> voters(int acks) {
    Known primary = members.get(state.primary());
    if (primary == null || !primary.sight().isPrimary()) {
      return state.rule().names();
    }
    Set<String> wanted = new TreeSet<>();
    members.forEach((name, one) -> {
      boolean follows = primary.sight().followers().contains(name) && one.sight().receives();
      boolean votes = state.rule().names().contains(name);
      long since = now - one.since();
      if (!name.equals(state.primary())
          && (follows ? votes || since > BACK.toNanos() : votes && since < AWAY.toNanos())) {
        wanted.add(name);
      }
    });
    if (primary.sight().damage() == null && wanted.size() == members.size() - 1) {
      String damaged = damaged(wanted);
      if (!damaged.isEmpty()) {
        wanted.remove(damaged);
      }
    }
    return wanted.size() < acks ? state.rule().names() : wanted;
  }

  /** The first of these that is to be copied for that; empty: none is. */
  private String damaged(Set<String> names) {
    for (String name : names) {
      Known one = members.get(name);
      Damage damage = one == null ? null : one.sight().damage();
      if (damage != null && damage.plan() == Damage.Plan.COPY) {
        return name;
      }
    }
    return "";
  }
}
