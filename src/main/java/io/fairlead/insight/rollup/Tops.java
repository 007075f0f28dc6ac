package io.fairlead.insight.rollup;

import io.fairlead.telemetry.RecordKinds;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordView;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which values there were most of in each of the last {@value #MINUTES} minutes, by when records
 * came. A {@link TopSketch} of each kind for the minute that is going on; of those before, the
 * {@value #KEPT} values with most requests. In memory only, some 12 MB at most.
 */
final class Tops {
  static final int MINUTES = 60;

  /** Values of a kind and minute. */
  static final int KEPT = 256;

  private static final long MINUTE = 60_000;
  private static final long SHOW_MILLIS = 10_000;

  /** While somebody asks, and for so long behind that, the minute that goes on is seen sooner. */
  private static final long SOONER_MILLIS = 30_000;

  private static final long SOON_MILLIS = 1000;

  /** As many bytes of a value tell it from others. */
  private static final int MOST_BYTES = 200;

  private static final VarHandle BIG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

  /** How an address is written. */
  interface Addresses {
    String text(byte[] sixteenBytes);
  }

  /** A value and what was seen of it; times as numbers of buckets and counts, in turn. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and nobody changes them
  record Value(String text, long requests, long errors, int[] times) {}

  /** What is known of one kind: so many of one value may be missing. */
  record Kind(long requests, long missed, List<Value> values) {}

  /** A counter while it was that of some value. */
  private record Counted(TopSketch.Counter counter, long hash) {
    boolean isStill() {
      return counter.hash() == hash;
    }
  }

  private static final Kind NOTHING = new Kind(0, 0, List.of());

  /** A minute, or as much of it as there was. */
  record Minute(long start, Map<TopKind, Kind> kinds) {}

  private final Addresses addresses;
  private final Map<TopKind, TopSketch> sketches = new EnumMap<>(TopKind.class);
  private final TopSketch clients;
  private final TopSketch paths;
  private final TopSketch hosts;
  private final TopSketch agents;
  private final byte[] client = new byte[16];

  /** By who asked, in this era: where their hosts and programs are counted, and what these were. */
  private final @Nullable Counted[] hostOf = new Counted[RecordKinds.MOST + 1];

  private final @Nullable Counted[] agentOf = new Counted[RecordKinds.MOST + 1];
  private int era;
  private final List<Minute> over = new ArrayList<>();
  private long minute;
  private long shownMillis;
  private long askedMillis;
  private boolean changed;
  private volatile boolean asked;
  private volatile List<Minute> shown = List.of();

  Tops(long seed, Addresses addresses, long nowMillis) {
    this.addresses = addresses;
    minute = Math.floorDiv(nowMillis, MINUTE) * MINUTE;
    clients = sketch(TopKind.CLIENT, seed);
    paths = sketch(TopKind.PATH, seed);
    hosts = sketch(TopKind.HOST, seed);
    agents = sketch(TopKind.USER_AGENT, seed);
  }

  private TopSketch sketch(TopKind kind, long seed) {
    TopSketch sketch = new TopSketch(seed, MOST_BYTES);
    sketches.put(kind, sketch);
    return sketch;
  }

  void accept(RecordView record, boolean failed, int bucket) {
    BIG.set(client, 0, record.clientHigh());
    BIG.set(client, 8, record.clientLow());
    clients.add(client, 0, client.length, failed, bucket);
    int length = record.pathLength();
    if (length > 0) {
      int start = record.textStart(Text.PATH);
      paths.add(record.pathHash(), record.bytes(), start, length, failed, bucket);
    }
    if (record.era() != era) {
      era = record.era();
      Arrays.fill(hostOf, null);
      Arrays.fill(agentOf, null);
    }
    add(hosts, hostOf, Text.HOST, record, failed, bucket);
    add(agents, agentOf, Text.USER_AGENT, record, failed, bucket);
    changed = true;
  }

  private static void add(
      TopSketch to,
      @Nullable Counted[] known,
      Text which,
      RecordView record,
      boolean failed,
      int bucket) {
    int length = record.textLength(which);
    if (length > 0) {
      int asker = record.asker();
      Counted counted = known[asker];
      if (counted != null && counted.isStill()) {
        to.add(counted.counter, failed, bucket);
      } else {
        int start = record.textStart(which);
        TopSketch.Counter counter = to.add(record.bytes(), start, length, failed, bucket);
        known[asker] = asker == 0 ? null : new Counted(counter, counter.hash());
      }
    }
  }

  void caughtUp(long nowMillis) {
    if (asked) {
      asked = false;
      askedMillis = nowMillis;
    }
    long now = Math.floorDiv(nowMillis, MINUTE) * MINUTE;
    if (now != minute) { // also if the clock was set back
      if (clients.requests() > 0) {
        over.add(pack());
        sketches.values().forEach(TopSketch::clear);
      }
      minute = now;
      over.removeIf(each -> each.start() < now - MINUTES * MINUTE || each.start() > now);
      changed = false;
      shownMillis = nowMillis;
      shown = List.copyOf(over);
    } else if (changed && isTime(nowMillis)) {
      changed = false;
      shownMillis = nowMillis;
      List<Minute> all = new ArrayList<>(over);
      all.add(pack());
      shown = List.copyOf(all);
    }
  }

  private boolean isTime(long nowMillis) {
    long since = Math.abs(nowMillis - shownMillis);
    return since >= SHOW_MILLIS
        || (since >= SOON_MILLIS && Math.abs(nowMillis - askedMillis) < SOONER_MILLIS);
  }

  private Minute pack() {
    Map<TopKind, Kind> kinds = new EnumMap<>(TopKind.class);
    sketches.forEach((kind, sketch) -> kinds.put(kind, pack(kind, sketch)));
    return new Minute(minute, kinds);
  }

  private Kind pack(TopKind kind, TopSketch sketch) {
    List<TopSketch.Counter> counters = new ArrayList<>();
    for (int i = 0; i < sketch.used(); i++) {
      counters.add(sketch.counter(i));
    }
    counters.sort(Comparator.comparingLong((TopSketch.Counter each) -> each.requests).reversed());
    long missed = sketch.missed();
    if (counters.size() > KEPT) {
      missed += counters.get(KEPT).requests;
      counters = counters.subList(0, KEPT);
    }
    List<Value> values = new ArrayList<>();
    for (TopSketch.Counter each : counters) {
      String text =
          kind == TopKind.CLIENT
              ? addresses.text(Arrays.copyOf(each.text, each.length))
              : new String(each.text, 0, each.length, StandardCharsets.UTF_8);
      Histogram times = new Histogram();
      each.addTo(times);
      values.add(new Value(text, each.requests, each.errors, times.pairs()));
    }
    return new Kind(sketch.requests(), missed, List.copyOf(values));
  }

  /** Sums of one value. */
  private static final class Sum {
    long requests;
    long errors;
    final Histogram times = new Histogram();
  }

  TopAnswer top(TopKind kind, long from, long to, int limit) {
    asked = true;
    Map<String, Sum> sums = new HashMap<>();
    long first = Long.MAX_VALUE;
    long last = 0;
    long requests = 0;
    long missed = 0;
    for (Minute each : shown) {
      if (each.start() + MINUTE > from && each.start() <= to) {
        Kind of = each.kinds().getOrDefault(kind, NOTHING);
        first = Math.min(first, each.start());
        last = Math.max(last, each.start() + MINUTE);
        requests += of.requests();
        missed += of.missed();
        for (Value value : of.values()) {
          Sum sum = sums.computeIfAbsent(value.text(), _ -> new Sum());
          sum.requests += value.requests();
          sum.errors += value.errors();
          sum.times.addPairs(value.times());
        }
      }
    }
    List<TopAnswer.Value> values = new ArrayList<>();
    sums.forEach((text, sum) ->
        values.add(new TopAnswer.Value(text, sum.requests, sum.errors, sum.times.quantile(0.99))));
    values.sort(
        Comparator.comparingLong(TopAnswer.Value::requests)
            .reversed()
            .thenComparing(TopAnswer.Value::value));
    return new TopAnswer(
        first == Long.MAX_VALUE ? from : first,
        last == 0 ? from : last,
        requests,
        missed,
        List.copyOf(values.subList(0, Math.min(limit, values.size()))));
  }
}
