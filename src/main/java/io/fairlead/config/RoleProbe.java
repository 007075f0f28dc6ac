package io.fairlead.config;

import java.util.List;

/**
 * A member of a database that lets the probe in and tells its role, whatever that is.
 *
 * @param engine what it is
 * @param user who logs in
 * @param password of that user; empty: none
 * @param database to log in to; empty: the one named as the user; of PostgreSQL only
 * @param optionalTls whether a server that speaks no TLS is asked in the clear; of PostgreSQL only
 */
public record RoleProbe(
    DatabaseEngine engine, String user, Secret password, String database, boolean optionalTls)
    implements Probe {
  public RoleProbe {
    DatabaseLogin.require(user, password)
        .that(!user.isEmpty(), "user", null, "must not be empty")
        .unless(DatabaseLogin.name(database), List.of("database"), database)
        .orRefuse();
  }

  @Override
  public List<Secret> secrets() {
    return List.of(password);
  }
}
