package io.fairlead.config;

import java.time.Duration;
import java.util.List;

/**
 * PostgreSQL that lets a probe in and has the wanted role.
 *
 * @param user who logs in; empty: nobody, and the server need only be ready to let somebody in
 * @param password of that user; empty: none
 * @param database to log in to; empty: the one named as the user
 * @param role the server must have
 * @param maxLag how far a replica may be behind; zero: any
 */
public record PostgresqlProbe(
    String user, Secret password, String database, Role role, Duration maxLag) implements Probe {
  /** Of a server of which others have copies. */
  public enum Role {
    ANY,
    PRIMARY,
    REPLICA
  }

  static final Range<Duration> LAG = Range.durations(Duration.ofMillis(1), Duration.ofDays(1));

  public PostgresqlProbe {
    DatabaseLogin.require(user, password)
        .unless(DatabaseLogin.name(database), List.of("database"), database)
        .that(
            !user.isEmpty() || password.value().isEmpty(),
            "password",
            null,
            "must not be given without user")
        .that(
            !user.isEmpty() || database.isEmpty(),
            "database",
            database,
            "must not be given without user")
        .that(
            !user.isEmpty() || role == Role.ANY,
            "role",
            role,
            "must not be given without user: only who has logged in can ask")
        .that(
            role != Role.PRIMARY || maxLag.isZero(),
            "max-lag",
            maxLag,
            "must not be given where role is primary")
        .that(
            !user.isEmpty() || maxLag.isZero(),
            "max-lag",
            maxLag,
            "must not be given without user: only who has logged in can ask")
        .orRefuse();
  }

  @Override
  public List<Secret> secrets() {
    return List.of(password);
  }
}
