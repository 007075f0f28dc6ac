package io.fairlead;

import io.fairlead.cli.Launcher;
import io.fairlead.config.AgentConfig;
import io.fairlead.config.AgentReader;
import io.fairlead.config.ConfigReader;
import io.fairlead.config.FairleadConfig;
import io.fairlead.config.ScaleConfig;
import io.fairlead.demo.Behaviour;
import io.fairlead.demo.LatencyDistribution;
import io.fairlead.demo.TestNode;
import io.fairlead.scaling.Agent;
import io.fairlead.takeover.TakeoverCall;
import io.fairlead.takeover.TakeoverDoor;
import io.fairlead.takeover.TakeoverException;
import io.fairlead.telemetry.EventLog;
import io.netty.channel.EventLoop;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What the command line starts. */
final class Launch implements Launcher {
  /** The exit code where no instance was reached. */
  private static final int NOBODY = 3;

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
  public int run(Path config, Takeover takeover) {
    // Looked at before it is read: a change from here on is not missed.
    ConfigWatch watch = ConfigWatch.of(config);
    return switch (ConfigReader.readFile(config)) {
      case ConfigReader.Result.Refused(List<ConfigReader.Problem> problems) -> {
        problems.forEach(System.err::println);
        yield 1;
      }
      case ConfigReader.Result.Accepted(FairleadConfig accepted, String text) ->
          succeed(accepted, text, config, watch, takeover);
    };
  }

  /** Serves, in the place of the running instance if there is to be one. */
  private int succeed(
      FairleadConfig config, String text, Path file, ConfigWatch watch, Takeover takeover) {
    if (takeover == Takeover.NO) {
      return serve(config, text, file, watch, null);
    }
    try (TakeoverCall call = TakeoverCall.connect(takeoverSocket(config))) {
      return serve(config, text, file, watch, call);
    } catch (TakeoverException e) {
      boolean goesOn = e.kind() == TakeoverException.Kind.REFUSED;
      if (takeover == Takeover.REQUIRED || goesOn) {
        System.err.println("fairlead: " + e.getMessage());
        return goesOn ? 1 : NOBODY;
      }
    }
    return serve(config, text, file, watch, null);
  }

  private static Path takeoverSocket(FairleadConfig config) {
    return config.data().resolve("takeover.sock");
  }

  private int serve(
      FairleadConfig config,
      String text,
      Path file,
      ConfigWatch watch,
      @Nullable TakeoverCall predecessor) {
    Fairlead fairlead;
    try {
      Succession succession = predecessor == null ? null : new Succession(predecessor);
      fairlead = Fairlead.start(config, text, file.toString(), file, succession, true);
    } catch (IOException | IllegalStateException e) {
      System.err.println("fairlead: " + e.getMessage());
      return 1;
    }
    CompletableFuture<Long> successor = new CompletableFuture<>();
    try (fairlead;
        TakeoverDoor _ = waitForSuccessor(config, fairlead, predecessor != null, successor)) {
      if (predecessor != null) {
        predecessor.close();
      }
      fairlead.upgrades().able(file);
      fairlead.events().follow(Launch::print);
      InetSocketAddress admin = fairlead.adminAddress();
      String scheme = config.admin().tls().isPresent() ? "https" : "http";
      System.out.println(
          "dashboard and API: "
              + scheme
              + "://"
              + admin.getHostString()
              + ":"
              + admin.getPort()
              + "/");
      watch.start(() -> fairlead.reload("file change"));
      OsSignal.handle("HUP", () -> Thread.ofVirtual().start(() -> fairlead.reload("SIGHUP")));
      CompletableFuture<Void> told = end();
      onceServing.accept(fairlead);
      manage(fairlead, ServiceManager::serves);
      CompletableFuture.anyOf(told, successor).join();
      watch.close();
      if (!successor.isDone()) {
        manage(fairlead, ServiceManager::ends);
      }
      int cut =
          successor.isDone()
              ? fairlead.leave(Fairlead.DRAIN_PATIENCE)
              : fairlead.drain(Fairlead.DRAIN_PATIENCE);
      if (cut > 0) {
        System.err.println("fairlead: " + cut + " connections were cut after waiting");
      }
    }
    return 0;
  }

  private static void manage(Fairlead fairlead, Consumer<EventLoop> words) {
    if (fairlead.dataPlane().canShareSockets()) { // its loops know sockets of systemd's kind
      words.accept(fairlead.dataPlane().sideLoop());
    }
  }

  /** An instance that cannot be replaced serves nevertheless. */
  private static @Nullable TakeoverDoor waitForSuccessor(
      FairleadConfig config,
      Fairlead fairlead,
      boolean replaces,
      CompletableFuture<Long> successor) {
    if (!fairlead.dataPlane().canShareSockets()) {
      return null;
    }
    try {
      return TakeoverDoor.open(
          takeoverSocket(config),
          fairlead.dataPlane().sideLoop(),
          replaces,
          new Handover(fairlead, successor));
    } catch (IOException e) {
      System.err.println("fairlead: this instance cannot be taken over: " + e.getMessage());
      return null;
    }
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
  public int demo(boolean scales) {
    return scales ? ScaleDemo.run(onceServing) : Demo.run(onceServing);
  }

  @Override
  public int databaseDemo() {
    return DatabaseDemo.run(onceServing);
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
  public int agent(Path config) {
    return switch (AgentReader.readFile(config)) {
      case AgentReader.Result.Refused(List<String> problems) -> {
        problems.forEach(System.err::println);
        yield 1;
      }
      case AgentReader.Result.Accepted(AgentConfig accepted) -> {
        Consumer<String> say = text -> System.out.println(Instant.now() + " " + text);
        try (Agent agent =
            Agent.start(accepted, new SplittableRandom(new SecureRandom().nextLong()), say)) {
          InetSocketAddress door = agent.address();
          System.out.println(
              "agent "
                  + accepted.name()
                  + " listens on "
                  + accepted.bind().host()
                  + ":"
                  + door.getPort());
          awaitEnd();
          if (accepted.onExit() == ScaleConfig.OnExit.STOP) {
            agent.stopNodes();
          }
          yield 0;
        } catch (IOException e) {
          System.err.println("fairlead agent: " + e.getMessage());
          yield 1;
        }
      }
    };
  }

  @Override
  public List<String> checkAgent(Path config) {
    return switch (AgentReader.readFile(config)) {
      case AgentReader.Result.Accepted _ -> List.of();
      case AgentReader.Result.Refused(List<String> problems) -> problems;
    };
  }

  @Override
  public List<String> check(Path config) {
    return switch (ConfigReader.readFile(config)) {
      case ConfigReader.Result.Accepted(FairleadConfig read, String text) ->
          FilterKeeper.problems(read, text, config.toString()).stream()
              .map(ConfigReader.Problem::toString)
              .toList();
      case ConfigReader.Result.Refused(List<ConfigReader.Problem> problems) ->
          problems.stream().map(ConfigReader.Problem::toString).toList();
    };
  }
}
