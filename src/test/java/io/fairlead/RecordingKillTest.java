package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.demo.TestNode;
import io.fairlead.insight.rollup.Answer;
import io.fairlead.insight.rollup.Question;
import io.fairlead.insight.rollup.Rollups;
import io.fairlead.record.Duck;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that is killed under load, and the next one on the same data: what was answered is on
 * disk, and once.
 */
@Timeout(240)
class RecordingKillTest {
  private static final int CONNECTIONS = 4;

  /** So many paths of this length make the recorder write: a row group has 4 MiB of texts. */
  private static final int BEFORE = 4600;

  /** Not enough to make it write again. */
  private static final int AFTER = 3000;

  private static final Pattern ADDRESS =
      Pattern.compile("listener web serves on 127\\.0\\.0\\.1:(\\d+)");
  private static final Pattern RECOVERED =
      Pattern.compile("(\\d+) records of a process that did not end in order were found");

  @TempDir private Path folder;

  private final List<Process> started = new ArrayList<>();
  private TestNode node;

  @BeforeEach
  void start() throws IOException {
    node = Loopback.node("a");
    Files.writeString(
        folder.resolve("fairlead.yaml"),
        """
        admin: { bind: "127.0.0.1:0" }
        data: data
        runtime: { event-loops: 1 }
        logs: { ring: 16MiB }
        listeners: { web: { bind: "127.0.0.1:0", routes: { service: shop } } }
        services: { shop: { nodes: "127.0.0.1:%d", health: none } }
        """
            .formatted(node.port()));
  }

  @AfterEach
  void end() throws Exception {
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
    node.close();
  }

  /** A process of its own, and where its words go. */
  private record Run(Process process, Path output) {
    String awaits(Pattern words) throws Exception {
      String[] found = {""};
      Loopback.await(
          words.pattern(),
          () -> {
            try {
              Matcher matcher = words.matcher(Files.readString(output));
              found[0] = matcher.find() ? matcher.group(1) : "";
              return !found[0].isEmpty() || !process.isAlive();
            } catch (IOException e) {
              throw new UncheckedIOException(e);
            }
          });
      assertThat(found[0]).as(Files.readString(output)).isNotEmpty();
      return found[0];
    }
  }

  private Run run() throws IOException {
    Path output = folder.resolve("output-" + started.size());
    Process process = FairleadProcess.run(output, "-c", folder.resolve("fairlead.yaml").toString());
    started.add(process);
    return new Run(process, output);
  }

  /** One keep-alive connection and the ids of what was answered on it, the last one at the end. */
  private static final class Asking {
    private final List<String> answered = new ArrayList<>();
    private final Thread thread;

    /**
     * @param asked by all connections
     * @param most of them; it ends sooner when the connection breaks
     */
    Asking(int port, AtomicInteger asked, int most) throws IOException {
      Loopback.Client client = new Loopback.Client(port);
      String head =
          " HTTP/1.1\r\nHost: localhost\r\nUser-Agent: %s\r\n\r\n".formatted("u".repeat(250));
      thread =
          Thread.ofPlatform()
              .start(() -> {
                try (client) {
                  for (int n = asked.incrementAndGet(); n <= most; n = asked.incrementAndGet()) {
                    client.send("GET /?" + n + "p".repeat(1000) + head);
                    answered.add(client.reply().field("x-request-id"));
                  }
                } catch (IOException e) {
                  // It was killed.
                }
              });
    }

    List<String> answered() throws InterruptedException {
      thread.join();
      return answered;
    }
  }

  private static List<Asking> ask(int port, AtomicInteger asked, int most) throws IOException {
    List<Asking> all = new ArrayList<>();
    for (int i = 0; i < CONNECTIONS; i++) {
      all.add(new Asking(port, asked, most));
    }
    return all;
  }

  private Path data() {
    return folder.resolve("data");
  }

  private boolean hasPart() {
    Path requests = data().resolve("records/requests");
    if (!Files.isDirectory(requests)) {
      return false;
    }
    try (Stream<Path> files = Files.walk(requests)) {
      return files.anyMatch(file -> file.toString().endsWith(".parquet"));
    } catch (IOException e) {
      return false; // one was just put in the place of another
    }
  }

  private Map<String, Integer> rows() throws Exception {
    Map<String, Integer> times = new HashMap<>();
    try (Duck duck = new Duck()) {
      duck.rows("select id from " + Duck.all(data(), "requests"))
          .forEach(id -> times.merge(id, 1, Integer::sum));
    }
    return times;
  }

  /** What rollups on disk say, to whoever opens the folder. */
  private long counted() throws IOException {
    long now = System.currentTimeMillis();
    Rollups rollups = new Rollups(data(), () -> now, 1);
    Answer all =
        rollups.series(new Question(now - 3_600_000, now + 3_600_000, 0, List.of(), Map.of()));
    return all.series().stream().mapToLong(each -> each.total().requests()).sum();
  }

  @Test
  void whatWasAnsweredBeforeIsOnDiskOnce() throws Exception {
    Run killed = run();
    int port = Integer.parseInt(killed.awaits(ADDRESS));
    List<String> certain = new ArrayList<>();
    for (Asking asking : ask(port, new AtomicInteger(), BEFORE)) {
      certain.addAll(asking.answered());
    }
    Loopback.await("a file of records", this::hasPart);
    AtomicInteger asked = new AtomicInteger();
    List<Asking> load = ask(port, asked, Integer.MAX_VALUE);
    while (asked.get() < AFTER) {
      Thread.onSpinWait();
    }
    killed.process().destroyForcibly(); // SIGKILL
    assertThat(killed.process().waitFor(20, TimeUnit.SECONDS)).isTrue();
    List<String> last = new ArrayList<>();
    for (Asking asking : load) {
      List<String> answered = asking.answered();
      // An answer is sent first and recorded then: where another one followed, it was.
      last.add(answered.removeLast());
      certain.addAll(answered);
    }
    assertThat(certain).doesNotHaveDuplicates().hasSizeGreaterThan(BEFORE + AFTER / 2);
    int before = rows().size();
    assertThat(before)
        .as("there was something in files, and not all")
        .isBetween(1, certain.size() - 1);
    assertThat(counted()).as("and in rollups").isEqualTo(before);

    Run next = run();
    int recovered = Integer.parseInt(next.awaits(RECOVERED));
    Map<String, Integer> rows = rows();
    assertThat(rows.values()).as("none is there twice").containsOnly(1);
    assertThat(rows.keySet()).containsAll(certain);
    assertThat(rows).hasSize(before + recovered);
    assertThat(rows.size()).isBetween(certain.size(), certain.size() + 2 * last.size());
    assertThat(counted()).as("rollups count each once, too").isEqualTo(rows.size());
    next.process().destroy();
    assertThat(next.process().waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(rows()).as("nothing comes behind").isEqualTo(rows);
    assertThat(counted()).isEqualTo(rows.size());
  }
}
