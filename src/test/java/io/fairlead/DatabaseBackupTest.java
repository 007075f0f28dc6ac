package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.health.Server;
import io.fairlead.replication.backup.Backups;
import io.fairlead.replication.backup.BackupsView;
import io.fairlead.replication.backup.Restoring;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** Backups of real PostgreSQL servers, restored. */
@Timeout(180)
class DatabaseBackupTest {
  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private static Path shared;

  private static Path template;

  @BeforeAll
  static void makeTemplate() throws Exception {
    template = Postgresql.template(shared);
  }

  static String backup(Path folder, String more) {
    return "backup: { folder: %s, user: backup, password: %s, drill-every: 0s%s }"
        .formatted(folder.resolve("backups"), Postgresql.PASSWORD, more);
  }

  static Backups backups(Fairlead fairlead) {
    return Objects.requireNonNull(fairlead.databases().backups("orders"));
  }

  static BackupsView await(Fairlead fairlead, String what, Predicate<BackupsView> wanted)
      throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(90);
    while (true) {
      BackupsView view = backups(fairlead).view();
      if (wanted.test(view)) {
        return view;
      }
      assertThat(System.nanoTime()).as("%s: %s", what, view).isLessThan(end);
      TimeUnit.MILLISECONDS.sleep(20); // views are replaced without a word
    }
  }

  static void awaitArchived(Fairlead fairlead, Postgresql primary) throws Exception {
    long written = position(primary);
    await(fairlead, "archived to " + written, view -> view.position() >= written);
  }

  static long position(Postgresql primary) throws IOException {
    String[] halves = primary.ask("select pg_current_wal_lsn()").split("/", -1);
    return (Long.parseLong(halves[0], 16) << 32) | Long.parseLong(halves[1], 16);
  }

  static Instant now(Postgresql primary) throws IOException {
    return Instant.parse(
        primary.ask(
            "select to_char(clock_timestamp() at time zone 'UTC',"
                + " 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"));
  }

  static List<String> restore(Path folder, String to, @Nullable Instant time) throws Exception {
    return Restoring.run(wanted(folder, to, time, null), _ -> {});
  }

  /** The rows of a restored folder. */
  static String rows(Path folder, String name) throws Exception {
    Path data = folder.resolve(name);
    Files.writeString(data.resolve("pg_hba.conf"), "host all all 127.0.0.1/32 trust\n");
    int port = FreePort.any();
    List<String> command = new ArrayList<>();
    if ("root".equals(System.getProperty("user.name"))) {
      command.addAll(
          List.of("setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--"));
    }
    command.addAll(
        List.of(
            Postgresql.bin("postgres"),
            "-D",
            data.toString(),
            "-p",
            "" + port,
            "-c",
            "unix_socket_directories=",
            "-c",
            "listen_addresses=127.0.0.1"));
    try (Server _ =
            Server.start(port, folder.resolve(name + ".log"), command)
                .await(() -> {
                  try (PostgresqlClient client = PostgresqlClient.to(port)) {
                    return client.ask("select 1").equals("1");
                  } catch (IOException _) {
                    return false;
                  }
                });
        PostgresqlClient client = PostgresqlClient.to(port)) {
      return client.ask("select string_agg(id::text, ',' order by id) from ledger");
    }
  }

  static Restoring.Wanted wanted(
      Path folder, String to, @Nullable Instant time, @Nullable String backup) {
    return new Restoring.Wanted(
        folder.resolve("backups"), null, folder.resolve(to), time, backup, 0);
  }

  /** What pgBackRest needs at a server that somebody else manages. */
  static void letBackUp(Postgresql primary) throws IOException {
    String _ =
        primary.ask(
            "grant execute on function pg_backup_start(text, boolean), pg_backup_stop(boolean)"
                + " to backup");
    String _ = primary.ask("grant pg_read_all_settings to backup");
  }

  @Test
  void anIncrementalCopyIsTriedAndRestoredToTheRow(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a")) {
      letBackUp(a);
      String _ = a.ask("insert into ledger values (1)");
      try (Fairlead fairlead =
          DatabaseTest.start(folder, backup(folder, ", full-every: 168h"), a)) {
        BackupsView.Copy full =
            await(fairlead, "a copy", view -> view.copies().size() == 1).copies().getFirst();
        assertThat(full.note()).isEmpty();
        assertThat(full.since()).isEmpty();
        String _ = a.ask("insert into ledger values (2)");
        assertThat(backups(fairlead).backUp()).isEmpty();
        BackupsView.Copy more =
            await(fairlead, "another", view -> view.copies().size() == 2).copies().getLast();
        assertThat(more.note()).isEmpty();
        assertThat(more.since()).isEqualTo(full.id());
        assertThat(more.bytes()).isLessThan(full.bytes() / 5);
        assertThat(backups(fairlead).drill()).isEmpty();
        BackupsView.Trial drill =
            await(fairlead, "a drill", view -> !view.drills().isEmpty()).drills().getLast();
        assertThat(drill.text()).contains("checked by pg_amcheck");
        assertThat(drill.backup()).isEqualTo(more.id());
        String _ = a.ask("insert into ledger values (3)");
        awaitArchived(fairlead, a);
      }
      restore(folder, "restored", null);
      assertThat(rows(folder, "restored")).isEqualTo("1,2,3");
    }
  }

  /** More of it, with other moments and what else may happen: {@code make test-backups}. */
  @Test
  void aMomentAfterAFailoverIsRestoredToTheRow(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a");
        Postgresql b = Postgresql.replica(folder, a, "b");
        Fairlead fairlead = DatabaseTest.start(folder, backup(folder, ""), a, b)) {
      DatabaseTest.awaitReadable(fairlead, "b", true);
      BackupsView first = await(fairlead, "a copy", view -> view.copies().size() == 1);
      assertThat(first.copies().getFirst().from()).isIn("a", "b");
      assertThat(ProcessHandle.allProcesses().map(each -> each.info().commandLine().orElse("")))
          .anyMatch(line -> line.contains("pg_receivewal"))
          .noneMatch(line -> line.contains(Postgresql.PASSWORD));
      String _ = a.ask("insert into ledger values (1)");
      String _ = a.ask("insert into ledger values (2)");
      awaitArchived(fairlead, a);
      a.kill();
      b.promote();
      DatabaseTest.awaitPrimary(fairlead, "b");
      String _ = b.ask("insert into ledger values (3)");
      Instant moment = now(b);
      String _ = b.ask("insert into ledger values (4)");
      await(fairlead, "timeline 2", view -> view.timeline() == 2 && view.from().equals("b"));
      awaitArchived(fairlead, b);
      assertThat(restore(folder, "restored", moment).getFirst()).contains("timeline 2");
      assertThat(rows(folder, "restored")).isEqualTo("1,2,3");
      assertThatThrownBy(() -> restore(folder, "restored", null))
          .hasMessageContaining("holds a database");
      assertThat(Loopback.door(fairlead, "GET", "/api/v1/databases/orders/backups", "").body())
          .contains("\"gaps\":[]", "\"timeline\":2")
          .doesNotContain(Postgresql.PASSWORD);
    }
  }
}
