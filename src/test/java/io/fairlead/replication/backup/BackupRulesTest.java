package io.fairlead.replication.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Small rules of backups: when one is due, how far the log has come, how far it is behind. */
class BackupRulesTest {
  @ParameterizedTest
  @CsvSource({
    // the last began,         every, at,  the next is due
    "2026-05-02T02:30:07Z,     24,    -1,  2026-05-03T02:30:07Z",
    "2026-05-02T02:30:07Z,     24,    150, 2026-05-03T02:30:00Z", // not a day later for 7 seconds
    "2026-05-02T11:00:00Z,     24,    150, 2026-05-03T02:30:00Z", // the first came by day
    "2026-05-02T17:00:00Z,     24,    150, 2026-05-04T02:30:00Z",
    "2026-05-02T02:30:00Z,     168,   150, 2026-05-09T02:30:00Z",
    "2026-05-02T02:30:00Z,     6,     150, 2026-05-03T02:30:00Z"
  })
  void theNextOne(Instant last, long every, int at, Instant next) {
    long due = BackupSchedule.next(last.toEpochMilli(), Duration.ofHours(every), at);
    assertThat(Instant.ofEpochMilli(due)).isEqualTo(next);
    assertThat(BackupSchedule.isDue(last.toEpochMilli(), Duration.ofHours(every), at, due - 1))
        .isFalse();
    assertThat(BackupSchedule.isDue(0, Duration.ofHours(every), at, 1)).as("none yet").isTrue();
  }

  @ParameterizedTest(name = "{0} after {1} every {2}: {3}")
  @CsvSource(
      textBlock =
          """
          # hours since the last full one, hours between two, hours between copies, whether full
          144, 168, 24, false
          155, 168, 24, false
          156, 168, 24, true
          168, 168, 24, true
          0,   24,  24, false
          12,  24,  24, true
          1,   0,   24, true
          """)
  void aCopyIsAFullOneWhenItIsTime(long since, long fullEvery, long every, boolean full) {
    long last = Instant.parse("2026-11-18T02:30:00Z").toEpochMilli();
    assertThat(
            BackupSchedule.isFullDue(
                last,
                Duration.ofHours(fullEvery),
                Duration.ofHours(every),
                last + Duration.ofHours(since).toMillis()))
        .isEqualTo(full);
    assertThat(BackupSchedule.isFullDue(0, Duration.ofDays(7), Duration.ofDays(1), last)).isTrue();
  }

  @Test
  void theLogIsSeenToComeByItsLastByte(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("segment");
    byte[] bytes = new byte[1 << 20];
    Files.write(file, bytes);
    assertThat(WalTail.used(file)).isZero();
    for (int end : new int[] {24, 25, 33, 8191, 8192, 8216, 100_000, (1 << 20) - 5, 1 << 20}) {
      Arrays.fill(bytes, 0, end, (byte) 7);
      Files.write(file, bytes);
      assertThat(WalTail.used(file)).isEqualTo((end + 7) / 8 * 8L);
    }
  }

  /** As the last one of a checkpoint does: what has not come looks the same. */
  @Test
  void aRecordThatEndsWithZerosHasComeAsAWhole(@TempDir Path folder) throws Exception {
    ByteBuffer segment = ByteBuffer.allocate(1 << 20).order(ByteOrder.LITTLE_ENDIAN);
    segment.putShort(0, (short) 0xD110).putShort(2, (short) 2); // a long header
    segment.putInt(40, 8192 - 40 + 16); // the rest of the first record is in the second page
    segment.putShort(8192, (short) 0xD110).putShort(8194, (short) 1).putInt(8192 + 16, 16);
    segment.put(8192 + 24, (byte) 7);
    int second = 8192 + 24 + 16;
    segment.putInt(second, 114).put(second + 50, (byte) 7);
    Path file = folder.resolve("segment");
    Files.write(file, segment.array());
    assertThat(WalTail.used(file)).isEqualTo(second + 120);
    segment.putInt(second, 9000); // goes on in a page that has not come
    Files.write(file, segment.array());
    assertThat(WalTail.used(file)).isEqualTo(second + 56);
  }

  /** {@code pg_receivewal} would refuse to go on with it for ever. */
  @Test
  void aFileThatDidNotGetItsSizeIsNotGoneOnWith(@TempDir Path folder) throws Exception {
    Path whole = folder.resolve("000000010000000000000001");
    Path good = folder.resolve("000000010000000000000002.partial");
    Path empty = folder.resolve("000000010000000000000003.partial");
    Path odd = folder.resolve("000000010000000000000004.partial");
    Files.write(whole, new byte[100]);
    Files.write(good, new byte[1 << 20]);
    Files.write(empty, new byte[300_000]);
    byte[] bytes = new byte[300_000];
    bytes[0] = 7;
    Files.write(odd, bytes);
    ArchiveFolder.dropUnfinished(folder, 1 << 20);
    assertThat(whole).exists();
    assertThat(good).exists();
    assertThat(empty).doesNotExist();
    assertThat(odd).doesNotExist();
    assertThat(folder.resolve(odd.getFileName() + ".short")).hasSize(300_000);
  }

  @Test
  void howFarTheArchiveIsBehind() {
    ArchiveLag lag = new ArchiveLag();
    lag.archivedTo(1000);
    lag.primaryAt(1000, 10);
    assertThat(lag.bytes()).isZero();
    assertThat(lag.completeMillis()).isEqualTo(10);
    lag.primaryAt(1200, 20);
    lag.primaryAt(1500, 30);
    assertThat(lag.bytes()).isEqualTo(500);
    assertThat(lag.behindMillis(50)).isEqualTo(30);
    lag.archivedTo(1300);
    assertThat(lag.bytes()).isEqualTo(200);
    assertThat(lag.behindMillis(50)).isEqualTo(20);
    assertThat(lag.completeMillis()).isEqualTo(20);
    lag.archivedTo(1500);
    assertThat(lag.behindMillis(99)).isZero();
    assertThat(lag.completeMillis()).isEqualTo(30);
    lag.primaryAt(1500, 40); // nothing is written, and nothing is missing
    assertThat(lag.completeMillis()).isEqualTo(40);
  }

  @Test
  void whoIsFarBehindForLongIsRememberedByFewSamples() {
    ArchiveLag lag = new ArchiveLag();
    for (int i = 1; i <= 100_000; i++) {
      lag.primaryAt(i, i);
    }
    assertThat(lag.behindMillis(100_000)).isEqualTo(99_999);
    assertThat(lag.bytes()).isEqualTo(100_000);
  }

  @Test
  void aDrillIsKeptAsALine() {
    Drill drill = new Drill(1, 2, true, "20260502T020000Z", 0x2A00000001L, 3, 4, "2 databases");
    assertThat(Drill.parse(drill.line())).isEqualTo(drill);
  }

  @Test
  void slotsAreNamedAsPostgresqlAllows() {
    assertThat(WalStream.slot("Orders-eu.1")).isEqualTo("fairlead_orders_eu_1");
  }
}
