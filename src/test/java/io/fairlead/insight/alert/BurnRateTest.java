package io.fairlead.insight.alert;

import static io.fairlead.insight.alert.Scene.SHOP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fairlead.config.AlertCondition.Burn;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Burn rates against values worked out by hand. With 99.9 %, one error in a thousand is allowed: a
 * share of errors s burns at s / 0.001. A fault of share s that began t ago has a rate of s t / (w
 * 0.001) in a window w that is longer than t.
 */
final class BurnRateTest {
  /** The rate in a span is the share of bad requests divided by the share that is allowed. */
  @ParameterizedTest
  @CsvSource({
    "1000, 1, 99.9, 1", "1000, 14, 99.9, 14", "10000, 144, 99.9, 14.4", "100, 6, 99, 6",
    "100, 100, 99, 100", "0, 0, 99, 0", "0, 3, 99, 100", "2000, 1, 99.95, 1"
  })
  void rates(double requests, double errors, double objective, double rate) {
    FakeTraffic traffic = new FakeTraffic();
    traffic.add(SHOP, 0, 1, requests, errors);
    Traffic.Counted counted = traffic.count(SHOP, 0, 1000);
    if (counted == null) {
      throw new AssertionError("nothing is known");
    }
    assertThat(Judge.rate(new Burn(objective / 100, Duration.ZERO), counted))
        .isCloseTo(rate, within(1e-6));
  }

  /**
   * When the alert fires after the fault begins, in seconds, with ten hours of good traffic before.
   *
   * <p>100 %: 14.4 over 1 h needs 0.0144 h = 51.84 s, over 5 min 4.3 s. 10 %: 518.4 s. 2 % (20
   * times): 0.72 h = 2592 s. 1 % (10 times): 14.4 is never reached in an hour; 6 over 6 h after 3.6
   * h = 12960 s. 0.5 % (5 times): never.
   */
  @ParameterizedTest
  @CsvSource({"100, 52", "10, 519", "2, 2592", "1, 12960", "0.5, -1"})
  void firesAfter(double percent, long seconds) {
    Scene scene = new Scene("rules: [ { name: slo, slo: 99.9%, service: shop } ]");
    long fault = 36_000;
    scene.traffic.add(SHOP, 0, fault, 1000, 0);
    scene.traffic.add(SHOP, fault, 2 * fault, 1000, 10 * percent);
    scene.now = (fault - 10) * 1000;
    scene.until(fault + (seconds < 0 ? 30_000 : seconds - 1));
    assertThat(scene.story).isEmpty();
    if (seconds > 0) {
      scene.until(fault + seconds);
      assertThat(scene.story).hasSize(1);
    }
  }

  /** The short span ends the alert soon after the fault: 14.4 of 1000 are left after 295.68 s. */
  @Test
  void isOverSoonAfterTheFault() {
    Scene scene = new Scene("rules: [ { name: slo, slo: 99.9%, service: shop, clear-for: 0s } ]");
    scene.traffic.add(SHOP, 0, 36_000, 1000, 0);
    scene.traffic.add(SHOP, 36_000, 36_600, 1000, 1000);
    scene.traffic.add(SHOP, 36_600, 50_000, 1000, 0);
    scene.now = 35_990_000;
    scene.until(38_600);
    // Ten minutes of nothing but errors are 27.8 times too many for six hours: that goes on for
    // as long as the last half hour has 6 times too many, which is until 10.8 s before its end.
    assertThat(scene.story)
        .containsExactly(
            "600:52 firing: service shop: errors use up what slo 99.9% allows 14.4 times as fast"
                + " as they may over the last 1 h, 173 times over the last 5 min",
            "639:50 resolved: service shop: errors use up what slo 99.9% allows 27.8 times as fast"
                + " as they may over the last 6 h, 6.11 times over the last 30 min");
  }

  @Test
  void slowRequestsCountWhereTheObjectiveSaysSo() {
    Scene scene =
        new Scene("rules: [ { name: slo, slo: { objective: 99%, slower-than: 300ms } } ]");
    scene.traffic.add(SHOP, 0, 7200, 100, 0, 0, 10_000);
    scene.traffic.add(SHOP, 7200, 9000, 100, 0, 0, 900_000);
    scene.now = 7_000_000;
    scene.until(9000);
    // All are slow, 100 times too many. Two hours are kept: 6 times too many in all that there is
    // of six hours are t / (7200 + t) = 6 %, after 460 s.
    assertThat(scene.story).hasSize(1);
    assertThat(scene.story.getFirst())
        .startsWith("127:40 firing: errors use up what slo 99% within 300ms allows 6.01 times");
  }

  @Test
  void triedOnThePastItSaysTheSame() {
    Scene scene = new Scene("rules: [ { name: slo, slo: 99.9%, service: shop, clear-for: 0s } ]");
    scene.traffic.add(SHOP, 0, 36_000, 1000, 0);
    scene.traffic.add(SHOP, 36_000, 36_600, 1000, 1000);
    scene.traffic.add(SHOP, 36_600, 50_000, 1000, 0);
    BackTest.Outcome outcome =
        BackTest.run(scene.engine.rules().getFirst(), scene.traffic, 30_000_000L, 50_000_000L);
    assertThat(outcome.step()).isEqualTo(10_000);
    List<BackTest.Firing> firings = outcome.firings();
    assertThat(firings).hasSize(1);
    assertThat(firings.getFirst().from()).isEqualTo(36_060_000); // looks every 10 s
    assertThat(firings.getFirst().to()).isEqualTo(38_390_000);
  }
}
