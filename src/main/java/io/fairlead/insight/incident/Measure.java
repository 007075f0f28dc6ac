package io.fairlead.insight.incident;

/** In what way a single request can be bad; slices are counted by each. */
enum Measure {
  /** Answered with 5xx, or given up for a reason that is not the client's. */
  ERRORS("failing", 1e-4, 0.005, 3, 1),
  /** The answer began later than 99 of 100 of its route do. */
  SLOW("slow", 0.01, 0.03, 3, 2),
  /** It took more than one node. */
  RETRIED("repeated", 1e-3, 0.02, 3, 1),
  /** Sending the answer took longer than 99 of 100 of its route do. */
  TRANSFER("slowly received", 0.01, 0.03, 3, 2),
  /**
   * Answered with 4xx, but for 408, 429 and 499. What clients ask for is their affair, unless it
   * was all right before and where it goes to is what they have in common.
   */
  REFUSED("refused", 0.01, 0.2, 3, 2);

  static final Measure[] ALL = values();
  static final int BITS = (1 << ALL.length) - 1;

  /** Such requests, in sentences. */
  final String word;

  /** No smaller share counts as usual. */
  final double usual;

  /** By so much a share must be above the usual one to matter. */
  final double excess;

  /** So many times the usual one. */
  final double times;

  /** So much more than by chance counts vary at least: what is slow is so together. */
  final double spread;

  Measure(String word, double usual, double excess, double times, double spread) {
    this.word = word;
    this.usual = usual;
    this.excess = excess;
    this.times = times;
    this.spread = spread;
  }

  @SuppressWarnings("EnumOrdinal")
  int index() {
    return ordinal();
  }

  int bit() {
    return 1 << index();
  }

  /** Whether values of that dimension may be what is wrong. */
  boolean isOf(Dimension dimension) {
    return this != REFUSED || dimension.isOurs();
  }
}
