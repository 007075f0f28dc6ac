package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.health.MariadbLogin;
import io.fairlead.health.Server;
import io.fairlead.replication.DatabaseReport;
import io.fairlead.service.Node;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

/**
 * A whole instance before a real Galera cluster of three nodes whose writer drains, dies, is frozen
 * and cut off. {@code make chaos-database}.
 */
@EnabledIfSystemProperty(named = "fairlead.database.rounds", matches = "[0-9]+")
@Timeout(300)
class GaleraTest {
  private static final String PASSWORD = "hunter22222";

  /** A node of the cluster. */
  private static final class Member implements AutoCloseable {
    final int port;
    private final Server server;

    Member(Path folder, String name, int replication, int transfer, String others)
        throws Exception {
      this(folder, name, FreePort.any(), replication, transfer, others);
    }

    Member(Path folder, String name, int port, int replication, int transfer, String others)
        throws Exception {
      Path data = Server.folder(folder, name);
      this.port = port;
      List<String> command = new ArrayList<>();
      if (others.isEmpty()) {
        Server.run(
            Server.unprivileged(
                "mariadb-install-db",
                "--no-defaults",
                "--datadir=" + data,
                "--auth-root-authentication-method=normal",
                "--skip-test-db"));
      }
      command.addAll(
          Server.unprivileged(
              "mariadbd",
              "--no-defaults",
              "--datadir=" + data,
              "--port=" + port,
              "--bind-address=127.0.0.1",
              "--socket=" + data.resolve("socket"),
              "--pid-file=" + data.resolve("pid"),
              "--innodb-flush-log-at-trx-commit=0",
              "--innodb-buffer-pool-size=16M",
              "--binlog-format=ROW",
              "--innodb-autoinc-lock-mode=2",
              "--wsrep-on=1",
              "--wsrep-provider=/usr/lib/galera/libgalera_smm.so",
              "--wsrep-node-name=" + name,
              "--wsrep-cluster-address=gcomm://" + others,
              "--wsrep-node-address=127.0.0.1:" + replication,
              "--wsrep-sst-method=rsync",
              "--wsrep-sst-receive-address=127.0.0.1:" + transfer,
              "--wsrep-provider-options=base_host=127.0.0.1;base_port="
                  + replication
                  + ";gmcast.listen_addr=tcp://127.0.0.1:"
                  + replication
                  + ";ist.recv_addr=127.0.0.1:"
                  + FreePort.any()
                  + ";gcache.size=16M;evs.suspect_timeout=PT1S;evs.inactive_timeout=PT3S"
                  + ";evs.install_timeout=PT2S;evs.keepalive_period=PT0.3S"
                  + ";evs.inactive_check_period=PT0.1S;evs.join_retrans_period=PT0.2S"));
      server = Server.start(port, folder.resolve(name + ".log"), command);
      if (others.isEmpty()) {
        Path socket = data.resolve("socket");
        Server _ =
            server.await(() ->
                Tool.run(
                            "create user if not exists admin@'%'; grant all on *.* to admin@'%';"
                                + "create user if not exists fairlead@'%' identified via"
                                + " mysql_native_password using password('"
                                + PASSWORD
                                + "'); delete from mysql.global_priv where user='';"
                                + " flush privileges;"
                                + " create database if not exists shop;"
                                + " create table if not exists shop.ledger(id int primary key);",
                            "mariadb",
                            "--no-defaults",
                            "-S",
                            socket.toString(),
                            "-u",
                            "root")
                        .status()
                    == 0);
      }
      Server _ = server.await(() -> ask(port, "select 1").equals("1"));
    }

    void signal(String which) throws Exception {
      List<String> command = new ArrayList<>(List.of("kill", which));
      server.pids().forEach(pid -> command.add("" + pid));
      String _ = Server.run(command);
    }

    void kill() {
      server.close();
    }

    @Override
    public void close() {
      server.close();
    }
  }

  private static String ask(int port, String sql) throws Exception {
    return Tool.run(
            "",
            "mariadb",
            "--no-defaults",
            "--connect-timeout=15",
            "-h",
            "127.0.0.1",
            "-P",
            "" + port,
            "-u",
            "admin",
            "-N",
            "-B",
            "-e",
            sql)
        .output()
        .strip();
  }

  private static void await(Fairlead fairlead, Predicate<DatabaseReport> wanted) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
    while (!wanted.test(fairlead.databases().reports().getFirst())) {
      assertThat(System.nanoTime()).as("%s", fairlead.databases().reports()).isLessThan(end);
      TimeUnit.MILLISECONDS.sleep(10); // views are replaced without a word
    }
  }

  private static String writer(Fairlead fairlead) {
    return fairlead.databases().reports().getFirst().view().primary();
  }

  @Test
  void theWriterMovesAndNeverBack(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder)
      throws Exception {
    int first = FreePort.any();
    int second = FreePort.any();
    int third = FreePort.any();
    String all = "127.0.0.1:" + first + ",127.0.0.1:" + second + ",127.0.0.1:" + third;
    try (Member a = new Member(folder, "a", first, FreePort.any(), "");
        Member b = new Member(folder, "b", second, FreePort.any(), all);
        Member c = new Member(folder, "c", third, FreePort.any(), all);
        Fairlead fairlead =
            Loopback.start(
                """
                admin: { bind: "127.0.0.1:0" }
                data: %s
                listeners:
                  write: { bind: "127.0.0.1:0", protocol: tcp, routes: { database: shop } }
                  read:
                    bind: "127.0.0.1:0"
                    protocol: tcp
                    routes: { database: shop, for: read-only }
                databases:
                  shop:
                    engine: galera
                    members: { a: "127.0.0.1:%d", b: "127.0.0.1:%d", c: "127.0.0.1:%d" }
                    probe: { user: fairlead, password: %s, interval: 200ms }
                """
                    .formatted(folder.resolve("state"), a.port, b.port, c.port, PASSWORD))) {
      await(
          fairlead,
          report ->
              report.view().members().stream()
                  .allMatch(m -> m.role().reads() || m.role().writes()));
      assertThat(writer(fairlead)).isEqualTo("a");
      int write = Loopback.port(fairlead, "write");
      assertThat(ask(write, "select @@port")).isEqualTo("" + a.port);
      assertThat(ask(Loopback.port(fairlead, "read"), "select @@port"))
          .isIn("" + b.port, "" + c.port);

      Node node = Loopback.nodes(fairlead, "shop")[0];
      String path = "/api/v1/services/shop/nodes/" + node.address();
      assertThat(Loopback.door(fairlead, "POST", path + "/drain", "").statusCode()).isEqualTo(200);
      assertThat(ask(write, "insert into shop.ledger values (1); select @@port"))
          .isEqualTo("" + b.port);
      assertThat(Loopback.door(fairlead, "POST", path + "/undrain", "").statusCode())
          .isEqualTo(200);
      assertThat(ask(write, "select @@port")).as("not back").isEqualTo("" + b.port);

      long began = System.nanoTime();
      b.signal("-STOP");
      String next = ask(write, "insert into shop.ledger values (2); select @@port");
      System.out.printf(
          "the writer was frozen: a new client's insert took %d ms%n",
          (System.nanoTime() - began) / 1_000_000);
      assertThat(next).isIn("" + a.port, "" + c.port);
      b.signal("-CONT");
      await(fairlead, report -> report.view().members().get(1).role().reads());
      assertThat(ask(write, "select @@port")).as("not back").isEqualTo(next);

      Member holder = next.equals("" + a.port) ? a : c;
      Member rest = holder == a ? c : a;
      for (Member each : List.of(a, b, c)) { // two of three are a majority, two of two less one not
        Loopback.await(each.port + " knows of all", PATIENCE, () -> knowsOfAll(each));
      }
      String _ = ask(holder.port, "set global wsrep_provider_options='gmcast.isolate=1'");
      began = System.nanoTime();
      await(
          fairlead,
          report ->
              !writer(fairlead).isEmpty() && !writer(fairlead).equals(holder == a ? "a" : "c"));
      System.out.printf(
          "the writer was cut off: another took the writes after %d ms%n",
          (System.nanoTime() - began) / 1_000_000);
      assertThat(ask(write, "insert into shop.ledger values (3); select @@port"))
          .isIn("" + b.port, "" + rest.port);
      String _ = ask(holder.port, "set global wsrep_provider_options='gmcast.isolate=0'");
      await(
          fairlead,
          report ->
              report.view().members().stream()
                  .allMatch(m -> m.role().reads() || m.role().writes()));

      String now = writer(fairlead);
      Member dies = now.equals("a") ? a : now.equals("b") ? b : c;
      began = System.nanoTime();
      dies.kill();
      assertThat(ask(write, "insert into shop.ledger values (4); select @@port"))
          .isNotEqualTo("" + dies.port);
      System.out.printf(
          "the writer was killed: a new client's insert took %d ms%n",
          (System.nanoTime() - began) / 1_000_000);
      assertThat(ask(write, "select count(*) from shop.ledger")).isEqualTo("4");
    }
  }

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private static boolean knowsOfAll(Member member) {
    try {
      return ask(member.port, "show status like 'wsrep_cluster_size'").endsWith("3")
          && ask(member.port, "show status like 'wsrep_local_state'").endsWith("4");
    } catch (Exception _) {
      return false; // it does not answer yet
    }
  }

  private static MariadbLogin client(int port) throws IOException {
    return MariadbLogin.open(
        new HostPort("127.0.0.1", port), "admin", new Secret(""), Duration.ofSeconds(20));
  }

  private static String first(MariadbLogin login, String question) throws IOException {
    return login.rows(question, PATIENCE).getFirst().getFirst();
  }

  /** What one client does to a row that another changes, too. */
  private record Meetings(int commits, int deadlocks) {}

  /**
   * Transactions of two clients that change one row, for so long.
   *
   * @param apart whether the two are to be at two members
   */
  private static Meetings meet(int port, boolean apart, Duration time) throws Exception {
    AtomicInteger commits = new AtomicInteger();
    AtomicInteger deadlocks = new AtomicInteger();
    List<MariadbLogin> sessions = new ArrayList<>(List.of(client(port), client(port)));
    try (ExecutorService threads = Executors.newCachedThreadPool()) {
      String member = first(sessions.getFirst(), "select @@port");
      while (apart && first(sessions.getLast(), "select @@port").equals(member)) {
        sessions.removeLast().close();
        sessions.add(client(port));
      }
      List<Callable<Boolean>> clients = new ArrayList<>();
      for (MariadbLogin login : sessions) {
        clients.add(() -> {
          long end = System.nanoTime() + time.toNanos();
          while (System.nanoTime() < end) {
            try {
              login.order("begin", PATIENCE);
              login.order("update shop.hot set n=n+1 where id=1", PATIENCE);
              login.order("commit", PATIENCE);
              commits.incrementAndGet();
            } catch (IOException e) {
              if (!String.valueOf(e.getMessage()).contains("eadlock")) {
                throw e;
              }
              deadlocks.incrementAndGet();
              login.order("rollback", PATIENCE);
            }
          }
          return true;
        });
      }
      for (Future<Boolean> one : threads.invokeAll(clients)) {
        assertThat(one.get()).isTrue();
      }
    } finally {
      sessions.forEach(MariadbLogin::close);
    }
    System.out.printf(
        "two clients, one row, at %s: %d commits, %d deadlocks%n",
        apart ? "two members" : "one", commits.get(), deadlocks.get());
    return new Meetings(commits.get(), deadlocks.get());
  }

  /** One that writes rows without a pause, and logs in anew when it has to. */
  private static final class KeyWriter implements AutoCloseable {
    private final int port;
    private final int step;
    final List<Integer> acknowledged = new CopyOnWriteArrayList<>();
    volatile String at = "";
    volatile long atSince;
    volatile long firstThere;
    final AtomicInteger logins = new AtomicInteger();
    private volatile boolean ends;
    private final Thread thread;

    KeyWriter(int port, int first) {
      this.port = port;
      this.step = first;
      thread = Thread.ofVirtual().start(this::write);
    }

    private void write() {
      int id = step;
      while (!ends) {
        try (MariadbLogin login = client(port)) {
          int _ = logins.incrementAndGet();
          String member = first(login, "select @@port");
          if (!member.equals(at)) {
            at = member;
            atSince = System.nanoTime();
            firstThere = 0;
          }
          while (!ends) {
            id += 2; // of two writers, one has the even ones
            login.order("insert into shop.ledger values (" + id + ")", PATIENCE);
            acknowledged.add(id);
            if (firstThere == 0) {
              firstThere = System.nanoTime();
            }
          }
        } catch (IOException _) {
          // what was not acknowledged is not counted
        }
      }
    }

    void end() throws InterruptedException {
      ends = true;
      thread.join();
    }

    @Override
    public void close() {
      ends = true;
    }
  }

  private static long millis(long from, long to) {
    return (to - from) / 1_000_000;
  }

  @Test
  void eachKeyIsWrittenAtOneMember(@TempDir(cleanup = CleanupMode.ON_SUCCESS) Path folder)
      throws Exception {
    int first = FreePort.any();
    int second = FreePort.any();
    int third = FreePort.any();
    String all = "127.0.0.1:" + first + ",127.0.0.1:" + second + ",127.0.0.1:" + third;
    try (Member a = new Member(folder, "a", first, FreePort.any(), "");
        Member b = new Member(folder, "b", second, FreePort.any(), all);
        Member c = new Member(folder, "c", third, FreePort.any(), all);
        Fairlead fairlead =
            Loopback.start(
                """
                admin: { bind: "127.0.0.1:0" }
                data: %s
                listeners:
                  zero:
                    bind: "127.0.0.1:0"
                    protocol: tcp
                    routes: { database: shop, key: tenant-0 }
                  one:
                    bind: "127.0.0.1:0"
                    protocol: tcp
                    routes: { database: shop, key: tenant-1 }
                  any: { bind: "127.0.0.1:0", protocol: tcp, routes: { database: shop } }
                  spread: { bind: "127.0.0.1:0", protocol: tcp, routes: { database: spread } }
                databases:
                  shop:
                    engine: galera
                    members: &members
                      { a: "127.0.0.1:%d", b: "127.0.0.1:%d", c: "127.0.0.1:%d" }
                    probe: { user: fairlead, password: %s, interval: 200ms }
                    writers: affinity
                  spread:
                    engine: galera
                    members: *members
                    probe: { user: fairlead, password: %s, interval: 200ms }
                    writers: all
                """
                    .formatted(
                        folder.resolve("state"), a.port, b.port, c.port, PASSWORD, PASSWORD))) {
      await(fairlead, report -> report.view().members().stream().allMatch(m -> m.role().writes()));
      Loopback.await(
          "all take writes of the other",
          () ->
              fairlead.databases().reports().getLast().view().members().stream()
                  .allMatch(m -> m.role().writes()));
      String _ =
          ask(
              a.port,
              "create table shop.hot(id int primary key, n int); insert into shop.hot values (1,0)");
      int zero = Loopback.port(fairlead, "zero");
      int one = Loopback.port(fairlead, "one");
      assertThat(Loopback.door(fairlead, "GET", "/api/v1/databases", "").body())
          .contains(
              "{\"key\":\"tenant-0\",\"member\":\"b\"},{\"key\":\"tenant-1\",\"member\":\"c\"}");
      for (int i = 0; i < 20; i++) {
        try (MariadbLogin atZero = client(zero);
            MariadbLogin atOne = client(one)) {
          assertThat(first(atZero, "select @@port")).isEqualTo("" + b.port);
          assertThat(first(atOne, "select @@port")).isEqualTo("" + c.port);
        }
      }

      Meetings apart = meet(Loopback.port(fairlead, "spread"), true, Duration.ofSeconds(5));
      Meetings together = meet(zero, false, Duration.ofSeconds(5));
      assertThat(apart.deadlocks()).as("at two members").isPositive();
      assertThat(together.deadlocks()).as("at one").isZero();

      try (KeyWriter ofZero = new KeyWriter(zero, 1000);
          KeyWriter ofOne = new KeyWriter(one, 1001)) {
        Loopback.await(
            "both write", () -> ofZero.acknowledged.size() > 50 && ofOne.acknowledged.size() > 50);
        long began = System.nanoTime();
        b.kill();
        Loopback.await("zero is elsewhere", () -> ofZero.atSince > began && ofZero.firstThere > 0);
        String successor = ofZero.at;
        System.out.printf(
            "the member of a key was killed: a session elsewhere after %d ms, a row after %d ms%n",
            millis(began, ofZero.atSince), millis(began, ofZero.firstThere));
        assertThat(millis(began, ofZero.atSince)).isLessThan(2000);
        assertThat(successor).isIn("" + a.port, "" + c.port);

        try (Member back = new Member(folder, "b", b.port, second, FreePort.any(), all)) {
          await(fairlead, report -> report.keys().getFirst().member().equals("b"));
          long returned = System.nanoTime();
          try (MariadbLogin fresh = client(zero)) {
            assertThat(first(fresh, "select @@port")).isEqualTo("" + back.port);
          }
          Loopback.await("zero is back", () -> ofZero.at.equals("" + back.port));
          System.out.printf(
              "it came back: a session that wrote elsewhere ended and was there after %d ms%n",
              Math.max(0, millis(returned, ofZero.atSince)));
          assertThat(millis(returned, ofZero.atSince)).isLessThan(2000);
          int so = ofZero.acknowledged.size();
          Loopback.await("it writes there", () -> ofZero.acknowledged.size() > so + 50);
          assertThat(ofOne.at).isEqualTo("" + c.port);
          assertThat(ofOne.logins.get()).as("the other key's session was never touched").isOne();

          ofZero.end();
          ofOne.end();
          Set<Integer> acknowledged = new TreeSet<>(ofZero.acknowledged);
          acknowledged.addAll(ofOne.acknowledged);
          String rows = ask(c.port, "set session wsrep_sync_wait=1; select id from shop.ledger");
          System.out.printf("%d acknowledged%n", acknowledged.size());
          rows.lines().forEach(row -> acknowledged.remove(Integer.valueOf(row)));
          assertThat(acknowledged).as("lost").isEmpty();
        }
      }
    }
  }
}
