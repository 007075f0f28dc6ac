package io.fairlead.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is made of answers of an engine, whatever they are. */
@Timeout(30)
class DockerApiTest {
  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "1.41, 1.24, 1.41",
    "1.52, 1.44, 1.47",
    "1.40, 1.12, 1.40",
    "1.47, 1.47, 1.47",
    "1.39, 1.12, refused",
    "1.60, 1.48, refused",
    "4.3.1, 1.24, refused"
  })
  void theVersionIsOneThatBothKnow(String newest, String oldest, String agreed) {
    String says = "{\"ApiVersion\":\"" + newest + "\",\"MinAPIVersion\":\"" + oldest + "\"}";
    String outcome;
    try {
      outcome = DockerApi.agree(new DockerApi.Reply(200, Map.of(), says));
    } catch (IOException e) {
      outcome = "refused";
    }
    assertThat(outcome).isEqualTo(agreed);
  }

  @Test
  void anEngineThatIsNotThereOrSilentIsSaidToBe() throws IOException {
    DockerApi none = new DockerApi(folder.resolve("none.sock"));
    assertThatThrownBy(() -> none.call("GET", "/x", null, Duration.ofSeconds(3)))
        .hasMessageStartingWith("the engine at " + folder.resolve("none.sock"));
    try (ScriptedEngine engine = new ScriptedEngine(folder.resolve("engine.sock"))) {
      engine.beSilent(true);
      DockerApi silent = new DockerApi(folder.resolve("engine.sock"));
      assertThatThrownBy(() -> silent.call("GET", "/x", null, Duration.ofSeconds(1)))
          .hasMessageContaining("does not answer");
    }
  }

  @Test
  void garbageIsRefused() throws IOException {
    byte[] right =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
            .getBytes(StandardCharsets.US_ASCII);
    assertThat(DockerApi.read(new ByteArrayInputStream(right)).body()).isEqualTo("abc");
    SplittableRandom random = new SplittableRandom(3);
    int refused = 0;
    for (int i = 0; i < 50_000; i++) {
      byte[] bytes = Arrays.copyOf(right, random.nextInt(right.length + 1));
      for (int j = random.nextInt(3); j > 0 && bytes.length > 0; j--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try {
        DockerApi.Reply _ = DockerApi.read(new ByteArrayInputStream(bytes));
      } catch (IOException e) {
        refused++;
      }
    }
    assertThat(refused).isPositive();
  }

  @Test
  void anEngineThatDoesNotStopIsNotReadOn() throws IOException {
    String ok = "HTTP/1.1 200 OK\r\n";
    byte[] flood = (ok + "x: y\r\n".repeat(201)).getBytes(StandardCharsets.US_ASCII);
    assertThatThrownBy(() -> DockerApi.read(new ByteArrayInputStream(flood)))
        .hasMessage("more than 200 fields");
    byte[] large = Arrays.copyOf((ok + "\r\n").getBytes(StandardCharsets.US_ASCII), 17 << 20);
    assertThatThrownBy(() -> DockerApi.read(new ByteArrayInputStream(large)))
        .as("not cut to what may be read")
        .hasMessage("more than 16777216 bytes");
    byte[] most = (ok + "x: y\r\n".repeat(200) + "\r\n[]").getBytes(StandardCharsets.US_ASCII);
    assertThat(DockerApi.read(new ByteArrayInputStream(most)).body()).isEqualTo("[]");
  }

  @ParameterizedTest
  @CsvSource({"200, true", "204, true", "304, true", "301, false", "404, false", "500, false"})
  void whatIsAnAnswerAndWhatIsNone(int status, boolean ok) {
    assertThat(new DockerApi.Reply(status, Map.of(), "").ok()).isEqualTo(ok);
  }
}
