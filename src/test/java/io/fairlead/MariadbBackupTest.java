package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.health.Server;
import io.fairlead.replication.backup.Backups;
import io.fairlead.replication.backup.BackupsView;
import io.fairlead.replication.backup.Restoring;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/** Backups of a real node of a Galera cluster, restored. */
@Timeout(180)
class MariadbBackupTest {
  private static final String PASSWORD = "hunter\\2\"2#'2222";
  private static final boolean ROOT = "root".equals(System.getProperty("user.name"));

  @TempDir(cleanup = CleanupMode.ON_SUCCESS)
  private static Path shared;

  private static Server node;

  @BeforeAll
  static void start() throws Exception {
    Path data = folder(shared, "data");
    int port = FreePort.any();
    int replication = FreePort.any();
    Server.run(
        command(
            "mariadb-install-db",
            "--no-defaults",
            "--datadir=" + data,
            "--auth-root-authentication-method=normal",
            "--skip-test-db"));
    node =
        Server.start(
            port,
            shared.resolve("log"),
            command(
                "mariadbd",
                "--no-defaults",
                "--datadir=" + data,
                "--port=" + port,
                "--bind-address=127.0.0.1",
                "--socket=" + data.resolve("socket"),
                "--pid-file=" + data.resolve("pid"),
                "--innodb-buffer-pool-size=16M",
                "--innodb-log-file-size=8M",
                "--innodb-flush-log-at-trx-commit=0",
                "--innodb-autoinc-lock-mode=2",
                "--binlog-format=ROW",
                "--log-bin=bin",
                "--log-slave-updates=1",
                "--server-id=7",
                "--wsrep-on=1",
                "--wsrep-provider=/usr/lib/galera/libgalera_smm.so",
                "--wsrep-cluster-address=gcomm://",
                "--wsrep-node-address=127.0.0.1",
                "--wsrep-provider-options=gcache.size=16M;gmcast.listen_addr=tcp://127.0.0.1:"
                    + replication));
    Path socket = data.resolve("socket");
    String quoted = "password('" + PASSWORD.replace("\\", "\\\\").replace("'", "''") + "')";
    Server _ =
        node.await(() ->
            Tool.run(
                        "create user if not exists admin@'%'; grant all on *.* to admin@'%' with grant option;"
                            + "create user if not exists fairlead@'%' identified via"
                            + " mysql_native_password using "
                            + quoted
                            + ";create user if not exists backup@'%' identified via"
                            + " mysql_native_password using "
                            + quoted
                            + ";grant reload, process, lock tables, binlog monitor,"
                            + " replication slave, slave monitor on *.* to backup@'%';"
                            + "delete from mysql.global_priv where user=''; flush privileges;"
                            + "create database if not exists shop;",
                        "mariadb",
                        "--no-defaults",
                        "-S",
                        socket.toString(),
                        "-u",
                        "root")
                    .status()
                == 0);
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  /** As the user whose data Fairlead copies where it is root. */
  private static List<String> command(String... command) {
    List<String> all = new ArrayList<>();
    if (ROOT) {
      all.addAll(List.of("setpriv", "--reuid=mysql", "--regid=mysql", "--init-groups", "--"));
    }
    all.addAll(Arrays.asList(command));
    return all;
  }

  private static Path folder(Path parent, String name) throws Exception {
    Path made = Server.folder(parent, name);
    if (ROOT) {
      Server.run("chown", "-R", "mysql:mysql", made.toString());
    }
    return made;
  }

  private static String ask(int port, String sql) throws Exception {
    Tool.Said result =
        Tool.run(
            "",
            "mariadb",
            "--no-defaults",
            "-h",
            "127.0.0.1",
            "-P",
            "" + port,
            "-u",
            "admin",
            "-N",
            "-B",
            "-e",
            sql);
    assertThat(result.status()).as(result.output()).isZero();
    return result.output().strip();
  }

  private static Fairlead fairlead(Path folder) throws Exception {
    Path secret = Files.writeString(folder.resolve("secret"), PASSWORD);
    Path _ = folder(folder, "open"); // lets others pass to the folder of the backups
    return Loopback.start(
        """
        admin: { bind: "127.0.0.1:0" }
        data: %s
        databases:
          shop:
            engine: galera
            members: { a: "127.0.0.1:%d" }
            probe: { user: fairlead, password: "file:%s", interval: 200ms }
            backup:
              folder: %s
              user: backup
              password: "file:%s"
              drill-every: 0s
        """
            .formatted(
                folder.resolve("state"), node.port, secret, folder.resolve("backups"), secret));
  }

  private static BackupsView await(Fairlead fairlead, String what, Predicate<BackupsView> wanted)
      throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
    while (true) {
      BackupsView view = backups(fairlead).view();
      if (wanted.test(view)) {
        return view;
      }
      assertThat(System.nanoTime()).as("%s: %s", what, view).isLessThan(end);
      TimeUnit.MILLISECONDS.sleep(20); // views are replaced without a word
    }
  }

  private static Backups backups(Fairlead fairlead) {
    return Objects.requireNonNull(fairlead.databases().backups("shop"));
  }

  private static void awaitArchived(Fairlead fairlead) throws Exception {
    String[] status = ask(node.port, "show master status").split("\t", -1);
    String written = status[0] + ":" + status[1];
    await(fairlead, written, view -> view.positionText().equals(written));
  }

  private static List<String> restore(Path folder, String to, @Nullable Instant time, int port)
      throws Exception {
    return Restoring.run(
        new Restoring.Wanted(folder.resolve("backups"), null, folder.resolve(to), time, null, port),
        _ -> {});
  }

  /** The rows of what is restored. */
  private static String rows(Path folder, String to, @Nullable Instant time) throws Exception {
    int port = FreePort.any();
    List<String> said = restore(folder, to, time, port);
    try {
      return ask(port, "select group_concat(id order by id) from shop.ledger")
          + "; "
          + said.getFirst();
    } finally {
      long pid = Long.parseLong(Files.readString(folder.resolve(to).resolve("pid")).strip());
      ProcessHandle server = ProcessHandle.of(pid).orElseThrow();
      server.destroy();
      server.onExit().get(30, TimeUnit.SECONDS);
    }
  }

  private static Instant nextSecond() throws InterruptedException {
    Instant next = Instant.now().truncatedTo(ChronoUnit.SECONDS).plusSeconds(1);
    while (Instant.now().isBefore(next)) {
      TimeUnit.MILLISECONDS.sleep(20); // it is time itself that is waited for
    }
    return next;
  }

  private static Path logFile(Path folder, boolean last) throws IOException {
    try (Stream<Path> all = Files.list(folder.resolve("backups/binlog/00001"))) {
      List<Path> files =
          all.filter(f -> f.getFileName().toString().startsWith("bin.")).sorted().toList();
      return last ? files.getLast() : files.getFirst();
    }
  }

  private static void flip(Path file, long at) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(at);
      int old = bytes.read();
      bytes.seek(at);
      bytes.write(old ^ 4);
    }
  }

  @Test
  void aMomentIsRestoredToTheRowAndWhatIsDamagedIsRefused(
      @TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder) throws Exception {
    try (Fairlead fairlead = fairlead(folder)) {
      await(fairlead, "the log", view -> view.from().equals("a"));
      assertThat(ProcessHandle.allProcesses().map(each -> each.info().commandLine().orElse("")))
          .anyMatch(line -> line.contains("mariadb-binlog"))
          .noneMatch(line -> line.contains(PASSWORD));
      BackupsView first = await(fairlead, "a copy", view -> view.copies().size() == 1);
      assertThat(first.copies().getFirst().from()).isEqualTo("a");
      String _ =
          ask(
              node.port,
              "create table shop.ledger(id int primary key); insert into shop.ledger values (1);"
                  + " flush binary logs; create user later@'%' identified by 'x';"
                  + " grant select on shop.* to later@'%'; flush binary logs;"
                  + " begin; insert into shop.ledger values (2); insert into shop.ledger values (3);"
                  + " commit");
      Instant moment = nextSecond();
      String _ = ask(node.port, "insert into shop.ledger values (4)");
      awaitArchived(fairlead);
      assertThat(rows(folder, "then", moment))
          .startsWith("1,2,3; ")
          .contains("as it was at " + moment, "1 databases, 1 tables", "GTID 0-7-");
      assertThat(Files.exists(folder.resolve("then/NOT-RESTORED-YET"))).isFalse();
      assertThatThrownBy(() -> restore(folder, "then", null, 0))
          .hasMessageContaining("holds a database");
      assertThatThrownBy(() -> restore(folder, "no", moment.plusSeconds(3600), 0))
          .hasMessageContaining("is after the end of the log");
      assertThatThrownBy(() -> restore(folder, "no", moment.minusSeconds(3600), 0))
          .hasMessageContaining("the earliest moment that can be restored is");

      assertThat(backups(fairlead).drill()).isEmpty();
      BackupsView proven = await(fairlead, "a drill", view -> view.drills().size() == 1);
      assertThat(proven.drills().getFirst().text()).contains("checked by mariadb-check");
      assertThat(proven.provenMillis()).isGreaterThanOrEqualTo(moment.toEpochMilli());

      Path log = logFile(folder, true);
      flip(log, Files.size(log) - 60);
      assertThatThrownBy(() -> restore(folder, "no", null, 0))
          .hasMessageContaining("the file " + log.getFileName() + " of the log is damaged at ")
          .hasMessageContaining("checksum");
      Files.delete(log);
      assertThatThrownBy(() -> restore(folder, "no", null, 0))
          .hasMessageContaining(log.getFileName() + " is missing in the log");
      assertThat(folder.resolve("no")).doesNotExist();
      assertThat(Loopback.door(fairlead, "GET", "/api/v1/databases/shop/backups", "").body())
          .contains("\"from\":\"a\"", "\"position\":\"bin.0000")
          .doesNotContain(PASSWORD);
    }
  }

  @Test
  void aKilledCopyLeavesNothingAndADamagedOneIsReplaced(
      @TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder) throws Exception {
    try (Fairlead fairlead = fairlead(folder)) {
      ProcessHandle copying = null;
      for (long end = System.nanoTime() + 40_000_000_000L; copying == null; ) {
        assertThat(System.nanoTime()).isLessThan(end);
        copying =
            ProcessHandle.allProcesses()
                .filter(each ->
                    each.info().commandLine().orElse("").contains("mariadb-backup")
                        && each.info().commandLine().orElse("").contains(folder.toString()))
                .findFirst()
                .orElse(null);
      }
      copying.destroyForcibly();
      BackupsView failed = await(fairlead, "the failure", view -> view.failureMillis() > 0);
      assertThat(failed.copies()).isEmpty();
      try (Stream<Path> left = Files.list(folder.resolve("backups/base"))) {
        assertThat(left).isEmpty();
      }
      assertThatThrownBy(() -> restore(folder, "no", null, 0))
          .hasMessageContaining("there is no backup");
      assertThat(backups(fairlead).backUp()).isEmpty();
      BackupsView made = await(fairlead, "a copy", view -> view.copies().size() == 1);
      String id = made.copies().getFirst().id();
      flip(folder.resolve("backups/base/" + id + "/data/ibdata1"), 70_000);
      assertThatThrownBy(() -> restore(folder, "no", null, 0))
          .hasMessageContaining("backup " + id + " is damaged: the file ibdata1");
      assertThat(folder.resolve("no")).doesNotExist();
      assertThat(backups(fairlead).drill()).isEmpty();
      BackupsView healed = await(fairlead, "another copy, proven", view -> view.provenMillis() > 0);
      assertThat(healed.drills().getFirst().text()).contains("the file ibdata1 has been changed");
      assertThat(healed.copies()).hasSize(2);
      assertThat(healed.copies().getFirst().damaged()).contains("ibdata1");
      assertThat(healed.drills().getLast().backup()).isEqualTo(healed.copies().getLast().id());
    }
  }
}
