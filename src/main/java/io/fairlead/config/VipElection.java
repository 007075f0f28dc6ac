package io.fairlead.config;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** How it is decided who has a virtual IP. */
public sealed interface VipElection {
  /** By a lease of the group: never two at a time, nobody without a majority. */
  record Lease() implements VipElection {}

  /**
   * By VRRPv3 (RFC 9568): whoever of those on the link has the highest priority. Cut apart, each
   * part has an owner.
   *
   * @param vrid the virtual router's number on its link, 1 to 255; the same in all who may own it
   * @param advertInterval how often the owner says that it is there; three and a bit without, and
   *     the next one owns it
   * @param preempt whether a higher priority takes it from an owner that is well
   * @param preemptDelay how long it waits before it does
   * @param peers who is told, one by one; empty: everybody on the link, by multicast
   * @param checksum how the checksum of IPv4 messages is made
   */
  record Vrrp(
      int vrid,
      Duration advertInterval,
      boolean preempt,
      Duration preemptDelay,
      List<InetAddress> peers,
      Checksum checksum)
      implements VipElection {
    static final Range<Integer> VRIDS = Range.counts(1, 255);

    /** Twelve bits of hundredths of a second (RFC 9568, 5.2.7). */
    static final Range<Duration> INTERVALS =
        Range.durations(Duration.ofMillis(10), Duration.ofMillis(40_950));

    static final Range<Duration> DELAYS = Range.durations(Duration.ZERO, Duration.ofMinutes(60));

    /**
     * Short enough that clients wait for less than a second, long enough for a busy machine: late
     * by more than twice this, and somebody else takes over.
     */
    static final Duration DEFAULT_INTERVAL = Duration.ofMillis(200);

    static final int MAX_PEERS = 32;

    public Vrrp {
      peers = List.copyOf(peers);
      new Require()
          .within(VRIDS, "vrid", vrid)
          .within(INTERVALS, "advert-interval", advertInterval)
          .that(
              advertInterval.toMillis() % 10 == 0,
              "advert-interval",
              Units.duration(advertInterval),
              "must be a whole number of hundredths of a second")
          .within(DELAYS, "preempt-delay", preemptDelay)
          .that(
              preempt || preemptDelay.isZero(),
              "preempt-delay",
              Units.duration(preemptDelay),
              "must not be given where preempt is false")
          .that(peers.size() <= MAX_PEERS, "peers", null, "must not be more than " + MAX_PEERS)
          .orRefuse();
    }
  }

  /**
   * By nobody: all that are well have it and tell routers so by BGP, which spread clients over them
   * (RFC 4271).
   *
   * @param med by which a router prefers one of several ways to the same neighbour, the lowest;
   *     empty: it is not said
   * @param communities marks that the routes carry
   */
  record Bgp(Optional<Integer> med, List<BgpCommunity> communities) implements VipElection {
    static final Range<Integer> MEDS = Range.counts(0, Integer.MAX_VALUE);
    static final int MAX_COMMUNITIES = 32;

    public Bgp {
      communities = List.copyOf(communities);
      Require require = new Require();
      if (med.isPresent()) {
        require.within(MEDS, "med", med.get());
      }
      require
          .that(
              communities.size() <= MAX_COMMUNITIES
                  && Set.copyOf(communities).size() == communities.size(),
              "communities",
              null,
              "must be at most " + MAX_COMMUNITIES + ", each once")
          .that(
              !communities.contains(BgpCommunity.GRACEFUL_SHUTDOWN),
              "communities",
              null,
              "must not have 65535:0, which is added when the instance drains")
          .orRefuse();
    }
  }

  /** The two ways to make the checksum of VRRPv3 over IPv4. Both are understood. */
  enum Checksum {
    /** As the owner before did; until one has been heard, as RFC 5798. */
    AUTO,
    /** With addresses of the IP header, as keepalived and FRR do. */
    RFC5798,
    /** The message alone, as RFC 9568 says. */
    RFC9568
  }
}
