package io.fairlead.balance;

import io.fairlead.service.Node;
import java.nio.charset.StandardCharsets;

/** Hashes that are the same in every instance and after every restart. */
final class Hashing {
  static final long GOLDEN_RATIO = 0x9E3779B97F4A7C15L;

  private Hashing() {}

  /** Of a node's address; independent of the order in which nodes are named. */
  static long of(Node node) {
    return of(node.address().toString().getBytes(StandardCharsets.UTF_8));
  }

  /** Of some bytes. */
  static long of(byte[] bytes) {
    long hash = 0xCBF29CE484222325L; // FNV-1a, then mixed since its high bits are weak
    for (byte b : bytes) {
      hash = (hash ^ (b & 0xFF)) * 0x100000001B3L;
    }
    return mix(hash);
  }

  /** Every bit of the result depends on every bit of the argument (the finaliser of SplitMix64). */
  static long mix(long value) {
    long mixed = value + GOLDEN_RATIO;
    mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
    mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
    return mixed ^ (mixed >>> 31);
  }
}
