package io.fairlead.vip;

import io.fairlead.config.VipAddress;
import io.fairlead.runtime.Scheduler;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Decides by VRRPv3 whether this machine owns a virtual router [1]: initial, backup or active, with
 * one timer. It hears and says adverts through others and knows no socket.
 *
 * <p>The backup counts the time since it heard an owner of at least its own priority; after three
 * of the owner's intervals and a skew that is the shorter the higher its own priority is, it takes
 * over, so that of several the best is first. An owner that leaves says priority 0, and only the
 * skew is left.
 *
 * <p>Beyond [1]: a timer that is late by more than an interval shows that this process did not run.
 * What others have said meanwhile is still waiting to be heard, so a backup listens once more
 * before it takes over, and an owner that was gone for so long that others must have taken over
 * steps back instead of speaking up.
 *
 * <p>[1] RFC 9568, 6; the words master and backup of RFC 5798 are active and backup there.
 */
final class VrrpRouter {
  enum State {
    INITIAL,
    BACKUP,
    ACTIVE
  }

  /**
   * What may change while it goes on.
   *
   * @param priority 1 to 254
   * @param centis hundredths of a second between its adverts
   */
  record Settings(int priority, int centis, boolean preempt, Duration preemptDelay) {}

  /** What it decides about. Nothing here may call back before it returns. */
  interface Outside {
    /** Says an advert. */
    void advertise(int priority);

    /**
     * Has the addresses from now on, and tells neighbours.
     *
     * @param left the owner before, if it has said farewell; null: it has not, or there was none
     */
    void own(String why, @Nullable InetAddress left);

    /** Has them no longer. */
    void release(String why);

    /** Another one speaks as owner that must not: neighbours may believe it. */
    void contested(InetAddress by, int priority);
  }

  private final Scheduler clock;
  private final InetAddress self;
  private final Outside outside;
  private Settings settings;
  private State state = State.INITIAL;
  private Scheduler.@Nullable Cancellable timer;
  private long due;

  /** Of the owner that was heard last, or our own. */
  private int activeCentis;

  private @Nullable InetAddress active;

  /** Who has said farewell, and nobody has spoken since. */
  private @Nullable InetAddress left;

  /** When an owner of lower priority was heard first; only where there is a delay. */
  private long lowerSince;

  private boolean lowerHeard;
  private long activeSince;

  /**
   * @param self where adverts come from: the higher address wins among equals
   */
  VrrpRouter(Scheduler clock, InetAddress self, Settings settings, Outside outside) {
    this.clock = clock;
    this.self = self;
    this.settings = settings;
    this.outside = outside;
    this.activeCentis = settings.centis();
  }

  State state() {
    return state;
  }

  /** Who owns it, as far as known: its address, or our own. */
  @Nullable InetAddress active() {
    return active;
  }

  /**
   * Takes part.
   *
   * @param owning whether this machine has been the owner until now, through another process
   */
  void start(boolean owning) {
    if (owning) {
      becomeActive("the process before owned it");
      activeSince -= activeDown() + 1; // nobody is just letting go
    } else {
      becomeBackup(activeDown());
    }
  }

  /** Says farewell, if it owns it, so that others need not wait, and takes part no more. */
  void leave(String why) {
    if (state == State.ACTIVE) {
      outside.advertise(0);
      outside.release(why);
    }
    abandon();
  }

  /** Takes part no more and says nothing. */
  void abandon() {
    cancel();
    state = State.INITIAL;
    active = null;
  }

  void configure(Settings next) {
    settings = next;
    if (state == State.ACTIVE) {
      activeCentis = next.centis();
    }
  }

  /** An advert for this virtual router has come. */
  void hear(InetAddress from, int priority, int centis) {
    if (from.equals(self)) {
      return;
    }
    switch (state) {
      case INITIAL -> {}
      case BACKUP -> hearAsBackup(from, priority, centis);
      case ACTIVE -> hearAsActive(from, priority, centis);
    }
  }

  private void hearAsBackup(InetAddress from, int priority, int centis) {
    if (priority == 0) {
      lowerHeard = false;
      left = from;
      wakeAfter(skew());
      return;
    }
    boolean lower = priority < settings.priority();
    if (!lower || !settings.preempt() || isTooEarly()) {
      lowerHeard &= lower;
      left = null;
      active = from;
      activeCentis = centis;
      wakeAfter(activeDown());
    }
  }

  /** Whether it waits before it takes over from one that is well. */
  private boolean isTooEarly() {
    if (settings.preemptDelay().isZero()) {
      return false;
    }
    long now = clock.nanoTime();
    if (!lowerHeard) {
      lowerHeard = true;
      lowerSince = now;
    }
    return now - lowerSince < settings.preemptDelay().toNanos();
  }

  private void hearAsActive(InetAddress from, int priority, int centis) {
    if (priority == 0) {
      advertise();
      return;
    }
    boolean wins =
        priority > settings.priority() || (priority == settings.priority() && isHigher(from, self));
    if (wins) {
      active = from;
      activeCentis = centis;
      outside.release(VipAddress.text(from) + " has priority " + priority);
      // RFC 9568 does not ask for it. The winner may not have heard that there were two, and
      // clients that this one had called come here until the other announces itself again.
      outside.advertise(settings.priority());
      becomeBackup(activeDown());
    } else {
      advertise();
      if (clock.nanoTime() - activeSince > activeDown()) { // else it is just letting go
        outside.contested(from, priority);
      }
    }
  }

  private static boolean isHigher(InetAddress one, InetAddress other) {
    return Arrays.compareUnsigned(one.getAddress(), other.getAddress()) > 0;
  }

  private void becomeBackup(long nanos) {
    state = State.BACKUP;
    lowerHeard = false;
    wakeAfter(nanos);
  }

  private void becomeActive(String why) {
    state = State.ACTIVE;
    active = self;
    activeSince = clock.nanoTime();
    activeCentis = settings.centis();
    advertise(); // first: whoever is about to take over as well hears it
    outside.own(why, left);
    left = null;
  }

  private void advertise() {
    outside.advertise(settings.priority());
    wakeAfter(interval());
  }

  private void wakeAfter(long nanos) {
    cancel();
    due = clock.nanoTime() + nanos;
    timer = clock.schedule(Duration.ofNanos(nanos), this::ring);
  }

  private void cancel() {
    if (timer != null) {
      timer.cancel();
      timer = null;
    }
  }

  private void ring() {
    long late = clock.nanoTime() - due;
    switch (state) {
      case INITIAL -> {}
      case BACKUP -> {
        if (late > interval()) {
          wakeAfter(interval() + skew());
        } else {
          InetAddress before = active;
          becomeActive(
              left != null
                  ? VipAddress.text(left) + " has left"
                  : before == null || before.equals(self)
                      ? "nobody else spoke up"
                      : "nothing has been heard of " + VipAddress.text(before));
        }
      }
      case ACTIVE -> {
        if (late > 2 * interval()) {
          outside.release(
              "this process did not run for " + late / 1_000_000 + " ms; another may own it now");
          active = null;
          becomeBackup(activeDown());
        } else {
          advertise();
        }
      }
    }
  }

  private long interval() {
    return activeCentis * 10_000_000L;
  }

  private long skew() {
    return (256 - settings.priority()) * interval() / 256;
  }

  private long activeDown() {
    return 3 * interval() + skew();
  }

  /** Seconds, rounded up, after which others take over from an owner that says nothing. */
  int secondsUntilOthers() {
    return (int) Math.ceilDiv(activeDown(), 1_000_000_000L);
  }
}
