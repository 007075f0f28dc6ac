package io.fairlead.vip;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.runtime.ManualScheduler;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Two to five routers on one link that loses, delays and reorders what they say, while they crash,
 * leave and come back.
 *
 * <p>What must hold. Be I the interval and L the longest delay. (1) There is no time without an
 * owner longer than 4 I + L while a router runs: whoever runs as a backup has heard an owner last
 * at most L after there was one, and rings within three intervals and a skew of less than one. (2)
 * Once nothing is lost and nobody comes or goes, after 8 I + 2 L there is one owner and no second:
 * the best of them rings within 4 I + L and all others hear it; whoever rang before it yields when
 * it hears it. With preempt that is one of the highest priority.
 */
final class VrrpLinkTest {
  private static final int CENTIS = 20;
  private static final long INTERVAL = CENTIS * 10_000_000L;
  private static final long DELAY = 5_000_000L;
  private static final int RUNS = 300;

  private final ManualScheduler time = new ManualScheduler();
  private final List<Member> members = new ArrayList<>();
  private SplittableRandom random = new SplittableRandom(0);
  private double loss;

  private final class Member implements VrrpRouter.Outside {
    private final InetAddress address;
    private final int priority;
    private final boolean preempt;
    private VrrpRouter router;
    private boolean running;
    private boolean owner;
    private long started;

    Member(int number, int priority, boolean preempt) {
      this.address = InetAddress.ofLiteral("10.0.0." + number);
      this.priority = priority;
      this.preempt = preempt;
      this.router = fresh();
    }

    private VrrpRouter fresh() {
      return new VrrpRouter(
          time, address, new VrrpRouter.Settings(priority, CENTIS, preempt, Duration.ZERO), this);
    }

    void start() {
      router = fresh();
      running = true;
      started = time.nanoTime();
      router.start(false);
    }

    /** Without a word, or with its last. */
    void stop(boolean crash) {
      if (crash) {
        router.abandon();
      } else {
        router.leave("leaves");
      }
      running = false;
      owner = false;
    }

    @Override
    public void advertise(int said) {
      for (Member other : members) {
        if (other != this && random.nextDouble() >= loss) {
          VrrpRouter hearing = other.router;
          time.schedule(
              Duration.ofNanos(random.nextLong(DELAY)), () -> hearing.hear(address, said, CENTIS));
        }
      }
    }

    @Override
    public void own(String why, @Nullable InetAddress left) {
      owner = true;
    }

    @Override
    public void release(String why) {
      owner = false;
    }

    @Override
    public void contested(InetAddress by, int other) {}
  }

  @Test
  void thereIsAlwaysSoonAnOwnerAndInTheEndOne() {
    for (int run = 0; run < RUNS; run++) {
      long seed = Long.getLong("fairlead.seed", System.nanoTime()) + run;
      try {
        play(new SplittableRandom(seed));
      } catch (AssertionError e) {
        throw new AssertionError("with -Dfairlead.seed=" + seed, e);
      }
    }
  }

  private void play(SplittableRandom chance) {
    random = chance;
    members.clear();
    loss = random.nextInt(3) == 0 ? 0 : random.nextDouble(0.6);
    boolean preempt = random.nextBoolean();
    int count = random.nextInt(2, 6);
    for (int i = 1; i <= count; i++) {
      members.add(new Member(i, random.nextInt(4) == 0 ? 100 : random.nextInt(1, 255), preempt));
    }
    long withoutSince = time.nanoTime();
    long end = time.nanoTime() + 120 * INTERVAL;
    while (time.nanoTime() < end) {
      if (random.nextInt(200) == 0) {
        Member one = members.get(random.nextInt(members.size()));
        if (one.running) {
          one.stop(random.nextBoolean());
        } else {
          one.start();
        }
      }
      time.advance(Duration.ofMillis(5));
      withoutSince = look(withoutSince);
    }
    loss = 0;
    members.stream().filter(one -> !one.running).limit(1).forEach(Member::start);
    time.advance(Duration.ofNanos(8 * INTERVAL + 2 * DELAY));
    for (int i = 0; i < 200; i++) {
      time.advance(Duration.ofMillis(10));
      List<Member> owners = members.stream().filter(one -> one.owner).toList();
      assertThat(owners).hasSize(1);
      if (preempt) {
        assertThat(owners.getFirst().priority).isEqualTo(highestPriority());
      }
    }
    members.forEach(one -> one.stop(true));
  }

  private int highestPriority() {
    return members.stream()
        .filter(one -> one.running)
        .mapToInt(one -> one.priority)
        .max()
        .orElseThrow();
  }

  /** Answers since when there has been no owner. */
  private long look(long withoutSince) {
    long now = time.nanoTime();
    if (members.stream().noneMatch(one -> one.running)
        || members.stream().anyMatch(one -> one.owner)) {
      return now;
    }
    long oldest =
        members.stream().filter(one -> one.running).mapToLong(one -> one.started).min().orElse(now);
    assertThat(now - Math.max(withoutSince, oldest))
        .as("nanoseconds without an owner")
        .isLessThanOrEqualTo(4 * INTERVAL + DELAY + 5_000_000);
    return withoutSince;
  }
}
