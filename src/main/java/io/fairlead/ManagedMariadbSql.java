package io.fairlead;

import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.health.MariadbLogin;
import io.fairlead.replication.manage.MariadbSql;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Lets those who manage Galera clusters speak to members as probes do. */
final class ManagedMariadbSql implements MariadbSql {
  @Override
  public Session open(HostPort address, String user, Secret password, Duration timeout)
      throws IOException {
    MariadbLogin login = MariadbLogin.open(address, user, password, timeout);
    return new Session() {
      @Override
      public List<List<String>> rows(String question, Duration patience) throws IOException {
        return login.rows(question, patience);
      }

      @Override
      public void order(String sql, Duration patience) throws IOException {
        login.order(sql, patience);
      }

      @Override
      public void close() {
        login.close();
      }
    };
  }
}
