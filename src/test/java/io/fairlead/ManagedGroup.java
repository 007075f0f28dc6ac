package io.fairlead;

import io.fairlead.ThreeProcesses.Instance;
import io.fairlead.config.HostPort;
import io.fairlead.health.PostgresqlLogin;
import io.fairlead.health.Server;
import io.fairlead.vip.Namespaces;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Three instances in processes of their own, each of which runs one member of a database as the
 * example says.
 */
final class ManagedGroup implements AutoCloseable {
  private static final String PASSWORD = "hunter22222";
  private static final Pattern TIME = Pattern.compile("^\\{\"time\":([0-9]+),");
  private static final long RETRY_NANOS = 20_000_000;
  private static final int WRITE = 0;
  private static final int READ = 1;
  private static final int MEMBER = 2;

  final ThreeProcesses group;

  /** Of the listeners for writes, for reads, and of the member; of one instance after another. */
  private final List<HostPort> addresses = new ArrayList<>();

  ManagedGroup(Path folder) throws Exception {
    this(folder, _ -> Map.of());
  }

  /**
   * On this machine.
   *
   * @param environment more of it for each
   */
  ManagedGroup(Path folder, IntFunction<Map<String, String>> environment) throws Exception {
    this(folder, environment, "");
  }

  /**
   * The same.
   *
   * @param tls by what members know each other; empty: they speak in the clear
   */
  ManagedGroup(Path folder, IntFunction<Map<String, String>> environment, String tls)
      throws Exception {
    for (int i = 0; i < 9; i++) {
      addresses.add(new HostPort("127.0.0.1", FreePort.any()));
    }
    group =
        new ThreeProcesses(
            Server.folder(folder, "."), // servers run as somebody else, and have to get there
            "",
            rest(tls)
                .replace(
                    "    manage:\n",
                    "    backup: { folder: %s, user: archivist, password: \"%s\", drill-every: 0s }%n"
                            .formatted(folder.resolve("backups"), PASSWORD)
                        + "    manage:\n"),
            i -> {
              Map<String, String> all = new HashMap<>(environment(i));
              all.putAll(environment.apply(i));
              return all;
            });
  }

  /**
   * Each on a machine of its own.
   *
   * @param machines a, b, and c, which this process reaches
   */
  ManagedGroup(Path folder, Namespaces machines) throws Exception {
    this(folder, machines, 3);
  }

  /**
   * On this machine, or each on a machine of its own, two of which run members, and the third the
   * witness {@code w}, as the example says.
   *
   * @param machines a, b, and c, which this process reaches; null: all are this one
   */
  static ManagedGroup withWitness(Path folder, @Nullable Namespaces machines) throws Exception {
    return new ManagedGroup(folder, machines, "managed-postgresql-witness.yaml");
  }

  private ManagedGroup(Path folder, @Nullable Namespaces machines, String example)
      throws Exception {
    for (int i = 1; i <= 3; i++) {
      for (int port : List.of(6432, 6433, 5432)) {
        addresses.add(
            machines == null
                ? new HostPort("127.0.0.1", FreePort.any())
                : new HostPort("10.77.0." + i, port));
      }
    }
    Path own = Server.folder(folder, ".");
    group =
        machines == null
            ? new ThreeProcesses(own, "", rest("", example), this::environment)
            : new ThreeProcesses(
                own, machines, "plain: true", rest("", example), this::environment);
  }

  /** The same, of which only the first so many run members. */
  ManagedGroup(Path folder, Namespaces machines, int members) throws Exception {
    for (int i = 1; i <= 3; i++) {
      for (int port : List.of(6432, 6433, 5432)) {
        addresses.add(new HostPort("10.77.0." + i, port));
      }
    }
    group =
        new ThreeProcesses(
            Server.folder(folder, "."),
            machines,
            "plain: true",
            rest("").replaceAll("(?m)^      [" + "abc".substring(members) + "-]: .*\n", ""),
            this::environment);
  }

  private String rest(String tls) throws IOException {
    return rest(tls, "managed-postgresql-group.yaml");
  }

  private String rest(String tls, String file) throws IOException {
    String example = Files.readString(Path.of("examples", file));
    String rest = example.substring(example.indexOf("listeners:"));
    for (int i = 0; i < 3; i++) {
      rest =
          rest.replace("10.0.0." + (i + 1) + ":5432", address(i, MEMBER).toString())
              .replace("instance: db-" + (i + 1), "instance: " + ThreeProcesses.NAMES.get(i));
    }
    rest = rest.replace("instance: log-1", "instance: " + ThreeProcesses.NAMES.getLast());
    return rest.replace("0.0.0.0:6432", "${WRITE}")
        .replace("0.0.0.0:6433", "${READ}")
        .replaceAll("\\$\\{\\w+_PASSWORD}", PASSWORD)
        .replaceAll(
            "(?m)^      tls:.*\n(        .*\n)+",
            tls.isEmpty() ? "" : Matcher.quoteReplacement("      tls: " + tls + "\n"))
        .replace("128MB", "16MB");
  }

  private Map<String, String> environment(int i) {
    return Map.of("WRITE", address(i, WRITE).toString(), "READ", address(i, READ).toString());
  }

  private HostPort address(int i, int which) {
    return addresses.get(3 * i + which);
  }

  /** Through that instance. A server that is ending may still have taken a connection. */
  PostgresqlLogin writer(Instance instance) throws IOException {
    long end = System.nanoTime() + ManagedPostgresql.LONG.toNanos();
    while (true) {
      try {
        return ManagedPostgresql.login(address(instance.number, WRITE), "shop", "shop");
      } catch (IOException e) {
        if (System.nanoTime() > end) {
          throw e;
        }
        LockSupport.parkNanos(RETRY_NANOS); // others of the test need the processor, too
      }
    }
  }

  /** Of a member itself, as who may monitor. */
  PostgresqlLogin probe(Instance runs) throws IOException {
    return ManagedPostgresql.login(address(runs.number, MEMBER), "fairlead", "postgres");
  }

  /** The server that an instance runs, with all its processes. */
  List<ProcessHandle> server(Instance runs) throws IOException {
    Path pid = data(runs).resolve("postmaster.pid");
    return Signals.all(Long.parseLong(Files.readAllLines(pid).getFirst().strip()));
  }

  /** The data of the member that an instance runs. */
  Path data(Instance runs) {
    return runs.data.resolve("databases").resolve("orders").resolve(runs.name).resolve("data");
  }

  /** Those of its processes that call themselves so. */
  List<ProcessHandle> processes(Instance runs, String name) throws IOException {
    return Signals.named(server(runs), name);
  }

  /** A server ends a moment after its instance, and takes connections until then. */
  void awaitEnd(Instance runs) throws Exception {
    Loopback.await(
        "the server of " + runs.name + " has ended",
        () -> {
          HostPort member = address(runs.number, MEMBER);
          try (Socket _ = new Socket(member.host(), member.port())) {
            return false;
          } catch (IOException _) {
            return true;
          }
        });
  }

  /** What time of day it is for an instance, in milliseconds since 1970; 0: it does not say. */
  long millis(Instance instance) {
    Matcher time = TIME.matcher(get(instance, "/api/v1/live"));
    return time.find() ? Long.parseLong(time.group(1)) : 0;
  }

  /** What an instance says of the database; empty: nothing. */
  String said(Instance instance) {
    return get(instance, "/api/v1/databases");
  }

  private String get(Instance instance, String path) {
    try {
      return group
          .http
          .send(
              instance.request(path, Duration.ofSeconds(3)).GET().build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    } catch (IOException _) {
      return "";
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Has an instance do that; what it says, with the status before it. */
  String order(Instance instance, String what) throws Exception {
    HttpResponse<String> response =
        group.http.send(
            instance
                .request("/api/v1/databases/orders/" + what, Duration.ofMinutes(2))
                .POST(HttpRequest.BodyPublishers.noBody())
                .build(),
            HttpResponse.BodyHandlers.ofString());
    return response.statusCode() + " " + response.body();
  }

  /** Waits until whichever instance makes backups says that; they are all in one folder. */
  void awaitBackups(String wanted) throws Exception {
    StringBuilder said = new StringBuilder();
    Loopback.await(
        "backups say " + wanted + ": " + said,
        ManagedPostgresql.LONG,
        () -> {
          said.setLength(0);
          group.all().forEach(one -> said.append(get(one, "/api/v1/databases/orders/backups")));
          return said.indexOf(wanted) >= 0;
        });
  }

  /** Who runs the member that takes the writes, as that instance sees it; null: nobody. */
  @Nullable Instance primary(Instance seenBy) {
    String said = said(seenBy);
    for (Instance one : group.all()) {
      if (said.contains("\"primary\":\"" + one.name + "\"")) {
        return one;
      }
    }
    return null;
  }

  /** Waits until all see the same primary, and that two replicas vote. */
  Instance awaitWhole() throws Exception {
    long end = System.nanoTime() + ManagedPostgresql.LONG.toNanos();
    while (true) {
      Instance first = primary(group.get(0));
      boolean all = first != null;
      for (Instance one : group.all()) {
        String said = said(one);
        all &=
            primary(one) == first
                && said.split("\"reads\":true", -1).length - 1 >= 2
                && said.matches("(?s).*\"waitsFor\":\"ANY 1 \\([a-c], [a-c]\\)\".*");
      }
      if (all && first != null) {
        return first;
      }
      if (System.nanoTime() > end) {
        StringBuilder state = new StringBuilder();
        group.all().forEach(one -> state.append('\n').append(said(one)));
        throw new AssertionError("it does not become whole: " + state + group.logs());
      }
      Thread.sleep(50);
    }
  }

  /** Waits until the third sees a primary that the other member votes for. */
  Instance awaitPair() throws Exception {
    Instance witness = group.get(2);
    Loopback.await(
        "a primary and its replica",
        ManagedPostgresql.LONG,
        () ->
            primary(witness) != null
                && said(witness).split("\"reads\":true", -1).length - 1 >= 1
                && said(witness).matches("(?s).*\"waitsFor\":\"ANY 1 \\([ab]\\)\".*"));
    return Objects.requireNonNull(primary(witness));
  }

  /** Waits until all see a primary, and that the other member and the witness vote. */
  Instance awaitWholeWithWitness() throws Exception {
    Loopback.await(
        "a primary, its replica and the witness",
        ManagedPostgresql.LONG,
        () -> {
          for (Instance one : group.all()) {
            String said = said(one);
            if (primary(one) == null
                || primary(one) != primary(group.get(0))
                || !said.contains("\"reads\":true")
                || !said.matches("(?s).*\"waitsFor\":\"ANY 1 \\([ab], w\\)\".*")) {
              return false;
            }
          }
          return true;
        });
    return Objects.requireNonNull(primary(group.get(0)));
  }

  /** Another than these. */
  Instance other(Instance... not) {
    for (Instance one : group.all()) {
      if (!List.of(not).contains(one)) {
        return one;
      }
    }
    throw new IllegalArgumentException("nobody is left");
  }

  /** Who decides about the database. */
  Instance decides() throws Exception {
    long end = System.nanoTime() + ManagedPostgresql.LONG.toNanos();
    while (System.nanoTime() < end) {
      for (Instance one : group.all()) {
        if (said(one).contains("\"coordinates\":true")) {
          return one;
        }
      }
      Thread.sleep(50);
    }
    throw new AssertionError("nobody decides: " + group.logs());
  }

  /** Who decides, when that is not where the primary is any more. */
  Instance awaitAside(Instance primary) throws Exception {
    Instance decides = decides();
    if (decides == primary) {
      Loopback.await(
          "another decides",
          ManagedPostgresql.LONG,
          () -> !said(primary).contains("\"coordinates\":true"));
      decides = decides();
    }
    return decides;
  }

  @Override
  public void close() throws IOException {
    group.close();
  }
}
