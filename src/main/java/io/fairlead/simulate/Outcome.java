package io.fairlead.simulate;

import io.fairlead.config.SimulatedPolicy;
import io.fairlead.config.SimulationConfig;
import io.fairlead.config.SimulationConfig.Expectation;
import io.fairlead.config.SimulationConfig.Measure;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What came out: figures for each policy, and whether it is what was expected. */
public final class Outcome {
  private final SimulationConfig config;
  private final Map<Case, Tally> tallies;
  private final long nanos;

  Outcome(SimulationConfig config, Map<Case, Tally> tallies, long nanos) {
    this.config = config;
    this.tallies = tallies;
    this.nanos = nanos;
  }

  /**
   * A table for people.
   *
   * @param titles one that begins with {@code >} stands over figures
   */
  public record Table(String title, List<String> titles, List<List<String>> rows) {}

  /**
   * The figures of one policy in one case, all seeds together.
   *
   * @param policy as it is spelled in the description
   * @param p50 and the other latencies: milliseconds, of answers and time-outs
   * @param p99Lowest of the seeds
   * @param p99Highest of the seeds
   * @param errors share of requests, as are time-outs and those for which there was no node
   * @param faulty share of tries sent to a node while something was wrong with it
   */
  public record Figures(
      String policy,
      int instances,
      double load,
      long requests,
      double p50,
      double p90,
      double p99,
      double p999,
      double mean,
      double p99Lowest,
      double p99Highest,
      double errors,
      double timeouts,
      double homeless,
      double shed,
      double retries,
      double hedges,
      double faulty,
      double named,
      @Nullable Finds finds) {}

  /**
   * What the detectors found; null where there were none.
   *
   * @param found share of faulty nodes that were ejected, or held below a third
   * @param afterMillis median of the time to that; of those not found: to the end of time
   * @param flagged share of those that got less in any way
   * @param ejections in an hour
   * @param falseEjections of healthy nodes in an hour
   * @param hit tries that went to faulty nodes while they were, as a share of what even dealing
   *     would send
   * @param alarmed share of runs in which an alarm was raised
   */
  public record Finds(
      double found,
      double afterMillis,
      double flagged,
      double ejections,
      double falseEjections,
      double hit,
      double alarmed) {}

  /**
   * Whether one expectation holds.
   *
   * @param was what came out
   * @param bound what it was held against, for people
   */
  public record Check(
      String name,
      String measure,
      String policy,
      int instances,
      double load,
      String was,
      String bound,
      boolean met) {}

  /** Everything, for programs. */
  public record Result(List<Figures> figures, List<Check> checks) {}

  /** All figures in the order of the description. */
  public List<Figures> figures() {
    List<Figures> figures = new ArrayList<>();
    for (int instances : config.instances()) {
      for (double load : config.loads()) {
        for (SimulatedPolicy policy : config.policies()) {
          figures.add(figures(policy, instances, load));
        }
      }
    }
    return figures;
  }

  private Figures figures(SimulatedPolicy policy, int instances, double load) {
    Tally all = all(policy, instances, load, true, true);
    double lowest = Double.POSITIVE_INFINITY;
    double highest = 0;
    for (int seed = 1; seed <= config.seeds(); seed++) {
      double p99 = one(policy, instances, load, true, true, seed).latencies.quantileMillis(0.99);
      lowest = Math.min(lowest, p99);
      highest = Math.max(highest, p99);
    }
    return new Figures(
        policy.toString(),
        instances,
        load,
        all.requests,
        all.latencies.quantileMillis(0.5),
        all.latencies.quantileMillis(0.9),
        all.latencies.quantileMillis(0.99),
        all.latencies.quantileMillis(0.999),
        all.latencies.meanMillis(),
        lowest,
        highest,
        all.share(all.errors),
        all.share(all.timeouts),
        all.share(all.homeless),
        all.share(all.shed),
        value(Measure.RETRIES, 0, all),
        value(Measure.HEDGES, 0, all),
        all.shareOfTries(all.faulty),
        all.shareOfTries(all.named),
        config.detect() ? finds(all) : null);
  }

  private static Finds finds(Tally all) {
    return new Finds(
        value(Measure.FOUND, Long.MAX_VALUE - 1, all),
        value(Measure.FOUND_AFTER, 0, all),
        value(Measure.FLAGGED, Long.MAX_VALUE - 1, all),
        value(Measure.EJECTIONS, 0, all),
        value(Measure.FALSE_EJECTIONS, 0, all),
        value(Measure.HIT, 0, all),
        value(Measure.ALARMED, Long.MAX_VALUE - 1, all));
  }

  /** One line for each policy with what the detectors found, for a table over several files. */
  public List<String> findsOf(Figures row) {
    Finds finds = row.finds();
    if (finds == null) {
      return List.of("-", "-", "-", "-", "-", "-", share(row.homeless()), "-");
    }
    boolean faults = !config.faults().isEmpty();
    return List.of(
        faults ? share(finds.found()) : "-",
        faults && finds.found() > 0.5 ? millis(finds.afterMillis() / 1000) + " s" : "-",
        faults ? share(finds.flagged()) : "-",
        trim(finds.ejections()),
        trim(finds.falseEjections()),
        faults ? share(finds.hit()) : "-",
        share(row.homeless()),
        faults ? share(finds.alarmed()) : "-");
  }

  /** The titles over {@link #findsOf}. */
  public static final List<String> FINDS =
      List.of(
          ">FOUND",
          ">AFTER",
          ">FLAGGED",
          ">EJECTED/H",
          ">FALSELY/H",
          ">HIT",
          ">NO NODE",
          ">ALARMED");

  /** Whether all that is expected of that policy came out. */
  public boolean isMet(Figures row) {
    return checks().stream()
        .filter(check ->
            check.policy().equals(row.policy())
                && check.load() == row.load()
                && check.instances() == row.instances())
        .allMatch(Check::met);
  }

  private Tally one(
      SimulatedPolicy policy,
      int instances,
      double load,
      boolean faults,
      boolean hedges,
      int seed) {
    Tally tally = tallies.get(new Case(policy, instances, load, faults, hedges, seed));
    if (tally == null) {
      throw new IllegalArgumentException("not run: " + policy + " at " + load);
    }
    return tally;
  }

  private Tally all(
      SimulatedPolicy policy, int instances, double load, boolean faults, boolean hedges) {
    Tally all = new Tally();
    for (int seed = 1; seed <= config.seeds(); seed++) {
      all.add(one(policy, instances, load, faults, hedges, seed));
    }
    return all;
  }

  /** One table for each load and number of instances. */
  public List<Table> tables() {
    boolean faults = !config.faults().isEmpty();
    boolean seeds = config.seeds() > 1;
    boolean homeless = config.detect() || figures().stream().anyMatch(row -> row.homeless() > 0);
    List<String> titles = new ArrayList<>(List.of("POLICY", ">P50", ">P90", ">P99", ">P99.9"));
    if (seeds) {
      titles.add(">P99 BY SEED");
    }
    titles.addAll(List.of(">MEAN", ">ERRORS", ">TIMED OUT"));
    if (homeless) {
      titles.add(">NO NODE");
    }
    if (config.limit()) {
      titles.add(">TURNED AWAY");
    }
    if (config.tries() > 1) {
      titles.add(">TRIED AGAIN");
    }
    if (config.hedge().isWanted()) {
      titles.add(">HEDGED");
    }
    if (faults) {
      titles.add(">TO FAULTY NODES");
    }
    if (config.detect()) {
      titles.addAll(FINDS);
      titles.remove(titles.lastIndexOf(">NO NODE")); // stands there already
    }
    List<Table> tables = new ArrayList<>();
    List<Figures> all = figures();
    int size = config.policies().size();
    for (int start = 0; start < all.size(); start += size) {
      List<List<String>> rows = new ArrayList<>();
      for (Figures row : all.subList(start, start + size)) {
        List<String> cells =
            new ArrayList<>(
                List.of(
                    row.policy(),
                    millis(row.p50()),
                    millis(row.p90()),
                    millis(row.p99()),
                    millis(row.p999())));
        if (seeds) {
          cells.add(millis(row.p99Lowest()) + "–" + millis(row.p99Highest()));
        }
        cells.addAll(List.of(millis(row.mean()), share(row.errors()), share(row.timeouts())));
        if (homeless) {
          cells.add(share(row.homeless()));
        }
        if (config.limit()) {
          cells.add(share(row.shed()));
        }
        if (config.tries() > 1) {
          cells.add(share(row.retries()));
        }
        if (config.hedge().isWanted()) {
          cells.add(share(row.hedges()));
        }
        if (faults) {
          cells.add(share(row.faulty()));
        }
        if (config.detect()) {
          List<String> finds = new ArrayList<>(findsOf(row));
          finds.remove(FINDS.indexOf(">NO NODE"));
          cells.addAll(finds);
        }
        rows.add(cells);
      }
      Figures first = all.get(start);
      tables.add(
          new Table(
              "load "
                  + trim(first.load())
                  + ", "
                  + (first.instances() == 1 ? "1 instance" : first.instances() + " instances")
                  + String.format(
                      Locale.ROOT, ", %,d requests each; milliseconds", first.requests())
                  + (config.fanOut() > 1 ? ", of the slowest of " + config.fanOut() : ""),
              titles,
              rows));
    }
    return tables;
  }

  /** Each expectation, held against what came out. */
  public List<Check> checks() {
    List<Check> checks = new ArrayList<>();
    for (Expectation expectation : config.expectations()) {
      for (int instances : config.instances()) {
        for (double load : config.loads()) {
          if ((expectation.load() == 0 || expectation.load() == load)
              && (expectation.instances() == 0 || expectation.instances() == instances)) {
            checks.add(check(expectation, instances, load));
          }
        }
      }
    }
    return checks;
  }

  private Check check(Expectation expectation, int instances, double load) {
    Measure measure = expectation.measure();
    long within = expectation.within().toNanos();
    double was = value(measure, within, all(expectation.policy(), instances, load, true, true));
    int ofInstances = expectation.ofInstances() == 0 ? instances : expectation.ofInstances();
    double unit =
        expectation
            .of()
            .map(of ->
                value(
                    measure,
                    within,
                    all(
                        of,
                        ofInstances,
                        load,
                        !expectation.ofHealthy(),
                        !expectation.ofUnhedged())))
            .orElse(1.0);
    double most = expectation.atMost() * unit;
    double least = expectation.atLeast() * unit;
    List<String> bounds = new ArrayList<>();
    if (expectation.atMost() < Double.POSITIVE_INFINITY) {
      bounds.add("at most " + bound(expectation, expectation.atMost(), most));
    }
    if (expectation.atLeast() > 0) {
      bounds.add("at least " + bound(expectation, expectation.atLeast(), least));
    }
    return new Check(
        expectation.name(),
        measure.name().toLowerCase(Locale.ROOT).replace('_', '-'),
        expectation.policy().toString(),
        instances,
        load,
        text(measure, was),
        String.join(", ", bounds),
        was <= most && was >= least);
  }

  private static String bound(Expectation expectation, double factor, double value) {
    String text = text(expectation.measure(), value);
    if (expectation.of().isEmpty()) {
      return text;
    }
    return text
        + " ("
        + trim(factor)
        + " × "
        + expectation.of().get()
        + (expectation.ofInstances() > 0 ? " with " + expectation.ofInstances() : "")
        + (expectation.ofHealthy() ? " without faults" : "")
        + (expectation.ofUnhedged() ? " without hedges" : "")
        + ")";
  }

  private static double value(Measure measure, long within, Tally tally) {
    return switch (measure) {
      case P50 -> tally.latencies.quantileMillis(0.5);
      case P90 -> tally.latencies.quantileMillis(0.9);
      case P99 -> tally.latencies.quantileMillis(0.99);
      case P999 -> tally.latencies.quantileMillis(0.999);
      case MEAN -> tally.latencies.meanMillis();
      case FAILED -> tally.failedShare();
      case ERRORS -> tally.share(tally.errors);
      case TIMEOUTS -> tally.share(tally.timeouts);
      case FAULTY -> tally.shareOfTries(tally.faulty);
      case NAMED -> tally.shareOfTries(tally.named);
      case HOMELESS -> tally.share(tally.homeless);
      case SHED -> tally.share(tally.shed);
      case GOODPUT -> 1 - tally.failedShare();
      case RETRIES -> tally.share(tally.retries);
      case HEDGES -> tally.share(tally.hedges);
      case FOUND -> Tally.within(tally.found, within);
      case FLAGGED -> Tally.within(tally.flagged, within);
      case FOUND_AFTER -> Tally.medianMillis(tally.found);
      case EJECTIONS -> tally.anHour(tally.ejections);
      case FALSE_EJECTIONS -> tally.anHour(tally.falseEjections);
      case ALARMED -> Tally.within(tally.alarmed, within);
      case HIT -> tally.faultyIfEven == 0 ? 0 : tally.faulty / tally.faultyIfEven;
    };
  }

  private static String text(Measure measure, double value) {
    return switch (measure) {
      case P50, P90, P99, P999, MEAN, FOUND_AFTER -> millis(value) + " ms";
      case EJECTIONS, FALSE_EJECTIONS -> trim(value) + " an hour";
      case FAILED,
          ERRORS,
          TIMEOUTS,
          FAULTY,
          NAMED,
          HOMELESS,
          SHED,
          GOODPUT,
          RETRIES,
          HEDGES,
          FOUND,
          FLAGGED,
          ALARMED,
          HIT ->
          share(value);
    };
  }

  /** Everything, for programs. */
  public Result result() {
    return new Result(figures(), checks());
  }

  /** The 99th percentile of every policy over what varies, as a picture. */
  public String svg() {
    return Plot.of(figures());
  }

  /** How much was simulated and how fast, for people. */
  public static String effort(Collection<Outcome> outcomes) {
    long events = outcomes.stream().mapToLong(Outcome::events).sum();
    long nanos = outcomes.stream().mapToLong(outcome -> outcome.nanos).sum();
    return String.format(
        Locale.ROOT,
        "%,d events in %.1f s, %.1f million a second",
        events,
        nanos / 1e9,
        events * 1e3 / Math.max(1, nanos));
  }

  private long events() {
    return tallies.values().stream().mapToLong(tally -> tally.events).sum();
  }

  static String millis(double value) {
    return String.format(Locale.ROOT, value < 10 ? "%.2f" : value < 1000 ? "%.1f" : "%.0f", value);
  }

  static String share(double value) {
    if (value == 0) {
      return "0";
    }
    double percent = value * 100;
    String form = percent < 0.1 ? "%.4f%%" : percent < 10 ? "%.2f%%" : "%.1f%%";
    return String.format(Locale.ROOT, form, percent);
  }

  /** Up to four digits after the point. */
  public static String trim(double value) {
    return value == Math.rint(value)
        ? String.valueOf((long) value)
        : String.format(Locale.ROOT, "%.4f", value).replaceAll("0+$", "");
  }
}
