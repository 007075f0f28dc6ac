package io.fairlead.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.AgentReader.Result;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each file in {@code agent/} is the file of an agent, a line of dashes, and what becomes of it, as
 * in {@link GoldenConfigTest}; {@code -Dfairlead.update-golden=true} writes what becomes of it now.
 */
final class AgentReaderTest {
  private static final Path FOLDER = Path.of("src/test/resources/agent");

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
    Result result = AgentReader.read("f.yaml", yaml, Path.of("/agent"), Map.of("N", "3")::get);
    String outcome =
        switch (result) {
          case Result.Accepted(AgentConfig config) -> GoldenConfigTest.meaning("", config);
          case Result.Refused(List<String> problems) -> String.join("\n", problems) + "\n";
        };
    String golden = yaml + GoldenConfigTest.DASHES.substring(1) + outcome;
    if (Boolean.getBoolean("fairlead.update-golden")) {
      Files.writeString(FOLDER.resolve(name), golden);
    }
    assertThat(golden).isEqualTo(Files.readString(FOLDER.resolve(name)));
    assertThat(result instanceof Result.Accepted).isEqualTo(name.startsWith("ok-"));
  }
}
