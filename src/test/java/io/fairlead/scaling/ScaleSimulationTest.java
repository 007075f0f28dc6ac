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

  /** Seconds from the order of a node until it serves: a process, a container, a machine. */
  private static final int[] STARTS = {5, 15, 30};

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

    /** Whether nobody could have seen it coming. */
    boolean isJump() {
      return this == STEP || this == SPIKE;
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

  private static Outcome mean(Trace trace, int start, Supplier<Scaler> scaler) {
    double asked = 0;
    double lost = 0;
    double late = 0;
    double hours = 0;
    int changes = 0;
    int seeds = trace == Trace.WEEK ? 1 : SEEDS;
    for (int seed = 1; seed <= seeds; seed++) {
      Outcome one =
          ScaleSimulation.run(trace.rate, trace.seconds, trace.first, start, scaler.get(), seed);
      asked += one.asked();
      lost += one.lost();
      late += one.late();
      hours += one.nodeHours();
      changes += one.changes();
    }
    return new Outcome(asked / seeds, lost / seeds, late / seeds, hours / seeds, changes / seeds);
  }

  private static Scaler ours(Trace trace, int start, int target) {
    return ScaleSimulation.ours(new Terms(2, MAX, target, 0, 120, 60), trace.first, start);
  }

  @Test
  void losesLessThanARuleByUseAtTheSameCost() throws IOException {
    StringBuilder table = new StringBuilder();
    StringBuilder missed = new StringBuilder();
    for (int start : STARTS) {
      for (Trace trace : Trace.values()) {
        compare(trace, start, table, missed);
      }
    }
    String report = System.getProperty("fairlead.report");
    if (report != null) {
      Files.writeString(
          Path.of(report),
          "| start | trace | rule | lost | of the rule by use | late | node-hours | of the rule by use"
              + " | changes |\n|---|---|---|---|---|---|---|---|---|\n"
              + table);
    }
    System.out.println(table);
    assertThat(missed.toString()).as(table.toString()).isEmpty();
  }

  private static void compare(Trace trace, int start, StringBuilder table, StringBuilder missed) {
    Outcome use = mean(trace, start, () -> ScaleSimulation.byUse(2, MAX, 0.65, trace.first));
    Outcome ours = mean(trace, start, () -> ours(trace, start, 4));
    Outcome learnt = mean(trace, start, () -> ours(trace, start, 0));
    row(table, start + " s", trace.words, "by use, 65 %", use, use);
    row(table, "", "", "Fairlead, 4 in flight", ours, use);
    row(table, "", "", "Fairlead, learnt", learnt, use);
    double most = 0.5 * use.lost();
    if (trace.isJump()) {
      Outcome least =
          mean(trace, start, () -> ScaleSimulation.atOnce(trace.rate, MAX, trace.first));
      lost(table, "all there may be, at once", least, use);
      if (least.lost() > most) { // and it takes a second to see that there is more to do
        most = 1.04 * least.lost();
      }
    }
    String what = trace + " with starts of " + start + " s";
    check(missed, what + ", losses", ours.lost(), most);
    check(missed, what + ", node-hours", ours.nodeHours(), 1.05 * use.nodeHours());
    check(missed, what + ", losses, learnt", learnt.lost(), most);
    check(missed, what + ", node-hours, learnt", learnt.nodeHours(), 1.05 * use.nodeHours());
  }

  private static void check(StringBuilder missed, String what, double is, double bound) {
    if (is > bound + 1e-9) {
      missed.append(what).append(": ").append(is).append(" > ").append(bound).append('\n');
    }
  }

  private static void lost(StringBuilder table, String rule, Outcome one, Outcome use) {
    table.append(
        String.format(
            Locale.ROOT,
            "|  |  | %s | %.3f %% | %.2f |  |  |  |  |%n",
            rule,
            100 * one.lostShare(),
            one.lost() / use.lost()));
  }

  private static void row(
      StringBuilder table, String start, String trace, String rule, Outcome one, Outcome use) {
    table.append(
        String.format(
            Locale.ROOT,
            "| %s | %s | %s | %.3f %% | %.2f | %.3f %% | %.2f | %.2f | %d |%n",
            start,
            trace,
            rule,
            100 * one.lostShare(),
            use.lost() == 0 ? 0 : one.lost() / use.lost(),
            100 * one.late() / one.asked(),
            one.nodeHours(),
            one.nodeHours() / use.nodeHours(),
            one.changes()));
  }
}
