package io.fairlead.record.export;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.ExportConfig;
import io.fairlead.config.Secret;
import io.fairlead.record.Recorder;
import io.fairlead.record.Retention;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.RecordRings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** From the folder of records to somebody who takes them, or does not. */
@Timeout(60)
class ExporterTest {
  private static final ExportConfig CONFIG =
      new ExportConfig(
          new ExportConfig.ClickHouse("http://127.0.0.1:1", "db", "", new Secret(""), List.of()),
          List.of("events", "node_logs"));

  @TempDir private Path data;

  /** Events as they were taken. */
  private final List<String> taken = new CopyOnWriteArrayList<>();

  private final List<String> story = new CopyOnWriteArrayList<>();
  private volatile @Nullable String trouble;
  private RecordRings rings;
  private Recorder recorder;
  private @Nullable Exporter exporter;
  private int recorded;

  private final class Taker implements ExportTarget {
    @Override
    public void send(String table, byte[] rows, int count) throws IOException {
      String why = trouble;
      if (why != null) {
        throw new IOException(why);
      }
      List<String> lines = new String(rows, UTF_8).lines().toList();
      assertThat(lines).hasSize(count);
      assertThat(table).isEqualTo("events");
      lines.forEach(line -> taken.add(line.replaceAll(".*\"text\":\"event\\D*(\\d+)\".*", "$1")));
    }

    @Override
    public int most() {
      return 1 << 20;
    }

    @Override
    public void close() {}
  }

  @BeforeEach
  void record() throws IOException {
    rings = RecordRings.open(data, 1, 4 << 20, new RecordNames());
    recorder =
        Recorder.start(
            data,
            "lb1",
            new Retention(7, 1 << 30),
            rings,
            4 << 20,
            List.of(),
            null,
            System::currentTimeMillis,
            _ -> {});
  }

  @AfterEach
  void close() {
    if (exporter != null) {
      exporter.close();
    }
    recorder.close();
  }

  private void events(int count) {
    for (int i = 0; i < count; i++) {
      rings.notes().event(System.currentTimeMillis(), new Event.Audit("event", "" + recorded++));
    }
    assertThat(recorder.writeNow(Duration.ofSeconds(10))).isTrue();
  }

  private Exporter start() {
    Exporter started =
        new Exporter(CONFIG, new Taker(), data, event -> story.add(event.text()), 10);
    exporter = started;
    started.start();
    return started;
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean()) {
      Thread.sleep(5); // of somebody else's thread there is no event
    }
  }

  private List<String> upTo(int count) {
    return IntStream.range(0, count).mapToObj(Integer::toString).toList();
  }

  @Test
  void eachRecordIsSentOnceAndInOrder() throws Exception {
    events(10);
    Exporter first = start();
    await(() -> taken.size() >= 10);
    events(5); // into the same part, as its next version
    await(() -> taken.size() >= 15);
    first.close();
    events(7);
    Exporter second = start();
    await(() -> taken.size() >= 22);
    assertThat(taken).isEqualTo(upTo(22));
    await(() -> second.stats().sent() == 7);
    assertThat(second.stats()).isEqualTo(new CopyStats("clickhouse 127.0.0.1:1/db", 7, 0, 0, 0));
    assertThat(story).isEmpty();
  }

  @Test
  void whatIsNotTakenWaits() throws Exception {
    trouble = "answered 503";
    Exporter started = start();
    events(10);
    await(() -> started.stats().failures() >= 3);
    events(10);
    await(() -> started.stats().waiting() == 20);
    trouble = "no connection";
    await(() -> story.size() == 2);
    trouble = null;
    await(() -> started.stats().sent() == 20);
    assertThat(taken).isEqualTo(upTo(20));
    await(() -> story.size() == 3);
    assertThat(story)
        .containsExactly(
            "clickhouse 127.0.0.1:1/db takes no records for now: answered 503",
            "clickhouse 127.0.0.1:1/db takes no records for now: no connection",
            "clickhouse 127.0.0.1:1/db takes records again");
    assertThat(started.stats().waiting()).isZero();
  }

  @Test
  void whatWasRemovedBeforeIsCounted() throws Exception {
    trouble = "no connection";
    Exporter started = start();
    events(12);
    await(() -> started.stats().waiting() == 12);
    recorder.close(); // it would write again what it has in memory
    try (Stream<Path> parts = Files.walk(data.resolve("records"))) {
      for (Path part : parts.filter(Files::isRegularFile).toList()) {
        Files.delete(part);
      }
    }
    await(() -> started.stats().lost() == 12);
    assertThat(started.stats().waiting()).isZero();
    trouble = null;
    record();
    events(3);
    await(() -> started.stats().sent() == 3);
    assertThat(taken).containsExactly("12", "13", "14");
  }

  @Test
  void aPartThatCannotBeReadHoldsUpNobody() throws Exception {
    events(3);
    Path part;
    try (Stream<Path> parts = Files.walk(data.resolve("records"))) {
      part = parts.filter(Files::isRegularFile).findFirst().orElseThrow();
    }
    Files.write(
        part.resolveSibling("20010101T000000.000000Z-x.parquet"), "PAR1 no footer".getBytes(UTF_8));
    byte[] hurt = Files.readAllBytes(part);
    java.util.Arrays.fill(hurt, 4, 200, (byte) 0x7F);
    Files.write(part.resolveSibling("20010102T000000.000000Z-x.parquet"), hurt);
    Exporter started = start();
    await(() -> taken.size() >= 3);
    assertThat(taken).isEqualTo(upTo(3));
    assertThat(started.stats().lost()).isEqualTo(3);
  }

  @Test
  void aPositionThatWasBeingWrittenSaysNothing() throws Exception {
    Path file = data.resolve("positions");
    try (ExportPositions positions = ExportPositions.open(file)) {
      positions.reach("events/a b", 7);
      positions.reach("events/c", 9);
      for (int i = 0; i < 5000; i++) {
        positions.reach("events/a b", 8 + i);
      }
    }
    assertThat(Files.size(file)).isLessThan(50_000);
    Files.writeString(file, "12 events/c", StandardOpenOption.APPEND);
    try (ExportPositions positions = ExportPositions.open(file)) {
      assertThat(positions.of("events/a b")).isEqualTo(5007);
      assertThat(positions.of("events/c")).isEqualTo(9);
      assertThat(positions.of("events/d")).isZero();
      assertThat(new ArrayList<>(positions.parts()))
          .containsExactlyInAnyOrder("events/a b", "events/c");
    }
  }
}
