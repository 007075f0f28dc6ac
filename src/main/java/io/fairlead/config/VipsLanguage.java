package io.fairlead.config;

import io.fairlead.config.VipElection.Checksum;
import io.fairlead.config.VipElection.Vrrp;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What an operator can write about virtual IPs. */
final class VipsLanguage {
  /** Kinds of elections. */
  private enum Elect {
    LEASE,
    VRRP,
    BGP
  }

  private static final Key<List<VipAddress>> ADDRESS =
      Key.required(
          "address",
          new ListOf<>("addresses", Scalar.parsed("address", VipAddress::parse)),
          "What moves, with the prefix of its network; several move together.",
          "\"10.0.0.100/24\"");
  private static final Key<String> INTERFACE =
      Key.computed(
          "interface",
          Scalar.text(
              "name",
              VipConfig.INTERFACE_PATTERN,
              text ->
                  text.matches(VipConfig.INTERFACE_PATTERN)
                      ? null
                      : "must be the name of a network interface"),
          "`lo` where elect is bgp, else it must be given",
          "The network interface where the owner adds it.",
          "eth0");
  private static final Key<Elect> ELECT =
      Key.of(
          "elect",
          Scalar.word(Elect.class),
          Elect.LEASE,
          "`lease`: by a lease of the group, so that there are never two owners; without a group"
              + " this instance alone is one. `vrrp`: by VRRPv3, also together with keepalived and"
              + " routers; cut apart, each part has an owner. `bgp`: all that are well have it, and"
              + " the routers of `bgp` spread clients over them, see [bgp.md](bgp.md).",
          "vrrp");
  private static final Key<Integer> PRIORITY =
      Key.of(
          "priority",
          Scalar.count(VipConfig.PRIORITIES),
          VipConfig.DEFAULT_PRIORITY,
          "Who owns it rather than others: the highest of those that are well. Different ones for"
              + " several VIPs spread them over instances.",
          "200");
  private static final Key<List<String>> PREFER =
      Key.of(
          "prefer",
          new ListOf<>("names", Scalar.text("name", Syntax.NAME_PATTERN, Syntax::name)),
          List.of(),
          "nobody",
          "Names of instances (`group.instance`, else the name of the host), the most preferred"
              + " first: they have priorities 250, 240 and so on instead of `priority`. So one file"
              + " does for all.",
          "[edge-1, edge-2]");
  private static final Key<Boolean> SECOND_CHANCE =
      Key.of(
          "second-chance",
          Scalar.flag(),
          false,
          "Whether TCP connections outlive a planned move: what the new owner does not know it"
              + " passes on to the one before, which ends it; where all have it (`bgp`), on to the"
              + " others in turn, which `group.addresses` of each tell. Needs `nft` and `ip`, IPv4,"
              + " `vrrp` or `bgp`, and listeners bound to `0.0.0.0`; changes rules of the machine,"
              + " see [vip.md](vip.md) and [bgp.md](bgp.md#connections-that-outlive-a-change).",
          "true");
  private static final Key<Integer> VRID =
      Key.computed(
          "vrid",
          Scalar.count(Vrrp.VRIDS),
          "must be given where elect is vrrp",
          "Number of the virtual router on its link; the same in all who may own it.",
          "51");
  private static final Key<Duration> ADVERT_INTERVAL =
      Key.computed(
          "advert-interval",
          Scalar.duration(Vrrp.INTERVALS),
          Units.duration(Vrrp.DEFAULT_INTERVAL),
          "How often the owner says that it is there. After three and up to one more without, the"
              + " next one takes over. Below 100ms a busy machine loses it for no reason.",
          "1s");
  private static final Key<Boolean> PREEMPT =
      Key.computed(
          "preempt",
          Scalar.flag(),
          "true",
          "Whether a higher priority takes it from an owner that is well.",
          "false");
  private static final Key<Duration> PREEMPT_DELAY =
      Key.computed(
          "preempt-delay",
          Scalar.duration(Vrrp.DELAYS),
          "0s",
          "How long it waits before it does.",
          "30s");
  private static final Key<List<InetAddress>> PEERS =
      Key.computed(
          "peers",
          new ListOf<>("addresses", Scalar.parsed("address", VipsLanguage::peer)),
          "everybody on the link, by multicast",
          "Who is told, one by one, where the network has no multicast. Only they are believed.",
          "[\"10.0.0.1\", \"10.0.0.2\"]");
  private static final Key<Checksum> CHECKSUM =
      Key.computed(
          "checksum",
          Scalar.word(Checksum.class),
          "auto",
          "How the checksum of IPv4 messages is made: `rfc5798` as keepalived and FRR do,"
              + " `rfc9568` as the newer standard says, `auto` as the owner before did. Both are"
              + " understood.",
          "rfc9568");

  private static final Key<Integer> MED =
      Key.computed(
          "med",
          Scalar.count(VipElection.Bgp.MEDS),
          "it is not said",
          "Where elect is bgp: by which a router prefers one way over others to the same neighbour,"
              + " the lowest (MULTI_EXIT_DISC).",
          "100");
  private static final Key<List<BgpCommunity>> COMMUNITIES =
      Key.computed(
          "communities",
          new ListOf<>("communities", Scalar.parsed("community", BgpCommunity::parse)),
          "none",
          "Where elect is bgp: marks that the routes carry, for routers that were told what to make"
              + " of them.",
          "[\"65000:100\"]");

  static final Obj<VipConfig> VIP =
      new Obj<>(
          "vip",
          "Addresses that one of several instances has at a time, or all that are well.",
          List.of(
              ADDRESS,
              INTERFACE,
              ELECT,
              PRIORITY,
              PREFER,
              SECOND_CHANCE,
              VRID,
              ADVERT_INTERVAL,
              PREEMPT,
              PREEMPT_DELAY,
              PEERS,
              CHECKSUM,
              MED,
              COMMUNITIES),
          List.of(),
          null,
          (values, spot) ->
              new VipConfig(
                  Syntax.name(spot.segment()) == null ? spot.segment() : "unnamed",
                  values.get(ADDRESS),
                  orElse(values.find(INTERFACE), VipConfig.LOOPBACK),
                  values.get(PRIORITY),
                  values.get(PREFER),
                  values.get(SECOND_CHANCE),
                  election(values)));

  private VipsLanguage() {}

  private static VipElection election(Values values) {
    Require require = new Require();
    Integer vrid = values.find(VRID);
    Elect elect = values.get(ELECT);
    boolean vrrp = elect == Elect.VRRP;
    String kind = Units.textOf(elect);
    require.that(!vrrp || vrid != null, "vrid", null, "must be given where elect is vrrp");
    for (Key<?> key : List.of(VRID, ADVERT_INTERVAL, PREEMPT, PREEMPT_DELAY, PEERS, CHECKSUM)) {
      require.that(
          vrrp || values.find(key) == null,
          key.name(),
          null,
          "must not be given where elect is " + kind);
    }
    for (Key<?> key : List.of(MED, COMMUNITIES)) {
      require.that(
          elect == Elect.BGP || values.find(key) == null,
          key.name(),
          null,
          "must not be given where elect is " + kind);
    }
    require.that(
        elect == Elect.BGP || values.find(INTERFACE) != null, "interface", null, "must be given");
    require.orRefuse();
    return switch (elect) {
      case LEASE -> new VipElection.Lease();
      case BGP ->
          new VipElection.Bgp(
              Optional.ofNullable(values.find(MED)), orElse(values.find(COMMUNITIES), List.of()));
      case VRRP ->
          new Vrrp(
              vrid == null ? 0 : vrid,
              orElse(values.find(ADVERT_INTERVAL), Vrrp.DEFAULT_INTERVAL),
              orElse(values.find(PREEMPT), true),
              orElse(values.find(PREEMPT_DELAY), Duration.ZERO),
              orElse(values.find(PEERS), List.of()),
              orElse(values.find(CHECKSUM), Checksum.AUTO));
    };
  }

  static InetAddress peer(String text) {
    if (!(Syntax.isIpv4(text) || Syntax.isIpv6(text))) {
      throw Require.refusal("must be an address such as 10.0.0.2");
    }
    return InetAddress.ofLiteral(text);
  }

  private static <T> T orElse(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
