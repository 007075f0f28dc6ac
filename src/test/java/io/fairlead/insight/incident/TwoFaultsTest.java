package io.fairlead.insight.incident;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** More than one thing at a time, what ends, and what comes again. */
@Tag("computing")
class TwoFaultsTest {
  private static final int CALM = 120;

  private static Bazaar calm() {
    Bazaar bazaar = new Bazaar(7, 1000);
    go(bazaar, CALM);
    assertThat(bazaar.incidents()).isEmpty();
    return bazaar;
  }

  private static void go(Bazaar bazaar, int seconds) {
    for (int i = 0; i < seconds; i++) {
      bazaar.second();
    }
  }

  private static List<Map<String, String>> causes(Bazaar bazaar) {
    return bazaar.incidents().stream().map(each -> each.causes().getFirst().fields()).toList();
  }

  @Test
  void aSecondFaultIsFoundBesideTheFirst() {
    Bazaar bazaar = calm();
    bazaar.slowNode = 4;
    go(bazaar, 20);
    bazaar.badListener = true;
    go(bazaar, 20);
    assertThat(causes(bazaar))
        .containsExactlyInAnyOrder(Map.of("node", "n4"), Map.of("listener", "secure"));
    assertThat(bazaar.incidents()).extracting(Incident::kind).contains("slow", "errors");
  }

  @Test
  void aFaultDuringARampIsFound() {
    Bazaar bazaar = calm();
    for (int i = 0; i < 60; i++) {
      bazaar.more = 1 + i / 30.0;
      bazaar.slowNode = i >= 30 ? 4 : -1;
      bazaar.second();
    }
    assertThat(causes(bazaar)).containsExactly(Map.of("node", "n4"));
  }

  @Test
  void anIncidentEndsAndGoesOnIfTheSameComesAgain() {
    Bazaar bazaar = calm();
    bazaar.slowNode = 4;
    go(bazaar, 20);
    bazaar.slowNode = -1;
    go(bazaar, 60);
    Incident over = bazaar.incidents().getFirst();
    assertThat(over.open()).isFalse();
    assertThat(over.since()).isBetween(at(CALM - 2), at(CALM + 2));
    assertThat(over.until()).isBetween(at(CALM + 18), at(CALM + 25));
    bazaar.slowNode = 4;
    go(bazaar, 10);
    assertThat(bazaar.incidents()).hasSizeBetween(1, 2).anyMatch(Incident::open);
  }

  private static long at(int second) {
    return Bazaar.START + second * 1000L;
  }

  /** Hours of what is bad do not become what is usual. */
  @Test
  void whatIsBadStaysSo() {
    Bazaar bazaar = new Bazaar(7, 200);
    go(bazaar, CALM);
    bazaar.slowNode = 4;
    go(bazaar, 3600);
    assertThat(bazaar.incidents())
        .singleElement()
        .satisfies(each -> {
          assertThat(each.open()).isTrue();
          assertThat(each.baseline()).isLessThan(0.02);
          assertThat(each.since()).isLessThan(at(CALM + 10));
        });
  }

  /** Nothing is known where the clock has jumped, and nothing is made up. */
  @Test
  void aJumpOfTheClockIsNoIncident() {
    Bazaar bazaar = calm();
    bazaar.second += 3600;
    go(bazaar, 60);
    assertThat(bazaar.incidents()).isEmpty();
    bazaar.second -= 7200;
    go(bazaar, 60);
    assertThat(bazaar.incidents()).isEmpty();
  }

  @Test
  void trafficThatStopsIsToldAndItsEndToo() {
    Bazaar bazaar = new Bazaar(7, 200);
    go(bazaar, 200);
    bazaar.more = 0;
    go(bazaar, 30);
    assertThat(bazaar.incidents())
        .singleElement()
        .satisfies(each -> assertThat(each.text()).startsWith("There are hardly any requests"));
    bazaar.more = 1;
    go(bazaar, 40);
    assertThat(bazaar.incidents()).singleElement().matches(each -> !each.open());
  }
}
