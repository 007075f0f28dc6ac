package io.fairlead.replication.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What can be restored from which files. Segments have 100 bytes here, and what came at position p
 * came p milliseconds after 1970.
 */
class ArchiveTest {
  private static final long SIZE = 100;

  static WalFile file(int timeline, long segment, long end) {
    boolean whole = end == (segment + 1) * SIZE;
    return new WalFile(
        timeline,
        segment,
        whole,
        end,
        end,
        Path.of(WalFile.name(timeline, segment, SIZE) + (whole ? "" : WalFile.PARTIAL)));
  }

  static BaseBackup backup(String id, int timeline, long start, long end) {
    return new BaseBackup(id, timeline, start, end, start, end, 1, 15, "a", "");
  }

  /** {@code 1:3-250} is segment 2 of timeline 1 up to 250. */
  private static Archive archive(String backups, String files, String histories) {
    List<BaseBackup> copies = new ArrayList<>();
    for (String one : words(backups)) { // b@1:120-150
      String[] parts = one.split("[@:-]", -1);
      copies.add(
          backup(
              parts[0],
              Integer.parseInt(parts[1]),
              Long.parseLong(parts[2]),
              Long.parseLong(parts[3])));
    }
    List<WalFile> all = new ArrayList<>();
    for (String one : words(files)) { // 1:2 or 1:2-250
      String[] parts = one.split("[:-]", -1);
      long segment = Long.parseLong(parts[1]);
      long end = parts.length == 3 ? Long.parseLong(parts[2]) : (segment + 1) * SIZE;
      all.add(file(Integer.parseInt(parts[0]), segment, end));
    }
    Map<Integer, String> known = new HashMap<>();
    for (String one : words(histories)) { // 2=1@250
      String[] parts = one.split("[=@]", -1);
      StringBuilder text = new StringBuilder();
      for (int i = 1; i < parts.length; i += 2) {
        text.append(parts[i])
            .append('\t')
            .append(Lsn.text(Long.parseLong(parts[i + 1])))
            .append("\tno reason\n");
      }
      known.put(Integer.parseInt(parts[0]), text.toString());
    }
    return new Archive(SIZE, copies, all, known);
  }

  private static List<String> words(String text) {
    return text == null || text.isBlank() ? List.of() : List.of(text.strip().split(" +", -1));
  }

  private static String text(Archive archive) {
    StringBuilder text = new StringBuilder();
    for (Archive.Reach reach : archive.reaches()) {
      text.append(reach.backup().id()).append("->").append(reach.to());
      if (!reach.missing().isEmpty()) {
        text.append('!')
            .append(WalFile.timelineOf(reach.missing()))
            .append(':')
            .append(WalFile.segmentOf(reach.missing(), SIZE));
      }
      text.append(' ');
    }
    for (Archive.Gap gap : archive.gaps()) {
      text.append("gap ").append(gap.from()).append('-').append(gap.to()).append(' ');
    }
    return text.toString().strip();
  }

  @ParameterizedTest
  @CsvSource({
    // its own log is enough for its end
    "b@1:120-150,                '',                          '',          b->150",
    // log follows without a hole, the last segment as far as it has come
    "b@1:120-150,                1:1 1:2 1:3-342,             '',          b->342",
    // log before its end is not needed: it has that itself
    "b@1:120-250,                1:2-280,                     '',          b->280",
    // a segment is missing
    "b@1:120-150,                1:1 1:3 1:4-420,             '',          b->200!1:2 gap 200-300",
    // a newer copy goes on behind the hole
    "b@1:120-150 c@1:310-320,    1:1 1:3 1:4-420,   '',  b->200!1:2 c->420 gap 200-300",
    // a segment that was not finished before others came
    "b@1:120-150,                1:1-170 1:2,                 '',          b->170!1:1 gap 170-200",
    // the log begins behind the copy's end
    "b@1:120-150,                1:2 1:3,                     '',          b->150!1:1 gap 150-200",
    // after a failover the new timeline's file of the segment is read, which begins with the old's
    "b@1:120-150,                1:1 1:2-260 2:2 2:3-333,     2=1@250,     b->333",
    // the old primary went on by itself, and so far the archive had followed
    "b@1:120-150,                1:1 1:2 1:3 1:4-444 2:2 2:3-320, 2=1@250, b->320",
    // the segment before the failover is missing
    "b@1:120-150,                1:1 2:3-320,                 2=1@310,     b->200!1:2 gap 200-300",
    // the failover fell on the border of two segments
    "b@1:120-150,                1:1 1:2 2:3-320,             2=1@300,     b->320",
    // a copy of the old primary, made after the failover
    "b@1:120-150 c@1:330-350,    1:1 1:2 1:3-360 2:2 2:3-320, 2=1@250,     b->320",
    // two failovers
    "b@1:120-150,                1:1 2:1 2:2 3:2-280,         2=1@180 3=1@180@2@240, b->280",
    // of two files of one segment the whole one is read
    "b@1:120-150,                1:1-130 1:1 1:2-210,         '',          b->210",
    // whoever does not know where a timeline began restores nothing
    "b@1:120-150,                1:1 2:2-250,                 '',          ''"
  })
  void whatCanBeRestored(String backups, String files, String histories, String expected) {
    assertThat(text(archive(backups, files, histories))).isEqualTo(expected);
  }

  @Test
  void aHistoryThatIsMissingIsNamed() {
    assertThat(archive("b@1:120-150", "1:1 2:2-250", "").missingHistories())
        .containsExactly("00000002.history");
    assertThat(archive("b@1:120-150", "1:1", "").missingHistories()).isEmpty();
  }

  @Test
  void segmentsAreNamedAsPostgresqlNamesThem() {
    long size = 1 << 24;
    String name = WalFile.name(3, Lsn.parse("2A/FF123456") / size, size);
    assertThat(name).isEqualTo("000000030000002A000000FF");
    assertThat(WalFile.segmentOf(name, size)).isEqualTo(Lsn.parse("2A/FF000000") / size);
    assertThat(WalFile.isSegment(name + ".partial")).isTrue();
    assertThat(WalFile.isSegment(name + ".tmp")).isFalse();
    assertThat(Lsn.text(Lsn.parse("2A/FF123456"))).isEqualTo("2A/FF123456");
  }
}
