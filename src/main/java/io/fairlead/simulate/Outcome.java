package io.fairlead.simulate;

import io.fairlead.config.SimulatedPolicy;
import io.fairlead.config.SimulationConfig;
import io.fairlead.config.SimulationConfig.Expectation;
import io.fairlead.config.SimulationConfig.Measure;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

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
      double faulty,
      double named) {}

  /**
   * Whether one expectation holds.
   *
   * @param was what came out
   * @param bound what it was held against, for people
   */
  public record Check(
      String name,
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
    Tally all = all(policy, instances, load, true);
    double lowest = Double.POSITIVE_INFINITY;
    double highest = 0;
    for (int seed = 1; seed <= config.seeds(); seed++) {
      double p99 = one(policy, instances, load, true, seed).latencies.quantileMillis(0.99);
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
        all.shareOfTries(all.faulty),
        all.shareOfTries(all.named));
  }

  private Tally one(SimulatedPolicy policy, int instances, double load, boolean faults, int seed) {
    Tally tally = tallies.get(new Case(policy, instances, load, faults, seed));
    if (tally == null) {
      throw new IllegalArgumentException("not run: " + policy + " at " + load);
    }
    return tally;
  }

  private Tally all(SimulatedPolicy policy, int instances, double load, boolean faults) {
    Tally all = new Tally();
    for (int seed = 1; seed <= config.seeds(); seed++) {
      all.add(one(policy, instances, load, faults, seed));
    }
    return all;
  }

  /** One table for each load and number of instances. */
  public List<Table> tables() {
    boolean faults = !config.faults().isEmpty();
    boolean seeds = config.seeds() > 1;
    boolean homeless = figures().stream().anyMatch(row -> row.homeless() > 0);
    List<String> titles = new ArrayList<>(List.of("POLICY", ">P50", ">P90", ">P99", ">P99.9"));
    if (seeds) {
      titles.add(">P99 BY SEED");
    }
    titles.addAll(List.of(">MEAN", ">ERRORS", ">TIMED OUT"));
    if (homeless) {
      titles.add(">NO NODE");
    }
    if (faults) {
      titles.add(">TO FAULTY NODES");
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
        if (faults) {
          cells.add(share(row.faulty()));
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
                      Locale.ROOT, ", %,d requests each; milliseconds", first.requests()),
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
    double was = value(measure, all(expectation.policy(), instances, load, true));
    int ofInstances = expectation.ofInstances() == 0 ? instances : expectation.ofInstances();
    double unit =
        expectation
            .of()
            .map(of -> value(measure, all(of, ofInstances, load, !expectation.ofHealthy())))
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
        + ")";
  }

  private static double value(Measure measure, Tally tally) {
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
    };
  }

  private static String text(Measure measure, double value) {
    return switch (measure) {
      case P50, P90, P99, P999, MEAN -> millis(value) + " ms";
      case FAILED, ERRORS, TIMEOUTS, FAULTY, NAMED -> share(value);
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
  public String effort() {
    long events = tallies.values().stream().mapToLong(tally -> tally.events).sum();
    return String.format(
        Locale.ROOT,
        "%,d events in %.1f s, %.1f million a second",
        events,
        nanos / 1e9,
        events * 1e3 / Math.max(1, nanos));
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

  static String trim(double value) {
    return value == Math.rint(value)
        ? String.valueOf((long) value)
        : String.format(Locale.ROOT, "%.4f", value).replaceAll("0+$", "");
  }
}
