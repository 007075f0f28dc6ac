package io.fairlead.cli;

import io.fairlead.config.SimulationConfig;
import io.fairlead.config.SimulationReader;
import io.fairlead.config.SimulationReader.Result;
import io.fairlead.simulate.Outcome;
import io.fairlead.simulate.Simulation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
  @Parameters(
      arity = "1..*",
      paramLabel = "FILE",
      description = "A workload, what goes wrong, the policies; several are run one after another.")
  private List<Path> files = List.of();

  @Option(names = "--json", description = "Print the figures as an object, one line for each file.")
  private boolean json;

  @Option(names = "--brief", description = "One line for each policy, and what was expected of it.")
  private boolean brief;

  @Option(
      names = "--quick",
      description = "A quarter of the measured time, one seed: for a first look.")
  private boolean quick;

  @Option(
      names = "--plot",
      paramLabel = "SVG",
      description = "Where the picture of the last file goes, instead of what it says.")
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
    Map<Path, SimulationConfig> described = new LinkedHashMap<>();
    boolean refused = false;
    for (Path file : files) {
      switch (SimulationReader.readFile(file)) {
        case Result.Refused(List<String> problems) -> {
          problems.forEach(world().err()::println);
          refused = true;
        }
        case Result.Accepted(SimulationConfig read) ->
            described.put(file, quick ? read.quick() : read);
      }
    }
    if (refused) {
      return Cli.FAILED;
    }
    Map<Path, Outcome> outcomes = new LinkedHashMap<>();
    described.forEach((file, config) -> {
      Outcome outcome = Simulation.run(config, threads);
      outcomes.put(file, outcome);
      if (!json && !brief) {
        print(file, outcome);
      }
      config.plot().ifPresent(picture -> draw(plot == null ? picture : plot, outcome));
      if (config.plot().isEmpty() && plot != null) {
        draw(plot, outcome);
      }
    });
    if (json) {
      outcomes.values().stream()
          .map(outcome -> new JsonMapper().writeValueAsString(outcome.result()))
          .forEach(terminal()::line);
    } else {
      sum(outcomes);
    }
    boolean met =
        outcomes.values().stream()
            .flatMap(one -> one.checks().stream())
            .allMatch(Outcome.Check::met);
    return met ? Cli.DONE : Cli.FAILED;
  }

  private void print(Path file, Outcome outcome) {
    if (files.size() > 1) {
      terminal().line("# " + file);
    }
    for (Outcome.Table table : outcome.tables()) {
      terminal().line(table.title());
      terminal().table(table.titles(), table.rows());
      terminal().line("");
    }
  }

  private void sum(Map<Path, Outcome> outcomes) {
    List<List<String>> finds = new ArrayList<>();
    List<List<String>> checks = new ArrayList<>();
    outcomes.forEach((file, outcome) -> {
      for (Outcome.Figures row : outcome.figures()) {
        if (brief && row.finds() != null) {
          List<String> cells = new ArrayList<>(List.of(name(file), row.policy()));
          cells.addAll(outcome.findsOf(row));
          cells.add(outcome.isMet(row) ? "met" : "missed");
          finds.add(cells);
        }
      }
      boolean listed = brief && outcome.figures().stream().anyMatch(row -> row.finds() != null);
      outcome.checks().stream()
          .filter(check -> !listed || !check.met()) // else the table of finds says it all
          .forEach(check -> checks.add(row(check)));
    });
    if (!finds.isEmpty()) {
      List<String> titles = new ArrayList<>(List.of("FILE", "POLICY"));
      titles.addAll(Outcome.FINDS);
      titles.add("");
      terminal().table(titles, finds);
      terminal().line("");
    }
    if (!checks.isEmpty()) {
      terminal()
          .table(
              List.of("EXPECTED", "MEASURE", "OF", ">INSTANCES", ">LOAD", ">WAS", "BOUND", ""),
              checks);
      terminal().line("");
    }
    terminal().line(Outcome.effort(outcomes.values()));
  }

  private static String name(Path file) {
    Path last = file.getFileName();
    return (last == null ? file : last).toString().replaceFirst("\\.ya?ml$", "");
  }

  private static List<String> row(Outcome.Check check) {
    return List.of(
        check.name(),
        check.measure(),
        check.policy(),
        String.valueOf(check.instances()),
        Outcome.trim(check.load()),
        check.was(),
        check.bound(),
        check.met() ? "met" : "missed");
  }

  private static void draw(Path picture, Outcome outcome) {
    try {
      Files.writeString(picture, outcome.svg());
    } catch (IOException e) {
      throw new Failure(Cli.FAILED, "cannot write " + picture);
    }
  }
}
