package io.fairlead.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.RecordLayout.Text;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process that is killed in the middle of writing leaves whole records, all that it published.
 */
@Timeout(60)
final class RecordKillTest {
  @TempDir private Path data;

  /** Writes records as fast as it can, and follows them as a recorder would. */
  static final class Victim {
    private Victim() {}

    public static void main(String[] args) throws IOException {
      RecordNames names = new RecordNames();
      int shop = names.number(RecordNames.Kind.SERVICE, "shop");
      RecordRings rings = RecordRings.open(Path.of(args[0]), 1, 4L << 20, names);
      int late = names.number(RecordNames.Kind.NODE, "late");
      if (!RecordRings.left(Path.of(args[0])).isEmpty()) {
        throw new IllegalStateException("took its own rings for left ones");
      }
      RecordRing ring = rings.ring(0);
      RecordReader reader = rings.reader(0);
      byte[] text = new byte[1024];
      long last = 0;
      for (long number = 0; ; number++) {
        RecordDraft draft = ring.draft();
        draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
        draft.times(number, number * 1000);
        draft.bytes(number, ~number);
        draft.names(0, 0, shop, late);
        int length = (int) (number % 1000);
        for (int i = 0; i < length; i++) {
          text[i] = (byte) ('a' + (number + i) % 26);
        }
        draft.path(text, 0, length, 0, -1, ring.mask());
        ring.write();
        if (number % 500 == 0) {
          reader.saved(reader.place()); // what was read the last time is safe by now
          while (reader.next()) {
            last = reader.record().startMicros();
          }
        }
        if (number == 20_000) {
          System.out.println("going after " + last);
        }
      }
    }
  }

  @RepeatedTest(3)
  void everyRecordThatWasPublishedIsWhole() throws Exception {
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            Victim.class.getName(),
            data.toString());
    Process victim =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (BufferedReader said = victim.inputReader(StandardCharsets.UTF_8)) {
      assertThat(said.readLine()).isEqualTo("going after 20000");
      assertThat(RecordRings.left(data)).as("it lives, whoever asks").isEmpty();
    } finally {
      victim.destroyForcibly(); // SIGKILL
      assertThat(victim.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }
    List<LeftRings> all = new ArrayList<>(RecordRings.left(data));
    assertThat(all).hasSize(1);
    LeftRings left = all.getFirst();
    RecordReader reader = left.readers().getFirst();
    long last = -1;
    long count = 0;
    while (reader.next()) {
      RecordView record = reader.record();
      long number = record.startMicros();
      assertThat(last < 0 || number == last + 1).isTrue();
      assertThat(record.totalMicros()).isEqualTo(number);
      assertThat(record.bytesIn()).isEqualTo(number);
      assertThat(record.bytesOut()).isEqualTo(~number);
      assertThat(left.names().text(record.service())).isEqualTo("shop");
      assertThat(left.names().text(record.node())).isEqualTo("late");
      String path = record.text(Text.PATH);
      assertThat(path).hasSize((int) (number % 1000));
      for (int i = 0; i < path.length(); i++) {
        if (path.charAt(i) != 'a' + (number + i) % 26) {
          throw new AssertionError("record " + number + " is torn: " + path);
        }
      }
      last = number;
      count++;
    }
    assertThat(last).isGreaterThan(20_000 - 500);
    assertThat(count).isPositive();
    assertThat(reader.damaged()).isZero();
    assertThat(reader.written()).as("counted before it is published").isBetween(last + 1, last + 2);
    left.remove();
    assertThat(RecordRings.left(data)).isEmpty();
  }
}
