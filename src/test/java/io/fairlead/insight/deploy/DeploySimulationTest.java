package io.fairlead.insight.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.insight.deploy.DeploySimulation.Flaw;
import io.fairlead.insight.deploy.DeploySimulation.Outcome;
import io.fairlead.insight.deploy.DeploySimulation.Traffic;
import io.fairlead.insight.deploy.Rollout.Phase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/**
 * Good versions complete, bad ones are found before one request in a hundred was affected. {@code
 * -Dfairlead.report=FILE} plays many more and writes the table.
 */
class DeploySimulationTest {
  private static final String REPORT = System.getProperty("fairlead.report", "");
  private static final int RUNS = REPORT.isEmpty() ? 2 : 100;
  private static final double[] RATES =
      REPORT.isEmpty() ? new double[] {20, 200} : new double[] {20, 100, 1000};

  /** A version, the traffic and what has to become of it. */
  private record Case(String words, Traffic traffic, Flaw flaw, boolean isBad) {}

  private static final List<Case> CASES =
      List.of(
          new Case("good, one route", Traffic.ONE, Flaw.NONE, false),
          new Case("good, wide spread", Traffic.WIDE, Flaw.NONE, false),
          new Case("good, three routes", Traffic.SHOP, Flaw.NONE, false),
          new Case("good, 3 % errors before", Traffic.FAILING, Flaw.NONE, false),
          new Case("good, a tenth slower", Traffic.SHOP, new Flaw(-1, 0, 1.1), false),
          new Case("5xx on a route of 1 %", Traffic.SHOP, new Flaw(2, 1, 1), true),
          new Case("5xx on a route of 5 %", Traffic.SHOP, new Flaw(1, 1, 1), true),
          new Case("5xx on a route of 94 %", Traffic.SHOP, new Flaw(0, 1, 1), true),
          new Case("5xx on everything", Traffic.ONE, new Flaw(-1, 1, 1), true),
          new Case("one in ten fails", Traffic.ONE, new Flaw(-1, 0.1, 1), true),
          new Case("one in ten fails, 3 % before", Traffic.FAILING, new Flaw(-1, 0.1, 1), true),
          new Case("2 × slower, spread 0.5", Traffic.ONE, new Flaw(-1, 0, 2), true),
          new Case("2 × slower, spread 0.7", Traffic.SHOP, new Flaw(-1, 0, 2), true),
          new Case("2 × slower, spread 1.0", Traffic.WIDE, new Flaw(-1, 0, 2), true),
          new Case("2 × slower on a route of 5 %", Traffic.SHOP, new Flaw(1, 0, 2), true));

  @Test
  void goodOnesCompleteAndBadOnesAreFoundInTime() throws IOException {
    StringBuilder table = new StringBuilder();
    for (Case one : CASES) {
      for (double rate : RATES) {
        Outcome[] outcomes = new Outcome[RUNS];
        for (int i = 0; i < RUNS; i++) {
          outcomes[i] =
              DeploySimulation.run(
                  one.traffic(), rate, one.flaw(), i % 2 == 1, 1000L * i + (long) rate);
        }
        long back = Arrays.stream(outcomes).filter(o -> o.phase() == Phase.ROLLED_BACK).count();
        double[] shares = Arrays.stream(outcomes).mapToDouble(Outcome::share).sorted().toArray();
        double[] seconds = Arrays.stream(outcomes).mapToDouble(Outcome::seconds).sorted().toArray();
        String line =
            String.format(
                Locale.ROOT,
                "| %s | %.0f | %d of %d | %s | %s | %.0f | %.0f |%n",
                one.words(),
                rate,
                back,
                RUNS,
                one.isBad() ? String.format(Locale.ROOT, "%.2f %%", 100 * at(shares, 0.5)) : "",
                one.isBad() ? String.format(Locale.ROOT, "%.2f %%", 100 * at(shares, 0.99)) : "",
                at(seconds, 0.5),
                at(seconds, 0.99));
        table.append(line);
        if (one.isBad()) {
          assertThat(at(shares, 0.99)).as(line).isLessThan(0.01);
          assertThat(back).as(line).isEqualTo(RUNS);
        } else {
          assertThat(back).as(line).isLessThanOrEqualTo(REPORT.isEmpty() ? 0 : 1);
        }
      }
    }
    if (!REPORT.isEmpty()) {
      Files.writeString(Path.of(REPORT), table);
    }
  }

  private static double at(double[] sorted, double part) {
    return sorted[Math.min(sorted.length - 1, (int) Math.ceil(part * sorted.length))];
  }
}
