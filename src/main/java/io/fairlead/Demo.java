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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The main job on one machine with nothing else needed: a front end, three nodes as processes of
 * their own so that they can be killed, gentle traffic, the dashboard.
 *
 * <p>The ports are those that the manual names, unless the system properties {@value #PORT} and
 * {@value #ADMIN_PORT} say otherwise; 0 is any free one.
 */
@SuppressWarnings("InlineFormatString") // the configuration reads best as one piece
final class Demo {
  static final String PORT = "fairlead.demo.port";
  static final String ADMIN_PORT = "fairlead.demo.admin-port";

  /** Names the record of the classes that a node's start needs, if there is one. */
  private static final String NODE_CACHE = "fairlead.demo.node-cache";

  private static final List<String> NAMES = List.of("a", "b", "c");

  /** What can be started while the nodes are starting: all but them and the way to them. */
  private static final String FIRST =
      """
      admin: { bind: "127.0.0.1:%d" }
      data: "%s"
      services:
        shop: { health: { http: "/healthz", interval: 1s, timeout: 500ms } }
      """;

  private static final String CONFIG =
      """
      admin: { bind: "127.0.0.1:%d" }
      data: "%s"
      listeners:
        web: { bind: "127.0.0.1:%d", routes: [ { service: shop } ] }
      services:
        shop:
          health: { http: "/healthz", interval: 1s, timeout: 500ms }
          nodes:
      %s\
      """;

  private Demo() {}

  /**
   * Runs it until the process is told to end.
   *
   * @param onceServing told of the instance
   */
  static int run(Consumer<Fairlead> onceServing) {
    Map<String, Process> nodes = new LinkedHashMap<>();
    try {
      List<CompletableNode> starting = new ArrayList<>();
      for (String name : NAMES) {
        CompletableNode node = CompletableNode.start(name);
        starting.add(node);
        nodes.put(name, node.process());
      }
      Path data = Files.createTempDirectory("fairlead-demo-");
      try {
        return serve(data, starting, nodes, onceServing);
      } finally {
        remove(data);
      }
    } catch (IOException | IllegalStateException e) {
      System.err.println("fairlead demo: " + e.getMessage());
      return 1;
    } finally {
      nodes.values().forEach(Demo::end);
    }
  }

  private static int serve(
      Path data,
      List<CompletableNode> starting,
      Map<String, Process> nodes,
      Consumer<Fairlead> onceServing)
      throws IOException {
    int adminPort = Integer.getInteger(ADMIN_PORT, 9900);
    String first = FIRST.formatted(adminPort, data);
    try (Fairlead fairlead =
        Fairlead.start(accepted(read(first)), first, "demo", null, null, true)) {
      StringBuilder lines = new StringBuilder();
      for (CompletableNode node : starting) {
        String line = "- { name: %s, address: \"127.0.0.1:%d\" }\n";
        lines.append(line.formatted(node.name(), node.awaitPort()).indent(6));
      }
      String text = CONFIG.formatted(adminPort, data, Integer.getInteger(PORT, 8080), lines);
      if (fairlead.apply(read(text), "demo") instanceof Fairlead.Applied.Refused refused) {
        throw new IllegalStateException(refused.problems().getFirst().toString());
      }
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
        Launch.awaitEnd(fairlead, onceServing);
        System.out.println("traffic: " + traffic.summary().text());
      }
      fairlead.drain(java.time.Duration.ofSeconds(5));
    }
    return 0;
  }

  /** What was recorded was for this time only. */
  static void remove(Path data) throws IOException {
    List<Path> all;
    try (Stream<Path> found = Files.walk(data)) {
      all = found.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.deleteIfExists(path);
    }
  }

  static ConfigReader.Result read(String text) {
    return ConfigReader.read("demo", text, Path.of(""), name -> null);
  }

  static FairleadConfig accepted(ConfigReader.Result read) {
    return switch (read) {
      case ConfigReader.Result.Accepted(FairleadConfig config, String _) -> config;
      case ConfigReader.Result.Refused(List<ConfigReader.Problem> problems) ->
          throw new IllegalStateException("the demo's own configuration: " + problems);
    };
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
    System.out.println(
        "  ./fairlead logs --sql 'SELECT node, count(*), p99(total_us) FROM requests GROUP BY node'"
            + admin);
    System.out.println("Ctrl-C stops all of it.");
  }

  static long sinceStart() {
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

  /** How a node is started in a process of its own. */
  static List<String> nodeCommand(String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    for (String argument : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
      if (isShared(argument)) {
        command.add(argument);
      }
    }
    String cache = System.getProperty(NODE_CACHE);
    if (cache != null) {
      command.add("-XX:AOTCache=" + cache);
    }
    command.addAll(List.of("-Xms16m", "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add(DemoNode.class.getName());
    command.addAll(List.of(arguments));
    return command;
  }

  /** What a node's JVM needs of ours: what its cache was made with, and what keeps it quiet. */
  private static boolean isShared(String argument) {
    return argument.startsWith("-XX:+UseCompactObjectHeaders")
        || argument.startsWith("--enable-native-access")
        || argument.startsWith("--sun-misc-unsafe-memory-access");
  }

  /** A test node that is starting in a process of its own and will say its port. */
  private record CompletableNode(String name, Process process) {
    static CompletableNode start(String name) throws IOException {
      List<String> command = nodeCommand(name, "exp:8ms");
      return new CompletableNode(
          name, new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start());
    }

    int awaitPort() throws IOException {
      // Not closed: closing it would break the node's standard output.
      BufferedReader out =
          new BufferedReader(
              new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
      String line = out.readLine();
      if (line == null || !line.matches("[0-9]+")) {
        throw new IOException("node " + name + " did not start: " + line);
      }
      return Integer.parseInt(line);
    }
  }
}
