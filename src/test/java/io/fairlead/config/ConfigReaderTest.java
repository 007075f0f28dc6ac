package io.fairlead.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.ConfigReader.Problem;
import io.fairlead.config.ConfigReader.Result;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ConfigReaderTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"minimal", "shop", "trusted-proxies"})
  void readsTheExamples(String name) {
    assertThat(ConfigReader.readFile(Path.of("examples", name + ".yaml"), _ -> null))
        .isInstanceOf(Result.Accepted.class);
  }

  @Test
  void takesPathsFromTheFolderOfTheFile() throws IOException {
    Path file = Files.writeString(folder.resolve("a.yaml"), "data: ../state\n");
    assertThat(ConfigReader.readFile(file))
        .isInstanceOfSatisfying(
            Result.Accepted.class,
            accepted ->
                assertThat(accepted.config().data()).isEqualTo(folder.resolveSibling("state")));
  }

  @Test
  void saysWhyAFileCannotBeRead() throws IOException {
    Path latin =
        Files.write(folder.resolve("l.yaml"), "data: ü".getBytes(StandardCharsets.ISO_8859_1));
    Path missing = folder.resolve("missing.yaml");
    assertThat(problems(ConfigReader.readFile(missing)))
        .isEqualTo(missing + ":1:1: cannot be read: there is no such file");
    assertThat(problems(ConfigReader.readFile(latin)))
        .isEqualTo(latin + ":1:1: must be UTF-8 text");
    assertThat(problems(ConfigReader.readFile(folder)))
        .isEqualTo(folder + ":1:1: cannot be read: it is a folder");
  }

  @Test
  void refusesMoreThan16MiB() {
    String yaml = "data: x #" + " ".repeat(YamlText.MAX_LENGTH);
    assertThat(problems(read(yaml))).isEqualTo("f.yaml:1:1: must be at most 16MiB");
  }

  @Test
  void tellsAThousandProblemsAndHowManyMore() {
    String yaml =
        IntStream.range(0, 1500).mapToObj(i -> "k" + i + ": 1\n").collect(Collectors.joining());
    assertThat(read(yaml))
        .isInstanceOfSatisfying(
            Result.Refused.class,
            refused ->
                assertThat(refused.problems())
                    .hasSize(1001)
                    .last()
                    .hasToString("f.yaml:1001:1: and 500 more problems from here"));
  }

  @ParameterizedTest
  @CsvSource({
    "5ms, 5ms",
    "1000ms, 1s",
    "1.5s, 1500ms",
    "60s, 60s",
    "120s, 2m",
    "90s, 90s",
    "60m, 1h",
    "0.0005s, 0.5ms"
  })
  void writesDurationsAsPeopleDo(String text, String written) {
    assertThat(Units.duration(Units.parseDuration(text))).isEqualTo(written);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0B",
    "512B, 512B",
    "1024, 1KiB",
    "1.5KiB, 1536B",
    "65536, 64KiB",
    "1048576KiB, 1GiB"
  })
  void writesSizesAsPeopleDo(String text, String written) {
    assertThat(Units.size(Units.parseSize(text))).isEqualTo(written);
  }

  @Test
  void recordsRefuseWithFieldRuleAndValueOfEachWrong() {
    assertThat(
            org.junit.jupiter.api.Assertions.assertThrows(
                InvalidConfigException.class,
                () ->
                    new HealthCheckConfig(
                        Duration.ofSeconds(1), Duration.ofSeconds(5), 0, 3, new Probe.Tcp())))
        .hasMessage(
            "timeout: must not exceed interval 1s (was 5s); rise: must be from 1 to 100 (was 0)");
  }

  @Test
  void tenThousandRoutesAndNodesAreReadInTime() {
    StringBuilder yaml =
        new StringBuilder("listeners:\n  web:\n    bind: \"127.0.0.1:1\"\n    routes:\n");
    for (int i = 0; i < 10_000; i++) {
      yaml.append(
          "      - { match: { host: \"h%d.example\", path: \"/p%d/**\", method: [GET] }, service: s%d }\n"
              .formatted(i, i, i % 100));
    }
    yaml.append("services:\n");
    for (int service = 0; service < 100; service++) {
      yaml.append("  s%d:\n    nodes:\n".formatted(service));
      for (int node = 0; node < 100; node++) {
        yaml.append(
            "      - { address: \"10.0.%d.%d:8080\", weight: 2 }\n".formatted(service, node));
      }
    }
    long cold = millisToRead(yaml.toString());
    long warm =
        IntStream.range(0, 5).mapToLong(_ -> millisToRead(yaml.toString())).min().orElseThrow();
    System.out.println(
        "10,000 routes and 10,000 nodes: " + cold + " ms of processor cold, " + warm + " ms warm");
    assertThat(warm).isLessThan(2000);
  }

  @Test
  void tenThousandProblemsAreFoundInTime() {
    StringBuilder yaml = new StringBuilder("listeners:\n  web:\n    bind:\n");
    for (int i = 0; i < 10_000; i++) {
      yaml.append("      - \"127.0.%d.%d:80\"\n".formatted(i / 250, i % 250));
    }
    yaml.append("    routes:\n");
    for (int i = 0; i < 10_000; i++) {
      yaml.append("      - { match: { path: \"/%d\" }, service: servize-%d }\n".formatted(i, i));
    }
    yaml.append("services:\n");
    for (int i = 0; i < 10_000; i++) {
      yaml.append("  service-%d: {}\n".formatted(i));
    }
    long start = cpuNanos();
    assertThat(read(yaml.toString())).isInstanceOf(Result.Refused.class);
    assertThat((cpuNanos() - start) / 1_000_000).isLessThan(4000);
  }

  private static long millisToRead(String yaml) {
    long start = cpuNanos();
    assertThat(read(yaml)).isInstanceOf(Result.Accepted.class);
    return (cpuNanos() - start) / 1_000_000;
  }

  // Time on a processor: what else the machine does meanwhile says nothing about the reader.
  private static long cpuNanos() {
    return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
  }

  private static Result read(String yaml) {
    return ConfigReader.read("f.yaml", yaml, Path.of("/etc/fairlead"), _ -> null);
  }

  private static String problems(Result result) {
    return switch (result) {
      case Result.Accepted _ -> "accepted";
      case Result.Refused(List<Problem> problems) ->
          problems.stream().map(Problem::toString).collect(Collectors.joining("\n"));
    };
  }
}
