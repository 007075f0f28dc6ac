package io.fairlead.telemetry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.RecordLayout.Text;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** One number for what is the same, and none for anything else. */
final class RecordKindsTest {
  @TempDir private Path data;
  private RecordRings rings;
  private RecordReader reader;
  private final RecordKinds kinds = new RecordKinds(7);

  @BeforeEach
  void open() throws IOException {
    rings = RecordRings.open(data, 1, 4 << 20, new RecordNames());
    reader = rings.reader(0);
  }

  @AfterEach
  void close() {
    rings.close();
  }

  /** What a record says, as far as it matters here. */
  private static final class Said {
    int method = 1;
    int protocol = RecordLayout.HTTP_1_1;
    int flags;
    int status = 200;
    ErrorReason reason = ErrorReason.NO_ROUTE;
    int tries = 1;
    int listener = 1;
    int route = 2;
    int service = 3;
    int node = 4;
    int client = 5;
    String host = "shop.example";
    String path = "/";
    String agent = "curl/8.14";
    String ownMethod = "";
  }

  private RecordView sorted(Said said) {
    RecordDraft draft = rings.ring(0).draft();
    draft.begin(RecordLayout.HTTP, said.protocol);
    draft.times(1_800_000_000_000_000L + said.client, 1000L * said.client);
    draft.id(1, said.client);
    draft.result(said.status, said.reason, said.tries);
    draft.bytes(said.client, 2L * said.client);
    draft.names(said.listener, said.route, said.service, said.node);
    draft.client(0, 0xFFFF_0A00_0000L | said.client, said.client, RecordMask.NONE);
    draft.flag(said.flags);
    draft.method(said.method);
    text(draft, Text.METHOD, said.ownMethod);
    text(draft, Text.HOST, said.host);
    text(draft, Text.PATH, said.path);
    text(draft, Text.USER_AGENT, said.agent);
    rings.ring(0).write();
    assertThat(reader.next()).isTrue();
    reader.saved(reader.place());
    kinds.sort(reader.record());
    return reader.record();
  }

  private static void text(RecordDraft draft, Text which, String value) {
    byte[] bytes = value.getBytes(UTF_8);
    draft.text(which, bytes, 0, bytes.length);
  }

  private String numbers(Said said) {
    RecordView record = sorted(said);
    return record.way() + " " + record.asker();
  }

  @Test
  void whatComesOnceHasNoNumber() {
    Said first = new Said();
    assertThat(List.of(numbers(first), numbers(first), numbers(first)))
        .containsExactly("0 0", "1 1", "1 1");
    Said other = new Said();
    other.node = 5;
    other.agent = "curl/9";
    assertThat(List.of(numbers(other), numbers(first), numbers(other), numbers(first)))
        .containsExactly("0 0", "1 1", "2 2", "1 1");
  }

  enum Change {
    METHOD,
    PROTOCOL,
    HEDGED,
    MEANT,
    STATUS,
    REASON,
    TRIES,
    LISTENER,
    ROUTE,
    SERVICE,
    NODE,
    HOST,
    AGENT,
    /** The same bytes in a row. */
    SPLIT,
    NO_HOST,
    CLIENT,
    REUSED,
    PATH
  }

  @ParameterizedTest
  @EnumSource
  void whatMakesADifference(Change change) {
    Said said = new Said();
    numbers(said);
    String before = numbers(said);
    String expected = "2 1";
    switch (change) {
      case METHOD -> said.method = 2;
      case PROTOCOL -> said.protocol = RecordLayout.HTTP_2;
      case HEDGED -> said.flags = RecordLayout.HEDGED;
      case MEANT -> said.flags = RecordLayout.MEANT;
      case STATUS -> said.status = 404;
      case REASON -> said.reason = ErrorReason.HEAD_TOO_LARGE;
      case TRIES -> said.tries = 2;
      case LISTENER -> said.listener = 9;
      case ROUTE -> said.route = 9;
      case SERVICE -> said.service = 9;
      case NODE -> said.node = 9;
      default -> {
        expected = "1 2";
        switch (change) {
          case HOST -> said.host = "shop.examplf";
          case AGENT -> said.agent = "curl/8.15";
          case SPLIT -> {
            said.host = "shop.examplec";
            said.agent = "url/8.14";
          }
          case NO_HOST -> said.host = "";
          default -> {
            expected = "1 1";
            said.client = 77;
            said.path = "/other";
            said.flags = RecordLayout.REUSED;
          }
        }
      }
    }
    numbers(said);
    assertThat(before).isEqualTo("1 1");
    assertThat(numbers(said)).as(change.toString()).isEqualTo(expected);
  }

  @Test
  void aMethodThatIsATextIsLookedAtEachTime() {
    Said said = new Said();
    said.method = 0;
    said.ownMethod = "BREW";
    numbers(said);
    assertThat(numbers(said)).isEqualTo("0 1");
  }

  /** Whatever comes, a number means one thing as long as its era lasts. */
  @Test
  void aNumberMeansOneThing() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    Map<String, String> meanings = new HashMap<>();
    Set<Integer> eras = new HashSet<>();
    int withNumber = 0;
    int all = 3_000_000;
    for (int i = 0; i < all; i++) {
      Said said = new Said();
      said.node = (int) (Math.pow(random.nextDouble(), 3) * 9_000);
      said.agent = "a" + (int) (Math.pow(random.nextDouble(), 3) * 9_000);
      said.host = random.nextBoolean() ? "shop.example" : "";
      RecordView record = sorted(said);
      eras.add(record.era());
      if (record.way() != 0) {
        withNumber++;
        check(meanings, record.era() + " way " + record.way(), said.node + "", seed);
      }
      if (record.asker() != 0) {
        check(meanings, record.era() + " " + record.asker(), said.host + said.agent, seed);
      }
    }
    assertThat(eras).as("seed %d: there were more than have room", seed).hasSizeGreaterThan(1);
    assertThat(withNumber).as("seed %d", seed).isGreaterThan(all / 2);
  }

  private static void check(Map<String, String> meanings, String number, String is, long seed) {
    String before = meanings.putIfAbsent(number, is);
    if (before != null && !before.equals(is)) {
      assertThat(is).as("seed %d, %s", seed, number).isEqualTo(before);
    }
  }

  @Test
  void twoThatCountAreInErasOfTheirOwn() {
    Said said = new Said();
    int one = sorted(said).era();
    new RecordKinds(7).sort(reader.record());
    assertThat(reader.record().era()).isNotEqualTo(one);
  }

  @ParameterizedTest
  @CsvSource({"/a?b=c, 2", "/, 1", "/a, 2", "?x, 0", "'', 0"})
  void aPathEndsWhereItsQueryBegins(String path, int length) {
    Said said = new Said();
    said.path = path;
    RecordView record = sorted(said);
    assertThat(record.pathLength()).isEqualTo(length);
    assertThat(record.pathLength()).isEqualTo(length);
  }
}
