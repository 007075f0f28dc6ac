package io.fairlead;

import io.fairlead.group.FrontEnds;
import io.fairlead.group.Group;
import io.fairlead.runtime.ControlThread;
import io.fairlead.telemetry.Event;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Lock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What the group's front ends mean for this one: names are answered with them, and while an
 * operator has taken it out it has no virtual IP.
 */
final class FrontEndKeeper {
  /** How long others may take to hear that this instance leaves. */
  private static final long TELL_MILLIS = 2000;

  /** From when an answer is made until its copies are counted from. */
  private static final Duration UNDER_WAY = Duration.ofSeconds(1);

  private final String name;
  private final ControlThread control;
  private final DnsKeeper dns;
  private final VipKeeper vips;
  private final Lock changing;
  private final Consumer<Event> events;
  private volatile boolean out;
  private volatile boolean leaving;

  /**
   * @param name of this instance
   * @param changing what whoever changes virtual IPs holds
   */
  FrontEndKeeper(
      String name,
      ControlThread control,
      DnsKeeper dns,
      VipKeeper vips,
      Lock changing,
      Consumer<Event> events) {
    this.name = name;
    this.control = control;
    this.dns = dns;
    this.vips = vips;
    this.changing = changing;
    this.events = events;
  }

  /** The front ends have changed. Any thread. */
  void accept(FrontEnds.View view) {
    control.execute(() -> dns.follow(view));
    if (view.words() != null) { // otherwise nobody has been heard of yet
      share(view);
    }
    boolean drained = view.drained().contains(name);
    if (drained != out) {
      out = drained;
      Thread.ofVirtual().name("drain").start(() -> move(drained));
    }
  }

  /** Those that drain are among them: they have connections. */
  private void share(FrontEnds.View view) {
    List<InetAddress> all = new ArrayList<>();
    int self = -1;
    for (FrontEnds.Front front : view.fronts()) {
      InetAddress address = firstIpv4(front.addresses());
      if (address != null) {
        self = front.instance().equals(name) ? all.size() : self;
        all.add(address);
      }
    }
    vips.share(List.copyOf(all), self);
  }

  private static @Nullable InetAddress firstIpv4(List<String> addresses) {
    for (String text : addresses) {
      if (InetAddress.ofLiteral(text) instanceof Inet4Address address) {
        return address;
      }
    }
    return null;
  }

  private void move(boolean drained) {
    changing.lock();
    try {
      if (out != drained || leaving) {
        return; // it was said otherwise meanwhile
      }
      events.accept(new Event.InstanceDrained(name, drained));
      if (drained) {
        vips.leave("an operator has taken the instance out");
      } else {
        vips.start(false);
      }
    } finally {
      changing.unlock();
    }
  }

  /**
   * This instance is about to stop: names are not answered with it any more.
   *
   * @return how long copies of answers that name it may be used
   */
  Duration leave(@Nullable Group group) {
    leaving = true;
    if (group == null
        || group.frontEnds().view().fronts().stream()
            .noneMatch(front -> front.instance().equals(name))) {
      return Duration.ZERO;
    }
    int seconds = control.call(() -> dns.secondsOf(name));
    try {
      group.frontEnds().leave(TELL_MILLIS);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    return seconds == 0 ? Duration.ZERO : UNDER_WAY.plusSeconds(seconds);
  }
}
