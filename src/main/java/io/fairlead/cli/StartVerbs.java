package io.fairlead.cli;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.Manifest;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;

/** Verbs that need no running instance. */
final class StartVerbs {
  /** The configuration where none is named. */
  static final String CONFIG = "fairlead.yaml";

  private StartVerbs() {}

  @Command(
      description = "The main job on this machine: front end, three nodes, traffic, dashboard.")
  static final class Demo extends Verb {
    @Option(
        names = "--scale",
        description = "Traffic swings, and the service grows and shrinks with it.")
    private boolean scale;

    @Option(
        names = "--database",
        description = "Three PostgreSQL servers, of which you may kill one, and a client's ledger.")
    private boolean database;

    Demo(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      if (scale && database) {
        throw new Failure(Cli.USAGE, "--scale and --database are two demos");
      }
      return database ? world().launcher().databaseDemo() : world().launcher().demo(scale);
    }
  }

  @Command(
      description = {
        "Run an instance.",
        "SIGHUP reloads, SIGTERM drains and then exits, a second SIGTERM exits at once.",
        "With --takeover it replaces the running instance of the same data folder: it receives the"
            + " listening sockets, and the old process finishes what it has begun and exits."
      })
  static final class Run extends Verb {
    @Option(
        names = {"-c", "--config"},
        paramLabel = "FILE",
        defaultValue = CONFIG,
        description = "The configuration; default: ${DEFAULT-VALUE}.")
    private Path config = Path.of(CONFIG);

    @Option(
        names = "--takeover",
        arity = "0..1",
        paramLabel = "if-running",
        fallbackValue = "required",
        description =
            "Replace the running instance; exit code 3 if there is none. With if-running start"
                + " anyway then.")
    private @Nullable String takeover;

    Run(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      return world().launcher().run(readable(config), mode(takeover));
    }

    private static Launcher.Takeover mode(@Nullable String word) {
      return switch (word) {
        case null -> Launcher.Takeover.NO;
        case "required" -> Launcher.Takeover.REQUIRED;
        case "if-running" -> Launcher.Takeover.IF_RUNNING;
        default ->
            throw new Failure(
                Cli.USAGE, "--takeover takes nothing or if-running (was " + word + ")");
      };
    }
  }

  @Command(description = "Validate a configuration: all problems at once.")
  static final class Check extends Verb {
    @Option(
        names = {"-c", "--config"},
        paramLabel = "FILE",
        defaultValue = CONFIG,
        description = "The configuration; default: ${DEFAULT-VALUE}.")
    private Path config = Path.of(CONFIG);

    @Option(names = "--json", description = "Print a list of the problems.")
    private boolean json;

    Check(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      List<String> problems = world().launcher().check(readable(config));
      if (json) {
        terminal().line(new JsonMapper().writeValueAsString(problems));
      } else if (problems.isEmpty()) {
        terminal().line(config + ": no problems");
      } else {
        problems.forEach(world().out()::println);
      }
      return problems.isEmpty() ? Cli.DONE : Cli.FAILED;
    }
  }

  @Command(
      description = {
        "Run an agent: starts and stops nodes on this machine for front ends elsewhere.",
        "SIGTERM ends it and leaves the nodes; a second SIGTERM ends it at once."
      })
  static final class Agent extends Verb {
    @Option(
        names = {"-c", "--config"},
        required = true,
        paramLabel = "FILE",
        description = "What the agent is and may run.")
    private Path config = Path.of("agent.yaml");

    @Option(names = "--check", description = "Only validate the file: all problems at once.")
    private boolean check;

    Agent(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      Path file = readable(config);
      if (!check) {
        return world().launcher().agent(file);
      }
      List<String> problems = world().launcher().checkAgent(file);
      if (problems.isEmpty()) {
        terminal().line(config + ": no problems");
      } else {
        problems.forEach(world().out()::println);
      }
      return problems.isEmpty() ? Cli.DONE : Cli.FAILED;
    }
  }

  @Command(description = "Run a test node whose behaviour can be changed by PUT /_control.")
  static final class Node extends Verb {
    @Option(
        names = {"-p", "--port"},
        required = true,
        paramLabel = "PORT",
        description = "Where it serves; 0: any free port.")
    private int port;

    @Option(
        names = "--bind",
        paramLabel = "ADDRESS",
        defaultValue = "127.0.0.1",
        description = "Address it listens on; default: ${DEFAULT-VALUE}.")
    private String bind = "127.0.0.1";

    @Option(names = "--name", paramLabel = "NAME", description = "What it calls itself.")
    private @Nullable String name;

    @Option(
        names = "--latency",
        paramLabel = "DIST",
        defaultValue = "0ms",
        description =
            "20ms, exp:20ms, uniform:5ms:50ms or pareto:20ms:1.3; default: ${DEFAULT-VALUE}.")
    private String latency = "0ms";

    @Option(
        names = "--error-rate",
        paramLabel = "SHARE",
        defaultValue = "0",
        description = "Share of answers that are 500, 0 to 1; default: ${DEFAULT-VALUE}.")
    private double errorRate;

    @Option(
        names = "--health",
        paramLabel = "ok|fail",
        defaultValue = "ok",
        description = "What its health path says; default: ${DEFAULT-VALUE}.")
    private String health = "ok";

    Node(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      if (port < 0 || port > 65535) {
        throw new Failure(Cli.USAGE, "--port must be 0 to 65535 (was " + port + ")");
      }
      if (!(errorRate >= 0 && errorRate <= 1)) {
        throw new Failure(Cli.USAGE, "--error-rate must be 0 to 1 (was " + errorRate + ")");
      }
      if (!health.equals("ok") && !health.equals("fail")) {
        throw new Failure(Cli.USAGE, "--health must be ok or fail (was " + health + ")");
      }
      return world()
          .launcher()
          .node(
              new Launcher.NodeOptions(port, bind, name, latency, errorRate, health.equals("ok")));
    }
  }

  @Command(description = "Print version, commit and JDK.")
  static final class Version extends Verb {
    @Option(names = "--json", description = "Print it as an object.")
    private boolean json;

    Version(Cli.World world) {
      super(world);
    }

    @Override
    public Integer call() {
      String version = fromManifest("Implementation-Version");
      String commit = fromManifest("Implementation-Commit");
      String jdk = Runtime.version().toString();
      terminal()
          .line(
              json
                  ? "{\"version\":\""
                      + version
                      + "\",\"commit\":\""
                      + commit
                      + "\",\"jdk\":\""
                      + jdk
                      + "\"}"
                  : "fairlead " + version + " (commit " + commit + ", JDK " + jdk + ")");
      return Cli.DONE;
    }

    /** A value of the jar that holds this class; "unknown" where there is no jar. */
    private static String fromManifest(String key) {
      URL own = Version.class.getResource("StartVerbs.class");
      String place = own == null ? "" : own.toString();
      int end = place.indexOf("!/");
      if (!place.startsWith("jar:") || end < 0) {
        return "unknown";
      }
      try (InputStream in =
          URI.create(place.substring(0, end) + "!/META-INF/MANIFEST.MF").toURL().openStream()) {
        String value = new Manifest(in).getMainAttributes().getValue(key);
        return value == null ? "unknown" : value;
      } catch (IOException _) {
        return "unknown";
      }
    }
  }

  private static Path readable(Path file) {
    if (!isReadable(file)) {
      throw new Failure(Cli.FAILED, "cannot read " + file + "; name another with -c FILE");
    }
    return file;
  }

  static boolean isReadable(Path file) {
    return Files.isReadable(file) && !Files.isDirectory(file);
  }
}
