package io.fairlead.replication.backup;

import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.config.ServiceTls;
import io.fairlead.replication.PostgresPrograms;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * How the programs of PostgreSQL log in to a server: by their environment, and the password by a
 * file that nobody else may read and that is gone when this is closed.
 */
final class Access implements AutoCloseable {

  private final Map<String, String> environment = new HashMap<>();
  private final LoginFiles files;

  /**
   * @param name what the server shows the connection as
   * @throws IOException if files cannot be written, or those of TLS not read
   */
  Access(
      PostgresPrograms programs,
      HostPort server,
      String user,
      Secret password,
      Optional<ServiceTls> tls,
      String name)
      throws IOException {
    this.files = new LoginFiles(programs);
    environment.put("PGHOST", server.host());
    environment.put("PGPORT", String.valueOf(server.port()));
    environment.put("PGUSER", user);
    environment.put("PGAPPNAME", name);
    environment.put("PGCONNECT_TIMEOUT", "5");
    try {
      if (!password.value().isEmpty()) {
        String escaped = password.value().replace("\\", "\\\\").replace(":", "\\:");
        environment.put("PGPASSFILE", files.write("*:*:*:*:" + escaped + "\n").toString());
      } else {
        environment.put("PGPASSFILE", "/dev/null");
      }
      if (tls.isPresent()) {
        speakTls(tls.get(), server.host());
      }
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  private void speakTls(ServiceTls tls, String host) throws IOException {
    environment.put(
        "PGSSLMODE", !tls.verify() ? "require" : tls.anyName() ? "verify-ca" : "verify-full");
    environment.put("PGSSLMINPROTOCOLVERSION", "TLSv" + tls.minVersion());
    if (tls.verify()) {
      environment.put("PGSSLROOTCERT", files.authorities(tls).toString());
    }
    if (!tls.sni().isEmpty()) {
      environment.put("PGHOSTADDR", java.net.InetAddress.getByName(host).getHostAddress());
      environment.put("PGHOST", tls.sni());
    }
    if (tls.cert().isPresent() && tls.key().isPresent()) {
      environment.put("PGSSLCERT", files.copy(tls.cert().get()).toString());
      environment.put("PGSSLKEY", files.copy(tls.key().get()).toString());
    }
  }

  Map<String, String> environment() {
    return environment;
  }

  @Override
  public void close() {
    files.close();
  }
}
