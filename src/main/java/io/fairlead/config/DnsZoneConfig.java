package io.fairlead.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A zone that is answered for.
 *
 * @param name of its apex, without a dot at the end
 * @param file its records; empty: it has its balanced names, and what a zone must have
 * @param ns its name servers, where there is no file
 * @param transfer who may have the whole of it
 * @param balanced names whose addresses are chosen for each answer, by the whole name
 */
public record DnsZoneConfig(
    String name,
    Optional<Path> file,
    List<String> ns,
    Transfer transfer,
    Map<String, Balanced> balanced) {
  static final int MAX_BALANCED = 10_000;

  public DnsZoneConfig {
    ns = List.copyOf(ns);
    balanced = Collections.unmodifiableMap(new LinkedHashMap<>(balanced));
    Require require =
        new Require()
            .that(file.isPresent() || !ns.isEmpty(), "file", null, "must be given, or ns instead")
            .that(
                file.isEmpty() || ns.isEmpty(),
                List.of("ns"),
                null,
                "must not be given beside {}, which has them",
                List.of(List.of("file")))
            .that(
                balanced.size() <= MAX_BALANCED,
                "balanced",
                null,
                "must not be more than " + MAX_BALANCED);
    for (int i = 0; i < ns.size(); i++) {
      String server = ns.get(i);
      require
          .unless(DnsName.absolute(server), List.of("ns", "[" + i + "]"), server)
          .that(
              !DnsName.isBelow(server, name) || balanced.containsKey(server),
              List.of("ns", "[" + i + "]"),
              server,
              "must have addresses: a balanced name of this zone, or a name of another",
              List.of());
    }
    require.orRefuse();
  }

  /**
   * Who may have all records of a zone (AXFR, RFC 5936), and who is told when they change (NOTIFY,
   * RFC 1996).
   *
   * @param allow networks that may ask; empty: nobody, or whoever has the key
   * @param key name of the key that must sign; empty: none need
   * @param notified who is told; written notify
   */
  public record Transfer(List<Cidr> allow, String key, List<HostPort> notified) {
    public static final Transfer NONE = new Transfer(List.of(), "", List.of());

    public Transfer {
      allow = List.copyOf(allow);
      notified = List.copyOf(notified);
      Require require = new Require();
      for (int i = 0; i < notified.size(); i++) {
        HostPort to = notified.get(i);
        require.that(
            (Syntax.isIpv4(to.host()) || Syntax.isIpv6(to.host())) && to.port() > 0,
            List.of("notify", "[" + i + "]"),
            to,
            "must be an address with a port, such as 192.0.2.53:53",
            List.of());
      }
      require.orRefuse();
    }

    public boolean enabled() {
      return !allow.isEmpty() || !key.isEmpty();
    }
  }

  /** Which of the members that are up an answer has. */
  public enum Policy {
    /** Each in turn. */
    ROUND_ROBIN,
    /** By chance, as often as their weights say. */
    WEIGHTED,
    /** The same for the same client. */
    SOURCE_HASH,
    /** By chance, as often as their weights and the room that they have say. */
    LEAST_CONNECTIONS
  }

  /**
   * A name whose addresses are chosen for each answer.
   *
   * @param pools where they come from; the first that has enough members up is used
   * @param policy which of them
   * @param answers how many at most, 1 to 32
   * @param minHealthy share of a pool's members, in percent, that must be up for it to be used
   * @param ttl the longest time that an answer may be kept
   * @param minTtl the shortest
   * @param alpn protocols that HTTPS records name; empty: there are none
   * @param httpsPort port that HTTPS records name; 0: none, and so 443
   */
  public record Balanced(
      List<Pool> pools,
      Policy policy,
      int answers,
      int minHealthy,
      Duration ttl,
      Duration minTtl,
      List<String> alpn,
      int httpsPort) {
    static final Range<Integer> ANSWERS = Range.counts(1, 32);
    static final Range<Integer> MIN_HEALTHY = Range.counts(0, 100);
    static final Range<Duration> TTL = Range.durations(Duration.ofSeconds(1), Duration.ofHours(1));
    static final int DEFAULT_ANSWERS = 8;
    static final Duration DEFAULT_TTL = Duration.ofSeconds(30);
    static final Duration DEFAULT_MIN_TTL = Duration.ofSeconds(5);
    static final int MAX_POOLS = 16;

    public Balanced {
      pools = List.copyOf(pools);
      alpn = List.copyOf(alpn);
      Require require =
          new Require()
              .that(
                  !pools.isEmpty() && pools.size() <= MAX_POOLS,
                  "pools",
                  null,
                  "must be 1 to " + MAX_POOLS)
              .within(ANSWERS, "answers", answers)
              .within(MIN_HEALTHY, "min-healthy", minHealthy)
              .within(TTL, "ttl", ttl)
              .within(TTL, "min-ttl", minTtl)
              .that(
                  minTtl.compareTo(ttl) <= 0,
                  List.of("min-ttl"),
                  minTtl,
                  "must not exceed ttl " + Units.duration(ttl),
                  List.of(List.of("ttl")))
              .within(HealthCheckConfig.PORT, "https-port", Math.max(httpsPort, 1))
              .that(
                  httpsPort == 0 || !alpn.isEmpty(),
                  "https-port",
                  httpsPort,
                  "must not be given without alpn");
      for (int i = 0; i < alpn.size(); i++) {
        require.that(
            alpn.get(i).matches("[!-+\\--\\[\\]-~]{1,32}"),
            List.of("alpn", "[" + i + "]"),
            alpn.get(i),
            "must be the name of a protocol such as h2 or http/1.1",
            List.of());
      }
      require.orRefuse();
    }
  }

  /**
   * Members that stand together: the nodes of a service, the addresses of a listener, the front
   * ends of the group, or addresses.
   *
   * @param service whose nodes; empty: none
   * @param listener whose addresses; empty: none
   * @param addresses literally
   * @param frontEnds whether the addresses of the group's instances
   * @param health how addresses, and those of front ends, are probed
   */
  public record Pool(
      String service,
      String listener,
      List<Member> addresses,
      boolean frontEnds,
      HealthCheckConfig health) {
    /** Whoever answers with a choice of so many has them in a service. */
    static final int MAX_ADDRESSES = 1000;

    /** Nobody is asked. */
    public static final HealthCheckConfig UNPROBED =
        new HealthCheckConfig(
            Duration.ofSeconds(1), Duration.ofMillis(500), 2, 3, new Probe.None());

    public Pool {
      addresses = List.copyOf(addresses);
      health = health.of(NodeProtocol.HTTP1);
      int kinds =
          (service.isEmpty() ? 0 : 1)
              + (listener.isEmpty() ? 0 : 1)
              + (addresses.isEmpty() ? 0 : 1)
              + (frontEnds ? 1 : 0);
      Require require = new Require();
      if (kinds != 1) {
        throw Require.refusal("must have one of service, listener, addresses and front-ends");
      }
      boolean probed = !(health.probe() instanceof Probe.None);
      boolean bare = frontEnds || !addresses.isEmpty();
      require
          .that(
              !probed || bare,
              "health",
              null,
              "must not be given without addresses or front-ends: nodes and listeners have their"
                  + " own")
          .that(
              !probed || !bare || health.port() > 0,
              List.of("health", "port"),
              null,
              "must be given: an address alone has none",
              List.of())
          .that(
              health.tls().isEmpty(),
              List.of("health", "tls"),
              null,
              "must not be given for addresses of a pool",
              List.of())
          .that(
              !(health.probe() instanceof CommandProbe),
              List.of("health", "command"),
              null,
              "must not be given for addresses of a pool",
              List.of())
          .that(
              addresses.size() <= MAX_ADDRESSES,
              "addresses",
              null,
              "must not be more than " + MAX_ADDRESSES);
      for (int i = 0; i < addresses.size(); i++) {
        String address = addresses.get(i).address();
        for (int j = 0; j < i; j++) {
          require.that(
              !addresses.get(j).address().equals(address),
              List.of("addresses", "[" + i + "]"),
              address,
              "must be unique in its pool",
              List.of());
        }
      }
      require.orRefuse();
    }
  }

  /**
   * One address of a pool.
   *
   * @param address IPv4 or IPv6
   * @param weight its share relative to the others, 0 (none) to 1000
   * @param site the zone it stands in; may be empty
   */
  public record Member(String address, int weight, String site) {
    public Member {
      new Require()
          .unless(objection(address), List.of("address"), address)
          .within(NodeConfig.WEIGHTS, "weight", weight)
          .unless(Syntax.zone(site), List.of("site"), site)
          .orRefuse();
    }

    static @Nullable String objection(String address) {
      return (Syntax.isIpv4(address) || Syntax.isIpv6(address)) && !Syntax.isWildcard(address)
          ? null
          : "must be an IPv4 or IPv6 address";
    }
  }
}
