package io.fairlead.scaling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.config.HostPort;
import io.fairlead.config.ScaleDriver;
import io.fairlead.config.Secret;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.URLDecoder;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
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
  private Engine engine;

  /** As much of an engine as is asked for, with one answer at a connection. */
  private static final class Engine implements AutoCloseable {
    private final ServerSocketChannel server;
    private final List<String> asked = new ArrayList<>();
    private final Map<String, Container> containers = new LinkedHashMap<>();
    private String version = "{\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.24\"}";
    private String refusesStart = "";
    private boolean silent;
    private boolean chunked;
    private int next = 1;

    Container container(String id) {
      return Objects.requireNonNull(containers.get(id), id);
    }

    private static final class Container {
      final String id;
      final String name;
      final JsonNode made;
      String state = "created";

      Container(String id, String name, JsonNode made) {
        this.id = id;
        this.name = name;
        this.made = made;
      }
    }

    Engine(Path socket) throws IOException {
      server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      server.bind(UnixDomainSocketAddress.of(socket));
      Thread.ofVirtual().start(this::serve);
    }

    private void serve() {
      while (true) {
        try (SocketChannel client = server.accept()) {
          if (silent) {
            int _ = client.read(ByteBuffer.allocate(10_000));
            int _ = client.read(ByteBuffer.allocate(10_000)); // until it is given up
            continue;
          }
          InputStream in = Channels.newInputStream(client);
          StringBuilder head = new StringBuilder();
          while (head.indexOf("\r\n\r\n") < 0) {
            head.append((char) in.read());
          }
          String text = head.toString();
          int length = Integer.parseInt(text.replaceAll("(?s).*Content-Length: (\\d+).*", "$1"));
          String body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
          String[] line = text.lines().findFirst().orElseThrow().split(" ", -1);
          String answer = answer(line[0], line[1], body);
          client.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8)));
        } catch (IOException e) {
          if (!server.isOpen()) {
            return;
          }
        }
      }
    }

    private synchronized String answer(String method, String path, String body) {
      asked.add(method + " " + URLDecoder.decode(path, StandardCharsets.UTF_8));
      if (path.equals("/version")) {
        return reply(200, version);
      }
      String rest = path.substring(path.indexOf('/', 1));
      if (rest.startsWith("/containers/json")) {
        List<Map<String, Object>> list = new ArrayList<>();
        for (Container one : containers.values()) {
          int port = one.state.equals("running") ? 40_000 + Integer.parseInt(one.id) : 0;
          list.add(
              Map.of(
                  "Id",
                  one.id,
                  "Labels",
                  one.made.get("Labels"),
                  "State",
                  one.state,
                  "Status",
                  one.state + " (137) a second ago",
                  "Ports",
                  port == 0 ? List.of() : List.of(Map.of("PrivatePort", 80, "PublicPort", port))));
        }
        return reply(200, MAPPER.writeValueAsString(list));
      }
      if (rest.startsWith("/containers/create")) {
        String name = rest.substring(rest.indexOf('=') + 1);
        if (containers.values().stream().anyMatch(one -> one.name.equals(name))) {
          return reply(409, "{\"message\":\"the name is in use\"}");
        }
        String id = Integer.toString(next++);
        containers.put(id, new Container(id, name, MAPPER.readTree(body)));
        return reply(201, "{\"Id\":\"" + id + "\"}");
      }
      String key = rest.split("[/?]", -1)[2];
      Container one =
          containers.values().stream()
              .filter(each -> each.id.equals(key) || each.name.equals(key))
              .findFirst()
              .orElse(null);
      if (one == null) {
        return reply(404, "{\"message\":\"no such container\"}");
      }
      if (rest.endsWith("/start")) {
        if (!refusesStart.isEmpty()) {
          return reply(500, "{\"message\":\"" + refusesStart + "\"}");
        }
        one.state = "running";
        return reply(204, "");
      }
      if (rest.contains("/stop?")) {
        boolean was = one.state.equals("running");
        one.state = "exited";
        return reply(was ? 204 : 304, "");
      }
      if (method.equals("DELETE")) {
        containers.remove(one.id);
        return reply(204, "");
      }
      return reply(200, "{\"State\":{\"ExitCode\":1}}");
    }

    private String reply(int status, String body) {
      if (chunked && !body.isEmpty()) {
        int middle = body.length() / 2;
        return "HTTP/1.1 "
            + status
            + " x\r\nTransfer-Encoding: chunked\r\n\r\n"
            + Integer.toHexString(middle)
            + ";a=b\r\n"
            + body.substring(0, middle)
            + "\r\n"
            + Integer.toHexString(body.length() - middle)
            + "\r\n"
            + body.substring(middle)
            + "\r\n0\r\n\r\n";
      }
      return "HTTP/1.1 "
          + status
          + " x\r\n"
          + (body.isEmpty() ? "" : "Content-Length: " + body.length() + "\r\n")
          + "\r\n"
          + body;
    }

    @Override
    public void close() throws IOException {
      server.close();
    }
  }

  @BeforeEach
  void open() throws IOException {
    engine = new Engine(folder.resolve("engine.sock"));
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
    assertThat(MAPPER.writeValueAsString(engine.container("1").made))
        .isEqualTo(
            "{\"Image\":\"shop:7\",\"Cmd\":[\"serve\",\"80\",\"shop-1\"],"
                + "\"Env\":[\"COLOUR=blue\",\"PORT=80\",\"FAIRLEAD_NAME=shop-1\"],"
                + "\"Labels\":"
                + MAPPER.writeValueAsString(engine.container("1").made.get("Labels"))
                + ",\"ExposedPorts\":{\"80/tcp\":{}},"
                + "\"HostConfig\":{\"PortBindings\":{\"80/tcp\":"
                + MAPPER.writeValueAsString(
                    engine.container("1").made.at("/HostConfig/PortBindings/80~1tcp"))
                + "},\"Memory\":67108864,\"Binds\":[\"/srv:/srv:ro\"]}}");
    assertThat(driver().find()).containsExactly(node);
    engine.asked.clear();
    driver.stop(node, GRACE);
    assertThat(engine.asked)
        .containsExactly(
            "GET /v1.41/containers/json?all=true&filters={\"label\":[\"fairlead.mark=test-shop\"]}",
            "POST /v1.41/containers/1/stop?t=3",
            "DELETE /v1.41/containers/1?force=true&v=true");
    driver.stop(node, GRACE);
    assertThat(engine.containers).isEmpty();
  }

  @Test
  void answersInPieces() throws IOException {
    engine.chunked = true;
    Started node = driver().start("shop-1");
    assertThat(driver().find()).containsExactly(node);
  }

  /** Made and not started when we were killed, or ended in the meantime. */
  @Test
  void whatWasBegunByHalfIsClearedAway() throws IOException {
    DockerDriver driver = driver();
    Started good = driver.start("shop-1");
    Started dead = driver.start("shop-2");
    engine.container("2").state = "exited";
    engine.refusesStart = "no room";
    assertThatThrownBy(() -> driver.start("shop-3"))
        .hasMessage("the container does not start: status 500: no room");
    assertThat(engine.containers).containsOnlyKeys("1", "2");
    assertThat(dead.name()).isEqualTo("shop-2");
    assertThat(driver().find()).containsExactly(good);
    assertThat(engine.containers).containsOnlyKeys("1");
  }

  /** The engine was late with what a process had asked for that is no more. */
  @Test
  void whatNobodyKnowsOfIsClearedAway() throws IOException {
    DockerDriver driver = driver();
    Started good = driver.start("shop-1");
    driver().start("shop-2"); // by another process, after ours has looked
    new DockerDriver("other", "shop", config()).start("shop-1");
    assertThat(driver.look(List.of(good))).isEmpty();
    assertThat(engine.containers).as("it may be just being started").hasSize(3);
    assertThat(driver.look(List.of(good))).isEmpty();
    assertThat(engine.containers).containsOnlyKeys("1", "3");
  }

  @Test
  void aNameThatIsTakenByOneOfOursIsTakenBack() throws IOException {
    driver().start("shop-1");
    engine.container("1").state = "created";
    assertThat(driver().start("shop-1").id()).isEqualTo("container 2");
    assertThat(engine.containers).containsOnlyKeys("2");
  }

  @Test
  void containersOfOthersAreNotTouched() throws IOException {
    new DockerDriver("other", "shop", config()).start("shop-1");
    assertThat(driver().find()).isEmpty();
    assertThat(engine.containers).hasSize(1);
  }

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
  void anEngineThatIsNotThereOrSilentIsSaidToBe() {
    DockerApi none = new DockerApi(folder.resolve("none.sock"));
    assertThatThrownBy(() -> none.call("GET", "/x", null, GRACE))
        .hasMessageStartingWith("the engine at " + folder.resolve("none.sock"));
    engine.silent = true;
    DockerApi silent = new DockerApi(folder.resolve("engine.sock"));
    assertThatThrownBy(() -> silent.call("GET", "/x", null, Duration.ofSeconds(1)))
        .hasMessageContaining("does not answer");
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
