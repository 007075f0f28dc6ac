package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.health.MariadbLogin;
import io.fairlead.replication.DatabaseView;
import io.fairlead.replication.manage.DatabaseManager;
import io.fairlead.replication.manage.ManagedView;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** An instance that manages a Galera cluster as the example says, on free ports. */
final class ManagedCluster implements AutoCloseable {
  /** To make three servers takes a busy machine its time. */
  static final Duration LONG = Duration.ofSeconds(40);

  private static final Duration PATIENCE = Duration.ofSeconds(20);

  /** What a server leaves that never had anything, with the word of somebody that it may begin. */
  private static final String NOTHING =
      """
      # GALERA saved state
      version: 2.1
      uuid:    00000000-0000-0000-0000-000000000000
      seqno:   -1
      safe_to_bootstrap: 1
      """;

  private static final String PASSWORD = "hunter22222";

  final Map<String, Integer> ports = new LinkedHashMap<>();
  private final Path folder;
  private String text;
  private String password = PASSWORD;
  private @Nullable Fairlead fairlead;

  ManagedCluster(Path folder) throws Exception {
    this(folder, true, "one");
  }

  /**
   * One that begins at once, or when it is said.
   *
   * @param starts whether it does
   * @param writers how many members take writes
   */
  ManagedCluster(Path folder, boolean starts, String writers) throws Exception {
    this(folder, starts, writers, "");
  }

  /**
   * @param more lines of the database's configuration
   */
  ManagedCluster(Path folder, boolean starts, String writers, String more) throws Exception {
    this.folder = Files.createDirectories(folder.resolve("state"));
    for (Path above = this.folder;
        above != null && above.getNameCount() > 1;
        above = above.getParent()) {
      boolean _ = above.toFile().setExecutable(true, false);
    }
    String example =
        Files.readString(Path.of("examples", "managed-galera.yaml"))
            .replaceAll("0\\.0\\.0\\.0:\\d+", "127.0.0.1:0")
            .replaceAll("\\$\\{\\w+}", PASSWORD)
            .replace("buffer_pool_size: 128M", "buffer_pool_size: 16M")
            .replace("patience: 30s", "writers: " + writers + "\n    patience: 30s")
            .replace("gcache.size: 128M", "gcache.size: 16M")
            .replace("/var/lib/fairlead", this.folder.toString())
            .replace("    manage:\n", more + "    manage:\n");
    StringBuilder members = new StringBuilder();
    for (String name : List.of("a", "b", "c")) {
      members.append("      ").append(member(name)).append('\n');
    }
    int from = example.indexOf("      a: ");
    int to = example.indexOf("    probe:");
    text =
        "admin: { bind: \"127.0.0.1:0\" }\n"
            + example.substring(0, from)
            + members
            + example.substring(to);
    if (starts) {
      start();
    }
  }

  String text() {
    return text;
  }

  private String member(String name) throws IOException {
    ports.put(name, FreePort.any());
    return "%s: { address: \"127.0.0.1:%d\", ports: { group: %d, ist: %d, sst: %d } }"
        .formatted(name, ports.get(name), FreePort.any(), FreePort.any(), FreePort.any());
  }

  /** The configuration with one member more. */
  String with(String name) throws IOException {
    text = text.replace("    probe:", "      " + member(name) + "\n    probe:");
    return text;
  }

  /** The configuration without that member. */
  String without(String name) {
    text = text.replaceAll("      " + name + ": .*\n", "");
    return text;
  }

  Fairlead fairlead() {
    return Objects.requireNonNull(fairlead);
  }

  void stop() {
    Fairlead present = fairlead;
    fairlead = null;
    if (present != null) {
      present.close();
    }
  }

  final void start() throws Exception {
    fairlead = Loopback.start(text);
  }

  /** Goes on with another password of everybody's. */
  void change(String other) {
    text = text.replace(password, other);
    password = other;
    apply(text);
  }

  /** Goes on with another configuration. */
  void apply(String next) {
    assertThat(fairlead().apply(Loopback.read(next), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
  }

  int port(String member) {
    return Objects.requireNonNull(ports.get(member));
  }

  DatabaseView view() {
    return fairlead().databases().reports().getFirst().view();
  }

  DatabaseManager manager() {
    return Objects.requireNonNull(fairlead().databases().managed("shop"));
  }

  ManagedView managed() {
    return manager().view();
  }

  /** What status says is in the way of that member, or of all. */
  String trouble() {
    return managed().doing() + " " + managed().members();
  }

  String writer() {
    return view().primary();
  }

  void awaitWriter() throws InterruptedException {
    await("somebody takes the writes", () -> !writer().isEmpty());
  }

  /** All of so many members take part, and it is known by which process. */
  void awaitWhole(int count) throws InterruptedException {
    await(
        count + " members take part",
        () ->
            !writer().isEmpty()
                && managed().members().stream().filter(one -> one.pid() != 0).count() == count
                && view().members().stream()
                        .filter(one -> one.role().reads() || one.role().writes())
                        .count()
                    == count);
  }

  void await(String what, BooleanSupplier condition) throws InterruptedException {
    try {
      Loopback.await(what, LONG, condition);
    } catch (AssertionError e) {
      throw new AssertionError(
          what
              + ": "
              + trouble()
              + "\n"
              + fairlead().events().since(0).stream()
                  .filter(one ->
                      one.event() instanceof Event.DatabaseMemberTrouble
                          || one.event() instanceof Event.DatabaseMemberMade
                          || one.event() instanceof Event.DatabaseFailover
                          || one.event() instanceof Event.DatabaseMemberFenced
                          || one.event() instanceof Event.DatabasePrimary
                          || one.event() instanceof Event.DatabaseFailoverStuck)
                  .map(one -> one.epochMillis() % 100_000_000 + " " + one.event().text() + "\n")
                  .toList(),
          e);
    }
  }

  /** Through Fairlead, as the application. */
  MariadbLogin client() throws IOException {
    return MariadbLogin.open(
        new HostPort("127.0.0.1", Loopback.port(fairlead(), "shop-write")),
        "shop",
        new Secret(password),
        Duration.ofSeconds(40));
  }

  /** Of a member itself. */
  MariadbLogin direct(String member) throws IOException {
    return MariadbLogin.open(
        new HostPort("127.0.0.1", port(member)), "shop", new Secret(password), PATIENCE);
  }

  static void order(MariadbLogin login, String sql) throws IOException {
    login.order(sql, Duration.ofSeconds(40));
  }

  static String ask(MariadbLogin login, String sql) throws IOException {
    List<List<String>> rows = login.rows(sql, PATIENCE);
    return rows.isEmpty() ? "" : rows.getFirst().getLast();
  }

  /** Once, by whoever takes the writes. */
  void write(String sql) throws IOException {
    try (MariadbLogin login = client()) {
      order(login, sql);
    }
  }

  String read(String sql) throws IOException {
    try (MariadbLogin login = client()) {
      return ask(login, sql);
    }
  }

  /** As root by the socket of a member's server. */
  String root(String member, String sql) throws Exception {
    Tool.Said said =
        Tool.run(
            "",
            "mariadb",
            "--no-defaults",
            "-S",
            top(member).resolve("socket").toString(),
            "-N",
            "-B",
            "-e",
            sql);
    if (said.status() != 0) {
      throw new AssertionError(sql + ": " + said.output());
    }
    return said.output().strip();
  }

  Path top(String member) {
    return folder.resolve("shop").resolve(member);
  }

  Path data(String member) {
    return top(member).resolve("data");
  }

  Path state() {
    return folder.resolve("shop").resolve("state");
  }

  /** A file that the servers may read. */
  void put(Path file, String text) throws Exception {
    Path parent = Objects.requireNonNull(file.getParent());
    Path _ = Files.createDirectories(parent);
    Path _ = Files.writeString(file, text);
    Tool.Said _ = Tool.run("", "chown", "-R", "--reference=" + top("b"), parent.toString());
  }

  /**
   * Where a member's data was there is nothing now but a word that it may begin the cluster.
   *
   * @return false: there is data already
   */
  boolean wiped(String member) throws Exception {
    Path next = top(member).resolve("wiped");
    put(next.resolve("grastate.dat"), NOTHING);
    try {
      Path _ = Files.move(next, data(member));
      return true;
    } catch (FileAlreadyExistsException _) {
      return false;
    }
  }

  /** Who began the cluster anew, and at what, each time. */
  List<String> begun() {
    return fairlead().events().since(0).stream()
        .map(entry -> entry.event())
        .filter(event -> event instanceof Event.DatabaseFailover)
        .map(event -> ((Event.DatabaseFailover) event).why())
        .filter(why -> why.contains("anew"))
        .toList();
  }

  long pid(String member) {
    return managed().members().stream()
        .filter(one -> one.name().equals(member))
        .mapToLong(ManagedView.Own::pid)
        .findFirst()
        .orElse(0);
  }

  /** What is being done about that member. */
  String doing(String member) {
    return managed().members().stream()
        .filter(one -> one.name().equals(member))
        .map(ManagedView.Own::doing)
        .findFirst()
        .orElse("");
  }

  /** As the kernel does to one that has taken too much. */
  void kill(String member) {
    signal("KILL", member);
  }

  void signal(String which, String... members) {
    List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", "kill -$0 \"$@\"; :", which));
    for (String member : members) {
      long pid = pid(member);
      if (pid != 0) {
        command.add(Long.toString(pid));
      }
    }
    try {
      if (command.size() > 4) {
        int _ = new ProcessBuilder(command).start().waitFor();
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    stop();
  }

  /**
   * Writes numbers, and connects again when it has to; a second one beside it logs in anew each
   * time, as somebody would to whom another writer is reachable, too.
   */
  static final class Writer implements AutoCloseable {
    /** Numbers of one of the two. */
    static final long SHARE = 500_000;

    final Set<Long> acknowledged = ConcurrentHashMap.newKeySet();

    /** It was asked for, and nobody said what became of it. */
    final Set<Long> unknown = ConcurrentHashMap.newKeySet();

    final AtomicLong longest = new AtomicLong();
    private final ManagedCluster cluster;
    private final List<Thread> threads = new ArrayList<>();
    private final Set<String> before = new HashSet<>();
    private final List<String> windows = new ArrayList<>();
    private String newest = "";
    private long newestSince;
    private volatile boolean ended;
    private long last = System.nanoTime();

    Writer(ManagedCluster cluster, long from) {
      this.cluster = cluster;
      threads.add(Thread.ofVirtual().start(() -> write(from, false)));
      threads.add(Thread.ofVirtual().start(() -> write(from + SHARE, true)));
    }

    private void write(long from, boolean anew) {
      long next = from;
      while (!ended) {
        boolean asked = false;
        try (MariadbLogin login = cluster.client()) {
          do {
            long begun = System.nanoTime();
            asked = true;
            String by =
                login
                    .rows(
                        "insert into shop.ledger values (" + next + ") returning @@port",
                        Duration.ofSeconds(5))
                    .getFirst()
                    .getFirst();
            took(next++, by, begun);
            asked = false;
            TimeUnit.MILLISECONDS.sleep(anew ? 20 : 2); // a client that thinks
          } while (!ended && !anew);
        } catch (IOException _) {
          if (asked) {
            boolean _ = unknown.add(next++);
          }
          if (!pause()) {
            return;
          }
        } catch (InterruptedException _) {
          return;
        }
      }
    }

    private static boolean pause() {
      try {
        TimeUnit.MILLISECONDS.sleep(5);
        return true;
      } catch (InterruptedException _) {
        return false;
      }
    }

    /** Nobody goes back to one that took writes before another did, without being let in anew. */
    private synchronized void took(long id, String by, long begun) {
      long now = System.nanoTime();
      acknowledged.add(id);
      longest.accumulateAndGet(now - last, Math::max);
      last = now;
      if (by.equals(newest)) {
        return;
      }
      if (before.add(by)) {
        newest = by;
        newestSince = now;
      } else if (begun > newestSince) {
        windows.add(by + " after " + newest);
      }
    }

    /** Moments in which two took writes; in one round nobody gets them back. */
    synchronized List<String> windows() {
      return List.copyOf(windows);
    }

    /** So many more are acknowledged. */
    void await(int more) throws InterruptedException {
      int now = acknowledged.size();
      cluster.await("it writes", () -> acknowledged.size() >= now + more);
    }

    @Override
    public void close() {
      end();
    }

    /** They write nothing more. */
    void end() {
      ended = true;
      for (Thread thread : threads) {
        try {
          boolean _ = thread.join(Duration.ofSeconds(60));
        } catch (InterruptedException _) {
          Thread.currentThread().interrupt();
        }
      }
    }
  }
}
