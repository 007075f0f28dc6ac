package io.fairlead.dns;

import java.util.Arrays;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * Every name that is answered for, found by any end of the name that is asked for. Open addressing
 * with half of the places free; never changed.
 */
final class NameTable {
  private final @Nullable Owner[] places;
  private final int mask;

  NameTable(Collection<Owner> owners) {
    int size = Integer.highestOneBit(Math.max(2, 2 * owners.size())) << 1;
    places = new Owner[size];
    mask = size - 1;
    for (Owner owner : owners) {
      int at = spread(owner.hash) & mask;
      while (places[at] != null) {
        at = (at + 1) & mask;
      }
      places[at] = owner;
    }
  }

  /** The name that stands there, or null. */
  @Nullable Owner find(byte[] text, int from, int to, int hash) {
    for (int at = spread(hash) & mask; ; at = (at + 1) & mask) {
      Owner owner = places[at];
      if (owner == null) {
        return null;
      }
      if (owner.hash == hash
          && owner.name.length == to - from
          && Arrays.equals(owner.name, 0, owner.name.length, text, from, to)) {
        return owner;
      }
    }
  }

  @Nullable Owner find(byte[] name) {
    return find(name, 0, name.length, Names.hash(name));
  }

  private static int spread(int hash) {
    int h = hash * 0x9E3779B9;
    return h ^ (h >>> 15);
  }
}
