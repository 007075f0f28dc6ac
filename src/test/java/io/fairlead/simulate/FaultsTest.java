package io.fairlead.simulate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fairlead.simulate.Outcome.Figures;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Each fault does what is said of it. Four nodes taken in turn, so that one of them gets a quarter;
 * so little load that requests do not meet. Shares are of some 10,000 requests: six standard
 * deviations are 2.6 % at most.
 */
final class FaultsTest {
  private static final double SIX_SIGMA = 0.026;

  /** Answers take 11 ms: 10 ms of work and half a millisecond each way. */
  private static Figures faults(String faults, String more) {
    return Described.run(
            """
            nodes: { count: 4, cores: 64 }
            service-time: 10ms
            network: 0.5ms
            timeout: 1s
            load: 0.039
            duration: 12s
            warm-up: 1s
            balance: round-robin
            """
                + more
                + "faults: "
                + faults)
        .getFirst();
  }

  private static Figures faults(String faults) {
    return faults(faults, "");
  }

  @Test
  void aSlowNodeTakesSoManyTimesLonger() {
    Figures seen = faults("{ kind: slow, factor: 3 }");
    assertThat(seen.p50()).isCloseTo(11, within(0.1));
    assertThat(seen.p90()).isCloseTo(31, within(0.2));
    assertThat(seen.faulty()).isCloseTo(0.25, within(SIX_SIGMA));
  }

  @Test
  void slownessThatDecaysIsGoneAtTheEnd() {
    Figures seen = faults("{ kind: slow, nodes: 4, factor: 9, decay: 500ms }");
    assertThat(seen.p999()).isCloseTo(11, within(0.1));
  }

  @Test
  void someAnswersAreErrors() {
    Figures all = faults("{ kind: errors, work: 1ms }");
    assertThat(all.errors()).isCloseTo(0.25, within(SIX_SIGMA));
    Figures half = faults("{ kind: errors, share: 50% }");
    assertThat(half.errors()).isCloseTo(0.125, within(SIX_SIGMA));
  }

  @Test
  void errorsOfOneClientAreOnlyHis() {
    Figures seen = faults("{ kind: errors, nodes: 4, clients: 1 }", "clients: 10\n");
    assertThat(seen.errors()).isCloseTo(0.1, within(SIX_SIGMA));
  }

  @Test
  void errorsOfOneRouteAreOnlyThere() {
    Figures seen =
        Described.run(
                """
                nodes: { count: 4, cores: 64 }
                routes:
                  list: { share: 80%, service-time: 10ms }
                  find: { share: 20%, service-time: 10ms }
                load: 0.039
                duration: 12s
                warm-up: 1s
                balance: round-robin
                faults: { kind: errors, nodes: 4, route: find }
                """)
            .getFirst();
    assertThat(seen.errors()).isCloseTo(0.2, within(SIX_SIGMA));
  }

  @Test
  void whatOneInstanceSuffersTheOtherDoesNot() {
    Figures seen = faults("{ kind: errors, nodes: 4, instances: 1 }", "instances: 2\n");
    assertThat(seen.errors()).isCloseTo(0.5, within(SIX_SIGMA));
  }

  @Test
  void aSilentNodeIsOnlyNoticedByTimeOuts() {
    Figures seen = faults("{ kind: silent }");
    assertThat(seen.timeouts()).isCloseTo(0.25, within(SIX_SIGMA));
    assertThat(seen.p999()).isCloseTo(1000, within(4.0));
  }

  @Test
  void anotherTryGoesToAnotherNode() {
    Figures seen = faults("{ kind: silent }", "tries: 2\n");
    assertThat(seen.timeouts()).isZero();
    assertThat(seen.p999()).isCloseTo(1011, within(4.0));
  }

  @Test
  void aPausedNodeGoesOnWhereItStood() {
    // half of the time it stands still; then those that came meanwhile share its cores for a while
    Figures seen = faults("{ kind: pause, lasts: 500ms, every: 1s }");
    assertThat(seen.timeouts()).isZero();
    assertThat(seen.p999()).isBetween(490.0, 530.0);
    assertThat(seen.faulty()).isCloseTo(0.125, within(SIX_SIGMA));
  }

  @Test
  void delayedAnswersComeLater() {
    Figures seen = faults("{ kind: delay, nodes: 4, share: 50%, by: 200ms }");
    assertThat(seen.p99()).isCloseTo(211, within(1.0));
    assertThat(seen.mean()).isCloseTo(111, within(200 * SIX_SIGMA));
  }

  @Test
  void oneThatJoinsGetsNothingBefore() {
    Figures never = faults("{ kind: join, from: 1h }");
    assertThat(never.named()).isZero();
    Figures soon = faults("{ kind: join, from: 500ms }");
    assertThat(soon.named()).isCloseTo(0.25, within(SIX_SIGMA));
  }

  @Test
  void whatMovesIsElsewhereLater() {
    Figures seen = faults("{ kind: errors, move: 100ms }");
    assertThat(seen.faulty()).isCloseTo(0.25, within(SIX_SIGMA));
    assertThat(seen.errors()).isCloseTo(0.25, within(SIX_SIGMA));
  }

  @Test
  void aFullNodeRefuses() {
    // M/D/1/1+1: at twice its capacity a node with one place to wait refuses about half
    List<Figures> seen =
        Described.run(
            """
            nodes: { count: 1, discipline: queue, queue: 1 }
            service-time: 10ms
            load: 2
            duration: 60s
            balance: random
            """);
    assertThat(seen.getFirst().errors()).isBetween(0.5, 0.6);
  }

  @Test
  void whereAllHaveYetToComeThereIsNoNode() {
    Figures seen = faults("{ kind: join, nodes: 4, from: 1h }");
    assertThat(seen.homeless()).isEqualTo(1);
  }
}
