package io.fairlead.dns;

/** A source of chance for one thread, without objects (SplitMix64). */
final class Chance {
  private long state;

  Chance(long seed) {
    state = seed;
  }

  double nextDouble() {
    return (next() >>> 11) * 0x1.0p-53;
  }

  long next() {
    state += 0x9e3779b97f4a7c15L;
    return Family.mix(state);
  }
}
