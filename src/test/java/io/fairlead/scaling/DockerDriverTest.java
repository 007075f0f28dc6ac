package io.fairlead.scaling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.config.HostPort;
import io.fairlead.config.ScaleDriver;
import io.fairlead.config.Secret;
import io.fairlead.docker.ScriptedEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/**
 * What is said to an engine, and what is made of its answers; {@code PodmanTest} says it to a real
 * one.
 */
@Timeout(30)
class DockerDriverTest {
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final Duration GRACE = Duration.ofSeconds(3);

  @TempDir private Path folder;
  private ScriptedEngine engine;

  @BeforeEach
  void open() throws IOException {
    engine = new ScriptedEngine(folder.resolve("engine.sock"));
  }

  @AfterEach
  void shut() throws IOException {
    engine.close();
  }

  private DockerDriver driver() {
    return new DockerDriver("test", "shop", config());
  }

  private ScaleDriver.Docker config() {
    return new ScaleDriver.Docker(
        folder.resolve("engine.sock"),
        "shop:7",
        80,
        List.of("serve", "{port}", "{name}"),
        Map.of("COLOUR", new Secret("blue")),
        64 * 1024 * 1024,
        List.of("/srv:/srv:ro"));
  }

  @Test
  void theLifeOfANode() throws IOException {
    DockerDriver driver = driver();
    assertThat(driver.find()).isEmpty();
    Started node = driver.start("shop-1");
    assertThat(node)
        .isEqualTo(new Started("shop-1", new HostPort("127.0.0.1", 40_001), "container 1"));
    assertThat(MAPPER.writeValueAsString(engine.container("1").made()))
        .isEqualTo(
            "{\"Image\":\"shop:7\",\"Cmd\":[\"serve\",\"80\",\"shop-1\"],"
                + "\"Env\":[\"COLOUR=blue\",\"PORT=80\",\"FAIRLEAD_NAME=shop-1\"],"
                + "\"Labels\":"
                + MAPPER.writeValueAsString(engine.container("1").made().get("Labels"))
                + ",\"ExposedPorts\":{\"80/tcp\":{}},"
                + "\"HostConfig\":{\"PortBindings\":{\"80/tcp\":"
                + MAPPER.writeValueAsString(
                    engine.container("1").made().at("/HostConfig/PortBindings/80~1tcp"))
                + "},\"Memory\":67108864,\"Binds\":[\"/srv:/srv:ro\"]}}");
    assertThat(driver().find()).containsExactly(node);
    engine.asked().clear();
    driver.stop(node, GRACE);
    assertThat(engine.asked())
        .containsExactly(
            "GET /v1.41/containers/json?all=true&filters={\"label\":[\"fairlead.mark=test-shop\"]}",
            "POST /v1.41/containers/1/stop?t=3",
            "DELETE /v1.41/containers/1?force=true&v=true");
    driver.stop(node, GRACE);
    assertThat(engine.containers()).isEmpty();
  }

  @Test
  void answersInPieces() throws IOException {
    engine.sendPieces();
    Started node = driver().start("shop-1");
    assertThat(driver().find()).containsExactly(node);
  }

  /** Made and not started when we were killed, or ended in the meantime. */
  @Test
  void whatWasBegunByHalfIsClearedAway() throws IOException {
    DockerDriver driver = driver();
    Started good = driver.start("shop-1");
    Started dead = driver.start("shop-2");
    engine.container("2").become("exited");
    engine.refuseStarts("no room");
    assertThatThrownBy(() -> driver.start("shop-3"))
        .hasMessage("the container does not start: status 500: no room");
    assertThat(engine.containers()).containsOnlyKeys("1", "2");
    assertThat(dead.name()).isEqualTo("shop-2");
    assertThat(driver().find()).containsExactly(good);
    assertThat(engine.containers()).containsOnlyKeys("1");
  }

  /** The engine was late with what a process had asked for that is no more. */
  @Test
  void whatNobodyKnowsOfIsClearedAway() throws IOException {
    DockerDriver driver = driver();
    Started good = driver.start("shop-1");
    driver().start("shop-2"); // by another process, after ours has looked
    new DockerDriver("other", "shop", config()).start("shop-1");
    assertThat(driver.look(List.of(good))).isEmpty();
    assertThat(engine.containers()).as("it may be just being started").hasSize(3);
    assertThat(driver.look(List.of(good))).isEmpty();
    assertThat(engine.containers()).containsOnlyKeys("1", "3");
  }

  @Test
  void aNameThatIsTakenByOneOfOursIsTakenBack() throws IOException {
    driver().start("shop-1");
    engine.container("1").become("created");
    assertThat(driver().start("shop-1").id()).isEqualTo("container 2");
    assertThat(engine.containers()).containsOnlyKeys("2");
  }

  @Test
  void containersOfOthersAreNotTouched() throws IOException {
    new DockerDriver("other", "shop", config()).start("shop-1");
    assertThat(driver().find()).isEmpty();
    assertThat(engine.containers()).hasSize(1);
  }
}
