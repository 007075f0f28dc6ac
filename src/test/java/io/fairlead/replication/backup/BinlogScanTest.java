package io.fairlead.replication.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files of the log of MariaDB, made by hand as its documentation has them. */
class BinlogScanTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

  @TempDir private Path folder;

  private void event(int second, int type, byte[] body) {
    int length = 19 + body.length + 4;
    ByteBuffer event = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    event.putInt(second).put((byte) type).putInt(7).putInt(length).putInt(bytes.size() + length);
    event.putShort((short) 0).put(body);
    CRC32 sum = new CRC32();
    sum.update(event.array(), 0, length - 4);
    bytes.writeBytes(event.putInt((int) sum.getValue()).array());
  }

  private void head(Map<Integer, Long> came) {
    bytes.writeBytes(new byte[] {(byte) 0xFE, 'b', 'i', 'n'});
    byte[] format = new byte[100];
    format[99] = 1; // CRC32
    event(1, 15, format);
    ByteBuffer list = ByteBuffer.allocate(4 + 16 * came.size()).order(ByteOrder.LITTLE_ENDIAN);
    list.putInt(came.size());
    came.forEach((server, number) -> list.putInt(0).putInt(server).putLong(number));
    event(1, 163, list.array());
  }

  private void gtid(int second, long number, int flags) {
    ByteBuffer body = ByteBuffer.allocate(19).order(ByteOrder.LITTLE_ENDIAN);
    event(second, 162, body.putLong(number).putInt(0).put((byte) flags).array());
  }

  private void query(int second, String sql) {
    byte[] text = sql.getBytes(StandardCharsets.UTF_8);
    ByteBuffer body = ByteBuffer.allocate(13 + 5 + 4 + 1 + text.length);
    body.order(ByteOrder.LITTLE_ENDIAN).putInt(1).putInt(0).put((byte) 4).putShort((short) 0);
    body.putShort((short) 5).put(new byte[5]).put("shop".getBytes(StandardCharsets.UTF_8));
    event(second, 2, body.put((byte) 0).put(text).array());
  }

  private void row(int second) {
    event(second, 23, new byte[200_000]);
  }

  private BinlogFile file(boolean complete) throws IOException {
    Path file = Files.write(folder.resolve("bin.000002"), bytes.toByteArray());
    return new BinlogFile("bin.000002", file, bytes.size(), complete);
  }

  private static String told(BinlogScan.Found found) {
    return found.transactions() + " to " + found.gtid() + " of second " + found.second();
  }

  private void threeTransactions() {
    head(Map.of(7, 4L));
    gtid(100, 5, 1); // one statement, no commit
    query(100, "create table t(id int)");
    gtid(101, 6, 2);
    row(99);
    event(101, 16, new byte[8]);
    gtid(102, 7, 0);
    query(102, "insert into myisam values (1)");
    query(103, "COMMIT");
  }

  @Test
  void transactionsAreFoundUpToAMoment() throws Exception {
    threeTransactions();
    int end = bytes.size();
    gtid(104, 8, 2);
    row(104); // its commit has not come
    BinlogFile file = file(false);
    BinlogScan.Found all = BinlogScan.read(file, 4, Long.MAX_VALUE);
    assertThat(told(all)).isEqualTo("3 to 0-7-7 of second 103");
    assertThat(all.end()).isEqualTo(end);
    assertThat(all.beyond()).isFalse();
    BinlogScan.Found some = BinlogScan.read(file, 4, 103);
    assertThat(told(some)).isEqualTo("2 to 0-7-6 of second 101");
    assertThat(some.beyond()).isTrue();
    assertThat(told(BinlogScan.read(file, some.end(), Long.MAX_VALUE)))
        .isEqualTo("1 to 0-7-7 of second 103");
    assertThat(told(BinlogScan.read(file, end, Long.MAX_VALUE))).isEqualTo("0 to  of second 0");
  }

  @Test
  void aFileFollowsAnotherByWhatItSaysCameBefore() throws Exception {
    threeTransactions();
    BinlogScan.Found first = BinlogScan.read(file(true), 4, Long.MAX_VALUE);
    bytes.reset();
    head(Map.of(7, 7L));
    assertThat(BinlogScan.read(file(true), 4, Long.MAX_VALUE).follows(first)).isTrue();
    bytes.reset();
    head(Map.of(7, 8L));
    assertThat(BinlogScan.read(file(true), 4, Long.MAX_VALUE).follows(first)).isFalse();
  }

  /** Wherever it is, and whatever it changes, the lengths of events included. */
  @Test
  void eachFlippedBitIsFound() throws Exception {
    threeTransactions();
    byte[] good = bytes.toByteArray();
    SplittableRandom random = new SplittableRandom(2);
    for (int i = 0; i < 300; i++) {
      int at = i < 40 ? i : random.nextInt(good.length);
      if (at == 4 + 17) {
        continue; // whether its server writes it still: set and cleared by servers as well
      }
      byte[] bad = good.clone();
      bad[at] ^= (byte) (1 << random.nextInt(8));
      bytes.reset();
      bytes.writeBytes(bad);
      BinlogFile file = file(true);
      assertThatThrownBy(() -> BinlogScan.read(file, 4, Long.MAX_VALUE))
          .as("byte %d", at)
          .isInstanceOf(IOException.class)
          .hasMessageContaining("bin.000002");
    }
  }

  @Test
  void whatHasNotComeIsNoDamageUntilTheFileIsComplete() throws Exception {
    threeTransactions();
    byte[] whole = bytes.toByteArray();
    bytes.reset();
    bytes.write(whole, 0, whole.length - 3);
    assertThat(told(BinlogScan.read(file(false), 4, Long.MAX_VALUE)))
        .isEqualTo("2 to 0-7-6 of second 101");
    BinlogFile complete = file(true);
    assertThatThrownBy(() -> BinlogScan.read(complete, 4, Long.MAX_VALUE))
        .hasMessageContaining("bin.000002 of the log is damaged at ")
        .hasMessageContaining("in the middle of an event");
    bytes.reset();
    assertThat(BinlogScan.read(file(false), 4, Long.MAX_VALUE).transactions()).isZero();
  }
}
