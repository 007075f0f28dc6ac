package io.fairlead.simulate;

/** What came out of a run, or of several together. */
final class Tally {
  final Latencies latencies = new Latencies();

  /** That are measured, whatever became of them. */
  long requests;

  long errors;
  long timeouts;

  /** For which there was no node. */
  long homeless;

  long tries;

  /** Tries sent to a node while something was wrong with it. */
  long faulty;

  /** Tries sent to a node that a fault names. */
  long named;

  /** Of the whole run, for its speed. */
  long events;

  void add(Tally other) {
    latencies.add(other.latencies);
    requests += other.requests;
    errors += other.errors;
    timeouts += other.timeouts;
    homeless += other.homeless;
    tries += other.tries;
    faulty += other.faulty;
    named += other.named;
    events += other.events;
  }

  double failedShare() {
    return share(errors + timeouts + homeless);
  }

  double share(long some) {
    return requests == 0 ? 0 : (double) some / requests;
  }

  double shareOfTries(long some) {
    return tries == 0 ? 0 : (double) some / tries;
  }
}
