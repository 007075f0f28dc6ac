package io.fairlead.replication.backup;

import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.config.ServiceTls;
import io.fairlead.replication.PostgresPrograms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How the programs of PostgreSQL log in to a server: by their environment, and the password by a
 * file that nobody else may read and that is gone when this is closed.
 */
final class Access implements AutoCloseable {
  private static final Path SYSTEM_AUTHORITIES = Path.of("/etc/ssl/certs/ca-certificates.crt");

  private final Map<String, String> environment = new HashMap<>();
  private final List<Path> files = new ArrayList<>();
  private final PostgresPrograms programs;

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
    this.programs = programs;
    environment.put("PGHOST", server.host());
    environment.put("PGPORT", String.valueOf(server.port()));
    environment.put("PGUSER", user);
    environment.put("PGAPPNAME", name);
    environment.put("PGCONNECT_TIMEOUT", "5");
    try {
      if (!password.value().isEmpty()) {
        String escaped = password.value().replace("\\", "\\\\").replace(":", "\\:");
        environment.put("PGPASSFILE", file("*:*:*:*:" + escaped + "\n").toString());
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
    environment.put("PGSSLMODE", tls.verify() ? "verify-full" : "require");
    environment.put("PGSSLMINPROTOCOLVERSION", "TLSv" + tls.minVersion());
    if (tls.verify()) {
      StringBuilder authorities = new StringBuilder();
      for (Path ca : tls.ca().isEmpty() ? List.of(SYSTEM_AUTHORITIES) : tls.ca()) {
        authorities.append(Files.readString(ca)).append('\n');
      }
      environment.put("PGSSLROOTCERT", file(authorities.toString()).toString());
    }
    if (!tls.sni().isEmpty()) {
      environment.put("PGHOSTADDR", java.net.InetAddress.getByName(host).getHostAddress());
      environment.put("PGHOST", tls.sni());
    }
    if (tls.cert().isPresent() && tls.key().isPresent()) {
      environment.put("PGSSLCERT", file(Files.readString(tls.cert().get())).toString());
      environment.put("PGSSLKEY", file(Files.readString(tls.key().get())).toString());
    }
  }

  /** Only its owner may read it, from the first moment on. */
  private Path file(String text) throws IOException {
    Path file = Files.createTempFile("fairlead-", ".login");
    files.add(file);
    Files.writeString(file, text);
    programs.give(file);
    return file;
  }

  Map<String, String> environment() {
    return environment;
  }

  @Override
  public void close() {
    for (Path file : files) {
      try {
        Files.deleteIfExists(file);
      } catch (IOException _) {
        // It is ours alone; nothing else can be done about it.
      }
    }
    files.clear();
  }
}
