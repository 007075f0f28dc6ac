package io.fairlead.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.DiscoverSource;
import io.fairlead.docker.ScriptedEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What becomes of a service's nodes whatever an engine says; {@code PodmanTest} asks a real one.
 */
@Timeout(30)
class DockerLookTest {
  @TempDir private Path folder;
  private ScriptedEngine engine;
  private final List<String> containers = new ArrayList<>();
  private final List<String> unwell = new ArrayList<>();
  private String answer = "";

  @BeforeEach
  void open() throws IOException {
    engine = new ScriptedEngine(folder.resolve("engine.sock"));
    engine.script(asked -> {
      if (!asked.contains("/containers/json")) {
        return null;
      }
      if (!answer.isEmpty()) {
        return answer;
      }
      return engine.reply(
          200, "[" + String.join(",", asked.contains("health") ? unwell : containers) + "]");
    });
  }

  @AfterEach
  void shut() throws IOException {
    engine.close();
  }

  private DiscoverSource.Docker config(String network) {
    return new DiscoverSource.Docker(folder.resolve("engine.sock"), network);
  }

  /** For an answer; a machine with other work to do needs more than the answer itself takes. */
  private Duration patience = Duration.ofSeconds(20);

  private Watched watched(String network) {
    return Watched.byClock(
        config(network), config -> new DockerLook(config, Watched.SHOP, patience));
  }

  /** One that serves on port 80, which is published on another. */
  private static String container(String name, int published, String labels) {
    return "{\"Id\":\"id-"
        + name
        + "\",\"Names\":[\"/"
        + name
        + "\"],\"State\":\"running\",\"Labels\":{\"fairlead.enable\":\"true\",\"fairlead.pool\":\"shop\""
        + (labels.isEmpty() ? "" : "," + labels)
        + "},\"Ports\":["
        + (published == 0
            ? "{\"PrivatePort\":80,\"Type\":\"tcp\"}"
            : "{\"IP\":\"0.0.0.0\",\"PrivatePort\":80,\"PublicPort\":"
                + published
                + ",\"Type\":\"tcp\"}")
        + "],\"NetworkSettings\":{\"Networks\":{\"front\":{\"IPAddress\":\"172.17.0.2\"},"
        + "\"back\":{\"IPAddress\":\"172.18.0.2\"}}}}";
  }

  private static String eighty() {
    return "\"fairlead.port\":\"80\"";
  }

  @Test
  void containersAreNodesAsTheirLabelsSay() {
    containers.add(container("a", 30_001, eighty()));
    containers.add(container("b", 30_002, eighty() + ",\"fairlead.weight\":\"5\""));
    containers.add(container("other", 30_003, eighty()).replace("shop", "stock"));
    containers.add(container("ours", 30_004, eighty() + ",\"fairlead.mark\":\"x-shop\""));
    containers.add(container("paused", 30_005, eighty()).replace("running", "paused"));
    containers.add(container("off", 30_006, eighty()).replace("\"true\"", "\"false\""));
    containers.add(container("ill", 30_007, eighty()));
    unwell.add("{\"Id\":\"id-ill\"}");
    Watched watched = watched("");
    assertThat(watched.nodes()).containsExactly("127.0.0.1:30001", "127.0.0.1:30002 x5");
    assertThat(watched.node("127.0.0.1:30001").name()).isEqualTo("a");
    assertThat(engine.asked())
        .containsExactly(
            "GET /version",
            "GET /v1.41/containers/json?filters={\"label\":[\"fairlead.enable=true\"]}",
            "GET /v1.41/containers/json?filters={\"label\":[\"fairlead.enable=true\"],"
                + "\"health\":[\"starting\",\"unhealthy\"]}");
    unwell.clear();
    containers.removeFirst();
    watched.advance(2);
    assertThat(watched.nodes()).containsExactly("127.0.0.1:30002 x5", "127.0.0.1:30007");
    assertThat(watched.told()).isEmpty();
  }

  @Test
  void theyAreReachedInTheNetworkThatIsNamed() {
    containers.add(container("a", 30_001, eighty()));
    assertThat(watched("back").nodes()).containsExactly("172.18.0.2:80");
    Watched other = watched("none");
    assertThat(other.nodes()).isEmpty();
    assertThat(other.told())
        .containsExactly("0 cannot be: left out: container a: has no address in the network none");
  }

  @Test
  void whereNoPortIsPublishedTheyAreReachedInTheirOnlyNetwork() {
    containers.add(container("a", 0, eighty()));
    containers.add(
        container("b", 0, eighty()).replace(",\"back\":{\"IPAddress\":\"172.18.0.2\"}", ""));
    containers.add(
        container("c", 0, "\"fairlead.port\":\"81\"")
            .replaceFirst("\"front\":.*", "\"host\":{}}}}"));
    Watched watched = watched("");
    assertThat(watched.nodes()).containsExactly("127.0.0.1:81", "172.17.0.2:80");
    assertThat(watched.told())
        .containsExactly(
            "0 cannot be: left out: container a: does not publish port 80 and is not in one network"
                + " alone");
  }

  @Test
  void whatIsWrongWithOneIsSaidOnceAndTheOthersServe() {
    containers.add(container("a", 30_001, eighty()));
    containers.add(container("b", 30_002, ""));
    containers.add(container("c", 30_003, eighty() + ",\"fairlead.weight\":\"much\""));
    Watched watched = watched("");
    watched.advance(20);
    assertThat(watched.nodes()).containsExactly("127.0.0.1:30001");
    assertThat(watched.told())
        .containsExactly(
            "0 cannot be: left out: container b: needs a label fairlead.port from 1 to 65535, and 1"
                + " more");
  }

  /** An engine that has just started may know none yet. */
  @Test
  void thatThereAreNoneTakesOnlyThoseThatAreDown() {
    containers.add(container("a", 30_001, eighty()));
    containers.add(container("b", 30_002, eighty()));
    Watched watched = watched("");
    watched.takeDown("127.0.0.1:30002");
    containers.clear();
    watched.advance(2);
    assertThat(watched.nodes()).as("said once").hasSize(2);
    watched.advance(1);
    assertThat(watched.nodes()).containsExactly("127.0.0.1:30001");
    watched.takeDown("127.0.0.1:30001");
    watched.advance(2);
    assertThat(watched.nodes()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 500 x\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 x\r\nContent-Length: 9\r\n\r\n[\"garbage",
        "HTTP/1.1 200 x\r\nContent-Length: 12\r\n\r\n{\"message\":1}",
        "HTTP/1.1 200 x\r\nContent-Length: 99\r\n\r\n[",
        "HTTP/1.1 200 x\r\nContent-Length: 99999999\r\n\r\n[",
        "nonsense\r\n\r\n"
      })
  void anAnswerThatIsNoneDeletesNothing(String bytes) {
    containers.add(container("a", 30_001, eighty()));
    Watched watched = watched("");
    answer = bytes;
    watched.advance(10);
    assertThat(watched.nodes()).containsExactly("127.0.0.1:30001");
    assertThat(watched.told()).hasSize(1).first().asString().startsWith("2 cannot be: ");
    answer = "";
    containers.set(0, container("b", 30_002, eighty()));
    watched.advance(8);
    assertThat(watched.nodes()).containsExactly("127.0.0.1:30002");
    assertThat(watched.told()).last().asString().startsWith("17 are: ");
  }

  @Test
  void anEngineThatIsSilentOrGoneDeletesNothing() throws IOException {
    patience = Duration.ofSeconds(2);
    containers.add(container("a", 30_001, eighty()));
    Watched watched = watched("");
    engine.beSilent(true);
    watched.advance(2);
    engine.close();
    watched.advance(1);
    assertThat(watched.nodes()).containsExactly("127.0.0.1:30001");
    assertThat(watched.told()).hasSize(1);
    Files.delete(folder.resolve("engine.sock"));
    containers.add(container("b", 30_002, eighty()));
    try (ScriptedEngine newer = new ScriptedEngine(folder.resolve("engine.sock"))) {
      newer.script(asked ->
          asked.contains("/version")
              ? newer.reply(200, "{\"ApiVersion\":\"1.45\",\"MinAPIVersion\":\"1.44\"}")
              : newer.reply(
                  asked.contains("/v1.45/") ? 200 : 400,
                  asked.contains("health") ? "[]" : containers.toString()));
      watched.advance(2);
      assertThat(watched.nodes()).containsExactly("127.0.0.1:30001", "127.0.0.1:30002");
      assertThat(watched.told()).hasSize(2).last().asString().startsWith("5 are: ");
    }
  }

  @Test
  void oneThatComesAndGoesIsThereWhenItIsThere() {
    Watched watched = watched("");
    for (int i = 0; i < 10; i++) {
      containers.clear();
      containers.add(container(i % 2 == 0 ? "a" : "b", 30_001 + i % 2, eighty()));
      watched.advance(2);
      assertThat(watched.nodes()).containsExactly("127.0.0.1:3000" + (1 + i % 2));
    }
    assertThat(watched.told()).isEmpty();
  }
}
