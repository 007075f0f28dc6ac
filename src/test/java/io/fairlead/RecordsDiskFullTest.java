package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fairlead.record.Duck;
import io.fairlead.record.RecordStats;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A disk of 4 MiB with something else on it. Only root may make one, in memory. */
@Timeout(60)
class RecordsDiskFullTest {
  private static final int AT_A_TIME = 500;
  private static final int MOST = 30_000;

  @TempDir private Path data;

  private Path disk;
  private boolean mounted;

  @BeforeEach
  void mount() throws Exception {
    disk = Files.createDirectory(data.resolve("records"));
    mounted = run("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk.toString());
    assumeTrue(mounted, "this user may not mount a file system in memory");
  }

  @AfterEach
  void unmount() throws Exception {
    if (mounted) {
      assertThat(run("umount", disk.toString())).isTrue();
    }
  }

  private static boolean run(String... command) throws Exception {
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      return false; // there is no such program
    }
    return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
  }

  /** Something else takes all the room. */
  private Path fill() {
    Path file = disk.resolve("something-else");
    try (OutputStream out = Files.newOutputStream(file)) {
      while (true) {
        out.write(new byte[4096]);
      }
    } catch (IOException e) {
      return file; // it is full
    }
  }

  private static boolean has(Fairlead fairlead, Predicate<Event> what) {
    return fairlead.events().since(0).stream().anyMatch(entry -> what.test(entry.event()));
  }

  @Test
  void requestsGoOnAndRecordsComeBack() throws Exception {
    String yaml =
        """
        admin: { bind: "127.0.0.1:0" }
        data: %s
        runtime: { event-loops: 1 }
        logs: { ring: 4MiB }
        listeners:
          web: { bind: "127.0.0.1:0", routes: [ { redirect: { to: "https://other/" } } ] }
        """
            .formatted(data);
    Path other = fill();
    int sent = 0;
    RecordStats stats;
    try (Fairlead fairlead = Loopback.startRecording(yaml)) {
      stats = Objects.requireNonNull(fairlead.recorder()).stats();
      try (Loopback.Client client = new Loopback.Client(Loopback.port(fairlead, "web"))) {
        // Paths that are long and differ: memory for them is full after few.
        while (stats.notWritten() == 0 && sent < MOST) {
          sent = ask(client, sent);
        }
        assertThat(stats.notWritten()).as("after %d", sent).isPositive();
        assertThat(has(fairlead, event -> event instanceof Event.RecordsStopped)).isTrue();
        assertThat(Loopback.door(fairlead, "GET", "/metrics", "").body())
            .contains("fairlead_records_writing 0\n")
            .containsPattern("fairlead_records_dropped_total\\{reason=\"disk\"\\} [1-9]");
        Files.delete(other);
        Loopback.await(
            "that it goes on", () -> has(fairlead, event -> event instanceof Event.RecordsResumed));
        assertThat(stats.isWriting()).isTrue();
        sent = ask(client, sent);
      }
    }
    long dropped = stats.notWritten() + stats.droppedOrdinary();
    try (Duck duck = new Duck()) {
      assertThat(
              duck.value(
                  "select count(*) || ' ' || count(distinct id) from "
                      + Duck.all(data, "requests")))
          .as("%d were asked for", sent)
          .isEqualTo((sent - dropped) + " " + (sent - dropped));
    }
  }

  private static int ask(Loopback.Client client, int from) throws IOException {
    String path = "0123456789abcdef".repeat(60);
    for (int i = 0; i < AT_A_TIME; i++) {
      assertThat(client.get("/" + (from + i) + "/" + path).status()).isEqualTo(307);
    }
    return from + AT_A_TIME;
  }
}
