package io.fairlead;

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
import org.jspecify.annotations.Nullable;

/** Three instances of a group in processes of their own, which can be killed and frozen. */
final class ThreeProcesses implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final List<String> NAMES = List.of("a", "b", "c");

  /** Ports between the first of one instance and that of the next. */
  private static final int STEP = 4;

  final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();
  private final Path folder;
  private final List<Instance> instances = new ArrayList<>();

  /** One of them. */
  final class Instance {
    final String name;
    final int admin;
    final Path config;
    private volatile @Nullable Process process;

    Instance(String name, int admin) {
      this.name = name;
      this.admin = admin;
      this.config = folder.resolve(name + ".yaml");
    }

    void start() throws IOException {
      process =
          FairleadProcess.run(
              folder.resolve(name + "-" + System.nanoTime() + ".log"), "-c", config.toString());
    }

    void kill() throws InterruptedException {
      Process running = process;
      if (running != null) {
        running.destroyForcibly();
        running.waitFor();
      }
    }

    void signal(String signal) throws IOException, InterruptedException {
      Process running = process;
      if (running != null && running.isAlive()) {
        Tool.Said _ = Tool.run("", "kill", "-" + signal, Long.toString(running.pid()));
      }
    }

    /** What it says of the group; empty: nothing. */
    String view() {
      try {
        return http.send(
                request("/api/v1/instances", Duration.ofSeconds(2)).GET().build(),
                HttpResponse.BodyHandlers.ofString())
            .body();
      } catch (IOException _) {
        return "";
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    /** Whether so many are there, and have their votes. */
    boolean sees(int up) {
      String said = view();
      return said.split("\"state\":\"up\"", -1).length - 1 >= up
          && said.split("\"votes\":true", -1).length - 1 >= up;
    }

    boolean leads() {
      String said = view();
      int self = said.indexOf("\"self\":true");
      int end = said.indexOf('}', self);
      int leader = said.indexOf("\"leader\":true", self);
      return self > 0 && leader > 0 && leader < end;
    }

    HttpRequest.Builder request(String path, Duration timeout) {
      return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + admin + path))
          .timeout(timeout);
    }
  }

  /**
   * Starts them.
   *
   * @param more lines of {@code group} for all of them, between commas
   */
  ThreeProcesses(Path folder, String more) throws IOException {
    this.folder = folder;
    int base = FreePort.row(NAMES.size() * STEP + NAMES.size());
    StringBuilder peers = new StringBuilder();
    for (int i = 0; i < NAMES.size(); i++) {
      peers.append(i == 0 ? "" : ", ");
      peers.append(NAMES.get(i)).append(": \"127.0.0.1:").append(base + STEP * i).append('"');
    }
    for (int i = 0; i < NAMES.size(); i++) {
      Instance instance = new Instance(NAMES.get(i), base + NAMES.size() * STEP + i);
      Files.writeString(
          instance.config,
          """
          admin: { bind: "127.0.0.1:%d" }
          data: "%s"
          logs: { enabled: false }
          group: { name: test, instance: %s, bind: "127.0.0.1:%d", peers: { %s }%s }
          """
              .formatted(
                  instance.admin,
                  folder.resolve(instance.name),
                  instance.name,
                  base + STEP * i,
                  peers,
                  more.isEmpty() ? "" : ", " + more));
      instances.add(instance);
      instance.start();
    }
  }

  List<Instance> all() {
    return instances;
  }

  Instance get(int i) {
    return instances.get(i);
  }

  /** Waits until each sees that all are there. */
  void await() throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    for (Instance instance : instances) {
      while (!instance.sees(instances.size())) {
        if (System.nanoTime() > deadline) {
          throw new AssertionError(
              instance.name + " does not see all: " + instance.view() + "\n" + logs());
        }
        Thread.sleep(50);
      }
    }
  }

  /** Who leads, waited for. */
  Instance leader() throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (System.nanoTime() < deadline) {
      for (Instance instance : instances) {
        if (instance.leads()) {
          return instance;
        }
      }
      Thread.sleep(50);
    }
    throw new AssertionError("nobody leads: " + logs());
  }

  String logs() throws IOException {
    StringBuilder all = new StringBuilder();
    try (var files = Files.list(folder)) {
      for (Path file : files.filter(each -> each.toString().endsWith(".log")).sorted().toList()) {
        all.append('\n').append(file.getFileName()).append('\n').append(Files.readString(file));
      }
    }
    return all.toString();
  }

  @Override
  public void close() throws Exception {
    for (Instance instance : instances) {
      instance.signal("CONT");
      instance.kill();
    }
    http.close();
  }
}
