package io.fairlead.insight.rollup;

import static io.fairlead.insight.rollup.Dimension.LISTENER;
import static io.fairlead.insight.rollup.Dimension.NODE;
import static io.fairlead.insight.rollup.Dimension.ROUTE;
import static io.fairlead.insight.rollup.Dimension.SERVICE;
import static io.fairlead.insight.rollup.Dimension.STATUS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.insight.rollup.Traffic.Request;
import io.fairlead.telemetry.ErrorReason;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** From records to answers, over days, with a clock turned by hand. */
@Tag("computing")
final class RollupsTest {
  private static final long START = Instant.parse("2026-11-26T15:30:00Z").toEpochMilli();
  private static final long MINUTE = 60_000;
  private static final long HOUR = 60 * MINUTE;
  private static final long DAY = 24 * HOUR;
  private static final String PROCESS = "0000000000000001";

  @TempDir private Path data;

  private long now = START;
  private Traffic traffic;
  private Rollups rollups;
  private RollupWriter writer;
  private long place;

  @BeforeEach
  void open() throws IOException {
    traffic = new Traffic(data);
    begin(PROCESS);
  }

  @AfterEach
  void end() {
    traffic.close();
  }

  private void begin(String process) throws IOException {
    rollups = new Rollups(data, () -> now, 7);
    writer = writer(process);
  }

  private RollupWriter writer(String process) throws IOException {
    return rollups.writer(
        process, traffic.names::text, traffic.names::error, bytes -> "10.0.0." + bytes[15]);
  }

  private void send(Request request) {
    writer.accept(traffic.record(request));
    place++;
  }

  private void keep() throws IOException {
    writer.keep(new long[] {place}, 0, now);
  }

  /** Ten seconds pass, in which the recorder has been told to write. */
  private void after(Duration time) throws IOException {
    now += time.toMillis();
    writer.caughtUp(now, 0);
    keep();
    rollups.tidy(now);
  }

  private Answer ask(long from, long to, long step, Dimension... by) throws IOException {
    return rollups.series(new Question(from, to, step, List.of(by), Map.of()));
  }

  /** Each series as its key and its total. */
  private static List<String> totals(Answer answer) {
    return answer.series().stream()
        .map(each -> String.join("/", each.key().values()) + " " + requests(each.total()))
        .toList();
  }

  private static String requests(Answer.Figures figures) {
    return figures.requests() + ":" + figures.errors();
  }

  /** Requests of the first series in each step. */
  private static List<Long> steps(Answer answer) {
    return answer.series().isEmpty()
        ? List.of()
        : answer.series().getFirst().steps().stream().map(Answer.Figures::requests).toList();
  }

  private List<String> files() throws IOException {
    Path folder = data.resolve("rollups");
    if (!Files.exists(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.walk(folder)) {
      return files
          .filter(Files::isRegularFile)
          .map(file -> folder.relativize(file).toString())
          .sorted()
          .toList();
    }
  }

  @Test
  void whatGoesWrongOnPurposeIsNoError() throws IOException {
    send(Request.at(now));
    send(Request.at(now).ended(503, ErrorReason.FAULT_INJECTED).tried(0));
    send(Request.at(now).ended(503, ErrorReason.NO_NODE).tried(0));
    after(Duration.ofSeconds(10));
    assertThat(totals(ask(START, now, MINUTE, ROUTE))).containsExactly("web/1 3:1");
  }

  @Test
  void requestsAreToldApartByWhatIsAsked() throws IOException {
    send(Request.at(now));
    send(Request.at(now).node("b").ended(500, null).tried(3));
    send(Request.at(now).route("web/2").ended(404, null));
    send(Request.at(now).route("").node("").ended(404, ErrorReason.NO_ROUTE));
    now += 5000;
    writer.caughtUp(now, 0);
    assertThat(totals(ask(START, now, 0))).containsExactly(" 4:1");
    assertThat(totals(ask(START, now, 0, ROUTE))).containsExactly("web/1 2:1", " 1:0", "web/2 1:0");
    assertThat(totals(ask(START, now, 0, SERVICE, NODE)))
        .containsExactly("shop/a 2:0", "shop/ 1:0", "shop/b 1:1");
    assertThat(totals(ask(START, now, 0, STATUS))).containsExactly("4xx 2:0", "2xx 1:0", "5xx 1:1");
    Answer.Figures all = ask(START, now, 0, LISTENER).series().getFirst().total();
    assertThat(all.bytesIn()).isEqualTo(40);
    assertThat(all.bytesOut()).isEqualTo(8000);
    assertThat(all.moreTries()).isEqualTo(2);
    assertThat(all.reasons()).containsExactly(Map.entry("no-route", 1L));
    Answer one = rollups.series(new Question(START, now, 0, List.of(NODE), Map.of(ROUTE, "web/1")));
    assertThat(totals(one)).containsExactly("a 1:0", "b 1:1");
  }

  @ParameterizedTest
  @CsvSource({
    "200,              , 0",
    "404,              , 0",
    "499, CLIENT_GONE  , 0",
    "429, RATE_LIMITED , 0",
    "400, BAD_REQUEST  , 0",
    "500,              , 1",
    "503, NO_NODE      , 1",
    "504, UPSTREAM_TIMEOUT, 1",
    "200, UPSTREAM_RESET, 1", // it broke off behind its head
    "  0,              , 0",
    "  0, CONNECT_FAILED, 1", // of a relayed connection
    "  0, IDLE_TIMEOUT , 0",
    "101, WEBSOCKET_IDLE, 0"
  })
  void anErrorIsWhatIsOwed(int status, @Nullable ErrorReason reason, long errors)
      throws IOException {
    send(Request.at(now).ended(status, reason));
    writer.caughtUp(now, 0);
    assertThat(ask(now, now + 1, 0).series().getFirst().total().errors()).isEqualTo(errors);
  }

  /** The same cells before they are on disk, from segments, minutes and hours. */
  @Test
  void daysPass() throws IOException {
    for (int hour = 0; hour < 60; hour++) {
      for (int i = 0; i < 6; i++) {
        send(Request.at(now + i * 600_000L));
        send(Request.at(now + i * 600_000L).ended(500, null));
      }
      after(Duration.ofHours(1));
    }
    assertThat(files()).anyMatch(file -> file.startsWith("1h/202611"));
    assertThat(files()).anyMatch(file -> file.startsWith("1m/20261128"));
    assertThat(files().stream().filter(file -> file.startsWith("10s/")).toList())
        .as("two days, and the hour that goes on")
        .hasSizeBetween(48, 50);
    assertThat(steps(ask(now - HOUR, now, 600_000))).containsExactly(2L, 2L, 2L, 2L, 2L, 2L);
    Answer hours = ask(START, now, HOUR);
    assertThat(hours.from()).isEqualTo(START - 30 * MINUTE);
    assertThat(steps(hours)).hasSize(61).startsWith(6L, 12L, 12L).endsWith(12L, 6L);
    assertThat(totals(hours)).containsExactly(" 720:360");
    Answer minutes = ask(START, START + HOUR, MINUTE);
    assertThat(steps(minutes)).hasSize(60).startsWith(2L, 0L).endsWith(0L);
    assertThat(totals(minutes)).containsExactly(" 12:6");
    assertThat(ask(START, START + HOUR, 10_000).step())
        .as("no finer ones are left")
        .isEqualTo(MINUTE);
    assertThat(hours.held()).isEqualTo(new Answer.Held(START, now, 0));
  }

  @Test
  void whatIsTooOldGoes() throws IOException {
    for (int day = 0; day < 430; day++) {
      send(Request.at(now));
      after(Duration.ofDays(1));
    }
    assertThat(files().stream().filter(file -> file.startsWith("10s/")))
        .hasSizeLessThanOrEqualTo(4);
    assertThat(files().stream().filter(file -> file.startsWith("1m/"))).hasSizeBetween(29, 32);
    assertThat(files().stream().filter(file -> file.startsWith("1h/"))).hasSizeBetween(12, 14);
    assertThat(totals(ask(now - 300 * DAY, now, DAY))).containsExactly(" 300:0");
  }

  @Test
  void anotherProcessFindsWhatIsKept() throws IOException {
    send(Request.at(now));
    after(Duration.ofSeconds(10));
    send(Request.at(now));
    after(Duration.ofSeconds(10));
    begin("0000000000000002");
    send(Request.at(now));
    writer.caughtUp(now, 0);
    assertThat(totals(ask(START, now + 1, 0))).containsExactly(" 3:0");
    assertThat(rollups.places(PROCESS)).containsExactly(2);
    now += 3 * DAY;
    rollups.tidy(now);
    assertThat(files()).noneMatch(file -> file.startsWith("10s/"));
    assertThat(rollups.places(PROCESS)).as("also when its segment is gone").containsExactly(2);
    assertThat(totals(ask(START, now, HOUR))).containsExactly(" 3:0");
  }

  /** A long session, and one of a process that was found days after it was killed. */
  @Test
  void whatComesLateGoesToItsTime() throws IOException {
    send(Request.at(now - 5 * DAY));
    send(Request.at(now));
    after(Duration.ofMinutes(1));
    assertThat(totals(ask(now - 6 * DAY, now - 4 * DAY, HOUR))).containsExactly(" 1:0");
    after(Duration.ofHours(2));
    send(Request.at(now - 30 * MINUTE));
    after(Duration.ofHours(1));
    assertThat(totals(ask(now - 6 * DAY, now - 4 * DAY, HOUR))).containsExactly(" 1:0");
    assertThat(totals(ask(START - HOUR, now, HOUR))).containsExactly(" 2:0");
  }

  @Test
  void aClockThatIsSetBackSpoilsNothing() throws IOException {
    for (long jump : new long[] {HOUR, -2 * HOUR, -DAY, 2 * DAY, 10_000}) {
      send(Request.at(now));
      send(Request.at(now).node("b"));
      now += jump;
      writer.caughtUp(now, 0);
      keep();
      rollups.tidy(now);
    }
    now = START + 2 * DAY;
    rollups.tidy(now);
    assertThat(totals(ask(START - 2 * DAY, START + 3 * DAY, HOUR))).containsExactly(" 10:0");
  }

  /** A kill in the midst of a write, and a disk that lost the end. */
  @ParameterizedTest
  @CsvSource({"1", "20", "40", "100"})
  void halfABlockIsNone(int missing) throws IOException {
    send(Request.at(now));
    after(Duration.ofSeconds(10));
    send(Request.at(now));
    send(Request.at(now).node("b"));
    after(Duration.ofSeconds(10));
    Path segment = data.resolve("rollups").resolve(files().getFirst());
    try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
      file.setLength(file.length() - missing);
    }
    begin("0000000000000002");
    assertThat(totals(ask(START, now, 0))).containsExactly(" 1:0");
    assertThat(rollups.places(PROCESS)).containsExactly(1);
    now += 2 * HOUR;
    rollups.tidy(now);
    assertThat(totals(ask(START, now, HOUR))).containsExactly(" 1:0");
  }

  @Test
  void aBitThatFlippedIsNoticed() throws IOException {
    send(Request.at(now));
    after(Duration.ofSeconds(10));
    Path segment = data.resolve("rollups").resolve(files().getFirst());
    byte[] bytes = Files.readAllBytes(segment);
    for (int at = 0; at < bytes.length; at++) {
      byte[] other = bytes.clone();
      other[at] ^= 4;
      Files.write(segment, other);
      assertThat(
              totals(
                  new Rollups(data, () -> now, 7)
                      .series(new Question(START, now, 0, List.of(), Map.of()))))
          .as("byte %d", at)
          .isEmpty();
    }
  }

  @Test
  void aDiskThatIsFullCostsNothingButTime() throws IOException {
    send(Request.at(now));
    after(Duration.ofSeconds(10));
    Path folder = data.resolve("rollups/10s");
    Path aside = data.resolve("aside");
    Files.move(folder, aside);
    Files.writeString(folder, "not a folder");
    for (int i = 0; i < 3; i++) {
      send(Request.at(now).node("b"));
      now += 10_000;
      writer.caughtUp(now, 0);
      assertThatThrownBy(this::keep).isInstanceOf(IOException.class);
      assertThat(totals(ask(START, now, 0, NODE))).containsExactly("b " + (i + 1) + ":0");
    }
    Files.delete(folder);
    Files.move(aside, folder);
    keep();
    assertThat(totals(ask(START, now, 0, NODE))).containsExactly("b 3:0", "a 1:0");
    begin("0000000000000002");
    assertThat(totals(ask(START, now, 0, NODE))).containsExactly("b 3:0", "a 1:0");
  }

  /** What waits for a disk is bounded: what is too much loses its names, but is counted. */
  @Test
  void whatWaitsIsBounded() throws IOException {
    int cells = RollupWriter.MOST_CELLS + 1000;
    for (int i = 0; i < cells; i++) {
      send(Request.at(now + i / 60 * 10_000L).node("n" + i % 60));
    }
    now += 4 * HOUR;
    writer.caughtUp(now, 0);
    Answer nodes = ask(START, now, HOUR, NODE);
    assertThat(nodes.series().stream().mapToLong(each -> each.total().requests()).sum())
        .isEqualTo(cells);
    assertThat(totals(nodes)).contains(Key.OTHER + " 1000:0");
  }

  /** As when a process has died and the next one counts what it left: nothing is out of sight. */
  @Test
  void aWriterThatIsBegunAgainHidesNothing() throws IOException {
    send(Request.at(now));
    after(Duration.ofSeconds(10));
    begin(PROCESS);
    assertThat(totals(ask(START, now, 0))).containsExactly(" 1:0");
    rollups.tidy(now);
    send(Request.at(now));
    writer.caughtUp(now + 2000, 0);
    assertThat(totals(ask(START, now + 2000, 0))).containsExactly(" 2:0");
    after(Duration.ofSeconds(10));
    assertThat(totals(ask(START, now, 0))).containsExactly(" 2:0");
  }

  @Test
  void keysAreBounded() throws IOException {
    int keys = RollupWriter.MOST_KEYS + 500;
    for (int i = 0; i < keys; i++) {
      send(Request.at(now).route("r" + i));
    }
    writer.caughtUp(now, 0);
    Answer routes = ask(START, now + 1, 0, ROUTE);
    assertThat(routes.series()).hasSize(100);
    assertThat(totals(routes).getFirst()).isEqualTo(Key.OTHER + " 500:0");
    assertThat(routes.left()).isEqualTo(RollupWriter.MOST_KEYS + 1 - 100);
    assertThat(routes.others()).isEqualTo(keys - 500 - 99);
    after(Duration.ofSeconds(10));
    send(Request.at(now).route("later"));
    after(Duration.ofSeconds(10));
    assertThat(totals(ask(now - 10_000, now, 10_000, ROUTE)))
        .as("names come and go")
        .contains("later 1:0");
  }

  @Test
  void anEmptyFolderHasNoAnswer() throws IOException {
    Answer nothing = ask(START - HOUR, now, 0, NODE);
    assertThat(nothing.series()).isEmpty();
    assertThat(nothing.held()).isEqualTo(new Answer.Held(now, now, 0));
    assertThat(files()).isEmpty();
  }

  @Test
  void recordsThatWereLostAreSaid() throws IOException {
    send(Request.at(now));
    now += 10_000;
    writer.keep(new long[] {1}, 40, now);
    send(Request.at(now));
    now += 1000;
    writer.caughtUp(now, 42);
    assertThat(ask(START, now, 0).held().lost()).isEqualTo(42);
    assertThat(ask(START, START + 10_000, 10_000).held().lost()).isEqualTo(40);
  }

  @Test
  void theHeatMapHasAllThereIs() throws IOException {
    long[] times = {
      0, 1, 102, 103, 1000, 999_999, 1_000_000, 1_000_001, 16_000_000, 16_000_001, 99_000_000_000L
    };
    for (long micros : times) {
      send(Request.at(now).took(micros));
    }
    send(Request.at(now + 10_000).ended(502, ErrorReason.BAD_RESPONSE));
    now += 20_000;
    writer.caughtUp(now, 0);
    Heatmap map = rollups.heatmap(new Question(START, now, 10_000, List.of(), Map.of()));
    assertThat(map.bounds()).contains(1_000_000L, 16_000_000L).isSorted();
    assertThat(map.bounds().getFirst()).isEqualTo(102);
    assertThat(map.bounds().getLast()).isEqualTo(16_000_000);
    assertThat(map.counts()).hasSize(2);
    List<Long> first = map.counts().getFirst();
    assertThat(first).hasSize(map.bounds().size() + 1);
    List<Long> expected = new ArrayList<>();
    for (int row = 0; row < first.size(); row++) {
      long low = row == 0 ? -1 : map.bounds().get(row - 1);
      long high = row < map.bounds().size() ? map.bounds().get(row) : Long.MAX_VALUE;
      long count = 0;
      for (long micros : times) {
        count += micros > low && micros <= high ? 1 : 0;
      }
      expected.add(count);
    }
    assertThat(first).isEqualTo(expected);
    assertThat(map.errors()).containsExactly(0L, 1L);
  }

  /** However records are dealt to processes, flushes and levels, sums are those of the records. */
  @Test
  void sumsAreThoseOfTheRecords() throws IOException {
    long seed = Long.getLong("fairlead.rollups.seed", System.nanoTime());
    SplittableRandom random = new SplittableRandom(seed);
    List<Request> all = new ArrayList<>();
    for (int i = 0; i < 4000; i++) {
      Request request =
          Request.at(START + random.nextLong(6 * HOUR))
              .node("n" + random.nextInt(4))
              .route("r" + random.nextInt(3))
              .took((long) Math.exp(random.nextDouble() * 16))
              .ended(random.nextInt(10) == 0 ? 500 + random.nextInt(5) : 200, null);
      all.add(request);
      send(request);
      if (random.nextInt(50) == 0) {
        now = Math.max(now, START + 6 * HOUR * i / 4000);
        writer.caughtUp(now, 0);
        keep();
      }
      if (random.nextInt(400) == 0) {
        rollups.tidy(now);
      }
      if (random.nextInt(1000) == 0) {
        keep();
        begin("00000000000000%02d".formatted(10 + i / 100));
      }
    }
    now = START + 6 * HOUR;
    writer.caughtUp(now, 0);
    for (long step : new long[] {10_000 * 30, MINUTE * 10, HOUR}) {
      for (Answer.Series each : ask(START, now, step, ROUTE, NODE).series()) {
        String route = each.key().get(ROUTE);
        String node = each.key().get(NODE);
        for (int i = 0; i < each.steps().size(); i++) {
          long from = Math.floorDiv(START, step) * step + i * step;
          List<Request> of =
              all.stream()
                  .filter(one -> one.route().equals(route) && one.node().equals(node))
                  .filter(one ->
                      one.startMicros() >= from * 1000 && one.startMicros() < (from + step) * 1000)
                  .toList();
          Answer.Figures figures = each.steps().get(i);
          assertThat(figures.requests()).as("seed %d", seed).isEqualTo(of.size());
          assertThat(figures.errors())
              .isEqualTo(of.stream().filter(one -> one.status() >= 500).count());
          assertQuantile(figures.p50(), of, 0.5, seed);
          assertQuantile(figures.p99(), of, 0.99, seed);
        }
      }
      assertThat(totals(ask(START, now, step))).hasSize(1).first().asString().startsWith(" 4000:");
    }
  }

  private static void assertQuantile(long found, List<Request> of, double part, long seed) {
    long[] sorted = of.stream().mapToLong(Request::totalMicros).sorted().toArray();
    if (sorted.length == 0) {
      assertThat(found).isEqualTo(-1);
      return;
    }
    long exact = sorted[(int) Math.ceil(part * sorted.length) - 1];
    // Half a bucket, and half a microsecond.
    assertThat(Math.abs(found - exact))
        .as("seed %d: %d of %d", seed, found, exact)
        .isLessThanOrEqualTo((long) Math.ceil(exact * (Math.pow(2, 1 / 16.0) - 1) + 0.5));
  }
}
