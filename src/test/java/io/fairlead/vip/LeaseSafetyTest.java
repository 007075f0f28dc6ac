package io.fairlead.vip;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.VipAddress;
import io.fairlead.config.VipConfig;
import io.fairlead.config.VipElection;
import io.fairlead.runtime.Leadership;
import io.fairlead.runtime.ManualScheduler;
import io.fairlead.runtime.Scheduler;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Three instances and one lease, while messages are late and instances are frozen: between two
 * tasks, and in the middle of telling the kernel. The kernels go on, and take addresses away up to
 * {@link LeaseElection#MARGIN} late.
 *
 * <p>What must hold: no two kernels have the address at a time; and once nobody is frozen any more,
 * it is never for long that nobody has it.
 */
final class LeaseSafetyTest {
  private static final Duration TTL = Duration.ofMillis(2500);
  private static final Duration RENEWAL = Duration.ofMillis(500);
  private static final int RUNS = 200;
  private static final VipConfig CONFIG =
      new VipConfig(
          "front",
          List.of(VipAddress.parse("10.0.0.100/24")),
          "eth0",
          254,
          List.of(),
          false,
          new VipElection.Lease());

  private final ManualScheduler time = new ManualScheduler();
  private SplittableRandom random = new SplittableRandom(0);
  private List<Instance> instances = new ArrayList<>();

  /** One in so many calls to the kernel takes seconds; 0: none. */
  private int calls;

  /** Of the group: who holds the lease, and when that was written. */
  private @Nullable Instance holder;

  private long written;
  private long term;

  private final class Instance implements Scheduler, Leadership, Election.Owner {
    private final ArrayDeque<Runnable> missed = new ArrayDeque<>();
    private final LeaseElection election = new LeaseElection(this, this, this, CONFIG, this);
    private boolean frozen;

    /** In the middle of a call: nothing else of it can run. */
    private boolean calling;

    private @Nullable Candidate candidate;
    private long heldTerm;

    /** When the kernel takes the address away; 0: it does not have it. */
    private long until;

    // --- its clock: tasks wait while it is frozen

    @Override
    public long nanoTime() {
      return time.nanoTime();
    }

    @Override
    public long epochMillis() {
      return time.epochMillis();
    }

    @Override
    public void execute(Runnable task) {
      time.execute(() -> run(task));
    }

    @Override
    public Cancellable schedule(Duration delay, Runnable task) {
      return time.schedule(delay, () -> run(task));
    }

    private void run(Runnable task) {
      if (frozen || calling) {
        missed.add(task);
      } else {
        task.run();
      }
    }

    void freezeFor(Duration howLong) {
      if (!frozen) {
        frozen = true;
        time.schedule(howLong, this::thaw);
      }
    }

    private void thaw() {
      frozen = false;
      catchUp();
    }

    private void catchUp() {
      while (!frozen && !calling && !missed.isEmpty()) {
        missed.remove().run();
      }
    }

    // --- its side of the lease

    @Override
    public Candidacy stand(String role, Candidate stood) {
      candidate = stood;
      renew();
      return new Candidacy() {
        @Override
        public void resign() {}

        @Override
        public void close() {}
      };
    }

    private void renew() {
      long sent = nanoTime();
      time.schedule(delay(), () -> write(sent));
      Cancellable _ = schedule(RENEWAL, this::renew);
    }

    /** In the group, which is not frozen. */
    private void write(long sent) {
      long now = time.nanoTime();
      boolean free = holder == null || now - written >= TTL.toNanos();
      if (holder != this && !free) {
        return;
      }
      if (holder != this) {
        holder = this;
        term++;
      }
      written = now;
      long mine = term;
      time.schedule(delay(), () -> execute(() -> granted(mine, sent)));
    }

    private void granted(long mine, long sent) {
      Candidate stood = candidate;
      if (stood != null && nanoTime() - sent < TTL.toNanos()) {
        if (heldTerm != mine) {
          heldTerm = mine;
          stood.elected(mine);
        }
        stood.renewed(sent, TTL);
      }
    }

    private Duration delay() {
      return Duration.ofMillis(random.nextInt(10) == 0 ? random.nextInt(800) : random.nextInt(5));
    }

    // --- its kernel

    @Override
    public boolean hold(int seconds, String why, @Nullable InetAddress left) {
      until = time.nanoTime() + seconds * 1_000_000_000L + random.nextLong(100_000_000);
      look();
      if (calls > 0 && random.nextInt(calls) == 0) {
        calling = true; // and does not come back
        time.advance(Duration.ofMillis(random.nextInt(5000)));
        calling = false;
        time.execute(this::catchUp);
      }
      return true;
    }

    @Override
    public void release(String why) {
      until = 0;
    }

    boolean has() {
      return until > time.nanoTime();
    }

    @Override
    public void fail() {}

    @Override
    public void notice(@Nullable String what) {}

    @Override
    public void contested(String what) {}
  }

  private void look() {
    assertThat(instances.stream().filter(Instance::has).count())
        .as("kernels that have the address")
        .isLessThanOrEqualTo(1);
  }

  @Test
  void neverTwoHaveItAndSoonOneHas() {
    for (int run = 0; run < RUNS; run++) {
      long seed = Long.getLong("fairlead.seed", System.nanoTime()) + run;
      try {
        new LeaseSafetyTest().play(new SplittableRandom(seed));
      } catch (AssertionError e) {
        throw new AssertionError("with -Dfairlead.seed=" + seed, e);
      }
    }
  }

  private void play(SplittableRandom chance) {
    random = chance;
    instances = List.of(new Instance(), new Instance(), new Instance());
    instances.forEach(one -> one.election.start(false));
    calls = 20;
    for (int i = 0; i < 3000; i++) {
      if (random.nextInt(100) == 0) {
        Instance one = instances.get(random.nextInt(instances.size()));
        one.freezeFor(Duration.ofMillis(random.nextInt(6000)));
      }
      time.advance(Duration.ofMillis(10));
      look();
    }
    calls = 0; // all is well from now on
    time.advance(Duration.ofSeconds(20));
    long without = 0;
    for (int i = 0; i < 1000; i++) {
      time.advance(Duration.ofMillis(10));
      look();
      without = instances.stream().anyMatch(Instance::has) ? 0 : without + 10;
      assertThat(without).as("milliseconds without an owner").isLessThan(5000);
    }
  }
}
