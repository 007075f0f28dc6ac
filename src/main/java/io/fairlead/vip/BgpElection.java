package io.fairlead.vip;

import io.fairlead.config.VipAddress;
import io.fairlead.config.VipConfig;
import io.fairlead.config.VipElection;
import io.fairlead.runtime.Scheduler;
import io.fairlead.vip.bgp.BgpSpeaker;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Nobody is elected: this instance has the virtual IP while it is well, as all others that are, and
 * routers are told so. First the address is here, then they are told; they are told otherwise
 * first, and then it goes.
 */
final class BgpElection implements Election {
  /** How often the kernel is asked to have the addresses for some time more, and for how long. */
  private static final Duration RENEWAL = Duration.ofSeconds(1);

  private static final int SECONDS = 3;

  /**
   * What routers take to use another way, with some to spare; packets on their way still arrive.
   */
  static final Duration HANDOVER = Duration.ofMillis(500);

  private final Scheduler clock;
  private final BgpSpeaker speaker;
  private final Owner owner;
  private final String name;
  private final List<InetAddress> addresses;
  private VipElection.Bgp how;
  private boolean standing;
  private boolean leaving;
  private Scheduler.@Nullable Cancellable next;
  private Scheduler.@Nullable Cancellable withdrawal;

  BgpElection(
      Scheduler clock, BgpSpeaker speaker, VipConfig config, VipElection.Bgp how, Owner owner) {
    this.clock = clock;
    this.speaker = speaker;
    this.owner = owner;
    this.name = config.name();
    this.addresses = config.address().stream().map(VipAddress::ip).toList();
    this.how = how;
  }

  @Override
  public void start(boolean owning) {
    standing = true;
    renew();
  }

  private void renew() {
    if (!standing) {
      return;
    }
    if (!owner.hold(SECONDS, "all that are well have it", null)) {
      owner.fail(); // which has this one leave
      return;
    }
    if (!leaving) {
      speaker.announce(name, addresses, how);
    }
    next = clock.schedule(RENEWAL, this::renew);
  }

  @Override
  public Duration farewell(String why) {
    if (!standing || leaving) {
      return Duration.ZERO;
    }
    leaving = true;
    Duration pause = speaker.mark(name);
    withdrawal = clock.schedule(pause, () -> speaker.withdraw(name));
    return pause.plus(HANDOVER);
  }

  @Override
  public void leave(String why) {
    boolean was = standing;
    end();
    speaker.withdraw(name);
    if (was) {
      owner.release(why);
    }
  }

  @Override
  public void abandon() {
    end();
  }

  private void end() {
    standing = false;
    if (next != null) {
      next.cancel();
    }
    if (withdrawal != null) {
      withdrawal.cancel();
    }
  }

  @Override
  public void configure(VipConfig config) {
    if (config.elect() instanceof VipElection.Bgp changed) {
      how = changed;
      if (standing && !leaving) {
        speaker.announce(name, addresses, how);
      }
    }
  }

  /** All that are well are. */
  @Override
  public @Nullable String owner() {
    return standing ? "" : null;
  }

  @Override
  public long term() {
    return 0;
  }

  @Override
  public Duration handover() {
    return HANDOVER;
  }

  @Override
  public VipStatus.Counters counters() {
    return VipStatus.Counters.NONE;
  }
}
