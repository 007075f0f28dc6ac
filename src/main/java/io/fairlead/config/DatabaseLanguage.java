package io.fairlead.config;

import io.fairlead.config.PostgresqlProbe.Role;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What an operator can write about probes of databases. */
final class DatabaseLanguage {
  private static final Secret NONE = new Secret("");
  private static final Scalar<String> NAME = Scalar.text("name", null, DatabaseLogin::name);

  private static final Key<Secret> PASSWORD =
      Key.computed(
          "password",
          Scalar.secret("secret"),
          "none",
          "Password of that user, or `file:PATH`; appears in no message.",
          "\"file:secrets/probe\"");
  private static final Key<Duration> MAX_LAG =
      Key.computed(
          "max-lag",
          Scalar.duration(PostgresqlProbe.LAG),
          "any",
          "How far a replica may be behind.",
          "10s");

  // postgresql

  private static final Key<String> POSTGRESQL_USER =
      Key.computed(
          "user",
          NAME,
          "nobody logs in",
          "Who logs in: by `scram-sha-256`, `md5` or no password; needs no rights.",
          "probe");
  private static final Key<String> DATABASE =
      Key.computed("database", NAME, "named as the user", "Where to log in.", "shop");
  private static final Key<Role> ROLE =
      Key.of(
          "role",
          Scalar.word(Role.class),
          Role.ANY,
          "What the server must be, as `pg_is_in_recovery()` says.",
          "primary");

  static final Obj<PostgresqlProbe> POSTGRESQL_PROBE =
      new Obj<>(
          "postgresql",
          "PostgreSQL. `true`: it must be ready to let somebody in, which is asked without a login.",
          List.of(POSTGRESQL_USER, PASSWORD, DATABASE, ROLE, MAX_LAG),
          List.of(),
          new Obj.ShortForm<>(
              Scalar.words("word", List.of("true"), s -> s),
              (_, _) -> new PostgresqlProbe("", NONE, "", Role.ANY, Duration.ZERO)),
          (values, _) ->
              new PostgresqlProbe(
                  orElse(values.find(POSTGRESQL_USER), ""),
                  orElse(values.find(PASSWORD), NONE),
                  orElse(values.find(DATABASE), ""),
                  values.get(ROLE),
                  orElse(values.find(MAX_LAG), Duration.ZERO)));

  static final Key<PostgresqlProbe> POSTGRESQL =
      Key.computed(
          "postgresql",
          POSTGRESQL_PROBE,
          "none",
          "Log in to PostgreSQL and ask for its role.",
          "{ user: probe, password: \"file:secrets/probe\", role: primary }");

  // mariadb

  private static final Key<String> MARIADB_USER =
      Key.required(
          "user", NAME, "Who logs in: by `mysql_native_password` or no password.", "probe");
  private static final Key<Role> MARIADB_ROLE =
      Key.of(
          "role",
          Scalar.word(Role.class),
          Role.ANY,
          "What the server must be: a `primary` can be written to, a `replica` has `read_only`.",
          "primary");
  private static final Key<Boolean> GALERA =
      Key.of(
          "galera",
          Scalar.flag(),
          false,
          "Whether it must be a synced member of a Galera cluster.",
          "true");

  static final Obj<MariadbProbe> MARIADB_PROBE =
      new Obj<>(
          "mariadb",
          "MariaDB or MySQL.",
          List.of(MARIADB_USER, PASSWORD, MARIADB_ROLE, GALERA, MAX_LAG),
          List.of(),
          null,
          (values, _) ->
              new MariadbProbe(
                  values.get(MARIADB_USER),
                  orElse(values.find(PASSWORD), NONE),
                  values.get(MARIADB_ROLE),
                  values.get(GALERA),
                  orElse(values.find(MAX_LAG), Duration.ZERO)));

  static final Key<MariadbProbe> MARIADB =
      Key.computed(
          "mariadb",
          MARIADB_PROBE,
          "none",
          "Log in to MariaDB or MySQL and ask for its role.",
          "{ user: probe, password: \"file:secrets/probe\", galera: true }");

  // redis

  private static final Key<String> REDIS_USER =
      Key.computed("user", NAME, "the default user", "Who logs in.", "probe");
  private static final Key<RedisProbe.Role> REDIS_ROLE =
      Key.of(
          "role",
          Scalar.word(RedisProbe.Role.class),
          RedisProbe.Role.ANY,
          "What the server must be, as `ROLE` says; a replica's link to its master must be up.",
          "master");

  static final Obj<RedisProbe> REDIS_PROBE =
      new Obj<>(
          "redis",
          "Redis, or what speaks as it does. `true`: it must answer `PING`.",
          List.of(REDIS_USER, PASSWORD, REDIS_ROLE),
          List.of(),
          new Obj.ShortForm<>(
              Scalar.words("word", List.of("true"), s -> s),
              (_, _) -> new RedisProbe("", NONE, RedisProbe.Role.ANY)),
          (values, _) ->
              new RedisProbe(
                  orElse(values.find(REDIS_USER), ""),
                  orElse(values.find(PASSWORD), NONE),
                  values.get(REDIS_ROLE)));

  static final Key<RedisProbe> REDIS =
      Key.computed(
          "redis",
          REDIS_PROBE,
          "none",
          "Ask Redis for an answer and its role.",
          "{ password: \"file:secrets/redis\", role: master }");

  private DatabaseLanguage() {}

  private static <T> T orElse(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
