package io.fairlead;

import io.fairlead.config.ConfigReader;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;

/** What a configuration names is not what it has to be, which is seen when it is to be used. */
final class RefusedConfig extends IOException {
  private static final long serialVersionUID = 1;

  @SuppressWarnings("serial") // nobody writes it
  private final List<ConfigReader.Problem> problems;

  RefusedConfig(List<ConfigReader.Problem> problems) {
    super(problems.stream().map(ConfigReader.Problem::toString).collect(Collectors.joining("\n")));
    this.problems = List.copyOf(problems);
  }

  /** All of them, at their places. */
  List<ConfigReader.Problem> problems() {
    return problems;
  }
}
