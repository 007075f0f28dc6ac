package io.fairlead.vip.bgp;

import io.fairlead.config.BgpConfig;
import io.fairlead.config.VipAddress;
import io.fairlead.runtime.Scheduler;
import io.fairlead.telemetry.Event;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The session with one router (RFC 4271, 8): connects, agrees, says that it is there, tells of
 * routes, and begins anew when it ends. Only we connect, so that two connections never collide.
 * Knows no socket.
 */
final class BgpSession {
  /**
   * For the connection, and then for the router's OPEN: one that says nothing is not waited for.
   */
  static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Waited for before the second attempt; each further one waits twice as long. */
  static final Duration FIRST_WAIT = Duration.ofMillis(500);

  static final Duration LONGEST_WAIT = Duration.ofSeconds(15);

  /** A session that lasted so long was a good one. */
  private static final Duration GOOD = Duration.ofSeconds(10);

  /** From which on a router that sends routes is told of, once. */
  private static final int MANY_ROUTES = 1000;

  private static final long TOLD_AGAIN = Duration.ofMinutes(1).toNanos();

  private enum State {
    OFF,
    IDLE,
    CONNECT,
    OPEN_SENT,
    OPEN_CONFIRM,
    ESTABLISHED
  }

  private final BgpConfig config;
  private final BgpConfig.Peer peer;
  private final Scheduler clock;
  private final BgpLine.Opener lines;
  private final RandomGenerator random;
  private final Consumer<Event> events;
  private State state = State.OFF;
  private long since;
  private String why = "the instance is not ready";

  /** What the router should know, and what it has been told. */
  private Map<InetAddress, BgpRoute> wanted = Map.of();

  private final Map<InetAddress, BgpRoute> told = new LinkedHashMap<>();

  private @Nullable BgpLine line;
  private BgpReader reader = new BgpReader();
  private final Map<BgpFamily, InetAddress> hops = new EnumMap<>(BgpFamily.class);
  private Set<BgpFamily> families = Set.of();
  private boolean wide;

  /** Grows with each attempt: what an old one says is not listened to. */
  private int attempt;

  private int failures;
  private Duration hold = Duration.ZERO;
  private long heard;
  private long taken;
  private long established;
  private long routes;
  private boolean manyTold;
  private boolean wrongTold;
  private String left = "";
  private @Nullable String trouble;
  private long troubleTold;
  private Scheduler.@Nullable Cancellable timer;
  private Scheduler.@Nullable Cancellable speaking;
  private long sent;
  private long received;
  private long lost;

  /**
   * @param random by how much waits differ, so that not all come at once
   */
  BgpSession(
      BgpConfig config,
      BgpConfig.Peer peer,
      Scheduler clock,
      BgpLine.Opener lines,
      RandomGenerator random,
      Consumer<Event> events) {
    this.config = config;
    this.peer = peer;
    this.clock = clock;
    this.lines = lines;
    this.random = random;
    this.events = events;
    this.since = clock.epochMillis();
  }

  BgpConfig.Peer peer() {
    return peer;
  }

  boolean isEstablished() {
    return state == State.ESTABLISHED;
  }

  /** Begins to connect. */
  void start() {
    if (state == State.OFF) {
      failures = 0;
      connect();
    }
  }

  /**
   * Ends, in order.
   *
   * @param subcode of the NOTIFICATION (RFC 4486)
   * @param words for whoever reads the log there
   */
  void stop(int subcode, String words) {
    BgpLine present = line;
    boolean was = state == State.ESTABLISHED;
    if (present != null && state != State.CONNECT) {
      say(present, BgpWriter.cease(subcode, words));
    }
    hangUp();
    become(State.OFF, words);
    if (was) {
      events.accept(new Event.BgpSessionOver(peer.name(), text(), words));
    }
  }

  /** The router should know these and no others. */
  void show(Map<InetAddress, BgpRoute> next) {
    wanted = new LinkedHashMap<>(next);
    tell();
  }

  // --- the line ----------------------------------------------------------------------------

  private void connect() {
    int mine = ++attempt;
    reader = new BgpReader();
    become(State.CONNECT, trouble == null ? "connects" : trouble);
    line =
        lines.open(
            peer,
            new BgpLine.Heard() {
              @Override
              public void connected(Map<BgpFamily, InetAddress> own) {
                if (mine == attempt) {
                  introduce(own);
                }
              }

              @Override
              public void received(byte[] bytes) {
                if (mine == attempt) {
                  listen(bytes);
                }
              }

              @Override
              public void ended(String reason) {
                if (mine == attempt) {
                  fail(reason);
                }
              }
            });
    expect("it does not answer");
  }

  /** What comes next has to come in time. */
  private void expect(String otherwise) {
    cancelTimer();
    timer = clock.schedule(PATIENCE, () -> fail(otherwise));
  }

  private void introduce(Map<BgpFamily, InetAddress> own) {
    hops.clear();
    hops.putAll(own);
    InetAddress id = config.routerId().orElse(own.get(BgpFamily.IPV4));
    peer.nextHop().forEach(hop -> hops.put(BgpFamily.of(hop), hop));
    if (id == null) {
      fail("bgp.router-id must be given: this machine has no IPv4 address on the way there");
      return;
    }
    become(State.OPEN_SENT, "waits for its OPEN");
    say(
        BgpWriter.open(
            config.as(),
            (int) peer.holdTime().toSeconds(),
            ByteBuffer.wrap(id.getAddress()).getInt()));
    expect("it accepts the connection and says nothing");
  }

  /** It is over: begins anew after a while. */
  private void fail(String reason) {
    boolean was = state == State.ESTABLISHED;
    boolean good = was && clock.nanoTime() - established > GOOD.toNanos();
    hangUp();
    failures = good ? 0 : failures + 1;
    become(State.IDLE, reason);
    if (was) {
      lost++;
      trouble = reason;
      troubleTold = clock.nanoTime();
      events.accept(new Event.BgpSessionLost(peer.name(), text(), reason));
    } else {
      notice(reason);
    }
    timer = clock.schedule(pause(), this::connect);
  }

  private Duration pause() {
    Duration wait = FIRST_WAIT;
    for (int i = 1; i < failures && wait.compareTo(LONGEST_WAIT) < 0; i++) {
      wait = wait.multipliedBy(2);
    }
    wait = wait.compareTo(LONGEST_WAIT) < 0 ? wait : LONGEST_WAIT;
    return Duration.ofNanos((long) (wait.toNanos() * (0.75 + random.nextDouble() / 2)));
  }

  /** Told when it is something else than before, or a minute has gone by. */
  private void notice(String what) {
    long now = clock.nanoTime();
    if (!what.equals(trouble) || now - troubleTold > TOLD_AGAIN) {
      trouble = what;
      troubleTold = now;
      events.accept(new Event.BgpTrouble(peer.name(), text(), what));
    }
  }

  private void hangUp() {
    attempt++;
    cancelTimer();
    if (speaking != null) {
      speaking.cancel();
      speaking = null;
    }
    BgpLine present = line;
    line = null;
    if (present != null) {
      present.close();
    }
    told.clear();
    families = Set.of();
    hold = Duration.ZERO;
    routes = 0;
    manyTold = false;
    wrongTold = false;
    left = "";
  }

  private void cancelTimer() {
    if (timer != null) {
      timer.cancel();
      timer = null;
    }
  }

  private void become(State next, String reason) {
    if (state != next) {
      state = next;
      since = clock.epochMillis();
    }
    why = reason;
  }

  private String text() {
    return VipAddress.text(peer.address()) + ", AS " + peer.as();
  }

  // --- what is heard -----------------------------------------------------------------------

  private void listen(byte[] bytes) {
    int mine = attempt;
    try {
      reader.read(
          bytes,
          message -> {
            received++;
            heard = clock.nanoTime();
            take(message);
            return mine == attempt;
          });
    } catch (BgpException e) {
      BgpLine present = line;
      if (present != null) {
        say(present, BgpWriter.notification(e.code(), e.subcode(), e.data()));
      }
      fail(e.words());
    }
  }

  private void take(BgpMessage message) throws BgpException {
    switch (message) {
      case BgpMessage.Notification last -> fail("the router ended the session: " + last.words());
      case BgpMessage.Open open -> {
        if (state != State.OPEN_SENT) {
          throw unexpected("OPEN");
        }
        agree(open);
      }
      case BgpMessage.Keepalive _ -> {
        if (state == State.OPEN_CONFIRM) {
          establish();
        } else if (state != State.ESTABLISHED) {
          throw unexpected("KEEPALIVE");
        }
      }
      case BgpMessage.Update update -> {
        if (state != State.ESTABLISHED) {
          throw unexpected("UPDATE");
        }
        ignore(update);
      }
      case BgpMessage.Refresh refresh -> {
        if (state != State.ESTABLISHED) {
          throw unexpected("ROUTE-REFRESH");
        }
        if (refresh.family() != null) {
          told.keySet().removeIf(address -> BgpFamily.of(address) == refresh.family());
          tell();
        }
      }
    }
  }

  /** Which state it came in is the subcode (RFC 6608). */
  private BgpException unexpected(String what) {
    int subcode =
        switch (state) {
          case OPEN_SENT -> 1;
          case OPEN_CONFIRM -> 2;
          case ESTABLISHED -> 3;
          case OFF, IDLE, CONNECT -> 0;
        };
    return new BgpException(
        BgpException.STATE, subcode, "it sends " + what + " when it may not (" + word() + ")");
  }

  private void agree(BgpMessage.Open open) throws BgpException {
    if (open.as() != peer.as()) {
      throw new BgpException(
          BgpException.OPEN, 2, "it is of AS " + open.as() + ", and not of AS " + peer.as());
    }
    InetAddress own = config.routerId().orElse(hops.get(BgpFamily.IPV4));
    if (peer.isInternal(config.as())
        && own != null
        && ByteBuffer.wrap(own.getAddress()).getInt() == open.identifier()) {
      throw new BgpException(
          BgpException.OPEN, 3, "it has the same router id as this instance: " + own);
    }
    if (open.families().isEmpty()) {
      byte[] wanted = {1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1};
      throw new BgpException(
          BgpException.OPEN, 7, wanted, "it takes routes of neither IPv4 nor IPv6");
    }
    families = open.families();
    wide = open.wide();
    Duration its = Duration.ofSeconds(open.holdSeconds());
    hold = its.compareTo(peer.holdTime()) < 0 ? its : peer.holdTime();
    become(State.OPEN_CONFIRM, "waits for its KEEPALIVE");
    say(BgpWriter.keepalive());
    watch();
    speak();
  }

  private void establish() {
    established = clock.nanoTime();
    trouble = null;
    become(State.ESTABLISHED, "well");
    events.accept(new Event.BgpSessionUp(peer.name(), text(), hold.toSeconds()));
    tell();
  }

  /** Routes are not wanted; that there are many is worth a word. */
  private void ignore(BgpMessage.Update update) {
    routes += update.announced();
    if (routes >= MANY_ROUTES && !manyTold) {
      manyTold = true;
      events.accept(
          new Event.BgpTrouble(
              peer.name(),
              text(),
              "it sends routes, "
                  + routes
                  + " so far, which are thrown away; let it export none to this instance"));
    }
    if (update.wrong() != null && !wrongTold) {
      wrongTold = true;
      events.accept(
          new Event.BgpTrouble(
              peer.name(),
              text(),
              "it sends routes with " + update.wrong() + "; they are ignored"));
    }
  }

  // --- timers ------------------------------------------------------------------------------

  /** The router is heard from, or it is dead. */
  private void watch() {
    cancelTimer();
    heard = clock.nanoTime();
    taken = heard;
    watchFor(hold);
  }

  private void watchFor(Duration time) {
    timer =
        clock.schedule(
            time,
            () -> {
              Duration rest = hold.minusNanos(clock.nanoTime() - heard);
              if (rest.isPositive()) {
                watchFor(rest);
                return;
              }
              BgpLine present = line;
              if (present != null) {
                say(present, BgpWriter.notification(BgpException.HOLD_TIMER, 0, new byte[0]));
              }
              fail("nothing was heard of it for " + hold.toSeconds() + " s");
            });
  }

  /** A third of the hold time, or somewhat less: not all at once (RFC 4271, 10). */
  private void speak() {
    long nanos = (long) (hold.toNanos() / 3.0 * (0.75 + random.nextDouble() / 4));
    speaking =
        clock.schedule(
            Duration.ofNanos(nanos),
            () -> {
              BgpLine present = line;
              if (present == null) {
                return;
              }
              long now = clock.nanoTime();
              if (present.waiting() == 0) {
                taken = now;
              } else if (now - taken > hold.toNanos()) {
                // As RFC 9687 has it: a router that reads nothing learns nothing, either.
                fail("it has taken nothing for " + hold.toSeconds() + " s");
                return;
              }
              say(BgpWriter.keepalive());
              speak();
            });
  }

  private void say(byte[] message) {
    BgpLine present = line;
    if (present != null) {
      say(present, message);
    }
  }

  private void say(BgpLine to, byte[] message) {
    sent++;
    to.send(message);
  }

  // --- routes ------------------------------------------------------------------------------

  private void tell() {
    if (state != State.ESTABLISHED) {
      return;
    }
    Set<String> without = new LinkedHashSet<>();
    for (BgpFamily family : BgpFamily.values()) {
      List<InetAddress> gone = new ArrayList<>();
      for (InetAddress address : told.keySet()) {
        if (BgpFamily.of(address) == family && !wanted.containsKey(address)) {
          gone.add(address);
        }
      }
      told.keySet().removeAll(gone);
      BgpWriter.withdraw(gone).forEach(this::say);
      Map<BgpRoute, List<InetAddress>> fresh = new LinkedHashMap<>();
      wanted.forEach((address, route) -> {
        if (BgpFamily.of(address) == family && !route.equals(told.get(address))) {
          fresh.computeIfAbsent(route, _ -> new ArrayList<>()).add(address);
        }
      });
      InetAddress hop = hops.get(family);
      if (!families.contains(family) || hop == null) {
        if (!fresh.isEmpty()) {
          without.add(
              hop == null
                  ? "this machine has no " + family + " address there: give next-hop"
                  : "it takes no routes of " + family);
        }
        continue;
      }
      BgpWriter.Stand stand = new BgpWriter.Stand(config.as(), peer.isInternal(config.as()), wide);
      fresh.forEach((route, addresses) -> {
        BgpWriter.announce(stand, hop, route, addresses).forEach(this::say);
        addresses.forEach(address -> told.put(address, route));
      });
    }
    String all = String.join("; ", without);
    if (!all.isEmpty() && !all.equals(left)) {
      events.accept(
          new Event.BgpTrouble(
              peer.name(), text(), "some virtual IPs are not announced to it: " + all));
    }
    left = all;
    why = all.isEmpty() ? "well" : "some virtual IPs are not announced to it: " + all;
  }

  // --- what others ask ---------------------------------------------------------------------

  private String word() {
    return state.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  BgpStatus status() {
    return new BgpStatus(
        peer.name(),
        VipAddress.text(peer.address()),
        peer.as(),
        word(),
        since,
        why,
        (int) hold.toSeconds(),
        told.keySet().stream().map(VipAddress::text).toList(),
        told.values().stream().anyMatch(BgpRoute::leaving),
        sent,
        received,
        lost);
  }
}
