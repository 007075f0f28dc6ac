package io.fairlead.telemetry;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fairlead.telemetry.RecordLayout.Text;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a loop writes is what is read, in order, whole, once; and what is dropped is counted. */
@Timeout(60)
final class RecordRingTest {
  private static final int CHUNKS = 4;
  private static final int PATH = 1000;

  @TempDir private Path data;
  private final RecordNames names = new RecordNames();
  private @Nullable RecordRings opened;

  private RecordRing open() throws IOException {
    opened = RecordRings.open(data, 1, (long) CHUNKS << 20, names);
    return opened.ring(0);
  }

  private RecordRings rings() {
    return Objects.requireNonNull(opened);
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    if (opened != null) {
      opened.close();
    }
    assertThat(RecordRings.left(data)).isEmpty();
    for (Path place : RingFolder.places(data)) {
      assertThat(place).doesNotExist();
    }
  }

  /** One of about a thousand bytes whose number is all over it. */
  private static void write(RecordRing ring, long number, boolean valuable) {
    RecordDraft draft = ring.draft();
    draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
    draft.times(number, number * 1000);
    draft.bytes(number, ~number);
    byte[] path = new byte[PATH];
    java.util.Arrays.fill(path, (byte) ('a' + number % 26));
    draft.path(path, 0, PATH, 0, -1, ring.mask());
    if (valuable) {
      draft.flag(RecordLayout.VALUABLE);
    }
    ring.write();
  }

  private static void check(RecordView record, long number) {
    assertThat(record.startMicros()).isEqualTo(number);
    assertThat(record.totalMicros()).isEqualTo(number);
    assertThat(record.bytesIn()).isEqualTo(number);
    assertThat(record.bytesOut()).isEqualTo(~number);
    assertThat(record.text(Text.PATH))
        .isEqualTo(String.valueOf((char) ('a' + number % 26)).repeat(PATH));
  }

  // --- in order ----------------------------------------------------------------------------

  @Test
  void chunksAreUsedAgainAndAgain() throws IOException {
    RecordRing ring = open();
    RecordReader reader = rings().reader(0);
    long number = 0;
    for (int round = 0; round < 40; round++) { // 40 MiB through 4
      for (int i = 0; i < 900; i++) {
        write(ring, number + i, false);
      }
      for (int i = 0; i < 900; i++) {
        assertThat(reader.next()).isTrue();
        check(reader.record(), number + i);
      }
      assertThat(reader.next()).isFalse();
      reader.saved(reader.place());
      number += 900;
    }
    assertThat(rings().dropped(RecordDrop.ORDINARY)).isZero();
    assertThat(rings().written()).isEqualTo(number);
    assertThat(reader.damaged()).isZero();
  }

  /** The reader is another thread, and slower or faster as it happens. */
  @Test
  void aReaderThatFollowsLosesNothingThatIsNotCounted() throws Exception {
    RecordRing ring = open();
    RecordReader reader = rings().reader(0);
    int count = 200_000;
    AtomicBoolean done = new AtomicBoolean();
    Thread writer =
        Thread.ofPlatform()
            .start(() -> {
              for (int number = 0; number < count; number++) {
                write(ring, number, false);
              }
              done.set(true);
            });
    long last = -1;
    long read = 0;
    while (true) {
      boolean wasDone = done.get();
      while (reader.next()) {
        long number = reader.record().startMicros();
        assertThat(number).isGreaterThan(last);
        if (read % 64 == 0) {
          check(reader.record(), number);
        }
        last = number;
        read++;
        if (read % 1000 == 0) {
          reader.saved(reader.place());
        }
      }
      if (wasDone) {
        break;
      }
      Thread.onSpinWait();
    }
    writer.join();
    assertThat(read + rings().dropped(RecordDrop.ORDINARY)).isEqualTo(count);
    assertThat(read).isEqualTo(rings().written());
  }

  // --- what is dropped ---------------------------------------------------------------------

  /**
   * The last two of four chunks are for valuable records: ordinary ones fill half of the ring, and
   * what failed goes on being written in the other half.
   */
  @Test
  void ordinaryRecordsAreDroppedFirst() throws IOException {
    RecordRing ring = open();
    RecordReader reader = rings().reader(0);
    for (int i = 0; i < 5_000; i++) {
      write(ring, i, false);
    }
    long kept = rings().written();
    assertThat(kept).isBetween(1_800L, 2L * (1 << 20) / PATH);
    assertThat(rings().dropped(RecordDrop.ORDINARY)).isEqualTo(5_000 - kept);
    assertThat(rings().dropped(RecordDrop.VALUABLE)).isZero();

    for (int i = 0; i < 5_000; i++) {
      write(ring, 5_000 + i, true);
    }
    long valuable = rings().written() - kept;
    assertThat(valuable).isBetween(1_800L, 2L * (1 << 20) / PATH);
    assertThat(rings().dropped(RecordDrop.VALUABLE)).isEqualTo(5_000 - valuable);

    for (int i = 0; i < kept; i++) {
      assertThat(reader.next()).isTrue();
      check(reader.record(), i);
    }
    for (int i = 0; i < valuable; i++) {
      assertThat(reader.next()).isTrue();
      check(reader.record(), 5_000 + i);
    }
    assertThat(reader.next()).isFalse();

    write(ring, 1, false);
    assertThat(reader.next()).as("nothing is saved, so there is no room").isFalse();
    reader.saved(reader.place());
    write(ring, 2, false);
    assertThat(reader.next()).as("now there is").isTrue();
    check(reader.record(), 2);
  }

  // --- texts -------------------------------------------------------------------------------

  @Test
  void whatIsTooLongIsCutAndSaysSo() throws IOException {
    RecordRing ring = open();
    RecordReader reader = rings().reader(0);
    byte[] much = "x".repeat(9_000).getBytes(ISO_8859_1);
    for (int extra = 0; extra <= 1; extra++) {
      RecordDraft draft = ring.draft();
      draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
      draft.text(Text.HOST, much, 0, 255 + extra);
      draft.path(much, 0, 1000, 0, 23 + extra, ring.mask());
      draft.text(Text.USER_AGENT, much, 0, 255 + extra);
      draft.text(Text.METHOD, much, 0, 32 + extra);
      draft.text(Text.REQUEST_ID, much, 0, 128 + extra);
      draft.text(Text.TRACE_ID, much, 0, 32);
      draft.text(Text.TEXT, much, 0, 8192 + extra);
      draft.text(Text.PARENT_ID, much, 0, 16);
      draft.text(Text.TRIES, much, 0, Text.TRIES.most());
      ring.write();
      assertThat(reader.next()).isTrue();
      RecordView record = reader.record();
      assertThat(record.has(RecordLayout.TRUNCATED)).isEqualTo(extra == 1);
      assertThat(record.length()).isLessThanOrEqualTo(RecordLayout.MOST);
      for (Text text : Text.values()) {
        assertThat(record.text(text)).hasSize(text.most());
      }
      assertThat(record.text(Text.PATH)).isEqualTo("x".repeat(1000) + "?" + "x".repeat(23));
    }
  }

  /** Whatever is written is read; the seed is printed if not. */
  @Test
  void anyRecordIsReadAsItWasWritten() throws IOException {
    long seed = new Random().nextLong();
    SplittableRandom random = new SplittableRandom(seed);
    RecordRing ring = open();
    RecordReader reader = rings().reader(0);
    Deque<List<Object>> written = new ArrayDeque<>();
    for (int i = 0; i < 50_000; i++) {
      if (written.size() < 500 && random.nextInt(3) > 0) {
        written.add(random(ring, random));
      } else if (!written.isEmpty()) {
        assertThat(reader.next()).as("seed %d, %d", seed, i).isTrue();
        assertThat(told(reader.record())).as("seed %d, %d", seed, i).isEqualTo(written.remove());
        if (random.nextInt(10) == 0) {
          reader.saved(reader.place());
        }
      }
    }
    assertThat(rings().dropped(RecordDrop.ORDINARY)).as("seed %d", seed).isZero();
  }

  private static List<Object> random(RecordRing ring, SplittableRandom random) {
    RecordDraft draft = ring.draft();
    List<Object> expected = new ArrayList<>();
    int type = 1 + random.nextInt(6);
    int protocol = 1 + random.nextInt(8);
    draft.begin(type, protocol);
    long start = random.nextLong(1L << 52);
    long total = random.nextLong(1L << 50);
    draft.times(start, total);
    long high = random.nextLong();
    int low = random.nextInt();
    draft.id(high, low);
    long[] phases = new long[4];
    for (int i = 0; i < 4; i++) {
      phases[i] = random.nextInt(3) == 0 ? -1 : random.nextLong(1L << random.nextInt(1, 62));
    }
    draft.phases(phases[0], phases[1], phases[2], phases[3]);
    int status = random.nextInt(1000);
    ErrorReason[] reasons = ErrorReason.values();
    @Nullable ErrorReason reason =
        random.nextBoolean() ? null : reasons[random.nextInt(reasons.length)];
    int tries = random.nextInt(300);
    draft.result(status, reason, tries);
    long in = random.nextLong();
    long out = random.nextLong();
    draft.bytes(in, out);
    int listener = random.nextInt();
    int route = random.nextInt();
    int service = random.nextInt();
    int node = random.nextInt();
    draft.names(listener, route, service, node);
    long clientHigh = random.nextLong();
    long clientLow = random.nextLong();
    int port = random.nextInt(65536);
    draft.client(clientHigh, clientLow, port, RecordMask.NONE);
    int method = random.nextInt(10);
    draft.method(method);
    expected.addAll(
        List.of(type, protocol, start, total / 1000, high, low, status, in, out, listener));
    expected.addAll(List.of(route, service, node, clientHigh, clientLow, port, method));
    expected.addAll(List.of(Math.min(tries, 255), reason == null ? 0 : RecordLayout.error(reason)));
    for (long phase : phases) {
      expected.add(phase < 0 ? -1 : (int) Math.min(phase / 1000, Integer.MAX_VALUE));
    }
    for (Text text : Text.values()) {
      int most = text == Text.TEXT && random.nextInt(20) > 0 ? 64 : text.most();
      byte[] bytes = new byte[random.nextInt(3) == 0 ? 0 : random.nextInt(most + 1)];
      for (int i = 0; i < bytes.length; i++) {
        bytes[i] = (byte) random.nextInt(32, 127);
      }
      draft.text(text, bytes, 0, bytes.length);
      expected.add(new String(bytes, ISO_8859_1));
    }
    ring.write();
    return expected;
  }

  private static List<Object> told(RecordView r) {
    List<Object> told = new ArrayList<>();
    told.addAll(
        List.of(r.type(), r.protocol(), r.startMicros(), r.totalMicros(), r.idHigh(), r.idLow()));
    told.addAll(List.of(r.status(), r.bytesIn(), r.bytesOut(), r.listener()));
    told.addAll(List.of(r.route(), r.service(), r.node(), r.clientHigh(), r.clientLow()));
    told.addAll(List.of(r.clientPort(), r.method(), r.tries(), r.error()));
    told.addAll(List.of(r.queueMicros(), r.connectMicros(), r.tlsMicros(), r.firstByteMicros()));
    for (Text text : Text.values()) {
      told.add(r.text(text));
    }
    return told;
  }

  // --- processes ---------------------------------------------------------------------------

  @Test
  void whatIsNotSavedIsReadByTheNextProcessFromThereOn() throws IOException {
    RecordRing ring = open();
    int shop = names.number(RecordNames.Kind.SERVICE, "shop");
    RecordReader reader = rings().reader(0);
    for (int i = 0; i < 2_000; i++) {
      write(ring, i, true);
    }
    for (int i = 0; i < 1_500; i++) {
      assertThat(reader.next()).isTrue();
    }
    reader.saved(reader.place());
    assertThat(RecordRings.left(data)).as("it lives").isEmpty();

    rings().leave();
    try (LeftRings left = onlyOne()) {
      assertThat(left.boot()).isEqualTo(rings().boot());
      assertThat(left.names().text(shop)).isEqualTo("shop");
      assertThat(left.names().error(RecordLayout.error(ErrorReason.NO_NODE))).isEqualTo("no-node");
      RecordReader next = left.readers().getFirst();
      for (int i = 1_500; i < 1_800; i++) {
        assertThat(next.next()).isTrue();
        check(next.record(), i);
      }
      next.saved(next.place());
      assertThat(RecordRings.left(data)).as("somebody reads it").isEmpty();
    }
    LeftRings left = onlyOne();
    RecordReader rest = left.readers().getFirst();
    for (int i = 1_800; i < 2_000; i++) {
      assertThat(rest.next()).isTrue();
      check(rest.record(), i);
    }
    assertThat(rest.next()).isFalse();
    left.remove();
    opened = null;
  }

  private LeftRings onlyOne() throws IOException {
    List<LeftRings> left = RecordRings.left(data);
    assertThat(left).hasSize(1);
    return left.getFirst();
  }

  /** What was in the page cache of a machine that has gone down is not on its disk as it was. */
  @Test
  void ringsOfAnotherStartOfTheMachineAreNotBelieved() throws IOException {
    write(open(), 1, false);
    Path folder = rings().path();
    rings().leave();
    opened = null;
    Files.writeString(folder.resolve("kernel"), "another");
    assertThat(RecordRings.left(data)).isEmpty();
    assertThat(folder).doesNotExist();
  }

  @Test
  void aFileThatIsNoRingIsSkipped() throws IOException {
    write(open(), 1, false);
    Files.writeString(rings().path().resolve("ring-1"), "nonsense");
    rings().leave();
    LeftRings left = onlyOne();
    assertThat(left.readers()).hasSize(1);
    assertThat(left.readers().getFirst().next()).isTrue();
    left.remove();
    opened = null;
  }

  /** A folder that others may write to is not used; there is a second choice. */
  @Test
  void aPlaceOfSomebodyElseIsNotUsed() throws IOException {
    Path place = RingFolder.places(data).getFirst();
    Files.createDirectory(
        place, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    try {
      write(open(), 1, false);
      assertThat(rings().path()).startsWith(data);
      assertThatThrownBy(() -> RingFolder.create(place, data)).isInstanceOf(IOException.class);
    } finally {
      Files.delete(place);
    }
  }

  /** Whoever removes an instance's folder does not know of what lies in memory. */
  @Test
  void whatIsLeftOfARemovedDataFolderGoesWithTheNextProcess(@TempDir Path others)
      throws IOException {
    Path kept = others.resolve("kept");
    Path removed = others.resolve("removed");
    for (Path each : List.of(kept, removed)) {
      RecordRings.open(each, 1, (long) CHUNKS << 20, new RecordNames()).leave();
    }
    Path place = RingFolder.places(removed).getFirst();
    assumeTrue(place.startsWith("/dev/shm"));
    assertThat(place).exists();
    Files.delete(removed);
    open();
    assertThat(place).doesNotExist();
    List<LeftRings> left = RecordRings.left(kept);
    assertThat(left).hasSize(1);
    left.getFirst().remove();
    left.getFirst().close();
  }
}
