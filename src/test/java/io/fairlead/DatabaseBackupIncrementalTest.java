package io.fairlead;

import static io.fairlead.DatabaseBackupTest.await;
import static io.fairlead.DatabaseBackupTest.awaitArchived;
import static io.fairlead.DatabaseBackupTest.backup;
import static io.fairlead.DatabaseBackupTest.backups;
import static io.fairlead.DatabaseBackupTest.letBackUp;
import static io.fairlead.DatabaseBackupTest.restore;
import static io.fairlead.DatabaseBackupTest.rows;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fairlead.health.PostgresqlLogin;
import io.fairlead.health.Server;
import io.fairlead.replication.backup.BackupsView;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** What befalls copies that are on top of others. {@code make test-backups}. */
@EnabledIfSystemProperty(named = "fairlead.backups", matches = "true")
@Timeout(300)
class DatabaseBackupIncrementalTest {
  private static final String INCREMENTAL = ", full-every: 168h";

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private static Path shared;

  private static Path template;

  @BeforeAll
  static void makeTemplate() throws Exception {
    template = Postgresql.template(shared);
  }

  private static BackupsView.Copy next(Fairlead fairlead) throws Exception {
    String before =
        backups(fairlead).view().copies().stream()
            .map(BackupsView.Copy::id)
            .reduce("", (_, last) -> last);
    if (!before.isEmpty()) {
      assertThat(backups(fairlead).backUp()).isEmpty();
    }
    return await(
            fairlead,
            "a copy after " + before,
            view -> !view.copies().isEmpty() && !view.copies().getLast().id().equals(before))
        .copies()
        .getLast();
  }

  private static BackupsView drill(Fairlead fairlead) throws Exception {
    int before = backups(fairlead).view().drills().size();
    assertThat(backups(fairlead).drill()).isEmpty();
    return await(fairlead, "a drill", view -> view.drills().size() > before);
  }

  private static List<Path> labels(Path folder) throws IOException {
    return files(folder.resolve("backups/pgbackrest/backup/main"), "[0-9]{8}-.*[FI]");
  }

  private static List<Path> files(Path folder, String pattern) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(f -> f.getFileName().toString().matches(pattern)).sorted().toList();
    }
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }

  /**
   * The other member's file is as long as the first's was and says that it is as old: what is in it
   * is what counts.
   */
  @Test
  void aCopyOnTopOfAnotherMembersHasItsOwnRows(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a");
        Postgresql b = Postgresql.replica(folder, a, "b")) {
      letBackUp(a);
      String _ = a.ask("insert into ledger values (1)");
      String _ = a.ask("checkpoint");
      String file = a.ask("select pg_relation_filepath('ledger')");
      try (Fairlead fairlead = DatabaseTest.start(folder, backup(folder, INCREMENTAL), a, b)) {
        DatabaseTest.awaitReadable(fairlead, "b", true);
        BackupsView.Copy full = next(fairlead);
        assertThat(full.note()).isEmpty();
        assertThat(full.from()).isEqualTo("a");
        FileTime time = Files.getLastModifiedTime(folder.resolve("a").resolve(file));
        String _ = a.ask("insert into ledger values (2)");
        awaitArchived(fairlead, a);
        a.kill();
        b.promote();
        DatabaseTest.awaitPrimary(fairlead, "b");
        String _ = b.ask("insert into ledger values (3)");
        String _ = b.ask("checkpoint");
        Path other = folder.resolve("b").resolve(file);
        assertThat(other).hasSize(8192);
        Files.setLastModifiedTime(other, time);
        await(fairlead, "timeline 2", view -> view.timeline() == 2 && view.from().equals("b"));
        BackupsView.Copy more = next(fairlead);
        assertThat(more.note()).isEmpty();
        assertThat(more.from()).isEqualTo("b");
        assertThat(more.timeline()).isEqualTo(2);
        assertThat(more.since()).isEqualTo(full.id());
        awaitArchived(fairlead, b); // the log has no word of that page, which would mend it
        assertThat(drill(fairlead).drills().getLast().passed()).isTrue();
      }
      restore(folder, "all", null);
      assertThat(rows(folder, "all")).isEqualTo("1,2,3");
    }
  }

  /**
   * Where somebody lets a replica write without promoting it, the timeline does not tell either.
   */
  @Test
  void aCopyOfAnotherMemberOfTheSameTimelineHasItsOwnRows(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a");
        Postgresql b = Postgresql.replica(folder, a, "b")) {
      letBackUp(a);
      String _ = a.ask("insert into ledger values (1)");
      String _ = a.ask("checkpoint");
      String file = a.ask("select pg_relation_filepath('ledger')");
      try (Fairlead fairlead = DatabaseTest.start(folder, backup(folder, INCREMENTAL), a, b)) {
        DatabaseTest.awaitReadable(fairlead, "b", true);
        BackupsView.Copy full = next(fairlead);
        FileTime time = Files.getLastModifiedTime(folder.resolve("a").resolve(file));
        long there = DatabaseBackupTest.position(a);
        Loopback.await(
            "b has it",
            () -> {
              try {
                return b.ask("select pg_last_wal_replay_lsn() >= pg_lsn '0/0' + " + there)
                    .equals("t");
              } catch (IOException _) {
                return false;
              }
            });
        a.kill();
        b.kill();
        Files.delete(folder.resolve("b/standby.signal"));
        b.startAgain();
        DatabaseTest.awaitPrimary(fairlead, "b");
        String _ = b.ask("insert into ledger values (2)");
        String _ = b.ask("checkpoint");
        Files.setLastModifiedTime(folder.resolve("b").resolve(file), time);
        await(fairlead, "the log of b", view -> view.from().equals("b"));
        BackupsView.Copy more = next(fairlead);
        assertThat(more.note()).isEmpty();
        assertThat(more.since()).isEqualTo(full.id());
        assertThat(more.timeline()).isEqualTo(full.timeline());
        awaitArchived(fairlead, b); // the log has no word of that page, which would mend it
      }
      restore(folder, "all", null);
      assertThat(rows(folder, "all")).isEqualTo("1,2");
    }
  }

  /** Nothing has come after the switch that each copy makes: that is no damage. */
  @Test
  void aLogThatEndsWithAWholeFileIsRestored(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a")) {
      letBackUp(a);
      try (Fairlead fairlead = DatabaseTest.start(folder, backup(folder, INCREMENTAL), a)) {
        BackupsView.Copy _ = next(fairlead);
        String _ = a.ask("insert into ledger values (1)");
        String _ = a.ask("select pg_switch_wal()");
        awaitArchived(fairlead, a);
        a.kill();
      }
      assertThat(restore(folder, "all", null).getFirst()).contains("the log up to");
      assertThat(rows(folder, "all")).isEqualTo("1");
    }
  }

  @Test
  void aFlippedByteOfTheFullCopyIsNamedAndTheNextIsFull(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a")) {
      letBackUp(a);
      try (Fairlead fairlead = DatabaseTest.start(folder, backup(folder, INCREMENTAL), a)) {
        BackupsView.Copy full = next(fairlead);
        String _ = a.ask("insert into ledger values (1)");
        BackupsView.Copy more = next(fairlead);
        assertThat(more.since()).isEqualTo(full.id());
        Path damaged =
            files(labels(folder).getFirst().resolve("pg_data/base"), "[0-9]{4,}").stream()
                .filter(Files::isRegularFile)
                .filter(f -> f.toFile().length() > 8192)
                .findFirst()
                .orElseThrow();
        try (RandomAccessFile in = new RandomAccessFile(damaged.toFile(), "rw")) {
          in.seek(5000);
          int was = in.read();
          in.seek(5000);
          in.write(was ^ 0x10);
        }
        assertThatThrownBy(() -> restore(folder, "early", null))
            .hasMessageContaining(damaged.toString());
        assertThat(folder.resolve("early")).doesNotExist();
        BackupsView bad = drill(fairlead);
        assertThat(bad.drills().getLast().passed()).isFalse();
        assertThat(bad.drills().getLast().text())
            .contains("backup " + full.id() + " is damaged", damaged.toString());
        BackupsView healed =
            await(
                fairlead,
                "healed",
                view -> view.copies().size() == 3 && view.drills().getLast().passed());
        assertThat(healed.copies().get(0).damaged()).contains(damaged.toString());
        assertThat(healed.copies().get(1).damaged()).contains(full.id());
        assertThat(healed.copies().get(2).damaged()).isEmpty();
        assertThat(healed.copies().get(2).since()).isEmpty();
        assertThat(healed.copies().get(2).note()).isEmpty();
        BackupsView.Copy last = next(fairlead);
        assertThat(last.since()).isEqualTo(healed.copies().get(2).id());
      }
      restore(folder, "all", null);
      assertThat(rows(folder, "all")).isEqualTo("1");
    }
  }

  @Test
  void twoChainsAreKeptAndRemovedAsAWhole(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a")) {
      letBackUp(a);
      String keep = INCREMENTAL + ", keep: { count: 2, for: 0s }";
      try (Fairlead fairlead = DatabaseTest.start(folder, backup(folder, keep), a)) {
        BackupsView.Copy first = next(fairlead);
        List<String> ids = new ArrayList<>();
        for (int i = 1; i <= 3; i++) { // all of it is needed, whatever the count
          String _ = a.ask("insert into ledger values (" + i + ")");
          ids.add(next(fairlead).id());
        }
        assertThat(labels(folder)).hasSize(4);
        Files.writeString(
            folder.resolve("backups/base").resolve(ids.getLast()).resolve("damaged"), "tried\n");
        String _ = a.ask("insert into ledger values (4)");
        BackupsView.Copy second = next(fairlead);
        assertThat(second.since()).isEmpty();
        // of the first chain the second copy counts as the other good one, and needs two
        await(
            fairlead,
            "the first chain is needed still",
            view -> view.copies().stream().map(BackupsView.Copy::id).toList().contains(first.id()));
        BackupsView.Copy third = next(fairlead);
        assertThat(third.since()).isEqualTo(second.id());
        await(fairlead, "the first chain is gone", view -> view.copies().size() == 2);
        assertThat(names(folder.resolve("backups/base"))).containsExactly(second.id(), third.id());
        assertThat(labels(folder)).hasSize(2);
        BackupsView.Copy fourth = next(fairlead);
        assertThat(fourth.note()).isEmpty();
        assertThat(fourth.since()).isEqualTo(third.id());
        assertThat(drill(fairlead).drills().getLast().passed()).isTrue();
      }
      restore(folder, "all", null);
      assertThat(rows(folder, "all")).isEqualTo("1,2,3,4");
    }
  }

  /** It takes the room of the whole, not that of what had changed. */
  @Test
  void whereThereIsNoRoomForTheWholeNothingIsWritten(@TempDir Path folder) throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "only root may mount a file system");
    Path disk = Server.folder(folder, "disk");
    try (Postgresql a = Postgresql.primary(folder, template, "a")) {
      letBackUp(a);
      try (Fairlead fairlead = DatabaseTest.start(folder, backup(folder, INCREMENTAL), a)) {
        BackupsView.Copy _ = next(fairlead);
        BackupsView.Copy more = next(fairlead);
        assertThat(more.since()).isNotEmpty();
        assertThat(more.bytes()).isLessThan(4 << 20);
      }
      Server.run("mount", "-t", "tmpfs", "-o", "size=75m", "tmpfs", disk.toString());
      try {
        assertThatThrownBy(() -> restoreTo(disk, folder.resolve("backups"), "all"))
            .hasMessageContaining("restoring takes more than");
        assertThat(disk.resolve("all")).doesNotExist();
      } finally {
        Server.run("umount", disk.toString());
      }
    }
  }

  private static void restoreTo(Path disk, Path from, String name) throws Exception {
    List<String> _ =
        io.fairlead.replication.backup.Restoring.run(
            new io.fairlead.replication.backup.Restoring.Wanted(
                from, null, disk.resolve(name), null, null, 0),
            _ -> {});
  }

  /** Whoever may not have copies made so has one made otherwise, and is told. */
  @Test
  void withoutTheRightsACopyIsMadeNevertheless(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a");
        Fairlead fairlead = DatabaseTest.start(folder, backup(folder, INCREMENTAL), a)) {
      BackupsView.Copy full = next(fairlead);
      assertThat(full.since()).isEmpty();
      assertThat(full.note())
          .startsWith("full, by pg_basebackup: backup may not have copies made by pgBackRest");
      assertThat(Loopback.door(fairlead, "GET", "/api/v1/databases/orders/backups", "").body())
          .contains("\"note\":\"full, by pg_basebackup: ");
      letBackUp(a);
      String _ = a.ask("insert into ledger values (1)");
      BackupsView.Copy more = next(fairlead);
      assertThat(more.note()).isEmpty(); // the first that pgBackRest makes
      assertThat(more.since()).isEmpty();
      assertThat(next(fairlead).since()).isEqualTo(more.id());
    }
    restore(folder, "all", null);
    assertThat(rows(folder, "all")).isEqualTo("1");
  }

  /** Nobody has to grant anything where Fairlead runs the servers: their socket lets it in. */
  @Test
  void whatIsManagedHasCopiesOnTopOfOthersByItself(@TempDir Path folder) throws Exception {
    String backup =
        "    backup: { folder: %s, user: archivist, password: quite-long-enough, drill-every: 0s%s }%n"
            .formatted(folder.resolve("backups"), INCREMENTAL);
    try (ManagedPostgresql orders = new ManagedPostgresql(folder, _ -> {}, false, backup)) {
      orders.awaitPrimary("a");
      orders.awaitReplicas(2);
      BackupsView.Copy full = next(orders.fairlead());
      assertThat(full.note()).isEmpty();
      BackupsView.Copy more = next(orders.fairlead());
      assertThat(more.note()).isEmpty();
      assertThat(more.since()).isEqualTo(full.id());
      // Its log ends with a file, and its successor's begins there.
      orders.awaitTwoVoters();
      orders.kill("a");
      try (PostgresqlLogin client = orders.writer()) {
        String _ = ManagedPostgresql.ask(client, "create table later(id int)");
      }
      String successor = orders.primary();
      await(orders.fairlead(), "its log", view -> view.from().equals(successor));
      BackupsView.Copy last = next(orders.fairlead());
      assertThat(last.note()).isEmpty();
      assertThat(last.from()).isEqualTo(successor);
      assertThat(last.since()).isEqualTo(more.id());
      // The first checkpoint of whoever has just been promoted takes its time.
      try (PostgresqlLogin client = orders.writer()) {
        String _ =
            ManagedPostgresql.ask(
                client,
                "create table ballast as select repeat(md5(i::text), 30) from generate_series(1,"
                    + " 20000) i");
      }
      orders.awaitReplicas(2);
      orders.awaitTwoVoters();
      orders.kill(successor);
      BackupsView.Copy next = next(orders.fairlead());
      assertThat(next.note()).isEmpty();
      assertThat(next.from()).isNotEqualTo(successor);
      assertThat(next.since()).isEqualTo(last.id());
      assertThat(drill(orders.fairlead()).drills().getLast().passed()).isTrue();
    }
  }

  private static String configuration(Path folder, Postgresql a) {
    return """
    admin: { bind: "127.0.0.1:0" }
    data: %s
    databases:
      orders:
        engine: postgresql
        members: { a: "127.0.0.1:%d" }
        probe: { user: fairlead, password: %s, database: postgres, interval: 200ms }
        %s
    """
        .formatted(
            folder.resolve("state"), a.port(), Postgresql.PASSWORD, backup(folder, INCREMENTAL));
  }

  private static boolean isThere(Path folder, String pattern) {
    try {
      return Files.isDirectory(folder) && !files(folder, pattern).isEmpty();
    } catch (IOException | UncheckedIOException _) {
      return false; // it changes at this moment
    }
  }

  @Test
  void withoutTheProgramACopyIsMadeNevertheless(@TempDir Path folder) throws Exception {
    Path programs = Files.createDirectory(folder.resolve("programs"));
    for (String each : List.of("/usr/sbin", "/usr/bin")) {
      try (Stream<Path> all = Files.list(Path.of(each))) {
        for (Path program : all.toList()) {
          Path link = programs.resolve(program.getFileName());
          if (!program.endsWith("pgbackrest") && !Files.exists(link)) {
            Files.createSymbolicLink(link, program);
          }
        }
      }
    }
    try (Postgresql a = Postgresql.primary(folder, template, "a")) {
      letBackUp(a);
      Path config = folder.resolve("fairlead.yaml");
      Files.writeString(config, configuration(folder, a));
      Process fairlead =
          FairleadProcess.start(
              folder.resolve("out"),
              FairleadProcess.command("-c", config.toString()),
              Map.of("PATH", programs.toString()));
      Path base = folder.resolve("backups/base");
      try {
        Loopback.await("a copy", () -> isThere(base, "backup[.]properties") && isWhole(base));
      } finally {
        fairlead.destroyForcibly().waitFor();
      }
      assertThat(Files.readString(files(base, "backup[.]properties").getFirst()))
          .contains("note=full, by pg_basebackup: pgbackrest is not installed; Debian:");
    }
    restore(folder, "all", null);
  }

  private static boolean isWhole(Path base) {
    try {
      return names(base).stream().noneMatch(name -> name.startsWith("."));
    } catch (IOException _) {
      return false;
    }
  }

  /** Killed while pgBackRest copies, a full copy and one on top: nothing of it counts or stays. */
  @Test
  void aKilledInstanceLeavesNothingHalf(@TempDir Path folder) throws Exception {
    try (Postgresql a = Postgresql.primary(folder, template, "a")) {
      letBackUp(a);
      Path config = folder.resolve("fairlead.yaml");
      Files.writeString(config, configuration(folder, a));
      ballast(a, "one");
      killAtCopying(folder, config, 0);
      BackupsView.Copy full;
      try (Fairlead fairlead = Loopback.start(Files.readString(config), folder)) {
        full = next(fairlead);
        assertThat(full.note()).isEmpty();
        assertThat(labels(folder)).hasSize(1);
        String _ = a.ask("insert into ledger values (1)");
      }
      ballast(a, "two");
      Files.writeString(
          config, Files.readString(config).replace(INCREMENTAL, INCREMENTAL + ", every: 10m"));
      // the last one is made older than it is, so that the next is due
      Path about = folder.resolve("backups/base").resolve(full.id()).resolve("backup.properties");
      Files.writeString(
          about,
          Files.readString(about)
              .replaceFirst("started=[0-9]+", "started=" + (full.startMillis() - 3_600_000)));
      killAtCopying(folder, config, 1);
      String _ = a.ask("insert into ledger values (2)");
      try (Fairlead fairlead = Loopback.start(Files.readString(config), folder)) {
        BackupsView made = await(fairlead, "a copy on top", view -> view.copies().size() == 2);
        assertThat(made.copies().getLast().note()).isEmpty();
        assertThat(made.copies().getLast().since()).isEqualTo(full.id());
        assertThat(labels(folder)).hasSize(2);
        awaitArchived(fairlead, a);
        assertThat(backups(fairlead).view().gaps()).isEmpty();
        assertThat(names(folder.resolve("backups/base"))).noneMatch(n -> n.startsWith("."));
      }
      restore(folder, "all", null);
      assertThat(rows(folder, "all")).isEqualTo("1,2");
    }
  }

  private static void ballast(Postgresql a, String name) throws IOException {
    String _ =
        a.ask(
            "create table "
                + name
                + " as select repeat(md5(i::text), 30) from generate_series(1, 150000) i");
  }

  /** When more than so many copies are there, and files of the next. */
  private static void killAtCopying(Path folder, Path config, int copies) throws Exception {
    Path repository = folder.resolve("backups/pgbackrest/backup/main");
    Process process = FairleadProcess.run(folder.resolve("out"), "-c", config.toString());
    try {
      Loopback.await(
          "it copies",
          () -> {
            try {
              List<Path> labels = Files.isDirectory(repository) ? labels(folder) : List.<Path>of();
              return labels.size() > copies && !files(labels.getLast(), "[0-9]+.*").isEmpty();
            } catch (IOException | UncheckedIOException _) {
              return false;
            }
          });
    } finally {
      process.destroyForcibly().waitFor();
    }
  }
}
