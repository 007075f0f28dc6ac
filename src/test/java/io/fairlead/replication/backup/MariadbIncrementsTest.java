package io.fairlead.replication.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.BackupConfig;
import io.fairlead.config.Secret;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** When a copy of MariaDB is incremental. */
class MariadbIncrementsTest {
  private static final long HOUR = Duration.ofHours(1).toMillis();
  private static final MariadbMember A = new MariadbMember("a", "7 bin", "10.11", 0, "boot 7 99");
  private static final BackupConfig CONFIG =
      new BackupConfig(
          Path.of("backups"),
          "x",
          new Secret("x"),
          Duration.ofHours(24),
          Duration.ofHours(168),
          -1,
          new BackupConfig.Keep(3, Duration.ofHours(168)),
          Duration.ZERO,
          false,
          Duration.ofMinutes(1));

  private static MariadbBackup copy(int number, String damaged, String since, long lsn) {
    return new MariadbBackup(
        "c" + number,
        1,
        "bin.000002",
        4,
        "",
        number * 24L * HOUR,
        number * 24L * HOUR + 1000,
        1,
        "10.11",
        0,
        "a",
        "",
        damaged,
        new MariadbBackup.Pages(since, lsn, "boot 7 99", ""));
  }

  private static String choose(
      List<MariadbBackup> copies, MariadbMember member, int part, long lsn, long hour) {
    MariadbIncrements.Choice choice =
        MariadbIncrements.choose(
            new BinlogArchive(copies, List.of()), member, part, lsn, CONFIG, hour * HOUR);
    return choice.since() == null ? "full: " + choice.note() : choice.since().id();
  }

  private static final List<MariadbBackup> TWO =
      List.of(copy(1, "", "", 500), copy(2, "", "c1", 900));

  @ParameterizedTest(name = "{0} in part {1} at {6} in hour {7}: {8}")
  @CsvSource(
      textBlock =
          """
          # name, part, version, lower case, process, LSN, hour, what is chosen
          a, 1, 10.11, 0, boot 7 99,  900, 72,  c2
          a, 1, 10.11, 0, boot 7 99,  990, 179, c2
          a, 1, 10.11, 0, boot 7 99,  990, 180, 'full: '
          b, 1, 10.11, 0, boot 8 99,  990, 72,  'full: the copy before is of a, not of b'
          a, 2, 10.11, 0, boot 7 99,  990, 72,  'full: the log does not go on from the copy before'
          a, 1, 11.4,  0, boot 7 99,  990, 72,  'full: the copy before is of another version'
          a, 1, 10.11, 1, boot 7 99,  990, 72,  'full: the copy before is of another version'
          a, 1, 10.11, 0, boot 7 100, 990, 72,  'full: a was started since the copy before, and may have got its data from another member'
          a, 1, 10.11, 0, boot 8 99,  990, 72,  'full: a was started since the copy before, and may have got its data from another member'
          a, 1, 10.11, 0, next 7 99,  990, 72,  'full: a was started since the copy before, and may have got its data from another member'
          a, 1, 10.11, 0, boot 7 99,  899, 72,  'full: a is at LSN 899, and the copy before goes beyond it'
          """)
  void anIncrementHasToBeOfTheSameServer(
      String name,
      int part,
      String version,
      int lowerCase,
      String process,
      long lsn,
      long hour,
      String chosen) {
    assertThat(
            choose(
                TWO,
                new MariadbMember(name, "7 bin", version, lowerCase, process),
                part,
                lsn,
                hour))
        .isEqualTo(chosen);
  }

  @Test
  void nothingIsOnTopOfWhatIsDamagedOrUnknown() {
    assertThat(choose(List.of(), A, 1, 990, 72)).isEqualTo("full: ");
    assertThat(choose(List.of(copy(1, "flipped", "", 500), copy(2, "", "c1", 900)), A, 1, 990, 72))
        .isEqualTo("full: the copy before, c2, is damaged");
    assertThat(choose(List.of(copy(1, "", "", 500), copy(3, "", "c2", 900)), A, 1, 990, 96))
        .isEqualTo("full: the copy before, c3, is damaged");
    assertThat(choose(List.of(copy(1, "", "", 0)), A, 1, 990, 48))
        .isEqualTo("full: the copy before does not say up to where it goes");
  }

  @Test
  void soManyAreNotOnTopOfEachOther() {
    List<MariadbBackup> copies = new ArrayList<>();
    for (int i = 1; i <= MariadbIncrements.LONGEST; i++) {
      copies.add(
          new MariadbBackup(
              "c" + i,
              1,
              "bin.000002",
              4,
              "",
              i * HOUR,
              i * HOUR + 1,
              1,
              "10.11",
              0,
              "a",
              "",
              "",
              new MariadbBackup.Pages(i == 1 ? "" : "c" + (i - 1), i, "boot 7 99", "")));
    }
    assertThat(choose(copies.subList(0, copies.size() - 1), A, 1, 990, 101)).isEqualTo("c99");
    assertThat(choose(copies, A, 1, 990, 101))
        .isEqualTo("full: 100 copies are on top of each other");
  }

  @Test
  void aTableIsKnownByItsNumber() {
    String before = "5\tshop/a\n6\tshop/b\n\n5\tshop/a\n7\tshop/c\n";
    assertThat(MariadbTables.renamed(before, "5\tshop/a\n8\tshop/b\n")).isEmpty();
    assertThat(MariadbTables.renamed(before, "")).isEmpty();
    assertThat(MariadbTables.renamed("", before)).isEmpty();
    assertThat(MariadbTables.renamed(before, "5\tshop/a\n7\tother/c"))
        .isEqualTo("shop/c is other/c now");
  }
}
