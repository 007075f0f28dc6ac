package io.fairlead.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The group that this instance is one of.
 *
 * <p>A member takes three ports: the one of {@code bind}, where instances greet each other, and the
 * two after it, where their states are kept the same. Where an ensemble keeps the state it takes
 * the first only, and who the others are stands in the state.
 *
 * @param name of the group; instances of another group are turned away
 * @param instance how this one is called in the group
 * @param bind where the other instances reach this one, the first of three ports
 * @param peers all instances by name, with their {@code bind}; this one is among them
 * @param role what it does for the group
 * @param token what all instances of the group know; empty: nothing is asked
 * @param tls what proves to each other that they belong together
 * @param plain whether they may speak in the clear beyond this machine
 * @param addresses at which clients reach this instance; empty: names are not answered with it
 * @param weight its share of clients relative to the others, where names are answered with it
 * @param ensemble what keeps the state; empty: the instances themselves
 * @param storeLog where it is written down what becomes of the store; empty: nowhere
 */
public record GroupConfig(
    String name,
    String instance,
    HostPort bind,
    Map<String, HostPort> peers,
    Role role,
    Optional<Secret> token,
    Optional<Tls> tls,
    boolean plain,
    List<String> addresses,
    int weight,
    Optional<EnsembleConfig> ensemble,
    Optional<StoreLog> storeLog) {
  /** Ports of one instance, in a row. */
  public static final int PORTS = 3;

  /** More would not make it safer: at most five vote. */
  static final int MAX_PEERS = 50;

  static final int MAX_ADDRESSES = 16;

  static final HostPort DEFAULT_BIND = new HostPort("127.0.0.1", 7400);
  static final Range<Integer> BIND_PORTS = Range.counts(1, 65536 - PORTS);

  /** Numbers of instances are in sessions, which have one byte for them. */
  private static final int NUMBERS = 254;

  /** What an instance does for the group. */
  public enum Role {
    /** Carries traffic, too. */
    MEMBER,
    /** Votes and keeps state, and stands for no role. */
    WITNESS
  }

  /**
   * Where the changes of the store are written down.
   *
   * @param folder in which each instance has one of its own
   * @param span so far back every moment can be restored
   */
  public record StoreLog(Path folder, Duration span) {
    static final Range<Duration> SPAN = Range.durations(Duration.ofHours(1), Duration.ofDays(3660));
    static final Duration DEFAULT_SPAN = Duration.ofDays(7);

    public StoreLog {
      new Require().within(SPAN, "for", span).orRefuse();
    }
  }

  /**
   * What proves that an instance is of the group: a certificate from its authority, whatever the
   * name in it. That authority must sign instances of this group only.
   */
  public record Tls(Path cert, Path key, List<Path> ca) {
    public Tls {
      ca = List.copyOf(ca);
    }

    @Override
    public String toString() {
      return cert.toString();
    }
  }

  public GroupConfig {
    boolean inside = ensemble.isEmpty();
    boolean listed = !peers.isEmpty();
    Map<String, HostPort> all = new LinkedHashMap<>(peers);
    if (all.isEmpty()) {
      all.put(instance, bind);
    }
    peers = Collections.unmodifiableMap(all);
    addresses = List.copyOf(addresses);
    Require require =
        new Require()
            .within(NodeConfig.WEIGHTS, "weight", weight)
            .that(
                addresses.size() <= MAX_ADDRESSES,
                "addresses",
                null,
                "must not be more than " + MAX_ADDRESSES)
            .that(
                addresses.isEmpty() || role == Role.MEMBER,
                List.of("addresses"),
                null,
                "must not be given for a witness, which carries no traffic",
                List.of(List.of("role")))
            .unless(Syntax.name(name), List.of("name"), name)
            .unless(Syntax.name(instance), List.of("instance"), instance)
            .that(
                !inside || BIND_PORTS.contains(bind.port()),
                "bind",
                bind,
                "needs a port from 1 to " + BIND_PORTS.max() + ": the two after it are taken, too")
            .that(
                peers.size() <= MAX_PEERS,
                List.of("peers"),
                peers.size(),
                "must have at most " + MAX_PEERS + " instances",
                List.of())
            .that(
                peers.containsKey(instance),
                List.of("peers"),
                null,
                "must have this instance, which is called " + instance + ", too",
                List.of(List.of("instance")))
            .that(
                tls.isEmpty() || !plain,
                List.of("plain"),
                null,
                "must not be true beside tls",
                List.of(List.of("tls")))
            .that(
                inside || !listed,
                List.of("peers"),
                null,
                "must not be given beside ensemble, where instances say themselves who they are",
                List.of(List.of("ensemble")))
            .that(
                inside || role == Role.MEMBER,
                List.of("role"),
                null,
                "must not be witness beside ensemble: its servers vote, and no instance does",
                List.of(List.of("ensemble")))
            .that(
                inside || storeLog.isEmpty(),
                List.of("store-log"),
                null,
                "must not be given beside ensemble, whose servers alone see each change",
                List.of(List.of("ensemble")))
            .that(
                inside || (bind.port() != 0 && !Syntax.isWildcard(bind.host())),
                List.of("bind"),
                bind,
                "must be an address that the others can reach, which they are told by the ensemble",
                List.of(List.of("ensemble")));
    for (int i = 0; i < addresses.size(); i++) {
      String address = addresses.get(i);
      List<String> place = List.of("addresses", "[" + i + "]");
      require
          .unless(DnsZoneConfig.Member.objection(address), place, address)
          .that(addresses.indexOf(address) == i, place, address, "must be unique here", List.of());
    }
    token.ifPresent(secret ->
        require.that(
            secret.value().length() >= AdminConfig.Token.MIN_LENGTH,
            "token",
            null,
            "must have at least " + AdminConfig.Token.MIN_LENGTH + " characters"));
    if (inside) {
      checkPeers(require, instance, bind, peers);
    }
    checkPlain(require, bind, peers, tls.isPresent() || plain);
    require.orRefuse();
  }

  private static void checkPeers(
      Require require, String instance, HostPort bind, Map<String, HostPort> peers) {
    HostPort own = peers.get(instance);
    require.that(
        own == null
            || (own.port() == bind.port()
                && (own.host().equals(bind.host()) || Syntax.isWildcard(bind.host()))),
        List.of("peers", instance),
        own,
        "must be what bind says, " + bind,
        List.of(List.of("bind")));
    Map<Integer, String> numbers = new HashMap<>();
    List<Map.Entry<String, HostPort>> before = new ArrayList<>();
    for (Map.Entry<String, HostPort> peer : peers.entrySet()) {
      List<String> place = List.of("peers", peer.getKey());
      HostPort address = peer.getValue();
      require.that(
          !Syntax.isWildcard(address.host()),
          place,
          address,
          "must be an address that the others can reach, not every address",
          List.of());
      String same = numbers.putIfAbsent(number(peer.getKey()), peer.getKey());
      require.key(
          same == null,
          place,
          "must be called otherwise: the number made of this name is " + same + "'s, too",
          List.of());
      for (Map.Entry<String, HostPort> other : before) {
        require.that(
            !other.getValue().host().equals(address.host())
                || Math.abs(other.getValue().port() - address.port()) >= PORTS,
            place,
            address,
            "must be "
                + PORTS
                + " ports or more from those of "
                + other.getKey()
                + ": an instance takes "
                + PORTS
                + " in a row",
            List.of());
      }
      before.add(peer);
    }
  }

  private static void checkPlain(
      Require require, HostPort bind, Map<String, HostPort> peers, boolean allowed) {
    String rule = "must be loopback, or tls be given, or plain: true say that nobody else is there";
    require.that(allowed || Syntax.isLoopback(bind.host()), "bind", bind, rule);
    peers.forEach((name, address) ->
        require.that(
            allowed || Syntax.isLoopback(address.host()) || address.equals(bind),
            List.of("peers", name),
            address,
            rule,
            List.of()));
  }

  /**
   * The number of an instance, 1 to {@value #NUMBERS}: made of its name alone, so that it is the
   * same in all configurations and stays when others come and go. Names that differ in their last
   * character have different ones.
   */
  public static int number(String instance) {
    return 1 + Math.floorMod(instance.hashCode(), NUMBERS);
  }

  /** Whether nobody beside the group hears what its instances tell each other. */
  public boolean isPrivate() {
    return tls.isPresent()
        || (Syntax.isLoopback(bind.host())
            && peers.values().stream().allMatch(peer -> Syntax.isLoopback(peer.host())));
  }

  /** How many ports in a row this instance takes. */
  public int ports() {
    return ensemble.isPresent() ? 1 : PORTS;
  }

  /** Where the others reach this one. */
  public HostPort address() {
    HostPort own = peers.get(instance);
    return own == null ? bind : own;
  }

  /** The same with what may change while it runs: peers, addresses and weight. */
  public GroupConfig following(GroupConfig changed) {
    return new GroupConfig(
        name,
        instance,
        bind,
        changed.peers,
        role,
        token,
        tls,
        plain,
        changed.addresses,
        changed.weight,
        ensemble,
        storeLog);
  }
}
