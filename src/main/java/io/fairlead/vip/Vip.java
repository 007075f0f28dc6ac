package io.fairlead.vip;

import io.fairlead.config.VipAddress;
import io.fairlead.config.VipConfig;
import io.fairlead.config.VipElection;
import io.fairlead.runtime.Scheduler;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One virtual IP: takes part in its election while the instance is ready, has its addresses while
 * it is the owner, and says what happens and what is wrong. On the thread of this room.
 */
final class Vip implements Election.Owner {
  /** How long after something was wrong it is tried again. */
  static final Duration RETRY = Duration.ofSeconds(1);

  /** When neighbours are told: at once, and again for those who did not hear it. */
  private static final List<Duration> ANNOUNCED =
      List.of(Duration.ZERO, Duration.ofMillis(200), Duration.ofSeconds(1), Duration.ofSeconds(5));

  /** As long as an instance that drains waits for its connections, and some more. */
  private static final int SECOND_CHANCE_SECONDS = 45;

  private static final long TOLD_AGAIN = Duration.ofMinutes(1).toNanos();
  private static final long ANNOUNCED_AGAIN = Duration.ofSeconds(1).toNanos();

  /** Opens where the addresses are. */
  interface Places {
    Place open(VipConfig config) throws IOException;
  }

  /** Makes what decides. */
  interface Elections {
    Election of(VipConfig config, Place place, Election.Owner owner) throws IOException;
  }

  private enum State {
    OFF,
    TROUBLE,
    STANDBY,
    OWNER
  }

  private final Scheduler clock;
  private final Places places;
  private final Elections elections;
  private final Consumer<Event> events;
  private VipConfig config;
  private boolean wanted;
  private @Nullable Place place;

  /** Where connections end that another owner passes on. */
  private @Nullable Place behind;

  private @Nullable Election election;
  private Scheduler.@Nullable Cancellable retry;

  /** When it is given up, of which others have been told. */
  private Scheduler.@Nullable Cancellable departure;

  private long departs;
  private @Nullable String trouble;
  private boolean holdingFailed;
  private State state = State.OFF;
  private long since;
  private String why = "the instance is not ready";
  private long taken;
  private int reign;
  private long contestedTold;
  private long contestedAnnounced;
  private boolean contested;
  private VipStatus.Counters before = VipStatus.Counters.NONE;

  Vip(
      VipConfig config,
      Scheduler clock,
      Places places,
      Elections elections,
      Consumer<Event> events) {
    this.config = config;
    this.clock = clock;
    this.places = places;
    this.elections = elections;
    this.events = events;
    this.since = clock.epochMillis();
  }

  VipConfig config() {
    return config;
  }

  boolean isOwner() {
    return state == State.OWNER;
  }

  /**
   * The instance serves: takes part from now on.
   *
   * @param inheriting whether another process of this machine hands over what it owns
   */
  void begin(boolean inheriting) {
    if (!wanted) {
      if (departure != null) {
        end("it comes back");
      }
      wanted = true;
      open(inheriting);
    }
  }

  /** It is to begin, but not yet. */
  void postpone(String reason) {
    if (!wanted) {
      become(State.OFF, reason);
    }
  }

  private void open(boolean inheriting) {
    retry = null;
    try {
      Place opened = places.open(config);
      place = opened;
      boolean there = opened.prepare(inheriting);
      Election made = elections.of(config, opened, this);
      election = made;
      if (!holdingFailed) {
        notice(null); // otherwise only having them shows that all is well
      }
      become(State.STANDBY, "takes part");
      made.start(inheriting && there);
    } catch (IOException e) {
      notice(String.valueOf(e.getMessage()));
      fail();
    }
  }

  /** Gives it up at once, so that another can have it. */
  void end(String reason) {
    wanted = false;
    stay();
    Election present = election;
    if (present != null) {
      present.leave(reason);
    }
    shut();
    become(State.OFF, reason);
  }

  private void stay() {
    if (departure != null) {
      departure.cancel();
      departure = null;
    }
  }

  /**
   * The instance drains: gives it up, and goes on taking what belongs to its connections, where
   * they have a second chance.
   *
   * @return how long clients may still come here before they find the next owner
   */
  Duration drain(String reason) {
    Election present = election;
    if (departure != null) {
      return Duration.ofNanos(Math.max(0, departs - clock.nanoTime()));
    }
    Duration farewell =
        present == null || state != State.OWNER ? Duration.ZERO : present.farewell(reason);
    if (!farewell.isZero()) {
      wanted = false;
      become(State.OWNER, "others are to take over: " + reason);
      events.accept(new Event.VipLeaving(config.name(), reason));
      departs = clock.nanoTime() + farewell.toNanos();
      departure = clock.schedule(farewell, () -> endWithSecondChance(reason));
      return farewell;
    }
    Duration handover = present == null ? Duration.ZERO : present.handover();
    endWithSecondChance(reason);
    return behind == null ? Duration.ZERO : handover;
  }

  /** Gives it up; what belongs to connections is still taken, where they have a second chance. */
  private void endWithSecondChance(String reason) {
    Place here = place;
    if (config.secondChance() && state == State.OWNER && here != null) {
      try {
        here.stayBehind(SECOND_CHANCE_SECONDS);
        behind = here;
      } catch (IOException e) {
        notice(String.valueOf(e.getMessage()));
      }
    }
    end(reason);
  }

  /** Its connections have ended. */
  void finish() {
    Place there = behind;
    if (there != null) {
      behind = null;
      there.comeAway();
      there.close();
    }
  }

  /** Another process of this machine goes on. */
  void abandon() {
    wanted = false;
    stay();
    Election present = election;
    if (present != null) {
      present.abandon();
    }
    shut();
    become(State.OFF, "another process goes on");
  }

  void configure(VipConfig next) {
    boolean same = config.isSameRole(next);
    boolean was = wanted;
    if (!same && was) {
      end("the configuration has changed");
    }
    config = next;
    Election present = election;
    if (same && present != null) {
      present.configure(next);
    } else if (!same && was) {
      begin(false);
    }
  }

  private void shut() {
    reign++;
    if (retry != null) {
      retry.cancel();
      retry = null;
    }
    if (election != null) {
      before = before.plus(election.counters());
      election = null;
    }
    if (place != null && behind == null) {
      place.close();
    }
    place = null;
  }

  private void become(State next, String reason) {
    if (state != next) {
      state = next;
      since = clock.epochMillis();
    }
    why = reason;
  }

  // --- what the election says --------------------------------------------------------------

  @Override
  public boolean hold(int seconds, String reason, @Nullable InetAddress left) {
    Place here = place;
    if (here == null) {
      return false;
    }
    try {
      boolean first = state != State.OWNER;
      if (first) {
        here.prepare(true); // another may have added them since
        giveSecondChance(here, left);
      }
      here.hold(seconds);
      holdingFailed = false;
      notice(null);
      if (first) {
        taken++;
        become(State.OWNER, reason);
        announce(here, 0, ++reign);
        events.accept(
            new Event.VipOwned(
                config.name(), String.join(", ", addresses()), config.networkInterface(), reason));
      }
      return true;
    } catch (IOException e) {
      holdingFailed = true;
      notice(String.valueOf(e.getMessage()));
      return false;
    }
  }

  /** Before the address is here: what comes then would be reset. */
  private void giveSecondChance(Place here, @Nullable InetAddress left) throws IOException {
    if (config.secondChance() && left != null) {
      here.passOn(left);
      int during = reign + 1;
      clock.schedule(
          Duration.ofSeconds(SECOND_CHANCE_SECONDS),
          () -> {
            if (reign == during) {
              here.passOnNoMore();
            }
          });
    }
  }

  private void announce(Place here, int times, int during) {
    if (reign != during || state != State.OWNER) {
      return;
    }
    try {
      here.announce();
    } catch (IOException e) {
      notice(String.valueOf(e.getMessage()));
    }
    if (times + 1 < ANNOUNCED.size()) {
      clock.schedule(
          ANNOUNCED.get(times + 1).minus(ANNOUNCED.get(times)),
          () -> announce(here, times + 1, during));
    }
  }

  @Override
  public void release(String reason) {
    Place here = place;
    if (here != null) {
      if (config.secondChance()) {
        here.passOnNoMore();
      }
      try {
        here.release();
      } catch (IOException e) {
        notice(String.valueOf(e.getMessage())); // the kernel takes them away in time
      }
    }
    if (state == State.OWNER) {
      reign++;
      become(State.STANDBY, reason);
      events.accept(new Event.VipReleased(config.name(), reason));
    }
  }

  @Override
  public void fail() {
    Election present = election;
    if (present != null) {
      present.leave(trouble == null ? "it cannot be held" : trouble);
    }
    shut();
    become(State.TROUBLE, trouble == null ? "it cannot be held" : trouble);
    if (wanted) {
      retry = clock.schedule(RETRY, () -> open(false));
    }
  }

  @Override
  public void notice(@Nullable String what) {
    if (what == null && trouble != null) {
      trouble = null;
      events.accept(new Event.VipTroubleOver(config.name()));
    } else if (what != null && !what.equals(trouble)) {
      trouble = what;
      events.accept(new Event.VipTrouble(config.name(), what));
    }
  }

  @Override
  public void contested(String what) {
    long now = clock.nanoTime();
    if (!contested || now - contestedTold > TOLD_AGAIN) {
      contestedTold = now;
      events.accept(new Event.VipContested(config.name(), what));
    }
    Place here = place;
    if (state == State.OWNER
        && here != null
        && (!contested || now - contestedAnnounced > ANNOUNCED_AGAIN)) {
      contestedAnnounced = now;
      announce(here, ANNOUNCED.size(), reign);
    }
    contested = true;
  }

  // --- what others ask ---------------------------------------------------------------------

  private List<String> addresses() {
    return config.address().stream().map(VipAddress::toString).toList();
  }

  VipStatus status() {
    Election present = election;
    String owner = present == null ? null : present.owner();
    VipStatus.Counters counters = present == null ? before : before.plus(present.counters());
    return new VipStatus(
        config.name(),
        addresses(),
        config.networkInterface(),
        switch (config.elect()) {
          case VipElection.Lease _ -> "lease";
          case VipElection.Vrrp _ -> "vrrp";
          case VipElection.Bgp _ -> "bgp";
        },
        state.name().toLowerCase(java.util.Locale.ROOT),
        state == State.OWNER ? VipStatus.SELF : owner == null || owner.isEmpty() ? null : owner,
        present == null ? 0 : present.term(),
        since,
        trouble != null && state != State.TROUBLE ? why + "; but: " + trouble : why,
        config.elect() instanceof VipElection.Vrrp vrrp ? vrrp.vrid() : 0,
        config.priority(),
        taken,
        counters);
  }
}
