package io.fairlead;

import io.fairlead.config.BgpConfig;
import io.fairlead.config.VipAddress;
import io.fairlead.config.VipConfig;
import io.fairlead.runtime.Leadership;
import io.fairlead.runtime.Scheduler;
import io.fairlead.telemetry.Event;
import io.fairlead.vip.VipStatus;
import io.fairlead.vip.Vips;
import io.fairlead.vip.bgp.BgpStatus;
import java.net.InetAddress;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The virtual IPs of this instance: they exist from the first configuration on that has one. It
 * takes part in their elections while its listeners are bound and it does not drain. All but {@link
 * #status} is called by one thread at a time, which may wait.
 */
final class VipKeeper {
  private final String name;
  private final Scheduler control;
  private final Leadership leadership;
  private final Consumer<Event> events;
  private Map<String, VipConfig> config = Map.of();
  private Optional<BgpConfig> bgp = Optional.empty();
  private boolean started;
  private boolean inheriting;
  private volatile @Nullable Vips vips;
  private final Object sharing = new Object();
  private volatile Sharers sharers = new Sharers(List.of(), -1);

  /** Instances that have addresses which all have, and the place of this one; -1: it has none. */
  private record Sharers(List<InetAddress> all, int self) {}

  /**
   * @param name of this instance, by which it is preferred
   */
  VipKeeper(String name, Scheduler control, Leadership leadership, Consumer<Event> events) {
    this.name = name;
    this.control = control;
    this.leadership = leadership;
    this.events = events;
  }

  /** Addresses that this machine has at times. */
  static Set<InetAddress> addresses(Map<String, VipConfig> config) {
    Set<InetAddress> addresses = new HashSet<>();
    for (VipConfig vip : config.values()) {
      vip.address().stream().map(VipAddress::ip).forEach(addresses::add);
    }
    return addresses;
  }

  /** These are wanted from now on. */
  void follow(Map<String, VipConfig> next, Optional<BgpConfig> routers) {
    config = next;
    bgp = routers;
    Map<String, VipConfig> own = new LinkedHashMap<>(next);
    own.replaceAll((_, vip) -> vip.of(name));
    Vips present = vips;
    if (present == null && started && !next.isEmpty()) {
      present = new Vips(control, leadership, events);
      vips = present;
      present.configure(own, bgp);
      present.start(inheriting);
    } else if (present != null) {
      present.configure(own, bgp);
    }
    share();
    inheriting = false; // what comes later nobody has handed over
  }

  /**
   * Who may have connections of addresses that all have. Any thread.
   *
   * @param all of them, in an order on which they agree
   * @param self the place of this one; -1: it is not among them
   */
  void share(List<InetAddress> all, int self) {
    Sharers now = new Sharers(all, self);
    if (!now.equals(sharers)) {
      sharers = now;
      Thread.ofVirtual().name("second chance").start(this::share); // it waits for programs
    }
  }

  private void share() {
    synchronized (sharing) { // what is said last comes last
      Vips present = vips;
      if (present != null) {
        Sharers now = sharers;
        present.share(now.all(), now.self());
      }
    }
  }

  /**
   * Listeners are bound.
   *
   * @param inheriting whether the process before hands over what it owns
   */
  void start(boolean inheriting) {
    this.started = true;
    this.inheriting = inheriting;
    follow(config, bgp);
    Vips present = vips;
    if (present != null) {
      present.start(false); // where it had drained
    }
  }

  /**
   * Gives up what is owned, before anything else ends. Returns when new clients go to the next
   * owner, where connections have a second chance.
   */
  void leave(String why) {
    started = false;
    Vips present = vips;
    if (present != null) {
      LockSupport.parkNanos(present.leave(why).toNanos());
    }
  }

  /** Another process of this machine goes on with it. */
  void abandon() {
    started = false;
    Vips present = vips;
    if (present != null) {
      present.abandon();
    }
  }

  List<BgpStatus> routers() {
    Vips present = vips;
    return present == null ? List.of() : present.routers();
  }

  List<VipStatus> status() {
    Vips present = vips;
    return present == null ? List.of() : present.status();
  }

  void close() {
    leave("the instance has ended");
    Vips present = vips;
    if (present != null) {
      present.close();
    }
  }
}
