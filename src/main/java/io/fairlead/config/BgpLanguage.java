package io.fairlead.config;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What an operator can write about the routers that hear of virtual IPs. */
final class BgpLanguage {
  private static final Key<InetAddress> ADDRESS =
      Key.required(
          "address",
          Scalar.parsed("address", VipsLanguage::peer),
          "Where the router listens. This instance connects; it never listens itself.",
          "\"10.0.0.1\"");
  private static final Key<Integer> PORT =
      Key.of(
          "port",
          Scalar.count(BgpConfig.Peer.PORTS),
          BgpConfig.Peer.DEFAULT_PORT,
          "Its port.",
          "1179");
  private static final Key<Long> PEER_AS =
      Key.required(
          "as",
          Scalar.parsed("number", BgpConfig::parseAs),
          "Its autonomous system. The same as ours makes it internal BGP.",
          "65000");
  private static final Key<Duration> HOLD_TIME =
      Key.of(
          "hold-time",
          Scalar.duration(BgpConfig.Peer.HOLD_TIMES),
          BgpConfig.Peer.DEFAULT_HOLD_TIME,
          "After so long without a word the other side is taken for dead; the shorter one of both"
              + " counts. This is how long clients are sent to an instance that is frozen or cut"
              + " off.",
          "3s");
  private static final Key<Secret> PASSWORD =
      Key.computed(
          "password",
          Scalar.secret("password"),
          "packets are not signed",
          "With which both sides sign each packet (TCP MD5, RFC 2385).",
          "file:secrets/bgp");
  private static final Key<Boolean> TTL_SECURITY =
      Key.of(
          "ttl-security",
          Scalar.flag(),
          false,
          "Whether packets that have passed a router are dropped, and ours are sent so that it can"
              + " do the same (RFC 5082). Only for a router on this link.",
          "true");
  private static final Key<List<InetAddress>> NEXT_HOP =
      Key.of(
          "next-hop",
          new ListOf<>("addresses", Scalar.parsed("address", VipsLanguage::peer)),
          List.of(),
          "this machine's own address on the way to the router",
          "Where the router sends packets to, at most one of each family.",
          "[\"10.0.0.11\", \"fd00::11\"]");

  private static final Obj<BgpConfig.Peer> PEER =
      new Obj<>(
          "router",
          "A router that is told of virtual IPs.",
          List.of(ADDRESS, PORT, PEER_AS, HOLD_TIME, PASSWORD, TTL_SECURITY, NEXT_HOP),
          List.of(),
          null,
          (values, spot) ->
              new BgpConfig.Peer(
                  Syntax.name(spot.segment()) == null ? spot.segment() : "unnamed",
                  values.get(ADDRESS),
                  values.get(PORT),
                  values.get(PEER_AS),
                  values.get(HOLD_TIME),
                  Optional.ofNullable(values.find(PASSWORD)),
                  values.get(TTL_SECURITY),
                  values.get(NEXT_HOP)));

  private static final Key<Long> AS =
      Key.required(
          "as",
          Scalar.parsed("number", BgpConfig::parseAs),
          "The autonomous system of this instance; a private one is 64512 to 65534.",
          "65010");
  private static final Key<InetAddress> ROUTER_ID =
      Key.computed(
          "router-id",
          Scalar.parsed("address", VipsLanguage::peer),
          "this machine's IPv4 address on the way to the router",
          "By which routers tell speakers apart, different in each instance: in a file for all of"
              + " them it is not given.",
          "\"10.0.0.11\"");
  private static final Key<Duration> DRAIN =
      Key.of(
          "drain",
          Scalar.duration(BgpConfig.DRAINS),
          BgpConfig.DEFAULT_DRAIN,
          "How long routes carry the mark GRACEFUL_SHUTDOWN (RFC 8326) before they are withdrawn,"
              + " when the instance drains: routers that act on it use others meanwhile.",
          "5s");
  private static final Key<Map<String, BgpConfig.Peer>> PEERS =
      Key.required(
          "peers",
          new MapOf<>("routers", MapOf.Names.OBJECT, PEER),
          "The routers, by name.",
          "{ rack: { address: \"10.0.0.1\", as: 65000 } }");

  static final Obj<BgpConfig> BGP =
      new Obj<>(
          "bgp",
          "Routers that are told of virtual IPs.",
          List.of(AS, ROUTER_ID, DRAIN, PEERS),
          List.of(),
          null,
          (values, _) ->
              new BgpConfig(
                  values.get(AS),
                  Optional.ofNullable(values.find(ROUTER_ID)),
                  values.get(DRAIN),
                  values.get(PEERS)));

  private BgpLanguage() {}
}
