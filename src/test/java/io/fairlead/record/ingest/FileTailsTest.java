package io.fairlead.record.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.LogSource;
import io.fairlead.config.LogSource.Format;
import io.fairlead.insight.pattern.LinePatterns;
import io.fairlead.telemetry.NodeLine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real files, and what is read of them: each line once. */
final class FileTailsTest {
  @TempDir private Path folder;
  private final List<String> lines = new ArrayList<>();
  private final IngestStats stats = new IngestStats();
  private @Nullable Positions positions;
  private @Nullable FileTails tails;
  private boolean hasRoom = true;
  private boolean closing;
  private long lastNumber;
  private long lastEnd;

  /** What is moved away, and begun anew, when the next line comes. */
  private @Nullable Path moves;

  private boolean take(NodeLine line) {
    Path moved = moves;
    if (moved != null) {
      moves = null;
      try {
        Files.move(moved, moved.resolveSibling(moved.getFileName() + ".2"));
        Files.writeString(moved, "five\n");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    if (!hasRoom) {
      closing = true; // instead of waiting for ever
      return false;
    }
    lines.add(new String(line.text(), 0, line.length(), UTF_8));
    lastNumber = line.file();
    lastEnd = line.end();
    return true;
  }

  private void open() throws IOException {
    closing = false;
    positions =
        Positions.open(folder.resolve("positions"), file -> file == lastNumber ? lastEnd : 0);
    tails =
        new FileTails(
            positions, new LineSink(this::take, new LinePatterns(_ -> {}), stats), () -> closing);
  }

  @AfterEach
  void close() {
    if (tails != null) {
      tails.close();
      tails = null;
    }
    if (positions != null) {
      positions.close();
      positions = null;
    }
  }

  private Path log(String name) {
    return folder.resolve("log-" + name);
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(log(name), text, CREATE, APPEND);
  }

  private void read(String pattern) throws IOException {
    if (tails == null) {
      open();
    }
    LogSource.File source = new LogSource.File(log(pattern), Format.PLAIN, "shop", "a");
    FileTails reading = Objects.requireNonNull(tails);
    while (reading.round(List.of(source), 1000)) {
      assertThat(lines.size()).isLessThan(2_000_000);
    }
  }

  @Test
  void aLineIsOneWhenItHasItsEnd() throws Exception {
    write("a", "one\ntw");
    read("a");
    assertThat(lines).containsExactly("one");
    write("a", "o\r\n\n\nthree\n");
    read("a");
    assertThat(lines).containsExactly("one", "two", "three");
  }

  @Test
  void aFileThatIsMovedAwayIsReadToItsEnd() throws Exception {
    write("a", "one\n");
    read("a");
    write("a", "two\nthree");
    Files.move(log("a"), log("a.1"));
    write("a", "four\n");
    read("a");
    assertThat(lines).containsExactly("one", "two", "three", "four");
  }

  @Test
  void oneThatWasMovedWhileNobodyLookedIsFoundBeside() throws Exception {
    write("a", "one\n");
    read("a");
    close();
    write("a", "two\n");
    Files.move(log("a"), log("a.1"));
    write("a", "three\n");
    read("a");
    assertThat(lines).containsExactly("one", "two", "three");
  }

  @Test
  void oneThatIsMovedWhileTheOneBeforeItIsReadIsNotMissed() throws Exception {
    write("a", "one\n");
    read("a");
    close();
    write("a", "two\nthree\n");
    Files.move(log("a"), log("a.1"));
    write("a", "four\n");
    moves = log("a");
    read("a");
    read("a");
    assertThat(lines).containsExactly("one", "two", "three", "four", "five");
  }

  @Test
  void oneThatIsEmptiedBeginsAnew() throws Exception {
    write("a", "one\ntwo\n");
    read("a");
    Files.writeString(log("a"), "x\n");
    read("a");
    Files.writeString(log("a"), "a longer one than before\n"); // as long again, and more
    read("a");
    assertThat(lines).containsExactly("one", "two", "x", "a longer one than before");
  }

  @Test
  void manyFilesHaveOnePattern() throws Exception {
    write("a", "a1\n");
    write("b", "b1\n");
    write("c.gz", "no\n");
    read("?");
    write("a", "a2\n");
    Files.delete(log("b"));
    read("?");
    write("b", "b2\n");
    read("?");
    assertThat(lines).containsExactlyInAnyOrder("a1", "b1", "a2", "b2");
  }

  @Test
  void whatIsTooLongIsCut() throws Exception {
    write("a", "x".repeat(10_000) + "\nshort\n" + "y".repeat(1_000_000));
    read("a");
    close(); // in the midst of a line
    write("a", "y".repeat(10) + "\nlast\n");
    read("a");
    assertThat(lines).containsExactly("x".repeat(8192), "short", "y".repeat(8192), "last");
    assertThat(stats.cut()).isEqualTo(2);
  }

  @Test
  void aFileThatIsMetForTheFirstTimeIsNotReadFromItsBeginningIfItIsLarge() throws Exception {
    write("a", "0123456789abcde\n".repeat(2 << 20)); // 32 MiB
    read("a");
    assertThat(lines.size()).isBetween((1 << 20) - 1, 1 << 20);
    assertThat(lines).allMatch("0123456789abcde"::equals);
  }

  @Test
  void whereThereIsNoRoomNothingIsLost() throws Exception {
    write("a", "one\ntwo\n");
    hasRoom = false;
    read("a");
    close();
    hasRoom = true;
    read("a");
    assertThat(lines).containsExactly("one", "two");
  }

  /** Killed between a line's record and the tick behind it: the record tells. */
  @Test
  void whatAKilledProcessHadRecordedIsNotReadAgain() throws Exception {
    write("a", "one\ntwo\n");
    read("a");
    close();
    try (Positions torn = Positions.open(folder.resolve("positions"), _ -> 0)) {
      Positions.Slot slot =
          Objects.requireNonNull(torn.find(TailedFile.inode(log("a")), TailedFile.place(log("a"))));
      slot.done(4);
      slot.intend(8); // and then it was killed
    }
    read("a");
    assertThat(lines).as("it had got there").containsExactly("one", "two");
    close();
    try (Positions torn = Positions.open(folder.resolve("positions"), _ -> 0)) {
      Positions.Slot slot =
          Objects.requireNonNull(torn.find(TailedFile.inode(log("a")), TailedFile.place(log("a"))));
      slot.done(4);
      slot.intend(8);
    }
    lastEnd = 4;
    read("a");
    assertThat(lines).as("it had not").containsExactly("one", "two", "two");
  }

  /** Whatever is done to a log, and whenever it is read: each line is there, once, in order. */
  @Test
  void eachLineOnceWhateverHappens() throws Exception {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    int written = 0;
    int moved = 0;
    StringBuilder begun = new StringBuilder();
    for (int step = 0; step < 1500; step++) {
      switch (random.nextInt(8)) {
        case 0 -> read("a");
        case 1 -> close();
        case 2 -> {
          if (Files.exists(log("a"))) {
            if (!begun.isEmpty()) {
              write("a", "\n");
              begun.setLength(0);
            }
            read("a"); // two moves in a row would hide one from whoever does not look
            Files.move(log("a"), log("a." + moved++));
          }
        }
        case 3 -> {
          if (Files.exists(log("a"))) {
            if (!begun.isEmpty()) {
              write("a", "\n");
              begun.setLength(0);
            }
            read("a"); // what is emptied unread is gone
            Files.writeString(log("a"), "");
          }
        }
        default -> {
          String text = begun + "line " + written + " " + "z".repeat(random.nextInt(300));
          if (begun.isEmpty() && random.nextInt(4) == 0) {
            write("a", "line " + written + " ");
            begun.append(' '); // goes on later
            read("a");
            write("a", "rest\n");
            begun.setLength(0);
          } else {
            write("a", text.strip() + "\n");
          }
          written++;
        }
      }
    }
    read("a");
    List<String> numbers = lines.stream().map(line -> line.split(" ", -1)[1]).toList();
    assertThat(numbers)
        .as("seed %d", seed)
        .isEqualTo(IntStream.range(0, written).mapToObj(Integer::toString).toList());
  }
}
