package io.fairlead;

import io.fairlead.cli.Launcher;
import io.fairlead.config.ConfigReader;
import io.fairlead.config.FairleadConfig;
import io.fairlead.demo.Behaviour;
import io.fairlead.demo.LatencyDistribution;
import io.fairlead.demo.TestNode;
import io.fairlead.telemetry.EventLog;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** What the command line starts. */
final class Launch implements Launcher {
  private final Consumer<Fairlead> onceServing;

  Launch() {
    this(_ -> {});
  }

  /**
   * @param onceServing told of each instance that has been started
   */
  Launch(Consumer<Fairlead> onceServing) {
    this.onceServing = onceServing;
  }

  @Override
  public int run(Path config) {
    // Looked at before it is read: a change from here on is not missed.
    ConfigWatch watch = ConfigWatch.of(config);
    return switch (ConfigReader.readFile(config)) {
      case ConfigReader.Result.Refused(List<ConfigReader.Problem> problems) -> {
        problems.forEach(System.err::println);
        yield 1;
      }
      case ConfigReader.Result.Accepted(FairleadConfig accepted, String text) ->
          serve(accepted, text, config, watch);
    };
  }

  private int serve(FairleadConfig config, String text, Path file, ConfigWatch watch) {
    Fairlead fairlead;
    try {
      fairlead = Fairlead.start(config, text, file.toString(), file);
    } catch (IOException | IllegalStateException e) {
      System.err.println("fairlead: " + e.getMessage());
      return 1;
    }
    try (fairlead) {
      fairlead.events().since(0).forEach(Launch::print);
      fairlead.events().subscribe(Launch::print);
      InetSocketAddress admin = fairlead.adminAddress();
      System.out.println(
          "dashboard and API: http://" + admin.getHostString() + ":" + admin.getPort() + "/");
      watch.start(() -> fairlead.reload("file change"));
      OsSignal.handle("HUP", () -> Thread.ofVirtual().start(() -> fairlead.reload("SIGHUP")));
      awaitEnd(fairlead, onceServing);
      watch.close();
      int cut = fairlead.drain(Fairlead.DRAIN_PATIENCE);
      if (cut > 0) {
        System.err.println("fairlead: " + cut + " connections were cut after waiting");
      }
    }
    return 0;
  }

  /** Waits like {@link #awaitEnd()}, once those who wanted to hear of the instance have. */
  static void awaitEnd(Fairlead fairlead, Consumer<Fairlead> onceServing) {
    CompletableFuture<Void> end = end();
    onceServing.accept(fairlead);
    end.join();
  }

  /** Returns at the first SIGTERM or SIGINT; the second ends the process at once. */
  static void awaitEnd() {
    end().join();
  }

  private static CompletableFuture<Void> end() {
    CompletableFuture<Void> end = new CompletableFuture<>();
    AtomicInteger count = new AtomicInteger();
    for (String name : List.of("TERM", "INT")) {
      OsSignal.handle(
          name,
          () -> {
            if (count.incrementAndGet() > 1) {
              Runtime.getRuntime().halt(1);
            }
            end.complete(null);
          });
    }
    return end;
  }

  private static void print(EventLog.Entry entry) {
    System.out.println(Instant.ofEpochMilli(entry.epochMillis()) + " " + entry.event().text());
  }

  @Override
  public int demo() {
    return Demo.run(onceServing);
  }

  @Override
  public int node(NodeOptions options) {
    try {
      Behaviour behaviour =
          Behaviour.of(
              LatencyDistribution.parse(options.latency()), options.errorRate(), options.healthy());
      String name = options.name();
      try (TestNode node =
          TestNode.start(
              options.bind(),
              options.port(),
              name != null ? name : options.bind() + ":" + options.port(),
              behaviour)) {
        System.out.println(
            "test node " + node.name() + " serves on " + options.bind() + ":" + node.port());
        awaitEnd();
        return 0;
      }
    } catch (IllegalArgumentException e) {
      System.err.println("fairlead node: " + e.getMessage());
      return 2;
    } catch (IOException e) {
      System.err.println(
          "fairlead node: cannot listen on "
              + options.bind()
              + ":"
              + options.port()
              + ": "
              + e.getMessage());
      return 1;
    }
  }

  @Override
  public List<String> check(Path config) {
    return switch (ConfigReader.readFile(config)) {
      case ConfigReader.Result.Accepted _ -> List.of();
      case ConfigReader.Result.Refused(List<ConfigReader.Problem> problems) ->
          problems.stream().map(ConfigReader.Problem::toString).toList();
    };
  }
}
