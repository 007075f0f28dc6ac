package io.fairlead.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Servers that hold the same data, one of which takes the writes at a time, unless it is said that
 * several do. To everything but its roles it is a service of that name.
 *
 * @param name unique among databases and services; a metric label
 * @param engine what the members are
 * @param members name → address, 1 to 16
 * @param instances member → which instance of the group runs it; of members that Fairlead manages
 * @param ports member → where it listens beside, as far as it is said; of Galera that Fairlead
 *     manages
 * @param probe how they are asked what they are; of what Fairlead manages, by its TLS
 * @param patience how long a connection may wait for a member that it may go to, 0 to 5 m; default
 *     10 s
 * @param writers of Galera: how many members take writes
 * @param readOnly which members take connections that only read
 * @param connectTimeout for one connection to a member
 * @param manage that Fairlead runs the members itself; empty: somebody else does
 * @param backup how it is backed up; empty: not by us
 */
public record DatabaseConfig(
    String name,
    DatabaseEngine engine,
    Map<String, HostPort> members,
    Map<String, String> instances,
    Map<String, GaleraPorts> ports,
    DatabaseProbeConfig probe,
    Duration patience,
    Writers writers,
    DatabaseReads readOnly,
    Duration connectTimeout,
    Optional<ManageConfig> manage,
    Optional<BackupConfig> backup) {
  /** How many members take writes. */
  public enum Writers {
    /** One, which keeps the role as long as it can. */
    ONE,
    /** All that are ready, each key at one of them. */
    AFFINITY,
    /** All that are ready. */
    ALL;

    /** Whether more than one may at a time. */
    public boolean areSeveral() {
      return this != ONE;
    }
  }

  static final int MAX_MEMBERS = 16;

  /** Users that managed databases have anyway. */
  private static final Set<String> TAKEN =
      new TreeSet<>(
          List.of(
              "fairlead_admin",
              "fairlead_replication",
              "fairlead_sst",
              "mysql",
              "postgres",
              "root"));

  static final Range<Duration> PATIENCE = Range.durations(Duration.ZERO, Duration.ofMinutes(5));
  static final Duration DEFAULT_PATIENCE = Duration.ofSeconds(10);

  public DatabaseConfig {
    members = Collections.unmodifiableMap(new LinkedHashMap<>(members));
    instances = Collections.unmodifiableMap(new LinkedHashMap<>(instances));
    ports = Collections.unmodifiableMap(new LinkedHashMap<>(ports));
    if (manage.isPresent() && engine == DatabaseEngine.POSTGRESQL && probe.database().isEmpty()) {
      probe = probe.in("postgres"); // no database is named as the user there
    }
    probe = byTlsOf(manage, probe);
    backup = backup.isPresent() ? Optional.of(backup.get().or(probe)) : backup;
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
                engine == DatabaseEngine.POSTGRESQL
                    || !backup.map(BackupConfig::witness).orElse(false),
                List.of("backup", "witness"),
                true,
                "must be false where engine is galera: MariaDB waits for no archive",
                List.of());
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
    boolean managed = manage.isPresent();
    instances.forEach((member, instance) ->
        require.that(
            managed,
            List.of("members", member, "instance"),
            instance,
            "must not be given where Fairlead does not manage the database",
            List.of()));
    ports.forEach((member, _) ->
        require.that(
            managed && engine == DatabaseEngine.GALERA,
            List.of("members", member, "ports"),
            null,
            "must not be given unless engine is galera and Fairlead manages the database",
            List.of()));
    if (managed) {
      checkManaged(require, engine, members, probe, manage.get());
      backup.ifPresent(own -> checkBackup(require, own, manage.get()));
      if (engine == DatabaseEngine.GALERA) {
        ManagedGaleraRules.check(require, members, instances, ports, probe, manage.get());
      }
    }
    require.orRefuse();
  }

  /** What is managed by us is asked as its members ask each other. */
  private static DatabaseProbeConfig byTlsOf(
      Optional<ManageConfig> manage, DatabaseProbeConfig probe) {
    Optional<ServiceTls> tls = manage.flatMap(ManageConfig::probeTls);
    return tls.isPresent() && probe.tls().isEmpty()
        ? new DatabaseProbeConfig(
            probe.user(),
            probe.password(),
            probe.database(),
            probe.interval(),
            probe.timeout(),
            probe.fall(),
            tls)
        : probe;
  }

  private static void checkManaged(
      Require require,
      DatabaseEngine engine,
      Map<String, HostPort> members,
      DatabaseProbeConfig probe,
      ManageConfig manage) {
    int voters = members.size() + (manage.witness().isPresent() ? 1 : 0);
    require
        .that(
            !members.containsKey(manage.witnessName()),
            List.of("manage", "witness", "name"),
            manage.witnessName(),
            "must not be the name of a member",
            List.of(List.of("members", manage.witnessName())))
        .that(
            engine == DatabaseEngine.GALERA || voters > manage.acknowledgements(),
            List.of("manage", "acknowledgements"),
            manage.acknowledgements(),
            "must be less than the number of members"
                + (voters > members.size() ? " and the witness, " : ", ")
                + voters,
            List.of(List.of("members")))
        .that(
            !probe.password().value().isEmpty(),
            List.of("probe", "password"),
            null,
            "must be given where Fairlead manages the database: it creates that user",
            List.of(List.of("manage")))
        .that(
            probe.user().matches("[a-z_][a-z0-9_]{0,62}")
                && !probe.user().startsWith("pg_")
                && !probe.user().startsWith("fairlead_")
                && !probe.user().equals("postgres"),
            List.of("probe", "user"),
            probe.user(),
            "must be small letters, digits and _ where Fairlead manages the database, and not be"
                + " postgres or begin with pg_ or fairlead_",
            List.of(List.of("manage")))
        .that(
            probe.tls().equals(manage.probeTls()),
            List.of("probe", "tls"),
            null,
            "must not be given where Fairlead manages the database",
            List.of(List.of("manage")));
    for (String member : manage.neverPromote()) {
      require.that(
          members.containsKey(member),
          List.of("manage", "never-promote"),
          member,
          "must be a member" + Suggest.among(member, members.keySet()),
          List.of(List.of("members")));
    }
    require.that(
        members.keySet().stream().anyMatch(member -> !manage.neverPromote().contains(member)),
        List.of("manage", "never-promote"),
        null,
        "must leave somebody who may become primary",
        List.of());
  }

  private static void checkBackup(Require require, BackupConfig backup, ManageConfig manage) {
    require
        .that(
            !backup.witness(),
            List.of("backup", "witness"),
            true,
            "must be false where Fairlead manages the database: replicas acknowledge commits there",
            List.of(List.of("manage")))
        .that(
            backup.user().matches("[a-z_][a-z0-9_]{0,62}")
                && !backup.user().startsWith("pg_")
                && !TAKEN.contains(backup.user())
                && manage.application().map(one -> !one.user().equals(backup.user())).orElse(true),
            List.of("backup", "user"),
            backup.user(),
            "must be small letters, digits and _ where Fairlead manages the database and creates"
                + " that user, and not be the application's, begin with pg_ or be one of "
                + TAKEN,
            List.of(List.of("manage")))
        .that(
            !backup.password().value().isEmpty(),
            List.of("backup", "password"),
            null,
            "must be given where Fairlead manages the database: it creates that user",
            List.of(List.of("manage")));
  }

  /**
   * Which members an instance runs.
   *
   * @param instance its name in the group; empty: it is alone, and runs all of them
   */
  public List<String> membersOf(String instance) {
    return members.keySet().stream()
        .filter(member ->
            instance.isEmpty() || instances.getOrDefault(member, instance).equals(instance))
        .toList();
  }

  /** Whose word may count: the members, and the witness if there is one. */
  public Set<String> voters() {
    Set<String> voters = new TreeSet<>(members.keySet());
    manage.flatMap(ManageConfig::witness).ifPresent(its -> voters.add(its.name()));
    return voters;
  }

  /** Where a member of a managed Galera cluster listens beside. */
  public GaleraPorts portsOf(String member) {
    HostPort address = members.get(member);
    return ports
        .getOrDefault(member, GaleraPorts.USUAL)
        .above(address == null ? 0 : address.port());
  }

  /** What it is to everything but its roles. */
  ServiceConfig service() {
    Optional<ManageConfig.Tls> tls = manage.flatMap(ManageConfig::tls);
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
            new RoleProbe(
                engine,
                probe.user(),
                probe.password(),
                probe.database(),
                tls.map(ManageConfig.Tls::optional).orElse(false)),
            0,
            Duration.ZERO,
            tls.map(ManageConfig.Tls::towardsMembers).or(probe::tls),
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
