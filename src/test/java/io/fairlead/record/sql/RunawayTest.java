package io.fairlead.record.sql;

import static io.fairlead.record.sql.Questions.rows;
import static io.fairlead.record.sql.Questions.why;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What questions that take all they can get cost: their own answer, and nobody else's. */
@Timeout(60)
class RunawayTest {
  private static final Duration SHORT = Duration.ofMillis(300);

  /** Asks whether it is to end now and then, as ordinary questions do. */
  private static final String ENDLESS =
      "SELECT count(*) FROM range(10000000) a(x), range(10000000) b(y) WHERE x * y = 17";

  /** Works on one value, and hears nothing meanwhile. */
  private static final String DEAF =
      "SELECT length(list_reduce(range(3000000), lambda a, x: (a * 31 + x) % 1000003)::VARCHAR)";

  @TempDir private Path records;
  private RecordQueries queries = Questions.open(Path.of("none"), SqlLimits.standard());

  private void open(SqlLimits limits) {
    queries = Questions.open(records, limits);
    assertThat(rows(queries, "SELECT 1")).isEqualTo("[[1]]");
  }

  @AfterEach
  void close() {
    queries.close();
    assertThat(queries.pid()).isZero();
  }

  @Test
  void aQuestionThatTakesTooLongIsEndedInTimeAndTheNextIsAnswered() {
    open(SqlLimits.standard().withTimeout(SHORT));
    long start = System.nanoTime();
    assertThat(why(queries.ask(ENDLESS, 1)))
        .startsWith("too much: The question took longer than 0.3 s and was ended.");
    assertThat(System.nanoTime() - start).isLessThan(SHORT.plusSeconds(3).toNanos());
    assertThat(rows(queries, "SELECT 2")).isEqualTo("[[2]]");
  }

  @Test
  void oneThatDoesNotListenIsKilledWithItsProcess() {
    open(SqlLimits.standard().withTimeout(SHORT));
    long process = queries.pid();
    long start = System.nanoTime();
    assertThat(why(queries.ask(DEAF, 1))).startsWith("too much: The question took longer");
    assertThat(System.nanoTime() - start).isLessThan(SHORT.plusSeconds(6).toNanos());
    assertThat(ProcessHandle.of(process)).isEmpty();
    assertThat(rows(queries, "SELECT 2")).isEqualTo("[[2]]");
  }

  @Test
  void oneThatNeedsMoreMemoryThanTheEngineHasIsRefused() {
    open(SqlLimits.standard().withMemory(64, 1024));
    assertThat(why(queries.ask("SELECT count(DISTINCT x) FROM range(20000000) t(x)", 1)))
        .startsWith("too much: The question needs more memory than it may have. Out of Memory");
    assertThat(rows(queries, "SELECT 2")).isEqualTo("[[2]]");
  }

  /** One text of a gigabyte: the engine counts none of it. */
  @Test
  void oneThatTakesMemoryBehindTheEnginesBackIsKilled() {
    open(SqlLimits.standard().withMemory(64, 300));
    long process = queries.pid();
    assertThat(why(queries.ask("SELECT repeat('x', 1000000000) || 'y'", 1)))
        .startsWith("too much: ");
    assertThat(ProcessHandle.of(process)).isEmpty();
    assertThat(rows(queries, "SELECT 2")).isEqualTo("[[2]]");
  }

  @Test
  void valuesTooLargeToBeShownAreRefused() {
    open(SqlLimits.standard());
    assertThat(why(queries.ask("SELECT repeat('x', 100000000) FROM range(2)", 2)))
        .isEqualTo("too much: Values of the answer are too large to be shown.");
    assertThat(rows(queries, "SELECT 2")).isEqualTo("[[2]]");
  }

  @Test
  void aProcessThatIsKilledIsReplacedByTheNextQuestion() throws Exception {
    open(SqlLimits.standard());
    long process = queries.pid();
    CompletableFuture<QueryOutcome> asked =
        CompletableFuture.supplyAsync(() -> queries.ask(ENDLESS, 1));
    kill(process);
    assertThat(why(asked.get(10, TimeUnit.SECONDS)))
        .startsWith("unavailable: The SQL process ended: killed by signal 9");
    assertThat(rows(queries, "SELECT 2")).isEqualTo("[[2]]");
    assertThat(queries.pid()).isNotIn(0L, process);

    kill(queries.pid()); // while nothing is asked: the next question does not notice, or says so
    String next = why(queries.ask("SELECT 3", 1));
    assertThat(next)
        .isIn("answered: [[3]]", "unavailable: The SQL process ended: killed by signal 9");
    assertThat(rows(queries, "SELECT 4")).isEqualTo("[[4]]");
  }

  @Test
  void aProcessThatIsAskedNothingEndsAndTheNextQuestionStartsAnother() throws Exception {
    queries = Questions.open(records, SqlLimits.standard().withIdle(Duration.ofMillis(50)));
    for (int i = 0; i < 3; i++) {
      assertThat(rows(queries, "SELECT " + i)).isEqualTo("[[" + i + "]]");
      ProcessHandle process = ProcessHandle.of(queries.pid()).orElse(null);
      if (process != null && i < 2) {
        process.onExit().get(10, TimeUnit.SECONDS);
      }
    }
  }

  @Test
  void oneIsAnsweredAtATimeFewWaitAndTheRestIsToldToComeAgain() throws Exception {
    SqlLimits limits = SqlLimits.standard().withTimeout(Duration.ofSeconds(1));
    open(limits.withQueue(2, Duration.ofSeconds(10)));
    List<CompletableFuture<String>> asked = new ArrayList<>();
    CompletableFuture<String> first = ask(ENDLESS);
    while (!queries.isAnswering()) {
      Thread.onSpinWait();
    }
    for (int i = 0; i < 4; i++) {
      asked.add(ask("SELECT 1"));
    }
    List<String> outcomes = new ArrayList<>();
    for (CompletableFuture<String> each : asked) {
      outcomes.add(each.get(20, TimeUnit.SECONDS));
    }
    assertThat(first.get(20, TimeUnit.SECONDS)).startsWith("too much: ");
    String busy =
        "unavailable: One question is answered at a time, and 2 questions wait already; ask again"
            + " later.";
    assertThat(outcomes)
        .containsExactlyInAnyOrder("answered: [[1]]", "answered: [[1]]", busy, busy);
  }

  @Test
  void whoWaitsTooLongIsToldSo() throws Exception {
    SqlLimits limits = SqlLimits.standard().withTimeout(Duration.ofSeconds(2));
    open(limits.withQueue(2, Duration.ofMillis(100)));
    CompletableFuture<String> first = ask(ENDLESS);
    while (!queries.isAnswering()) {
      Thread.onSpinWait();
    }
    assertThat(why(queries.ask("SELECT 1", 1))).contains("have not ended in 0.1 s; ask again");
    assertThat(first.get(20, TimeUnit.SECONDS)).startsWith("too much: ");
  }

  @Test
  void closingEndsWhatIsAsked() throws Exception {
    open(SqlLimits.standard());
    CompletableFuture<String> first = ask(ENDLESS);
    while (!queries.isAnswering()) {
      Thread.onSpinWait();
    }
    queries.close();
    assertThat(first.get(5, TimeUnit.SECONDS)).isEqualTo("unavailable: The instance is stopping.");
    assertThat(why(queries.ask("SELECT 1", 1))).isEqualTo("unavailable: The instance is stopping.");
  }

  /** Killed without a chance to say good-bye, in the middle of a question that never ends. */
  @Test
  void whenTheAskingProcessIsKilledTheAnsweringOneEnds() throws Exception {
    Process asking =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                AskingMain.class.getName(),
                records.toString(),
                ENDLESS)
            .redirectErrorStream(true)
            .start();
    try (BufferedReader said =
        new BufferedReader(
            new InputStreamReader(asking.getInputStream(), StandardCharsets.UTF_8))) {
      ProcessHandle answering = ProcessHandle.of(Long.parseLong(said.readLine())).orElseThrow();
      kill(asking.pid());
      asking.waitFor();
      answering.onExit().get(10, TimeUnit.SECONDS);
      assertThat(answering.isAlive()).isFalse();
    } finally {
      asking.destroyForcibly();
    }
  }

  private CompletableFuture<String> ask(String sql) {
    CompletableFuture<String> outcome = new CompletableFuture<>();
    Thread.ofVirtual().start(() -> outcome.complete(why(queries.ask(sql, 1))));
    return outcome;
  }

  private static void kill(long pid) throws Exception {
    new ProcessBuilder("kill", "-9", Long.toString(pid)).start().waitFor();
  }
}
