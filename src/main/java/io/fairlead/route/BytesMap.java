package io.fairlead.route;

import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A map from bytes to something that is filled once and asked with a range of a larger array, so
 * that nothing is copied. Open addressing, at most half full.
 *
 * <p>The caller computes the hash while it walks over the bytes anyway: beginning with {@link
 * #SEED}, {@link #next} for each byte, from the last to the first or the other way, but always the
 * same way for one map. Keys come from the configuration; a client can ask but not fill, so it
 * cannot make chains grow.
 */
final class BytesMap<V> {
  static final int SEED = 0x811C9DC5;

  private final byte[] @Nullable [] keys;
  private final int[] hashes;
  private final @Nullable Object[] values;
  private final int mask;

  private BytesMap(int capacity) {
    keys = new byte[capacity][];
    hashes = new int[capacity];
    values = new Object[capacity];
    mask = capacity - 1;
  }

  /** A key with its hash. */
  record Key(java.nio.ByteBuffer bytes, int hash) {}

  static <V> BytesMap<V> of(Map<Key, V> entries) {
    BytesMap<V> map = new BytesMap<>(Math.max(2, Integer.highestOneBit(entries.size()) * 4));
    entries.forEach((key, value) -> map.put(key.bytes().array(), key.hash(), value));
    return map;
  }

  static int next(int hash, byte b) {
    return (hash ^ b) * 0x01000193; // FNV-1a
  }

  private void put(byte[] key, int hash, V value) {
    int index = spread(hash);
    while (keys[index] != null) {
      index = (index + 1) & mask;
    }
    keys[index] = key;
    hashes[index] = hash;
    values[index] = value;
  }

  @SuppressWarnings("unchecked") // only put writes values
  @Nullable V get(byte[] bytes, int start, int end, int hash) {
    int index = spread(hash);
    for (byte[] key = keys[index]; key != null; key = keys[index]) {
      if (hashes[index] == hash && Arrays.equals(key, 0, key.length, bytes, start, end)) {
        return (V) values[index];
      }
      index = (index + 1) & mask;
    }
    return null;
  }

  private int spread(int hash) {
    return (hash ^ (hash >>> 15)) & mask;
  }
}
