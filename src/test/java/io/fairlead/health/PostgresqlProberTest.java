package io.fairlead.health;

import static io.fairlead.health.SpokenNode.said;
import static io.fairlead.health.SpokenNode.send;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.FreePort;
import io.fairlead.TestCertificates;
import io.fairlead.config.DatabaseEngine;
import io.fairlead.config.PostgresqlProbe;
import io.fairlead.config.PostgresqlProbe.Role;
import io.fairlead.config.RoleProbe;
import io.fairlead.config.Secret;
import io.fairlead.config.ServiceTls;
import io.fairlead.config.TlsVersion;
import io.netty.pkitesting.X509Bundle;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With real servers, one of which becomes what the other was, and with some that are none. */
@Timeout(120)
class PostgresqlProberTest {
  private static final String PASSWORD = "hunter22222";
  private static final ServiceTls ANYBODY =
      new ServiceTls(
          true,
          false,
          false,
          List.of(),
          "",
          Optional.empty(),
          Optional.empty(),
          TlsVersion.TLS_1_2);
  private static final PostgresqlProbe READY =
      new PostgresqlProbe("", new Secret(""), "", Role.ANY, Duration.ZERO);

  @Test
  void knowsRolesLagAndPasswords(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder)
      throws Exception {
    Path data = Server.folder(folder, "primary");
    initialise(data);
    int port = FreePort.any();
    try (Server primary = postgres(folder, data, port)) {
      sql(port, "create user probe password '" + PASSWORD + "'");
      sql(port, "set password_encryption = md5; create user old password '" + PASSWORD + "'");
      sql(port, "create database shop");
      assertThat(said(READY, 5000, port)).isEqualTo("passed");
      assertThat(said(probe("probe", PASSWORD, Role.PRIMARY), 5000, port)).isEqualTo("passed");
      assertThat(said(probe("old", PASSWORD, Role.PRIMARY), 5000, port)).isEqualTo("passed");
      assertThat(said(probe("probe", PASSWORD, Role.REPLICA), 5000, port))
          .isEqualTo("is the primary (not pg_is_in_recovery), wanted replica");
      assertThat(said(probe("probe", "not it", Role.ANY), 5000, port))
          .isEqualTo("says: password authentication failed for user \"probe\" (28P01)");
      assertThat(
              said(
                  new PostgresqlProbe(
                      "probe", new Secret(PASSWORD), "toys", Role.ANY, Duration.ZERO),
                  5000,
                  port))
          .isEqualTo("says: database \"toys\" does not exist (3D000)");
      replicas(folder, primary);
    }
  }

  private void replicas(Path folder, Server primary) throws Exception {
    Path copy = Server.folder(folder, "replica");
    Server.run(
        Server.unprivileged(
            bin("pg_basebackup"),
            "-h",
            "127.0.0.1",
            "-p",
            "" + primary.port,
            "-U",
            "admin",
            "-D",
            copy.toString(),
            "-R",
            "-c",
            "fast",
            "-X",
            "stream"));
    Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rwx------"));
    int port = FreePort.any();
    try (Server replica = postgres(folder, copy, port)) {
      PostgresqlProbe wantsPrimary = probe("probe", PASSWORD, Role.PRIMARY);
      PostgresqlProbe near =
          new PostgresqlProbe(
              "probe", new Secret(PASSWORD), "shop", Role.REPLICA, Duration.ofMillis(500));
      assertThat(said(wantsPrimary, 5000, port))
          .isEqualTo("is a replica (pg_is_in_recovery), wanted primary");
      Server _ = replica.await(() -> said(near, 5000, port).equals("passed"));
      sql(primary.port, "create table something_to_replay()");
      primary.stop(); // sends what there is first
      Server _ =
          replica.await(
              () -> said(near, 5000, port).matches("is [0-9.]+ s behind, wanted at most 0.5 s"));
      sql(port, "select pg_promote()");
      Server _ = replica.await(() -> said(wantsPrimary, 5000, port).equals("passed"));
      assertThat(said(near, 5000, port))
          .isEqualTo("is the primary (not pg_is_in_recovery), wanted replica");
    }
  }

  @Test
  void asksForTls(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder) throws Exception {
    TestCertificates certificates = new TestCertificates(folder);
    X509Bundle _ = certificates.make("server", "db.test");
    Path data = Server.folder(folder, "tls");
    initialise(data);
    Files.writeString(
        data.resolve("pg_hba.conf"),
        """
        host all admin 127.0.0.1/32 trust
        hostssl all all 127.0.0.1/32 scram-sha-256
        """);
    for (String file : List.of("server.pem", "server.key")) {
      Path copy = Files.copy(folder.resolve(file), data.resolve(file));
      Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rw-------"));
    }
    Path _ = Server.folder(folder, "tls"); // all of it is the server's now
    int port = FreePort.any();
    try (Server _ =
        postgres(
            folder,
            data,
            port,
            "-c",
            "ssl=on",
            "-c",
            "ssl_cert_file=server.pem",
            "-c",
            "ssl_key_file=server.key")) {
      sql(port, "create user probe password '" + PASSWORD + "'");
      PostgresqlProbe probe = probe("probe", PASSWORD, Role.PRIMARY);
      assertThat(said(probe, 5000, port)).contains("no encryption (28000)");
      assertThat(said(probe, SpokenNode.trusting(certificates.ca(), "db.test"), port))
          .isEqualTo("passed");
      assertThat(said(READY, SpokenNode.trusting(certificates.ca(), "db.test"), port))
          .isEqualTo("passed");
      assertThat(said(probe, SpokenNode.trusting(certificates.ca(), "other.test"), port))
          .isEqualTo(
              "name other.test does not match the certificate of the node, which is for db.test");
      assertThat(said(probe("probe", "not it", Role.ANY), ANYBODY, port))
          .isEqualTo("says: password authentication failed for user \"probe\" (28P01)");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "N, does not speak TLS (ssl is off)",
    "E, does not speak the protocol of PostgreSQL: began with byte 69",
    "'', connection closed in the middle of the conversation",
    "S, the node does not speak TLS",
  })
  void whoDoesNotSpeakTlsIsToldNothing(String answer, String said) throws Exception {
    AtomicReference<String> heard = new AtomicReference<>("");
    try (ServerSocket node = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread serving =
          Thread.ofVirtual()
              .start(() -> {
                try (Socket socket = node.accept()) {
                  byte[] asked = socket.getInputStream().readNBytes(8);
                  send(socket, answer + (answer.equals("S") ? "no TLS at all" : ""));
                  heard.set(HexFormat.of().formatHex(asked));
                } catch (IOException _) {
                  // the prober has gone
                }
              });
      assertThat(said(probe("probe", PASSWORD, Role.ANY), ANYBODY, node.getLocalPort()))
          .isEqualTo(said);
      serving.join();
      assertThat(heard).hasValue("0000000804d2162f");
    }
  }

  @Test
  void whereItIsOptionalWhoSpeaksNoTlsIsAskedInTheClear() throws Exception {
    AtomicReference<String> heard = new AtomicReference<>("");
    try (ServerSocket node = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread serving =
          Thread.ofVirtual()
              .start(() -> {
                try (Socket socket = node.accept()) {
                  byte[] _ = socket.getInputStream().readNBytes(8);
                  socket.getOutputStream().write('N');
                  int length = new DataInputStream(socket.getInputStream()).readInt() - 4;
                  heard.set(new String(socket.getInputStream().readNBytes(length), ISO_8859_1));
                  send(socket, "E\0\0\0\u0015C57P03\0Mnot yet\0\0");
                } catch (IOException _) {
                  // the prober has gone
                }
              });
      RoleProbe probe =
          new RoleProbe(DatabaseEngine.POSTGRESQL, "probe", new Secret(PASSWORD), "postgres", true);
      assertThat(said(probe, ANYBODY, node.getLocalPort())).isEqualTo("says: not yet (57P03)");
      serving.join();
      assertThat(heard.get()).contains("user\0probe\0");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'R\0\0\0\u0008\0\0\0\u0003' | asks for the password in the clear, which a probe does not say;"
            + " pg_hba.conf needs scram-sha-256",
        "'R\0\0\0\u0008\0\0\0\u0007' | asks for a login that probes do not know: 7",
        "'R\0\0\0\u0008\0\0\0\u000b' | broke the rules of the login",
        "'E\0\0\0 C53300\0Mno room, hunter22222\0\0' | says: no room, (secret) (53300)",
        "'HTTP/1.1 400 Bad Request'  | does not speak the protocol of PostgreSQL",
        "'R\0\0\0\u0008\0\0'         | connection closed in the middle of the conversation",
        "''                          | connection closed in the middle of the conversation",
      })
  void answers(String answer, String said) throws Exception {
    assertThat(said(probe("probe", PASSWORD, Role.ANY), 5000, node -> send(node, answer)))
        .isEqualTo(said);
  }

  @Test
  void aServerThatKnowsNoPasswordIsFoundOut() throws Exception {
    String asks = "R\0\0\0\u0017\0\0\0\nSCRAM-SHA-256\0\0";
    String wrongNonce = "R\0\0\0 \0\0\0\u000br=abcdefgh,s=QUJD,i=4096";
    assertThat(
            said(probe("probe", PASSWORD, Role.ANY), 5000, node -> send(node, asks + wrongNonce)))
        .isEqualTo("broke the rules of the login");
    assertThat(
            said(
                probe("probe", PASSWORD, Role.ANY),
                5000,
                node -> send(node, asks + "R\0\0\0\u0008\0\0\0\0")))
        .isEqualTo("let the probe in without proving who it is");
  }

  @Test
  void readinessIsAskedWithoutALogin() throws Exception {
    assertThat(said(READY, 5000, node -> send(node, "E\0\0\0\u0013C57P03\0Mstarts\0\0")))
        .isEqualTo("says: starts (57P03)");
    assertThat(said(READY, 5000, node -> send(node, "E\0\0\0\u0010C28000\0Mwho\0\0")))
        .as("who lets nobody in is there")
        .isEqualTo("passed");
  }

  @Test
  void silenceAndFloodsEnd() throws Exception {
    assertThat(said(probe("probe", PASSWORD, Role.ANY), 200, SpokenNode::awaitClose))
        .isEqualTo("no answer within 200 ms");
    assertThat(
            said(
                probe("probe", PASSWORD, Role.ANY),
                5000,
                node -> {
                  while (true) {
                    node.getOutputStream().write(new byte[] {'N', 0, 0, 0, 4});
                  }
                }))
        .isEqualTo("no answer within 200 messages");
  }

  private static PostgresqlProbe probe(String user, String password, Role role) {
    return new PostgresqlProbe(user, new Secret(password), "postgres", role, Duration.ZERO);
  }

  private static String bin(String name) throws IOException {
    try (Stream<Path> versions = Files.list(Path.of("/usr/lib/postgresql"))) {
      return versions
          .map(version -> version.resolve("bin").resolve(name))
          .filter(Files::exists)
          .max(Path::compareTo)
          .orElseThrow()
          .toString();
    }
  }

  private static void initialise(Path data) throws Exception {
    Server.run(
        Server.unprivileged(
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
        host all old 127.0.0.1/32 md5
        host all all 127.0.0.1/32 scram-sha-256
        """);
  }

  private static Server postgres(Path folder, Path data, int port, String... more)
      throws Exception {
    List<String> command =
        new ArrayList<>(
            Server.unprivileged(
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
                "wal_retrieve_retry_interval=100ms"));
    command.addAll(List.of(more));
    return Server.start(port, folder.resolve(data.getFileName() + ".log"), command)
        .await(() -> said(READY, 1000, port).equals("passed"));
  }

  private static void sql(int port, String sql) throws Exception {
    Server.run(
        List.of(
            bin("psql"),
            "-h",
            "127.0.0.1",
            "-p",
            "" + port,
            "-U",
            "admin",
            "-d",
            "postgres",
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            "-c",
            sql));
  }
}
