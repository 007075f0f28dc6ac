package io.fairlead.simulate;

import java.util.ArrayList;
import java.util.List;

/** What came out of a run, or of several together. */
final class Tally {
  final Latencies latencies = new Latencies();

  /** That are measured, whatever became of them. */
  long requests;

  long errors;
  long timeouts;

  /** For which there was no node. */
  long homeless;

  /** Turned away at the entrance. */
  long shed;

  long tries;

  /** Those after the first of a request. */
  long retries;

  /** Those beside one that was going on. */
  long hedges;

  /** Tries sent to a node while something was wrong with it. */
  long faulty;

  /** Tries sent to a node that a fault names. */
  long named;

  /** How many of the tries would have gone to such a node if all got the same. */
  double faultyIfEven;

  long ejections;
  long falseEjections;

  /** Nanoseconds of simulated time in which ejections were counted. */
  long watchedNanos;

  /** Time to each find; {@link Long#MAX_VALUE}: it was not found. */
  final List<Long> found = new ArrayList<>();

  final List<Long> flagged = new ArrayList<>();
  final List<Long> alarmed = new ArrayList<>();

  /** Of the whole run, for its speed. */
  long events;

  void add(Tally other) {
    latencies.add(other.latencies);
    requests += other.requests;
    errors += other.errors;
    timeouts += other.timeouts;
    homeless += other.homeless;
    shed += other.shed;
    tries += other.tries;
    retries += other.retries;
    hedges += other.hedges;
    faulty += other.faulty;
    named += other.named;
    faultyIfEven += other.faultyIfEven;
    ejections += other.ejections;
    falseEjections += other.falseEjections;
    watchedNanos += other.watchedNanos;
    found.addAll(other.found);
    flagged.addAll(other.flagged);
    alarmed.addAll(other.alarmed);
    events += other.events;
  }

  double failedShare() {
    return share(errors + timeouts + homeless + shed);
  }

  double share(long some) {
    return requests == 0 ? 0 : (double) some / requests;
  }

  double anHour(long count) {
    return watchedNanos == 0 ? 0 : count * 3.6e12 / watchedNanos;
  }

  /** The share of those that came within the time; 1 if there was nothing to come. */
  static double within(List<Long> times, long nanos) {
    return times.isEmpty()
        ? 1
        : (double) times.stream().filter(time -> time <= nanos).count() / times.size();
  }

  static double medianMillis(List<Long> times) {
    List<Long> sorted = times.stream().sorted().toList();
    return sorted.isEmpty() ? 0 : sorted.get(sorted.size() / 2) / 1e6;
  }

  double shareOfTries(long some) {
    return tries == 0 ? 0 : (double) some / tries;
  }
}
