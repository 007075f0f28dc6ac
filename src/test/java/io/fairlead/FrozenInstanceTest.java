package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.demo.TestNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A process that is stopped and goes on, as it happens to one whose machine is moved. */
@Timeout(120)
class FrozenInstanceTest {
  private static final Pattern ADDRESS =
      Pattern.compile("listener web serves on 127\\.0\\.0\\.1:(\\d+)");
  private static final long STOP_MILLIS = 1500;
  private static final long AFTERWARDS_MILLIS = 1200; // longer than until the next look

  @TempDir private Path folder;

  @Test
  void itServesAtOnceAndTellsHowLongItStoodStill() throws Exception {
    Path output = folder.resolve("output");
    try (TestNode node = Loopback.node("a")) {
      Path config = folder.resolve("fairlead.yaml");
      Files.writeString(
          config,
          """
          admin: { bind: "127.0.0.1:0" }
          data: data
          runtime: { event-loops: 1 }
          listeners: { web: { bind: "127.0.0.1:0", routes: { service: shop } } }
          services: { shop: { nodes: "127.0.0.1:%d" } }
          """
              .formatted(node.port()));
      Process process = FairleadProcess.run(output, "-c", config.toString());
      try {
        Loopback.await("it serves", () -> ADDRESS.matcher(text(output)).find());
        Matcher address = ADDRESS.matcher(text(output));
        assertThat(address.find()).isTrue();
        int port = Integer.parseInt(address.group(1));
        freeze(process, port);
        Loopback.await("it says so", () -> text(output).contains("this instance stood still for "));
        assertThat(text(output)).contains("(standstill)").doesNotContain("short of resources");
      } finally {
        process.destroyForcibly().waitFor();
      }
    }
  }

  /** Whoever comes meanwhile, and whoever comes then, is answered. */
  private static void freeze(Process process, int port) throws Exception {
    List<ProcessHandle> frozen = List.of(process.toHandle());
    ask(port);
    Signals.send("STOP", frozen);
    try (Loopback.Client waiting = new Loopback.Client(port)) {
      waiting.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n");
      Thread.sleep(STOP_MILLIS);
      Signals.send("CONT", frozen);
      assertThat(waiting.reply().status()).isEqualTo(200);
    }
    long end = System.nanoTime() + AFTERWARDS_MILLIS * 1_000_000;
    while (System.nanoTime() < end) {
      long begun = System.nanoTime();
      ask(port);
      assertThat(System.nanoTime() - begun).isLessThan(1_000_000_000L);
    }
  }

  private static void ask(int port) throws Exception {
    try (Loopback.Client client = new Loopback.Client(port)) {
      assertThat(client.get("/").status()).isEqualTo(200);
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
