package io.fairlead.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.SimulationReader.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each file in {@code simulation/} is a description, a line of dashes, and what becomes of it, as
 * in {@link GoldenConfigTest}; {@code -Dfairlead.update-golden=true} writes what becomes of it now.
 */
final class SimulationReaderTest {
  private static final Path FOLDER = Path.of("src/test/resources/simulation");

  static Stream<String> cases() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList().stream();
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void becomesWhatIsWrittenBelowIt(String name) throws IOException {
    String text = Files.readString(FOLDER.resolve(name));
    String yaml = text.substring(0, text.indexOf(GoldenConfigTest.DASHES) + 1);
    Result result = SimulationReader.read("f.yaml", yaml, Path.of("/sim"), Map.of("N", "3")::get);
    String outcome =
        switch (result) {
          case Result.Accepted(SimulationConfig config) -> GoldenConfigTest.meaning("", config);
          case Result.Refused(List<String> problems) -> String.join("\n", problems) + "\n";
        };
    String golden = yaml + GoldenConfigTest.DASHES.substring(1) + outcome;
    if (Boolean.getBoolean("fairlead.update-golden")) {
      Files.writeString(FOLDER.resolve(name), golden);
    }
    assertThat(golden).isEqualTo(Files.readString(FOLDER.resolve(name)));
    assertThat(result instanceof Result.Accepted).isEqualTo(name.startsWith("ok-"));
  }

  /** Means that can be worked out by hand. */
  @ParameterizedTest
  @CsvSource({
    "10ms, 10",
    "exp:10ms, 10",
    "lognormal:20ms:0.5, 22.663", // 20 e^(1/8)
    "bimodal:10ms:500ms:1%, 14.9",
    "hyperexp:10ms:500ms:1%, 14.9",
    "normal:10ms:0ms, 10",
    "normal:10ms:10ms, 12.876", // 10 (1 + φ(1)/Φ(1))
    "pareto:1ms:2:1000, 1.998" // 2 (1 - 1/1000) / (1 - 1/1000²)
  })
  void aServiceTimeKnowsItsMean(String text, double millis) {
    assertThat(ServiceTime.parse(text).meanNanos() / 1e6)
        .isCloseTo(millis, org.assertj.core.data.Offset.offset(0.005));
  }
}
