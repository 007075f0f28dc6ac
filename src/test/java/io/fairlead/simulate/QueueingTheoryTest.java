package io.fairlead.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.SimulatedPolicy;
import io.fairlead.config.SimulationConfig;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * One node under Poisson arrivals is a queue whose mean time in the system is known. Ten runs with
 * chances of their own give ten independent means; their spread says how far their mean may lie
 * from the truth: beyond six of its standard errors with a probability of 2 in 10,000 (Student's t
 * with 9 degrees of freedom). And lest that be true of anything, one standard error has to be below
 * 1.5 %.
 */
@Tag("computing")
final class QueueingTheoryTest {
  private static final int RUNS = 10;

  @ParameterizedTest
  @CsvSource({
    // cores, discipline, service time of 10 ms on average, load, mean in ms
    "1, queue, exp:10ms, 0.5, 20", // M/M/1: s/(1-ρ)
    "1, queue, exp:10ms, 0.8, 50",
    "1, shared, exp:10ms, 0.8, 50", // M/G/1-PS: the same, whatever the distribution
    "1, shared, 10ms, 0.8, 50",
    "1, shared, bimodal:5ms:55ms:10%, 0.8, 50",
    "1, queue, 10ms, 0.8, 30", // M/D/1: s + sρ/2(1-ρ)
    "1, queue, bimodal:5ms:55ms:10%, 0.5, 26.25", // M/G/1: s + λE[S²]/2(1-ρ), E[S²] = 325 ms²
    "4, queue, exp:10ms, 0.8, 17.455", // M/M/4: s + s C/4(1-ρ), Erlang's C(4, 3.2) = 0.5964
    "4, shared, exp:10ms, 0.8, 17.455", // as many leave at each moment as above
  })
  void theMeanIsWhatTheorySays(
      int cores, String discipline, String time, double load, double expected) {
    SimulationConfig config =
        Described.config(
            "nodes: { count: 1, cores: %d, discipline: %s }\n".formatted(cores, discipline)
                + "service-time: \"%s\"\nload: %s\ntimeout: 10m\n".formatted(time, load)
                + "duration: %ds\nwarm-up: 20s\nbalance: random\n".formatted(1500 / cores));
    SimulatedPolicy policy = config.policies().getFirst();
    double sum = 0;
    double squares = 0;
    for (int seed = 1; seed <= RUNS; seed++) {
      double mean =
          Engine.run(config, new Case(policy, 1, load, true, true, seed)).latencies.meanMillis();
      sum += mean;
      squares += mean * mean;
    }
    double mean = sum / RUNS;
    double error = Math.sqrt((squares / RUNS - mean * mean) / (RUNS - 1));
    assertThat(error / expected).as("standard error").isLessThan(0.015);
    assertThat(Math.abs(mean - expected) / error)
        .as("%.3f ± %.3f ms, not %.3f ms", mean, error, expected)
        .isLessThan(6);
  }
}
