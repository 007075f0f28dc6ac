package io.fairlead.config;

import io.fairlead.config.DnsConfig.ResponseRate;
import io.fairlead.config.DnsZoneConfig.Balanced;
import io.fairlead.config.DnsZoneConfig.Member;
import io.fairlead.config.DnsZoneConfig.Policy;
import io.fairlead.config.DnsZoneConfig.Pool;
import io.fairlead.config.DnsZoneConfig.Transfer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Type;

/** What is said about names that are answered for. */
final class DnsLanguage {
  private static final Scalar<String> ADDRESS = Scalar.text("address", null, Member::objection);
  private static final ListOf<Cidr> NETWORKS =
      new ListOf<>("networks", Scalar.parsed("network", Cidr::parse));

  // pools

  private static final Key<String> MEMBER_ADDRESS =
      Key.required("address", ADDRESS, "IPv4 or IPv6.", "192.0.2.11");
  private static final Key<Integer> WEIGHT =
      Key.of(
          "weight",
          Scalar.count(NodeConfig.WEIGHTS),
          1,
          "Share relative to the others; 0: none.",
          "2");
  private static final Key<String> SITE =
      Key.of(
          "site",
          Scalar.text("name", null, Syntax::zone),
          "",
          "none",
          "Where it stands: clients of that site get it first.",
          "east");

  private static final Obj<Member> MEMBER =
      new Obj<>(
          "dns address",
          "One address. An address alone stands for it.",
          List.of(MEMBER_ADDRESS, WEIGHT, SITE),
          List.of(),
          new Obj.ShortForm<>(ADDRESS, (address, _) -> new Member(address, 1, "")),
          (values, _) ->
              new Member(values.get(MEMBER_ADDRESS), values.get(WEIGHT), values.get(SITE)));

  private static final Key<String> SERVICE =
      Key.computed(
          "service",
          RouteLanguage.SERVICE_NAME,
          "none",
          "Its nodes are the members: up as the service's probes say, draining as it was told.",
          "shop");
  private static final Key<String> LISTENER =
      Key.computed(
          "listener",
          Scalar.text("name", null, Syntax::name),
          "none",
          "The addresses it is bound to are the members, asked by TCP; none may be every address of"
              + " the machine.",
          "web");
  private static final Key<List<Member>> ADDRESSES =
      Key.of(
          "addresses",
          new ListOf<>("addresses", MEMBER),
          List.of(),
          "none",
          "The members.",
          "[192.0.2.11, { address: 192.0.2.12, weight: 2 }]");
  private static final Key<Boolean> FRONT_ENDS =
      Key.of(
          "front-ends",
          Scalar.flag(),
          false,
          "The `addresses` of the group's instances are the members, while they are there and do not"
              + " drain.",
          "true");
  private static final Key<HealthCheckConfig> HEALTH =
      Key.of(
          "health",
          HealthLanguage.HEALTH,
          Pool.UNPROBED,
          "none",
          "How `addresses`, or those of front ends, are probed; needs `port`.",
          "{ http: \"/healthz\", port: 80 }");

  private static final Obj<Pool> POOL =
      new Obj<>(
          "dns pool",
          "Members that stand together: one of service, listener, addresses and front-ends. The name of a"
              + " service alone stands for it.",
          List.of(SERVICE, LISTENER, ADDRESSES, FRONT_ENDS, HEALTH),
          List.of(),
          new Obj.ShortForm<>(
              RouteLanguage.SERVICE_NAME,
              (service, _) -> new Pool(service, "", List.of(), false, Pool.UNPROBED)),
          (values, _) ->
              new Pool(
                  orElse(values.find(SERVICE), ""),
                  orElse(values.find(LISTENER), ""),
                  values.get(ADDRESSES),
                  values.get(FRONT_ENDS),
                  values.get(HEALTH)));

  // balanced names

  private static final Key<List<Pool>> POOLS =
      Key.required(
          "pools",
          new ListOf<>("pools", POOL),
          "Where addresses come from; the first of which enough members are up is used.",
          "[ { service: shop }, { addresses: [192.0.2.99] } ]");
  private static final Key<Policy> POLICY =
      Key.of(
          "policy",
          Scalar.word(Policy.class),
          Policy.ROUND_ROBIN,
          "Which of them: each in turn; by chance as their weights say; the same for the same client"
              + " (its EDNS subnet, or its resolver's network); or by weight and the room they have"
              + " now, for nodes of a service.",
          "weighted");
  private static final Key<Integer> ANSWERS =
      Key.of(
          "answers",
          Scalar.count(Balanced.ANSWERS),
          Balanced.DEFAULT_ANSWERS,
          "Addresses in one answer at most; 1: clients go where the answer says.",
          "1");
  private static final Key<Integer> MIN_HEALTHY =
      Key.of(
          "min-healthy",
          Scalar.percent(Balanced.MIN_HEALTHY),
          0,
          "0%",
          "Share of a pool's members that must be up for it to be used; at least one. If no pool has"
              + " enough, the first answers with all of its members, up or not.",
          "50%");
  private static final Key<Duration> TTL =
      Key.of(
          "ttl",
          Scalar.duration(Balanced.TTL),
          Balanced.DEFAULT_TTL,
          "The longest time that resolvers may keep an answer; less if probes could change it sooner.",
          "60s");
  private static final Key<Duration> MIN_TTL =
      Key.computed(
          "min-ttl",
          Scalar.duration(Balanced.TTL),
          "5s, or ttl if that is less",
          "The shortest.",
          "5s");
  private static final Key<List<String>> ALPN =
      Key.of(
          "alpn",
          new ListOf<>("names", Scalar.text("name", null, _ -> null)),
          List.of(),
          "none",
          "Protocols that HTTPS records (RFC 9460) name, beside the addresses of the answer; without"
              + " any there are no such records.",
          "[h2, http/1.1]");
  private static final Key<Integer> HTTPS_PORT =
      Key.computed(
          "https-port",
          Scalar.count(HealthCheckConfig.PORT),
          "443",
          "The port that HTTPS records name.",
          "8443");

  private static final Obj<Balanced> BALANCED =
      new Obj<>(
          "balanced name",
          "A name whose addresses are chosen for each answer.",
          List.of(POOLS, POLICY, ANSWERS, MIN_HEALTHY, TTL, MIN_TTL, ALPN, HTTPS_PORT),
          List.of(),
          null,
          (values, _) -> {
            Duration ttl = values.get(TTL);
            Duration usual = Balanced.DEFAULT_MIN_TTL;
            return new Balanced(
                values.get(POOLS),
                values.get(POLICY),
                values.get(ANSWERS),
                values.get(MIN_HEALTHY),
                ttl,
                orElse(values.find(MIN_TTL), usual.compareTo(ttl) < 0 ? usual : ttl),
                values.get(ALPN),
                orElse(values.find(HTTPS_PORT), 0));
          });

  // zones

  private static final Key<List<Cidr>> ALLOW =
      Key.of(
          "allow",
          NETWORKS,
          List.of(),
          "nobody",
          "Networks that may ask; with `key`, only if they sign.",
          "[\"192.0.2.53/32\"]");
  private static final Key<String> TRANSFER_KEY =
      Key.of(
          "key",
          Scalar.text("name", null, DnsName::normal, DnsName::absolute),
          "",
          "none",
          "Name of the key of `dns.keys` that must sign the question; answers are signed with it.",
          "transfer");
  private static final Key<List<HostPort>> NOTIFY =
      Key.of(
          "notify",
          new ListOf<>("addresses", Scalar.parsed("address", HostPort::parse)),
          List.of(),
          "nobody",
          "Who is told when the zone changes, by NOTIFY.",
          "\"192.0.2.53:53\"");

  private static final Obj<Transfer> TRANSFER =
      new Obj<>(
          "dns transfer",
          "Who may have the whole zone (AXFR), and who is told when it changes.",
          List.of(ALLOW, TRANSFER_KEY, NOTIFY),
          List.of(),
          null,
          (values, _) ->
              new Transfer(values.get(ALLOW), values.get(TRANSFER_KEY), values.get(NOTIFY)));

  private static final Key<Path> FILE =
      Key.computed(
          "file",
          Scalar.path("path"),
          "none",
          "Its records, as a master file (RFC 1035); read again at each reload.",
          "fl.test.zone");
  private static final Key<List<String>> NS =
      Key.of(
          "ns",
          new ListOf<>("names", Scalar.text("name", null, DnsName::normal, DnsName::absolute)),
          List.of(),
          "none",
          "Its name servers, instead of a file.",
          "[ns1.example.com, ns2.example.com]");
  private static final Key<Transfer> ZONE_TRANSFER =
      Key.of(
          "transfer",
          TRANSFER,
          Transfer.NONE,
          "nobody",
          "Who may have the whole zone.",
          "{ allow: \"192.0.2.53/32\", notify: \"192.0.2.53:53\" }");
  private static final Key<Map<String, Balanced>> BALANCED_NAMES =
      Key.of(
          "balanced",
          new MapOf<>("names", MapOf.Names.DNS_OWNER, BALANCED),
          Map.of(),
          "none",
          "Names whose addresses are chosen for each answer; `@` is the zone itself.",
          "{ www: { pools: { service: shop } } }");

  private static final Obj<DnsZoneConfig> ZONE =
      new Obj<>(
          "dns zone",
          "A zone that is answered for.",
          List.of(FILE, NS, ZONE_TRANSFER, BALANCED_NAMES),
          List.of(),
          null,
          DnsLanguage::zone);

  private static DnsZoneConfig zone(Values values, Spot spot) {
    String name = DnsName.normal(spot.segment());
    if (DnsName.absolute(name) != null) {
      name = "unnamed"; // has been refused already
    }
    Map<String, Balanced> balanced = new LinkedHashMap<>();
    for (Map.Entry<String, Balanced> each : values.get(BALANCED_NAMES).entrySet()) {
      balanced.put(DnsName.of(each.getKey(), name), each.getValue());
    }
    Optional<Path> file = Optional.ofNullable(values.find(FILE));
    DnsZoneConfig zone =
        new DnsZoneConfig(name, file, values.get(NS), values.get(ZONE_TRANSFER), balanced);
    if (file.isPresent()) {
      checkFile(zone, file.get(), values.get(BALANCED_NAMES));
    }
    return zone;
  }

  private static void checkFile(DnsZoneConfig zone, Path file, Map<String, Balanced> balanced) {
    ZoneFile read;
    try {
      read = ZoneFile.read(file, zone.name());
    } catch (IOException e) {
      new Require().that(false, "file", null, String.valueOf(e.getMessage())).orRefuse();
      return;
    }
    Require require = new Require();
    balanced.forEach((relative, config) -> {
      String name = DnsName.of(relative, zone.name());
      int[] types =
          config.alpn().isEmpty()
              ? new int[] {Type.A, Type.AAAA}
              : new int[] {Type.A, Type.AAAA, Type.HTTPS};
      for (int type : types) {
        String objection = read.objectionTo(name, type);
        if (objection != null) {
          require.key(false, List.of("balanced", relative), objection, List.of());
          break;
        }
      }
    });
    require.orRefuse();
  }

  // the whole

  private static final Key<Rate> RATE =
      Key.of(
          "rate",
          Scalar.parsed("rate", Rate::parse),
          ResponseRate.DEFAULT.rate().orElseThrow(),
          "Like answers: of one name, or errors of one zone.",
          "100/s");
  private static final Key<Integer> SLIP =
      Key.of(
          "slip",
          Scalar.count(ResponseRate.SLIP),
          ResponseRate.DEFAULT.slip(),
          "One of so many that are too much is answered with \"ask by TCP\", so that a client whose"
              + " address is forged gets through; 0: none.",
          "3");
  private static final Key<List<Cidr>> EXEMPT =
      Key.of(
          "exempt",
          NETWORKS,
          List.of(),
          "none",
          "Networks that get any number.",
          "[\"10.0.0.0/8\"]");

  private static final Obj<ResponseRate> RESPONSE_RATE =
      new Obj<>(
          "dns response rate",
          "How many like answers one network (/24, or /56 of IPv6) gets by UDP. `off`: any number.",
          List.of(RATE, SLIP, EXEMPT),
          List.of(),
          new Obj.ShortForm<>(
              Scalar.words("word", List.of("off"), s -> s),
              (_, _) -> new ResponseRate(Optional.empty(), 0, List.of())),
          (values, _) ->
              new ResponseRate(
                  Optional.of(values.get(RATE)), values.get(SLIP), values.get(EXEMPT)));

  private static final Key<Integer> CONNECTIONS =
      Key.of(
          "connections",
          Scalar.count(DnsConfig.Tcp.CONNECTIONS),
          DnsConfig.Tcp.DEFAULT.connections(),
          "Open at once; one more closes that which has been idle longest.",
          "10000");
  private static final Key<Integer> PER_CLIENT =
      Key.of(
          "connections-per-client",
          Scalar.count(DnsConfig.Tcp.CONNECTIONS),
          DnsConfig.Tcp.DEFAULT.connectionsPerClient(),
          "Of one address; more are closed at once.",
          "20");
  private static final Key<Duration> IDLE =
      Key.of(
          "idle-timeout",
          Scalar.duration(DnsConfig.Tcp.IDLE),
          DnsConfig.Tcp.DEFAULT.idleTimeout(),
          "Without a whole question a connection is closed after this time.",
          "30s");

  private static final Obj<DnsConfig.Tcp> TCP =
      new Obj<>(
          "dns tcp",
          "Connections by TCP.",
          List.of(CONNECTIONS, PER_CLIENT, IDLE),
          List.of(),
          null,
          (values, _) ->
              new DnsConfig.Tcp(values.get(CONNECTIONS), values.get(PER_CLIENT), values.get(IDLE)));

  private static final Key<DnsConfig.Key.Algorithm> ALGORITHM =
      Key.of(
          "algorithm",
          Scalar.word(DnsConfig.Key.Algorithm.class),
          DnsConfig.Key.Algorithm.HMAC_SHA256,
          "What signs.",
          "hmac-sha512");
  private static final Key<Secret> KEY_SECRET =
      Key.required(
          "secret",
          Scalar.secret("secret"),
          "In Base64, or `file:PATH`.",
          "\"file:secrets/transfer\"");

  private static final Obj<DnsConfig.Key> KEY =
      new Obj<>(
          "dns key",
          "A secret that two servers share (TSIG).",
          List.of(ALGORITHM, KEY_SECRET),
          List.of(),
          null,
          (values, _) -> new DnsConfig.Key(values.get(ALGORITHM), values.get(KEY_SECRET)));

  private static final Key<List<HostPort>> BIND =
      Key.required(
          "bind",
          new ListOf<>("addresses", Language.LISTEN_ADDRESS),
          "Where questions come in, by UDP and TCP; port 0: any free port.",
          "\"192.0.2.1:53\"");
  private static final Key<Integer> THREADS =
      Key.of(
          "threads",
          Scalar.count(DnsConfig.THREADS),
          Math.min(Runtime.getRuntime().availableProcessors(), DnsConfig.THREADS.max()),
          "one per processor",
          "Threads that answer datagrams; takes effect for addresses that are bound then.",
          "2");
  private static final Key<String> SERVER_ID =
      Key.of(
          "server-id",
          Scalar.text("name", null, DnsLanguage::serverId),
          "",
          "none",
          "What clients are told that ask which server answers (NSID, RFC 5001).",
          "edge-1");
  private static final Key<List<Secret>> COOKIE_SECRET =
      Key.of(
          "cookie-secret",
          new ListOf<>("secrets", Scalar.secret("secret")),
          List.of(),
          "one of its own, until the next start",
          "32 hexadecimal digits, or `file:PATH`: what cookies (RFC 7873) are made with. Servers that"
              + " answer at the same address need the same. The first makes cookies, a second is still"
              + " accepted.",
          "\"file:secrets/dns-cookies\"");
  private static final Key<ResponseRate> LIMIT =
      Key.of(
          "response-rate",
          RESPONSE_RATE,
          ResponseRate.DEFAULT,
          "see below",
          "How many like answers one network gets by UDP.",
          "{ rate: 100/s }");
  private static final Key<DnsConfig.Tcp> OF_TCP =
      Key.of(
          "tcp",
          TCP,
          DnsConfig.Tcp.DEFAULT,
          "see below",
          "Connections by TCP.",
          "{ connections: 10000 }");
  private static final Key<Map<String, DnsConfig.Key>> KEYS =
      Key.of(
          "keys",
          new MapOf<>("keys", MapOf.Names.DNS_ZONE, KEY),
          Map.of(),
          "none",
          "Keys for transfers, by name.",
          "{ transfer: { secret: \"file:secrets/transfer\" } }");
  private static final Key<Map<String, List<Cidr>>> SITES =
      Key.of(
          "sites",
          new MapOf<>("sites", MapOf.Names.OBJECT, NETWORKS),
          Map.of(),
          "none",
          "Networks of clients, by the `zone` of nodes or `site` of addresses that they get first;"
              + " the longest prefix counts.",
          "{ east: [\"10.1.0.0/16\"] }");
  private static final Key<Map<String, DnsZoneConfig>> ZONES =
      Key.of(
          "zones",
          new MapOf<>("zones", MapOf.Names.DNS_ZONE, ZONE),
          Map.of(),
          "none",
          "What is answered for, by name.",
          "{ lb.example.com: { file: lb.zone } }");

  static final Obj<DnsConfig> DNS =
      new Obj<>(
          "dns",
          "Names that are answered for: an authoritative name server whose answers follow what is up.",
          List.of(BIND, THREADS, SERVER_ID, COOKIE_SECRET, LIMIT, OF_TCP, KEYS, SITES, ZONES),
          List.of(),
          null,
          (values, _) ->
              new DnsConfig(
                  values.get(BIND),
                  values.get(THREADS),
                  values.get(SERVER_ID),
                  values.get(COOKIE_SECRET),
                  values.get(LIMIT),
                  values.get(OF_TCP),
                  values.get(KEYS),
                  values.get(SITES),
                  values.get(ZONES)));

  private DnsLanguage() {}

  private static @Nullable String serverId(String text) {
    return text.matches("[!-~]{1,64}") ? null : "must be 1 to 64 visible ASCII characters";
  }

  private static <T> T orElse(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
