package io.fairlead.replication.backup;

import io.fairlead.config.ServiceTls;
import io.fairlead.replication.ServerPrograms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Files by which programs of a server are told what nobody else may know, which are gone when this
 * is closed.
 */
final class LoginFiles implements AutoCloseable {
  private static final Path SYSTEM_AUTHORITIES = Path.of("/etc/ssl/certs/ca-certificates.crt");

  private final ServerPrograms programs;
  private final List<Path> files = new ArrayList<>();

  LoginFiles(ServerPrograms programs) {
    this.programs = programs;
  }

  /** Only its owner may read it, from the first moment on. */
  Path write(String text) throws IOException {
    Path file = Files.createTempFile("fairlead-", ".login");
    files.add(file);
    Files.writeString(file, text);
    programs.give(file);
    return file;
  }

  /** The same text, for those who may not read where it is. */
  Path copy(Path original) throws IOException {
    return write(Files.readString(original));
  }

  /** All authorities that are trusted, in one file. */
  Path authorities(ServiceTls tls) throws IOException {
    StringBuilder authorities = new StringBuilder();
    for (Path ca : tls.ca().isEmpty() ? List.of(SYSTEM_AUTHORITIES) : tls.ca()) {
      authorities.append(Files.readString(ca)).append('\n');
    }
    return write(authorities.toString());
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
