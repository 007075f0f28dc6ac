package io.fairlead.replication.backup;

import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.config.ServiceTls;
import io.fairlead.replication.MariadbPrograms;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How the programs of MariaDB log in to a server: by a file of options that nobody else may read
 * and that is gone when this is closed. They read no other.
 */
final class MariadbAccess implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(15);

  private final MariadbPrograms programs;
  private final LoginFiles files;
  private final Path options;

  /**
   * @throws IOException if files cannot be written, or those of TLS not read
   */
  MariadbAccess(
      MariadbPrograms programs,
      HostPort server,
      String user,
      Secret password,
      Optional<ServiceTls> tls)
      throws IOException {
    this.programs = programs;
    this.files = new LoginFiles(programs);
    StringBuilder text = new StringBuilder("[client]\nprotocol=tcp\n");
    text.append("host=").append(server.host()).append('\n');
    text.append("port=").append(server.port()).append('\n');
    text.append("user=").append(quoted(user)).append('\n');
    text.append("password=").append(quoted(password.value())).append('\n');
    text.append("loose-connect-timeout=5\n");
    try {
      if (tls.isPresent()) {
        speakTls(tls.get(), text);
      }
      options = files.write(text.toString());
    } catch (IOException | RuntimeException e) {
      close();
      throw e;
    }
  }

  /** To a server whose socket is in that folder, and that lets everybody in who gets there. */
  MariadbAccess(MariadbPrograms programs, Path socket) throws IOException {
    this.programs = programs;
    this.files = new LoginFiles(programs);
    options =
        files.write(
            "[client]\nuser=root\nsocket="
                + quoted(socket.toString())
                + "\nloose-connect-timeout=5\n");
  }

  /** As files of options want it: a # outside of quotes begins a comment. */
  private static String quoted(String value) throws IOException {
    if (value.chars().anyMatch(c -> c < ' ')) {
      throw new IOException("a user or password has control characters, which MariaDB cannot read");
    }
    return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
  }

  private void speakTls(ServiceTls tls, StringBuilder text) throws IOException {
    if (!tls.sni().isEmpty()) {
      throw new IOException("the programs of MariaDB cannot be told another name (sni) by TLS");
    }
    text.append("ssl\n");
    text.append("tls-version=")
        .append(tls.minVersion().toString().equals("1.3") ? "TLSv1.3" : "TLSv1.2,TLSv1.3")
        .append('\n');
    if (tls.verify()) {
      text.append("ssl-ca=").append(files.authorities(tls)).append('\n');
      text.append("ssl-verify-server-cert\n");
    }
    if (tls.cert().isPresent() && tls.key().isPresent()) {
      text.append("ssl-cert=").append(files.copy(tls.cert().get())).append('\n');
      text.append("ssl-key=").append(files.copy(tls.key().get())).append('\n');
    }
  }

  /** What a program that logs in is told first. */
  String argument() {
    return "--defaults-file=" + options;
  }

  /** Rows, one a line, their columns separated by tabs. */
  String ask(String sql) throws IOException {
    try {
      return programs
          .run(
              "mariadb",
              List.of(argument(), "--batch", "--skip-column-names", "--raw", "-e", sql),
              Map.of(),
              TIMEOUT)
          .strip();
    } catch (IOException e) {
      throw new IOException(String.valueOf(e.getMessage()).replaceFirst("^mariadb ended.*?: ", ""));
    }
  }

  @Override
  public void close() {
    files.close();
  }
}
