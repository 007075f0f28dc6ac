package io.fairlead;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.record.Duck;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that is killed while it reads a log that is written to and moved away all the time, and
 * the next one: each line is there once.
 */
@Timeout(240)
class NodeLogKillTest {
  private static final int KILLS = 3;
  private static final int PER_SECOND = 20_000;

  @TempDir private Path folder;
  private final List<Process> started = new ArrayList<>();

  @AfterEach
  void end() throws Exception {
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
  }

  private Process run() throws IOException {
    Process process =
        FairleadProcess.run(
            folder.resolve("output-" + started.size()),
            "-c",
            folder.resolve("fairlead.yaml").toString());
    started.add(process);
    return process;
  }

  /** How far the last line that has been ticked off reaches, or more of them than that. */
  private long position() {
    Path positions = folder.resolve("data/node-logs/positions");
    try {
      if (!Files.exists(positions)) {
        return 0;
      }
      long sum = 0;
      byte[] bytes = Files.readAllBytes(positions);
      for (int slot = 0; slot < 64 && bytes.length > 64 * (slot + 2); slot++) {
        for (int i = 7; i >= 0; i--) {
          sum += (bytes[64 * (slot + 1) + 24 + i] & 0xFFL) << (8 * i);
        }
      }
      return sum;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void eachLineIsThereOnce() throws Exception {
    Path log = folder.resolve("shop.log");
    Files.writeString(
        folder.resolve("fairlead.yaml"),
        """
        admin: { bind: "127.0.0.1:0" }
        data: data
        runtime: { event-loops: 1 }
        logs:
          ring: 4MiB
          ingest: [ { file: shop.log, service: shop, node: a } ]
        listeners: { web: { bind: "127.0.0.1:0", routes: { service: shop } } }
        services: { shop: { nodes: "127.0.0.1:9", health: none } }
        """);
    AtomicInteger written = new AtomicInteger();
    AtomicBoolean done = new AtomicBoolean();
    Thread writer = Thread.ofPlatform().start(() -> write(log, written, done));
    Random random = new Random();
    for (int kill = 0; kill < KILLS; kill++) {
      long before = position();
      Process process = run();
      Loopback.await("it reads", () -> position() > before + 100_000);
      move();
      long behind = bytesWritten.get();
      int more = random.nextInt(200_000);
      Loopback.await("it has followed", () -> position() > behind + more);
      process.destroyForcibly().waitFor();
      move(); // while nobody looks
    }
    done.set(true);
    writer.join();
    Process last = run();
    long[] size = {0};
    Loopback.await(
        "it has read everything",
        () -> {
          long now = position();
          boolean stands = now > 0 && now == size[0] && now >= bytesWritten.get();
          size[0] = now;
          return stands;
        });
    last.destroyForcibly().waitFor();
    run(); // it finds what the last one has left
    String lines = Duck.all(folder.resolve("data"), "node_logs");
    try (Duck duck = new Duck()) {
      Loopback.await(
          "all is on disk",
          () -> {
            try {
              return Integer.parseInt(duck.value("select count(*) from " + lines)) >= written.get();
            } catch (SQLException e) {
              throw new IllegalStateException(e);
            }
          });
      assertThat(
              duck.value(
                  "select count(*) || ' ' || count(distinct text) || ' ' ||"
                      + " count(*) filter (text like 'line %' and node = 'a') || ' ' ||"
                      + " count(distinct pattern) from "
                      + lines))
          .isEqualTo(written + " " + written + " " + written + " 1");
    }
  }

  private void move() throws InterruptedException {
    move.set(true);
    Loopback.await("the log has been moved away", () -> !move.get());
  }

  private final AtomicBoolean move = new AtomicBoolean();
  private final AtomicLong bytesWritten = new AtomicLong();

  /** Lines without end; the log is moved away when somebody asks for it. */
  private void write(Path log, AtomicInteger written, AtomicBoolean done) {
    try {
      int moved = 0;
      while (!done.get()) {
        try (OutputStream out =
            Files.newOutputStream(log, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
          while (!move.get() && !done.get()) {
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < PER_SECOND / 100; i++) {
              lines.append("line ").append(written.getAndIncrement()).append(" of the shop\n");
            }
            byte[] bytes = lines.toString().getBytes(UTF_8);
            out.write(bytes);
            bytesWritten.addAndGet(bytes.length);
            Thread.sleep(10); // the pace of whoever writes
          }
        }
        if (!done.get()) {
          Files.move(log, log.resolveSibling("shop.log." + moved++));
          move.set(false);
        }
      }
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
