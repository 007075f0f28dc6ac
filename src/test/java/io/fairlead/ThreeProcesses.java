package io.fairlead;

import io.fairlead.config.HostPort;
import io.fairlead.vip.Namespaces;
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
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** Three instances of a group in processes of their own, which can be killed and frozen. */
final class ThreeProcesses implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(60);
  static final List<String> NAMES = List.of("a", "b", "c");

  private static final String TOKEN = "who-may-hurt-instances";

  /** Ports between the first of one instance and that of the next. */
  private static final int STEP = 4;

  final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(1)).build();
  private final Path folder;
  private final @Nullable Namespaces machines;
  private final String rest;
  private final IntFunction<Map<String, String>> environment;
  private final List<Instance> instances = new ArrayList<>();

  /** Whether others keep their state: then none of them votes, and none is listed. */
  private boolean ensemble;

  /** One of them. */
  final class Instance {
    final String name;
    final HostPort admin;
    final Path config;
    final Path data;

    /** Its place among them, from 0. */
    final int number;

    private @Nullable Path log;
    private volatile @Nullable Process process;

    Instance(String name, HostPort admin) {
      this.number = instances.size();
      this.name = name;
      this.admin = admin;
      this.config = folder.resolve(name + ".yaml");
      this.data = folder.resolve(name);
    }

    void start() throws IOException {
      Path output = folder.resolve(name + "-" + System.nanoTime() + ".log");
      List<String> command = FairleadProcess.command("-c", config.toString());
      log = output;
      process =
          FairleadProcess.start(
              output,
              machines == null ? command : machines.command(name, command),
              environment.apply(number));
    }

    /** What it has printed since it was started last. */
    String printed() throws IOException {
      Path output = log;
      return output == null ? "" : Files.readString(output);
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
          && (ensemble || said.split("\"votes\":true", -1).length - 1 >= up);
    }

    boolean leads() {
      String said = view();
      int self = said.indexOf("\"self\":true");
      int end = said.indexOf('}', self);
      int leader = said.indexOf("\"leader\":true", self);
      return self > 0 && leader > 0 && leader < end;
    }

    HttpRequest.Builder request(String path, Duration timeout) {
      return HttpRequest.newBuilder(URI.create("http://" + admin + path))
          .header("authorization", "Bearer " + TOKEN)
          .timeout(timeout);
    }
  }

  /**
   * Starts them on this machine.
   *
   * @param more lines of {@code group} for all of them, between commas
   */
  ThreeProcesses(Path folder, String more) throws IOException {
    this(folder, more, "", _ -> Map.of());
  }

  /**
   * The same with more to do.
   *
   * @param rest of the configuration of all of them
   * @param environment of each
   */
  ThreeProcesses(
      Path folder, String more, String rest, IntFunction<Map<String, String>> environment)
      throws IOException {
    this.rest = rest;
    this.environment = environment;
    this.folder = folder;
    this.machines = null;
    int base = FreePort.row(NAMES.size() * STEP + NAMES.size());
    List<HostPort> binds = new ArrayList<>();
    for (int i = 0; i < NAMES.size(); i++) {
      binds.add(new HostPort("127.0.0.1", base + STEP * i));
      instances.add(
          new Instance(NAMES.get(i), new HostPort("127.0.0.1", base + NAMES.size() * STEP + i)));
    }
    start(binds, more);
  }

  /**
   * Starts each on a machine of its own.
   *
   * @param machines called a, b, and c, the first three; and this process has to reach them
   * @param storeLog where each writes down what becomes of the store
   */
  ThreeProcesses(Path folder, Namespaces machines, Path storeLog) throws IOException {
    this(
        folder,
        machines,
        "plain: true, store-log: { folder: \"" + storeLog + "\" }",
        "",
        _ -> Map.of());
  }

  /** The same with more to do: {@link #ThreeProcesses(Path, String, String, IntFunction)}. */
  ThreeProcesses(
      Path folder,
      Namespaces machines,
      String more,
      String rest,
      IntFunction<Map<String, String>> environment)
      throws IOException {
    this.folder = folder;
    this.machines = machines;
    this.rest = rest;
    this.environment = environment;
    List<HostPort> binds = new ArrayList<>();
    for (int i = 0; i < NAMES.size(); i++) {
      String address = "10.77.0." + (i + 1);
      binds.add(new HostPort(address, 7400));
      instances.add(new Instance(NAMES.get(i), new HostPort(address, 9900)));
    }
    start(binds, more);
  }

  private void start(List<HostPort> binds, String more) throws IOException {
    ensemble = more.contains("ensemble:");
    StringBuilder peers = new StringBuilder();
    for (int i = 0; i < NAMES.size(); i++) {
      peers.append(i == 0 ? "" : ", ");
      peers.append(NAMES.get(i)).append(": \"").append(binds.get(i)).append('"');
    }
    for (int i = 0; i < NAMES.size(); i++) {
      Instance instance = instances.get(i);
      Files.writeString(
          instance.config,
          """
          admin: { bind: "%s", tokens: "%s" }
          data: "%s"
          logs: { enabled: false }
          group: { name: test, instance: %s, bind: "%s"%s%s }
          %s\
          """
              .formatted(
                  instance.admin,
                  TOKEN,
                  instance.data,
                  instance.name,
                  binds.get(i),
                  ensemble ? "" : ", peers: { " + peers + " }",
                  more.isEmpty() ? "" : ", " + more,
                  rest));
      Files.createDirectories(instance.data);
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
  public void close() throws IOException {
    try {
      for (Instance instance : instances) {
        instance.signal("CONT");
        instance.kill();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
    http.close();
  }
}
