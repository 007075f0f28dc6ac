package io.fairlead;

import io.fairlead.config.ConfigReader;
import io.fairlead.config.FairleadConfig;
import io.fairlead.demo.DemoTraffic;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The main job on one machine with nothing else needed: a front end, three nodes as processes of
 * their own so that they can be killed, gentle traffic, the dashboard.
 *
 * <p>The ports are those that the manual names, unless the system properties {@code
 * fairlead.demo.port} and {@code fairlead.demo.admin-port} say otherwise; 0 is any free one.
 */
@SuppressWarnings("InlineFormatString") // the configuration reads best as one piece
final class Demo {
  private static final List<String> NAMES = List.of("a", "b", "c");

  private static final String CONFIG =
      """
      admin: { bind: "127.0.0.1:%d" }
      listeners:
        web: { bind: "127.0.0.1:%d", routes: [ { service: shop } ] }
      services:
        shop:
          nodes:
      %s    health: { http: "/healthz", interval: 1s, timeout: 500ms }
      """;

  private Demo() {}

  static int run() {
    Map<String, Process> nodes = new LinkedHashMap<>();
    try {
      StringBuilder lines = new StringBuilder();
      List<CompletableNode> starting = new ArrayList<>();
      for (String name : NAMES) {
        CompletableNode node = CompletableNode.start(name);
        starting.add(node);
        nodes.put(name, node.process());
      }
      for (CompletableNode node : starting) {
        lines
            .append("      - { name: ")
            .append(node.name())
            .append(", address: \"127.0.0.1:")
            .append(node.awaitPort())
            .append("\" }\n");
      }
      return serve(CONFIG.formatted(port("admin-port", 9900), port("port", 8080), lines), nodes);
    } catch (IOException | IllegalStateException e) {
      System.err.println("fairlead demo: " + e.getMessage());
      return 1;
    } finally {
      nodes.values().forEach(Demo::end);
    }
  }

  private static int serve(String text, Map<String, Process> nodes) throws IOException {
    FairleadConfig config =
        switch (ConfigReader.read("demo", text, Path.of(""), name -> null)) {
          case ConfigReader.Result.Accepted(FairleadConfig read, String _) -> read;
          case ConfigReader.Result.Refused(List<ConfigReader.Problem> problems) ->
              throw new IllegalStateException("the demo's own configuration: " + problems);
        };
    try (Fairlead fairlead = Fairlead.start(config, text, "demo", null)) {
      fairlead.events().subscribe(entry -> System.out.println("  " + entry.event().text()));
      int port =
          fairlead
              .state()
              .listeners()
              .values()
              .iterator()
              .next()
              .boundAddresses()
              .getFirst()
              .getPort();
      String front = "http://127.0.0.1:" + port + "/";
      try (DemoTraffic traffic = DemoTraffic.start(URI.create(front), DemoTraffic.DEFAULT_RATE)) {
        describe(front, fairlead.adminAddress().getPort(), nodes);
        Launch.awaitEnd();
        System.out.println("traffic: " + traffic.summary().text());
      }
      fairlead.drain(java.time.Duration.ofSeconds(5));
    }
    return 0;
  }

  private static int port(String property, int otherwise) {
    return Integer.getInteger("fairlead.demo." + property, otherwise);
  }

  private static void describe(String front, int adminPort, Map<String, Process> nodes) {
    String door = "http://127.0.0.1:" + adminPort;
    String admin = adminPort == 9900 ? "" : " --admin " + door;
    System.out.println("Fairlead demo: " + sinceStart() + " ms after the start of the process");
    System.out.println("  front end   " + front);
    System.out.println("  dashboard   " + door + "/");
    nodes.forEach(
        (name, process) -> System.out.println("  node " + name + "      process " + process.pid()));
    System.out.println("Try:");
    System.out.println("  curl -i " + front + "            # again and again");
    System.out.println(
        "  kill -9 " + nodes.values().iterator().next().pid() + "   # and watch the dashboard");
    System.out.println(
        "  ./fairlead nodes" + admin + "                          # in another terminal");
    System.out.println("  ./fairlead drain shop b" + admin);
    System.out.println("  ./fairlead explain GET " + front + "cart" + admin);
    System.out.println("Ctrl-C stops all of it.");
  }

  private static long sinceStart() {
    return System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime();
  }

  private static void end(Process process) {
    process.destroy();
    try {
      if (!process.waitFor(2, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  /** A test node that is starting in a process of its own and will say its port. */
  private record CompletableNode(String name, Process process) {
    static CompletableNode start(String name) throws IOException {
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
        if (isShared(argument)) {
          command.add(argument);
        }
      }
      command.addAll(List.of("-Xms16m", "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
      command.addAll(List.of("-cp", System.getProperty("java.class.path"), "io.fairlead.Main"));
      command.addAll(List.of("node", "--port", "0", "--name", name, "--latency", "exp:8ms"));
      return new CompletableNode(
          name, new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    }

    /** What a node's JVM needs of ours: the cache of loaded classes, and what keeps it quiet. */
    private static boolean isShared(String argument) {
      return argument.startsWith("-XX:AOTCache=")
          || argument.startsWith("-XX:+UseCompactObjectHeaders")
          || argument.startsWith("--enable-native-access")
          || argument.startsWith("--sun-misc-unsafe-memory-access");
    }

    int awaitPort() throws IOException {
      // Not closed: closing it would break the node's standard output.
      BufferedReader out =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
      String line = out.readLine();
      if (line == null || line.lastIndexOf(':') < 0) {
        throw new IOException("node " + name + " did not start: " + line);
      }
      return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1).trim());
    }
  }
}
