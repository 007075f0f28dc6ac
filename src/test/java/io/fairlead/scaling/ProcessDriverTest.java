package io.fairlead.scaling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.config.ScaleDriver;
import io.fairlead.config.Secret;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real processes: what is started is found, ends with its children, and nothing else does. */
@Timeout(60)
class ProcessDriverTest {
  private static final Duration GRACE = Duration.ofSeconds(10);
  private static final String SLEEPS = "exec sleep 1000";

  @TempDir Path data;
  private final List<ProcessDriver> made = new ArrayList<>();

  @AfterEach
  void nothingIsLeft() throws IOException {
    for (ProcessDriver driver : made) {
      for (Started node : driver.find()) {
        driver.stop(node, Duration.ZERO);
      }
    }
    assertThat(ours()).isEmpty();
  }

  @Test
  void whatIsStartedKnowsItsPlaceAndIsFoundByAnother() throws Exception {
    Started node =
        driver("echo $PORT $FAIRLEAD_NODE $0 $1 $COLOUR; pwd; exec sleep 1000").start("shop-1");
    assertThat(node.address().host()).isEqualTo("127.0.0.1");
    Path output = ProcessDriver.output(data, "shop", "shop-1");
    TestProcesses.await(() -> Files.readString(output).contains("\n/"));
    int port = node.address().port();
    assertThat(Files.readString(output))
        .isEqualTo(
            port + " test/shop/shop-1/" + port + " shop-1 " + port + " blue\n" + data + "\n");
    assertThat(driver(SLEEPS).find()).containsExactly(node);
    assertThat(new ProcessDriver(data, "test", "other", command(SLEEPS)).find()).isEmpty();
    assertThat(new ProcessDriver(data, "else", "shop", command(SLEEPS)).find())
        .as("by what was written down") // the mark of a data folder goes with it
        .containsExactly(node);
  }

  /** Killed between the start and writing it down. */
  @Test
  void whatWasNotWrittenDownIsFoundByItsMark() throws Exception {
    Started node = driver(SLEEPS).start("shop-1");
    Files.delete(ProcessDriver.folder(data, "shop").resolve("nodes"));
    assertThat(driver(SLEEPS).find()).containsExactly(node);
  }

  @Test
  void aProcessThatHasTheNumberOfOursIsNotTouched() throws Exception {
    Process foreign = new ProcessBuilder("sleep", "1000").start();
    try {
      Files.createDirectories(ProcessDriver.folder(data, "shop"));
      Files.write(
          ProcessDriver.folder(data, "shop").resolve("nodes"),
          List.of(Processes.boot() + " 0", "shop-1 " + foreign.pid() + " 1 1234"));
      ProcessDriver driver = driver(SLEEPS);
      assertThat(driver.find()).isEmpty();
      assertThat(foreign.isAlive()).isTrue();
    } finally {
      foreign.destroyForcibly().waitFor();
    }
  }

  @Test
  void whatAnotherLifeOfTheMachineHasWrittenMeansNothing() throws Exception {
    Process foreign = new ProcessBuilder("sleep", "1000").start();
    try {
      Processes.Entry entry = Processes.find(foreign.pid());
      if (entry == null) {
        throw new AssertionError("it has ended");
      }
      Files.createDirectories(ProcessDriver.folder(data, "shop"));
      Files.write(
          ProcessDriver.folder(data, "shop").resolve("nodes"),
          List.of("another-boot 0", "shop-1 " + foreign.pid() + " " + entry.ticks() + " 1234"));
      assertThat(driver(SLEEPS).find()).isEmpty();
      assertThat(foreign.isAlive()).isTrue();
    } finally {
      foreign.destroyForcibly().waitFor();
    }
  }

  /**
   * Between its start and its session of its own a node is in that of Fairlead, whose leader may be
   * gone. Nobody else in it is to be touched, and neither is the node.
   */
  @Test
  void whoSharesASessionWithOneThatIsJustStartingIsNotTouched() throws Exception {
    Files.writeString(
        data.resolve("session"),
        """
        sleep 1000 & echo $! > neighbour
        FAIRLEAD_NODE=test/shop/shop-1/1234 sleep 1000 & echo $! > starting
        """);
    assertThat(
            new ProcessBuilder("setsid", "--wait", "sh", "session")
                .directory(data.toFile())
                .start()
                .waitFor())
        .isZero();
    long neighbour = number("neighbour");
    long starting = number("starting");
    try {
      TestProcesses.await(() -> Processes.variable(starting, ProcessDriver.MARK) != null);
      assertThat(driver(SLEEPS).find())
          .extracting(Started::id)
          .containsExactly("process " + starting);
      assertThat(hasEnded(neighbour)).isFalse();
      assertThat(hasEnded(starting)).isFalse();
    } finally {
      end(neighbour, starting);
    }
  }

  /** The number of one that has ended was given to a daemon, which leaves its session at once. */
  @Test
  void aSessionThatHasTheNumberOfOursIsNotTouched() throws Exception {
    Files.writeString(data.resolve("daemon"), "echo $$ > leader; sleep 1000 & echo $! > daemon-id");
    new ProcessBuilder("setsid", "--wait", "sh", "daemon")
        .directory(data.toFile())
        .start()
        .waitFor();
    long daemon = number("daemon-id");
    try {
      Files.createDirectories(ProcessDriver.folder(data, "shop"));
      Files.write(
          ProcessDriver.folder(data, "shop").resolve("nodes"),
          List.of(
              Processes.boot() + " " + ticks(daemon), "shop-1 " + number("leader") + " 1 1234"));
      assertThat(driver(SLEEPS).find()).isEmpty();
      assertThat(hasEnded(daemon)).isFalse();
    } finally {
      end(daemon);
    }
  }

  /** Programs that write over their environment have no mark, and children all the same. */
  @Test
  void childrenWithoutAMarkAreClearedAwayWhenTheyWereThereBefore() throws Exception {
    ProcessDriver driver = driver("env -u FAIRLEAD_NODE sleep 1000 & exec sleep 1000");
    Started node = driver.start("shop-1");
    TestProcesses.await(() -> ours().size() == 2);
    TestProcesses.await(
        () -> ours().stream().anyMatch(pid -> Processes.variable(pid, ProcessDriver.MARK) == null));
    long began = Processes.now();
    TestProcesses.await(() -> Processes.now() > began);
    assertThat(driver.find()).hasSize(1);
    end(pid(node));
    TestProcesses.await(() -> hasEnded(pid(node)));
    assertThat(ours()).hasSize(1);
    assertThat(driver(SLEEPS).find()).isEmpty();
    TestProcesses.await(() -> ours().isEmpty());
  }

  @Test
  void itEndsWithItsChildren() throws Exception {
    ProcessDriver driver = driver("sleep 1000 & sleep 1000 & setsid sleep 1000 & wait");
    Started node = driver.start("shop-1");
    TestProcesses.await(() -> ours().size() == 4);
    driver.stop(node, GRACE);
    assertThat(ours()).isEmpty();
    driver.stop(node, GRACE); // once more does no harm
  }

  @Test
  void whoDoesNotHearIsKilledWhenItsTimeIsOver() throws Exception {
    ProcessDriver driver = driver("trap '' TERM; echo ready; while :; do sleep 0.05; done");
    Started node = driver.start("shop-1");
    TestProcesses.await(
        () -> Files.readString(ProcessDriver.output(data, "shop", "shop-1")).contains("ready"));
    long begin = System.nanoTime();
    driver.stop(node, Duration.ofMillis(300));
    assertThat(System.nanoTime() - begin).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(290));
    assertThat(ours()).isEmpty();
  }

  @Test
  void whoEndsOrderlyHasTheTimeItNeeds() throws Exception {
    ProcessDriver driver =
        driver("trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.05; done");
    Started node = driver.start("shop-1");
    Path output = ProcessDriver.output(data, "shop", "shop-1");
    TestProcesses.await(() -> Files.readString(output).contains("ready"));
    driver.stop(node, GRACE);
    assertThat(Files.readString(output)).contains("bye");
  }

  @Test
  void childrenOfOneThatHasEndedAreClearedAway() throws Exception {
    Started node = driver("sleep 1000 & sleep 1000 & exec sleep 0.01").start("shop-1");
    TestProcesses.await(() -> hasEnded(pid(node)));
    assertThat(ours()).isNotEmpty();
    assertThat(driver(SLEEPS).find()).isEmpty();
    TestProcesses.await(() -> ours().isEmpty());
  }

  @Test
  void howOneEndedIsTold() throws Exception {
    ProcessDriver driver = driver("echo cannot bind; exit 3");
    Started node = driver.start("shop-1");
    TestProcesses.await(() -> !driver.ended(List.of(node)).isEmpty());
    TestProcesses.await(
        () -> driver.ended(List.of(node)).containsValue("ended with 3: cannot bind"));
  }

  @Test
  void aProgramThatIsNotThereIsSaidToBeMissing() {
    ProcessDriver driver =
        new ProcessDriver(
            data,
            "test",
            "shop",
            new ScaleDriver.Program(List.of("/no/such/program"), Map.of(), data));
    assertThatThrownBy(() -> driver.start("shop-1"))
        .hasMessage("there is no program /no/such/program");
  }

  @Test
  void outputIsBounded() throws Exception {
    ProcessDriver driver =
        driver(
            "head -c "
                + (ProcessDriver.MOST_OUTPUT + 1)
                + " /dev/zero; echo full; read x < fifo; echo more; exec sleep 1000");
    assertThat(new ProcessBuilder("mkfifo", data.resolve("fifo").toString()).start().waitFor())
        .isZero();
    Started node = driver.start("shop-1");
    Path output = ProcessDriver.output(data, "shop", "shop-1");
    TestProcesses.await(
        () -> Files.exists(output) && Files.size(output) > ProcessDriver.MOST_OUTPUT + 4);
    assertThat(driver.ended(List.of(node))).isEmpty();
    assertThat(Files.size(output)).isZero();
    Files.writeString(data.resolve("fifo"), "\n");
    TestProcesses.await(() -> Files.readString(output).equals("more\n"));
  }

  /** Starts and stops at once, of several: what is found is what was not stopped. */
  @Test
  void manyAtOnce() throws Exception {
    ProcessDriver driver = driver(SLEEPS);
    List<Thread> threads = new ArrayList<>();
    for (int i = 1; i <= 8; i++) {
      String name = "shop-" + i;
      boolean stops = i % 2 == 0;
      threads.add(
          Thread.ofVirtual()
              .start(() -> {
                try {
                  Started node = driver.start(name);
                  if (stops) {
                    driver.stop(node, GRACE);
                  }
                } catch (IOException e) {
                  throw new AssertionError(e);
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(driver(SLEEPS).find().stream().map(Started::name))
        .containsExactlyInAnyOrder("shop-1", "shop-3", "shop-5", "shop-7");
  }

  /** Whoever looks at any moment finds what there is. */
  @Test
  void lookingWhileOthersStartKillsNothing() throws Exception {
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < 10; i++) {
      ProcessDriver driver = driver(SLEEPS);
      Thread starts = Thread.ofVirtual().start(() -> start(driver));
      Thread.sleep(Duration.ofNanos(random.nextInt(5_000_000)));
      driver(SLEEPS).find();
      starts.join();
      assertThat(driver(SLEEPS).find()).hasSize(1);
      driver.stop(driver.find().getFirst(), GRACE);
    }
  }

  private static void start(ProcessDriver driver) {
    try {
      driver.start("shop-1");
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static boolean hasEnded(long pid) {
    Processes.Entry entry = Processes.find(pid);
    return entry == null || entry.ended();
  }

  private static void end(long... pids) {
    for (long pid : pids) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
  }

  private static long ticks(long pid) {
    Processes.Entry entry = Processes.find(pid);
    if (entry == null) {
      throw new AssertionError("it has ended");
    }
    return entry.ticks();
  }

  private long number(String file) throws IOException {
    return Long.parseLong(Files.readString(data.resolve(file)).strip());
  }

  private static long pid(Started node) {
    return Long.parseLong(node.id().substring("process ".length()));
  }

  private ProcessDriver driver(String script) {
    ProcessDriver driver = new ProcessDriver(data, "test", "shop", command(script));
    made.add(driver);
    return driver;
  }

  private ScaleDriver.Program command(String script) {
    return new ScaleDriver.Program(
        List.of("sh", "-c", script, "{name}", "{port}"),
        Map.of("COLOUR", new Secret("blue"), TestProcesses.FOLDER, new Secret(data.toString())),
        data);
  }

  /** Processes that this test has started, and what they have. */
  private List<Long> ours() throws IOException {
    return TestProcesses.of(data);
  }
}
