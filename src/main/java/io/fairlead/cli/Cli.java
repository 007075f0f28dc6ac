package io.fairlead.cli;

import java.io.Console;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.CommandSpec;

/** Reads the command line and runs the verb. */
public final class Cli {
  /** Done. */
  static final int DONE = 0;

  /** The thing asked for failed or is invalid. */
  static final int FAILED = 1;

  /** The command line itself is wrong. */
  static final int USAGE = 2;

  /** No instance reachable. */
  static final int UNREACHABLE = 3;

  /** Where an instance serves its API unless told otherwise. */
  static final String ADMIN = "http://127.0.0.1:9900";

  private Cli() {}

  /** What all verbs share, from the world or from a test. */
  record World(
      Launcher launcher,
      Map<String, String> environment,
      PrintWriter out,
      PrintWriter err,
      boolean colour) {}

  @Command(
      name = "fairlead",
      description = "Load balancing and high availability for your own machines, in one process.",
      synopsisSubcommandLabel = "VERB",
      footer = {
        "",
        "Exit codes: 0 done, 1 the thing asked for failed or is invalid, 2 usage,",
        "3 no instance reachable."
      })
  static final class Root {}

  /**
   * Runs one verb.
   *
   * @return the exit code
   */
  public static int main(String[] args, Launcher launcher) {
    Integer started = startAtOnce(args, launcher);
    if (started != null) {
      return started;
    }
    boolean terminal = Optional.ofNullable(System.console()).map(Console::isTerminal).orElse(false);
    return main(
        args,
        new World(
            launcher,
            System.getenv(),
            new PrintWriter(System.out, true, StandardCharsets.UTF_8),
            new PrintWriter(System.err, true, StandardCharsets.UTF_8),
            terminal && System.getenv("NO_COLOR") == null));
  }

  /**
   * The usual ways to write {@code demo} and {@code run}, without the parser: its classes are of a
   * version that the JVM cannot record, and loading them takes as long as the rest of the start.
   *
   * @return null if it takes the parser to say what is wanted
   */
  private static @Nullable Integer startAtOnce(String[] args, Launcher launcher) {
    if (args.length == 1 && args[0].equals("demo")) {
      return launcher.demo(false);
    }
    boolean named = args.length == 3 && (args[1].equals("-c") || args[1].equals("--config"));
    if ((args.length == 1 || named) && args[0].equals("run")) {
      Path file = Path.of(named ? args[2] : StartVerbs.CONFIG);
      return StartVerbs.isReadable(file) ? launcher.run(file, Launcher.Takeover.NO) : null;
    }
    return null;
  }

  static int main(String[] args, World world) {
    CommandLine root = new CommandLine(new Root());
    Map<String, Supplier<Verb>> verbs = verbs(world);
    if (args.length > 0 && verbs.containsKey(args[0])) {
      // Reading the annotations of all verbs would take longer than most verbs.
      verbs.keySet().retainAll(List.of(args[0]));
    }
    verbs.forEach((name, verb) -> {
      CommandLine command = add(root, name, verb.get());
      if (name.equals("db")) {
        DatabaseVerbs.all(world).forEach((part, its) -> add(command, part, its.get()));
      }
    });
    addHelp(root.getCommandSpec());
    root.setOut(world.out());
    root.setErr(world.err());
    root.setColorScheme(CommandLine.Help.defaultColorScheme(world.colour() ? Ansi.ON : Ansi.OFF));
    root.setExecutionExceptionHandler((e, command, _) -> {
      if (e instanceof Failure failure) {
        world.err().println("fairlead " + command.getCommandName() + ": " + e.getMessage());
        return failure.exitCode();
      }
      throw e;
    });
    if (args.length == 0) {
      root.usage(world.err());
      return USAGE;
    }
    return root.execute(args);
  }

  private static Map<String, Supplier<Verb>> verbs(World world) {
    Map<String, Supplier<Verb>> verbs = new LinkedHashMap<>();
    verbs.put("demo", () -> new StartVerbs.Demo(world));
    verbs.put("run", () -> new StartVerbs.Run(world));
    verbs.put("check", () -> new StartVerbs.Check(world));
    verbs.put("reload", () -> new ConfigVerbs.Reload(world));
    verbs.put("apply", () -> new ConfigVerbs.Apply(world));
    verbs.put("history", () -> new GroupVerbs.History(world));
    verbs.put("rollback", () -> new GroupVerbs.Rollback(world));
    verbs.put("status", () -> new LookVerbs.Status(world));
    verbs.put("nodes", () -> new LookVerbs.Nodes(world));
    verbs.put("drain", () -> new DrainVerbs.Drain(world));
    verbs.put("undrain", () -> new DrainVerbs.Undrain(world));
    verbs.put("scale", () -> new ScaleVerb(world));
    verbs.put("deploy", () -> new DeployVerb(world));
    verbs.put("instances", () -> new GroupVerbs.Instances(world));
    verbs.put("upgrade", () -> new UpgradeVerb(world));
    verbs.put("kv", () -> new KvVerb(world));
    verbs.put("explain", () -> new LookVerbs.Explain(world));
    verbs.put("vips", () -> new VipsVerb(world));
    verbs.put("certificates", () -> new CertificatesVerb(world));
    verbs.put("db", () -> new DatabaseVerbs.Db(world));
    verbs.put("dns", () -> new DnsVerb(world));
    verbs.put("logs", () -> new LogsVerb(world));
    verbs.put("patterns", () -> new PatternsVerb(world));
    verbs.put("why", () -> new WhyVerb(world));
    verbs.put("agent", () -> new StartVerbs.Agent(world));
    verbs.put("node", () -> new StartVerbs.Node(world));
    verbs.put("simulate", () -> new SimulateVerb(world));
    verbs.put("version", () -> new StartVerbs.Version(world));
    return verbs;
  }

  private static CommandLine add(CommandLine root, String name, Object verb) {
    CommandLine command = new CommandLine(verb).setCaseInsensitiveEnumValuesAllowed(true);
    addHelp(command.getCommandSpec());
    root.addSubcommand(name, command);
    return command;
  }

  private static void addHelp(CommandSpec spec) {
    spec.addOption(
        CommandLine.Model.OptionSpec.builder("-h", "--help")
            .usageHelp(true)
            .description("Say what this does.")
            .build());
  }
}
