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
 * That Fairlead creates, runs and fails over the members of a database itself.
 *
 * @param acknowledgements how many replicas have a commit on disk before it is acknowledged, 1 to
 *     15; default 1; of PostgreSQL
 * @param folder where the members' data is; empty: {@code databases} in the folder {@code data}
 * @param application whom applications log in as, and where; created with the database
 * @param neverPromote members that never become primary; of PostgreSQL
 * @param allowAsynchronousCommits that clients may lower {@code synchronous_commit} for themselves;
 *     of PostgreSQL
 * @param pageCheck how all pages of members are read, to know of what has rotted; of PostgreSQL
 * @param settings of the servers, beside those that Fairlead sees to itself
 * @param tls by what members know each other; empty: they speak in the clear; of PostgreSQL
 * @param witness who votes with the log alone; empty: nobody; of PostgreSQL
 */
public record ManageConfig(
    int acknowledgements,
    Optional<Path> folder,
    Optional<Application> application,
    List<String> neverPromote,
    boolean allowAsynchronousCommits,
    PageCheck pageCheck,
    Map<String, String> settings,
    Optional<Tls> tls,
    Optional<Witness> witness) {
  /**
   * How all pages of a member are read.
   *
   * @param every time between two readings of a member; 0 s: there are none
   * @param rate so many bytes a second at most
   */
  public record PageCheck(Duration every, long rate) {
    public static final PageCheck DEFAULT = new PageCheck(Duration.ofDays(7), 32L << 20);

    public PageCheck {
      new Require().within(EVERY, "every", every).within(RATE, "rate", rate).orRefuse();
    }
  }

  /**
   * Whom applications log in as.
   *
   * @param user owner of the database
   * @param password of that user
   * @param database its name
   */
  public record Application(String user, Secret password, String database) {
    public Application {
      new Require()
          .unless(role(user), List.of("user"), user)
          .that(!password.value().isEmpty(), "password", null, "must not be empty")
          .unless(role(database), List.of("database"), database)
          .orRefuse();
    }

    private static @Nullable String role(String name) {
      return name.matches("[a-z_][a-z0-9_]{0,62}")
              && !name.startsWith("pg_")
              && !name.startsWith("fairlead_")
              && !name.equals("postgres")
          ? null
          : "must be a small letter or _, then up to 62 small letters, digits or _, and not be"
              + " postgres or begin with pg_ or fairlead_";
    }
  }

  /**
   * By what members know each other.
   *
   * @param cert file with the certificate that members of this instance show, its issuers behind
   *     it, in PEM; the names in it are not looked at
   * @param key file with its private key
   * @param ca files with the authorities that sign members of this database and nobody else
   * @param optional whether members, and we, may speak in the clear to who does not know TLS yet
   * @param forClients whether clients that want TLS get it from members
   */
  public record Tls(Path cert, Path key, List<Path> ca, boolean optional, boolean forClients) {
    public Tls {
      ca = List.copyOf(ca);
      new Require().that(!ca.isEmpty(), "ca", null, "must not be empty").orRefuse();
    }

    /** How we speak to members. */
    public ServiceTls towardsMembers() {
      return new ServiceTls(
          true, true, true, ca, "", Optional.empty(), Optional.empty(), TlsVersion.TLS_1_2);
    }
  }

  /**
   * A voter that keeps the log and no data.
   *
   * @param name what it is called among the members
   * @param instance of the group that runs it; empty: this one, which is alone
   * @param keep how much of the log it keeps at least, in bytes
   */
  public record Witness(String name, String instance, long keep) {
    public static final long DEFAULT_KEEP = 1L << 30;

    public Witness {
      new Require()
          .unless(Syntax.name(name), List.of("name"), name)
          .within(KEEP, "keep", keep)
          .orRefuse();
    }
  }

  /** What is less does not reach back to whoever was away for a moment. */
  static final Range<Long> KEEP = Range.sizes(64L << 20, 1L << 50);

  static final Range<Duration> EVERY = Range.durations(Duration.ZERO, Duration.ofDays(366));

  /** As PostgreSQL's own program has it. */
  static final Range<Long> RATE = Range.sizes(32L << 10, 1L << 30);

  static final Range<Integer> ACKNOWLEDGEMENTS = Range.counts(1, DatabaseConfig.MAX_MEMBERS - 1);

  /** Settings that failing over depends on. */
  private static final List<String> OURS =
      List.of(
          "archive_mode",
          "data_directory",
          "default_transaction_read_only",
          "external_pid_file",
          "hba_file",
          "hot_standby",
          "ident_file",
          "include",
          "include_dir",
          "include_if_exists",
          "config_file",
          "fsync",
          "full_page_writes",
          "listen_addresses",
          "log_directory",
          "logging_collector",
          "port",
          "primary_conninfo",
          "primary_slot_name",
          "promote_trigger_file",
          "recovery_min_apply_delay",
          "restart_after_crash",
          "synchronous_commit",
          "synchronous_standby_names",
          "unix_socket_directories",
          "wal_level",
          "wal_log_hints",
          "wal_retrieve_retry_interval");

  public ManageConfig {
    neverPromote = List.copyOf(neverPromote);
    settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    Require require = new Require().within(ACKNOWLEDGEMENTS, "acknowledgements", acknowledgements);
    settings.forEach((name, value) -> {
      require.that(
          !OURS.contains(name)
              && !name.startsWith("recovery_target")
              && !name.startsWith("fairlead"),
          List.of("settings", name),
          value,
          "must not be given: Fairlead sees to it",
          List.of());
      require.that(
          value.chars().noneMatch(c -> c < ' '),
          List.of("settings", name),
          value,
          "must be one line",
          List.of());
      require.that(
          tls.isEmpty() || !name.startsWith("ssl"),
          List.of("settings", name),
          value,
          "must not be given beside tls",
          List.of(List.of("tls")));
    });
    require.orRefuse();
  }

  /** What the witness is called; empty: there is none. */
  public String witnessName() {
    return witness.map(Witness::name).orElse("");
  }

  /** How members are probed; empty: in the clear. */
  Optional<ServiceTls> probeTls() {
    return tls.filter(one -> !one.optional()).map(Tls::towardsMembers);
  }
}
