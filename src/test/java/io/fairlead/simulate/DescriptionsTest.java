package io.fairlead.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.SimulationReader;
import io.fairlead.config.SimulationReader.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The descriptions that come with the product can be read, and what they expect comes out. */
@Tag("computing")
final class DescriptionsTest {
  static Stream<Path> descriptions() throws IOException {
    List<Path> all = new ArrayList<>(List.of(Path.of("examples/simulate.yaml")));
    for (String folder : List.of("bench/balance", "bench/detect", "bench/overload")) {
      try (Stream<Path> files = Files.list(Path.of(folder))) {
        all.addAll(files.sorted().toList());
      }
    }
    return all.stream();
  }

  @ParameterizedTest
  @MethodSource("descriptions")
  void canBeRead(Path file) {
    assertThat(SimulationReader.readFile(file)).isInstanceOf(Result.Accepted.class);
  }

  /** Small ones of {@code make bench-balance}, shortened: what must never get worse unnoticed. */
  @Test
  void whatIsExpectedOfSmallServicesComesOut() {
    for (String name : List.of("e3-twelve", "e3-two", "e4-slow-once", "e15-hedge")) {
      Result result = SimulationReader.readFile(Path.of("bench/balance", name + ".yaml"));
      assertThat(result).isInstanceOf(Result.Accepted.class);
      Outcome outcome = Simulation.run(((Result.Accepted) result).config().quick(), 2);
      assertThat(outcome.checks()).isNotEmpty().allMatch(Outcome.Check::met, name);
    }
  }

  @Test
  void theExampleKeepsWhatItExpects() {
    Result result = SimulationReader.readFile(Path.of("examples/simulate.yaml"));
    Outcome outcome = Simulation.run(((Result.Accepted) result).config().quick(), 2);
    assertThat(outcome.checks()).hasSize(2).allMatch(Outcome.Check::met);
  }
}
