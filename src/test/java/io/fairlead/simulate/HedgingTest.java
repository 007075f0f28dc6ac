package io.fairlead.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.simulate.Outcome.Figures;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Simulated requests are hedged as real ones: a small part of {@code bench/balance/e15-*}. */
@Tag("computing")
final class HedgingTest {
  private static final String LATE = "faults: { kind: delay, nodes: 100%, share: 1%, by: 1s }\n";

  private static Figures run(String keys) {
    return Described.run(
            """
            nodes: { count: 8, cores: 4 }
            service-time: exp:10ms
            timeout: 5s
            warm-up: 15s
            duration: 45s
            balance: least-requests
            """
                + keys)
        .getFirst();
  }

  /**
   * One in a hundred is late, so at most one in a hundred of those hedged is late twice: 0.01 %.
   * What remains at 99.9 % is the time until a second node is asked and its answer.
   */
  @ParameterizedTest
  @CsvSource({"p95, 3", "p95, 5", "p50, 2", "p97, 100", "40ms, 3"})
  void whatIsLateIsAnsweredByAnotherNode(String after, int budget) {
    Figures seen =
        run("load: 0.5\nhedge: { after: " + after + ", budget: " + budget + "% }\n" + LATE);
    assertThat(seen.p999()).isLessThan(200); // 75 to 90 ms; 1025 ms without hedges
    assertThat(seen.hedges()).isBetween(0.01, Math.min(0.05, budget / 100.0));
  }

  @Test
  void withoutHedgesItIsWaitedFor() {
    Figures seen = run("load: 0.5\n" + LATE);
    assertThat(seen.p999()).isGreaterThan(1000);
    assertThat(seen.hedges()).isZero();
  }

  /** 1 - 0.99^20 of them, 18 %, wait for one that is late; hedged, 1 - 0.9999^20, 0.2 %. */
  @Test
  void aClientThatSendsManyWaitsForTheSlowest() {
    String twenty = "load: 0.3\nfan-out: 20\n" + LATE;
    assertThat(run(twenty).p50()).isLessThan(200);
    assertThat(run(twenty).p90()).isGreaterThan(1000);
    assertThat(run(twenty + "hedge: { after: p95, budget: 3% }\n").p99()).isLessThan(200);
  }

  @Test
  void aNodeThatIsAskedInVainIsWaitedForOnlyOnce() {
    // a silent node is left by what goes to it, and nothing is tried again
    Figures seen =
        run(
            """
            load: 0.5
            hedge: { after: p95, budget: 10% }
            faults: { kind: silent, nodes: 1, share: 10% }
            """);
    assertThat(seen.timeouts()).isZero();
  }

  @Test
  void nothingIsHedgedWhileOthersAreTurnedAway() {
    Figures seen = run("load: 2\nlimit: true\nhedge: { after: p95, budget: 3% }\n" + LATE);
    assertThat(seen.shed()).isGreaterThan(0.4);
    assertThat(seen.hedges()).isZero();
  }
}
