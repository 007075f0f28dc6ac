package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.ThreeProcesses.Instance;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How long the store of a group takes no changes when the instance that leads it is killed or
 * frozen. For {@code make bench-failover}.
 */
@EnabledIfSystemProperty(named = "fairlead.failover.rounds", matches = "\\d+")
final class GroupFailoverTest {
  private static final int ROUNDS = Integer.getInteger("fairlead.failover.rounds", 10);
  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final long BEFORE_MILLIS = 500;

  /** How long it is looked at whether the group is lost again. */
  private static final long AFTER_MILLIS = 3000;

  @TempDir Path folder;

  /** How the leader is lost, and had again. */
  private enum Loss {
    KILL("killed"),
    FREEZE("frozen");

    private final String word;

    Loss(String word) {
      this.word = word;
    }

    void begin(Instance leader) throws Exception {
      switch (this) {
        case KILL -> leader.kill();
        case FREEZE -> leader.signal("STOP");
      }
    }

    void end(Instance leader) throws Exception {
      switch (this) {
        case KILL -> leader.start();
        case FREEZE -> leader.signal("CONT");
      }
    }
  }

  /**
   * What one client saw.
   *
   * @param firstMillis from the loss to the first answer to a write that began after it
   * @param again writes that failed after that
   */
  private record Seen(double firstMillis, int again) {}

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aGroupWritesAgainSoonAfterItHasLostItsLeader(boolean tls) throws Exception {
    StringBuilder report = new StringBuilder();
    int again = 0;
    try (ThreeProcesses group = new ThreeProcesses(folder, tls ? certificates() : "")) {
      for (Loss loss : Loss.values()) {
        List<Double> first = new ArrayList<>();
        List<Double> both = new ArrayList<>();
        int lost = 0;
        for (int round = 0; round < ROUNDS; round++) {
          List<Seen> seen = play(group, loss);
          first.add(Math.min(seen.get(0).firstMillis(), seen.get(1).firstMillis()));
          both.add(Math.max(seen.get(0).firstMillis(), seen.get(1).firstMillis()));
          lost += seen.get(0).again() + seen.get(1).again();
        }
        again += lost;
        report.append(
            String.format(
                Locale.ROOT,
                "| %s | %d | %s | %s | %d |%n",
                loss.word,
                ROUNDS,
                words(first),
                words(both),
                lost));
      }
    }
    System.out.print(
        "| leader"
            + (tls ? ", TLS between them" : "")
            + " | rounds | one writes again, ms: p50, max | both, ms: p50, max | lost again |\n"
            + "|---|---|---|---|---|\n"
            + report);
    assertThat(again).as("writes that failed after the group was back").isZero();
  }

  private static String words(List<Double> times) {
    List<Double> sorted = new ArrayList<>(times);
    Collections.sort(sorted);
    return String.format(
        Locale.ROOT, "%.0f, %.0f", sorted.get((sorted.size() - 1) / 2), sorted.getLast());
  }

  private List<Seen> play(ThreeProcesses group, Loss loss) throws Exception {
    group.await();
    Instance leader = group.leader();
    List<Writer> writers = new ArrayList<>();
    for (Instance instance : group.all()) {
      if (instance != leader) {
        writers.add(new Writer(group, instance));
      }
    }
    for (Writer writer : writers) {
      writer.thread.start();
    }
    Thread.sleep(BEFORE_MILLIS);
    long lost = System.nanoTime();
    loss.begin(leader);
    long isLost = System.nanoTime();
    for (Writer writer : writers) {
      writer.lost = isLost;
    }
    List<Seen> seen = new ArrayList<>();
    for (Writer writer : writers) {
      seen.add(writer.end(lost));
    }
    loss.end(leader);
    return seen;
  }

  /** Writes to one instance, one after the other. */
  private static final class Writer {
    private final ThreeProcesses group;
    private final Instance instance;
    private final Thread thread = Thread.ofVirtual().unstarted(this::run);
    private volatile long lost = Long.MAX_VALUE;
    private long first;
    private int again;

    Writer(ThreeProcesses group, Instance instance) {
      this.group = group;
      this.instance = instance;
    }

    private void run() {
      for (int i = 0; first == 0 || System.nanoTime() - first < AFTER_MILLIS * 1_000_000; i++) {
        long began = System.nanoTime();
        boolean done = write(i);
        if (done && first == 0 && began > lost) {
          first = System.nanoTime();
        } else if (!done && first != 0) {
          again++;
        }
        if (!done) {
          LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
      }
    }

    private boolean write(int i) {
      HttpRequest request =
          instance
              .request("/api/v1/kv/" + instance.name + i % 10, TIMEOUT)
              .PUT(HttpRequest.BodyPublishers.ofString("x".repeat(200)))
              .build();
      try {
        return group.http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
      } catch (IOException _) {
        return false;
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    Seen end(long lost) throws InterruptedException {
      thread.join();
      return new Seen((first - lost) / 1e6, again);
    }
  }

  private String certificates() throws Exception {
    var authority = TestCertificates.authority("The Group");
    var own = TestCertificates.builder("instance.example").buildIssuedBy(authority);
    Path ca = Files.writeString(folder.resolve("ca.pem"), authority.getCertificatePathPEM());
    Path cert = Files.writeString(folder.resolve("group.pem"), own.getCertificatePathPEM());
    Path key = Files.writeString(folder.resolve("group.key"), own.getPrivateKeyPEM());
    return "tls: { cert: \"%s\", key: \"%s\", ca: \"%s\" }".formatted(cert, key, ca);
  }
}
