package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.health.PostgresqlLogin;
import io.fairlead.replication.PostgresPrograms;
import io.fairlead.telemetry.Event;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** Members that know each other by certificates. */
@Timeout(300)
class ManagedTlsTest {
  private static final String REPLICATES =
      "select count(*) from pg_stat_replication join pg_stat_ssl using (pid) where ssl and state ="
          + " 'streaming' and usename = 'fairlead_replication'";
  private static final String CLEAR =
      "select count(*) from pg_stat_activity join pg_stat_ssl using (pid) where not ssl and"
          + " client_addr is not null";

  private TestCertificates certificates;
  private String tls;

  @BeforeEach
  void isGiven(@TempDir Path folder) throws IOException {
    certificates = new TestCertificates(folder);
    certificates.make("own", "members.example");
    tls =
        "{ cert: %1$s/own.pem, key: %1$s/own.key, ca: %1$s/ca.pem }"
            .replace("%1$s", folder.toString());
  }

  private static String withKey(String tls, String key) {
    return tls.replace(" }", ", " + key + ": true }");
  }

  /** Waits for it; what fails is not there yet. */
  private static void await(String what, Callable<Boolean> holds) throws Exception {
    Loopback.await(
        what,
        ManagedPostgresql.LONG,
        () -> {
          try {
            return holds.call();
          } catch (Exception _) {
            return false;
          }
        });
  }

  private static void awaitSaid(ManagedPostgresql orders, String member, String sql, String answer)
      throws Exception {
    await(
        member + " says " + answer + " to " + sql, () -> orders.owner(member, sql).equals(answer));
  }

  private static void awaitAllByTls(ManagedPostgresql orders) throws Exception {
    orders.awaitReplicas(2);
    awaitSaid(orders, orders.primary(), REPLICATES, "2");
  }

  private static String psql(ManagedPostgresql orders, String mode, String sql) throws IOException {
    return PostgresPrograms.find()
        .run(
            "psql",
            List.of(
                "-XAtc",
                sql,
                "host=127.0.0.1 user=shop dbname=shop port="
                    + Loopback.port(orders.fairlead(), "orders-write")
                    + mode),
            Map.of("PGPASSWORD", "hunter22222"),
            Duration.ofSeconds(40))
        .strip();
  }

  /** The certificate that a member shows. */
  private static String shown(ManagedPostgresql orders, String member) throws Exception {
    return Tool.run(
            "",
            "openssl",
            "s_client",
            "-starttls",
            "postgres",
            "-connect",
            "127.0.0.1:" + orders.port(member))
        .output();
  }

  @Test
  void membersSpeakToEachOtherAndClientsToTheListenerAsBefore(
      @TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder) throws Exception {
    String backup =
        "    backup: { folder: %s, user: archivist, password: hunter22222, drill-every: 0s }%n"
            .formatted(folder.resolve("backups"));
    try (ManagedPostgresql orders = new ManagedPostgresql(folder, _ -> {}, false, backup, tls)) {
      orders.awaitPrimary("a");
      awaitAllByTls(orders);
      isArchivedByTls(orders);
      DatabaseBackupTest.await(orders.fairlead(), "a copy", view -> view.copies().size() == 1);
      for (String member : orders.ports.keySet()) {
        assertThat(orders.owner(member, CLEAR)).isEqualTo("0");
        awaitSaid(
            orders,
            member,
            "select count(distinct usename) from pg_stat_activity join pg_stat_ssl using (pid)"
                + " where ssl and usename in ('postgres', 'fairlead')",
            "2");
        for (String user : List.of("postgres", "fairlead", "fairlead_replication", "archivist")) {
          assertThatThrownBy(() -> ManagedPostgresql.login(orders.port(member), user, "postgres"))
              .hasMessageContaining("pg_hba.conf rejects connection");
        }
      }
      clients(orders);
      comesBack(orders);
      renews(orders);
      isNotFollowed(orders);
    }
  }

  private static void isArchivedByTls(ManagedPostgresql orders) throws Exception {
    awaitSaid(
        orders,
        orders.primary(),
        "select ssl from pg_stat_replication join pg_stat_ssl using (pid) where state = 'streaming'"
            + " and usename = 'archivist'",
        "t");
  }

  private static void clients(ManagedPostgresql orders) throws Exception {
    String encrypted = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    assertThat(psql(orders, "", encrypted)).isEqualTo("f");
    assertThatThrownBy(() -> psql(orders, " sslmode=require", encrypted))
        .hasMessageContaining("server does not support SSL");
    assertThatThrownBy(() -> psql(orders, "", "set synchronous_commit = off"))
        .hasMessageContaining("synchronous_commit must not be lowered");
    assertThat(psql(orders, "", "create table ledger(id bigint primary key)")).isNotEmpty();
  }

  /** One is killed, and goes back; one is copied. */
  private static void comesBack(ManagedPostgresql orders) throws Exception {
    orders.awaitTwoVoters();
    orders.kill("a");
    assertThat(psql(orders, "", "insert into ledger values (1)")).isNotEmpty();
    assertThat(orders.primary()).isNotEqualTo("a");
    awaitAllByTls(orders);
    assertThat(orders.top("a").resolve("data.aside")).as("it went back").doesNotExist();
    String replica = orders.replicas(orders.primary()).getFirst();
    Objects.requireNonNull(orders.fairlead().databases().managed("orders")).reinit(replica);
    Loopback.await(
        "it was copied",
        ManagedPostgresql.LONG,
        () -> Files.exists(orders.top(replica).resolve("data.aside")));
    awaitSaid(
        orders,
        replica,
        "select count(*) from pg_stat_wal_receiver where status = 'streaming'",
        "1");
    awaitAllByTls(orders);
    orders.awaitTwoVoters();
    orders.awaitPrimary(orders.switchover());
    awaitAllByTls(orders);
    isArchivedByTls(orders);
    assertThat(orders.owner(orders.primary(), CLEAR)).isEqualTo("0");
  }

  private void renews(ManagedPostgresql orders) throws Exception {
    long pid = orders.pid("a");
    assertThat(shown(orders, "a")).contains("members.example");
    certificates.make("own", "renewed.example");
    for (String member : orders.ports.keySet()) {
      await(member + " shows the new one", () -> shown(orders, member).contains("renewed.example"));
    }
    assertThat(orders.pid("a")).isEqualTo(pid);
    awaitAllByTls(orders);
  }

  /** The primary shows a certificate of another authority: nobody takes it for the primary. */
  private static void isNotFollowed(ManagedPostgresql orders) throws Exception {
    String primary = orders.primary();
    X509Bundle foreign =
        TestCertificates.builder("members.example")
            .buildIssuedBy(TestCertificates.authority("Somebody Else"));
    Path pair = orders.top(primary).resolve("tls.pem");
    String before = Files.readString(pair);
    orders.awaitTwoVoters();
    orders.pause(true);
    Files.writeString(pair, foreign.getCertificatePEM() + foreign.getPrivateKeyPEM());
    assertThat(orders.owner(primary, "select pg_reload_conf()")).isEqualTo("t");
    await("it shows that", () -> shown(orders, primary).contains("Somebody Else"));
    assertThat(
            orders.owner(
                primary, "select count(pg_terminate_backend(pid)) from pg_stat_replication"))
        .as("two replicas and the archive")
        .isEqualTo("3");
    for (String replica : orders.replicas(primary)) {
      await(
          replica + " says why",
          () ->
              Files.readString(orders.top(replica).resolve("log"))
                  .contains("certificate verify failed"));
    }
    assertThat(orders.owner(primary, "select count(*) from pg_stat_replication")).isEqualTo("0");
    await(
        "it is said of the primary",
        () -> orders.fairlead().events().since(0).toString().contains("has issued it"));
    orders.pause(false);
    // Who is logged in goes on.
    String _ =
        orders.owner(
            primary,
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where client_addr is not"
                + " null");
    Loopback.await(
        "another takes the writes",
        ManagedPostgresql.LONG,
        () -> !List.of("", primary).contains(orders.primary()));
    Files.writeString(pair, before);
    awaitSaid(orders, primary, "select pg_reload_conf()", "t");
    awaitAllByTls(orders);
  }

  /** None of the servers is started anew. */
  @Test
  void itIsChangedWhileTheyRun(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder)
      throws Exception {
    try (ManagedPostgresql orders = new ManagedPostgresql(folder, "")) {
      orders.awaitPrimary("a");
      orders.awaitReplicas(2);
      long pid = orders.pid("a");
      assertThat(orders.owner("a", REPLICATES)).isEqualTo("0");
      orders.apply(withKey(tls, "optional"));
      awaitSaid(orders, "a", "show ssl", "on");
      try (PostgresqlLogin probe = orders.probe("a")) {
        assertThat(ManagedPostgresql.ask(probe, "select ssl from pg_stat_ssl limit 1"))
            .as("may be in the clear still")
            .isNotEmpty();
      }
      orders.apply(tls);
      awaitAllByTls(orders);
      awaitSaid(orders, "a", CLEAR, "0");
      assertThatThrownBy(() -> orders.probe("a")).hasMessageContaining("pg_hba.conf rejects");
      orders.apply(withKey(tls, "for-clients"));
      assertThat(
              psql(
                  orders,
                  " sslmode=require",
                  "select ssl from pg_stat_ssl where pid = pg_backend_pid()"))
          .isEqualTo("t");
      orders.apply("");
      awaitSaid(orders, "a", "show ssl", "off");
      orders.awaitReplicas(2);
      try (PostgresqlLogin probe = orders.probe("a")) {
        assertThat(ManagedPostgresql.ask(probe, "select 1")).isEqualTo("1");
      }
      assertThat(orders.pid("a")).isEqualTo(pid);
      assertThat(
              orders.fairlead().events().since(0).stream()
                  .filter(one -> one.event() instanceof Event.DatabaseMemberTrouble))
          .isEmpty();
    }
  }
}
