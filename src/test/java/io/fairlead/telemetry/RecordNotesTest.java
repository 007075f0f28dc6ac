package io.fairlead.telemetry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.RecordLayout.Text;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What threads that are no event loops leave. */
final class RecordNotesTest {
  @TempDir private Path data;
  private final RecordNames names = new RecordNames();
  private RecordRings rings;
  private RecordReader reader;

  @BeforeEach
  void open() throws Exception {
    rings = RecordRings.open(data, 1, 4 << 20, names);
    reader = rings.reader(rings.loops());
  }

  @AfterEach
  void close() {
    rings.close();
  }

  private RecordView next() {
    assertThat(reader.next()).isTrue();
    return reader.record();
  }

  private static NodeLine line(String text, long end) {
    byte[] bytes = text.getBytes(UTF_8);
    return new NodeLine(
        1_000_000, "shop", "b", "b.log", "error", "id-1", null, null, bytes, bytes.length, 77, end);
  }

  @Test
  void anEventSaysWhatItIsAbout() {
    rings.notes().event(5_000, new Event.NodeDown("shop", "b", "refused"));
    RecordView event = next();
    assertThat(event.type()).isEqualTo(RecordLayout.EVENT);
    assertThat(event.startMicros()).isEqualTo(5_000_000);
    assertThat(event.text(Text.METHOD)).isEqualTo("NodeDown");
    assertThat(event.text(Text.TEXT)).isEqualTo("shop/b is down: refused");
    assertThat(names.text(event.service())).isEqualTo("shop");
    assertThat(names.text(event.node())).isEqualTo("b");
    assertThat(event.listener()).isZero();
    rings.notes().event(5_000, new Event.ListenerStopped("web", "127.0.0.1:80"));
    RecordView other = next();
    assertThat(names.text(other.listener())).isEqualTo("web");
    assertThat(other.service()).isZero();
  }

  @Test
  void aProbeSaysHowItWentAndSinceWhen() {
    rings.notes().probe(5_000, "shop", "b", "http", "status 500", 2_000_000_000);
    RecordView failed = next();
    assertThat(failed.type()).isEqualTo(RecordLayout.PROBE);
    assertThat(failed.startMicros()).isEqualTo(3_000_000);
    assertThat(failed.totalMicros()).isEqualTo(2_000_000);
    assertThat(failed.status()).isEqualTo(RecordLayout.FAILED);
    assertThat(failed.text(Text.METHOD)).isEqualTo("http");
    assertThat(failed.text(Text.TEXT)).isEqualTo("status 500");
    rings.notes().probe(5_000, "shop", "b", "http", null, 1000);
    assertThat(next().status()).isEqualTo(RecordLayout.PASSED);
  }

  @Test
  void aLineSaysWhereItStood() {
    assertThat(rings.notes().line(line("could not sell", 123))).isTrue();
    RecordView line = next();
    assertThat(line.type()).isEqualTo(RecordLayout.LINE);
    assertThat(line.text(Text.TEXT)).isEqualTo("could not sell");
    assertThat(line.text(Text.HOST)).isEqualTo("b.log");
    assertThat(line.text(Text.METHOD)).isEqualTo("error");
    assertThat(line.text(Text.REQUEST_ID)).isEqualTo("id-1");
    assertThat(line.bytesIn()).isEqualTo(77);
    assertThat(line.bytesOut()).isEqualTo(123);
  }

  /** Lines wait, and are not counted; what happens meanwhile still finds room. */
  @Test
  void linesWithoutEndLeaveRoomForEvents() {
    int lines = 0;
    while (rings.notes().line(line("x".repeat(8000), lines))) {
      lines++;
    }
    assertThat(lines).isBetween(450, 550);
    assertThat(rings.dropped(RecordDrop.ORDINARY)).isZero();
    rings.notes().event(5_000, new Event.NodeDown("shop", "b", "refused"));
    assertThat(rings.dropped(RecordDrop.VALUABLE)).isZero();
    for (int i = 0; i < lines; i++) {
      assertThat(next().type()).isEqualTo(RecordLayout.LINE);
    }
    assertThat(next().type()).isEqualTo(RecordLayout.EVENT);
  }

  @Test
  void manyThreadsWriteWholeRecordsWithIdsOfTheirOwn() throws Exception {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      int thread = i;
      threads.add(
          Thread.ofVirtual()
              .start(() -> {
                for (int n = 0; n < 1000; n++) {
                  rings.notes().event(n, new Event.NodeDown("shop", "n" + thread, "no " + n));
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    Set<String> ids = new HashSet<>();
    String last = "";
    while (reader.next()) {
      RecordView record = reader.record();
      assertThat(record.text(Text.TEXT))
          .isEqualTo(
              "shop/" + names.text(record.node()) + " is down: no " + record.startMicros() / 1000);
      assertThat(record.id()).isGreaterThan(last);
      last = record.id();
      ids.add(last);
    }
    assertThat(ids).hasSize(4000);
  }
}
