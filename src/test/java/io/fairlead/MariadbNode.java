package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.health.Server;
import io.fairlead.replication.backup.Backups;
import io.fairlead.replication.backup.BackupsView;
import io.fairlead.replication.backup.Restoring;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A real node of a Galera cluster that is backed up, and what is restored of it. */
final class MariadbNode implements AutoCloseable {
  static final String PASSWORD = "hunter\\2\"2#'2222";
  private static final boolean ROOT = "root".equals(System.getProperty("user.name"));

  /** Longer where much is copied. */
  private static final long PATIENCE_SECONDS = 40L + Integer.getInteger("fairlead.backups.mib", 0);

  private final Path folder;
  private final Path data;
  private final int port = FreePort.any();
  private final int replication = FreePort.any();
  private Server server;

  private MariadbNode(Path folder) throws Exception {
    this.folder = folder;
    this.data = folder(folder, "data");
    Server.run(
        command(
            "mariadb-install-db",
            "--no-defaults",
            "--datadir=" + data,
            "--auth-root-authentication-method=normal",
            "--skip-test-db"));
    server = started();
  }

  /** With the users that backups take, and an empty database {@code shop}. */
  static MariadbNode start(Path folder) throws Exception {
    MariadbNode node = new MariadbNode(folder);
    String quoted = "password('" + PASSWORD.replace("\\", "\\\\").replace("'", "''") + "')";
    Server _ =
        node.server.await(() ->
            node.isTold(
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
                    + "create database if not exists shop;"));
    return node;
  }

  private boolean isTold(String sql) throws Exception {
    return Tool.run(
                sql,
                "mariadb",
                "--no-defaults",
                "-S",
                data.resolve("socket").toString(),
                "-u",
                "root")
            .status()
        == 0;
  }

  private Server started() throws Exception {
    return Server.start(
        port,
        folder.resolve("log"),
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
  }

  int port() {
    return port;
  }

  /** Its process is another one then. */
  void restart() throws Exception {
    server.stop();
    server = started();
    Server _ = server.await(() -> isTold("select 1"));
  }

  @Override
  public void close() {
    server.close();
  }

  String ask(String sql) throws Exception {
    return ask(port, sql);
  }

  /** One who stays logged in. */
  static final class Session implements AutoCloseable {
    private final Process client;

    private Session(Process client) {
      this.client = client;
    }

    void tell(String sql) throws IOException {
      client.outputWriter().write(sql + "\n");
      client.outputWriter().flush();
    }

    /** Waits until all that it was told has been done. */
    void awaitTold() throws IOException {
      tell("select 'told';");
      assertThat(client.inputReader().readLine()).isEqualTo("told");
    }

    @Override
    public void close() {
      client.destroyForcibly();
    }
  }

  Session session() throws IOException {
    return new Session(
        new ProcessBuilder(
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
                "--unbuffered")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start());
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

  static Path folder(Path parent, String name) throws Exception {
    Path made = Server.folder(parent, name);
    if (ROOT) {
      Server.run("chown", "-R", "mysql:mysql", made.toString());
    }
    return made;
  }

  static String ask(int port, String sql) throws Exception {
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

  /**
   * An instance that backs it up.
   *
   * @param more of {@code backup}
   */
  Fairlead fairlead(Path folder, String more) throws Exception {
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
              %s
        """
            .formatted(
                folder.resolve("state"), port, secret, folder.resolve("backups"), secret, more));
  }

  static BackupsView await(Fairlead fairlead, String what, Predicate<BackupsView> wanted)
      throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
    while (true) {
      BackupsView view = backups(fairlead).view();
      if (wanted.test(view)) {
        return view;
      }
      assertThat(System.nanoTime()).as("%s: %s", what, view).isLessThan(end);
      TimeUnit.MILLISECONDS.sleep(20); // views are replaced without a word
    }
  }

  static Backups backups(Fairlead fairlead) {
    return Objects.requireNonNull(fairlead.databases().backups("shop"));
  }

  void awaitArchived(Fairlead fairlead) throws Exception {
    String[] status = ask("show master status").split("\t", -1);
    String written = status[0] + ":" + status[1];
    await(fairlead, written, view -> view.positionText().equals(written));
  }

  static List<String> restore(Path folder, String to, @Nullable Instant time, int port)
      throws Exception {
    return Restoring.run(
        new Restoring.Wanted(folder.resolve("backups"), null, folder.resolve(to), time, null, port),
        _ -> {});
  }

  /** The rows of what is restored. */
  static String rows(Path folder, String to, @Nullable Instant time) throws Exception {
    return restored(
        folder,
        to,
        time,
        port -> ask(port, "select group_concat(id order by id) from shop.ledger"));
  }

  /** What is asked of a server at a port. */
  interface Question {
    String ask(int port) throws Exception;
  }

  /** What is restored says to that, and then what was said of it. */
  static String restored(Path folder, String to, @Nullable Instant time, Question question)
      throws Exception {
    int port = FreePort.any();
    List<String> said = restore(folder, to, time, port);
    try {
      return question.ask(port) + "; " + said.getFirst();
    } finally {
      long pid = Long.parseLong(Files.readString(folder.resolve(to).resolve("pid")).strip());
      ProcessHandle server = ProcessHandle.of(pid).orElseThrow();
      server.destroy();
      server.onExit().get(30, TimeUnit.SECONDS);
    }
  }

  static void delete(Path folder) throws Exception {
    Server.run("rm", "-r", folder.toString());
  }

  static void flip(Path file, long at) throws IOException {
    try (RandomAccessFile bytes = new RandomAccessFile(file.toFile(), "rw")) {
      bytes.seek(at);
      int old = bytes.read();
      bytes.seek(at);
      bytes.write(old ^ 4);
    }
  }
}
