package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.demo.TestNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whoever does not use OpenTelemetry, Kafka, zstd, brotli or HTTP/3 does not wait for their classes
 * either.
 */
@Timeout(60)
final class LazyLibrariesTest {
  private static final String SDK = " io.opentelemetry.";
  private static final List<String> CODINGS = List.of(" com.github.luben.", " com.aayushatharva.");
  private static final List<String> HTTP_3 =
      List.of(" io.netty.handler.codec.quic.", " io.fairlead.proxy.http.Http3");
  private static final List<String> SIGN_IN =
      List.of(
          " com.nimbusds.",
          " io.fairlead.identity.OidcClient ",
          " io.fairlead.identity.OidcProvider ",
          " io.fairlead.identity.SessionSeal ",
          " io.fairlead.proxy.http.SignIn ");
  private static final String KAFKA = " org.apache.kafka.";

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void librariesAreLoadedOnlyWhereThereIsAReceiver(boolean loaded) throws Exception {
    Path log = folder.resolve("classes");
    new TestCertificates(folder).make("own", "shop.test");
    try (TestNode node = Loopback.node("a")) {
      Path file =
          Files.writeString(
              folder.resolve("fairlead.yaml"),
              """
              admin: { bind: "127.0.0.1:0" }
              data: data
              %s
              listeners:
                web: { bind: "127.0.0.1:0", routes: [ { service: shop %s } ] }
                secure:
                  bind: "127.0.0.1:0"
                  tls: { certificates: [ { cert: own.pem, key: own.key } ] }
                  %s
                  service: shop
              services: { shop: { nodes: "127.0.0.1:%d" } }
              """
                  .formatted(
                      loaded ? "telemetry: { otlp: \"http://127.0.0.1:1\" }" : "",
                      loaded ? ", compress: {}" : "",
                      loaded ? "http3: {}" : "",
                      node.port()));
      // Without the record, of which all classes are loaded at once.
      List<String> command =
          FairleadProcess.java("-XX:AOTMode=off", "-Xlog:class+load:file=" + log);
      command.addAll(List.of("io.fairlead.Main", "run", "-c", file.toString()));
      Path output = folder.resolve("output");
      Process process = FairleadProcess.start(output, command);
      try {
        Loopback.await("a start", () -> text(output).contains("dashboard and API: http://"));
        if (loaded) {
          Loopback.await("the SDK", () -> text(log).contains(SDK));
        }
        process.destroy();
        process.waitFor();
        assertThat(text(log).contains("io.fairlead.record.otlp.OtlpExport")).isTrue();
        assertThat(text(log).contains(SDK)).isEqualTo(loaded);
        CODINGS.forEach(coding -> assertThat(text(log).contains(coding)).isEqualTo(loaded));
        HTTP_3.forEach(part -> assertThat(text(log).contains(part)).isEqualTo(loaded));
        assertThat(text(log).contains(KAFKA)).isFalse(); // KafkaTest has it
        SIGN_IN.forEach(part -> assertThat(text(log).contains(part)).isFalse()); // OidcTest has it
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
