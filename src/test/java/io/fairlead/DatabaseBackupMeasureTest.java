package io.fairlead;

import static io.fairlead.DatabaseBackupTest.await;
import static io.fairlead.DatabaseBackupTest.awaitArchived;
import static io.fairlead.DatabaseBackupTest.backup;
import static io.fairlead.DatabaseBackupTest.backups;
import static io.fairlead.DatabaseBackupTest.restore;

import io.fairlead.replication.backup.BackupsView;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** Prints what backups take: {@code make test-backups MIB=1024}. */
@EnabledIfSystemProperty(named = "fairlead.backups.mib", matches = "[0-9]+")
@Timeout(1800)
class DatabaseBackupMeasureTest {
  private static final int MIB = Integer.getInteger("fairlead.backups.mib", 64);

  @Test
  void whatItTakes(@TempDir Path folder) throws Exception {
    try (Postgresql a =
        Postgresql.primary(folder, Postgresql.template(folder), "a", "-c", "max_wal_size=4GB")) {
      String _ =
          a.ask(
              "create table ballast as select i, repeat(md5(i::text), 30) as t"
                  + " from generate_series(1, "
                  + MIB * 1000L
                  + ") i");
      String _ = a.ask("create index on ballast (i)");
      try (Fairlead fairlead = DatabaseTest.start(folder, backup(folder, ""), a)) {
        BackupsView made = await(fairlead, "a copy", view -> view.copies().size() == 1);
        BackupsView.Copy copy = made.copies().getFirst();
        System.out.printf(
            "copy: %d MiB, copied in %.1f s%n",
            copy.bytes() >> 20, (copy.endMillis() - copy.startMillis()) / 1e3);
        lag(fairlead, a);
        awaitArchived(fairlead, a);
        time("restore --latest", () -> restore(folder, "restored", null));
        String _ = backups(fairlead).drill();
        BackupsView proven = await(fairlead, "a drill", view -> !view.drills().isEmpty());
        System.out.printf(
            "drill: %.1f s, %s%n",
            proven.drills().getLast().millis() / 1e3, proven.drills().getLast().text());
      }
      commits("nobody waited for", a);
      try (Fairlead fairlead = DatabaseTest.start(folder, backup(folder, ", witness: true"), a)) {
        await(fairlead, "the log", view -> view.from().equals("a"));
        String _ = a.ask("alter system set synchronous_standby_names = 'ANY 1 (fairlead_orders)'");
        String _ = a.ask("select pg_reload_conf()");
        commits("the witness waited for", a);
        String _ = a.ask("alter system reset synchronous_standby_names");
        String _ = a.ask("select pg_reload_conf()");
      }
    }
  }

  /** 100 tables of one size: one of them changes, then a row of each. */
  @Test
  void whatIncrementalCopiesTake(@TempDir Path folder) throws Exception {
    try (Postgresql a =
        Postgresql.primary(folder, Postgresql.template(folder), "a", "-c", "max_wal_size=4GB")) {
      DatabaseBackupTest.letBackUp(a);
      for (int i = 0; i < 100; i++) {
        String _ =
            a.ask(
                "create table ballast"
                    + i
                    + " as select i, repeat(md5(i::text), 30) as t from generate_series(1, "
                    + MIB * 10L
                    + ") i");
      }
      try (Fairlead fairlead =
          DatabaseTest.start(folder, backup(folder, ", full-every: 168h"), a)) {
        BackupsView.Copy full = copy(fairlead, "full");
        String _ = a.ask("update ballast7 set i = -i");
        BackupsView.Copy little = copy(fairlead, "incremental, one table of 100 changed");
        for (int i = 0; i < 100; i++) {
          String _ = a.ask("update ballast" + i + " set i = 0 where i = 1");
        }
        BackupsView.Copy much = copy(fairlead, "incremental, a row of each table changed");
        awaitArchived(fairlead, a);
        for (BaseOf each :
            List.of(
                new BaseOf("full", full),
                new BaseOf("incremental", little),
                new BaseOf("incremental on top of that", much))) {
          time(
              "restore of the " + each.what(),
              () ->
                  io.fairlead.replication.backup.Restoring.run(
                      DatabaseBackupTest.wanted(
                          folder, "restored" + each.copy().id(), null, each.copy().id()),
                      _ -> {}));
        }
      }
    }
  }

  private record BaseOf(String what, BackupsView.Copy copy) {}

  private static BackupsView.Copy copy(Fairlead fairlead, String what) throws Exception {
    int before = backups(fairlead).view().copies().size();
    if (before > 0) {
      String _ = backups(fairlead).backUp();
    }
    BackupsView.Copy made =
        await(fairlead, what, view -> view.copies().size() > before).copies().getLast();
    System.out.printf(
        "%s: %.1f MiB, copied in %.1f s; %s%n",
        what, made.bytes() / 1048576.0, (made.endMillis() - made.startMillis()) / 1e3, made.note());
    return made;
  }

  private static void commits(String how, Postgresql a) throws Exception {
    List<Long> micros = new ArrayList<>();
    try (PostgresqlClient client = PostgresqlClient.to(a.port())) {
      for (int i = 1; i <= 2000; i++) {
        long began = System.nanoTime();
        String _ = client.ask("insert into ledger values (-" + i + ") on conflict do nothing");
        micros.add((System.nanoTime() - began) / 1000);
      }
      String _ = client.ask("delete from ledger where id < 0");
    }
    Collections.sort(micros);
    System.out.printf(
        "%s: commit p50 %.2f ms, p99 %.2f ms%n",
        how, micros.get(1000) / 1e3, micros.get(1980) / 1e3);
  }

  private interface Step {
    Object run() throws Exception;
  }

  private static void time(String what, Step step) throws Exception {
    long began = System.nanoTime();
    Object said = step.run();
    System.out.printf("%s: %.1f s; %s%n", what, (System.nanoTime() - began) / 1e9, said);
  }

  /** While one client writes without a pause for ten seconds. */
  private static void lag(Fairlead fairlead, Postgresql a) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
    Thread writer =
        Thread.ofVirtual()
            .start(() -> {
              try (PostgresqlClient client = PostgresqlClient.to(a.port())) {
                for (int i = 1; System.nanoTime() < end; i++) {
                  String _ = client.ask("insert into ledger values (" + i + ")");
                }
              } catch (Exception e) {
                System.out.println(e);
              }
            });
    List<Long> bytes = new ArrayList<>();
    List<Long> millis = new ArrayList<>();
    while (System.nanoTime() < end) {
      BackupsView view = backups(fairlead).view();
      bytes.add(view.lagBytes());
      millis.add(view.lagMillis());
      TimeUnit.MILLISECONDS.sleep(50);
    }
    writer.join();
    Collections.sort(bytes);
    Collections.sort(millis);
    System.out.printf(
        "one client, %s rows in 10 s (%s): behind p50 %d bytes, max %d bytes, max %d ms%n",
        a.ask("select count(*) from ledger"),
        Instant.now(),
        bytes.get(bytes.size() / 2),
        bytes.getLast(),
        millis.getLast());
  }
}
