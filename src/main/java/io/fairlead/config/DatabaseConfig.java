package io.fairlead.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Servers that hold the same data, one of which takes the writes at a time. To everything but its
 * roles it is a service of that name.
 *
 * @param name unique among databases and services; a metric label
 * @param engine what the members are
 * @param members name → address, 1 to 16
 * @param probe how they are asked what they are
 * @param patience how long a connection may wait for a member that it may go to, 0 to 5 m; default
 *     10 s
 * @param writers of Galera: how many members take writes
 * @param readOnly which members take connections that only read
 * @param connectTimeout for one connection to a member
 * @param backup of PostgreSQL: how it is backed up; empty: not by us
 */
public record DatabaseConfig(
    String name,
    DatabaseEngine engine,
    Map<String, HostPort> members,
    DatabaseProbeConfig probe,
    Duration patience,
    Writers writers,
    DatabaseReads readOnly,
    Duration connectTimeout,
    Optional<BackupConfig> backup) {
  /** How many members take writes. */
  public enum Writers {
    /** One, which keeps the role as long as it can. */
    ONE,
    /** All that are ready. */
    ALL
  }

  static final int MAX_MEMBERS = 16;
  static final Range<Duration> PATIENCE = Range.durations(Duration.ZERO, Duration.ofMinutes(5));
  static final Duration DEFAULT_PATIENCE = Duration.ofSeconds(10);

  public DatabaseConfig {
    members = Collections.unmodifiableMap(new LinkedHashMap<>(members));
    backup = backup.map(one -> one.or(probe));
    Require require =
        new Require()
            .unless(Syntax.name(name), List.of("name"), name)
            .that(
                !members.isEmpty() && members.size() <= MAX_MEMBERS,
                "members",
                members.size(),
                "must be 1 to " + MAX_MEMBERS)
            .within(PATIENCE, "patience", patience)
            .within(UpstreamConfig.CONNECT_TIMEOUT, "connect-timeout", connectTimeout)
            .that(
                engine == DatabaseEngine.GALERA || writers == Writers.ONE,
                "writers",
                writers,
                "must be one where engine is postgresql")
            .that(
                engine == DatabaseEngine.POSTGRESQL || probe.database().isEmpty(),
                List.of("probe", "database"),
                probe.database(),
                "must not be given where engine is galera",
                List.of())
            .that(
                engine == DatabaseEngine.POSTGRESQL || backup.isEmpty(),
                "backup",
                null,
                "must not be given where engine is galera");
    Map<HostPort, String> addresses = new HashMap<>();
    members.forEach((member, address) -> {
      require.that(
          address.port() > 0,
          List.of("members", member),
          address,
          "needs a port from 1 to 65535",
          List.of());
      String other = addresses.putIfAbsent(address, member);
      if (other != null) {
        require.that(
            false,
            List.of("members", member),
            address,
            "must be unique in its database, but {} has it too",
            List.of(List.of("members", other)));
      }
    });
    require.orRefuse();
  }

  /** What it is to everything but its roles. */
  ServiceConfig service() {
    List<NodeConfig> nodes = new ArrayList<>();
    members.forEach((member, address) -> nodes.add(new NodeConfig(address, member, 1, "")));
    return new ServiceConfig(
        name,
        nodes,
        List.of(),
        new BalanceConfig(BalanceMethod.LEAST_CONNECTIONS),
        NodeProtocol.HTTP1,
        ServiceTls.NONE,
        new HealthCheckConfig(
            probe.interval(),
            probe.timeout(),
            1, // who answers is there
            probe.fall(),
            new RoleProbe(engine, probe.user(), probe.password(), probe.database()),
            0,
            Duration.ZERO,
            probe.tls(),
            Duration.ZERO,
            Duration.ZERO),
        UpstreamConfig.DEFAULT.withConnectTimeout(connectTimeout),
        ProxyVersion.NONE,
        OutlierConfig.OFF,
        ServiceLimits.NONE,
        Optional.empty(),
        Optional.empty(),
        DeployConfig.DEFAULT);
  }
}
