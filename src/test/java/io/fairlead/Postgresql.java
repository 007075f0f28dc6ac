package io.fairlead;

import io.fairlead.health.Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A PostgreSQL server of a test, in a folder of its own. Its port stays when it is started again;
 * what it has done survives that, though not a crash of the machine.
 */
final class Postgresql implements AutoCloseable {
  static final String PASSWORD = "hunter22222";

  private final Path data;
  private final int port;
  private final List<String> settings;
  private Server server;

  private Postgresql(Path data, int port, List<String> settings) throws Exception {
    this.data = data;
    this.port = port;
    this.settings = List.copyOf(settings);
    this.server = begin();
  }

  /**
   * What primaries are copies of, with a user {@code fairlead} who may monitor, one {@code backup}
   * who may replicate, and one {@code admin} who may do everything.
   */
  static Path template(Path folder) throws Exception {
    Path data = folder(folder, "template");
    Server.run(
        asUser(
            bin("initdb"),
            "-D",
            data.toString(),
            "-U",
            "admin",
            "-A",
            "trust",
            "-N",
            "--no-instructions",
            "--locale=C"));
    Files.writeString(
        data.resolve("pg_hba.conf"),
        """
        host all admin 127.0.0.1/32 trust
        host replication admin 127.0.0.1/32 trust
        host replication backup 127.0.0.1/32 scram-sha-256
        host all all 127.0.0.1/32 scram-sha-256
        """);
    Process single =
        new ProcessBuilder(asUser(bin("postgres"), "--single", "-D", data.toString(), "postgres"))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (var in = single.outputWriter()) {
      in.write("create user fairlead password '" + PASSWORD + "' in role pg_monitor\n");
      in.write("create user backup replication password '" + PASSWORD + "'\n");
      in.write("create table ledger(id bigint primary key)\n");
    }
    if (single.waitFor() != 0) {
      throw new AssertionError("the template could not be completed");
    }
    return data;
  }

  static Postgresql primary(Path folder, Path template, String name, String... settings)
      throws Exception {
    Path data = folder(folder, name);
    Server.run("cp", "-a", template + "/.", data.toString());
    Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwx------"));
    return new Postgresql(data, FreePort.any(), List.of(settings));
  }

  static Postgresql replica(Path folder, Postgresql of, String name, String... settings)
      throws Exception {
    Path data = folder(folder, name);
    Server.run(
        asUser(
            bin("pg_basebackup"),
            "-h",
            "127.0.0.1",
            "-p",
            "" + of.port,
            "-U",
            "admin",
            "-D",
            data.toString(),
            "-R",
            "-c",
            "fast",
            "-X",
            "stream",
            "--no-sync"));
    Files.setPosixFilePermissions(data, PosixFilePermissions.fromString("rwx------"));
    return new Postgresql(data, FreePort.any(), List.of(settings));
  }

  private Server begin() throws Exception {
    List<String> command =
        new ArrayList<>(
            asUser(
                bin("postgres"),
                "-D",
                data.toString(),
                "-p",
                "" + port,
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
                "-c",
                "fsync=off",
                "-c",
                "wal_log_hints=on",
                "-c",
                "wal_retrieve_retry_interval=100ms"));
    command.addAll(settings);
    return Server.start(port, data.resolveSibling(data.getFileName() + ".log"), command)
        .await(this::answers);
  }

  private boolean answers() {
    try (PostgresqlClient client = PostgresqlClient.to(port)) {
      return client.ask("select 1").equals("1");
    } catch (IOException _) {
      return false;
    }
  }

  /** As those who run the programs of PostgreSQL, so that these can read what servers have. */
  private static List<String> asUser(String... command) {
    List<String> all = new ArrayList<>();
    if (isRoot()) {
      all.addAll(List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"));
    }
    all.addAll(List.of(command));
    return all;
  }

  private static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  /** One that servers may write to. */
  static Path folder(Path parent, String name) throws Exception {
    Path folder = Server.folder(parent, name);
    if (isRoot()) {
      Server.run("chown", "-R", "postgres:postgres", folder.toString());
    }
    return folder;
  }

  int port() {
    return port;
  }

  /** After it has been ended. */
  void startAgain() throws Exception {
    server.close();
    server = begin();
  }

  /** As a failing machine does. */
  void kill() {
    server.close();
  }

  /** It goes on accepting connections, and does nothing else. */
  void freeze() throws Exception {
    signal("-STOP");
  }

  void thaw() throws Exception {
    signal("-CONT");
  }

  private void signal(String which) throws Exception {
    List<String> command = new ArrayList<>(List.of("kill", which));
    server.pids().forEach(pid -> command.add("" + pid));
    String _ = Server.run(command);
  }

  String ask(String sql) throws IOException {
    try (PostgresqlClient client = PostgresqlClient.to(port)) {
      return client.ask(sql);
    }
  }

  /** Returns at once; it takes writes a moment later. */
  void promote() throws IOException {
    String _ = ask("select pg_promote(false)");
  }

  static String bin(String name) throws IOException {
    try (Stream<Path> versions = Files.list(Path.of("/usr/lib/postgresql"))) {
      return versions
          .map(version -> version.resolve("bin").resolve(name))
          .filter(Files::exists)
          .max(Path::compareTo)
          .orElseThrow()
          .toString();
    }
  }

  @Override
  public void close() {
    server.close();
  }
}
