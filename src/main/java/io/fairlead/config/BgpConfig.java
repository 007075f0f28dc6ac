package io.fairlead.config;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The routers that are told of virtual IPs by BGP.
 *
 * @param as the autonomous system of this instance
 * @param routerId by which routers tell speakers apart; empty: this machine's IPv4 address on the
 *     way to the router
 * @param drain how long routes are marked as about to go before they are withdrawn, when an
 *     instance drains
 * @param peers routers by name, in file order
 */
public record BgpConfig(
    long as, Optional<InetAddress> routerId, Duration drain, Map<String, Peer> peers) {
  static final Duration DEFAULT_DRAIN = Duration.ofSeconds(2);

  /** Nobody is turned away meanwhile, but whoever stops the instance waits. */
  static final Range<Duration> DRAINS = Range.durations(Duration.ZERO, Duration.ofSeconds(60));

  static final int MAX_PEERS = 16;

  /** Stands for numbers that old routers do not know (RFC 6793). */
  private static final long AS_TRANS = 23456;

  private static final long MOST = 4294967294L;

  public BgpConfig {
    peers = Collections.unmodifiableMap(new LinkedHashMap<>(peers));
    Require require =
        new Require()
            .unless(asNumber(as), List.of("as"), as)
            .that(
                routerId.isEmpty()
                    || (routerId.get() instanceof Inet4Address
                        && !routerId.get().isAnyLocalAddress()),
                "router-id",
                routerId.map(InetAddress::getHostAddress).orElse(null),
                "must be an IPv4 address")
            .within(DRAINS, "drain", drain)
            .that(!peers.isEmpty(), "peers", null, "must not be empty")
            .that(peers.size() <= MAX_PEERS, "peers", null, "must not be more than " + MAX_PEERS);
    Map<Object, String> seen = new HashMap<>();
    for (Peer peer : peers.values()) {
      String other = seen.putIfAbsent(List.of(peer.address(), peer.port()), peer.name());
      require.that(
          other == null,
          List.of("peers", peer.name(), "address"),
          peer.address().getHostAddress(),
          "must be free, but {} is the same",
          other == null ? List.of() : List.of(List.of("peers", other, "address")));
    }
    require.orRefuse();
  }

  /** What is wrong with the number of an autonomous system; null: nothing. */
  static @Nullable String asNumber(long as) {
    return as >= 1 && as <= MOST && as != AS_TRANS && as != 65535
        ? null
        : "must be from 1 to 4294967294, and neither 23456 nor 65535";
  }

  /**
   * Reads {@code 65010}.
   *
   * @throws InvalidConfigException with the rule that does not hold
   */
  static Long parseAs(String text) {
    long as = text.matches("[0-9]{1,10}") ? Long.parseLong(text) : 0;
    String objection = asNumber(as);
    if (objection != null) {
      throw Require.refusal(objection);
    }
    return as;
  }

  /**
   * A router.
   *
   * @param name from the key in the file
   * @param address where it listens
   * @param port of TCP
   * @param as its autonomous system; the same as ours: internal BGP
   * @param holdTime after which it takes us for dead when it hears nothing, and we it; the shorter
   *     one of both sides counts
   * @param password of TCP's MD5 signatures; empty: packets are not signed
   * @param ttlSecurity whether it is on this link and packets from farther away are dropped
   * @param nextHop where it sends packets to, at most one of each family; what is missing is this
   *     machine's own address on the way to it
   */
  public record Peer(
      String name,
      InetAddress address,
      int port,
      long as,
      Duration holdTime,
      Optional<Secret> password,
      boolean ttlSecurity,
      List<InetAddress> nextHop) {
    static final Range<Integer> PORTS = Range.counts(1, 65535);
    static final int DEFAULT_PORT = 179;

    /** Three is the least that RFC 4271 allows; with 0 a dead instance would never be noticed. */
    static final Range<Duration> HOLD_TIMES =
        Range.durations(Duration.ofSeconds(3), Duration.ofSeconds(3600));

    static final Duration DEFAULT_HOLD_TIME = Duration.ofSeconds(9);

    /** {@code TCP_MD5SIG_MAXKEYLEN} of the kernel. */
    static final int MAX_PASSWORD = 80;

    public Peer {
      nextHop = List.copyOf(nextHop);
      List<Boolean> families = new ArrayList<>();
      nextHop.forEach(one -> families.add(one instanceof Inet4Address));
      new Require()
          .unless(Syntax.name(name), List.of(), name)
          .unless(plain(address), List.of("address"), address.getHostAddress())
          .within(PORTS, "port", port)
          .unless(asNumber(as), List.of("as"), as)
          .within(HOLD_TIMES, "hold-time", holdTime)
          .that(
              holdTime.toMillis() % 1000 == 0,
              "hold-time",
              Units.duration(holdTime),
              "must be whole seconds")
          .that(
              password.isEmpty()
                  || (!password.get().value().isEmpty()
                      && password.get().value().length() <= MAX_PASSWORD
                      && password.get().value().chars().allMatch(c -> c > ' ' && c < 0x7F)),
              "password",
              null,
              "must be 1 to " + MAX_PASSWORD + " visible characters of ASCII")
          .that(
              nextHop.stream().allMatch(one -> plain(one) == null)
                  && families.stream().distinct().count() == families.size(),
              "next-hop",
              null,
              "must be at most one address of each family, none of them link-local")
          .orRefuse();
    }

    private static @Nullable String plain(InetAddress address) {
      return address.isAnyLocalAddress()
              || address.isMulticastAddress()
              || address.isLinkLocalAddress()
          ? "must be the address of one machine, and not a link-local one"
          : null;
    }

    /** Whether it is of our own system. */
    public boolean isInternal(long own) {
      return as == own;
    }
  }
}
