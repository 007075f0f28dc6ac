package io.fairlead.config;

import java.util.List;

/**
 * Redis, or what speaks as it does, that answers and has the wanted role.
 *
 * @param user who logs in; empty: the default user
 * @param password of that user; empty: nobody logs in
 * @param role the server must have
 */
public record RedisProbe(String user, Secret password, Role role) implements Probe {
  /** As Redis calls them. */
  public enum Role {
    ANY,
    MASTER,
    REPLICA
  }

  public RedisProbe {
    DatabaseLogin.require(user, password)
        .that(
            user.isEmpty() || !password.value().isEmpty(),
            "user",
            user,
            "must not be given without password")
        .orRefuse();
  }

  @Override
  public List<Secret> secrets() {
    return List.of(password);
  }
}
