package io.fairlead.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Names that are answered for.
 *
 * @param bind where, by UDP and TCP; empty: nowhere
 * @param threads that answer datagrams, 1 to 64; default: one per processor
 * @param serverId what clients that ask who answers are told (NSID); empty: nothing
 * @param cookieSecret the first makes cookies, each is accepted; empty: one of our own
 * @param responseRate how many like answers a network gets
 * @param tcp connections
 * @param keys for transfers, by name
 * @param sites networks of clients, by the zone of the nodes that are near to them
 * @param zones by name
 */
public record DnsConfig(
    List<HostPort> bind,
    int threads,
    String serverId,
    List<Secret> cookieSecret,
    ResponseRate responseRate,
    Tcp tcp,
    Map<String, Key> keys,
    Map<String, List<Cidr>> sites,
    Map<String, DnsZoneConfig> zones) {
  static final Range<Integer> THREADS = Range.counts(1, 64);
  static final int MAX_COOKIE_SECRETS = 2;
  static final int MAX_NETWORKS = 10_000;

  /** No names at all. */
  public static final DnsConfig NONE =
      new DnsConfig(
          List.of(),
          1,
          "",
          List.of(),
          ResponseRate.DEFAULT,
          Tcp.DEFAULT,
          Map.of(),
          Map.of(),
          Map.of());

  public DnsConfig {
    bind = List.copyOf(bind);
    cookieSecret = List.copyOf(cookieSecret);
    keys = Collections.unmodifiableMap(new LinkedHashMap<>(keys));
    sites = Collections.unmodifiableMap(new LinkedHashMap<>(sites));
    zones = Collections.unmodifiableMap(new LinkedHashMap<>(zones));
    Require require =
        new Require()
            .within(THREADS, "threads", threads)
            .that(
                cookieSecret.size() <= MAX_COOKIE_SECRETS,
                "cookie-secret",
                null,
                "must not be more than " + MAX_COOKIE_SECRETS)
            .that(
                sites.values().stream().mapToInt(List::size).sum() <= MAX_NETWORKS,
                "sites",
                null,
                "must not have more than " + MAX_NETWORKS + " networks");
    for (int i = 0; i < cookieSecret.size(); i++) {
      require.that(
          cookieSecret.get(i).value().matches("[0-9a-fA-F]{32}"),
          List.of("cookie-secret", "[" + i + "]"),
          null,
          "must be 32 hexadecimal digits",
          List.of());
    }
    for (DnsZoneConfig zone : zones.values()) {
      String key = zone.transfer().key();
      require.that(
          key.isEmpty() || keys.containsKey(key),
          List.of("zones", zone.name(), "transfer", "key"),
          key,
          "must be the name of a key of dns.keys" + Suggest.among(key, keys.keySet()),
          List.of());
    }
    require.orRefuse();
  }

  public boolean enabled() {
    return !bind.isEmpty();
  }

  /** What must not be shown. */
  public Collection<Secret> secrets() {
    List<Secret> all = new ArrayList<>(cookieSecret);
    keys.values().forEach(key -> all.add(key.secret()));
    return all;
  }

  /**
   * How many like answers the clients of one network get by UDP: whoever forges addresses must not
   * make us flood others (response rate limiting).
   *
   * @param rate like answers to one network; empty: any number
   * @param slip one of so many that are too much is answered with "ask by TCP"; 0: none
   * @param exempt networks that get any number
   */
  public record ResponseRate(Optional<Rate> rate, int slip, List<Cidr> exempt) {
    static final Range<Integer> SLIP = Range.counts(0, 10);
    public static final ResponseRate DEFAULT =
        new ResponseRate(Optional.of(new Rate(200, Duration.ofSeconds(1))), 2, List.of());

    public ResponseRate {
      exempt = List.copyOf(exempt);
      new Require().within(SLIP, "slip", slip).orRefuse();
    }
  }

  /**
   * Connections by TCP.
   *
   * @param connections open at once; one more closes that which has been idle longest
   * @param connectionsPerClient of one address
   * @param idleTimeout after which one without a whole question is closed
   */
  public record Tcp(int connections, int connectionsPerClient, Duration idleTimeout) {
    static final Range<Integer> CONNECTIONS = Range.counts(1, 100_000);
    static final Range<Duration> IDLE =
        Range.durations(Duration.ofMillis(100), Duration.ofHours(1));
    public static final Tcp DEFAULT = new Tcp(1000, 100, Duration.ofSeconds(10));

    public Tcp {
      new Require()
          .within(CONNECTIONS, "connections", connections)
          .within(CONNECTIONS, "connections-per-client", connectionsPerClient)
          .within(IDLE, "idle-timeout", idleTimeout)
          .orRefuse();
    }
  }

  /**
   * A secret that two servers share (TSIG, RFC 8945).
   *
   * @param algorithm what signs
   * @param secret in Base64
   */
  public record Key(Algorithm algorithm, Secret secret) {
    /** Those that RFC 8945 wants, and that are not broken. */
    public enum Algorithm {
      HMAC_SHA256,
      HMAC_SHA384,
      HMAC_SHA512
    }

    public Key {
      new Require()
          .that(
              secret.value().matches("([A-Za-z0-9+/]{4}){4,}([A-Za-z0-9+/]{2,3}={1,2})?"),
              "secret",
              null,
              "must be Base64 of 16 bytes or more")
          .orRefuse();
    }
  }
}
