package io.fairlead.replication.backup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import io.fairlead.replication.backup.WitnessLog.Content;
import io.fairlead.replication.backup.WitnessLog.Lack;
import io.fairlead.replication.backup.WitnessLog.Piece;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How much of a log there is, of which timeline, and what somebody lacks of it. */
class WitnessLogTest {
  private static final int PAGE = 8192;

  /** Of eight pages. */
  private static final int SIZE = 8 * PAGE;

  private static final int HEADER = 24;

  /** Where the second timeline begins: in the second segment. */
  private static final long FORK = SIZE + 3 * PAGE + 800;

  @TempDir private Path folder;
  private Path part;

  @BeforeEach
  void make() throws IOException {
    part = Files.createDirectories(folder.resolve("wal").resolve("00001"));
    Files.writeString(
        folder.resolve("archive.properties"), "system=7\nsegment-size=" + SIZE + "\nuser=w\n");
  }

  private Content content() throws IOException {
    return new WitnessLog(folder).content();
  }

  private void history() throws IOException {
    Files.writeString(part.resolve("00000002.history"), "1\t" + Lsn.text(FORK) + "\tno reason\n");
  }

  /** A segment with records up to there, one on each page. */
  private void file(int timeline, int segment, int used) throws IOException {
    file(timeline, segment, used, 0);
  }

  /**
   * The same.
   *
   * @param more of the last record is to come on the next page
   */
  private void file(int timeline, int segment, int used, int more) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(SIZE).order(ByteOrder.LITTLE_ENDIAN);
    for (int page = 0; page * PAGE < used; page++) {
      int end = Math.min(PAGE, used - page * PAGE);
      boolean last = (page + 1) * PAGE >= used;
      bytes.putShort(page * PAGE, (short) 0xD110);
      bytes.putInt(page * PAGE + HEADER, end - HEADER + (last ? more : 0));
      for (int at = page * PAGE + HEADER + 4; at < page * PAGE + end; at++) {
        bytes.put(at, (byte) timeline);
      }
    }
    String name = WalFile.name(timeline, segment, SIZE);
    Files.write(part.resolve(used == SIZE ? name : name + WalFile.PARTIAL), bytes.array());
  }

  @Test
  void oneTimelineEndsWithItsLastRecord() throws IOException {
    assertThat(content().position()).as("nothing").isZero();
    file(1, 0, SIZE);
    file(1, 1, PAGE + 800);
    Content has = content();
    assertThat(has.newest()).isEqualTo(1);
    assertThat(has.position()).isEqualTo(SIZE + PAGE + 800);
    assertThat(has.upTo(1)).isEqualTo(SIZE + PAGE + 800);
    assertThat(has.upTo(2)).isZero();
  }

  /** Somebody who has all that was acknowledged could not get it, and would be waited for. */
  @Test
  void aRecordThatWasJustComingDoesNotCount() throws IOException {
    file(1, 0, SIZE);
    file(1, 1, 2 * PAGE, 500);
    assertThat(content().position()).isEqualTo(SIZE + PAGE);
    file(1, 1, PAGE, 500);
    assertThat(content().position()).as("nor what has begun in the file").isEqualTo(SIZE);
  }

  /** A new timeline comes with a copy of what was before, which is less until it has come. */
  @Test
  void aCopyOfWhatWasBeforeIsNothingOfItsOwn() throws IOException {
    file(1, 0, SIZE);
    file(1, 1, 3 * PAGE + 800);
    history();
    file(2, 1, 2 * PAGE);
    Content has = content();
    assertThat(has.newest()).isEqualTo(2);
    assertThat(has.position()).isEqualTo(FORK);
    assertThat(has.upTo(1)).isEqualTo(FORK);
    assertThat(has.upTo(2)).isZero();
  }

  @Test
  void whatWasLeftBehindDoesNotCount() throws IOException {
    file(1, 0, SIZE);
    file(1, 1, 6 * PAGE); // more than was taken over
    history();
    file(2, 1, 5 * PAGE);
    Content has = content();
    assertThat(has.position()).isEqualTo(SIZE + 5 * PAGE);
    assertThat(has.upTo(1)).isEqualTo(FORK);
    assertThat(has.upTo(2)).isEqualTo(SIZE + 5 * PAGE);
  }

  @Test
  void withoutItsHistoryNobodyKnowsWhatATimelineIsOf() throws IOException {
    file(1, 1, 3 * PAGE);
    file(2, 1, 5 * PAGE);
    assertThatThrownBy(this::content).hasMessage("the history of timeline 2 is missing");
  }

  @Test
  void whatSomebodyLacksBeginsWithThePageThatHeIsAt() throws IOException {
    file(1, 0, SIZE);
    file(1, 1, SIZE);
    file(1, 2, PAGE + 800);
    Lack lack = content().lackOf(1, SIZE + 2 * PAGE + 80);
    assertThat(lack.histories()).isEmpty();
    assertThat(lack.to()).isEqualTo(2 * SIZE + PAGE + 800);
    assertThat(lack.pieces())
        .extracting(Piece::name, Piece::offset, Piece::length)
        .containsExactly(
            tuple(WalFile.name(1, 1, SIZE), 2L * PAGE, (long) SIZE - 2 * PAGE),
            tuple(WalFile.name(1, 2, SIZE), 0L, PAGE + 800L));
    Piece last = lack.pieces().getLast();
    assertThat(last.bytes(PAGE, 1 << 20)).hasSize(800).endsWith(1);
    assertThat(content().lackOf(1, 2 * SIZE + PAGE + 800).pieces()).isEmpty();
  }

  @Test
  void whoIsOnAnOlderTimelineGetsTheNewOneWithWhereItComesFrom() throws IOException {
    file(1, 0, SIZE);
    file(1, 1, 6 * PAGE);
    history();
    file(2, 1, 5 * PAGE);
    Lack lack = content().lackOf(1, SIZE - 100);
    assertThat(lack.histories()).containsOnlyKeys(2);
    assertThat(lack.pieces())
        .extracting(Piece::name)
        .containsExactly(WalFile.name(1, 0, SIZE), WalFile.name(2, 1, SIZE));
    assertThat(lack.pieces().getLast().offset()).isZero();
    assertThatThrownBy(() -> content().lackOf(1, FORK + 8))
        .as("he has what was left behind")
        .hasMessageContaining("is not of this log");
    assertThatThrownBy(() -> content().lackOf(3, FORK)).hasMessageContaining("is not of this log");
  }

  @Test
  void whatIsNotHereCannotBeGiven() throws IOException {
    file(1, 0, SIZE);
    file(1, 2, PAGE);
    assertThat(content().position()).isEqualTo(2 * SIZE + PAGE);
    assertThatThrownBy(() -> content().lackOf(1, PAGE))
        .hasMessage("the log from " + Lsn.text(SIZE) + " is not here");
    assertThat(content().lackOf(1, 2 * SIZE).pieces()).hasSize(1);
  }

  @Test
  void theOldestIsGivenUp() throws IOException {
    for (int segment = 0; segment < 6; segment++) {
      file(1, segment, SIZE);
    }
    file(1, 6, PAGE);
    new WitnessLog(folder).prune(3L * SIZE);
    assertThat(content().lackOf(1, 4L * SIZE - PAGE).to()).isEqualTo(6 * SIZE + PAGE);
    assertThatThrownBy(() -> content().lackOf(1, 2 * SIZE)).hasMessageContaining("is not here");
  }
}
