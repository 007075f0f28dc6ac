package io.fairlead;

import io.fairlead.ThreeProcesses.Instance;
import io.fairlead.health.PostgresqlLogin;
import io.fairlead.health.Server;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Three instances in processes of their own, each of which runs one member of a database as the
 * example says.
 */
final class ManagedGroup implements AutoCloseable {
  private static final String PASSWORD = "hunter22222";
  final ThreeProcesses group;

  /** Of the listeners for writes, by instance; then of the members. */
  private final List<Integer> ports = new ArrayList<>();

  ManagedGroup(Path folder) throws Exception {
    for (int i = 0; i < 9; i++) {
      ports.add(FreePort.any());
    }
    String example = Files.readString(Path.of("examples", "managed-postgresql-group.yaml"));
    String rest = example.substring(example.indexOf("listeners:"));
    for (int i = 0; i < 3; i++) {
      String name = ThreeProcesses.NAMES.get(i);
      rest =
          rest.replace("10.0.0." + (i + 1) + ":5432", "127.0.0.1:" + member(i))
              .replace("instance: db-" + (i + 1), "instance: " + name);
    }
    rest =
        rest.replace("0.0.0.0:6432", "127.0.0.1:${WRITE_PORT}")
            .replace("0.0.0.0:6433", "127.0.0.1:${READ_PORT}")
            .replaceAll("\\$\\{\\w+_PASSWORD}", PASSWORD)
            .replace("128MB", "16MB");
    Path _ = Server.folder(folder, "."); // servers run as somebody else, and have to get there
    group =
        new ThreeProcesses(
            folder,
            "",
            rest,
            i -> Map.of("WRITE_PORT", "" + ports.get(i), "READ_PORT", "" + ports.get(3 + i)));
  }

  private int member(int i) {
    return ports.get(6 + i);
  }

  /** Through that instance. A server that is ending may still have taken a connection. */
  PostgresqlLogin writer(Instance instance) throws IOException {
    long end = System.nanoTime() + ManagedPostgresql.LONG.toNanos();
    while (true) {
      try {
        return ManagedPostgresql.login(ports.get(instance.number), "shop", "shop");
      } catch (IOException e) {
        if (System.nanoTime() > end) {
          throw e;
        }
      }
    }
  }

  /** Of a member itself, as who may monitor. */
  PostgresqlLogin probe(Instance runs) throws IOException {
    return ManagedPostgresql.login(member(runs.number), "fairlead", "postgres");
  }

  /** A server ends a moment after its instance, and takes connections until then. */
  void awaitEnd(Instance runs) throws Exception {
    Loopback.await(
        "the server of " + runs.name + " has ended",
        () -> {
          try (Socket _ = new Socket(InetAddress.getLoopbackAddress(), member(runs.number))) {
            return false;
          } catch (IOException _) {
            return true;
          }
        });
  }

  /** What an instance says of the database; empty: nothing. */
  String said(Instance instance) {
    try {
      return group
          .http
          .send(
              instance.request("/api/v1/databases", Duration.ofSeconds(3)).GET().build(),
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

  /** Who runs the member that takes the writes, as that instance sees it; null: nobody. */
  @org.jspecify.annotations.Nullable
  Instance primary(Instance seenBy) {
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
