package io.fairlead.cli;

import io.fairlead.config.SimulationConfig;
import io.fairlead.config.SimulationReader;
import io.fairlead.config.SimulationReader.Result;
import io.fairlead.simulate.Outcome;
import io.fairlead.simulate.Simulation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.json.JsonMapper;

/** Policies compared in virtual time. */
@Command(
    description = {
      "Compare balancers on a described workload, in virtual time.",
      "Needs no running instance and opens no socket; the same file gives the same figures."
    })
final class SimulateVerb extends Verb {
  @Parameters(paramLabel = "FILE", description = "The workload, what goes wrong, the policies.")
  private @Nullable Path file;

  @Option(names = "--json", description = "Print the figures as an object.")
  private boolean json;

  @Option(names = "--quick", description = "A quarter of the time, one seed: for a first look.")
  private boolean quick;

  @Option(
      names = "--plot",
      paramLabel = "SVG",
      description = "Where a picture goes, instead of what the file says.")
  private @Nullable Path plot;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Cases that run at the same time; default: one for each processor.")
  private int threads = Runtime.getRuntime().availableProcessors();

  SimulateVerb(Cli.World world) {
    super(world);
  }

  @Override
  public Integer call() {
    if (threads < 1 || threads > 256) {
      throw new Failure(Cli.USAGE, "--threads must be 1 to 256 (was " + threads + ")");
    }
    Path path = file == null ? Path.of("") : file;
    SimulationConfig config;
    switch (SimulationReader.readFile(path)) {
      case Result.Refused(List<String> problems) -> {
        problems.forEach(world().err()::println);
        return Cli.FAILED;
      }
      case Result.Accepted(SimulationConfig read) -> config = quick ? read.quick() : read;
    }
    Outcome outcome = Simulation.run(config, threads);
    List<Outcome.Check> checks = outcome.checks();
    if (json) {
      terminal().line(new JsonMapper().writeValueAsString(outcome.result()));
    } else {
      print(outcome, checks);
    }
    Path picture = plot != null ? plot : config.plot().orElse(null);
    if (picture != null) {
      draw(picture, outcome.svg());
    }
    return checks.stream().allMatch(Outcome.Check::met) ? Cli.DONE : Cli.FAILED;
  }

  private void print(Outcome outcome, List<Outcome.Check> checks) {
    for (Outcome.Table table : outcome.tables()) {
      terminal().line(table.title());
      terminal().table(table.titles(), table.rows());
      terminal().line("");
    }
    if (!checks.isEmpty()) {
      terminal()
          .table(
              List.of("EXPECTED", "OF", ">INSTANCES", ">LOAD", ">WAS", "BOUND", ""),
              checks.stream().map(SimulateVerb::row).toList());
      terminal().line("");
    }
    terminal().line(outcome.effort());
  }

  private static List<String> row(Outcome.Check check) {
    return List.of(
        check.name(),
        check.policy(),
        String.valueOf(check.instances()),
        String.valueOf(check.load()),
        check.was(),
        check.bound(),
        check.met() ? "met" : "missed");
  }

  private void draw(Path picture, String svg) {
    try {
      Files.writeString(picture, svg);
    } catch (IOException e) {
      throw new Failure(Cli.FAILED, "cannot write " + picture);
    }
  }
}
