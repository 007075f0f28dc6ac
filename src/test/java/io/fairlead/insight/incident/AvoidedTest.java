package io.fairlead.insight.incident;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A node that the balancer sends hardly anything, in simulated traffic. */
@Tag("computing")
class AvoidedTest {
  private static Bazaar calm(double rate) {
    Bazaar bazaar = new Bazaar(7, rate);
    pass(bazaar, 125);
    return bazaar;
  }

  private static void pass(Bazaar bazaar, int seconds) {
    for (int i = 0; i < seconds; i++) {
      bazaar.second();
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {50, 200, 1000})
  void aNodeThatIsSlowAndGetsHardlyAnythingIsTold(double rate) {
    Bazaar bazaar = calm(rate);
    bazaar.slowNode = 5;
    bazaar.avoidedNode = 5;
    bazaar.avoidedShare = 2 / rate; // some ten requests a minute
    pass(bazaar, 90);
    List<Incident> told = bazaar.incidents();
    assertThat(told)
        .singleElement()
        .satisfies(incident -> {
          assertThat(incident.open()).isTrue();
          assertThat(incident.causes().getFirst().fields()).isEqualTo(Map.of("node", "n5"));
          assertThat(incident.text()).contains("of what it usually does", "are slow");
        });
    bazaar.slowNode = -1;
    bazaar.avoidedNode = -1;
    pass(bazaar, 60);
    assertThat(bazaar.incidents()).singleElement().matches(incident -> !incident.open());
  }

  @ParameterizedTest
  @ValueSource(doubles = {50, 200, 1000})
  void aNodeThatIsWellAndGetsHardlyAnythingIsNone(double rate) {
    Bazaar bazaar = calm(rate);
    bazaar.avoidedNode = 5;
    bazaar.avoidedShare = 2 / rate;
    pass(bazaar, 300);
    assertThat(bazaar.incidents()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(doubles = {200, 1000})
  void whatWasToldAndIsOverIsNotToldAgainWhileTheBalancerIsCareful(double rate) {
    Bazaar bazaar = calm(rate);
    bazaar.slowNode = 5;
    pass(bazaar, 25);
    assertThat(bazaar.incidents()).singleElement().matches(Incident::open);
    bazaar.slowNode = -1;
    bazaar.avoidedNode = 5;
    bazaar.avoidedShare = 2 / rate;
    pass(bazaar, 90);
    assertThat(bazaar.incidents()).singleElement().matches(incident -> !incident.open());
  }
}
