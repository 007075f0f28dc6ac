package io.fairlead.simulate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fairlead.simulate.Outcome.Figures;
import org.junit.jupiter.api.Test;

/**
 * The limit and the budget let simulated requests in as they let real ones in: a small part of what
 * {@code bench/overload} describes.
 */
final class OverloadTest {
  private static Figures run(String keys) {
    return Described.run(
            """
            nodes: { count: 4, cores: 5, discipline: queue }
            service-time: exp:20ms
            timeout: 1s
            balance: least-requests
            """
                + keys)
        .getFirst();
  }

  /** Measured from five seconds after the nodes are well again. */
  private static Figures storm(String guard) {
    return run(
        guard
            + """
            tries: 3
            load: 0.9
            warm-up: 20s
            duration: 30s
            faults: { kind: slow, nodes: 4, from: 5s, lasts: 10s, factor: 2.5 }
            """);
  }

  private static double goodput(Figures seen) {
    return 1 - seen.errors() - seen.timeouts() - seen.homeless() - seen.shed();
  }

  @Test
  void aStormOfRetriesGoesOnUnlessSomebodyIsTurnedAway() {
    assertThat(goodput(storm(""))).isLessThan(0.5);
    assertThat(goodput(storm("limit: true\nretry-budget: 20\n"))).isGreaterThan(0.95);
  }

  @Test
  void aBudgetHoldsRetriesToItsShare() {
    // every request times out: a fifth of 2000 a second, and ten beside
    Figures seen = run("tries: 3\nload: 2\nretry-budget: 20\nduration: 30s\nwarm-up: 15s\n");
    assertThat(seen.timeouts()).isGreaterThan(0.9);
    assertThat(seen.retries()).isCloseTo(0.205, within(0.02));
  }

  @Test
  void halfOfTwiceAsMuchIsTurnedAwayAndTheRestIsServedSoon() {
    Figures seen = run("load: 2\nlimit: true\nduration: 30s\nwarm-up: 10s\n");
    assertThat(seen.shed()).isCloseTo(0.5, within(0.05));
    assertThat(seen.p99()).isLessThan(180); // 125 ms when it was written, 92 ms at load 0.7
  }
}
