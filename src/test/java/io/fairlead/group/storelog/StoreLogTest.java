package io.fairlead.group.storelog;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.fairlead.group.storelog.Line.Change;
import io.fairlead.group.storelog.PastStore.Moment;
import io.fairlead.group.storelog.PastStore.Past;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Logs written by instances that come, go and miss something, and what is read of them. */
@Timeout(60)
final class StoreLogTest {
  private static final long START = Instant.parse("2026-05-02T12:00:00Z").toEpochMilli();

  @TempDir Path folder;

  /** The store as each transaction left it, which the logs are to tell. */
  private final List<State> truth = new ArrayList<>();

  private final Map<String, Writer> writers = new LinkedHashMap<>();
  private volatile long now = START;
  private final AtomicLong nanos = new AtomicLong();
  private String history = "h1";

  private record State(long revision, long time, NavigableMap<String, Line.Key> keys) {}

  /** One instance. */
  private final class Writer {
    final StoreLog log;
    boolean follows;

    Writer(String instance) {
      log = StoreLog.begin(folder, "prod", instance, Duration.ofHours(24), () -> now, nanos::get);
    }
  }

  @AfterEach
  void close() {
    writers.values().forEach(each -> each.log.close());
  }

  // --- a hand-made past --------------------------------------------------------------------

  @Test
  void anyMomentCanBeReadAndAnyRevision() throws Exception {
    join("a");
    at(0, "put x 1");
    at(100, "put y 1");
    at(200, "put x 2", "delete y");
    at(300, "put z 1 ttl=5000");
    at(400);
    leave("a");
    assertThat(keys(past(0))).isEqualTo("x=1");
    assertThat(keys(past(99))).isEqualTo("x=1");
    assertThat(keys(past(100))).isEqualTo("x=1 y=1");
    assertThat(keys(past(250))).isEqualTo("x=2");
    assertThat(keys(past(399))).isEqualTo("x=2 z=1(5000)");
    assertThat(keys(find(new Moment.Revision(2)))).isEqualTo("x=1 y=1");
    assertThat(keys(find(new Moment.Latest()))).isEqualTo("x=2 z=1(5000)");
    assertThat(past(399).missing()).isEmpty();
    assertThat(find(new Moment.Latest()).missing()).isEmpty();
  }

  @Test
  void whatTheLogDoesNotKnowIsSaid() throws Exception {
    join("a");
    at(0, "put x 1");
    at(100, "put x 2");
    leave("a");
    at(200, "put x 3"); // nobody writes it down
    at(300, "put x 4");
    join("a");
    at(1000, "put x 5");
    leave("a");
    assertThat(past(50).missing()).isEmpty();
    assertThat(past(500).missing())
        .isEqualTo(
            "nothing is known of what changed between 2026-05-02T12:00:00.100Z, revision 2 and"
                + " 2026-05-02T12:00:01Z, revision 5");
    assertThat(keys(past(500))).isEqualTo("x=2");
    assertThat(past(1001).missing()).isEqualTo("the log ends at 2026-05-02T12:00:01Z, revision 5");
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> past(-1))
        .withMessage("the log in " + folder + " begins later: at 2026-05-02T12:00:00Z, revision 1");
  }

  @Test
  void oneInstanceKnowsWhatAnotherMissed() throws Exception {
    join("a");
    join("b");
    at(0, "put x 1");
    leave("a");
    at(100, "put x 2");
    at(200, "put x 3");
    join("a");
    at(300, "put x 4");
    leave("b");
    at(400, "put x 5");
    at(500);
    leave("a");
    for (int i = 0; i < 5; i++) {
      assertThat(keys(past(i * 100 + 50))).isEqualTo("x=" + (i + 1));
      assertThat(past(i * 100 + 50).missing()).as("at %d", i).isEmpty();
    }
  }

  @Test
  void whereTheClockWentBackWhatFollowsCountsAsOfItsHighestReading() throws Exception {
    join("a");
    at(0, "put x 1");
    at(5000, "put x 2");
    at(1000, "put x 3"); // another one leads, and has another clock
    at(6000, "put x 4");
    leave("a");
    assertThat(keys(past(2000))).isEqualTo("x=1");
    assertThat(keys(past(5000))).isEqualTo("x=3");
    assertThat(keys(find(new Moment.Revision(2)))).isEqualTo("x=2");
  }

  @Test
  void aGroupThatIsFoundedAnewHasAPastOfItsOwn() throws Exception {
    join("a");
    at(0, "put x old");
    at(100, "put x older");
    leave("a");
    truth.clear();
    history = "h2";
    join("a");
    at(1000, "put y new"); // with revision 1, again
    at(1100);
    leave("a");
    assertThat(keys(past(50))).isEqualTo("x=old");
    assertThat(keys(past(1050))).isEqualTo("y=new");
    assertThat(past(500).missing()).startsWith("the log ends at 2026-05-02T12:00:00.100Z");
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> find(new Moment.Latest()))
        .withMessage(
            "group prod was founded anew at 2026-05-02T12:00:01Z; the log of before ends at"
                + " 2026-05-02T12:00:00.100Z: say which moment by a time");
  }

  @Test
  void aNewFileBeginsTwiceADayAndOldOnesGoWhenNoMomentNeedsThem() throws Exception {
    join("a");
    for (int hour = 0; hour < 72; hour++) {
      now = START + Duration.ofHours(hour).toMillis();
      nanos.set(Duration.ofHours(hour).toNanos());
      at(hour * 3_600_000L, "put x " + hour);
      await(() -> writer("a").log.lag().isZero());
    }
    leave("a");
    assertThat(files()).hasSizeBetween(2, 4);
    for (int hour = 71 - 24; hour < 71; hour++) {
      Past past = past(hour * 3_600_000L + 1);
      assertThat(keys(past)).isEqualTo("x=" + hour);
      assertThat(past.missing()).isEmpty();
    }
    assertThatExceptionOfType(IOException.class).isThrownBy(() -> past(3_600_000L));
  }

  @Test
  void filesAreForNobodyElse() throws Exception {
    join("a");
    at(0, "put x 1");
    leave("a");
    assertThat(Files.getPosixFilePermissions(files().getFirst().getParent()))
        .isEqualTo(PosixFilePermissions.fromString("rwx------"));
  }

  // --- faults ------------------------------------------------------------------------------

  @Test
  void aFolderThatCannotBeWrittenIsToldAndWhatIsMissedComesWhenItCan() throws Exception {
    Path group = Files.writeString(folder.resolve("prod"), "in the way");
    join("a");
    at(0, "put x 1");
    StoreLog log = writer("a").log;
    await(() -> log.trouble().contains("cannot be written in " + folder.resolve("prod/a")));
    long _ = nanos.addAndGet(Duration.ofSeconds(7).toNanos());
    assertThat(log.lag()).isGreaterThanOrEqualTo(Duration.ofSeconds(7));
    at(100, "put x 2");
    Files.delete(group);
    await(() -> {
      at(200); // whatever happens in the group
      return log.lag().isZero() && log.trouble().isEmpty();
    });
    at(5000, "put x 3");
    at(6000);
    leave("a");
    assertThat(keys(past(300))).isEqualTo("x=2");
    assertThat(keys(past(5500))).isEqualTo("x=3");
  }

  @Test
  void moreThanTheDiskTakesIsLostAndToldAndNeverWaitedFor() throws Exception {
    join("a");
    at(0, "put x 1");
    byte[] large = new byte[64 * 1024];
    for (int i = 0; i < 4000; i++) { // 350 MB, faster than any disk
      put("big" + i % 50, large);
    }
    StoreLog log = writer("a").log;
    await(() -> {
      at(5000); // whatever happens in the group
      return log.lag().isZero();
    });
    at(10_000, "put x 2");
    at(20_000);
    leave("a");
    assertThat(past(15_000).missing()).isEmpty();
    assertThat(past(15_000).keys()).hasSize(51);
    assertThat(keys(past(15_000))).endsWith(" x=2");
  }

  @Test
  void aTornEndIsOverlookedAndDamageIsToldAndNeverBelieved() throws Exception {
    long seed = new Random().nextLong();
    SplittableRandom random = new SplittableRandom(seed);
    join("a");
    for (int i = 0; i < 60; i++) {
      at(i * 10L, "put k" + random.nextInt(5) + " " + i, "delete k" + random.nextInt(5));
    }
    leave("a");
    Path file = files().getFirst();
    byte[] whole = Files.readAllBytes(file);
    for (int i = 0; i < 400; i++) {
      byte[] damaged = whole.clone();
      int where = random.nextInt(whole.length);
      boolean torn = random.nextBoolean();
      if (torn) {
        damaged = Arrays.copyOf(damaged, where);
      } else {
        damaged[where] ^= (byte) (1 << random.nextInt(8));
      }
      Files.write(file, damaged);
      long moment = random.nextLong(600);
      try {
        Past past = past(moment);
        String as = "seed " + seed + ", " + i + " at " + moment + ": " + past.missing();
        assertThat(keys(past)).as(as).isEqualTo(keys(state(past.revision()).keys()));
        if (past.missing().isEmpty()) {
          assertThat(keys(past)).as(as).isEqualTo(keys(until(START + moment).keys()));
        }
        if (torn) {
          assertThat(past.remarks()).as(as).isEmpty();
        }
      } catch (IOException e) { // its beginning is
        assertThat(e.getMessage())
            .as("seed %d, %d", seed, i)
            .containsAnyOf("no log", "damaged", "cannot be read", "begins later", "begin like");
      }
    }
  }

  @Test
  void aLaterFormatAndTwoGroupsAreRefusedInWords() throws Exception {
    join("a");
    at(0, "put x 1");
    leave("a");
    Path other = Files.createDirectories(folder.resolve("staging/a"));
    Path file =
        Files.write(
            other.resolve("1.jsonl"), new Line.Head("staging", "a", "h", 1, START, 0).bytes());
    assertThatExceptionOfType(IOException.class)
        .isThrownBy(() -> past(0))
        .withMessageContaining("name the folder of one of them, [prod, staging]");
    assertThat(keys(PastStore.find(folder.resolve("prod"), new Moment.Latest()))).isEqualTo("x=1");
    Files.write(file, later());
    Past past = past(0);
    assertThat(past.remarks())
        .containsExactly(
            file + " cannot be read: is of format 2, which a later version of Fairlead writes");
  }

  private static byte[] later() {
    String json = "{\"format\":2}";
    CRC32C sum = new CRC32C();
    sum.update(json.getBytes(UTF_8));
    return "%08x %s\n".formatted(sum.getValue(), json).getBytes(UTF_8);
  }

  // --- chance ------------------------------------------------------------------------------

  /** Instances come, go and miss changes; whatever is read is what was, or says what it lacks. */
  @Test
  void whateverIsReadWasSo() throws Exception {
    long seed = new Random().nextLong();
    SplittableRandom random = new SplittableRandom(seed);
    List<String> names = List.of("a", "b", "c");
    long time = 0;
    int known = 0;
    for (int i = 0; i < 800; i++) {
      String who = names.get(random.nextInt(3));
      switch (random.nextInt(60)) {
        case 0 -> leave(who);
        case 1, 2, 3 -> {
          if (!writers.containsKey(who)) {
            join(who);
          }
        }
        case 4 -> {
          if (writers.containsKey(who)) {
            writer(who).follows = false; // it got a copy of the leader's
          }
        }
        case 5 -> {
          long _ = nanos.addAndGet(Duration.ofHours(13).toNanos());
        }
        default -> {}
      }
      time += random.nextInt(3);
      String[] what = new String[random.nextInt(4)];
      for (int j = 0; j < what.length; j++) {
        String key = "k" + random.nextInt(8);
        what[j] = random.nextInt(4) == 0 ? "delete " + key : "put " + key + " " + i;
      }
      at(time, what);
    }
    for (String who : names) {
      leave(who);
    }
    for (int i = 0; i < 300; i++) {
      boolean byTime = random.nextBoolean();
      long which = random.nextLong(byTime ? time : truth.size()) + (byTime ? 0 : 1);
      Past past;
      try {
        past = byTime ? past(which) : find(new Moment.Revision(which));
      } catch (IOException e) {
        assertThat(e).as("seed %d", seed).hasMessageContaining("begins later");
        continue;
      }
      String as = "seed " + seed + (byTime ? ", at " : ", revision ") + which;
      assertThat(keys(past)).as(as).isEqualTo(keys(state(past.revision()).keys()));
      if (past.missing().isEmpty()) {
        known++;
        State wanted = byTime ? until(START + which) : state(which);
        assertThat(keys(past)).as(as).isEqualTo(keys(wanted.keys()));
      }
    }
    assertThat(known).as("seed %d", seed).isGreaterThan(20);
  }

  // --- what happens ------------------------------------------------------------------------

  private void join(String instance) {
    writers.put(instance, new Writer(instance));
  }

  private Writer writer(String instance) {
    return Objects.requireNonNull(writers.get(instance));
  }

  /** With all that it was told of on disk. */
  private void leave(String instance) {
    Writer writer = writers.remove(instance);
    if (writer != null) {
      writer.log.close();
    }
  }

  /** One transaction, of which all that are there are told. */
  private void at(long millis, String... what) {
    NavigableMap<String, Line.Key> keys = keysNow();
    long revision = truth.size() + 1L;
    Map<String, Line.@Nullable Key> changed = new HashMap<>();
    for (String each : what) {
      String[] words = each.split(" ", -1);
      if (words[0].equals("delete")) {
        changed.put(words[1], null);
      } else {
        long ttl = words.length > 3 ? Long.parseLong(words[3].substring("ttl=".length())) : 0;
        changed.put(words[1], new Line.Key(words[1], words[2].getBytes(UTF_8), ttl, revision));
      }
    }
    commit(START + millis, keys, changed);
  }

  private void put(String key, byte[] value) {
    Line.Key next = new Line.Key(key, value, 0, truth.size() + 1L);
    commit(truth.getLast().time(), keysNow(), Map.of(key, next));
  }

  private NavigableMap<String, Line.Key> keysNow() {
    return truth.isEmpty() ? new TreeMap<>() : new TreeMap<>(truth.getLast().keys());
  }

  private void commit(
      long time,
      NavigableMap<String, Line.Key> keys,
      Map<String, ? extends Line.@Nullable Key> changed) {
    List<Line.Key> puts = new ArrayList<>();
    List<String> deletes = new ArrayList<>();
    changed.forEach((key, next) -> {
      if (next == null) {
        keys.remove(key);
        deletes.add(key);
      } else {
        keys.put(key, next);
        puts.add(next);
      }
    });
    State state = new State(truth.size() + 1, time, keys);
    truth.add(state);
    for (Writer each : writers.values()) {
      each.log.applied(
          new Change(state.revision(), time, puts, deletes),
          each.follows,
          history,
          () -> List.copyOf(keys.values()));
      each.follows = true;
    }
  }

  private State state(long revision) {
    return truth.get((int) revision - 1);
  }

  private State until(long time) {
    return truth.stream().filter(each -> each.time() <= time).toList().getLast();
  }

  private Past past(long millis) throws IOException {
    return find(new Moment.At(Instant.ofEpochMilli(START + millis)));
  }

  private Past find(Moment moment) throws IOException {
    return PastStore.find(folder, moment);
  }

  private static String keys(Past past) {
    return keys(past.keys());
  }

  private static String keys(Map<String, Line.Key> keys) {
    StringBuilder text = new StringBuilder();
    new TreeMap<>(keys)
        .forEach((name, key) ->
            text.append(text.isEmpty() ? "" : " ")
                .append(name)
                .append('=')
                .append(new String(key.value(), UTF_8))
                .append(key.ttl() == 0 ? "" : "(" + key.ttl() + ")"));
    return text.toString();
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.filter(each -> each.toString().endsWith(StoreLog.SUFFIX)).sorted().toList();
    }
  }

  private void await(Callable<Boolean> condition) throws Exception {
    do {
      Thread.sleep(10); // until the time limit of the test
      long _ = nanos.incrementAndGet();
    } while (!condition.call());
  }
}
