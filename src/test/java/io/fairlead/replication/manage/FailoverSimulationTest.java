package io.fairlead.replication.manage;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.replication.manage.Failover.Answer;
import io.fairlead.replication.manage.Failover.Candidate;
import io.fairlead.replication.manage.Failover.Command;
import io.fairlead.replication.manage.Failover.Position;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Failovers in a simulated cluster in which everything goes wrong: members crash and come back as
 * what they were, messages are lost, late and out of order, several failovers run at once, clients
 * write to whoever takes it, promotions are cut off half way. Whatever happens, who is published
 * has every write that has been acknowledged.
 */
class FailoverSimulationTest {
  /**
   * So many that the bound on logs that were mixed is no matter of chance: some 20 are, 55 may be.
   */
  private static final int RUNS = Integer.getInteger("fairlead.failover.runs", 5_000);

  @Test
  void whoIsPublishedHasEveryAcknowledgedWrite() {
    long given = Long.getLong("fairlead.failover.seed", 0);
    long first = given == 0 ? System.nanoTime() : given;
    int published = 0;
    int acknowledged = 0;
    int takenOver = 0;
    int early = 0;
    int byHand = 0;
    int impostors = 0;
    int unseen = 0;
    int sought = 0;
    for (int run = 0; run < RUNS; run++) {
      World world = new World(first + run);
      try {
        world.play(4_000);
      } catch (AssertionError e) {
        throw new AssertionError("seed " + (first + run) + ": " + e.getMessage(), e);
      }
      published += world.publications;
      acknowledged += world.acknowledged.size();
      takenOver += world.takenOver;
      early += world.early;
      byHand += world.byHand;
      impostors += world.impostors;
      unseen += world.unseen;
      sought += world.sought;
    }
    assertThat(published).as("failovers that came to their end").isGreaterThan(RUNS);
    assertThat(acknowledged).isGreaterThan(RUNS * 10);
    assertThat(takenOver).as("logs of old primaries that were taken over").isPositive();
    assertThat(early).as("who followed before there was a primary").isGreaterThan(RUNS / 2);
    assertThat(byHand).as("replicas that were promoted by hand").isGreaterThan(RUNS);
    assertThat(unseen)
        .as("logs that were mixed, from seed " + first)
        .isLessThanOrEqualTo(byHand / 500);
    assertThat(sought).as("who was elected without a vote, by what a witness has").isPositive();
    assertThat(impostors).as("of them and others, with the number of a primary's").isPositive();
  }

  /** The cluster, those who fail it over, and what is on its way between them. */
  private static final class World {
    /** What a line of the log is: a write, or a rule that was sealed in that term. */
    private record Entry(long id, int timeline, long sealed) {}

    private static final class Member {
      final String name;
      long promise;

      /** Whether it was promoted by hand and has not gone back since, which its agent knows. */
      boolean strays;

      /** Whether it has no data, and cannot read what its log says. */
      boolean witness;

      /** The last rule that a witness knows to have. */
      long remembered = 1;

      boolean up = true;
      boolean primary;

      @Nullable String follows;
      @Nullable VoterRule names;
      List<Entry> log = new ArrayList<>();

      Member(String name) {
        this.name = name;
      }

      int timeline() {
        return log.stream().mapToInt(Entry::timeline).max().orElse(1);
      }

      Position position() {
        Entry rule =
            log.stream()
                .filter(one -> !witness || one.sealed() == remembered)
                .max(Comparator.comparingLong(Entry::sealed))
                .orElseThrow();
        long shared = log.stream().filter(one -> one.timeline() <= rule.timeline()).count();
        return new Position(rule.sealed(), timeline(), log.size(), shared);
      }

      /** Where each timeline was left that it has been on, as a history file tells. */
      Ancestry ancestry() {
        Map<Integer, Long> ends = new HashMap<>();
        for (int i = 1; i < log.size(); i++) {
          if (log.get(i).timeline() > log.get(i - 1).timeline()) {
            ends.put(log.get(i - 1).timeline(), (long) i);
          }
        }
        return new Ancestry(timeline(), ends);
      }
    }

    private record Message(Failover to, @Nullable Command command, @Nullable Answer answer) {}

    private final SplittableRandom random;
    private final Map<String, Member> members = new LinkedHashMap<>();
    private final @Nullable Member witness;

    /** Which rule a witness is told of, and in which terms clients were let in after that. */
    private long ruled = 1;

    private final Set<Long> opened = new HashSet<>(Set.of(0L));
    private int sought;
    private final Set<Failover> seeking = new HashSet<>();
    private final List<Message> underway = new ArrayList<>();
    private final List<Failover> failovers = new ArrayList<>();
    private final Set<Long> acknowledged = new HashSet<>();
    private final Map<Entry, Message> sealing = new HashMap<>();
    private long term = 1;
    private VoterRule rule;

    /**
     * Counts what is written: who had read it before knows that it is another, though it is equal.
     */
    private long version;

    private final Map<Failover, Long> read = new HashMap<>();
    private long nextId = 1;
    private String published = "a";
    private long publishedTerm;
    private Failover.Sealed sealed = new Failover.Sealed(1, 1);
    private final Map<Long, Integer> timelines = new HashMap<>();
    private int takenOver;
    private int early;
    private int byHand;
    private int impostors;
    private long wanted;
    private int unseen;

    /** What was written by whoever was promoted by hand. */
    private final Set<Entry> hand = new HashSet<>();

    private int publications;

    World(long seed) {
      random = new SplittableRandom(seed);
      int count = 3 + random.nextInt(4);
      for (int i = 0; i < count; i++) {
        Member member = new Member(Character.toString('a' + i));
        members.put(member.name, member);
      }
      witness = random.nextInt(3) > 0 ? member(Character.toString('a' + count - 1)) : null;
      if (witness != null) {
        witness.witness = true;
      }
      Set<String> voters = new TreeSet<>(members.keySet());
      voters.remove("a");
      rule = VoterRule.of(voters, 1 + random.nextInt(voters.size()));
      Member first = member("a");
      first.primary = true;
      first.names = rule;
      first.log.add(new Entry(0, 1, 1));
      for (String voter : voters) {
        member(voter).log.add(new Entry(0, 1, 1));
        member(voter).follows = "a";
      }
    }

    private Member member(String name) {
      return Objects.requireNonNull(members.get(name));
    }

    private Member any() {
      return List.copyOf(members.values()).get(random.nextInt(members.size()));
    }

    private void play(int steps) {
      for (int i = 0; i < steps; i++) {
        int chance = random.nextInt(1000);
        if (chance < 200) {
          write(any());
        } else if (chance < 550) {
          replicate(any());
        } else if (chance < 900) {
          deliver();
        } else if (chance < 925) {
          Member one = any();
          one.up = one.up ? random.nextInt(4) > 0 : random.nextInt(2) == 0;
        } else if (chance < 930) {
          begin();
        } else if (chance < 935 && !underway.isEmpty()) {
          Message _ = underway.remove(random.nextInt(underway.size()));
        } else if (chance < 945) {
          change();
        } else if (chance < 980) {
          rejoin();
        } else if (chance < 983) {
          promoteByHand(any());
        } else {
          failovers.forEach(one -> run(one, one.on(new Answer.EnoughWaited(termOf(one)))));
        }
      }
    }

    /** Somebody promotes a replica, which is ended at once and goes on as a replica. */
    private void promoteByHand(Member member) {
      if (member.up && !member.primary && !member.witness && member != member(published)) {
        int timeline = member.timeline() + 1;
        for (int i = random.nextInt(6); i >= 0; i--) {
          Entry entry = new Entry(-nextId++, timeline, 0);
          hand.add(entry);
          member.log.add(entry);
        }
        member.follows = null;
        member.strays = true;
        byHand++;
      }
    }

    private final Map<Failover, Long> terms = new HashMap<>();

    private long termOf(Failover failover) {
      return Objects.requireNonNull(terms.get(failover));
    }

    private void begin() {
      long next = Math.max(wanted, term + 1 + random.nextInt(2));
      List<Candidate> candidates = new ArrayList<>();
      for (Member member : members.values()) {
        if (!member.witness) {
          candidates.add(
              new Candidate(member.name, random.nextInt(6) == 0 ? -1 : random.nextInt(3)));
        }
      }
      Failover failover = new Failover(next, published, sealed, candidates);
      terms.put(failover, next);
      failovers.add(failover);
      run(failover, failover.begin());
    }

    private void run(Failover failover, List<Command> commands) {
      wanted = Math.max(wanted, failover.wanted());
      if (failover.phase() == Failover.Phase.SEEKING) {
        seeking.add(failover);
      }
      for (Command command : commands) {
        underway.add(new Message(failover, command, null));
      }
    }

    private void deliver() {
      if (underway.isEmpty()) {
        return;
      }
      Message message = underway.remove(random.nextInt(underway.size()));
      if (message.answer() != null) {
        run(message.to(), message.to().on(message.answer()));
      } else if (message.command() != null) {
        Answer answer = obey(message, message.command());
        if (answer != null) {
          underway.add(new Message(message.to(), null, answer));
        }
      }
    }

    private @Nullable Answer obey(Message message, Command command) {
      return switch (command) {
        case Command.BeginTerm(long at) -> {
          if (at <= term) {
            yield new Answer.Outvoted(term);
          }
          term = at;
          read.put(message.to(), ++version);
          yield new Answer.TermBegun(at, rule);
        }
        case Command.WriteState(VoterRule expected, VoterRule next, long at) -> {
          if (at != term) {
            yield new Answer.Outvoted(term);
          }
          if (!rule.equals(expected) || !Objects.equals(read.get(message.to()), version)) {
            yield null;
          }
          rule = next;
          read.put(message.to(), ++version);
          yield new Answer.StateWritten(at);
        }
        case Command.Revoke(String name, long at) -> {
          Member member = member(name);
          if (!member.up) {
            yield null;
          }
          if (member.promise > at) {
            yield new Answer.Outvoted(member.promise);
          }
          member.promise = at;
          member.follows = null;
          member.primary = false;
          look(member);
          yield new Answer.Revoked(name, at, member.position());
        }
        case Command.Stop(String name, long at) -> {
          Member member = member(name);
          if (member.up && member.promise <= at && random.nextBoolean()) {
            member.promise = at;
            member.primary = false;
          }
          yield null;
        }
        case Command.FastForward(String name, String from, long at) -> {
          Member member = member(name);
          Member source = member(from);
          boolean stray = member.strays || source.strays;
          if (!obeys(member, at) || !source.up || source.promise != at || stray) {
            yield new Answer.Failed(name, at, "cannot");
          }
          if (source.witness || !rule.voters().contains(name)) {
            boolean behind = source.timeline() < member.timeline();
            if (behind || source.ancestry().lacks(member.timeline(), member.log.size())) {
              yield new Answer.Failed(name, at, "is not of the same log");
            }
            if (!has(source, hand) && !has(member, hand)) {
              assertThat(source.log)
                  .as("what %s had when %s brought it up in term %d", name, from, at)
                  .startsWith(member.log.toArray(new Entry[0]));
            }
          } else if (!rule.voters()
              .contains(from)) { // of others it is not known to be the same log
            assertThat(source.log)
                .as("what %s had when it got what %s has in term %d", name, from, at)
                .startsWith(member.log.toArray(new Entry[0]));
            takenOver++;
          }
          member.log = new ArrayList<>(source.log);
          yield new Answer.Advanced(name, at, member.position());
        }
        case Command.SetNames(String name, VoterRule next, long at) -> {
          Member member = member(name);
          if (!obeys(member, at)) {
            yield null;
          }
          boolean taken = random.nextInt(10) > 0; // or somebody forgot to reload
          member.names = taken ? next : null;
          yield new Answer.NamesRead(name, at, taken ? next.synchronousStandbyNames() : "");
        }
        case Command.Promote(String name, long at, int timeline) -> {
          Member member = member(name);
          if (!obeys(member, at)) {
            yield null;
          }
          if (member.timeline() >= timeline) {
            yield new Answer.Failed(name, at, "was promoted by hand meanwhile");
          }
          member.primary = true;
          member.strays = false;
          member.log.add(new Entry(-nextId++, timeline, 0));
          timelines.put(at, timeline);
          yield new Answer.Promoted(name, at, timeline);
        }
        case Command.Follow(String name, String primary, long at) -> {
          Member member = member(name);
          if (member.up && member.promise <= at) {
            Member source = member(primary);
            member.promise = at;
            if (!member.strays
                && source.promise == at
                && !timelines.containsKey(at)) { // it is about to be promoted
              assertThat(source.log)
                  .as("what %s had when it followed %s in term %d", name, primary, at)
                  .startsWith(member.log.toArray(new Entry[0]));
              early++;
            }
            follow(member, primary);
          }
          yield null;
        }
        case Command.WriteRule(String name, VoterRule _, long at) -> {
          Member member = member(name);
          if (!obeys(member, at) || !member.primary) {
            yield null;
          }
          Entry entry = new Entry(nextId++, member.timeline(), at);
          member.log.add(entry);
          sealing.put(entry, message);
          yield null; // when it is acknowledged
        }
        case Command.Publish(String name, long at) -> {
          if (witness != null && at != term) {
            yield null; // where the rule is could not be remembered
          }
          if (witness != null) {
            ruled = at;
            opened.add(at);
            sought += seeking.contains(message.to()) ? 1 : 0;
          }
          if (at >= publishedTerm) { // as whoever hears of it sees to
            publishedTerm = at;
            published = name;
            sealed = new Failover.Sealed(at, Objects.requireNonNull(timelines.get(at)));
            publications++;
            Member member = member(name);
            if (member.primary && member.promise == at) {
              Set<Long> there = new HashSet<>();
              member.log.forEach(entry -> there.add(entry.id()));
              List<Long> lacks = new ArrayList<>(acknowledgedUpTo(member.position().sealed()));
              lacks.removeAll(there);
              assertThat(lacks)
                  .as("acknowledged writes that %s lacks in term %d", name, at)
                  .isEmpty();
            }
          }
          yield null;
        }
      };
    }

    /** A witness knows of a rule by where it is. */
    private void look(Member member) {
      if (member.log.stream().anyMatch(one -> one.sealed() == ruled)) {
        member.remembered = ruled;
      }
    }

    /** A later primary may have acknowledged more. */
    private Collection<Long> acknowledgedUpTo(long sealed) {
      return acknowledged.stream()
          .filter(id -> termOfAcknowledgement.getOrDefault(id, 0L) <= sealed)
          .toList();
    }

    private final Map<Long, Long> termOfAcknowledgement = new HashMap<>();

    private static boolean obeys(Member member, long at) {
      return member.up && member.promise == at;
    }

    /**
     * Nobody is taken back to what somebody has who is no primary. Who has to go back is told by
     * the numbers of timelines, and by what agents know; whoever has not to has a piece of what he
     * follows. It may be otherwise where one that was promoted by hand was elected itself, since
     * nobody had more: the number that it took may be that of a promotion that came to nothing.
     */
    private void follow(Member member, String primary) {
      Member source = member(primary);
      member.primary = false;
      member.follows = member.strays && !source.primary ? null : primary;
      if (!source.primary) {
        return;
      }
      int common = 0;
      while (common < Math.min(source.log.size(), member.log.size())
          && source.log.get(common).equals(member.log.get(common))) {
        common++;
      }
      if (member.strays || source.ancestry().lacks(member.timeline(), member.log.size())) {
        impostors += source.timeline() == member.timeline() ? 1 : 0;
        member.log = new ArrayList<>(member.log.subList(0, common));
        member.strays = false;
      } else if (source.timeline() >= member.timeline()) {
        boolean elected = has(source, hand) || has(member, hand);
        if (common < member.log.size() && elected) {
          unseen++;
        } else {
          assertThat(source.log)
              .as("what %s had when it followed %s", member.name, primary)
              .startsWith(member.log.toArray(new Entry[0]));
        }
        member.log = new ArrayList<>(member.log.subList(0, common));
      }
    }

    private static boolean has(Member member, Set<Entry> entries) {
      return !Collections.disjoint(member.log, entries);
    }

    /** A client writes to whoever takes it, old or new. */
    private void write(Member member) {
      if (member.up && member.primary) {
        Entry entry = new Entry(nextId++, member.timeline(), 0);
        member.log.add(entry);
        if (member.names == null) { // it waits for nobody
          acknowledged.add(entry.id());
          termOfAcknowledgement.put(entry.id(), member.position().sealed());
        }
      }
    }

    private void replicate(Member member) {
      Member from = member.follows == null ? null : member(member.follows);
      if (from == null || !from.up || !member.up) {
        return;
      }
      int have = member.log.size();
      if (have < from.log.size()
          && (have == 0 || member.log.get(have - 1).equals(from.log.get(have - 1)))) {
        Entry next = from.log.get(have);
        member.log.add(next);
        acknowledge(from, next);
      }
    }

    private void acknowledge(Member primary, Entry entry) {
      VoterRule names = primary.names;
      if (names == null || !primary.primary) {
        return;
      }
      long have =
          names.names().stream()
              .map(this::member)
              .filter(one -> primary.name.equals(one.follows) && one.log.contains(entry))
              .count();
      if (have >= names.acks()) {
        List<Entry> there = primary.log.subList(0, primary.log.indexOf(entry) + 1);
        boolean letIn =
            isSealed(there, primary.timeline())
                && (witness == null || opened.contains(primary.promise));
        for (Entry one : there) {
          if (letIn && one.id() > 0 && acknowledged.add(one.id())) {
            termOfAcknowledgement.put(one.id(), primary.position().sealed());
          }
          Message waiting = sealing.remove(one);
          if (waiting != null
              && waiting.command() instanceof Command.WriteRule(var name, _, var at)) {
            underway.add(new Message(waiting.to(), null, new Answer.RuleWritten(name, at, 0)));
          }
        }
      }
    }

    /**
     * Clients are let in when the rule of a primary's own term is acknowledged. Before that nobody
     * is told of anything: what others wrote before it, and half of all voters have, may still be
     * outdone by a member that was away and has a rule which nobody has acknowledged, as entries of
     * older terms may in Raft (Ongaro and Ousterhout 2014, figure 8).
     */
    private static boolean isSealed(List<Entry> log, int timeline) {
      return log.stream().anyMatch(one -> one.sealed() > 0 && one.timeline() == timeline);
    }

    /** What an agent of the primary does to change the rule; the steps that are left. */
    private final List<VoterRule.Step> changing = new ArrayList<>();

    private String changer = "";
    private long changedAt;
    private long expected;
    private @Nullable Entry barrier;

    /** Another step on the way to another rule, or the first: all who follow are to vote. */
    private void change() {
      Member primary = member(published);
      if (!changing.isEmpty()) {
        Member who = member(changer);
        if (!who.up || !who.primary || who.promise != changedAt || term != changedAt) {
          changing.clear();
          return;
        }
        if (barrier != null && !acknowledged.contains(barrier.id())) {
          return; // the one before is not in force yet
        }
        barrier = null;
        switch (changing.removeFirst()) {
          case VoterRule.Step.State(VoterRule next) -> {
            if (version != expected) {
              changing.clear(); // somebody else has changed it
              return;
            }
            rule = next;
            expected = ++version;
          }
          case VoterRule.Step.Names(VoterRule next) -> {
            who.names = next;
            barrier = new Entry(nextId++, who.timeline(), 0);
            who.log.add(barrier);
          }
        }
      } else if (primary.up && primary.primary && primary.promise == term) {
        Set<String> followers = new TreeSet<>();
        for (Member member : members.values()) {
          if (primary.name.equals(member.follows)) {
            followers.add(member.name);
          }
        }
        if (!followers.isEmpty() && primary.names != null) {
          changer = primary.name;
          changedAt = term;
          barrier = null;
          expected = version;
          changing.addAll(rule.stepsTo(followers, 1 + random.nextInt(followers.size())));
        }
      }
    }

    /** One that is behind the times follows whoever is published, as agents have it done. */
    private void rejoin() {
      Member member = any();
      Member primary = member(published);
      if (member.up
          && member != primary
          && primary.up
          && primary.primary
          && primary.promise >= member.promise
          && member.follows == null) {
        member.promise = primary.promise;
        follow(member, published);
      }
    }
  }
}
