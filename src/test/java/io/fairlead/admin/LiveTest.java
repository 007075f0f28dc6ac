package io.fairlead.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HostPort;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Standing;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Figures and words, with the clock turned by hand. */
class LiveTest {
  private final AtomicLong millis = new AtomicLong(1_795_000_000_000L);
  private final FakeInstance instance = FakeInstance.shop(millis::get);
  private final Live live = new Live(instance, millis::get);
  private long nanos = System.nanoTime();

  @Test
  void aRateIsTheMeanOfThreeSecondsAndFallsToNothing() {
    seconds(1);
    Node node = instance.node("shop", 0);
    for (int i = 0; i < 6; i++) {
      instance.traffic(node, 30, 4_000, 0);
      seconds(1);
    }
    assertThat(live.view().total().rate()).isEqualTo(30);
    LiveView.NodeLive first = live.view().services().getFirst().nodes().getFirst();
    assertThat(first.figures().rate()).isEqualTo(30);
    assertThat(first.figures().p50Millis()).isBetween(4.0, 4.25);
    assertThat(first.figures().rates()).hasSize(60).endsWith(30, 30, 30);
    seconds(3);
    assertThat(live.view().total().rate()).isZero();
    seconds(60);
    assertThat(live.view().services().getFirst().nodes().getFirst().figures().rates()).isEmpty();
    assertThat(live.view().services().getFirst().figures().p50Millis()).isNull();
  }

  @Test
  void whatWasCountedBeforeTheFirstLookIsNoTraffic() {
    instance.traffic(instance.node("shop", 0), 5000, 4_000, 0);
    seconds(2);
    assertThat(live.view().total().rate()).isZero();
  }

  /** Else two pictures would be too close to each other for a page to tell their seconds apart. */
  @Test
  void aPictureIsOfWhenItsFiguresWereLookedAt() {
    seconds(1);
    long looked = millis.get();
    millis.addAndGet(900); // nobody asked until now
    assertThat(live.view().time()).isEqualTo(looked);
  }

  @Test
  void theWorstComesFirstAndIsSaidInWords() {
    seconds(1);
    assertThat(live.view().headline()).isEqualTo("All is well: all 3 nodes are up.");
    instance.setUp(instance.node("shop", 2), false, "connection refused");
    millis.addAndGet(12_000);
    seconds(1);
    LiveView view = live.view();
    assertThat(view.level()).isEqualTo("attention");
    assertThat(view.headline())
        .isEqualTo(
            "2 of 3 nodes of shop are up: 127.0.0.1:9103 down for 13 s: connection refused.");
    assertThat(view.services().getFirst().nodes().getFirst().state()).isEqualTo("down");
    instance.setUp(instance.node("shop", 0), false, "timeout");
    instance.drain("shop", instance.node("shop", 1).address(), "test");
    seconds(1);
    assertThat(live.view().level()).isEqualTo("bad");
    assertThat(live.view().headline())
        .startsWith("None of 3 nodes of shop is up: ")
        .contains("127.0.0.1:9102 draining for 1 s, empty");
  }

  @Test
  void failuresAndARefusedConfigurationAreNotes() {
    seconds(1);
    for (int i = 0; i < 10; i++) {
      instance.traffic(instance.node("shop", 0), 20, 1_000, 10);
      seconds(1);
    }
    assertThat(instance.applyConfig("broken", "test")).isInstanceOf(ConfigOutcome.Refused.class);
    seconds(1);
    assertThat(live.view().headline())
        .isEqualTo("10 % of requests to shop failed in the last 10 s.");
    assertThat(live.view().notes())
        .containsExactly("The last configuration offered was refused; version 1 stays in force.");
  }

  @Test
  void whyANodeGetsWhatItGetsIsSaidOfEach() {
    seconds(1);
    instance.addService(
        "billing",
        List.of(
            new NodeSpec(
                new HostPort("10.0.0.1", 80), "a", 1, "north", 1, Map.of("version", "2"), "api"),
            new NodeSpec(new HostPort("10.0.0.2", 80), "b", 1, "", "file")));
    Node a = instance.node("billing", 0);
    Node b = instance.node("billing", 1);
    for (int i = 0; i < 5; i++) {
      instance.setUp(a, i % 2 == 0, "verdict " + i);
    }
    instance.setStanding(a, new Standing(Standing.State.PROBATION, 0.1, "errors 22 %"));
    instance.setStanding(b, new Standing(Standing.State.EJECTED, 0, "slow 41 %", 5_000));
    instance.setChoice(a, "expected in 2.00 ms");
    seconds(1);
    assertThat(live.requestShare(a)).as("nothing was sent").isNull();
    instance.traffic(a, 10, 1_000, 0);
    instance.traffic(b, 30, 1_000, 0);
    seconds(1);

    List<LiveView.NodeLive> nodes = live.view().services().getFirst().nodes();
    LiveView.NodeLive first = nodes.getFirst();
    assertThat(first.name()).isEqualTo("b");
    assertThat(first.standing()).isEqualTo("ejected");
    assertThat(first.standingReason()).isEqualTo("slow 41 %");
    assertThat(first.share()).isZero();
    assertThat(first.ejectedUntil()).isEqualTo(5_000);
    assertThat(first.requestShare()).isEqualTo(0.75);
    assertThat(first.verdicts()).isEmpty();
    LiveView.NodeLive last = nodes.getLast();
    assertThat(last.choice()).isEqualTo("expected in 2.00 ms");
    assertThat(last.standing()).isEqualTo("probation");
    assertThat(last.share()).isEqualTo(0.1);
    assertThat(last.ejectedUntil()).isNull();
    assertThat(last.reason()).isEqualTo("errors 22 %");
    assertThat(last.health()).isEqualTo("verdict 4");
    assertThat(last.tier()).isEqualTo(1);
    assertThat(last.labels()).containsEntry("version", "2");
    assertThat(last.requestShare()).isEqualTo(0.25);
    assertThat(last.verdicts())
        .extracting(VerdictView::why)
        .containsExactly("verdict 2", "verdict 3", "verdict 4");
  }

  @Test
  void tenThousandNodesStayAPageThatCanBeRead() {
    instance.addService("many", 10_000);
    instance.setUp(instance.node("many", 9_999), false, "connection refused");
    seconds(1);
    LiveView.ServiceLive many = live.view().services().getFirst();
    assertThat(many.name()).isEqualTo("many");
    assertThat(many.nodes()).hasSize(Live.MAX_NODES_PER_SERVICE);
    assertThat(many.nodes().getFirst().reason()).isEqualTo("connection refused");
    assertThat(many.hiddenNodes()).isEqualTo(9_800);
    assertThat(live.json().length).isLessThan(150_000);
  }

  private void seconds(int count) {
    for (int i = 0; i < count; i++) {
      nanos += 1_000_000_000L;
      millis.addAndGet(1000);
      live.tick(nanos);
    }
  }
}
