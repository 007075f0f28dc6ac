package io.fairlead.replication.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.BackupConfig.Keep;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What can be restored of MariaDB, and what may be removed. */
class BinlogArchiveTest {
  private static final long DAY = Duration.ofDays(1).toMillis();

  private static MariadbBackup copy(String id, int part, String file, long day, String damaged) {
    return copy(id, part, file, day, damaged, "");
  }

  private static MariadbBackup copy(
      String id, int part, String file, long day, String damaged, String since) {
    return new MariadbBackup(
        id,
        part,
        file,
        373,
        "",
        day * DAY - 1000,
        day * DAY,
        1,
        "10.11",
        0,
        "a",
        "",
        damaged,
        new MariadbBackup.Pages(since, day * 1000, "boot 7 99", ""));
  }

  private static BinlogArchive.Part part(int number, String member, long seenDay, int... numbers) {
    List<BinlogFile> files = new ArrayList<>();
    for (int i = 0; i < numbers.length; i++) {
      String name = "bin.%06d".formatted(numbers[i]);
      files.add(new BinlogFile(name, Path.of(name), 1000, i < numbers.length - 1));
    }
    long end = files.isEmpty() ? 0 : files.getLast().end();
    return new BinlogArchive.Part(
        number, Path.of("" + number), member, "7", "bin.000001", seenDay * DAY, end, files);
  }

  private static String text(BinlogArchive.Reach reach) {
    return reach.backup().id()
        + " to "
        + BinlogFile.text(reach.backup().file(), reach.to())
        + " of day "
        + reach.millis() / DAY
        + (reach.missing().isEmpty() ? "" : ", then " + reach.missing());
  }

  @Test
  void aCopyGoesAsFarAsItsOwnPartOfTheLogHasNoHole() {
    BinlogArchive archive =
        new BinlogArchive(
            List.of(
                copy("c", 2, "bin.000007", 30, ""),
                copy("a", 1, "bin.000002", 10, ""),
                copy("b", 1, "bin.000005", 20, "")),
            List.of(part(1, "a", 22, 2, 3, 5, 6), part(2, "b", 31, 7, 8)));
    assertThat(archive.reaches())
        .extracting(BinlogArchiveTest::text)
        .containsExactly(
            "a to bin.000003:1000 of day 10, then bin.000004",
            "b to bin.000006:1000 of day 22, then what is between part 1 and 2",
            "c to bin.000008:1000 of day 31");
    assertThat(archive.gaps())
        .satisfiesExactly(
            hole -> assertThat(hole).contains("bin.000004 of part 1", "beyond bin.000003"),
            between ->
                assertThat(between).contains("from 1970-01-23T00:00:00Z to 1970-01-31T00:00:00Z"));
  }

  @Test
  void theFileThatACopyBeginsInIsNeeded() {
    BinlogArchive archive =
        new BinlogArchive(
            List.of(copy("a", 1, "bin.000002", 10, "")), List.of(part(1, "a", 11, 3, 4)));
    assertThat(archive.reaches())
        .extracting(BinlogArchiveTest::text)
        .containsExactly("a to bin.000002:373 of day 10, then bin.000002");
  }

  @Test
  void whatIsNotNeededGoes() {
    BinlogArchive archive =
        new BinlogArchive(
            List.of(
                copy("a", 1, "bin.000002", 10, ""),
                copy("b", 2, "bin.000003", 20, ""),
                copy("c", 2, "bin.000004", 25, "flipped"),
                copy("d", 2, "bin.000006", 30, ""),
                copy("e", 2, "bin.000008", 40, "")),
            List.of(part(1, "a", 11, 2, 3), part(2, "b", 41, 3, 4, 5, 6, 7, 8, 9)));
    BinlogArchive.Plan few = archive.plan(new Keep(1, Duration.ofDays(5)), 41 * DAY);
    assertThat(few.backups()).extracting(MariadbBackup::id).containsExactly("a", "b", "c");
    assertThat(few.parts()).extracting(BinlogArchive.Part::number).containsExactly(1);
    assertThat(few.files())
        .extracting(BinlogFile::name)
        .containsExactly("bin.000003", "bin.000004", "bin.000005");
    assertThat(archive.plan(new Keep(9, Duration.ofDays(5)), 41 * DAY).backups()).isEmpty();
    assertThat(archive.plan(new Keep(1, Duration.ofDays(19)), 41 * DAY).backups())
        .as("the moments of day 22 need the copy of day 20")
        .extracting(MariadbBackup::id)
        .containsExactly("a");
  }

  private static String text(MariadbBackup backup) {
    return backup.id() + (backup.damaged().isEmpty() ? "" : ": " + backup.damaged());
  }

  @Test
  void whatIsOnTopOfSomethingDamagedOrMissingIsOfNoUse() {
    BinlogArchive archive =
        new BinlogArchive(
            List.of(
                copy("f", 1, "bin.000002", 10, ""),
                copy("f1", 1, "bin.000003", 11, "", "f"),
                copy("f2", 1, "bin.000004", 12, "flipped", "f1"),
                copy("f3", 1, "bin.000005", 13, "", "f2"),
                copy("g1", 1, "bin.000006", 14, "", "g"),
                copy("h1", 1, "bin.000007", 15, "", "h"),
                copy("h", 1, "bin.000008", 16, "")),
            List.of(part(1, "a", 17, 2, 3, 4, 5, 6, 7, 8, 9)));
    assertThat(archive.backups())
        .extracting(BinlogArchiveTest::text)
        .containsExactly(
            "f",
            "f1",
            "f2: flipped",
            "f3: it is on top of f2, which is damaged",
            "g1: it is on top of g, which is missing",
            "h1: it is on top of h, which is missing",
            "h");
    assertThat(archive.chain(archive.backups().get(3)))
        .extracting(MariadbBackup::id)
        .containsExactly("f", "f1", "f2", "f3");
    assertThat(archive.chain(archive.backups().get(4)))
        .extracting(MariadbBackup::id)
        .containsExactly("g1");
    assertThat(archive.chain(archive.backups().get(6)))
        .extracting(MariadbBackup::id)
        .containsExactly("h");
  }

  @ParameterizedTest(name = "{0} copies, {1} days, on day {2}: {3}")
  @CsvSource(
      textBlock =
          """
          # count, days, now, removed, the first file of the log that stays
          1, 0,  14, 'f f1',        4
          1, 0,  13, 'f f1',        4
          2, 0,  14, 'f f1',        4
          3, 0,  14, '',            2
          1, 2,  14, 'f f1',        4
          1, 3,  14, '',            2
          1, 0,  16, 'f f1',        4
          9, 0,  99, '',            2
          """)
  void aCopyThatStaysHasWhatItIsOnTopOf(
      int count, int days, long now, String removed, int firstFile) {
    BinlogArchive archive =
        new BinlogArchive(
            List.of(
                copy("f", 1, "bin.000002", 10, ""),
                copy("f1", 1, "bin.000003", 11, "", "f"),
                copy("g", 1, "bin.000004", 12, ""),
                copy("g1", 1, "bin.000005", 13, "", "g")),
            List.of(part(1, "a", 17, 2, 3, 4, 5, 6)));
    BinlogArchive.Plan plan = archive.plan(new Keep(count, Duration.ofDays(days)), now * DAY);
    assertThat(String.join(" ", plan.backups().stream().map(MariadbBackup::id).toList()))
        .isEqualTo(removed);
    assertThat(plan.files().size() + 2).isEqualTo(firstFile);
  }

  @Test
  void aDamagedCopyThatStaysHasWhatItIsOnTopOf() {
    BinlogArchive archive =
        new BinlogArchive(
            List.of(
                copy("f", 1, "bin.000002", 10, "flipped"),
                copy("f1", 1, "bin.000003", 11, "", "f"),
                copy("g", 1, "bin.000004", 12, "")),
            List.of(part(1, "a", 17, 2, 3, 4, 5, 6)));
    assertThat(archive.plan(new Keep(1, Duration.ofDays(2)), 13 * DAY - 1).backups())
        .as("f is older than the span, but f1 is not")
        .isEmpty();
    assertThat(archive.plan(new Keep(1, Duration.ofDays(2)), 13 * DAY).backups())
        .extracting(MariadbBackup::id)
        .containsExactly("f", "f1");
  }
}
