package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.demo.TestNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whoever does not use OpenTelemetry or Kafka does not wait for their classes either. */
@Timeout(60)
final class LazyLibrariesTest {
  private static final String SDK = " io.opentelemetry.";
  private static final String KAFKA = " org.apache.kafka.";

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void librariesAreLoadedOnlyWhereThereIsAReceiver(boolean loaded) throws Exception {
    Path log = folder.resolve("classes");
    try (TestNode node = Loopback.node("a")) {
      Path file =
          Files.writeString(
              folder.resolve("fairlead.yaml"),
              """
              admin: { bind: "127.0.0.1:0" }
              data: data
              %s
              listeners: { web: { bind: "127.0.0.1:0", service: shop } }
              services: { shop: { nodes: "127.0.0.1:%d" } }
              """
                  .formatted(
                      loaded ? "telemetry: { otlp: \"http://127.0.0.1:1\" }" : "", node.port()));
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
      command.add("-Xlog:class+load:file=" + log);
      command.addAll(
          List.of("--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow"));
      command.addAll(List.of("-cp", System.getProperty("java.class.path"), "io.fairlead.Main"));
      command.addAll(List.of("run", "-c", file.toString()));
      Path output = folder.resolve("output");
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      try {
        Loopback.await("a start", () -> text(output).contains("dashboard and API: http://"));
        if (loaded) {
          Loopback.await("the SDK", () -> text(log).contains(SDK));
        }
        process.destroy();
        process.waitFor();
        assertThat(text(log).contains("io.fairlead.record.otlp.OtlpExport")).isTrue();
        assertThat(text(log).contains(SDK)).isEqualTo(loaded);
        assertThat(text(log).contains(KAFKA)).isFalse(); // KafkaTest has it
      } finally {
        process.destroyForcibly().waitFor();
      }
    }
  }

  private static String text(Path file) {
    try {
      return Files.exists(file) ? Files.readString(file) : "";
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
