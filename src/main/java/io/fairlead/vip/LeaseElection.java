package io.fairlead.vip;

import io.fairlead.config.VipConfig;
import io.fairlead.runtime.Leadership;
import io.fairlead.runtime.Scheduler;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Owns a virtual IP as long as it holds a lease.
 *
 * <p>Two clocks have to agree without knowing each other: the lease ends {@code ttl} after its
 * renewal was <em>asked for</em>, the address so many whole seconds after the kernel was told. So
 * the kernel gets as many seconds as surely end before the lease does, with {@link #MARGIN} for its
 * timer; if none is left, it is told nothing, and what it was told before comes to its end. That is
 * looked at again after the kernel has answered: who was frozen in between takes the address away
 * at once. What remains is a process that is frozen for seconds between two instructions, and then
 * until the second look.
 *
 * <p>Who has the higher priority stands earlier, so that when all begin at once, or look for a
 * successor, it is the first in the queue.
 */
final class LeaseElection implements Election {
  /** How late the kernel takes an address away, see docs/vip.md. */
  static final Duration MARGIN = Duration.ofMillis(100);

  /** How long one waits before it stands, for each step of priority below the highest. */
  private static final Duration STEP = Duration.ofMillis(8);

  private final Scheduler clock;
  private final Scheduler control;
  private final Leadership leadership;
  private final String role;
  private final Owner owner;
  private int priority;
  private boolean standing;
  private boolean owning;
  private long term;
  private long renewals;
  private long late;
  private Scheduler.@Nullable Cancellable soon;
  private volatile Leadership.@Nullable Candidacy candidacy;

  /**
   * @param clock the thread of this room
   * @param control where leadership is spoken to
   */
  LeaseElection(
      Scheduler clock, Scheduler control, Leadership leadership, VipConfig config, Owner owner) {
    this.clock = clock;
    this.control = control;
    this.leadership = leadership;
    this.role = "vip/" + config.name();
    this.owner = owner;
    this.priority = config.priority();
  }

  /** How many seconds an address may be held; below 1: not at all. */
  static int seconds(long sinceSentNanos, Duration ttl) {
    return (int) Math.max(0, ttl.minus(MARGIN).minusNanos(sinceSentNanos).toSeconds());
  }

  @Override
  public void start(boolean owning) {
    standing = true;
    Duration wait = owning ? Duration.ZERO : STEP.multipliedBy(254 - priority);
    soon = clock.schedule(wait, () -> control.execute(() -> candidacy = stand()));
  }

  /** On the control thread; what it hears goes to the thread of this room. */
  private Leadership.Candidacy stand() {
    return leadership.stand(
        role,
        new Leadership.Candidate() {
          @Override
          public void elected(long term) {
            clock.execute(() -> LeaseElection.this.term = term);
          }

          @Override
          public void renewed(long sentNanos, Duration ttl) {
            clock.execute(() -> renew(sentNanos, ttl));
          }

          @Override
          public void deposed() {
            clock.execute(() -> lose("the lease is held no longer"));
          }
        });
  }

  private void renew(long sent, Duration ttl) {
    if (!standing) {
      return;
    }
    int seconds = seconds(clock.nanoTime() - sent, ttl);
    if (seconds < 1) {
      late++;
      return; // what the kernel was told before ends in time
    }
    if (!owner.hold(seconds, "elected", null)) {
      lose("it cannot be held any more");
      Leadership.Candidacy present = candidacy;
      if (present != null) {
        control.execute(present::resign);
      }
      return;
    }
    owning = true;
    if (seconds(clock.nanoTime() - sent, ttl) < seconds) {
      late++;
      lose("the lease was renewed too late");
      return;
    }
    long renewal = ++renewals;
    clock.schedule(
        Duration.ofSeconds(seconds).plus(MARGIN),
        () -> {
          if (renewals == renewal) {
            lose("the lease was not renewed in time");
          }
        });
  }

  private void lose(String why) {
    if (owning) {
      owning = false;
      owner.release(why);
    }
  }

  @Override
  public void leave(String why) {
    lose(why); // first: nobody may be elected before
    abandon();
  }

  @Override
  public void abandon() {
    standing = false;
    owning = false;
    renewals++;
    if (soon != null) {
      soon.cancel();
    }
    control.execute(() -> {
      Leadership.Candidacy present = candidacy;
      if (present != null) {
        present.close();
      }
    });
  }

  @Override
  public void configure(VipConfig config) {
    priority = config.priority();
  }

  @Override
  public @Nullable String owner() {
    return owning ? "" : null;
  }

  @Override
  public long term() {
    return term;
  }

  @Override
  public Duration handover() {
    return Duration.ofMillis(500);
  }

  @Override
  public VipStatus.Counters counters() {
    return VipStatus.Counters.ofLease(late);
  }
}
