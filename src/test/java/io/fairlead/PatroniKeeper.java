package io.fairlead;

import io.fairlead.health.PostgresqlLogin;
import io.fairlead.health.Server;
import io.fairlead.replication.PostgresPrograms;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Debian's Patroni with three members, each of which has an etcd beside it, and one HAProxy before
 * them that asks Patroni who is the primary. Commits are synchronous, and wait where nobody
 * confirms them, so that nothing may be lost.
 */
final class PatroniKeeper implements KeptDatabase {
  private static final String PASSWORD = "hunter22222"; // that of ManagedPostgresql.login
  private static final Duration PATIENCE = Duration.ofMinutes(4);
  private static final String WHOLE =
      "select current_setting('port') || ' ' || count(*) filter (where state = 'streaming') || ' '"
          + " || count(*) filter (where sync_state <> 'async') from pg_stat_replication";

  /**
   * What decides how long nobody can write, and what is lost.
   *
   * @param etcd which version of its interface is spoken, by the name that Patroni has for it
   * @param patroni for all members
   * @param postgresql for all members
   * @param haproxy when it asks whom
   * @param check how long it waits for an answer
   */
  record Settings(String etcd, String patroni, String postgresql, String haproxy, String check) {
    /** What Patroni does when it is told nothing; HAProxy as Patroni's own example says. */
    static final Settings DELIVERED =
        new Settings(
            "etcd",
            "ttl: 30, loop_wait: 10, retry_timeout: 10",
            "",
            "inter 3s fall 3 rise 2",
            "5s");

    /**
     * The least that Patroni's documentation allows; a server that has crashed gives way at once,
     * not after 300 s in which it might recover; replicas look for a primary as often as ours; and
     * HAProxy asks six times as often.
     */
    static final Settings SHORTEST =
        new Settings(
            "etcd",
            "ttl: 20, loop_wait: 1, retry_timeout: 3, primary_start_timeout: 0",
            ", wal_retrieve_retry_interval: 200ms",
            "inter 500ms fall 2 rise 1",
            "1s");

    /**
     * The same by version 3, where Patroni 3.0.2 writes who leads without a look at who does
     * (mended in 3.0.3).
     */
    static final Settings SHORTEST_ETCD3 =
        new Settings(
            "etcd3", SHORTEST.patroni, SHORTEST.postgresql, SHORTEST.haproxy, SHORTEST.check);
  }

  private final Settings settings;
  private final Path folder;
  private final PostgresPrograms programs = PostgresPrograms.find();
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();
  private final List<Member> members = new ArrayList<>();
  private final int door = FreePort.any();
  private final @Nullable Process haproxy;
  private List<ProcessHandle> frozen = List.of();

  /** One machine. */
  private final class Member {
    final String name;
    final Path top;
    final Path config;
    final int port = FreePort.any();
    final int rest = FreePort.any();
    final int etcd = FreePort.any();
    final int peer = FreePort.any();
    @Nullable Process vote;
    @Nullable Process patroni;

    Member(String name) throws IOException, InterruptedException {
      this.name = name;
      this.top = Server.folder(folder, name);
      this.config = folder.resolve(name + ".yaml");
      programs.give(top);
    }

    void start() throws IOException {
      startVote();
      patroni = run(name + "-patroni", List.of("/usr/bin/patroni", config.toString()));
    }

    void startVote() throws IOException {
      Process running = vote;
      if (running == null || !running.isAlive()) {
        vote = run(name + "-etcd", etcdCommand());
      }
    }

    private List<String> etcdCommand() {
      String clients = "http://127.0.0.1:" + etcd;
      String peers = "http://127.0.0.1:" + peer;
      return List.of(
          "etcd",
          "--name=" + name,
          "--data-dir=" + top.resolve("etcd"),
          "--enable-v2=true",
          "--listen-client-urls=" + clients,
          "--advertise-client-urls=" + clients,
          "--listen-peer-urls=" + peers,
          "--initial-advertise-peer-urls=" + peers,
          "--initial-cluster="
              + String.join(
                  ",",
                  members.stream()
                      .map(one -> one.name + "=http://127.0.0.1:" + one.peer)
                      .toList()));
    }

    List<ProcessHandle> server() throws IOException {
      Path file = top.resolve("data").resolve("postmaster.pid");
      if (!Files.exists(file)) {
        return List.of();
      }
      long pid = Long.parseLong(Files.readAllLines(file).getFirst().strip());
      Path line = Path.of("/proc", Long.toString(pid), "cmdline");
      boolean ours = Files.exists(line) && Files.readString(line).contains(top.toString());
      return ours ? Signals.all(pid) : List.of(); // else it is what a dead one has left
    }

    List<ProcessHandle> all() throws IOException {
      List<ProcessHandle> all = new ArrayList<>();
      for (Process one : new Process[] {patroni, vote}) {
        if (one != null) {
          all.addAll(Signals.all(one.pid()));
        }
      }
      all.addAll(server());
      return all;
    }
  }

  PatroniKeeper(Path parent, Settings settings) throws Exception {
    this.settings = settings;
    this.folder = Server.folder(parent, "patroni");
    boolean begun = false;
    try {
      for (String name : List.of("a", "b", "c")) {
        members.add(new Member(name));
      }
      for (Member one : members) {
        one.startVote();
      }
      for (Member one : members) {
        Files.writeString(one.config, patroni(one));
        one.start();
      }
      Path config = Files.writeString(folder.resolve("haproxy.cfg"), haproxy());
      haproxy = run("haproxy", List.of("/usr/sbin/haproxy", "-db", "-f", config.toString()));
      int _ = awaitWhole();
      try (PostgresqlLogin owner = owner()) {
        String _ =
            ManagedPostgresql.ask(owner, "create role shop login password '" + PASSWORD + "'");
        String _ = ManagedPostgresql.ask(owner, "create database shop owner shop");
      }
      begun = true;
    } finally {
      if (!begun) {
        close();
      }
    }
  }

  /** As who runs servers; it ends with us. */
  private Process run(String name, List<String> command) throws IOException {
    List<String> all = new ArrayList<>(List.of("setpriv", "--pdeathsig", "KILL", "--"));
    all.addAll(command);
    Path log = folder.resolve(name + "-" + System.nanoTime() + ".log");
    return PostgresPrograms.builder(programs.asUser(all), Map.of())
        .redirectErrorStream(true)
        .redirectOutput(log.toFile())
        .start();
  }

  private String patroni(Member member) {
    return """
    scope: orders
    name: %1$s
    restapi: { listen: "127.0.0.1:%2$d", connect_address: "127.0.0.1:%2$d" }
    %9$s: { hosts: [%3$s] }
    bootstrap:
      dcs:
        %4$s
        synchronous_mode: true
        synchronous_mode_strict: true
        postgresql: { use_pg_rewind: true, use_slots: true }
      initdb: [{ encoding: UTF8 }, { locale: C }, data-checksums]
    postgresql:
      listen: "127.0.0.1:%5$d"
      connect_address: "127.0.0.1:%5$d"
      data_dir: %6$s/data
      bin_dir: %7$s
      pgpass: %6$s/pgpass
      authentication:
        superuser: { username: postgres, password: %8$s }
        replication: { username: replicator, password: %8$s }
      parameters: { unix_socket_directories: "%6$s", shared_buffers: 16MB%10$s }
      pg_hba:
        - local all all trust
        - host all all 127.0.0.1/32 scram-sha-256
        - host replication all 127.0.0.1/32 scram-sha-256
    watchdog: { mode: "off" }
    """
        .formatted(
            member.name,
            member.rest,
            String.join(
                ", ", members.stream().map(one -> "\"127.0.0.1:" + one.etcd + "\"").toList()),
            settings.patroni.replace(", ", "\n    "),
            member.port,
            member.top,
            Objects.requireNonNull(programs.program("postgres").getParent()),
            PASSWORD,
            settings.etcd,
            settings.postgresql);
  }

  private String haproxy() {
    StringBuilder text =
        new StringBuilder(
            """
            global
              maxconn 100
            defaults
              mode tcp
              retries 2
              timeout client 30m
              timeout connect 4s
              timeout server 30m
              timeout check %s
            listen orders
              bind 127.0.0.1:%d
              option httpchk OPTIONS /primary
              http-check expect status 200
              default-server %s on-marked-down shutdown-sessions
            """
                .formatted(settings.check, door, settings.haproxy));
    for (Member one : members) {
      text.append(
          "  server %s 127.0.0.1:%d maxconn 100 check port %d%n"
              .formatted(one.name, one.port, one.rest));
    }
    return text.toString();
  }

  /** What was measured: names of programs and their versions. */
  static String versions() throws Exception {
    return first("(?s).*?patroni (\\S+).*", "Patroni", "/usr/bin/patroni", "--version")
        + ", "
        + first("(?s).*?etcd Version: (\\S+).*", "etcd", "etcd", "--version")
        + ", "
        + first("(?s).*?version (\\S+?)-.*", "HAProxy", "/usr/sbin/haproxy", "-v")
        + ", PostgreSQL "
        + PostgresPrograms.find().version();
  }

  private static String first(String pattern, String name, String... command) throws Exception {
    return name + " " + Tool.run("", command).output().replaceAll(pattern, "$1").strip();
  }

  private PostgresqlLogin owner() throws IOException {
    return ManagedPostgresql.login(door, "postgres", "postgres");
  }

  @Override
  public PostgresqlLogin open() throws IOException {
    return ManagedPostgresql.login(door, "shop", "shop");
  }

  @Override
  public int awaitWhole() throws Exception {
    long end = System.nanoTime() + PATIENCE.toNanos();
    String seen = "";
    while (System.nanoTime() < end) {
      try (PostgresqlLogin owner = owner()) {
        seen = ManagedPostgresql.ask(owner, WHOLE);
        for (int i = 0; i < members.size(); i++) {
          if (seen.equals(members.get(i).port + " 2 1") && isAgreed(members.get(i))) {
            return i;
          }
        }
      } catch (IOException e) {
        seen = e.toString();
      }
      TimeUnit.MILLISECONDS.sleep(200); // nobody says when it is
    }
    throw new AssertionError("it does not become whole: " + seen + "; see the logs in " + folder);
  }

  /** Whether etcd has been told who may succeed. */
  private boolean isAgreed(Member primary) throws IOException, InterruptedException {
    String said =
        http.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + primary.rest + "/cluster"))
                    .timeout(Duration.ofSeconds(5))
                    .build(),
                HttpResponse.BodyHandlers.ofString())
            .body();
    return said.contains("sync_standby") && said.split("\"name\"", -1).length - 1 == 3;
  }

  @Override
  public void killServer(int machine) throws IOException {
    boolean _ = members.get(machine).server().getFirst().destroyForcibly();
  }

  @Override
  public void freeze(int machine) throws Exception {
    frozen = members.get(machine).all();
    Signals.send("STOP", frozen);
  }

  @Override
  public void thaw(int machine) throws Exception {
    Signals.send("CONT", frozen);
  }

  @Override
  public void lose(int machine) throws Exception {
    Signals.send("KILL", members.get(machine).all());
  }

  @Override
  public void start(int machine) throws IOException {
    members.get(machine).start();
  }

  @Override
  public void close() throws IOException {
    List<ProcessHandle> all = new ArrayList<>();
    Process before = haproxy;
    if (before != null) {
      all.addAll(Signals.all(before.pid()));
    }
    for (Member one : members) {
      Process patroni = one.patroni;
      if (patroni != null) { // before its server, or it would start another
        patroni.destroyForcibly();
        patroni.onExit().join();
      }
      all.addAll(one.all());
    }
    all.forEach(ProcessHandle::destroyForcibly);
    all.forEach(one -> one.onExit().join());
  }
}
