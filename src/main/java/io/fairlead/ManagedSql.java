package io.fairlead;

import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.health.PostgresqlLogin;
import io.fairlead.replication.manage.Sql;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Lets those who manage databases speak to members as probes do. */
final class ManagedSql implements Sql {
  @Override
  public Session open(HostPort address, String user, Secret password, Duration timeout)
      throws IOException {
    PostgresqlLogin login =
        PostgresqlLogin.open(address, user, password, "postgres", "fairlead", timeout);
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
}
