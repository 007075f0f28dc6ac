package io.fairlead.insight.incident;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.HandshakeFailure;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is said when clients do not get through the handshake, with a clock turned by hand. */
class HandshakesTest {
  private static final long START = 1_800_000_000_000L; // 08:00:00 UTC

  private final Incidents incidents = new Incidents(_ -> {});
  private final Handshakes handshakes = new Handshakes(incidents);
  private final Map<HandshakeFailure, Long> failed = new EnumMap<>(HandshakeFailure.class);
  private long done;
  private long now = START;

  /** So many seconds, with so many handshakes that end well and so many that do not in each. */
  private void pass(int seconds, int well, int not, HandshakeFailure reason) {
    for (int i = 0; i < seconds; i++) {
      done += well;
      failed.merge(reason, (long) not, Long::sum);
      handshakes.tell("secure", done, failed);
      now += 1000;
      incidents.now(now);
      handshakes.look(now);
      incidents.endWhatLasts();
    }
  }

  private List<String> told() {
    return incidents.list().stream()
        .map(each -> (each.open() ? "open " : "over ") + each.kind() + ": " + each.text())
        .toList();
  }

  @Test
  void clientsThatTrustTheCertificateNoMoreAreToldWithinSeconds() {
    pass(60, 6, 0, HandshakeFailure.CLIENT_ALERT);
    pass(3, 0, 6, HandshakeFailure.CLIENT_ALERT);
    assertThat(told())
        .singleElement()
        .asString()
        .startsWith("open handshakes: ")
        .contains("of TLS handshakes at listener secure fail (usually 1.0 %)")
        .contains("do not trust the certificate");
    assertThat(incidents.list().getFirst().causes().getFirst().fields())
        .isEqualTo(Map.of("listener", "secure"));
    assertThat(handshakes.areTold("secure")).isTrue();
    pass(30, 6, 0, HandshakeFailure.CLIENT_ALERT);
    assertThat(told()).singleElement().asString().startsWith("over handshakes");
  }

  @Test
  void whatAlwaysFailsIsUsual() {
    pass(900, 4, 2, HandshakeFailure.VERSION);
    assertThat(told()).isEmpty();
    pass(300, 40, 1, HandshakeFailure.VERSION);
    assertThat(told()).isEmpty();
  }

  @Test
  void whoKnocksWithoutMeaningItIsNoIncident() {
    pass(60, 6, 0, HandshakeFailure.NOT_TLS);
    pass(60, 6, 60, HandshakeFailure.NOT_TLS);
    pass(60, 6, 60, HandshakeFailure.CLIENT_GONE);
    assertThat(told()).isEmpty();
  }

  @Test
  void oneClientThatFailsNowAndThenIsNoIncident() {
    for (int i = 0; i < 60; i++) {
      pass(9, 6, 0, HandshakeFailure.CLIENT_ALERT);
      pass(1, 6, 2, HandshakeFailure.CLIENT_ALERT);
    }
    assertThat(told()).isEmpty();
  }
}
