package io.fairlead.config;

import io.fairlead.config.PostgresqlProbe.Role;
import java.time.Duration;
import java.util.List;

/**
 * MariaDB or MySQL that lets a probe in and has the wanted role.
 *
 * @param user who logs in
 * @param password of that user; empty: none
 * @param role the server must have; a primary can be written to, a replica is read-only
 * @param galera whether it must be a synced member of a Galera cluster
 * @param maxLag how far a replica may be behind; zero: any
 */
public record MariadbProbe(String user, Secret password, Role role, boolean galera, Duration maxLag)
    implements Probe {
  public MariadbProbe {
    DatabaseLogin.require(user, password)
        .that(!user.isEmpty(), "user", null, "must not be empty")
        .that(
            role != Role.PRIMARY || maxLag.isZero(),
            "max-lag",
            maxLag,
            "must not be given where role is primary")
        .orRefuse();
  }

  @Override
  public List<Secret> secrets() {
    return List.of(password);
  }
}
