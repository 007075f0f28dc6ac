package io.fairlead.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.runtime.Leadership;
import io.fairlead.runtime.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Roles by leases; every instance has a clock of its own, which the test turns. */
final class LeasesTest {
  private static final Duration TICK = Duration.ofMillis(50);

  private final MemoryState state = new MemoryState();
  private final List<Instance> instances = new ArrayList<>();
  private long millis;

  /** An instance whose process and clock go on together, unless it is frozen. */
  private final class Instance implements Leadership.Candidate {
    final String name;
    final ManualScheduler clock = new ManualScheduler();
    final Leases leases;
    final Leases.Candidature candidature;
    final List<String> story = new ArrayList<>();
    boolean frozen;
    long term;
    long until = Long.MIN_VALUE;
    private long lookAt;

    Instance(String name) {
      this.name = name;
      leases = new Leases(clock, state, name);
      candidature = leases.standStill("vip/front", this);
      instances.add(this);
    }

    void go() {
      // A frozen process does nothing, and its clock goes on.
      if (frozen) {
        missed = missed.plus(TICK);
        return;
      }
      clock.advance(missed.plus(TICK));
      missed = Duration.ZERO;
      if (clock.nanoTime() >= lookAt) {
        lookAt = clock.nanoTime() + candidature.step().toNanos();
        clock.run();
      }
    }

    private Duration missed = Duration.ZERO;

    /** What it may do in the role's name: it looks at its clock first. */
    boolean holds() {
      return term > 0 && clock.nanoTime() + missed.toNanos() < until;
    }

    @Override
    public void elected(long elected) {
      term = elected;
      story.add(at() + " elected " + elected);
    }

    @Override
    public void renewed(long sentNanos, Duration ttl) {
      until = sentNanos + ttl.toNanos();
    }

    @Override
    public void deposed() {
      term = 0;
      story.add(at() + " deposed");
    }
  }

  private String at() {
    return String.format(Locale.ROOT, "%.2f", millis / 1e3);
  }

  private void run(Duration time) {
    long end = millis + time.toMillis();
    while (millis < end) {
      millis += TICK.toMillis();
      instances.forEach(Instance::go);
      assertThat(instances.stream().filter(Instance::holds).map(each -> each.name).toList())
          .as("at %s", at())
          .hasSizeLessThanOrEqualTo(1);
    }
  }

  @Test
  void theFirstToStandIsElectedAndKeepsTheRole() {
    Instance a = new Instance("a");
    run(Duration.ofMillis(100));
    Instance b = new Instance("b");
    run(Duration.ofMinutes(1));
    assertThat(a.story).containsExactly("0.05 elected 1");
    assertThat(b.story).isEmpty();
  }

  @Test
  void aSuccessorWaitsForTheLeaseAndTheMargin() {
    Instance a = new Instance("a");
    run(Duration.ofSeconds(10));
    Instance b = new Instance("b");
    run(Duration.ofSeconds(1));
    a.frozen = true;
    long frozen = millis;
    run(Duration.ofSeconds(4));
    assertThat(b.story).hasSize(1);
    assertThat(b.term).isEqualTo(2);
    double took = Double.parseDouble(b.story.getFirst().split(" ", -1)[0]) - frozen / 1e3;
    assertThat(took).isBetween(2.2, 2.9);
    a.frozen = false;
    run(Duration.ofSeconds(1));
    assertThat(a.story).hasSize(2).last().asString().endsWith("deposed");
    assertThat(b.term).isEqualTo(2);
  }

  @Test
  void whoResignsIsFollowedAtOnceAndStandsAgainLater() {
    Instance a = new Instance("a");
    run(Duration.ofSeconds(1));
    Instance b = new Instance("b");
    run(Duration.ofSeconds(1));
    a.candidature.resign();
    run(Duration.ofMillis(900));
    assertThat(a.story).hasSize(2);
    assertThat(b.term).isEqualTo(2);
    b.candidature.close();
    run(Duration.ofSeconds(5));
    assertThat(a.term).isEqualTo(3);
  }

  /** Who led the group and had the role has died: another majority is found meanwhile. */
  @Test
  void theTimeInWhichThereIsNoMajorityCounts() {
    Instance a = new Instance("a");
    run(Duration.ofSeconds(10));
    Instance b = new Instance("b");
    run(Duration.ofSeconds(1));
    a.frozen = true;
    long frozen = millis;
    state.available = false;
    run(Duration.ofMillis(700));
    state.available = true;
    run(Duration.ofMillis(2200));
    assertThat(b.story).as("since %d ms", frozen).hasSize(1);
    assertThat(b.term).isEqualTo(2);
  }

  /** Who led the group heard nobody any more; what it wrote last is decided by those after it. */
  @Test
  void whatIsSeenLateCountsFromWhenItWasAskedFor() throws GroupException {
    Instance a = new Instance("a");
    run(Duration.ofSeconds(10));
    Instance b = new Instance("b");
    run(Duration.ofSeconds(1));
    b.frozen = true; // it must not see the next renewal before the majority is gone
    state.losesAnswer = true;
    GroupState.Entry before = state.peek("/roles/vip%2Ffront");
    while (Objects.equals(state.peek("/roles/vip%2Ffront"), before)) {
      run(TICK);
    }
    a.frozen = true;
    b.frozen = false;
    state.available = false;
    run(Duration.ofMillis(1900));
    state.available = true;
    run(Duration.ofMillis(1200));
    assertThat(b.story).hasSize(1);
    assertThat(b.term).isEqualTo(2);
  }

  @Test
  void withoutAMajorityTheLeaseEndsAndNobodyGetsIt() {
    Instance a = new Instance("a");
    Instance b = new Instance("b");
    run(Duration.ofSeconds(1));
    state.available = false;
    run(Duration.ofSeconds(10));
    assertThat(a.term).isZero();
    assertThat(b.term).isZero();
    state.available = true;
    run(Duration.ofSeconds(4));
    assertThat(a.term + b.term).isEqualTo(2);
  }

  @Test
  void aRenewalWhoseAnswerIsLostDoesNotCountButTheNextDoes() {
    Instance a = new Instance("a");
    run(Duration.ofSeconds(1));
    for (int i = 0; i < 20; i++) {
      state.losesAnswer = true;
      run(Duration.ofMillis(700));
    }
    assertThat(a.story).containsExactly("0.05 elected 1");
  }

  /** Freezes, lost answers and lost majorities in any order, and clocks that run differently. */
  @Test
  void neverTwoAtOnceAndTermsRise() {
    for (int round = 0; round < 30; round++) {
      long seed = new SplittableRandom().nextLong();
      SplittableRandom random = new SplittableRandom(seed);
      LeasesTest fresh = new LeasesTest();
      for (String name : List.of("a", "b", "c")) {
        Instance _ = fresh.new Instance(name);
      }
      try {
        for (int i = 0; i < 200; i++) {
          for (Instance instance : fresh.instances) {
            if (random.nextInt(12) == 0) {
              instance.frozen = !instance.frozen;
            }
          }
          fresh.state.available = random.nextInt(10) > 0;
          fresh.state.losesAnswer = random.nextInt(5) == 0;
          fresh.run(Duration.ofMillis(random.nextInt(50, 1500)));
        }
      } catch (AssertionError e) {
        throw new AssertionError("seed " + seed, e);
      }
      List<Long> terms =
          fresh.instances.stream()
              .flatMap(each -> each.story.stream())
              .filter(line -> line.contains("elected"))
              .map(line -> Long.parseLong(line.substring(line.lastIndexOf(' ') + 1)))
              .sorted()
              .toList();
      assertThat(terms).as("seed %s", seed).doesNotHaveDuplicates();
    }
  }
}
