package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.replication.DatabaseReport;
import io.fairlead.replication.DatabaseView.MemberView;
import io.fairlead.service.Node;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** A whole instance before real PostgreSQL servers, which fail and change their roles. */
@Timeout(120)
class DatabaseTest {
  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private static Path shared;

  private static Path template;

  @BeforeAll
  static void makeTemplate() throws Exception {
    template = Postgresql.template(shared);
  }

  static Fairlead start(Path folder, String more, Postgresql... members) throws Exception {
    List<String> named = new ArrayList<>();
    for (Postgresql member : members) {
      named.add((char) ('a' + named.size()) + ": \"127.0.0.1:" + member.port() + '"');
    }
    return Loopback.start(
        """
        admin: { bind: "127.0.0.1:0" }
        data: %s
        listeners:
          write: { bind: "127.0.0.1:0", protocol: tcp, routes: { database: orders } }
          read:
            bind: "127.0.0.1:0"
            protocol: tcp
            routes: { database: orders, for: read-only }
        databases:
          orders:
            engine: postgresql
            members: { %s }
            probe: { user: fairlead, password: %s, database: postgres, interval: 200ms }
            %s
        """
            .formatted(
                folder.resolve("state"), String.join(", ", named), Postgresql.PASSWORD, more));
  }

  static DatabaseReport report(Fairlead fairlead) {
    return fairlead.databases().reports().getFirst();
  }

  private static MemberView member(Fairlead fairlead, String name) {
    for (MemberView member : report(fairlead).view().members()) {
      if (member.node().name().equals(name)) {
        return member;
      }
    }
    throw new AssertionError("no member " + name);
  }

  private static void await(Fairlead fairlead, Predicate<DatabaseReport> wanted) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!wanted.test(report(fairlead))) {
      assertThat(System.nanoTime()).as("%s", report(fairlead)).isLessThan(end);
      TimeUnit.MILLISECONDS.sleep(10); // views are replaced without a word
    }
  }

  static void awaitPrimary(Fairlead fairlead, String name) throws Exception {
    await(fairlead, report -> report.view().primary().equals(name));
  }

  static void awaitReadable(Fairlead fairlead, String name, boolean readable) throws Exception {
    await(
        fairlead,
        report ->
            report.view().members().stream()
                .anyMatch(m -> m.node().name().equals(name) && m.role().reads() == readable));
  }

  private static PostgresqlClient writer(Fairlead fairlead) throws IOException {
    return PostgresqlClient.to(Loopback.port(fairlead, "write"));
  }

  private static String count(Postgresql server) {
    try {
      return server.ask("select count(*) from ledger");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String port(PostgresqlClient client) throws IOException {
    return client.ask("select current_setting('port')");
  }

  private static List<String> events(Fairlead fairlead) {
    return fairlead.events().since(0).stream().map(entry -> entry.event().text()).toList();
  }

  @Test
  void writesFollowThePromotionAndNeverReturnToThePast(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a");
        Postgresql b = Postgresql.replica(folder, a, "b");
        Fairlead fairlead = start(folder, "", a, b)) {
      awaitReadable(fairlead, "b", true);
      try (PostgresqlClient reader = PostgresqlClient.to(Loopback.port(fairlead, "read"))) {
        assertThat(port(reader)).isEqualTo("" + b.port());
      }
      try (PostgresqlClient before = writer(fairlead)) {
        assertThat(port(before)).isEqualTo("" + a.port());
        a.kill();
        assertThatThrownBy(() -> before.ask("select 1")).isInstanceOf(IOException.class);
      }
      CompletableFuture<String> waits =
          CompletableFuture.supplyAsync(() -> {
            try (PostgresqlClient client = writer(fairlead)) {
              String _ = client.ask("insert into ledger values (1)");
              return port(client);
            } catch (IOException e) {
              return e.toString();
            }
          });
      await(fairlead, report -> report.waiting() == 1);
      b.promote();
      assertThat(waits.get(30, TimeUnit.SECONDS)).isEqualTo("" + b.port());

      a.startAgain(); // nobody told it
      await(fairlead, report -> !report.view().alarm().isEmpty());
      assertThat(a.ask("select pg_is_in_recovery()")).as("it takes writes").isEqualTo("f");
      for (int i = 0; i < 20; i++) {
        try (PostgresqlClient client = writer(fairlead)) {
          assertThat(port(client)).isEqualTo("" + b.port());
        }
      }
      assertThat(member(fairlead, "a").role().why()).contains("a primary of the past");
      assertThat(events(fairlead))
          .anyMatch(text -> text.contains("b takes the writes, on timeline 2, after a"))
          .anyMatch(text -> text.contains("a takes writes on timeline 1, which ended"));
      // Another process, while the new primary is away, believes the old one no more.
      b.kill();
      await(fairlead, report -> report.view().primary().isEmpty());
      try (Fairlead next = start(folder, "", a, b)) {
        await(next, report -> !report.view().alarm().isEmpty());
        assertThat(report(next).view().primary()).isEmpty();
      }
    }
  }

  @Test
  void aFrozenPrimaryIsFoundOutAndItsClientsDoNotReturnToIt(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a");
        Postgresql b = Postgresql.replica(folder, a, "b");
        Fairlead fairlead = start(folder, "", a, b)) {
      awaitPrimary(fairlead, "a");
      awaitReadable(fairlead, "b", true);
      try (PostgresqlClient before = writer(fairlead)) {
        assertThat(port(before)).isEqualTo("" + a.port());
        a.freeze();
        CompletableFuture<String> during =
            CompletableFuture.supplyAsync(() -> {
              try (PostgresqlClient client = writer(fairlead)) {
                return port(client);
              } catch (IOException e) {
                return e.toString();
              }
            });
        await(fairlead, report -> report.view().primary().isEmpty());
        b.promote();
        assertThat(during.get(30, TimeUnit.SECONDS))
            .as("it had connected to the frozen one, or waited")
            .isEqualTo("" + b.port());
        assertThatThrownBy(() -> before.ask("select 1"))
            .as("cut when another took the writes")
            .isInstanceOf(IOException.class);
        a.thaw();
        await(fairlead, report -> !report.view().alarm().isEmpty());
        try (PostgresqlClient client = writer(fairlead)) {
          assertThat(port(client)).isEqualTo("" + b.port());
        }
      } finally {
        a.thaw();
      }
    }
  }

  @Test
  void aReplicaThatFallsBehindIsNotRead(@TempDir Path folder) throws Exception {
    TestCertificates certificates = new TestCertificates(folder);
    X509Bundle _ = certificates.make("server", "db.test");
    for (String file : List.of("server.pem", "server.key")) {
      Path copy = Files.copy(folder.resolve(file), template.resolve(file));
      Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rw-------"));
    }
    Path _ = Postgresql.folder(shared, "template"); // they are the server's now
    String[] tls = {
      "-c", "ssl=on", "-c", "ssl_cert_file=server.pem", "-c", "ssl_key_file=server.key"
    };
    try (Postgresql a = Postgresql.primary(folder, template, "a", tls);
        Postgresql b = Postgresql.replica(folder, a, "b", tls);
        Fairlead fairlead = start(folder, "read-only: { max-lag: 300ms, primary: true }", a, b)) {
      awaitReadable(fairlead, "b", true);
      assertThat(member(fairlead, "a").role().reads()).isFalse();
      String _ = a.ask("insert into ledger values (1)"); // whose time it knows then
      Loopback.await("it is replayed", () -> count(b).equals("1"));
      String _ = b.ask("select pg_wal_replay_pause()");
      String _ = a.ask("insert into ledger values (2)");
      awaitReadable(fairlead, "b", false);
      // It notes the time of a commit a moment after others can see what was committed.
      Loopback.await(
          "why it is not read",
          () -> member(fairlead, "b").role().why().matches("is [0-9.]+ s behind"));
      try (PostgresqlClient reader = PostgresqlClient.to(Loopback.port(fairlead, "read"))) {
        assertThat(port(reader)).as("the primary, as was asked for").isEqualTo("" + a.port());
      }
      String _ = b.ask("select pg_wal_replay_resume()");
      awaitReadable(fairlead, "b", true);
      try (PostgresqlClient reader = PostgresqlClient.to(Loopback.port(fairlead, "read"))) {
        assertThat(port(reader)).isEqualTo("" + b.port());
      }
      // TLS goes through as it is.
      Tool.Said said =
          Tool.run(
              "",
              List.of(
                  Postgresql.bin("psql"),
                  "-At",
                  "host=127.0.0.1 user=admin dbname=postgres sslmode=require port="
                      + Loopback.port(fairlead, "write"),
                  "-c",
                  "select ssl from pg_stat_ssl where pid = pg_backend_pid()"));
      assertThat(said.output()).contains("t");
      doors(fairlead, a);
    }
  }

  @Test
  void aDrainEndsSessionsBetweenTransactionsOnly(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a");
        Fairlead fairlead = start(folder, "", a)) {
      awaitPrimary(fairlead, "a");
      try (PostgresqlClient idle = writer(fairlead);
          PostgresqlClient busy = writer(fairlead)) {
        assertThat(idle.ask("select 1")).isEqualTo("1");
        assertThat(busy.ask("begin")).isEmpty();
        String _ = busy.ask("insert into ledger values (3)");
        Node node = member(fairlead, "a").node();
        String path = "/api/v1/services/orders/nodes/" + node.address();
        assertThat(Loopback.door(fairlead, "POST", path + "/drain", "").statusCode())
            .isEqualTo(200);
        await(fairlead, report -> report.ended() == 1); // the door's answer does not wait for it
        assertThatThrownBy(idle::hear).hasMessageContaining("57P01");
        String _ = busy.ask("insert into ledger values (4)");
        assertThat(busy.ask("commit")).isEmpty();
        assertThatThrownBy(() -> busy.ask("select 1")).hasMessageContaining("57P01");
        assertThat(a.ask("select count(*) from ledger")).isEqualTo("2");
        await(fairlead, report -> report.ended() == 2 && node.isEmpty());
        CompletableFuture<String> waits =
            CompletableFuture.supplyAsync(() -> {
              try (PostgresqlClient client = writer(fairlead)) {
                return client.ask("select 1");
              } catch (IOException e) {
                return e.toString();
              }
            });
        await(fairlead, report -> report.waiting() == 1);
        assertThat(Loopback.door(fairlead, "POST", path + "/undrain", "").statusCode())
            .isEqualTo(200);
        assertThat(waits.get(30, TimeUnit.SECONDS)).isEqualTo("1");
      }
    }
  }

  private static void doors(Fairlead fairlead, Postgresql a) throws Exception {
    assertThat(Loopback.door(fairlead, "GET", "/api/v1/databases", "").body())
        .contains(
            "\"name\":\"orders\",\"engine\":\"postgresql\",\"primary\":\"a\"",
            "\"role\":\"replica\"");
    assertThat(Loopback.door(fairlead, "GET", "/metrics", "").body())
        .contains(
            "fairlead_database_member_writes{service=\"orders\",node=\"127.0.0.1:"
                + a.port()
                + "\"} 1",
            "fairlead_database_waiting{service=\"orders\"} 0");
  }
}
