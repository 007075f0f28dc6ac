package io.fairlead;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;

/**
 * Gives back the memory that reading a very large configuration took. The tree of such a file is
 * too large for the young part of the heap and ends in the old one, where the collector would let
 * it lie until the heap is as large as it may become. A collection stops the loops for about as
 * long as one of the short ones while the file was read, and then there is nothing to collect for a
 * long time.
 */
final class HeapTidy {
  /** Bytes that may be left lying: with an ordinary configuration it never comes to this. */
  static final long TOLERATED = 64L * 1024 * 1024;

  private HeapTidy() {}

  /** Collects if it is worth it. */
  static void afterChange() {
    if (grownSinceCollection() > TOLERATED) {
      System.gc();
    }
  }

  /** How much more the largest pool of the heap holds than its last collection left. */
  private static long grownSinceCollection() {
    long grown = 0;
    for (MemoryPoolMXBean pool : ManagementFactory.getMemoryPoolMXBeans()) {
      MemoryUsage left = pool.getCollectionUsage();
      // Eden and survivors are emptied all the time; only what outlives that can pile up.
      boolean old = pool.getName().contains("Tenured") || pool.getName().contains("Old");
      if (pool.getType() == MemoryType.HEAP && old && left != null) {
        grown = Math.max(grown, pool.getUsage().getUsed() - left.getUsed());
      }
    }
    return grown;
  }
}
