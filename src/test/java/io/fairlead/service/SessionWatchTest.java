package io.fairlead.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HostPort;
import io.fairlead.runtime.ManualScheduler;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.NodeCounter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who is still expected at a node, told with a clock turned by hand. */
final class SessionWatchTest {
  private static final Duration IDLE = Duration.ofMinutes(5);
  private static final Duration PATIENCE = Duration.ofHours(1);

  private final ManualScheduler time = new ManualScheduler();
  private final Service service =
      new Service("shop", 2, new EventLog(time::epochMillis), time::epochMillis);
  private final SessionWatch watch = new SessionWatch(service, time);
  private final List<String> story = new ArrayList<>();
  private Node node;

  @BeforeEach
  void start() {
    service.setMembers(List.of(new NodeSpec(HostPort.parse("10.0.0.1:80"), "a", 1, "", "file")));
    node = service.nodes().all()[0];
    boolean _ = watch.look(IDLE, PATIENCE);
    time.schedule(SessionWatch.PERIOD, this::look);
  }

  private void look() {
    boolean _ = watch.look(IDLE, PATIENCE);
    NodeSessions now = node.sessions();
    String words =
        (node.facts().draining() ? "draining, " : "")
            + (now.over() ? "over" : now.quiet() ? "quiet" : "sessions");
    if (story.isEmpty() || !story.getLast().endsWith(" " + words)) {
      long s = time.epochMillis() / 1000;
      story.add(String.format("%d:%02d:%02d %s", s / 3600, s / 60 % 60, s % 60, words));
    }
    time.schedule(SessionWatch.PERIOD, this::look);
  }

  private void requests(int count) {
    node.counters().add(count % 2, NodeCounter.OF_SESSIONS, count);
  }

  @Test
  void aNodeIsQuietWhenNobodyHasBeenThereForAWhile() {
    time.advance(Duration.ofSeconds(100));
    requests(1);
    time.advance(Duration.ofMinutes(10));
    requests(1);
    time.advance(Duration.ofSeconds(5));
    assertThat(story).containsExactly("0:00:01 sessions", "0:06:41 quiet", "0:11:41 sessions");
    assertThat(node.isEmpty()).isFalse();
  }

  @Test
  void aDrainEndsWhenTheLastSessionDoes() {
    time.advance(Duration.ofMinutes(1));
    service.setDraining(node, true, "mona");
    for (int minute = 0; minute < 10; minute++) {
      time.advance(Duration.ofMinutes(1));
      requests(3);
    }
    node.requestStarted(); // a download that takes its time
    time.advance(Duration.ofMinutes(6));
    assertThat(node.isEmpty()).isFalse();
    node.requestFinished();
    assertThat(node.isEmpty()).isTrue();
    assertThat(story)
        .containsExactly(
            "0:00:01 sessions", "0:01:01 draining, sessions", "0:16:01 draining, quiet");
  }

  @Test
  void sessionsDoNotStayForEver() {
    time.advance(Duration.ofMinutes(1));
    service.setDraining(node, true, "mona");
    for (int minute = 0; minute < 70; minute++) {
      requests(1);
      time.advance(Duration.ofMinutes(1));
    }
    service.setDraining(node, false, "mona");
    time.advance(Duration.ofMinutes(1));
    service.setDraining(node, true, "mona"); // and once more: the patience begins anew
    requests(1);
    time.advance(Duration.ofMinutes(1));
    assertThat(story)
        .containsExactly(
            "0:00:01 sessions",
            "0:01:01 draining, sessions",
            "1:01:00 draining, over",
            "1:11:01 sessions",
            "1:12:01 draining, sessions");
  }

  /** A process that takes over knows since when a node drains. */
  @Test
  void aDrainThatAnotherProcessBeganIsNotPatientAnew() {
    time.advance(Duration.ofHours(3));
    story.clear();
    service.changing(() -> {
      boolean _ = service.setDraining(node, true, "takeover");
      service.setSince(node, time.epochMillis() - Duration.ofMinutes(50).toMillis());
      service.setSince(node, time.epochMillis() + 1); // not believed
    });
    for (int minute = 0; minute < 12; minute++) {
      requests(1);
      time.advance(Duration.ofMinutes(1));
    }
    assertThat(story).containsExactly("3:00:01 draining, sessions", "3:10:00 draining, over");
  }

  @Test
  void whatWasSeenLatelyIsForgottenAfterAMinute() {
    requests(4);
    time.advance(Duration.ofSeconds(5));
    assertThat(node.sessions().lately()).isEqualTo(4);
    assertThat(node.sessions().lastMillis()).isEqualTo(1000);
    requests(2);
    time.advance(Duration.ofSeconds(50));
    assertThat(node.sessions().lately()).isEqualTo(6);
    time.advance(Duration.ofSeconds(20));
    assertThat(node.sessions().lately()).isZero();
    assertThat(node.sessions().lastMillis()).isEqualTo(6000);
  }

  @Test
  void aServiceThatKeepsNoSessionsHasNone() {
    watch.end();
    assertThat(node.sessions()).isEqualTo(NodeSessions.NONE);
    assertThat(node.isEmpty()).isTrue();
  }
}
