package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.scaling.ScaleView;
import io.fairlead.service.Node;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Containers of a real Podman, from an image that is made here: {@code make test-containers}. Its
 * storage, network and settings are its own; nothing of the machine's is touched.
 */
@EnabledIfSystemProperty(named = "fairlead.containers", matches = "true")
@Timeout(900)
class PodmanTest {
  private static final String IMAGE = "localhost/shop:7";

  @TempDir private static Path folder;
  private static Process engine;

  @BeforeAll
  static void startEngine() throws Exception {
    Path bin = Files.createDirectories(folder.resolve("rootfs/bin"));
    Files.createDirectories(folder.resolve("rootfs/www"));
    Files.writeString(folder.resolve("rootfs/www/index.html"), "hello\n");
    Files.copy(Path.of("/bin/busybox"), bin.resolve("busybox"));
    for (String name : List.of("sh", "httpd", "sleep", "mkdir")) {
      Files.createSymbolicLink(bin.resolve(name), Path.of("busybox"));
    }
    Files.writeString(
        folder.resolve("containers.conf"),
        """
        [containers]
        default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
        [engine]
        runtime = "runc"
        cgroup_manager = "cgroupfs"
        events_logger = "file"
        """);
    assertThat(run("tar", "-C", folder + "/rootfs", "-cf", folder + "/image.tar", ".")).isEmpty();
    String _ =
        podman(
            "import",
            "--change",
            "CMD [\"/bin/httpd\",\"-f\",\"-p\",\"8080\",\"-h\",\"/www\"]",
            folder + "/image.tar",
            IMAGE);
    List<String> command = command();
    command.addAll(List.of("system", "service", "--time=0", "unix://" + socket()));
    engine = builder(command).redirectOutput(folder.resolve("engine.log").toFile()).start();
    Loopback.await("the engine", () -> Files.exists(socket()));
  }

  @AfterAll
  static void stopEngine() throws Exception {
    if (engine != null) {
      String _ = podman("rm", "--all", "--force", "--time", "0");
      engine.destroy();
      engine.waitFor();
      List<String> reset = command();
      reset.addAll(List.of("system", "reset", "--force"));
      builder(reset).redirectOutput(folder.resolve("reset.log").toFile()).start().waitFor();
    }
  }

  private static Path socket() {
    return folder.resolve("engine.sock");
  }

  private static List<String> base() {
    return List.of(
        "podman",
        "--root",
        folder + "/storage",
        "--runroot",
        folder + "/run",
        "--tmpdir",
        folder + "/tmp");
  }

  private static ProcessBuilder builder(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("CONTAINERS_CONF", folder.resolve("containers.conf").toString());
    return builder;
  }

  private static String podman(String... arguments) throws Exception {
    return run(command(arguments).toArray(String[]::new));
  }

  private static List<String> command(String... arguments) {
    List<String> command = new ArrayList<>(base());
    command.addAll(List.of(arguments));
    return command;
  }

  private static String run(String... command) throws Exception {
    Process process = builder(List.of(command)).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as("%s: %s", List.of(command), said).isZero();
    return said.strip();
  }

  /** All containers there are, running or not. */
  private static List<String> containers() throws Exception {
    return podman("ps", "--all", "--quiet").lines().toList();
  }

  private static String config(String data, String more) throws IOException {
    String example =
        Files.readString(Path.of("examples/scaling-containers.yaml"))
            .replace("0.0.0.0:8080", "127.0.0.1:0")
            .replace("/run/podman/podman.sock", socket().toString())
            .replace("localhost/shop:7", IMAGE)
            .replace("/srv/shop:/www:ro", folder + "/rootfs/www:/www:ro")
            .replaceAll("min: 2", "min: 2\n      grace: 0s" + more);
    return "admin: { bind: \"127.0.0.1:0\" }\ndata: " + folder.resolve(data) + "\n" + example;
  }

  private static ScaleView view(Fairlead fairlead) {
    ScaleView view = fairlead.scaling().view("shop");
    if (view == null) {
      throw new AssertionError("not scaled");
    }
    return view;
  }

  private static int serving(Fairlead fairlead) {
    return (int) view(fairlead).nodes().stream().filter(node -> node.state().equals("up")).count();
  }

  private static void await(Fairlead fairlead, int nodes) throws InterruptedException {
    Loopback.await(
        nodes + " nodes",
        Duration.ofSeconds(60),
        () -> view(fairlead).nodes().size() == nodes && serving(fairlead) == nodes);
  }

  @Test
  void containersComeServeGoAndAreReplaced() throws Exception {
    try (Fairlead fairlead = Loopback.start(config("one", ""));
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      await(fairlead, 2);
      assertThat(containers()).hasSize(2);
      assertThat(client.get("/").body()).isEqualTo("hello\n");
      Loopback.door(fairlead, "POST", "/api/v1/services/shop/scale", "{\"size\":4}");
      await(fairlead, 4);
      String killed = containers().getFirst();
      String _ = podman("kill", killed);
      Loopback.await(
          "another one",
          Duration.ofSeconds(60),
          () -> serving(fairlead) == 4 && !ids(fairlead).contains("container " + killed));
      Loopback.door(fairlead, "POST", "/api/v1/services/shop/scale", "{\"size\":2}");
      await(fairlead, 2);
      assertThat(client.get("/").status()).isEqualTo(200);
    }
    assertThat(containers()).isEmpty();
  }

  /** Those that somebody else has started serve as their labels say. */
  @Test
  void containersThatAreLabelledAreFound() throws Exception {
    String text =
        """
        admin: { bind: "127.0.0.1:0" }
        listeners:
          web: { bind: "127.0.0.1:0", routes: [ { service: shop } ] }
        services:
          shop: { discover: { docker: { socket: "%s" } } }
        """
            .formatted(socket());
    try (Fairlead fairlead = Loopback.start(text);
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      String _ = labelled(List.of("--name", "published", "--publish", "127.0.0.1::8080"));
      awaitNodes(fairlead, "published");
      assertThat(client.get("/").body()).isEqualTo("hello\n");
      String _ = labelled(List.of("--name", "own-address"));
      String _ =
          labelled(
              List.of(
                  "--name",
                  "asked",
                  "--health-cmd",
                  "test ! -e /tmp/ill",
                  "--health-interval",
                  "disable",
                  "--health-retries",
                  "1"));
      String _ = podman("run", "--detach", "--name", "not-labelled", IMAGE);
      awaitNodes(fairlead, "own-address published"); // the other one's health is not known yet
      assertThat(List.of(Loopback.nodes(fairlead, "shop")))
          .allMatch(node -> node.facts().up(), "can be reached");
      String _ = podman("healthcheck", "run", "asked");
      awaitNodes(fairlead, "asked own-address published");
      String _ = podman("exec", "asked", "/bin/sh", "-c", "/bin/mkdir -p /tmp && : > /tmp/ill");
      int unwell = builder(command("healthcheck", "run", "asked")).start().waitFor();
      assertThat(unwell).isNotZero();
      awaitNodes(fairlead, "own-address published");
      String _ = podman("kill", "published");
      awaitNodes(fairlead, "own-address");
      assertThat(client.get("/").body()).isEqualTo("hello\n");
    }
    String _ = podman("rm", "--all", "--force", "--time", "0");
  }

  private static String labelled(List<String> more) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                "run",
                "--detach",
                "--label=fairlead.enable=true",
                "--label=fairlead.pool=shop",
                "--label=fairlead.port=8080"));
    command.addAll(more);
    command.add(IMAGE);
    return podman(command.toArray(String[]::new));
  }

  private static void awaitNodes(Fairlead fairlead, String names) throws InterruptedException {
    Loopback.await(
        names,
        Duration.ofSeconds(60),
        () ->
            Arrays.stream(Loopback.nodes(fairlead, "shop"))
                .map(Node::name)
                .sorted()
                .collect(Collectors.joining(" "))
                .equals(names));
  }

  private static List<String> ids(Fairlead fairlead) {
    return view(fairlead).nodes().stream().map(ScaleView.OwnNode::id).toList();
  }

  /** Killed 50 times at any moment: what is left is found, and in the end nothing is. */
  @Test
  void nothingLeaksHoweverOftenFairleadIsKilled() throws Exception {
    SplittableRandom random = new SplittableRandom(17);
    int cycles = Integer.getInteger("fairlead.cycles", 50);
    Path file = folder.resolve("fairlead.yaml");
    int most = 0;
    int seen = 0;
    for (int i = 0; i < cycles; i++) {
      int nodes = 1 + random.nextInt(5); // so that some start and some stop when it ends
      Files.writeString(
          file,
          config("many", "")
              .replaceAll("min: 2", "min: " + nodes)
              .replace("max: 10", "max: " + nodes));
      Process fairlead = FairleadProcess.run(folder.resolve("out"), "-c", file.toString());
      Loopback.await(
          "that it begins",
          Duration.ofSeconds(60),
          () -> text(folder.resolve("out")).contains("listener web serves"));
      Thread.sleep(random.nextInt(3000)); // the moment is what is tried out
      assertThat(fairlead.isAlive()).as(text(folder.resolve("out"))).isTrue();
      fairlead.destroyForcibly().waitFor();
      int now = containers().size();
      most = Math.max(most, now);
      seen += now;
      assertThat(now).as("after %d", i).isLessThanOrEqualTo(10);
    }
    int admin = FreePort.any();
    Files.writeString(
        file,
        config("many", "")
            .replaceAll("min: 2", "min: 3")
            .replace(
                "admin: { bind: \"127.0.0.1:0\"", "admin: { bind: \"127.0.0.1:" + admin + "\""));
    Process last = FairleadProcess.run(folder.resolve("out"), "-c", file.toString());
    try {
      // Those that were found are up from the first moment on, and as many as there are stay.
      Loopback.await(
          "at least three nodes, and no other container",
          Duration.ofSeconds(90),
          () -> {
            String scale = get("http://127.0.0.1:" + admin + "/api/v1/services/shop/scale");
            int up = scale.split("\"state\":\"up\"", -1).length - 1;
            int known = scale.split("\"id\":", -1).length - 1;
            return up >= 3 && up == known && there() == known;
          });
    } finally {
      last.destroy();
      assertThat(last.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(containers()).as("most at once: %d", most).isEmpty();
    System.out.printf(
        "%d times killed, with %d containers on average and %d at most; 0 left%n",
        cycles, Math.round((double) seen / cycles), most);
    assertThat(seen).as("containers when it was killed").isPositive();
  }

  private static int there() {
    try {
      return containers().size();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Empty as long as nobody answers. */
  private static String get(String url) {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.ofString())
          .body();
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return "";
    }
  }
}
