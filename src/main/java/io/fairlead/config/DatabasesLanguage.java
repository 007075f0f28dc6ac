package io.fairlead.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What an operator can write about databases. */
final class DatabasesLanguage {
  private static final Scalar<String> NAME = Scalar.text("name", null, DatabaseLogin::name);
  private static final Scalar<String> INSTANCE =
      Scalar.text("name", Syntax.NAME_PATTERN, Syntax::name);
  private static final Scalar<HostPort> ADDRESS = Scalar.parsed("address", HostPort::parse);

  // probe

  private static final Key<String> USER =
      Key.required(
          "user",
          NAME,
          "Who logs in: to PostgreSQL by `scram-sha-256`, `md5` or no password, with `pg_monitor`; to"
              + " MariaDB by `mysql_native_password` or no password, without rights.",
          "fairlead");
  private static final Key<Secret> PASSWORD =
      Key.computed(
          "password",
          Scalar.secret("secret"),
          "none",
          "Password of that user, or `file:PATH`; appears in no message.",
          "\"file:secrets/orders\"");
  private static final Key<String> DATABASE =
      Key.computed(
          "database", NAME, "named as the user", "Where to log in; of PostgreSQL.", "postgres");
  private static final Key<Duration> INTERVAL =
      Key.of(
          "interval",
          Scalar.duration(DatabaseProbeConfig.INTERVAL),
          DatabaseProbeConfig.DEFAULT_INTERVAL,
          "Time between the starts of two questions to one member; ten a second while none takes"
              + " writes.",
          "250ms");
  private static final Key<Duration> TIMEOUT =
      Key.computed(
          "timeout",
          Scalar.duration(HealthCheckConfig.TIMEOUT),
          "500ms, or interval if shorter",
          "Time for a question, connecting and logging in included; at most interval.",
          "250ms");
  private static final Key<Integer> FALL =
      Key.of(
          "fall",
          Scalar.count(HealthCheckConfig.IN_A_ROW),
          DatabaseProbeConfig.DEFAULT_FALL,
          "Questions in a row without an answer before a member is down; a refused connection counts"
              + " at once.",
          "3");
  private static final Key<ServiceTls> TLS =
      Key.computed(
          "tls",
          TlsLanguage.SERVICE,
          "false",
          "TLS of those who ask; that of clients is passed on as it is. Where Fairlead manages the"
              + " database it follows from `manage.tls`.",
          "{ ca: members-ca.pem }");

  static final Obj<DatabaseProbeConfig> PROBE =
      new Obj<>(
          "database-probe",
          "How the members of a database are asked what they are.",
          List.of(USER, PASSWORD, DATABASE, INTERVAL, TIMEOUT, FALL, TLS),
          List.of(),
          null,
          (values, _) ->
              new DatabaseProbeConfig(
                  values.get(USER),
                  orElse(values.find(PASSWORD), new Secret("")),
                  orElse(values.find(DATABASE), ""),
                  values.get(INTERVAL),
                  orElse(values.find(TIMEOUT), usualTimeout(values.get(INTERVAL))),
                  values.get(FALL),
                  Optional.ofNullable(values.find(TLS)).filter(ServiceTls::enabled)));

  // read-only

  private static final Key<Duration> MAX_LAG =
      Key.of(
          "max-lag",
          Scalar.duration(PostgresqlProbe.LAG),
          DatabaseReads.DEFAULT.maxLag(),
          "How old the state of a replica may be; of PostgreSQL.",
          "2s");
  private static final Key<Long> MAX_LAG_BYTES =
      Key.of(
          "max-lag-bytes",
          Scalar.size(DatabaseReads.LAG_BYTES),
          DatabaseReads.DEFAULT.maxLagBytes(),
          "16MiB",
          "How much of what the primary has written a replica may still have to replay; of"
              + " PostgreSQL.",
          "1MiB");
  private static final Key<Boolean> PRIMARY =
      Key.of(
          "primary",
          Scalar.flag(),
          DatabaseReads.DEFAULT.primary(),
          "Whether the primary takes connections that only read while no replica may.",
          "true");

  static final Obj<DatabaseReads> READ_ONLY =
      new Obj<>(
          "read-only",
          "Which members take connections that only read.",
          List.of(MAX_LAG, MAX_LAG_BYTES, PRIMARY),
          List.of(),
          null,
          (values, _) ->
              new DatabaseReads(
                  values.get(MAX_LAG), values.get(MAX_LAG_BYTES), values.get(PRIMARY)));

  // manage

  private static final Key<String> APPLICATION_USER =
      Key.required("user", NAME, "Who owns the database; created with it.", "shop");
  private static final Key<Secret> APPLICATION_PASSWORD =
      Key.required(
          "password",
          Scalar.secret("secret"),
          "Password of that user, or `file:PATH`; appears in no message.",
          "\"file:secrets/shop\"");
  private static final Key<String> APPLICATION_DATABASE =
      Key.required("database", NAME, "The database's name.", "shop");

  static final Obj<ManageConfig.Application> APPLICATION =
      new Obj<>(
          "application",
          "Whom applications log in as, and where.",
          List.of(APPLICATION_USER, APPLICATION_PASSWORD, APPLICATION_DATABASE),
          List.of(),
          null,
          (values, _) ->
              new ManageConfig.Application(
                  values.get(APPLICATION_USER),
                  values.get(APPLICATION_PASSWORD),
                  values.get(APPLICATION_DATABASE)));

  private static final Key<Integer> ACKNOWLEDGEMENTS =
      Key.of(
          "acknowledgements",
          Scalar.count(ManageConfig.ACKNOWLEDGEMENTS),
          1,
          "How many replicas have a commit on disk before it is acknowledged; fewer than there are"
              + " members. Of PostgreSQL.",
          "2");
  private static final Key<Path> FOLDER =
      Key.computed(
          "folder",
          Scalar.path("path"),
          "`databases/NAME` in the folder `data`",
          "Where the members' data is; the user who runs the servers must get there.",
          "/var/lib/fairlead/orders");
  private static final Key<ManageConfig.Application> APPLICATION_KEY =
      Key.computed(
          "application",
          APPLICATION,
          "none",
          "A user and a database of theirs, which are created with the database.",
          "{ user: shop, password: \"file:secrets/shop\", database: shop }");
  private static final Key<List<String>> NEVER_PROMOTE =
      Key.of(
          "never-promote",
          new ListOf<>("names", NAME),
          List.of(),
          "none",
          "Members that never become primary; they acknowledge commits as others do. Of PostgreSQL.",
          "[c]");
  private static final Key<Boolean> ALLOW_ASYNCHRONOUS_COMMITS =
      Key.of(
          "allow-asynchronous-commits",
          Scalar.flag(),
          false,
          "Whether clients may lower `synchronous_commit` for themselves: a failover may lose what"
              + " they have committed so. Else the session of one that does is ended. Of PostgreSQL.",
          "true");
  private static final Key<Duration> PAGES_EVERY =
      Key.of(
          "every",
          Scalar.duration(ManageConfig.EVERY),
          ManageConfig.PageCheck.DEFAULT.every(),
          "Time between two readings of a member; 0s: none.",
          "24h");
  private static final Key<Long> PAGES_RATE =
      Key.of(
          "rate",
          Scalar.size(ManageConfig.RATE),
          ManageConfig.PageCheck.DEFAULT.rate(),
          Units.size(ManageConfig.PageCheck.DEFAULT.rate()),
          "How much is read in a second at most.",
          "100MiB");

  static final Obj<ManageConfig.PageCheck> PAGE_CHECK =
      new Obj<>(
          "page-check",
          "How all pages of members are read now and then, one member after the other on a machine,"
              + " so that one that has rotted on its disk is known before it is needed.",
          List.of(PAGES_EVERY, PAGES_RATE),
          List.of(),
          null,
          (values, _) ->
              new ManageConfig.PageCheck(values.get(PAGES_EVERY), values.get(PAGES_RATE)));

  private static final Key<ManageConfig.PageCheck> PAGE_CHECK_KEY =
      Key.of(
          "page-check",
          PAGE_CHECK,
          ManageConfig.PageCheck.DEFAULT,
          "see below",
          "How all pages of members are read now and then. Of PostgreSQL.",
          "{ every: 24h, rate: 100MiB }");
  private static final Key<Map<String, String>> SETTINGS =
      Key.of(
          "settings",
          new MapOf<>("settings", MapOf.Names.SETTING, Scalar.parsed("text", text -> text)),
          Map.of(),
          "the servers' own",
          "Settings of PostgreSQL or MariaDB by name, beside those that Fairlead sees to; taken when a"
              + " member is started. What has a dot is an option of Galera.",
          "{ shared_buffers: 1GB, max_connections: \"300\" }");

  private static final Key<Path> MEMBERS_CERT =
      Key.required(
          "cert",
          Scalar.path("path"),
          "What members of this instance show: a certificate and behind it its issuers, in PEM. The"
              + " names in it do not matter.",
          "members.pem");
  private static final Key<Path> MEMBERS_KEY =
      Key.required("key", Scalar.path("path"), "Its private key in PEM.", "members.key");
  private static final Key<List<Path>> MEMBERS_CA =
      Key.required(
          "ca",
          new ListOf<>("paths", Scalar.path("path")),
          "The authority that certificates of all members come from, in PEM. Whoever has a"
              + " certificate of it is taken for a member: use one that signs nothing else.",
          "members-ca.pem");
  private static final Key<Boolean> OPTIONAL =
      Key.of(
          "optional",
          Scalar.flag(),
          false,
          "Whether who does not speak TLS is spoken to in the clear, and no member has to prove who"
              + " it is to another: for the time in which a group of instances gets its certificates.",
          "true");
  private static final Key<Boolean> FOR_CLIENTS =
      Key.of(
          "for-clients",
          Scalar.flag(),
          false,
          "Whether clients of listeners that want TLS get it, from members: Fairlead cannot follow"
              + " their sessions then. Else they are told that there is none.",
          "true");

  static final Obj<ManageConfig.Tls> MEMBERS_TLS =
      new Obj<>(
          "manage-tls",
          "By what members of a database know each other; files are read again when they change.",
          List.of(MEMBERS_CERT, MEMBERS_KEY, MEMBERS_CA, OPTIONAL, FOR_CLIENTS),
          List.of(),
          null,
          (values, _) -> {
            ManageConfig.Tls tls =
                new ManageConfig.Tls(
                    values.get(MEMBERS_CERT),
                    values.get(MEMBERS_KEY),
                    values.get(MEMBERS_CA),
                    values.get(OPTIONAL),
                    values.get(FOR_CLIENTS));
            TlsFiles.Identity _ = TlsFiles.read(tls.cert(), tls.key(), Optional.empty());
            TlsLanguage.readAuthorities("ca", tls.ca());
            return tls;
          });

  private static final Key<ManageConfig.Tls> MANAGE_TLS =
      Key.computed(
          "tls",
          MEMBERS_TLS,
          "in the clear",
          "TLS between members, and between them and Fairlead. Of PostgreSQL.",
          "{ cert: members.pem, key: members.key, ca: members-ca.pem }");

  private static final Key<String> WITNESS_NAME =
      Key.of("name", NAME, "witness", "What it is called among the members.", "w");
  private static final Key<String> WITNESS_INSTANCE =
      Key.computed("instance", NAME, "this one", "Which instance of the group runs it.", "db-3");
  private static final Key<Long> WITNESS_KEEP =
      Key.of(
          "keep",
          Scalar.size(ManageConfig.KEEP),
          ManageConfig.Witness.DEFAULT_KEEP,
          Units.size(ManageConfig.Witness.DEFAULT_KEEP),
          "How much of the log it keeps at least: a member that was away for longer cannot be brought"
              + " up by it.",
          "4GiB");

  static final Obj<ManageConfig.Witness> WITNESS =
      new Obj<>(
          "manage-witness",
          "A voter that keeps the log and no data: it acknowledges commits as replicas do, is asked"
              + " when a primary is elected, and gives who is what that lacks.",
          List.of(WITNESS_NAME, WITNESS_INSTANCE, WITNESS_KEEP),
          List.of(),
          null,
          (values, _) -> {
            String instance = values.find(WITNESS_INSTANCE);
            return new ManageConfig.Witness(
                values.get(WITNESS_NAME),
                instance == null ? "" : instance,
                values.get(WITNESS_KEEP));
          });

  private static final Key<ManageConfig.Witness> MANAGE_WITNESS =
      Key.computed(
          "witness",
          WITNESS,
          "none",
          "A voter that keeps the log and no data. Of PostgreSQL.",
          "{ name: w, instance: db-3 }");

  static final Obj<ManageConfig> MANAGE =
      new Obj<>(
          "manage",
          "That Fairlead creates the members, runs them and fails over; see"
              + " [managed-postgresql.md](managed-postgresql.md) and"
              + " [managed-galera.md](managed-galera.md).",
          List.of(
              ACKNOWLEDGEMENTS,
              FOLDER,
              APPLICATION_KEY,
              NEVER_PROMOTE,
              ALLOW_ASYNCHRONOUS_COMMITS,
              PAGE_CHECK_KEY,
              SETTINGS,
              MANAGE_TLS,
              MANAGE_WITNESS),
          List.of(),
          null,
          (values, _) ->
              new ManageConfig(
                  values.get(ACKNOWLEDGEMENTS),
                  Optional.ofNullable(values.find(FOLDER)),
                  Optional.ofNullable(values.find(APPLICATION_KEY)),
                  values.get(NEVER_PROMOTE),
                  values.get(ALLOW_ASYNCHRONOUS_COMMITS),
                  values.get(PAGE_CHECK_KEY),
                  values.get(SETTINGS),
                  Optional.ofNullable(values.find(MANAGE_TLS)),
                  Optional.ofNullable(values.find(MANAGE_WITNESS))));

  // database

  private static final Key<DatabaseEngine> ENGINE =
      Key.required(
          "engine",
          Scalar.word(DatabaseEngine.class),
          "What the members are: PostgreSQL with streaming replication, or nodes of a MariaDB Galera"
              + " cluster.",
          "postgresql");
  private static final Key<HostPort> MEMBER_ADDRESS =
      Key.required("address", ADDRESS, "Where it listens.", "\"10.0.0.1:5432\"");
  private static final Key<String> MEMBER_INSTANCE =
      Key.computed(
          "instance",
          INSTANCE,
          "this one, where it is alone",
          "Which instance of the group runs it; where Fairlead manages the database.",
          "db-1");

  private static final Key<Integer> GROUP_PORT =
      Key.computed(
          "group",
          Scalar.count(GaleraPorts.PORTS),
          "1000 above that of `address`",
          "Where members speak to each other.",
          "4567");
  private static final Key<Integer> IST_PORT =
      Key.computed(
          "ist",
          Scalar.count(GaleraPorts.PORTS),
          "2000 above that of `address`",
          "Where it gets what it has missed (IST).",
          "4568");
  private static final Key<Integer> SST_PORT =
      Key.computed(
          "sst",
          Scalar.count(GaleraPorts.PORTS),
          "3000 above that of `address`",
          "Where it gets all of the data (SST).",
          "4444");

  static final Obj<GaleraPorts> PORTS =
      new Obj<>(
          "galera-ports",
          "Where a member of a Galera cluster that Fairlead manages listens beside, on the same host.",
          List.of(GROUP_PORT, IST_PORT, SST_PORT),
          List.of(),
          null,
          (values, _) ->
              new GaleraPorts(
                  orElse(values.find(GROUP_PORT), 0),
                  orElse(values.find(IST_PORT), 0),
                  orElse(values.find(SST_PORT), 0)));

  private static final Key<GaleraPorts> MEMBER_PORTS =
      Key.computed(
          "ports",
          PORTS,
          "1000, 2000 and 3000 above that of `address`",
          "Where it listens beside; of Galera, where Fairlead manages the database.",
          "{ group: 4567, ist: 4568, sst: 4444 }");

  static final Obj<DatabaseMember> MEMBER =
      new Obj<>(
          "database-member",
          "A server of a database. An address alone stands for it.",
          List.of(MEMBER_ADDRESS, MEMBER_INSTANCE, MEMBER_PORTS),
          List.of(),
          new Obj.ShortForm<>(
              ADDRESS,
              (address, _) -> new DatabaseMember(address, Optional.empty(), Optional.empty())),
          (values, _) ->
              new DatabaseMember(
                  values.get(MEMBER_ADDRESS),
                  Optional.ofNullable(values.find(MEMBER_INSTANCE)),
                  Optional.ofNullable(values.find(MEMBER_PORTS))));

  private static final Key<Map<String, DatabaseMember>> MEMBERS =
      Key.required(
          "members",
          new MapOf<>("members", MapOf.Names.OBJECT, MEMBER),
          "Name and address of each, in the order of preference.",
          "{ a: \"10.0.0.1:5432\", b: \"10.0.0.2:5432\" }");
  private static final Key<DatabaseProbeConfig> DATABASE_PROBE =
      Key.required("probe", PROBE, "How members are asked what they are.", "{ user: fairlead }");
  private static final Key<Duration> PATIENCE =
      Key.of(
          "patience",
          Scalar.duration(DatabaseConfig.PATIENCE),
          DatabaseConfig.DEFAULT_PATIENCE,
          "How long a connection may wait for a member that it may go to; 0s: it is turned away at"
              + " once.",
          "30s");
  private static final Key<DatabaseConfig.Writers> WRITERS =
      Key.of(
          "writers",
          Scalar.word(DatabaseConfig.Writers.class),
          DatabaseConfig.Writers.ONE,
          "Of Galera: `one` member takes writes, and keeps the role as long as it can; `all` do; or"
              + " all do, and each key has one of them (`affinity`): see `key` of routes.",
          "all");
  private static final Key<DatabaseReads> DATABASE_READS =
      Key.of(
          "read-only",
          READ_ONLY,
          DatabaseReads.DEFAULT,
          "see below",
          "Which members take connections that only read.",
          "{ max-lag: 2s, primary: true }");
  private static final Key<Duration> CONNECT_TIMEOUT =
      Key.of(
          "connect-timeout",
          Scalar.duration(UpstreamConfig.CONNECT_TIMEOUT),
          UpstreamConfig.DEFAULT.connectTimeout(),
          "For one connection to a member to be established.",
          "500ms");

  private static final Key<BackupConfig> BACKUP =
      Key.computed(
          "backup",
          BackupLanguage.BACKUP,
          "none",
          "How it is backed up; see [backups.md](backups.md) and"
              + " [backups-mariadb.md](backups-mariadb.md).",
          "{ folder: /var/backups/orders, user: fairlead_backup }");
  private static final Key<ManageConfig> DATABASE_MANAGE =
      Key.computed(
          "manage",
          MANAGE,
          "somebody else does",
          "That Fairlead creates the members, runs them and fails over.",
          "{ acknowledgements: 1 }");

  static final Obj<DatabaseConfig> DATABASE_ENTRY =
      new Obj<>(
          "database",
          "Servers that hold the same data. Listeners with `protocol: tcp` name it in a route, with"
              + " `for: read-write` or `for: read-only`; see [databases.md](databases.md).",
          List.of(
              ENGINE,
              MEMBERS,
              DATABASE_PROBE,
              PATIENCE,
              WRITERS,
              DATABASE_READS,
              CONNECT_TIMEOUT,
              DATABASE_MANAGE,
              BACKUP),
          List.of("commit"),
          null,
          (values, spot) ->
              new DatabaseConfig(
                  Syntax.name(spot.segment()) == null ? spot.segment() : "unnamed",
                  values.get(ENGINE),
                  each(values.get(MEMBERS), DatabaseMember::address),
                  each(values.get(MEMBERS), member -> member.instance().orElse(null)),
                  each(values.get(MEMBERS), member -> member.ports().orElse(null)),
                  values.get(DATABASE_PROBE),
                  values.get(PATIENCE),
                  values.get(WRITERS),
                  values.get(DATABASE_READS),
                  values.get(CONNECT_TIMEOUT),
                  Optional.ofNullable(values.find(DATABASE_MANAGE)),
                  Optional.ofNullable(values.find(BACKUP))));

  static final Key<Map<String, DatabaseConfig>> DATABASES =
      Key.of(
          "databases",
          new MapOf<>("databases", MapOf.Names.OBJECT, DATABASE_ENTRY),
          Map.of(),
          "none",
          "Servers that hold the same data, of which one takes the writes, by name; see"
              + " [databases.md](databases.md).",
          "{ orders: { engine: postgresql, members: { a: \"10.0.0.1:5432\" }, probe: { user: fairlead"
              + " } } }");

  private DatabasesLanguage() {}

  private static Duration usualTimeout(Duration interval) {
    Duration usual = Duration.ofMillis(500);
    return usual.compareTo(interval) < 0 ? usual : interval;
  }

  /** What there is of it, by the members' names. */
  private static <T> Map<String, T> each(
      Map<String, DatabaseMember> members, Function<DatabaseMember, @Nullable T> what) {
    Map<String, T> all = new LinkedHashMap<>();
    members.forEach((name, member) -> {
      T its = what.apply(member);
      if (its != null) {
        all.put(name, its);
      }
    });
    return all;
  }

  private static <T> T orElse(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
