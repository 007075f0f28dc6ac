package io.fairlead.insight.rollup;

import static io.fairlead.telemetry.RecordView.mix;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * The values that occur most, of any number of different ones, in bounded room: {@value #MOST}
 * counters, each with a weight. A value without a counter gets one; when there is none left, all
 * weights are lowered by their median, and those at zero make room [1].
 *
 * <p>Whatever is lowered by d takes at least d * {@value #MOST} / 2 from the sum of all weights,
 * which cannot be more than the number of requests n: so a value is counted too low by at most 2 n
 * / {@value #MOST} in all, and {@link #missed} says by how much it really can be. What a counter
 * itself says has been seen since it was made, so it is never too high.
 *
 * <p>[1] J. Misra, D. Gries, Finding repeated elements, 1982; lowering by the median makes it
 * constant time: D. Anderson et al., A high-performance algorithm for identifying frequent items in
 * data streams, IMC 2017.
 */
final class TopSketch {
  static final int MOST = 512;

  private static final int SLOTS = 2 * MOST;
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** Of one value. */
  static final class Counter {
    private long hash;
    private long weight;
    byte[] text = new byte[32];
    int length;
    long requests;
    long errors;
    private int firstBucket;

    /** Those behind the first: most values come once, and are cheaper so. */
    private final Histogram times = new Histogram();

    /** Tells values from each other; of a counter that is free it is 0. */
    long hash() {
      return hash;
    }

    void addTo(Histogram sum) {
      sum.add(times);
      sum.add(firstBucket);
    }
  }

  private final long seed;
  private final int mostBytes;
  private final Counter[] counters = new Counter[MOST];

  /** By hash: the number of a counter and one; 0: none. */
  private final short[] slots = new short[SLOTS];

  private final long[] weights = new long[MOST];
  private int used;
  private long requests;
  private long missed;

  /**
   * @param seed that nobody outside knows: values with one hash are one
   * @param mostBytes of a value; the rest does not count
   */
  TopSketch(long seed, int mostBytes) {
    this.seed = seed;
    this.mostBytes = mostBytes;
    for (int i = 0; i < MOST; i++) {
      counters[i] = new Counter();
    }
  }

  /**
   * Counts a value.
   *
   * @return where; it stands for that value as long as its {@link Counter#hash} stays the same
   */
  Counter add(byte[] from, int start, int length, boolean failed, int bucket) {
    int count = Math.min(length, mostBytes);
    return add(hash(from, start, count), from, start, count, failed, bucket);
  }

  /** The same for a value whose hash is known, which others cannot foresee either. */
  Counter add(long hash, byte[] from, int start, int length, boolean failed, int bucket) {
    Counter counter = counter(hash, from, start, Math.min(length, mostBytes));
    add(counter, failed, bucket);
    return counter;
  }

  /** Counts the value of that counter. */
  void add(Counter counter, boolean failed, int bucket) {
    requests++;
    counter.weight++;
    counter.errors += failed ? 1 : 0;
    if (counter.requests++ == 0) {
      counter.firstBucket = bucket;
    } else {
      counter.times.add(bucket);
    }
  }

  private Counter counter(long hash, byte[] from, int start, int length) {
    int slot = (int) (hash >>> 40) & (SLOTS - 1);
    while (slots[slot] != 0) {
      Counter found = counters[slots[slot] - 1];
      if (found.hash == hash) {
        return found;
      }
      slot = (slot + 1) & (SLOTS - 1);
    }
    if (used == MOST) {
      lower();
      slot = (int) (hash >>> 40) & (SLOTS - 1);
      while (slots[slot] != 0) {
        slot = (slot + 1) & (SLOTS - 1);
      }
    }
    Counter counter = counters[used];
    slots[slot] = (short) ++used;
    counter.hash = hash;
    if (counter.text.length < length) {
      counter.text = new byte[Math.max(length, Math.min(mostBytes, 2 * length))];
    }
    System.arraycopy(from, start, counter.text, 0, length);
    counter.length = length;
    return counter;
  }

  private long hash(byte[] from, int start, int length) {
    long hash = seed + length;
    int at = start;
    int end = start + length;
    for (; at + 8 <= end; at += 8) {
      hash = mix(hash ^ (long) WORD.get(from, at));
    }
    long rest = 0;
    for (; at < end; at++) {
      rest = rest << 8 | (from[at] & 0xFF);
    }
    return mix(mix(hash ^ rest) + seed);
  }

  private void lower() {
    long median = median();
    missed += median;
    Arrays.fill(slots, (short) 0);
    int kept = 0;
    for (int i = 0; i < MOST; i++) {
      Counter counter = counters[i];
      counter.weight -= median;
      if (counter.weight > 0) {
        counters[i] = counters[kept];
        counters[kept++] = counter;
      } else {
        clear(counter);
      }
    }
    used = kept;
    for (int i = 0; i < kept; i++) {
      int slot = (int) (counters[i].hash >>> 40) & (SLOTS - 1);
      while (slots[slot] != 0) {
        slot = (slot + 1) & (SLOTS - 1);
      }
      slots[slot] = (short) (i + 1);
    }
  }

  /** Mostly 1: more than half of the values came once. */
  private long median() {
    int ones = 0;
    for (int i = 0; i < MOST; i++) {
      weights[i] = counters[i].weight;
      ones += weights[i] == 1 ? 1 : 0;
    }
    if (ones > MOST / 2) {
      return 1;
    }
    Arrays.sort(weights);
    return weights[MOST / 2];
  }

  private static void clear(Counter counter) {
    counter.hash = 0;
    counter.weight = 0;
    if (counter.requests > 1) {
      counter.times.clear();
    }
    counter.requests = 0;
    counter.errors = 0;
  }

  void clear() {
    for (int i = 0; i < used; i++) {
      clear(counters[i]);
    }
    Arrays.fill(slots, (short) 0);
    used = 0;
    requests = 0;
    missed = 0;
  }

  int used() {
    return used;
  }

  Counter counter(int number) {
    return counters[number];
  }

  /** Values that were added. */
  long requests() {
    return requests;
  }

  /** So many of one value may be missing. */
  long missed() {
    return missed;
  }
}
