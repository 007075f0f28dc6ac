package io.fairlead.record.text;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.TextLogConfig;
import io.fairlead.record.Bytes;
import io.fairlead.record.Names;
import io.fairlead.record.RecordPipe;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.RecordDraft;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.RecordReader;
import io.fairlead.telemetry.RecordRings;
import io.fairlead.telemetry.RecordView;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A log whose target is in the test's hands. */
@Timeout(60)
final class TextLogTest {
  private static final TextLogConfig CONFIG =
      new TextLogConfig(TextLogConfig.Format.JSON, new TextLogConfig.Target.Stdout());

  @TempDir private Path folder;
  private RecordRings rings;
  private RecordReader reader;
  private Names names;
  private final List<Event> events = Collections.synchronizedList(new ArrayList<>());

  @BeforeEach
  void open() throws IOException {
    rings = RecordRings.open(folder, 1, 4 << 20, new RecordNames());
    reader = rings.reader(0);
    names = Names.of(rings);
  }

  @AfterEach
  void close() {
    rings.close();
  }

  /** A record of a request for that path. */
  private RecordView record(String path, String agent) {
    RecordDraft draft = rings.ring(0).draft();
    draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
    draft.method(1); // GET
    draft.times(1_795_000_000_123_456L, 2_000_000);
    draft.result(200, null, 1);
    text(draft, Text.PATH, path);
    text(draft, Text.USER_AGENT, agent);
    rings.ring(0).write();
    assertThat(reader.next()).isTrue();
    reader.saved(reader.place());
    return reader.record();
  }

  private static void text(RecordDraft draft, Text which, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    draft.text(which, bytes, 0, bytes.length);
  }

  private String line(LineFormat format, RecordView record) {
    Bytes to = new Bytes();
    assertThat(format.write(record, names, to)).isTrue();
    return new String(to.array(), 0, to.size(), StandardCharsets.UTF_8);
  }

  /** What a client sends cannot end a text, nor a line. */
  @Test
  void nobodyWritesLinesOfHisOwn() {
    RecordView record = record("/a\"\\\n\u007f\u00e9", "x\r\n\"y");
    assertThat(line(new CombinedLine(), record))
        .contains("/Nov/2026:")
        .contains("\"GET /a\\x22\\x5C\\x0A\\x7F\\xE9 HTTP/1.1\" 200 ")
        .endsWith(" \"-\" \"x\\x0D\\x0A\\x22y\"");
    assertThat(line(new JsonLine(), record))
        .matches("(?s)\\{\"time\":\"2026-11-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.123456Z\",\"id\":\".*")
        .contains("\"path\":\"/a\\\"\\\\\\u000A\\u007F\uFFFD\"")
        .contains("\"user_agent\":\"x\\u000D\\u000A\\\"y\"");
  }

  @Test
  void whatComesOutOfThePipeIsWhatWentIn() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    RecordPipe pipe = new RecordPipe(8192);
    RecordView out = new RecordView();
    ArrayDeque<String> expected = new ArrayDeque<>();
    for (int i = 0; i < 20_000; i++) {
      if (random.nextInt(3) > 0) {
        String path = "/" + i + "x".repeat(random.nextInt(900));
        if (pipe.put(record(path, ""))) {
          expected.addLast(path);
        } else {
          assertThat(expected.size()).as("seed %s", seed).isGreaterThanOrEqualTo(7);
        }
      } else if (pipe.take(out)) {
        assertThat(out.text(Text.PATH)).as("seed %s", seed).isEqualTo(expected.removeFirst());
      } else {
        assertThat(expected).as("seed %s", seed).isEmpty();
      }
    }
  }

  /** Holds whoever writes until the test lets go. */
  private static final class Held implements LineTarget {
    final CountDownLatch letGo = new CountDownLatch(1);

    @Override
    public void write(Batch batch) throws IOException {
      try {
        letGo.await();
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      batch.sent(batch.bytes().size());
    }

    @Override
    public void reopen() {}

    @Override
    public void close() {}
  }

  /** Takes nothing, ever. */
  private static final class Broken implements LineTarget {
    @Override
    public void write(Batch batch) throws IOException {
      throw new IOException("broken");
    }

    @Override
    public void reopen() {}

    @Override
    public void close() {}
  }

  @Test
  void whoIsTooSlowLosesLinesWhichAreCountedAndNobodyWaits() throws Exception {
    Held held = new Held();
    TextLog log = new TextLog(CONFIG, "h", held, events::add);
    RecordView record = record("/" + "x".repeat(800), "");
    int offered = 3 * TextLog.ROOM / record.length();
    for (int i = 0; i < offered; i++) {
      log.accept(record, names); // would never end if it waited: nobody has let go
    }
    log.wake();
    assertThat(log.stats().slow()).isBetween(offered / 2L, (long) offered);
    assertThat(events).singleElement().isInstanceOf(Event.TextLogStopped.class);
    held.letGo.countDown();
    await(() -> events.size() == 2);
    TextLogStats stats = log.stats();
    assertThat(stats.written() + stats.slow()).isEqualTo(offered);
    assertThat(stats.failed()).isZero();
    assertThat(events.get(1)).isEqualTo(new Event.TextLogResumed("stdout", stats.slow()));
    log.close();
  }

  @Test
  void whatCannotBeWrittenAtTheEndIsCounted() throws Exception {
    TextLog log = new TextLog(CONFIG, "h", new Broken(), events::add);
    for (int i = 0; i < 7; i++) {
      log.accept(record("/", ""), names);
    }
    log.wake();
    await(() -> !events.isEmpty());
    log.close();
    assertThat(log.stats()).isEqualTo(new TextLogStats("stdout", 0, 0, 7));
    assertThat(events).singleElement().isEqualTo(new Event.TextLogStopped("stdout", "broken"));
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).isLessThan(deadline);
      Thread.sleep(5);
    }
  }
}
