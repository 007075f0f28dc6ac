package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.health.PostgresqlLogin;
import io.fairlead.health.Server;
import io.fairlead.replication.DatabaseReport;
import io.fairlead.replication.DatabaseView;
import io.fairlead.replication.PostgresPrograms;
import io.fairlead.replication.manage.DatabaseManager;
import io.fairlead.replication.manage.ManagedView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** An instance that manages a PostgreSQL database as the example says, on free ports. */
final class ManagedPostgresql implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** To make three servers takes a busy machine its time. */
  static final Duration LONG = Duration.ofSeconds(90);

  static final String PASSWORD = "hunter22222";

  final Map<String, Integer> ports = new LinkedHashMap<>();
  private final Path folder;
  private final String plain;
  private String text;
  private String password = PASSWORD;
  private Fairlead fairlead;
  private boolean runs = true;

  ManagedPostgresql(Path folder) throws Exception {
    this(folder, _ -> {});
  }

  /** What is done to the folders of the members before there is anything in them. */
  interface Disks {
    void prepare(Path top) throws Exception;
  }

  ManagedPostgresql(Path folder, Disks disks) throws Exception {
    this(folder, disks, false);
  }

  /**
   * @param checks whether all pages are read again and again
   */
  ManagedPostgresql(Path folder, Disks disks, boolean checks) throws Exception {
    this(folder, disks, checks, "");
  }

  /**
   * @param more lines of the database's configuration
   */
  ManagedPostgresql(Path folder, Disks disks, boolean checks, String more) throws Exception {
    this(folder, disks, checks, more, "");
  }

  /**
   * @param tls by what members know each other; empty: they speak in the clear
   */
  ManagedPostgresql(Path folder, String tls) throws Exception {
    this(folder, _ -> {}, false, "", tls);
  }

  ManagedPostgresql(Path folder, Disks disks, boolean checks, String more, String tls)
      throws Exception {
    this(folder, disks, checks, more, tls, false);
  }

  /**
   * Two members and a witness {@code w}.
   *
   * @param more lines of the database's configuration
   */
  static ManagedPostgresql withWitness(Path folder, String more) throws Exception {
    return new ManagedPostgresql(folder, _ -> {}, false, more, "", true);
  }

  private ManagedPostgresql(
      Path folder, Disks disks, boolean checks, String more, String tls, boolean witness)
      throws Exception {
    this.folder = Server.folder(folder, "state");
    String example =
        Files.readString(Path.of("examples", "managed-postgresql.yaml"))
            .replaceAll("0\\.0\\.0\\.0:\\d+", "127.0.0.1:0")
            .replaceAll("\\$\\{\\w+}", PASSWORD)
            .replace("128MB", "16MB")
            .replace("settings: {", checks ? "settings: { checkpoint_timeout: 30s," : "settings: {")
            .replace("every: 168h, rate: 32MiB", checks ? "every: 2s, rate: 1GiB" : "every: 0s")
            .replace("/var/lib/fairlead", this.folder.toString())
            .replace(", c: \"127.0.0.1:5503\"", witness ? "" : ", c: \"127.0.0.1:5503\"")
            .replace(
                "    manage:\n",
                more + "    manage:\n" + (witness ? "      witness: { name: w }\n" : ""));
    for (String name : witness ? List.of("a", "b") : List.of("a", "b", "c")) {
      ports.put(name, FreePort.any());
      example = FreePort.instead(example, 5500 + ports.size(), ports.get(name));
    }
    for (String name : ports.keySet()) {
      disks.prepare(top(name));
    }
    plain = "admin: { bind: \"127.0.0.1:0\" }\n" + example;
    text = with(tls);
    fairlead = Loopback.start(text);
  }

  private String with(String tls) {
    return tls.isEmpty()
        ? plain
        : plain.replace("settings: {", "tls: " + tls + "\n      settings: {");
  }

  /** Goes on with that TLS. */
  void apply(String tls) {
    text = with(tls);
    assertThat(fairlead.apply(Loopback.read(text), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
  }

  Fairlead fairlead() {
    return fairlead;
  }

  /** Ends the instance. */
  void stop() {
    if (runs) {
      runs = false;
      fairlead.close();
    }
  }

  /** Begins another on the same folder. */
  void start() throws Exception {
    fairlead = Loopback.start(text);
    runs = true;
  }

  /** The same, with other passwords in its configuration. */
  void start(String other) throws Exception {
    text = text.replace(password, other);
    password = other;
    start();
  }

  /** The port of a member. */
  int port(String member) {
    return Objects.requireNonNull(ports.get(member));
  }

  DatabaseView view() {
    List<DatabaseReport> reports = fairlead.databases().reports();
    return reports.getFirst().view();
  }

  String primary() {
    return view().primary();
  }

  void awaitPrimary(String name) throws Exception {
    Loopback.await(name + " takes the writes", LONG, () -> primary().equals(name));
  }

  void awaitReplicas(int count) throws Exception {
    Loopback.await(
        count + " replicas may be read",
        LONG,
        () -> view().members().stream().filter(one -> one.role().reads()).count() == count);
  }

  /** Waits until any one of three may be lost: the replicas begin to vote one after the other. */
  void awaitTwoVoters() throws InterruptedException {
    Loopback.await("two vote", LONG, () -> managed().names().contains(","));
  }

  /** Through Fairlead. */
  PostgresqlLogin writer() throws IOException {
    return login(Loopback.port(fairlead, "orders-write"), "shop", "shop", password);
  }

  /** Of a member itself, as who may monitor. */
  PostgresqlLogin probe(String member) throws IOException {
    return login(port(member), "fairlead", "postgres", password);
  }

  static PostgresqlLogin login(int port, String user, String database) throws IOException {
    return login(new HostPort("127.0.0.1", port), user, database);
  }

  private static PostgresqlLogin login(int port, String user, String database, String password)
      throws IOException {
    return PostgresqlLogin.open(
        new HostPort("127.0.0.1", port),
        user,
        new Secret(password),
        database,
        "test",
        Duration.ofSeconds(40));
  }

  static PostgresqlLogin login(HostPort address, String user, String database) throws IOException {
    return PostgresqlLogin.open(
        address, user, new Secret(PASSWORD), database, "test", Duration.ofSeconds(40));
  }

  static String ask(PostgresqlLogin login, String sql) throws IOException {
    List<?> row = login.row(sql, PATIENCE);
    return row.isEmpty() ? "" : String.valueOf(row.getFirst());
  }

  /** Where all of a member is. */
  Path top(String member) {
    return folder.resolve("orders").resolve(member);
  }

  Path data(String member) {
    return top(member).resolve("data");
  }

  /** Has somebody of the machine itself, who may do anything, ask a member. */
  String owner(String member, String sql) throws IOException {
    return owner(member, sql, "postgres");
  }

  /** The same in that database. */
  String owner(String member, String sql, String database) throws IOException {
    return PostgresPrograms.find()
        .run(
            "psql",
            List.of(
                "-h",
                top(member).toString(),
                "-p",
                Integer.toString(port(member)),
                "-U",
                "postgres",
                "-XAtc",
                sql,
                database),
            Map.of(),
            PATIENCE)
        .strip();
  }

  /** The others. */
  List<String> replicas(String primary) {
    return ports.keySet().stream().filter(name -> !name.equals(primary)).toList();
  }

  ManagedView managed() {
    return manager().view();
  }

  DatabaseManager manager() {
    return Objects.requireNonNull(fairlead.databases().managed("orders"));
  }

  long pid(String member) throws IOException {
    return Long.parseLong(
        Files.readAllLines(data(member).resolve("postmaster.pid")).getFirst().strip());
  }

  /** All of a member's server. */
  List<ProcessHandle> processes(String member) throws IOException {
    return Signals.all(pid(member));
  }

  /** Has one of its processes hang. */
  void freeze(String member, String name) throws Exception {
    Tool.Said stopped = Tool.run("", "kill", "-STOP", "" + process(member, name).pid());
    assertThat(stopped.status()).isZero();
  }

  /** One of its processes that calls itself so. */
  ProcessHandle process(String member, String name) throws IOException {
    return processes(member, name).getFirst();
  }

  /** All of them that do, one at least. */
  List<ProcessHandle> processes(String member, String name) throws IOException {
    List<ProcessHandle> found = Signals.named(processes(member), name);
    if (found.isEmpty()) {
      throw new IOException(member + " has no " + name);
    }
    return found;
  }

  /** Who takes the writes then. */
  String switchover() throws IOException {
    return manager().switchover("");
  }

  /** Has that one take the writes with what it has, as soon as it can be asked to. */
  void bootstrap(String member) throws Exception {
    Loopback.await(
        member + " begins",
        LONG,
        () -> {
          try {
            String _ = manager().bootstrap(member);
            return true;
          } catch (IOException _) {
            return false; // it is not known yet that it is needed
          }
        });
  }

  /** As the kernel does to one that has taken too much. */
  void kill(String member) throws IOException {
    assertThat(ProcessHandle.of(pid(member)).map(ProcessHandle::destroyForcibly)).contains(true);
  }

  /** Gets rid of a folder with all there is in it. */
  static void remove(Path folder) throws Exception {
    assertThat(Tool.run("", "rm", "-r", folder.toString()).status()).isZero();
  }

  /** The same as {@link #kill}, and waits until it has ended. */
  void killAndAwait(String member) throws Exception {
    ProcessHandle server = ProcessHandle.of(pid(member)).orElseThrow();
    List<ProcessHandle> all = processes(member);
    kill(member);
    Loopback.await(
        member + " has ended",
        () -> !server.isAlive() && all.stream().noneMatch(ProcessHandle::isAlive));
  }

  /** Nothing is done about what befalls members, until that is over. */
  void pause(boolean on) throws IOException {
    if (on) {
      manager().pause("a test");
    } else {
      manager().resume("a test");
    }
  }

  /**
   * Has a member's server take writes by itself, and be killed, with nobody near it.
   *
   * @param sql what it is asked before
   */
  void diesAlone(String member, String sql) throws Exception {
    PostgresPrograms programs = PostgresPrograms.find();
    Process hand =
        PostgresPrograms.builder(
                programs.command("postgres", List.of("-D", data(member).toString())), Map.of())
            .redirectErrorStream(true)
            .redirectOutput(top(member).resolve("by-hand").toFile())
            .start();
    try {
      Loopback.await(
          member + " is up",
          () -> {
            try {
              return owner(member, "select pg_is_in_recovery()").equals("f");
            } catch (IOException _) {
              return false;
            }
          });
      String _ = owner(member, sql);
    } finally {
      List<ProcessHandle> all = Signals.all(hand.pid());
      Signals.send("KILL", all);
      int _ = hand.waitFor();
      Loopback.await("it has ended", () -> all.stream().noneMatch(ProcessHandle::isAlive));
    }
  }

  /** Has a member's server recover by itself, with nobody near it. */
  void alone(String member) throws IOException {
    String _ =
        PostgresPrograms.find()
            .run(
                "postgres",
                List.of("--single", "-D", data(member).toString(), "postgres"),
                Map.of(),
                PATIENCE);
  }

  @Override
  public void close() {
    stop();
  }
}
