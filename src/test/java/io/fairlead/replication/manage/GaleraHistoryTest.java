package io.fairlead.replication.manage;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.replication.manage.GaleraBootstrap.Begin;
import io.fairlead.replication.manage.GaleraBootstrap.Decision;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Histories of a cluster by chance: members crash, lose their disks, are cut off, leave and come
 * back, in any order, and whoever has the most begins. What was acknowledged is never lost, and
 * nobody goes on with changes that are not those of the others.
 *
 * <p>The cluster is a model that is as mean as Galera may be: a change is acknowledged when the
 * member that it was given to has it on disk, and all of the membership have received it, in memory
 * only; they apply it whenever they like, also before the member that it came from; a crash loses
 * what was not applied. Rules that are left out one at a time are found out.
 */
@Tag("computing")
class GaleraHistoryTest {
  private static final String CLUSTER = "11111111-1111-1111-1111-111111111111";

  /** What is left out, to see that it is missed. */
  enum Without {
    NOTHING,
    HOLDERS,
    PAST,
    PROOF,
    SHUTTING
  }

  /** What came of a history. */
  private static final class Broken extends RuntimeException {
    private static final long serialVersionUID = 1;

    Broken(String what) {
      super(what);
    }
  }

  private static final class Member {
    /** Changes in their order; null: there is no data. */
    @Nullable List<Integer> disk;

    final List<Integer> received = new ArrayList<>();
    boolean runs;
    boolean open;
  }

  private static final class World {
    final SplittableRandom random;
    final Without without;
    final Map<String, Member> members = new LinkedHashMap<>();
    final Set<String> configured = new LinkedHashSet<>();
    final Set<Integer> acknowledged = new HashSet<>();

    /** Those with a quorum. */
    final Set<String> membership = new LinkedHashSet<>();

    /** What they agreed on. */
    List<Integer> order = new ArrayList<>();

    GaleraState state;
    int next;
    int begun;
    int forced;
    int succeeded;
    int waited;

    World(long seed, Without without) {
      random = new SplittableRandom(seed);
      this.without = without;
      int count = random.nextInt(2, 6);
      for (int i = 0; i < count; i++) {
        members.put("m" + i, new Member());
      }
      configured.addAll(members.keySet());
      state = GaleraState.founding("m0", configured).with(CLUSTER);
      Member founder = member("m0");
      founder.disk = new ArrayList<>();
      founder.runs = true;
      membership.add("m0");
    }

    Member member(String name) {
      return Objects.requireNonNull(members.get(name));
    }

    String any(List<String> names) {
      return names.get(random.nextInt(names.size()));
    }

    List<String> those(Predicate<Member> wanted) {
      return members.entrySet().stream()
          .filter(one -> wanted.test(one.getValue()))
          .map(Map.Entry::getKey)
          .toList();
    }

    void play(int steps) {
      for (int i = 0; i < steps; i++) {
        switch (random.nextInt(20)) {
          case 0, 1, 2, 3, 4, 5 -> write();
          case 6, 7, 8 -> apply(any(List.copyOf(members.keySet())), random.nextInt(4));
          case 9 -> crash(any(List.copyOf(members.keySet())));
          case 10 -> {
            if (random.nextInt(4) == 0) {
              List.copyOf(members.keySet()).forEach(this::crash);
            }
          }
          case 11 -> wipe();
          case 12 -> cutOff();
          case 13 -> configure();
          default -> manage();
        }
        check();
      }
    }

    /** Somebody who lets people write, whoever that is, acknowledges; or crashes before. */
    void write() {
      List<String> open = membership.stream().filter(name -> member(name).open).toList();
      if (open.isEmpty()) {
        return;
      }
      int change = ++next;
      order.add(change);
      membership.forEach(name -> member(name).received.add(change));
      String writer = any(open);
      if (random.nextInt(8) == 0) {
        membership.forEach(name -> apply(name, random.nextInt(3)));
        crash(writer); // others may have it, and it may not
      } else {
        apply(writer, Integer.MAX_VALUE);
        acknowledged.add(change);
      }
    }

    void apply(String name, int most) {
      Member member = member(name);
      List<Integer> disk = member.disk;
      if (member.runs && disk != null) {
        for (int i = 0; i < most && !member.received.isEmpty(); i++) {
          disk.add(member.received.removeFirst());
        }
      }
    }

    void crash(String name) {
      Member member = member(name);
      member.runs = false;
      member.open = false;
      member.received.clear();
      leave(name);
    }

    private void leave(String name) {
      int before = membership.size();
      if (membership.remove(name) && membership.size() * 2 <= before) {
        membership.clear(); // who is left runs on without a quorum
      }
    }

    void wipe() {
      List<String> down = those(member -> !member.runs);
      if (!down.isEmpty()) {
        member(any(down)).disk = null;
      }
    }

    /** It runs on, and is in no membership; what it had received it has. */
    void cutOff() {
      if (membership.size() > 2) {
        leave(any(List.copyOf(membership)));
      }
    }

    void configure() {
      String name = any(List.copyOf(members.keySet()));
      if (configured.contains(name) && configured.size() > 1 && random.nextInt(4) == 0) {
        configured.remove(name);
        crash(name); // in order or not
      } else {
        configured.add(name);
        state = state.withKnown(configured);
      }
    }

    /** One step of what Fairlead does. */
    void manage() {
      if (membership.isEmpty()) {
        lost();
        return;
      }
      switch (random.nextInt(4)) {
        case 0 -> join();
        case 1 -> comeBack();
        case 2 -> lead();
        default -> clean();
      }
    }

    void lost() {
      Map<String, GaleraReport> reports = new LinkedHashMap<>();
      Map<String, GaleraPosition> running = new HashMap<>();
      for (String name : configured) {
        Member member = member(name);
        List<Integer> disk = member.disk;
        if (member.runs && disk != null) {
          apply(name, Integer.MAX_VALUE);
          running.put(name, new GaleraPosition(CLUSTER, disk.size()));
        } else {
          reports.put(
              name,
              disk == null
                  ? new GaleraReport.Empty()
                  : new GaleraReport.At(new GaleraPosition(CLUSTER, disk.size())));
        }
      }
      GaleraState known = without == Without.HOLDERS ? state.withHolders(Set.of()) : state;
      Decision decision = GaleraBootstrap.decide(known, configured, reports, running);
      boolean forces = false;
      if (!(decision instanceof Begin)) {
        waited++;
        List<String> with = configured.stream().filter(name -> member(name).disk != null).toList();
        if (with.isEmpty() || random.nextInt(6) != 0) {
          return;
        }
        forces = true;
        decision = GaleraBootstrap.force(state, configured, reports, running, any(with));
      }
      if (decision instanceof Begin(GaleraState after, GaleraState.Order wanted)) {
        for (String name : running.keySet()) {
          if (!name.equals(wanted.member())) {
            crash(name);
          }
        }
        state = after;
        Member member = member(wanted.member());
        member.open &= wanted.running();
        member.runs = true;
        member.received.clear();
        order = new ArrayList<>(Objects.requireNonNull(member.disk));
        membership.add(wanted.member());
        begun++;
        if (forces) {
          forced++;
          acknowledged.retainAll(order); // an operator said so
        }
        state = state.withoutOrder();
      }
    }

    /** As GaleraAgent does. */
    void join() {
      List<String> down =
          configured.stream()
              .filter(name -> !member(name).runs && !state.holders().contains(name))
              .toList();
      if (down.isEmpty()) {
        return;
      }
      String name = any(down);
      Member member = member(name);
      if (state.past().contains(name) && without != Without.PAST) {
        member.disk = null; // set aside
        state = state.withoutPast(name);
      }
      enter(name);
    }

    /** One that was cut off finds the others again. */
    void comeBack() {
      List<String> away =
          configured.stream()
              .filter(name -> member(name).runs && !membership.contains(name))
              .toList();
      if (!away.isEmpty()) {
        enter(any(away));
      }
    }

    private void enter(String name) {
      Member member = member(name);
      apply(name, Integer.MAX_VALUE);
      List<Integer> disk = member.disk;
      if (disk == null) {
        disk = new ArrayList<>();
      } else if (disk.size() > order.size() || !order.subList(0, disk.size()).equals(disk)) {
        throw new Broken(name + " goes on with " + disk + ", others with " + order);
      }
      // What it lacks it gets at once, to its disk or only to its memory.
      member.disk = disk;
      member.runs = true;
      member.received.clear();
      member.received.addAll(order.subList(disk.size(), order.size()));
      membership.add(name);
      if (random.nextBoolean()) {
        apply(name, Integer.MAX_VALUE);
      } else if (disk.isEmpty()) {
        apply(name, order.size()); // a copy is on the disk
      }
    }

    private boolean isUnable(String name) {
      return !configured.contains(name) || !member(name).runs || !member(name).open;
    }

    /** As GaleraCoordinator does: somebody proves that he has everything, and is let in. */
    void lead() {
      String writer = state.writer();
      boolean stays =
          membership.contains(writer) && configured.contains(writer) && random.nextInt(4) != 0;
      String candidate = stays ? writer : any(List.copyOf(membership));
      Set<String> held = new TreeSet<>(state.holders());
      for (String holder : state.holders()) {
        if (holder.equals(candidate)) {
          continue;
        }
        if (!isUnable(holder) && membership.contains(holder)) {
          if (without == Without.SHUTTING) {
            held.remove(holder);
            continue;
          }
          member(holder).open = false; // it is shut, and looked at again
          return;
        }
        if (isUnable(holder)) {
          held.remove(holder);
        }
      }
      if (without != Without.PROOF) {
        apply(candidate, Integer.MAX_VALUE); // wsrep_sync_wait
      }
      held.add(candidate);
      succeeded += candidate.equals(writer) ? 0 : 1;
      state = state.withWriter(candidate, held);
      if (random.nextInt(8) == 0) {
        return; // Fairlead is killed here, and begins again
      }
      member(candidate).open = true;
    }

    void clean() {
      String writer = state.writer();
      if (!membership.contains(writer) || !state.holders().contains(writer)) {
        return;
      }
      for (String name : members.keySet()) {
        if (!name.equals(writer) && random.nextBoolean() && without != Without.SHUTTING) {
          member(name).open = false;
        }
      }
      Set<String> held = new TreeSet<>(state.holders());
      held.removeIf(name -> !name.equals(writer) && isUnable(name));
      if (without != Without.PROOF) {
        apply(writer, Integer.MAX_VALUE);
      }
      state = state.withHolders(held);
    }

    void check() {
      if (!membership.isEmpty() && !order.containsAll(acknowledged)) {
        Set<Integer> lost = new TreeSet<>(acknowledged);
        lost.removeAll(order);
        throw new Broken("acknowledged and lost: " + lost);
      }
      for (String name : membership) {
        Member member = member(name);
        if (member.open && !state.holders().contains(name)) {
          throw new Broken(name + " may acknowledge, and nobody remembers it");
        }
      }
    }
  }

  @Test
  void whatWasAcknowledgedIsNeverLost() {
    long seed = Long.getLong("fairlead.seed", System.nanoTime());
    System.out.println("seed " + seed);
    SplittableRandom seeds = new SplittableRandom(seed);
    int begun = 0;
    int forced = 0;
    int waited = 0;
    int succeeded = 0;
    int acknowledged = 0;
    for (int i = 0; i < 20_000; i++) {
      long own = seeds.nextLong();
      World world = new World(own, Without.NOTHING);
      try {
        world.play(200);
      } catch (Broken e) {
        throw new AssertionError("history " + own + " of seed " + seed, e);
      }
      begun += world.begun;
      forced += world.forced;
      waited += world.waited;
      succeeded += world.succeeded;
      acknowledged += world.acknowledged.size();
    }
    System.out.printf(
        "%d acknowledged, %d successions, begun anew %d times, of that %d by force; %d times waited%n",
        acknowledged, succeeded, begun, forced, waited);
    assertThat(begun - forced).isGreaterThan(10_000);
    assertThat(forced).isGreaterThan(100);
    assertThat(succeeded).isGreaterThan(10_000);
  }

  /** Else it would not be known that the rules are needed, nor that the histories need them. */
  @ParameterizedTest
  @EnumSource(names = "NOTHING", mode = EnumSource.Mode.EXCLUDE)
  void eachRuleIsNeeded(Without without) {
    SplittableRandom seeds = new SplittableRandom(1);
    int broken = 0;
    for (int i = 0; i < 20_000 && broken == 0; i++) {
      try {
        new World(seeds.nextLong(), without).play(200);
      } catch (Broken e) {
        broken++;
      }
    }
    assertThat(broken).isPositive();
  }
}
