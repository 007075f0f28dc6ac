package io.fairlead.vip.bgp;

import io.fairlead.config.BgpConfig;
import io.fairlead.config.VipElection;
import io.fairlead.runtime.Scheduler;
import io.fairlead.telemetry.Event;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Tells all routers which virtual IPs this instance has. On the thread of virtual IPs. */
public final class BgpSpeaker implements AutoCloseable {
  private static final int SHUT_DOWN = 2;
  private static final int NOT_CONFIGURED = 3;
  private static final int CHANGED = 6;

  private final Scheduler clock;
  private final BgpLine.Opener lines;
  private final @Nullable BgpLines own;
  private final RandomGenerator random;
  private final Consumer<Event> events;
  private @Nullable BgpConfig config;
  private boolean speaking;
  private final Map<String, BgpSession> sessions = new LinkedHashMap<>();

  /** What each virtual IP has routers told, by its name. */
  private final Map<String, Map<InetAddress, BgpRoute>> routes = new LinkedHashMap<>();

  private BgpSpeaker(
      Scheduler clock,
      BgpLine.Opener lines,
      @Nullable BgpLines own,
      RandomGenerator random,
      Consumer<Event> events) {
    this.clock = clock;
    this.lines = lines;
    this.own = own;
    this.random = random;
    this.events = events;
  }

  BgpSpeaker(
      Scheduler clock, BgpLine.Opener lines, RandomGenerator random, Consumer<Event> events) {
    this(clock, lines, null, random, events);
  }

  /** One that opens sockets. */
  public static BgpSpeaker of(Scheduler clock, RandomGenerator random, Consumer<Event> events) {
    BgpLines lines = new BgpLines(clock);
    return new BgpSpeaker(clock, lines, lines, random, events);
  }

  /**
   * Speaks with these routers from now on. Sessions with those that stay as they were go on.
   *
   * @param virtual addresses that this machine has at times, which are no way to it
   */
  public void configure(Optional<BgpConfig> next, Set<InetAddress> virtual) {
    if (own != null) {
      own.avoid(virtual);
    }
    BgpConfig before = config;
    BgpConfig after = next.orElse(null);
    config = after;
    boolean same =
        before != null
            && after != null
            && before.as() == after.as()
            && before.routerId().equals(after.routerId());
    sessions
        .values()
        .removeIf(session -> {
          BgpConfig.Peer wanted = after == null ? null : after.peers().get(session.peer().name());
          boolean goes = !same || !session.peer().equals(wanted);
          if (goes) {
            session.stop(
                wanted == null ? NOT_CONFIGURED : CHANGED, "the configuration has changed");
          }
          return goes;
        });
    if (after != null) {
      for (BgpConfig.Peer peer : after.peers().values()) {
        if (!sessions.containsKey(peer.name())) {
          BgpSession session = new BgpSession(after, peer, clock, lines, random, events);
          sessions.put(peer.name(), session);
          session.show(all());
          if (speaking) {
            session.start();
          }
        }
      }
    }
  }

  /** The instance is ready. */
  public void start() {
    speaking = true;
    sessions.values().forEach(BgpSession::start);
  }

  /** Ends all sessions, in order. What was announced goes at once. */
  public void stop(String why) {
    speaking = false;
    sessions.values().forEach(session -> session.stop(SHUT_DOWN, why));
  }

  /** The instance has a virtual IP. */
  public void announce(String vip, List<InetAddress> addresses, VipElection.Bgp how) {
    Map<InetAddress, BgpRoute> mine = new LinkedHashMap<>();
    addresses.forEach(
        address -> mine.put(address, new BgpRoute(how.med(), how.communities(), false)));
    if (!mine.equals(routes.put(vip, mine))) {
      show();
    }
  }

  /**
   * It is about to be withdrawn: routers shall use others.
   *
   * @return how long they are given for it
   */
  public Duration mark(String vip) {
    BgpConfig present = config;
    if (present == null || !routes.containsKey(vip) || present.drain().isZero()) {
      return Duration.ZERO;
    }
    routes.get(vip).replaceAll((_, route) -> route.thatLeaves());
    show();
    boolean anybody = sessions.values().stream().anyMatch(BgpSession::isEstablished);
    return anybody ? present.drain() : Duration.ZERO;
  }

  /** The instance has it no longer. */
  public void withdraw(String vip) {
    if (routes.remove(vip) != null) {
      show();
    }
  }

  private void show() {
    Map<InetAddress, BgpRoute> all = all();
    sessions.values().forEach(session -> session.show(all));
  }

  private Map<InetAddress, BgpRoute> all() {
    Map<InetAddress, BgpRoute> all = new LinkedHashMap<>();
    routes.values().forEach(all::putAll);
    return all;
  }

  /** How the sessions are, in the order of the configuration. */
  public List<BgpStatus> status() {
    BgpConfig present = config;
    List<BgpStatus> all = new ArrayList<>();
    if (present != null) {
      for (String name : present.peers().keySet()) {
        BgpSession session = sessions.get(name);
        if (session != null) {
          all.add(session.status());
        }
      }
    }
    return all;
  }

  /** Ends; waits for a moment until what was said last has been sent. Any thread. */
  @Override
  public void close() {
    if (own != null) {
      own.close();
    }
  }
}
