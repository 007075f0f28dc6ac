package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.TakeoverLoad.EchoNode;
import io.fairlead.TakeoverLoad.Echoed;
import io.fairlead.demo.TestNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Three instances in processes of their own, replaced by one command while they are used. */
@Timeout(180)
class UpgradeOfGroupTest {
  private static final List<String> NAMES = List.of("a", "b", "c");
  private static final int LONG = 20;
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir Path folder;

  private final List<Process> started = new ArrayList<>();
  private final List<Place> places = new ArrayList<>();

  /** Where one instance is to be found. */
  private record Place(String name, int admin, int web, int raw) {
    long pid() {
      JsonNode status = json("/api/v1/status");
      return status == null ? 0 : status.get("pid").asLong();
    }

    /** Null: nobody answers. */
    @Nullable JsonNode json(String path) {
      try (Client door = new Client(admin)) {
        return new JsonMapper().readTree(door.get(path).body());
      } catch (IOException e) {
        return null;
      }
    }
  }

  @AfterEach
  void end() throws Exception {
    for (Place place : places) {
      ProcessHandle.of(place.pid()).ifPresent(ProcessHandle::destroyForcibly);
    }
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
  }

  private void prepare(int node, int echo) throws Exception {
    int base = FreePort.row(11);
    launches(
        FairleadProcess.command().stream()
            .filter(part -> !part.equals("run"))
            .map(part -> "'" + part + "'")
            .collect(Collectors.joining(" ", "exec ", " \"$@\"")));
    for (int i = 0; i < NAMES.size(); i++) {
      String name = NAMES.get(i);
      Place place = new Place(name, FreePort.any(), FreePort.any(), FreePort.any());
      places.add(place);
      Path file = folder.resolve(name + "/fairlead.yaml");
      Files.createDirectories(file.getParent());
      Files.writeString(
          file,
          """
          admin: { bind: "127.0.0.1:%d" }
          data: data
          runtime: { event-loops: 1 }
          group:
            name: test
            instance: %s
            bind: "127.0.0.1:%d"
            peers: { a: "127.0.0.1:%d", b: "127.0.0.1:%d", c: "127.0.0.1:%d" }
          listeners:
            web: { bind: "127.0.0.1:${WEB}", routes: { service: shop } }
            raw: { protocol: tcp, bind: "127.0.0.1:${RAW}", service: echo }
          services:
            shop: { nodes: "127.0.0.1:%d" }
            echo: { nodes: "127.0.0.1:%d", health: none }
          """
              .formatted(place.admin(), name, base + 4 * i, base, base + 4, base + 8, node, echo));
    }
  }

  private void launches(String command) throws IOException {
    Path next = folder.resolve("launcher.next");
    Files.writeString(next, "#!/bin/sh\n" + command + "\n");
    Files.setPosixFilePermissions(next, PosixFilePermissions.fromString("rwx------"));
    Files.move(next, launcher(), StandardCopyOption.REPLACE_EXISTING);
  }

  private Path launcher() {
    return folder.resolve("launcher");
  }

  private void start(Place place) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
                launcher().toString(), "run", "-c", file(place, "fairlead.yaml").toString())
            .redirectErrorStream(true)
            .redirectOutput(file(place, "output").toFile());
    builder.environment().put("WEB", Integer.toString(place.web()));
    builder.environment().put("RAW", Integer.toString(place.raw()));
    builder.environment().put("FAIRLEAD_LAUNCHER", launcher().toString());
    started.add(builder.start());
  }

  private Path file(Place place, String name) {
    return folder.resolve(place.name()).resolve(name);
  }

  private String output() {
    StringBuilder all = new StringBuilder();
    for (Place place : places) {
      try {
        all.append("--- ").append(place.name()).append('\n');
        all.append(Files.readString(file(place, "output")));
      } catch (IOException e) {
        all.append(e);
      }
    }
    return all.toString();
  }

  private List<Long> pids() {
    return places.stream().map(Place::pid).toList();
  }

  private boolean allAreThere() {
    return places.stream()
        .allMatch(place -> {
          JsonNode group = place.json("/api/v1/instances");
          return group != null
              && group.get("configVersion").asLong() == 1
              && group.get("instances").size() == 3
              && group
                  .get("instances")
                  .valueStream()
                  .allMatch(each ->
                      each.get("state").stringValue().equals("up")
                          && each.get("votes").booleanValue()
                          && each.get("configVersion").asLong() == 1);
        });
  }

  @Test
  void oneCommandReplacesAllAndNobodyNotices() throws Exception {
    try (TestNode node = Loopback.node("n");
        EchoNode echo = new EchoNode()) {
      prepare(node.port(), echo.port());
      for (Place place : places) {
        start(place);
      }
      Loopback.await("all are there", PATIENCE, this::allAreThere);
      List<Long> before = pids();
      List<Echoed> connections = new ArrayList<>();
      TakeoverLoad load = new TakeoverLoad();
      try (load) {
        for (int i = 0; i < LONG; i++) {
          Echoed connection = new Echoed(places.get(i % places.size()).raw());
          connection.echoes("before");
          connections.add(connection);
        }
        for (Place place : places) {
          load.keepAlive(place.web());
        }
        load.newConnections("h1 new connections", places.get(1).web());
        CompletableFuture<Asked> asking = CompletableFuture.supplyAsync(() -> ask(places.get(0)));
        Set<Integer> old = new TreeSet<>(List.of(0, 1, 2));
        while (!old.isEmpty() && !asking.isDone()) {
          for (int i = 0; i < places.size(); i++) {
            long pid = places.get(i).pid();
            if (pid != before.get(i) && pid != 0 && old.remove(i)) {
              for (int k = i; k < LONG; k += places.size()) {
                connections.get(k).echoes("after");
                connections.get(k).end();
              }
            }
          }
          Thread.sleep(100);
        }
        Asked asked = asking.join();
        assertThat(asked.exit()).as(asked.text() + output()).isZero();
        assertThat(asked.text())
            .contains("a is replaced", "b is replaced", "c is replaced", "all are replaced");
        assertThat(old).as("long connections went on").isEmpty();
      }
      assertThat(load.failures()).as(output()).isEmpty();
      assertThat(load.done().values()).allMatch(count -> count.get() > 30);
      List<Long> after = pids();
      assertThat(after).doesNotContainAnyElementsOf(before).doesNotContain(0L);
      for (Process old : started) {
        assertThat(old.waitFor(45, TimeUnit.SECONDS)).isTrue();
        assertThat(old.exitValue()).isZero();
      }
      Loopback.await("all are there", PATIENCE, this::allAreThere);
      if (Boolean.getBoolean("fairlead.print")) {
        System.out.println(output());
      }

      launches("echo there is no JDK 29; exit 7");
      Asked again = ask(places.get(1));
      assertThat(again.exit()).isEqualTo(1);
      assertThat(again.text())
          .containsPattern(
              "[abc] was not replaced: the new program cannot use the configuration"
                  + " \\(exit code 7\\): there is no JDK 29");
      assertThat(pids()).isEqualTo(after);
      for (Place place : places) {
        try (Client client = new Client(place.web())) {
          assertThat(client.get("/").status()).isEqualTo(200);
        }
      }
    }
  }

  private record Asked(int exit, String text) {}

  /** {@code fairlead upgrade}. */
  private Asked ask(Place at) {
    try {
      return asked(at);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private Asked asked(Place at) throws Exception {
    Path said = folder.resolve("said");
    List<String> command = FairleadProcess.command();
    command.set(command.size() - 1, "upgrade");
    command.addAll(List.of("--admin", "http://127.0.0.1:" + at.admin()));
    Process process = FairleadProcess.start(said, command);
    assertThat(process.waitFor(120, TimeUnit.SECONDS)).as(output()).isTrue();
    return new Asked(process.exitValue(), Files.readString(said));
  }
}
