package io.fairlead;

import io.fairlead.config.HostPort;
import io.fairlead.config.ManageConfig;
import io.fairlead.config.NodeProtocol;
import io.fairlead.config.Secret;
import io.fairlead.config.ServiceTls;
import io.fairlead.health.PostgresqlLogin;
import io.fairlead.health.ProbeTls;
import io.fairlead.replication.manage.Sql;
import io.fairlead.trust.NodeTrust;
import io.fairlead.trust.WatchedFiles;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Lets those who manage databases speak to members as probes do. */
final class ManagedSql implements Sql {
  private final Optional<ManageConfig.Tls> config;
  private final WatchedFiles files;
  private PostgresqlLogin.@Nullable Tls tls;

  /**
   * @param config empty: in the clear
   */
  ManagedSql(Optional<ManageConfig.Tls> config) {
    this.config = config;
    this.files = new WatchedFiles(config.map(ManageConfig.Tls::ca).orElse(List.of()));
  }

  @Override
  public Session open(HostPort address, String user, Secret password, Duration timeout)
      throws IOException {
    PostgresqlLogin login =
        PostgresqlLogin.open(
            address,
            user,
            password,
            "postgres",
            "fairlead",
            timeout,
            config.isEmpty() ? null : tls(config.get()));
    return new Session() {
      @Override
      public List<@Nullable String> row(String question, Duration patience) throws IOException {
        return login.row(question, patience);
      }

      @Override
      public void close() {
        login.close();
      }
    };
  }

  /** Authorities that cannot be read any more are those that they were. */
  private synchronized PostgresqlLogin.Tls tls(ManageConfig.Tls own) throws IOException {
    PostgresqlLogin.Tls present = tls;
    if (present == null || files.haveChanged()) {
      ServiceTls towards = own.towardsMembers();
      try {
        present =
            new PostgresqlLogin.Tls(
                ProbeTls.of(towards, NodeProtocol.HTTP1, NodeTrust.of(towards), Optional.empty()),
                own.optional());
        tls = present;
      } catch (IOException e) {
        if (present == null) {
          throw e;
        }
      }
    }
    return present;
  }
}
