package io.fairlead.health;

import static io.fairlead.health.SpokenNode.said;
import static io.fairlead.health.SpokenNode.send;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.FreePort;
import io.fairlead.TestCertificates;
import io.fairlead.config.MariadbProbe;
import io.fairlead.config.PostgresqlProbe.Role;
import io.fairlead.config.Secret;
import io.netty.pkitesting.X509Bundle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** With real servers, and with some that are none. */
@Timeout(120)
class MariadbProberTest {
  private static final String PASSWORD = "hunter22222";
  private static final String GALERA = "/usr/lib/galera/libgalera_smm.so";

  @Test
  void knowsRolesLagAndPasswords(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder)
      throws Exception {
    try (Server primary = mariadb(folder, "primary", "--log-bin=bin", "--server-id=1");
        Server replica = mariadb(folder, "replica", "--server-id=2", "--read-only=1")) {
      assertThat(said(probe(PASSWORD, Role.PRIMARY), 5000, primary.port)).isEqualTo("passed");
      assertThat(said(probe(PASSWORD, Role.REPLICA), 5000, primary.port))
          .isEqualTo("can be written to (not read_only), wanted replica");
      assertThat(said(probe(PASSWORD, Role.PRIMARY), 5000, replica.port))
          .isEqualTo("is read-only (read_only), wanted primary");
      assertThat(said(probe("not it", Role.ANY), 5000, primary.port))
          .isEqualTo(
              "says: Access denied for user 'probe'@'localhost' (using password: YES) (1045)");
      assertThat(said(galera(), 5000, primary.port))
          .isEqualTo("is in no Galera cluster, wanted Synced");
      MariadbProbe near =
          new MariadbProbe(
              "probe", new Secret(PASSWORD), Role.REPLICA, false, Duration.ofSeconds(2));
      assertThat(said(near, 5000, replica.port)).isEqualTo("replicates from nobody");
      sql(
          replica.port,
          "change master to master_host='127.0.0.1', master_port="
              + primary.port
              + ", master_user='copy', master_password='"
              + PASSWORD
              + "', master_use_gtid=slave_pos; start slave");
      Server _ = replica.await(() -> said(near, 5000, replica.port).equals("passed"));
      sql(replica.port, "stop slave");
      assertThat(said(near, 5000, replica.port)).isEqualTo("its replication has stopped");
      sql(replica.port, "set global read_only=0");
      assertThat(said(probe(PASSWORD, Role.PRIMARY), 5000, replica.port)).isEqualTo("passed");
    }
  }

  @Test
  void knowsASyncedMemberOfAGaleraCluster(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder)
      throws Exception {
    try (Server member =
        mariadb(
            folder,
            "member",
            "--wsrep-on=1",
            "--wsrep-provider=" + GALERA,
            "--wsrep-cluster-address=gcomm://",
            "--wsrep-node-address=127.0.0.1",
            "--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:" + FreePort.any(),
            "--binlog-format=ROW",
            "--innodb-autoinc-lock-mode=2")) {
      Server _ = member.await(() -> said(galera(), 5000, member.port).equals("passed"));
      sql(member.port, "set global wsrep_desync=1");
      assertThat(said(galera(), 5000, member.port))
          .isEqualTo("is Donor/Desynced (wsrep_local_state_comment), wanted Synced");
    }
  }

  @Test
  void asksForTls(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder) throws Exception {
    TestCertificates certificates = new TestCertificates(folder);
    X509Bundle _ = certificates.make("server", "db.test");
    for (String file : List.of("server.pem", "server.key")) {
      boolean _ = folder.resolve(file).toFile().setReadable(true, false);
    }
    try (Server server =
        mariadb(
            folder,
            "tls",
            "--ssl-cert=" + folder.resolve("server.pem"),
            "--ssl-key=" + folder.resolve("server.key"))) {
      sql(server.port, "alter user probe@'%' require ssl");
      MariadbProbe probe = probe(PASSWORD, Role.PRIMARY);
      assertThat(said(probe, 5000, server.port)).startsWith("says: Access denied");
      assertThat(said(probe, SpokenNode.trusting(certificates.ca(), "db.test"), server.port))
          .isEqualTo("passed");
      assertThat(said(probe, SpokenNode.trusting(certificates.ca(), "other.test"), server.port))
          .isEqualTo(
              "name other.test does not match the certificate of the node, which is for db.test");
      assertThat(
              said(
                  probe("not it", Role.ANY),
                  SpokenNode.trusting(certificates.ca(), "db.test"),
                  server.port))
          .startsWith("says: Access denied");
    }
  }

  @Test
  void whoDoesNotSpeakTlsIsNotToldAPassword(@TempDir Path folder) throws Exception {
    try (Server server = mariadb(folder, "clear", "--skip-ssl")) {
      Path ca = new TestCertificates(folder).ca();
      assertThat(said(probe(PASSWORD, Role.ANY), SpokenNode.trusting(ca, "db.test"), server.port))
          .isEqualTo("does not speak TLS (have_ssl is not YES)");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "'\u0017\0\0\0\u00ff\u0010\u0004Host hunter22222 is..' | says: Host (secret) is. (1040)",
        "'HTTP/1.1 400 Bad Request'     | does not speak the protocol of MariaDB",
        "'\u0005\0\0\0\nabc\0'          | does not speak the protocol of MariaDB",
        "'\u0005\0\0\0\nab'             | connection closed in the middle of the conversation",
        "''                             | connection closed in the middle of the conversation",
      })
  void answers(String answer, String said) throws Exception {
    assertThat(said(probe(PASSWORD, Role.ANY), 5000, node -> send(node, answer))).isEqualTo(said);
  }

  @Test
  void aPasswordIsNotSaidInTheClear() throws Exception {
    String greeting = "\n5.5\0aaaabbbbbbbb\0\0\0\0\0\0\0\0\25" + "\0".repeat(10) + "c".repeat(12);
    String full = greeting + "\0mysql_native_password\0";
    String asks = "\u00femysql_clear_password\0";
    assertThat(
            said(
                probe(PASSWORD, Role.ANY),
                5000,
                node ->
                    send(
                        node,
                        (char) full.length()
                            + "\0\0\0"
                            + full
                            + (char) asks.length()
                            + "\0\0\2"
                            + asks)))
        .isEqualTo(
            "asks for a login by mysql_clear_password; the user of probes needs"
                + " mysql_native_password");
  }

  @Test
  void silenceEndsInTime() throws Exception {
    assertThat(said(probe(PASSWORD, Role.ANY), 200, SpokenNode::awaitClose))
        .isEqualTo("no answer within 200 ms");
  }

  private static MariadbProbe probe(String password, Role role) {
    return new MariadbProbe("probe", new Secret(password), role, false, Duration.ZERO);
  }

  private static MariadbProbe galera() {
    return new MariadbProbe("probe", new Secret(PASSWORD), Role.ANY, true, Duration.ZERO);
  }

  private static Server mariadb(Path folder, String name, String... more) throws Exception {
    Path data = Server.folder(folder, name);
    Server.run(
        Server.unprivileged(
            "mariadb-install-db",
            "--no-defaults",
            "--datadir=" + data,
            "--auth-root-authentication-method=normal",
            "--skip-test-db"));
    // Without sql_log_bin=0 a replica would be sent users that it has already, and stop.
    Path first = folder.resolve(name + ".sql");
    Files.writeString(
        first,
        """
        set sql_log_bin=0;
        create user admin@'%';
        grant all on *.* to admin@'%';
        create user probe@'%' identified by 'PASSWORD';
        grant slave monitor on *.* to probe@'%';
        create user copy@'%' identified by 'PASSWORD';
        grant replication slave on *.* to copy@'%';
        delete from mysql.global_priv where user='';
        flush privileges;
        """
            .replace("PASSWORD", PASSWORD));
    boolean _ = first.toFile().setReadable(true, false);
    int port = FreePort.any();
    List<String> command =
        new ArrayList<>(
            Server.unprivileged(
                "mariadbd",
                "--no-defaults",
                "--datadir=" + data,
                "--port=" + port,
                "--bind-address=127.0.0.1",
                "--socket=" + data.resolve("socket"),
                "--pid-file=" + data.resolve("pid"),
                "--init-file=" + first,
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-buffer-pool-size=16M"));
    command.addAll(List.of(more));
    return Server.start(port, folder.resolve(name + ".log"), command)
        .await(() -> said(probe(PASSWORD, Role.ANY), 1000, port).equals("passed"));
  }

  private static void sql(int port, String sql) throws Exception {
    Server.run(
        "mariadb", "--no-defaults", "-h", "127.0.0.1", "-P", "" + port, "-u", "admin", "-e", sql);
  }
}
