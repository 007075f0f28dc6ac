package io.fairlead.insight.incident;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.RecordDraft;
import io.fairlead.telemetry.RecordKinds;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordMask;
import io.fairlead.telemetry.RecordNames;
import io.fairlead.telemetry.RecordReader;
import io.fairlead.telemetry.RecordRings;
import io.fairlead.telemetry.RecordView;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is remembered of kinds of records is what looking at each of them would have given. */
final class RecordSorterTest {
  @TempDir private Path data;

  private final long seed = System.nanoTime();
  private final SplittableRandom random = new SplittableRandom(seed);

  /** A sorter and what its numbers mean. */
  private static final class Sorting {
    final Dictionary[] dictionaries =
        Arrays.stream(Dimension.ALL)
            .map(dimension -> new Dictionary(dimension.places))
            .toArray(Dictionary[]::new);
    final RecordSorter sorter;

    Sorting(NodeLabels labels) {
      sorter = new RecordSorter(dictionaries, labels);
    }

    List<String> sort(RecordView record) {
      sorter.sort(record, TEXTS);
      List<String> values = new ArrayList<>();
      for (Dimension dimension : Dimension.ALL) {
        int number = sorter.number(dimension);
        values.add(dimension.field() + "=" + dictionaries[dimension.index()].text(number));
      }
      return values;
    }

    /** As the watch does when there is little room. */
    void makeRoom(Dimension dimension) {
      boolean[] gone = new boolean[dimension.places];
      Arrays.fill(gone, Dictionary.FIRST, dimension.places, true);
      dictionaries[dimension.index()].remove(gone);
      sorter.forget();
      sorter.forgetPaths();
    }
  }

  private static final RecordTexts TEXTS =
      new RecordTexts() {
        @Override
        public String name(int number) {
          return "name-" + number;
        }

        @Override
        public String error(int number) {
          return "error-" + number;
        }

        @Override
        public String client(long high, long low) {
          return "client-" + low;
        }
      };

  private void write(RecordDraft draft) {
    draft.begin(RecordLayout.HTTP, 1 + random.nextInt(2));
    draft.times(1_800_000_000_000_000L, 1000);
    draft.id(1, 1);
    draft.result(random.nextBoolean() ? 200 : 503, null, random.nextInt(2));
    draft.names(1 + random.nextInt(2), random.nextInt(5), 1, random.nextInt(12));
    draft.client(0, random.nextInt(20), 1, RecordMask.NONE);
    int method = random.nextInt(4);
    draft.method(method);
    if (method == 0) {
      text(draft, Text.METHOD, "BREW");
    }
    text(draft, Text.HOST, random.nextInt(9) == 0 ? "" : "host" + random.nextInt(300));
    text(draft, Text.PATH, "/p/" + random.nextInt(10) + (random.nextBoolean() ? "?q" : ""));
    text(draft, Text.USER_AGENT, "agent" + random.nextInt(3));
  }

  private static void text(RecordDraft draft, Text which, String value) {
    byte[] bytes = value.getBytes(UTF_8);
    draft.text(which, bytes, 0, bytes.length);
  }

  @Test
  void numbersOfKindsAreThoseOfEachRecord() throws IOException {
    String[] version = {"1"};
    NodeLabels labels =
        (_, node) -> new NodeLabels.Labels(node.endsWith("7") ? version[0] : "stable", "z");
    Sorting plain = new Sorting(labels);
    Sorting kept = new Sorting(labels);
    RecordKinds kinds = new RecordKinds(7);
    try (RecordRings rings = RecordRings.open(data, 1, 4 << 20, new RecordNames())) {
      RecordReader reader = rings.reader(0);
      int known = 0;
      for (int i = 0; i < 100_000; i++) {
        write(rings.ring(0).draft());
        rings.ring(0).write();
        assertThat(reader.next()).isTrue();
        List<String> expected = plain.sort(reader.record());
        kinds.sort(reader.record());
        known += reader.record().way() != 0 && reader.record().asker() != 0 ? 1 : 0;
        List<String> values = kept.sort(reader.record());
        if (!values.equals(expected)) {
          assertThat(values).as("seed %d, record %d", seed, i).isEqualTo(expected);
        }
        reader.saved(reader.place());
        if (i % 20_000 == 7_777) {
          version[0] = "" + i;
          plain.sorter.labelAnew();
          kept.sorter.labelAnew();
        }
        if (i % 30_000 == 9_999) {
          plain.makeRoom(Dimension.HOST);
          kept.makeRoom(Dimension.HOST);
        }
      }
      assertThat(known).isGreaterThan(50_000);
    }
  }
}
