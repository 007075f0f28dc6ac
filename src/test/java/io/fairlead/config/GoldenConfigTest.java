package io.fairlead.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.ConfigReader.Problem;
import io.fairlead.config.ConfigReader.Result;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Each file in {@code config/} is a configuration, a line of dashes, and what becomes of it: its
 * meaning, value by value, or its problems. {@code -Dfairlead.update-golden=true} writes what
 * becomes of it now; read the difference before you believe it.
 */
final class GoldenConfigTest {
  static final Path FOLDER = Path.of("src/test/resources/config");
  static final String DASHES = "\n----------\n";
  static final Map<String, String> ENV =
      Map.of("PORT", "8081", "SECRET", "environment-secret-1", "NAME", "shop", "EMPTY", "");
  private static final List<String> SECRETS =
      List.of(
          "environment-secret-1",
          "my-very-secret-token-here",
          "alice-reads",
          "bob-reads",
          "also-short",
          "too-short-secret",
          "0123456789abcde",
          "letzten-jahrtausend");

  static Stream<String> cases() throws IOException {
    try (Stream<Path> files = Files.list(FOLDER)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".yaml"))
          .sorted()
          .toList()
          .stream();
    }
  }

  static Result read(String yaml) {
    return ConfigReader.read("f.yaml", yaml, FOLDER, ENV::get);
  }

  /** The configuration of a case, without what becomes of it. */
  static String yaml(String name) throws IOException {
    String text = Files.readString(FOLDER.resolve(name));
    return text.substring(0, text.indexOf(DASHES) + 1);
  }

  @ParameterizedTest
  @MethodSource("cases")
  void becomesWhatIsWrittenBelowIt(String name) throws IOException {
    String yaml = yaml(name);
    Result result = read(yaml);
    String outcome =
        switch (result) {
          case Result.Accepted(FairleadConfig config, String text) -> {
            assertThat(text).isEqualTo(yaml);
            yield meaning("", config);
          }
          case Result.Refused(List<Problem> problems) ->
              problems.stream().map(Problem::toString).collect(Collectors.joining("\n")) + "\n";
        };
    if (Boolean.getBoolean("fairlead.update-golden")) {
      Files.writeString(FOLDER.resolve(name), yaml + DASHES.substring(1) + outcome);
    }
    assertThat(yaml + DASHES.substring(1) + outcome)
        .isEqualTo(Files.readString(FOLDER.resolve(name)));
    assertThat(result instanceof Result.Accepted)
        .isEqualTo(name.startsWith("ok-") || name.equals("admin-localhost-is-loopback.yaml"));
    assertThat(outcome).doesNotContain(SECRETS);
    if (result instanceof Result.Accepted(FairleadConfig config, _)) {
      assertThat(config.toString()).doesNotContain(SECRETS);
    }
  }

  static String meaning(String path, Object value) {
    return switch (value) {
      case HostPort _,
          Cidr _,
          VipAddress _,
          Probe.StatusRange _,
          Secret _,
          Portion _,
          SimulatedPolicy _ ->
          path + ": " + value + "\n";
      case DnsConfig dns when !dns.enabled() -> "";
      case Record record when record.getClass().getRecordComponents().length == 0 ->
          path + ": " + record.getClass().getSimpleName() + "\n";
      case Record record ->
          Stream.of(record.getClass().getRecordComponents())
              .map(part ->
                  meaning(
                      path.isEmpty() ? part.getName() : path + "." + part.getName(),
                      part(part, record)))
              .collect(Collectors.joining());
      case Optional<?> maybe -> maybe.map(one -> meaning(path, one)).orElse("");
      case Map<?, ?> map ->
          map.entrySet().stream()
              .map(entry -> meaning(path + "." + entry.getKey(), entry.getValue()))
              .collect(Collectors.joining());
      case List<?> list -> {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < list.size(); i++) {
          text.append(meaning(path + "[" + i + "]", list.get(i)));
        }
        yield text.toString();
      }
      case Integer loops
          when path.equals("runtime.eventLoops")
              && loops == RuntimeConfig.ofThisMachine().eventLoops() ->
          path + ": as many as processors\n";
      default -> path + ": " + Units.textOf(value) + "\n";
    };
  }

  private static Object part(RecordComponent part, Record record) {
    try {
      return part.getAccessor().invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(e.getMessage(), e);
    }
  }
}
