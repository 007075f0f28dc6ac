package io.fairlead.config;

import java.time.Duration;
import java.util.List;

/**
 * Something that goes wrong with some nodes of a simulation.
 *
 * @param kind what
 * @param nodes how many
 * @param first number of the first of them, from 0; those after it follow
 * @param from when it begins
 * @param lasts how long; zero: to the end
 * @param every how often it comes again; zero: once
 * @param move how often other nodes, drawn by chance, take its place; zero: never
 * @param factor how many times slower
 * @param decay time in which slowness goes away; zero: it stays
 * @param share of requests that feel it, 0 to 1
 * @param by how much later answers come
 * @param work that an error takes instead of what the request would; zero: the same
 * @param route whose requests feel it; empty: all
 * @param instances how many instances feel it, the first ones; 0: all
 * @param clients how many clients feel it, the first ones; 0: all
 */
public record SimulatedFault(
    Kind kind,
    Portion nodes,
    int first,
    Duration from,
    Duration lasts,
    Duration every,
    Duration move,
    double factor,
    Duration decay,
    double share,
    Duration by,
    Duration work,
    String route,
    int instances,
    int clients) {
  static final Range<Integer> FIRST = Range.counts(0, 59_999);
  static final Range<Integer> CLIENTS = Range.counts(0, 10_000_000);
  static final Range<Integer> INSTANCES = Range.counts(0, 1_000);

  /** What can go wrong. */
  public enum Kind {
    /** They work more slowly, by {@code factor}. */
    SLOW,
    /** A {@code share} of their answers are errors. */
    ERRORS,
    /** They accept and never answer. */
    SILENT,
    /** They stand still and go on afterwards, as in a garbage collection. */
    PAUSE,
    /** A {@code share} of their answers come later, {@code by} so much, as after lost packets. */
    DELAY,
    /** They are members only from then on. */
    JOIN
  }

  public SimulatedFault {
    new Require()
        .that(kind != Kind.SLOW || factor >= 1, "factor", factor, "must be at least 1")
        .that(kind == Kind.SLOW || factor == 1, "factor", factor, "only slow nodes have one")
        .that(kind == Kind.SLOW || decay.isZero(), "decay", decay, "only slow nodes have one")
        .that(
            every.isZero() || (!lasts.isZero() && lasts.compareTo(every) < 0),
            List.of("every"),
            every,
            "must be longer than {}, which must be given",
            List.of(List.of("lasts")))
        .that(move.isZero() || every.isZero(), "move", move, "must not be given beside every")
        .that(kind != Kind.DELAY || !by.isZero(), "by", null, "must be given where it is a delay")
        .that(
            kind != Kind.JOIN || (lasts.isZero() && move.isZero()),
            "lasts",
            lasts,
            "nodes that joined stay")
        .orRefuse();
  }
}
