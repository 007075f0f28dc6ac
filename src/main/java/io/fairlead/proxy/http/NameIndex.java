package io.fairlead.proxy.http;

import java.util.Arrays;

/** Where a name of a field is in a table, without regard to case. */
final class NameIndex {
  private static final int BUCKETS = 256;

  private final byte[][] names;

  /** By {@link #bucket}: the place of a name, or -1; the next bucket is tried after a miss. */
  private final byte[] places = new byte[BUCKETS];

  /**
   * @param table at most 127 names by their place; of one that comes several times the first
   *     counts, and empty ones do not
   */
  NameIndex(String[] table) {
    names = new byte[table.length][];
    Arrays.fill(places, (byte) -1);
    for (int i = 0; i < table.length; i++) {
      byte[] name = Ascii.bytes(table[i]);
      names[i] = name;
      if (name.length > 0 && find(name, 0, name.length) < 0) {
        int bucket = bucket(name, 0, name.length);
        while (places[bucket] >= 0) {
          bucket = (bucket + 1) & (BUCKETS - 1);
        }
        places[bucket] = (byte) i;
      }
    }
  }

  /** The place of a name, or -1. */
  int find(byte[] bytes, int start, int end) {
    int bucket = bucket(bytes, start, end);
    while (places[bucket] >= 0) {
      byte[] name = names[places[bucket]];
      if (name.length == end - start && Ascii.equalsIgnoreCase(bytes, start, name)) {
        return places[bucket];
      }
      bucket = (bucket + 1) & (BUCKETS - 1);
    }
    return -1;
  }

  private static int bucket(byte[] bytes, int start, int end) {
    int length = end - start;
    if (length == 0) {
      return 0;
    }
    int middle = bytes[start + length / 2] | 0x20;
    int hash = (bytes[start] | 0x20) * 31 + (bytes[end - 1] | 0x20) * 7 + middle * 3 + length * 131;
    return (hash ^ (hash >>> 8)) & (BUCKETS - 1);
  }
}
