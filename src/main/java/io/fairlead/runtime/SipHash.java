package io.fairlead.runtime;

/**
 * SipHash-2-4: a keyed hash that is quick for short texts and whose key cannot be learned from what
 * it gives [1].
 *
 * <p>[1] J.-P. Aumasson, D. J. Bernstein, SipHash: a fast short-input PRF, INDOCRYPT 2012.
 */
public final class SipHash {
  private final long k0;
  private final long k1;

  /**
   * @param key 16 bytes that nobody else knows
   */
  public SipHash(byte[] key) {
    k0 = little(key, 0, 8);
    k1 = little(key, 8, 8);
  }

  /** Of the bytes from {@code start} to before {@code end}. */
  public long hash(byte[] text, int start, int end) {
    int length = end - start;
    long v0 = k0 ^ 0x736f6d6570736575L;
    long v1 = k1 ^ 0x646f72616e646f6dL;
    long v2 = k0 ^ 0x6c7967656e657261L;
    long v3 = k1 ^ 0x7465646279746573L;
    int whole = length & ~7;
    for (int at = 0; at <= whole; at += 8) {
      boolean last = at == whole;
      long m =
          last
              ? little(text, start + at, length - whole) | (long) length << 56
              : little(text, start + at, 8);
      v3 ^= m;
      for (int round = 0; round < 2; round++) {
        v0 += v1;
        v2 += v3;
        v1 = Long.rotateLeft(v1, 13) ^ v0;
        v3 = Long.rotateLeft(v3, 16) ^ v2;
        v0 = Long.rotateLeft(v0, 32);
        v2 += v1;
        v0 += v3;
        v1 = Long.rotateLeft(v1, 17) ^ v2;
        v3 = Long.rotateLeft(v3, 21) ^ v0;
        v2 = Long.rotateLeft(v2, 32);
      }
      v0 ^= m;
    }
    v2 ^= 0xFF;
    for (int round = 0; round < 4; round++) {
      v0 += v1;
      v2 += v3;
      v1 = Long.rotateLeft(v1, 13) ^ v0;
      v3 = Long.rotateLeft(v3, 16) ^ v2;
      v0 = Long.rotateLeft(v0, 32);
      v2 += v1;
      v0 += v3;
      v1 = Long.rotateLeft(v1, 17) ^ v2;
      v3 = Long.rotateLeft(v3, 21) ^ v0;
      v2 = Long.rotateLeft(v2, 32);
    }
    return v0 ^ v1 ^ v2 ^ v3;
  }

  private static long little(byte[] from, int at, int count) {
    long value = 0;
    for (int i = 0; i < count; i++) {
      value |= (from[at + i] & 0xFFL) << (8 * i);
    }
    return value;
  }
}
