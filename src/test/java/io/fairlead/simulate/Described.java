package io.fairlead.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.SimulationConfig;
import io.fairlead.config.SimulationReader;
import io.fairlead.config.SimulationReader.Result;
import io.fairlead.simulate.Outcome.Figures;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Simulations as tests write them. */
final class Described {
  private Described() {}

  static SimulationConfig config(String yaml) {
    try {
      Path file = Files.createTempFile("simulation", ".yaml");
      try {
        Files.writeString(file, yaml);
        Result result = SimulationReader.readFile(file);
        assertThat(result).isInstanceOf(Result.Accepted.class);
        return ((Result.Accepted) result).config();
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Outcome outcome(String yaml) {
    return Simulation.run(config(yaml), 2);
  }

  static List<Figures> run(String yaml) {
    return outcome(yaml).figures();
  }
}
