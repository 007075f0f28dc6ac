package io.fairlead.config;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The description of a simulation, read as a configuration is: everything wrong at once. */
public final class SimulationReader {
  private static final ConfigReader.Root<SimulationConfig> SIMULATION =
      new ConfigReader.Root<>("nodes, service-time and balance", SimulationLanguage::read);

  private SimulationReader() {}

  /** What became of a file. */
  public sealed interface Result {
    /** Right in every respect. */
    record Accepted(SimulationConfig config) implements Result {}

    /**
     * Wrong in at least one.
     *
     * @param problems all of them by position, each as people read it
     */
    record Refused(List<String> problems) implements Result {
      public Refused {
        problems = List.copyOf(problems);
      }
    }
  }

  /** Reads a file with the environment of this process. */
  public static Result readFile(Path file) {
    return result(ConfigReader.parseFile(file, System::getenv, SIMULATION));
  }

  static Result read(
      String source, String yaml, Path folder, Function<String, @Nullable String> env) {
    return result(ConfigReader.parse(source, yaml, folder, env, SIMULATION));
  }

  private static Result result(ConfigReader.Parsed<SimulationConfig> parsed) {
    SimulationConfig config = parsed.value();
    return config == null
        ? new Result.Refused(
            parsed.problems().stream().map(ConfigReader.Problem::toString).toList())
        : new Result.Accepted(config);
  }
}
