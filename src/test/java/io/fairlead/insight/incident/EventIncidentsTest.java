package io.fairlead.insight.incident;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What events alone say to be wrong, in stories with a clock turned by hand. */
class EventIncidentsTest {
  private static final long START = 1_800_000_000_000L; // 08:00:00 UTC

  private final List<String> told = new ArrayList<>();
  private final IncidentWatch watch =
      new IncidentWatch((_, _) -> null, event -> told.add(event.getClass().getSimpleName()));
  private long ids;

  private void at(int second, Event... events) {
    for (Event event : events) {
      watch.hear(new EventLog.Entry(++ids, START + second * 1000L, event));
    }
    watch.caughtUp(START + second * 1000L);
  }

  private List<String> incidents() {
    return watch.incidents().stream()
        .map(each -> state(each) + each.kind() + ": " + each.text())
        .toList();
  }

  private static String state(Incident incident) {
    Long until = incident.until();
    return until == null ? "open " : "over after " + (until - incident.since()) / 1000 + " s ";
  }

  @Test
  void aNodeThatIsDownIsAnIncidentUntilItIsUp() {
    at(0, new Event.ConfigApplied(7, "file", List.of("services.shop")));
    at(4, new Event.NodeDown("shop", "b", "refused"));
    assertThat(incidents())
        .containsExactly(
            "open node-down: Node b of shop is down: refused. Since 08:00:04 UTC. It began 4 s after"
                + " configuration 7 was applied.");
    at(30, new Event.NodeUp("shop", "b", "answered"));
    assertThat(incidents()).singleElement().asString().startsWith("over after 26 s node-down");
    assertThat(told).containsExactly("IncidentOpened", "IncidentOver");
  }

  @Test
  void linesThatWereNeverLoggedBeforeAreAnIncidentUntilTheyStop() {
    String what =
        "Node b of shop logs a line that shop never logged before, 120 times in 10 s: \"x\"";
    at(4, new Event.LogPattern("shop", "b", "1f", true, what));
    at(5, new Event.LogPattern("shop", "", "2e", false, "Nodes a and b of shop log 30 times"));
    assertThat(incidents())
        .containsExactly(
            "open log-pattern: Nodes a and b of shop log 30 times. Since 08:00:05 UTC.",
            "open log-pattern: " + what + ". Since 08:00:04 UTC.");
    assertThat(watch.incidents().getLast().causes())
        .singleElement()
        .satisfies(cause -> assertThat(cause.fields()).containsEntry("node", "b"));
    at(60, new Event.LogPatternOver("shop", "1f", "x"));
    at(
        61,
        new Event.LogPatternOver("shop", "2e", "x"),
        new Event.LogPatternOver("shop", "3d", "x"));
    assertThat(incidents()).allMatch(each -> each.startsWith("over after 56 s log-pattern"));
    assertThat(told)
        .containsExactly("IncidentOpened", "IncidentOpened", "IncidentOver", "IncidentOver");
  }

  @Test
  void aNodeThatIsEjectedIsAnIncidentUntilItHasItsWholeShareAgain() {
    at(4, new Event.NodeEjected("shop", "b", 10_000, "errors 7.1 % of 70 in 25 s, others 0 %"));
    assertThat(incidents())
        .containsExactly(
            "open node-ejected: Node b of shop gets no requests for the time being: errors 7.1 % of"
                + " 70 in 25 s, others 0 %. Since 08:00:04 UTC.");
    at(20, new Event.NodeEjected("shop", "b", 20_000, "errors 9 % of 20 in 25 s, others 0 %"));
    assertThat(incidents()).singleElement().asString().contains("errors 9 %");
    at(60, new Event.NodeReinstated("shop", "b"));
    assertThat(incidents()).singleElement().asString().startsWith("over after 56 s node-ejected");
  }

  @Test
  void aNodeThatIsEjectedAndThenDownIsOneIncident() {
    at(4, new Event.NodeEjected("shop", "b", 10_000, "errors 7 %"));
    at(6, new Event.NodeDown("shop", "b", "refused"));
    assertThat(incidents())
        .singleElement()
        .asString()
        .startsWith("open node-down: Node b of shop is down: refused.");
    at(9, new Event.NodeReinstated("shop", "b"));
    assertThat(incidents()).singleElement().asString().startsWith("open node-down");
    at(30, new Event.NodeUp("shop", "b", "answered"));
    assertThat(incidents()).singleElement().asString().startsWith("over after");
  }

  @Test
  void aNodeThatSomebodyDrainsMayGoDown() {
    at(0, new Event.NodeDraining("shop", "b", "ops"));
    at(4, new Event.NodeDown("shop", "b", "refused"));
    assertThat(incidents()).isEmpty();
    // Once it is back, it counts again.
    at(8, new Event.NodeUp("shop", "b", "answered"), new Event.NodeUndrained("shop", "b", "ops"));
    at(9, new Event.NodeDown("shop", "b", "refused"));
    assertThat(incidents()).hasSize(1);
  }

  @Test
  void aNodeThatGoesUpAndDownFlaps() {
    for (int second = 0; second < 60; second += 20) {
      at(second, new Event.NodeDown("shop", "b", "503"));
      at(second + 10, new Event.NodeUp("shop", "b", "answered"));
    }
    assertThat(incidents())
        .singleElement()
        .asString()
        .startsWith(
            "open flapping: Node b of shop flaps: it went down 3 times within 5 min, the last time"
                + " because 503. Since 08:00:00 UTC.");
    at(120);
    assertThat(incidents()).noneMatch(each -> each.startsWith("open"));
  }

  @Test
  void whatAServiceIsShortOfIsToldOnceForEachService() {
    at(0, new Event.Overloaded("shop", "queue-full"), new Event.RetriesStopped("pay", 30));
    assertThat(incidents()).hasSize(2);
    at(5, new Event.Overloaded("shop", "queue-full"));
    assertThat(incidents()).hasSize(2);
    assertThat(watch.incidents())
        .allSatisfy(each -> assertThat(each.causes().getFirst().fields()).containsKey("service"));
    at(8, new Event.OverloadOver("shop", 3));
    assertThat(incidents()).filteredOn(each -> each.startsWith("open")).hasSize(1);
  }

  @Test
  void whatAnotherEventEndsIsOver() {
    at(
        0,
        new Event.ConfigRefused("file", List.of("a: wrong", "b: wrong")),
        new Event.RecordsStopped("No space left on device"),
        new Event.Overloaded("shop", "queue"),
        new Event.UnderPressure("memory", "less"),
        new Event.CertificateExpires("web", "shop.pem", "shop.example", 5));
    assertThat(incidents()).hasSize(5).allMatch(each -> each.startsWith("open"));
    assertThat(incidents())
        .contains(
            "open config-refused: The configuration from file was refused and the one before is"
                + " still in force: a: wrong (and 1 more). Since 08:00:00 UTC.",
            "open certificate: The certificate of listener web for shop.example expires in 5 days"
                + " (shop.pem). Since 08:00:00 UTC.");
    at(
        10,
        new Event.ConfigApplied(2, "file", List.of()),
        new Event.RecordsResumed(0),
        new Event.OverloadOver("shop", 7),
        new Event.PressureOver(),
        new Event.CertificateLoaded("web", "shop.pem", "shop.example"));
    assertThat(incidents()).hasSize(5).allMatch(each -> each.startsWith("over after 10 s"));
  }

  @Test
  void recordsThatAreDroppedAreToldWhileTheyAre() {
    at(0);
    watch.dropped(5);
    at(1);
    assertThat(incidents())
        .singleElement()
        .asString()
        .startsWith("open records-dropped: 5 records");
    at(62);
    assertThat(incidents()).singleElement().asString().startsWith("over");
  }

  @Test
  void incidentsOfAnEarlierProcessAreOver() {
    at(0, new Event.NodeDown("shop", "b", "refused"));
    List<Incident> left = watch.incidents();
    IncidentWatch next = new IncidentWatch((_, _) -> null, _ -> {});
    next.caughtUp(START + 60_000);
    next.restore(left);
    assertThat(next.incidents())
        .singleElement()
        .satisfies(each -> {
          assertThat(each.open()).isFalse();
          assertThat(each.until()).isEqualTo(START + 60_000);
        });
  }
}
