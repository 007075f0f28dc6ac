package io.fairlead.insight.incident;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Nodes that are ejected for what they have in common, in simulated traffic. */
@Tag("computing")
class EjectedTogetherTest {
  private final Bazaar bazaar = new Bazaar(3, 2000);
  private long ids;

  private void pass(int seconds) {
    for (int i = 0; i < seconds; i++) {
      bazaar.second();
    }
  }

  private void eject(String node) {
    bazaar.watch.hear(
        new EventLog.Entry(
            ++ids,
            bazaar.now(),
            new Event.NodeEjected("shop", node, 10, "errors 40 % of 20 in 5 s, others 0 %")));
  }

  /** Before the requests have told it, or after. */
  @ParameterizedTest
  @ValueSource(ints = {1, 10})
  void nodesOfABadVersionAreOneIncident(int secondsUntilEjected) {
    pass(125);
    bazaar.badVersionRoute = 6;
    pass(secondsUntilEjected);
    eject("n10");
    eject("n11");
    pass(10);
    assertThat(bazaar.incidents())
        .singleElement()
        .satisfies(incident -> {
          assertThat(incident.kind()).isEqualTo("errors");
          assertThat(incident.causes().getFirst().fields())
              .isEqualTo(Map.of("route", "web/6", "version", "2"));
          assertThat(incident.text()).contains("errors 40 % of 20 in 5 s");
        });
  }

  /** Before the requests have told it, or after. */
  @ParameterizedTest
  @ValueSource(ints = {1, 10})
  void whatAServiceIsShortOfAndWhatItsRequestsShowIsOneIncident(int secondsUntilTold) {
    pass(125);
    bazaar.retryStorm = true;
    pass(secondsUntilTold);
    bazaar.watch.hear(
        new EventLog.Entry(++ids, bazaar.now(), new Event.Overloaded("pay", "queue-full")));
    pass(15);
    assertThat(bazaar.incidents())
        .singleElement()
        .satisfies(incident -> {
          assertThat(incident.causes().getFirst().fields()).isEqualTo(Map.of("service", "pay"));
          assertThat(incident.text()).contains("more to do than it can");
        });
  }

  @Test
  void aNodeThatIsEjectedForSomethingElseIsAnotherOne() {
    pass(125);
    bazaar.badVersionRoute = 6;
    pass(10);
    eject("n3");
    pass(5);
    assertThat(bazaar.incidents()).hasSize(2);
  }
}
