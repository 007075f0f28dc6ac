package io.fairlead.scaling;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.scaling.Autoscaler.Terms;
import io.fairlead.scaling.ScaleSimulation.Outcome;
import io.fairlead.scaling.ScaleSimulation.Scaler;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.DoubleUnaryOperator;
import java.util.function.Supplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The autoscaler beside a rule that goes by the processors' use, in the same virtual service.
 * {@code -Dfairlead.report=FILE} writes the table.
 */
@Tag("computing")
class ScaleSimulationTest {
  private static final int SEEDS = 5;
  private static final int MAX = 40;

  /** A trace of requests a second, how many seconds of it, and with how many nodes it begins. */
  private enum Trace {
    STEP("step ×4", 1800, 3, t -> t < 300 || t > 1200 ? 150 : 600),
    RAMP("ramp ×10 in 5 min", 1800, 2, t -> 100 * (1 + 9 * Math.clamp((t - 300) / 300, 0, 1))),
    SPIKE("spike ×4 for 60 s", 1800, 3, t -> t >= 600 && t < 660 ? 600 : 150),
    SINE("sine, 100 to 500 in 10 min", 3600, 3, t -> 300 + 200 * Math.sin(t * 2 * Math.PI / 600)),
    WEEK("a week", 7 * 86_400, 3, ScaleSimulationTest::week);

    final String words;
    final int seconds;
    final int first;

    @SuppressWarnings("ImmutableEnumChecker") // functions of time alone
    final DoubleUnaryOperator rate;

    Trace(String words, int seconds, int first, DoubleUnaryOperator rate) {
      this.words = words;
      this.seconds = seconds;
      this.first = first;
      this.rate = rate;
    }
  }

  /** Busy by day, less so at the weekend, with a rush at nine. */
  private static double week(double t) {
    double hour = t / 3600 % 24;
    boolean weekend = (int) (t / 86_400) % 7 >= 5;
    double day = Math.max(0, Math.sin((hour - 6) / 16 * Math.PI));
    double rush = Math.exp(-Math.pow((hour - 9) / 0.2, 2));
    return 80 + (weekend ? 150 : 500) * day + (weekend ? 0 : 300 * rush);
  }

  private static Outcome mean(Trace trace, Supplier<Scaler> scaler) {
    double asked = 0;
    double lost = 0;
    double late = 0;
    double hours = 0;
    int changes = 0;
    int seeds = trace == Trace.WEEK ? 1 : SEEDS;
    for (int seed = 1; seed <= seeds; seed++) {
      Outcome one = ScaleSimulation.run(trace.rate, trace.seconds, trace.first, scaler.get(), seed);
      asked += one.asked();
      lost += one.lost();
      late += one.late();
      hours += one.nodeHours();
      changes += one.changes();
    }
    return new Outcome(asked / seeds, lost / seeds, late / seeds, hours / seeds, changes / seeds);
  }

  private static Scaler ours(Trace trace, int target) {
    return ScaleSimulation.ours(new Terms(2, MAX, target, 0, 120, 60), trace.first);
  }

  @Test
  void losesLessThanARuleByUseAtTheSameCost() throws IOException {
    StringBuilder table = new StringBuilder();
    StringBuilder missed = new StringBuilder();
    for (Trace trace : Trace.values()) {
      Outcome use = mean(trace, () -> ScaleSimulation.byUse(2, MAX, 0.65, trace.first));
      Outcome ours = mean(trace, () -> ours(trace, 4));
      Outcome learnt = mean(trace, () -> ours(trace, 0));
      row(table, trace.words, "by use, 65 %", use, use);
      row(table, "", "Fairlead, 4 in flight", ours, use);
      row(table, "", "Fairlead, learnt", learnt, use);
      // Half of the spike is over before any node that is ordered in its first second serves.
      double share = trace == Trace.SPIKE ? 0.6 : 0.5;
      check(missed, trace + " losses", ours.lost(), share * use.lost());
      check(missed, trace + " node-hours", ours.nodeHours(), 1.05 * use.nodeHours());
      check(missed, trace + " losses, learnt", learnt.lost(), use.lost());
      check(missed, trace + " node-hours, learnt", learnt.nodeHours(), 1.05 * use.nodeHours());
    }
    String report = System.getProperty("fairlead.report");
    if (report != null) {
      Files.writeString(
          Path.of(report),
          "| trace | rule | lost | late | node-hours | of the rule by use | changes |\n"
              + "|---|---|---|---|---|---|---|\n"
              + table);
    }
    System.out.println(table);
    assertThat(missed.toString()).as(table.toString()).isEmpty();
  }

  private static void check(StringBuilder missed, String what, double is, double bound) {
    if (is > bound + 1e-9) {
      missed.append(what).append(": ").append(is).append(" > ").append(bound).append('\n');
    }
  }

  private static void row(
      StringBuilder table, String trace, String rule, Outcome one, Outcome use) {
    table.append(
        String.format(
            Locale.ROOT,
            "| %s | %s | %.3f %% | %.3f %% | %.2f | %.2f | %d |%n",
            trace,
            rule,
            100 * one.lostShare(),
            100 * one.late() / one.asked(),
            one.nodeHours(),
            one.nodeHours() / use.nodeHours(),
            one.changes()));
  }
}
