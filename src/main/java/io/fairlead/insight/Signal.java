package io.fairlead.insight;

/**
 * What speaks against a node, with how far above the others it has to be: differences below that
 * may be certain, but are none that anybody would take a node out for.
 */
enum Signal {
  /** Errors; of one route alone, or of few requests, four in sixteen. */
  ERRORS(0.03, 0.25, 5, 3),
  /** Slower than nine in ten are elsewhere. */
  SLOW(0.35, 0.35, 10, 5),
  /** Slower than ninety-nine in a hundred are elsewhere: less of the work, but never out. */
  TAIL(0.03, 0.03, 100, 5);

  /** Fewer requests are few. */
  private static final int FEW = 15;

  private final double floor;
  private final double floorOfFew;
  final int least;
  final int leastHits;

  Signal(double floor, double floorOfFew, int least, int leastHits) {
    this.floor = floor;
    this.floorOfFew = floorOfFew;
    this.least = least;
    this.leastHits = leastHits;
  }

  /**
   * @param oneRoute whether requests of one route class alone are judged
   */
  double floor(int requests, boolean oneRoute) {
    return oneRoute || requests < FEW ? floorOfFew : floor;
  }
}
