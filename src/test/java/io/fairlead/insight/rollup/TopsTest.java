package io.fairlead.insight.rollup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.insight.rollup.Traffic.Request;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Values that occur most, exactly while there are few, and within a bound when there are many. */
final class TopsTest {
  private static final long START = Instant.parse("2026-11-26T15:30:00Z").toEpochMilli();
  private static final long MINUTE = 60_000;

  @TempDir private Path data;

  private long now = START;

  /** With fewer values than counters nothing is missing; with more, never more than is said. */
  @Test
  void noValueIsWrongByMoreThanIsSaid() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int values : List.of(10, TopSketch.MOST, 2000, 100_000)) {
      TopSketch sketch = new TopSketch(random.nextLong(), 40);
      Map<String, Long> exact = new HashMap<>();
      int requests = 50_000;
      for (int i = 0; i < requests; i++) {
        String value = "/path/" + (int) (Math.pow(random.nextDouble(), 3) * values);
        exact.merge(value, 1L, Long::sum);
        byte[] bytes = value.getBytes(UTF_8);
        sketch.add(bytes, 0, bytes.length, false, 100);
      }
      Map<String, Long> found = new HashMap<>();
      for (int i = 0; i < sketch.used(); i++) {
        TopSketch.Counter counter = sketch.counter(i);
        found.put(new String(counter.text, 0, counter.length, UTF_8), counter.requests);
        Histogram times = new Histogram();
        counter.addTo(times);
        assertThat(times.total()).isEqualTo(counter.requests);
      }
      long missed = sketch.missed();
      assertThat(missed).as("seed %d", seed).isLessThanOrEqualTo(2L * requests / TopSketch.MOST);
      if (values <= TopSketch.MOST) {
        assertThat(missed).isZero();
      }
      exact.forEach((value, count) ->
          assertThat(found.getOrDefault(value, 0L))
              .as("seed %d, %s of %d", seed, value, values)
              .isBetween(count - missed, count));
    }
  }

  @Test
  void anHourIsRemembered() throws IOException {
    try (Traffic traffic = new Traffic(data)) {
      Rollups rollups = new Rollups(data, () -> now, 7);
      RollupWriter writer =
          rollups.writer(
              "1", traffic.names::text, traffic.names::error, bytes -> "10.0.0." + bytes[15]);
      for (int minute = 0; minute < 90; minute++) {
        writer.accept(traffic.record(Request.at(now).path("/same?x=" + minute)));
        writer.accept(traffic.record(Request.at(now).path("/of/" + minute).from(2)));
        writer.accept(traffic.record(Request.at(now).path("/same").ended(500, null).took(9000)));
        now += MINUTE;
        writer.caughtUp(now, 0);
      }
      TopAnswer paths = rollups.top(TopKind.PATH, now - 24 * 60 * MINUTE, now, 3);
      assertThat(paths.from()).isEqualTo(now - 60 * MINUTE);
      assertThat(paths.to()).isEqualTo(now);
      assertThat(paths.missed()).isZero();
      assertThat(paths.requests()).isEqualTo(180);
      assertThat(paths.values())
          .extracting(each -> each.value() + " " + each.requests() + ":" + each.errors())
          .containsExactly("/same 120:60", "/of/30 1:0", "/of/31 1:0");
      assertThat(paths.values().getFirst().p99()).isBetween(8600L, 9400L);
      TopAnswer lately = rollups.top(TopKind.CLIENT, now - 10 * MINUTE, now, 3);
      assertThat(lately.values())
          .extracting(each -> each.value() + " " + each.requests())
          .containsExactly("10.0.0.1 20", "10.0.0.2 10");
    }
  }

  /** Somebody who asks sees what came a second ago. */
  @Test
  void whoeverAsksMakesItSooner() throws IOException {
    try (Traffic traffic = new Traffic(data)) {
      Rollups rollups = new Rollups(data, () -> now, 7);
      RollupWriter writer = rollups.writer("1", traffic.names::text, traffic.names::error, _ -> "");
      String story = "";
      for (int second = 0; second < 16; second++) {
        writer.accept(traffic.record(Request.at(now)));
        writer.caughtUp(now, 0);
        if (second == 5 || second > 12) {
          story += second + ":" + rollups.top(TopKind.HOST, START, now, 1).requests() + " ";
        }
        now += 1000;
      }
      assertThat(story).isEqualTo("5:1 13:14 14:15 15:16 ");
    }
  }
}
