package io.fairlead.cli;

import java.io.Console;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
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

  static int main(String[] args, World world) {
    CommandLine root = new CommandLine(new Root());
    add(root, "demo", new StartVerbs.Demo(world));
    add(root, "run", new StartVerbs.Run(world));
    add(root, "check", new StartVerbs.Check(world));
    add(root, "reload", new ConfigVerbs.Reload(world));
    add(root, "apply", new ConfigVerbs.Apply(world));
    add(root, "status", new LookVerbs.Status(world));
    add(root, "nodes", new LookVerbs.Nodes(world));
    add(root, "drain", new DrainVerbs.Drain(world));
    add(root, "undrain", new DrainVerbs.Undrain(world));
    add(root, "explain", new LookVerbs.Explain(world));
    add(root, "node", new StartVerbs.Node(world));
    add(root, "version", new StartVerbs.Version(world));
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

  private static void add(CommandLine root, String name, Object verb) {
    CommandLine command = new CommandLine(verb);
    addHelp(command.getCommandSpec());
    root.addSubcommand(name, command);
  }

  private static void addHelp(CommandSpec spec) {
    spec.addOption(
        CommandLine.Model.OptionSpec.builder("-h", "--help")
            .usageHelp(true)
            .description("Say what this does.")
            .build());
  }
}
