package io.fairlead.scaling;

/**
 * What was seen of a service in one second.
 *
 * @param arrivals requests that nodes were sent
 * @param answered requests that were answered
 * @param inFlight requests in flight at nodes, on average
 * @param waiting requests that wait for room now
 * @param shed requests that were turned away
 * @param available nodes that got requests
 */
record Seen(
    double arrivals, double answered, double inFlight, double waiting, double shed, int available) {
  static final Seen NOTHING = new Seen(0, 0, 0, 0, 0, 0);

  boolean isQuiet() {
    return arrivals < 1e-9 && inFlight < 1e-9 && waiting < 1e-9 && shed < 1e-9;
  }
}
