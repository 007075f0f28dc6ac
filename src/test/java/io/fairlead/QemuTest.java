package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.scaling.ScaleView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** Virtual machines of a real QEMU, by the programs of the example: {@code make test-machines}. */
@EnabledIfSystemProperty(named = "fairlead.machines", matches = "true")
@Timeout(900)
class QemuTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir private static Path folder;

  @BeforeAll
  static void makeImage() throws Exception {
    Path said = folder.resolve("make-image");
    Process make =
        new ProcessBuilder("examples/virtual/make-image", folder.resolve("image").toString())
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .start();
    assertThat(make.waitFor()).as(Files.readString(said)).isZero();
  }

  @AfterEach
  void endWhatIsLeft() {
    machines().forEach(ProcessHandle::destroyForcibly);
  }

  /** Those of this test, whoever has started them. */
  private static List<ProcessHandle> machines() {
    return ProcessHandle.allProcesses()
        .filter(process ->
            process.info().commandLine().orElse("").contains(folder.resolve("machines") + "/")
                && process.info().command().orElse("").contains("qemu"))
        .toList();
  }

  private static String config(String data, int admin, int min) throws IOException {
    return "admin: { bind: \"127.0.0.1:"
        + admin
        + "\" }\ndata: "
        + folder.resolve(data)
        + "\n"
        + Files.readString(Path.of("examples/scaling-virtual.yaml"))
            .replace("0.0.0.0:8080", "127.0.0.1:0")
            .replace("/var/lib/fairlead", folder.toString())
            .replace("virtual/", Path.of("examples/virtual").toAbsolutePath() + "/")
            .replace("min: 2", "min: " + min + "\n      grace: 5s");
  }

  private static void await(Fairlead fairlead, int nodes) throws InterruptedException {
    Loopback.await(
        nodes + " nodes",
        PATIENCE,
        () -> {
          ScaleView view = fairlead.scaling().view("shop");
          return view != null
              && view.nodes().size() == nodes
              && view.nodes().stream().allMatch(node -> node.state().equals("up"));
        });
  }

  @Test
  void machinesComeServeGoAndAreReplaced() throws Exception {
    TakeoverLoad load = new TakeoverLoad();
    try (Fairlead fairlead = Loopback.start(config("one", 0, 2));
        load) {
      await(fairlead, 2);
      assertThat(machines()).hasSize(2);
      int port = Loopback.port(fairlead, "web");
      try (Client client = new Client(port)) {
        assertThat(client.get("/").body()).matches("shop-[0-9a-z-]+\n");
      }
      load.newConnections("requests", port);
      Loopback.door(fairlead, "POST", "/api/v1/services/shop/scale", "{\"size\":3}");
      await(fairlead, 3);
      Loopback.door(fairlead, "POST", "/api/v1/services/shop/scale", "{\"size\":2}");
      await(fairlead, 2);
      Loopback.await("one is off", PATIENCE, () -> machines().size() == 2);
      ProcessHandle killed = machines().getFirst();
      killed.destroyForcibly();
      Loopback.await(
          "another one", PATIENCE, () -> machines().size() == 2 && !machines().contains(killed));
      await(fairlead, 2);
    }
    assertThat(load.failures()).isEmpty();
    System.out.println("requests: " + load.done());
    assertThat(machines()).isEmpty();
  }

  /** Killed at any moment: what is left is found, and in the end nothing is. */
  @Test
  void nothingLeaksHoweverOftenFairleadIsKilled() throws Exception {
    SplittableRandom random = new SplittableRandom(17);
    int cycles = Integer.getInteger("fairlead.cycles", 10);
    Path file = folder.resolve("fairlead.yaml");
    Path said = folder.resolve("said");
    int seen = 0;
    for (int i = 0; i < cycles; i++) {
      Files.writeString(file, config("many", FreePort.any(), 1 + random.nextInt(3)));
      Process fairlead = FairleadProcess.run(said, "-c", file.toString());
      Loopback.await("that it begins", PATIENCE, () -> text(said).contains("listener web serves"));
      Thread.sleep(random.nextInt(3000)); // the moment is what is tried out
      assertThat(fairlead.isAlive()).as(text(said)).isTrue();
      fairlead.destroyForcibly().waitFor();
      int now = machines().size();
      seen += now;
      assertThat(now).as("after %d", i).isLessThanOrEqualTo(6);
    }
    int admin = FreePort.any();
    Files.writeString(file, config("many", admin, 2));
    Process last = FairleadProcess.run(said, "-c", file.toString());
    try {
      Loopback.await(
          "no machine that is not a node",
          PATIENCE,
          () -> {
            String scale = scale(admin);
            int up = scale.split("\"state\":\"up\"", -1).length - 1;
            int known = scale.split("\"id\":", -1).length - 1;
            return up >= 2 && up == known && machines().size() == known;
          });
    } finally {
      last.destroy();
      assertThat(last.waitFor(90, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(machines()).isEmpty();
    System.out.printf(
        "%d times killed, with %.1f machines on average; 0 left%n", cycles, (double) seen / cycles);
    assertThat(seen).as("machines when it was killed").isPositive();
  }

  private static String scale(int admin) {
    try (Client door = new Client(admin)) {
      return door.get("/api/v1/services/shop/scale").body();
    } catch (IOException e) {
      return "";
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
