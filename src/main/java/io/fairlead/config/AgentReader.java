package io.fairlead.config;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The file of an agent, read as a configuration is: everything wrong at once. */
public final class AgentReader {
  private static final ConfigReader.Root<AgentConfig> AGENT =
      new ConfigReader.Root<>("name, data and services", AgentLanguage::read);

  private AgentReader() {}

  /** What became of a file. */
  public sealed interface Result {
    /** Right in every respect. */
    record Accepted(AgentConfig config) implements Result {}

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
    return result(ConfigReader.parseFile(file, System::getenv, AGENT));
  }

  static Result read(
      String source, String yaml, Path folder, Function<String, @Nullable String> env) {
    return result(ConfigReader.parse(source, yaml, folder, env, AGENT));
  }

  private static Result result(ConfigReader.Parsed<AgentConfig> parsed) {
    AgentConfig config = parsed.value();
    return config == null
        ? new Result.Refused(
            parsed.problems().stream().map(ConfigReader.Problem::toString).toList())
        : new Result.Accepted(config);
  }
}
