package io.fairlead.record;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.LeftRings;
import io.fairlead.telemetry.RecordDraft;
import io.fairlead.telemetry.RecordDrop;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordMask;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.RecordReader;
import io.fairlead.telemetry.RecordRings;
import io.fairlead.telemetry.RecordView;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** From a loop's ring to files, with a clock turned by hand. */
@Tag("computing")
final class RecordingTest {
  private static final long MIB = 1 << 20;
  private static final long RING = 8 * MIB;
  private static final long START = Instant.parse("2026-11-26T15:30:00Z").toEpochMilli();

  @TempDir private Path data;

  private final RecordNames numbers = new RecordNames();
  private final RecordStats stats = new RecordStats(() -> 0);
  private final List<String> story = new ArrayList<>();
  private long now = START;
  private long next;
  private RecordRings rings;
  private Recording recording;
  private Duck duck;

  @BeforeEach
  void open() throws IOException, SQLException {
    duck = new Duck();
    begin(List.of(), RING);
  }

  @AfterEach
  void end() throws SQLException {
    duck.close();
    recording.close();
    rings.close();
  }

  private void begin(List<RecordConsumer> consumers) throws IOException {
    begin(consumers, RING);
  }

  private void begin(List<RecordConsumer> consumers, long ring) throws IOException {
    rings = RecordRings.open(data, 2, ring, numbers);
    List<RecordReader> readers = List.of(rings.reader(0), rings.reader(1));
    recording =
        new Recording(
            new PartFolder(data),
            "lb1",
            rings.boot(),
            readers,
            Names.of(rings),
            ring,
            consumers,
            stats,
            this::hear,
            Pace.restless(),
            now);
  }

  private void hear(Event event) {
    story.add((now - START) / 1000 + " " + event.text().replace(data.toString(), "DATA"));
  }

  private RecordDraft request(int loop, String path) {
    RecordDraft draft = rings.ring(loop).draft();
    draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
    draft.times((now * 1000) + next, 1_234_567);
    draft.id(0x0193_6f2a_0000_0000L, (int) next++);
    draft.phases(-1, 200_000, -1, 900_000);
    draft.result(200, null, 1);
    draft.bytes(10, 2000);
    draft.names(
        numbers.number(RecordNames.Kind.LISTENER, "web"),
        numbers.number(RecordNames.Kind.ROUTE, "shop"),
        0,
        numbers.number(RecordNames.Kind.NODE, "10.0.0.1:80"));
    draft.client(0, 0xFFFF_0A01_0203L, 1234, RecordMask.NONE);
    draft.method(1);
    text(draft, Text.HOST, "shop.example");
    text(draft, Text.PATH, path);
    return draft;
  }

  private static void text(RecordDraft draft, Text which, String value) {
    byte[] bytes = value.getBytes(UTF_8);
    draft.text(which, bytes, 0, bytes.length);
  }

  private void send(int loop, int count) {
    for (int i = 0; i < count; i++) {
      request(loop, "/item/" + next % 1000);
      rings.ring(loop).write();
    }
  }

  private void after(int seconds) {
    now += seconds * 1000L;
    recording.round(now);
  }

  /** Loops that write as fast as is read keep nobody from what is done once all is read. */
  @Test
  void aRoundEndsThoughThereIsAlwaysMoreToRead() throws IOException {
    List<Integer> caughtUpAfter = new ArrayList<>();
    begin(
        List.of(
            new RecordConsumer() {
              private int records;

              @Override
              public void accept(RecordView record, Names names) {
                if (++records < 10 * Recording.ENOUGH) {
                  send(0, 1);
                }
              }

              @Override
              public void caughtUp(long epochMillis, Runnable rest) {
                caughtUpAfter.add(records);
              }
            }));
    send(0, 10_000);
    assertThat(recording.round(now)).isTrue();
    assertThat(recording.round(now)).isTrue();
    assertThat(caughtUpAfter).containsExactly(Recording.ENOUGH, 2 * Recording.ENOUGH);
  }

  /** The ring of the control thread is small and hardly written: it must not set the pace. */
  @Test
  void restsAreShorterTheMoreThereIsToReadAndTheLessRoomIsLeft() throws Exception {
    begin(List.of(), 16 * MIB);
    recording.add(rings.reader(2));
    assertThat(recording.restsToAfford()).isEqualTo(Pace.CALM);
    RecordReader begun = rings.reader(0);
    while (begun.behind() < 1) {
      send(0, 100);
    }
    assertThat(recording.restsToAfford()).isEqualTo(Pace.CALM / 2);
    recording.round(now);
    assertThat(recording.restsToAfford()).isEqualTo(Pace.CALM);
    while (begun.behind() < 2) {
      send(0, 100);
    }
    recording.round(now);
    while (begun.behind() < 12) { // 14 are there for requests, of which one is being written
      send(0, 100);
    }
    assertThat(recording.restsToAfford()).isZero();
  }

  private long kept() throws IOException, SQLException {
    return files("requests").isEmpty()
        ? 0
        : Long.parseLong(duck.value("select count(*) from " + Duck.all(data, "requests")));
  }

  /** Each request once. */
  private void assertEachOnce(long expected) throws SQLException {
    assertThat(
            duck.value(
                "select count(*) || ' ' || count(distinct id) from " + Duck.all(data, "requests")))
        .isEqualTo(expected + " " + expected);
  }

  private List<Path> files(String table) throws IOException {
    Path folder = data.resolve("records").resolve(table);
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }

  @Test
  void aRequestIsARowWithAllThatTheRecordSays() throws SQLException {
    request(0, "/cart?x=1");
    rings.ring(0).write();
    RecordDraft draft = request(1, "/gone");
    draft.result(502, ErrorReason.HEAD_TOO_LARGE, 3);
    draft.client(0x2001_0DB8_0000_0000L, 1, 0, RecordMask.NONE);
    text(draft, Text.USER_AGENT, "curl/8");
    text(draft, Text.REQUEST_ID, "from-the-client");
    text(draft, Text.TRACE_ID, "0af7651916cd43dd8448eb211c80319c");
    rings.ring(1).write();
    after(10);
    assertThat(duck.rows("select * from " + Duck.all(data, "requests") + " order by path"))
        .containsExactly(
            "01936f2a0000000000000000|2026-11-26 15:30:00.0|lb1|web|shop|null|10.0.0.1:80|10.1.2.3"
                + "|GET|shop.example|/cart?x=1|http/1.1|200|null|10|2000|1234|null|200|null|900|1"
                + "|null|null|1.0",
            "from-the-client|2026-11-26 15:30:00.000001|lb1|web|shop|null|10.0.0.1:80|2001:db8::1"
                + "|GET|shop.example|/gone|http/1.1|502|head-too-large|10|2000|1234|null|200|null"
                + "|900|3|curl/8|0af7651916cd43dd8448eb211c80319c|1.0");
    assertThat(
            duck.rows(
                "select string_agg(column_name, ' ') from (describe select * from "
                    + Duck.all(data, "requests")
                    + ")"))
        .containsExactly(
            "id time instance listener route service node client method host path protocol status"
                + " error bytes_in bytes_out total_us queue_us connect_us tls_us first_byte_us tries"
                + " user_agent trace_id weight");
  }

  /** Rows that are alike are kept together, and nobody who reads them sees that. */
  @Test
  void rowsThatAreAlikeAreReadAsTheyCame() throws SQLException {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 6_000; i++) {
      int loop = random.nextInt(2);
      RecordDraft draft = rings.ring(loop).draft();
      draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
      draft.times(now * 1000 + i, 1_000);
      draft.id(1, i);
      draft.bytes(1, 2);
      draft.client(0, 0xFFFF_0A01_0203L, 1234, RecordMask.NONE);
      int status = random.nextInt(3) * 200;
      ErrorReason reason = random.nextInt(5) == 0 ? ErrorReason.HEAD_TOO_LARGE : null;
      int tries = random.nextInt(4) == 0 ? 2 : 1;
      draft.result(status, reason, tries);
      String service = random.nextInt(3) == 0 ? "" : "s" + random.nextInt(3);
      draft.names(
          numbers.number(RecordNames.Kind.LISTENER, "web"),
          numbers.number(RecordNames.Kind.ROUTE, "r" + i % 2),
          service.isEmpty() ? 0 : numbers.number(RecordNames.Kind.SERVICE, service),
          numbers.number(RecordNames.Kind.NODE, "n" + random.nextInt(4)));
      String method = random.nextInt(9) == 0 ? "BREW" : "GET";
      String agent = random.nextInt(4) == 0 ? "" : "a" + random.nextInt(i < 2_000 ? 3 : 3_000);
      text(draft, Text.HOST, "shop.example");
      text(draft, Text.PATH, "/" + i);
      text(draft, Text.USER_AGENT, agent);
      if (method.equals("GET")) {
        draft.method(1);
      } else {
        text(draft, Text.METHOD, method);
      }
      rings.ring(loop).write();
      expected.add(
          "/%d|%s|%s|%d|%s|%s|%s|1.0"
              .formatted(
                  i,
                  status == 0 ? "null" : status + "",
                  reason == null ? "null" : "head-too-large",
                  tries,
                  service.isEmpty() ? "null" : service,
                  method,
                  agent.isEmpty() ? "null" : agent));
      if (i % 1_000 == 0) {
        after(10);
      }
    }
    after(10);
    assertThat(
            duck.rows(
                "select path, status, error, tries, service, method, user_agent, weight from "
                    + Duck.all(data, "requests")
                    + " order by id"))
        .as("seed %d", seed)
        .isEqualTo(expected);
    assertThat(
            duck.value(
                "select count(*) from "
                    + Duck.all(data, "requests")
                    + " where route = 'r0' and listener = 'web' and host = 'shop.example'"))
        .isEqualTo("3000");
  }

  @Test
  void aSessionHasATableOfItsOwn() throws SQLException {
    RecordDraft draft = rings.ring(0).draft();
    draft.begin(RecordLayout.STREAM, RecordLayout.TLS_PASSED_THROUGH);
    draft.times(now * 1000, 5_000_000_000_000L);
    draft.id(7, 8);
    draft.names(numbers.number(RecordNames.Kind.LISTENER, "raw"), 0, 0, 0);
    draft.client(0, 0xFFFF_7F00_0001L, 0, RecordMask.NONE);
    draft.bytes(5, 6);
    text(draft, Text.HOST, "db.example");
    rings.ring(0).write();
    after(10);
    assertThat(duck.rows("select * from " + Duck.all(data, "sessions")))
        .containsExactly(
            "000000000000000700000008|2026-11-26 15:30:00.0|lb1|raw|null|null|null|127.0.0.1"
                + "|db.example|tls|null|5|6|5000000000|null|null|0|1.0");
  }

  @Test
  void whatIsNoTextIsReplaced() throws SQLException {
    RecordDraft draft = request(0, "/");
    byte[] bytes = {'a', (byte) 0xFF, 'b', 0, (byte) 0xC3, (byte) 0xBC};
    draft.text(Text.USER_AGENT, bytes, 0, bytes.length);
    rings.ring(0).write();
    after(10);
    assertThat(duck.value("select hex(user_agent) from " + Duck.all(data, "requests")))
        .isEqualTo("61EFBFBD6200C3BC");
  }

  @Test
  void rowsAreOnDiskTenSecondsLaterAndEachIsThereOnce() throws IOException, SQLException {
    send(0, 3);
    after(1);
    assertThat(kept()).isZero();
    send(1, 2);
    after(9);
    assertThat(kept()).isEqualTo(5);
    send(0, 4);
    after(10);
    assertEachOnce(9);
    assertThat(files("requests"))
        .hasSize(1)
        .first()
        .asString()
        .endsWith("/2026-11-26/20261126T153000.000000Z-" + rings.boot() + ".parquet");
  }

  @Test
  void aPartEndsAfterTenMinutesAndAtMidnight() throws IOException, SQLException {
    for (int i = 0; i < 61; i++) {
      send(0, 1);
      after(10);
    }
    send(0, 1);
    after(10);
    assertThat(files("requests")).hasSize(2);
    now = Instant.parse("2026-11-26T23:59:55Z").toEpochMilli();
    send(0, 1);
    recording.round(now);
    send(0, 1);
    after(10);
    send(0, 1);
    after(10);
    assertThat(
            files("requests").stream()
                .map(file -> file.getName(file.getNameCount() - 2).toString()))
        .containsExactly("2026-11-26", "2026-11-26", "2026-11-26", "2026-11-27");
    assertEachOnce(65);
  }

  @Test
  void manyRowsMakeRowGroupsAndParts() throws IOException, SQLException {
    int all = 5 * Table.MOST_ROWS + 17;
    for (int sent = 0; sent < all; sent += 4_000) {
      send(sent / 4_000 % 2, Math.min(4_000, all - sent));
      recording.round(now);
    }
    assertThat(recording.write(now, true)).isTrue();
    assertEachOnce(all);
    assertThat(stats.written()).isEqualTo(all);
    assertThat(files("requests")).hasSize(2);
    assertThat(
            Integer.parseInt(
                duck.value(
                    "select min(row_group_num_rows) from parquet_metadata('%s/records/requests/*/*') where row_group_id = 0"
                        .formatted(data))))
        .isGreaterThan(OpenPart.GOOD_ROWS);
    assertThat(rings.dropped(RecordDrop.ORDINARY)).isZero();
  }

  @Test
  void aRingWithLittleRoomLeftIsWrittenAtOnce() throws SQLException, IOException {
    int most = (int) (RING / 2 / RecordLayout.FIXED);
    send(0, most);
    recording.round(now);
    assertThat(kept()).isPositive();
    send(0, most);
    assertThat(rings.dropped(RecordDrop.ORDINARY)).isZero();
  }

  @Test
  void aClockThatIsSetBackStopsNothing() throws IOException {
    send(0, 10);
    recording.round(now + Recording.WRITE_EVERY_MILLIS);
    assertThat(stats.written()).isEqualTo(10);
    now -= 3_600_000;
    send(0, 10);
    recording.round(now);
    assertThat(stats.written()).isEqualTo(20);
  }

  /** It has room for two pieces of ordinary records, and gives back whole ones only. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aRingOfTheSmallestSizeHasRoomAgain(boolean isDiskFine) throws IOException {
    recording.close();
    rings.close();
    begin(List.of(), 4 * MIB);
    if (!isDiskFine) {
      Files.writeString(data.resolve("records"), "not a folder");
    }
    for (int i = 0; i < 200; i++) {
      send(0, 400);
      recording.round(now);
    }
    assertThat(rings.dropped(RecordDrop.ORDINARY)).isZero();
    assertThat(stats.isWriting()).isEqualTo(isDiskFine);
  }

  @Test
  void aQuestionThatIsAskedMeanwhileSeesEachRowOnce() throws Exception {
    send(0, 100);
    after(10);
    try (Duck other = new Duck()) {
      Thread writer =
          Thread.ofPlatform()
              .start(() -> {
                for (int i = 0; i < 60; i++) {
                  send(0, 5000);
                  after(10);
                }
              });
      String question =
          "select count(*) || ' ' || count(distinct id) from " + Duck.all(data, "requests");
      long before = 0;
      while (writer.isAlive()) {
        String[] counts = other.value(question).split(" ", -1);
        assertThat(counts[0]).isEqualTo(counts[1]);
        long count = Long.parseLong(counts[0]);
        assertThat(count).isGreaterThanOrEqualTo(before);
        before = count;
      }
      writer.join();
    }
    assertEachOnce(300_100);
  }

  @Test
  void afterAKillTheNextProcessKeepsWhatWasInTheRings() throws IOException, SQLException {
    send(0, 5);
    after(10);
    send(0, 2);
    send(1, 3);
    recording.round(now); // read, and not on disk yet
    rings.leave();
    recover();
    assertEachOnce(10);
    assertThat(RecordRings.left(data)).isEmpty();
  }

  @Test
  void aKillBetweenTheFileAndTheRingWritesNothingTwice() throws IOException, SQLException {
    send(0, 5);
    send(1, 1);
    recording.round(now);
    Path before = data.resolve("before");
    copy(rings.path(), before);
    after(10);
    assertThat(kept()).isEqualTo(6);
    copy(before, rings.path()); // as if the rings had not heard of it
    send(1, 2);
    rings.leave();
    recover();
    assertThat(kept()).isGreaterThanOrEqualTo(6);
    assertEachOnce(kept());
  }

  private static void copy(Path from, Path to) throws IOException {
    Files.createDirectories(to);
    try (Stream<Path> files = Files.list(from)) {
      for (Path file : files.toList()) {
        if (file.getFileName().toString().startsWith("ring")) {
          Files.write(to.resolve(file.getFileName()), Files.readAllBytes(file));
        }
      }
    }
  }

  private void recover() throws IOException {
    for (LeftRings left : RecordRings.left(data)) {
      Recording old =
          new Recording(
              new PartFolder(data),
              "lb1",
              left.boot(),
              left.readers(),
              Names.of(left),
              Long.MAX_VALUE,
              List.of(),
              new RecordStats(() -> 0),
              this::hear,
              Pace.restless(),
              now);
      old.resume(left.boot());
      old.round(now);
      assertThat(old.write(now, true)).isTrue();
      left.remove();
      old.close();
    }
  }

  @Test
  void aDiskThatFailsCostsRecordsOnlyAndIsTriedAgain() throws IOException, SQLException {
    Path fault = data.resolve("records");
    Files.writeString(fault, "not a folder");
    send(0, 3);
    after(10);
    assertThat(stats.isWriting()).isFalse();
    after(1);
    after(1);
    after(1);
    send(1, 4);
    Files.delete(fault);
    after(3);
    assertThat(kept()).isZero();
    after(1);
    assertEachOnce(7);
    assertThat(stats.isWriting()).isTrue();
    assertThat(story)
        .containsExactly(
            "10 records are not written to disk for now: DATA/records/requests: Not a directory",
            "17 records are written to disk again; none were lost");
  }

  @Test
  void whatHasNoRoomInMemoryIsGivenUpAndCounted() throws IOException, SQLException {
    List<Long> seen = new ArrayList<>();
    RecordConsumer consumer =
        new RecordConsumer() {
          @Override
          public void accept(RecordView record, Names names) {
            seen.add(record.startMicros());
          }

          @Override
          public void caughtUp(long epochMillis, Runnable rest) {}
        };
    recording.close();
    rings.close();
    begin(List.of(consumer));
    Path fault = data.resolve("records");
    Files.writeString(fault, "not a folder");
    int all = Table.MOST_ROWS + 30_000;
    for (int sent = 0; sent < all; sent += 4_000) {
      send(0, Math.min(4_000, all - sent));
      recording.round(now);
    }
    assertThat(rings.dropped(RecordDrop.ORDINARY)).isZero();
    assertThat(seen).hasSize(all);
    Files.delete(fault);
    after(60);
    assertThat(stats.notWritten()).isEqualTo(Table.MOST_ROWS);
    assertEachOnce(all - Table.MOST_ROWS);
    assertThat(story.getLast()).endsWith("again; " + Table.MOST_ROWS + " were lost");
  }

  @Test
  void aPartThatSomebodyRemovedIsNotMissed() throws IOException, SQLException {
    send(0, 3);
    after(10);
    Files.delete(files("requests").getFirst());
    send(0, 2);
    after(10);
    assertThat(kept()).isEqualTo(5); // it was the row group that still grows
    assertThat(story).isEmpty();
  }

  @Test
  void theOldestPartsGo() throws IOException, SQLException {
    for (int day = 0; day < 5; day++) {
      send(0, 2000);
      after(10);
      after(86_400);
    }
    send(0, 1);
    after(10);
    recording.sweep(new Retention(7, Long.MAX_VALUE), now);
    assertThat(stats.parts()).isEqualTo(6);
    assertThat(Instant.ofEpochMilli(stats.oldestMillis())).isEqualTo("2026-11-26T15:30:00Z");
    recording.sweep(new Retention(4, Long.MAX_VALUE), now);
    assertThat(days()).containsExactly("2026-11-28", "2026-11-29", "2026-11-30", "2026-12-01");
    long size = stats.bytes();
    recording.sweep(new Retention(4, size - 1), now);
    assertThat(days()).containsExactly("2026-11-29", "2026-11-30", "2026-12-01");
    recording.sweep(new Retention(4, 0), now);
    assertThat(days()).containsExactly("2026-12-01"); // it still grows
  }

  private List<String> days() throws IOException {
    try (Stream<Path> days = Files.list(data.resolve("records/requests"))) {
      return days.map(day -> day.getFileName().toString()).sorted().toList();
    }
  }
}
