package io.fairlead.replication.backup;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

  /** One that has no log of its own. */
  static BaseBackup inRepository(String id, int timeline, long start, long end, String since) {
    return new BaseBackup(
        id,
        timeline,
        start,
        end,
        start,
        end,
        1,
        15,
        "a",
        "",
        since,
        "",
        new BaseBackup.InRepository("label of " + id, "", 1));
  }

  /** {@code 1:3-250} is segment 2 of timeline 1 up to 250. */
  private static Archive archive(String backups, String files, String histories) {
    List<BaseBackup> copies = new ArrayList<>();
    for (String one : words(backups)) { // b@1:120-150, of pgBackRest b@1:120-150+
      String[] parts = one.replace("+", "").split("[@:-]", -1);
      int timeline = Integer.parseInt(parts[1]);
      long start = Long.parseLong(parts[2]);
      long end = Long.parseLong(parts[3]);
      copies.add(
          one.endsWith("+")
              ? inRepository(parts[0], timeline, start, end, "")
              : backup(parts[0], timeline, start, end));
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
    // one that has no log of its own takes it from its start on
    "b@1:120-150+,               1:1 1:2-220,                 '',          b->220",
    "b@1:120-250+,               1:1 1:2-250,                 '',          b->250",
    // what has not come, or is gone, up to its end makes it one of no use
    "b@1:120-250+,               1:1 1:2-249,                 '',          ''",
    "b@1:120-250+,               1:2 1:3,                     '',          gap 120-200",
    "b@1:120-250+ c@1:310-320+,  1:2 1:3,                     '',          c->400 gap 120-200",
    // it is brought over a failover as others are
    "b@1:120-150+,               1:1 1:2-260 2:2 2:3-333,     2=1@250,     b->333",
    // whoever does not know where a timeline began restores nothing
    "b@1:120-150,                1:1 2:2-250,                 '',          ''"
  })
  void whatCanBeRestored(String backups, String files, String histories, String expected) {
    assertThat(text(archive(backups, files, histories))).isEqualTo(expected);
  }

  @Test
  void theLogIsReadFromWhereItIsNeeded() {
    for (BaseBackup one : List.of(backup("b", 1, 120, 250), inRepository("b", 1, 120, 250, ""))) {
      Archive archive =
          new Archive(
              SIZE,
              List.of(one),
              List.of(file(1, 1, 200), file(1, 2, 300), file(1, 3, 310)),
              Map.of());
      List<LogCheck.Piece> pieces = LogCheck.pieces(archive.reaches().getFirst(), SIZE);
      long from = one.inRepository() == null ? 250 : 120;
      assertThat(pieces).containsExactly(new LogCheck.Piece(1, from, 310));
    }
  }

  @Test
  void whyACopyIsOfNoUseIsNamed() {
    Archive archive = archive("b@1:120-250+ c@1:340-350+", "1:2 1:3 2:3", "2=1@330");
    assertThat(archive.whyNot(archive.backups().getFirst())).endsWith(WalFile.name(1, 1, SIZE));
    assertThat(archive.whyNot(archive.backups().getLast())).isEqualTo("its timeline was left");
  }

  /** What is wrong with one is wrong with all on top of it, and with no other. */
  @Test
  void damageReachesWhatIsOnTop() {
    List<BaseBackup> copies =
        List.of(
            inRepository("a", 1, 110, 120, ""),
            inRepository("b", 1, 130, 140, "a").withDamage("a byte is wrong"),
            inRepository("c", 1, 150, 160, "b"),
            inRepository("d", 1, 170, 180, "c"),
            inRepository("e", 1, 181, 185, "gone"),
            inRepository("f", 1, 190, 195, ""));
    Archive archive = new Archive(SIZE, copies, List.of(file(1, 1, 200)), Map.of());
    assertThat(archive.backups())
        .extracting(BaseBackup::damaged)
        .containsExactly(
            "",
            "a byte is wrong",
            "it is on top of backup b, which is damaged",
            "it is on top of backup b, which is damaged",
            "it is on top of backup gone, which is not there",
            "");
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

  @ParameterizedTest(name = "{0}: {1} at {2}")
  @CsvSource(
      textBlock =
          """
          # where timelines ended, one of them, a position, whether it was left there, whose goes on
          1=0/1800000 2=0/4000000, 2, 0/4000000, true,  3
          1=0/1800000 2=0/4000000, 1, 0/4000000, false, 3
          1=0/1800000 2=0/4000000, 2, 0/3000000, false, 2
          1=0/1800000 2=0/40237F0 3=0/4023BE8, 3, 0/4000000, false, 2
          1=0/1800000 2=0/4000000 3=0/4000000, 2, 0/4000000, true,  4
          1=0/1800000 2=0/4000000 3=0/5000000, 2, 0/4000000, true,  3
          """)
  void whereATimelineWasLeftTheNextGoesOn(
      String ended, int timeline, String position, boolean left, int next) {
    int last = ended.split(" ").length + 1;
    String history = ended.replace('=', '\t').replace(' ', '\n');
    Timelines way = Objects.requireNonNull(Timelines.to(last, Map.of(last, history)));
    assertThat(way.leaves(timeline, Lsn.parse(position))).isEqualTo(left);
    assertThat(way.from(Lsn.parse(position))).isEqualTo(next);
  }
}
