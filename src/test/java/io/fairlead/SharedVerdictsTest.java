package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HostPort;
import io.fairlead.runtime.ManualScheduler;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.EventLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two instances that reach the same nodes by ways of their own, and what they say of them. */
class SharedVerdictsTest {
  private final ManualScheduler time = new ManualScheduler();
  private final Map<String, Instance> instances = new LinkedHashMap<>();
  private boolean cut;

  private final class Instance {
    final Service service = new Service("shop", 1, new EventLog(() -> 0), () -> 0);
    final List<String> asked = new ArrayList<>();
    final List<String> told = new ArrayList<>();
    final SharedVerdicts verdicts;

    Instance(String name) {
      service.setMembers(
          List.of(
              new NodeSpec(new HostPort("127.0.0.1", 1), "a", 1, "", "file"),
              new NodeSpec(new HostPort("127.0.0.1", 2), "b", 1, "", "file")));
      for (Node node : service.nodes().all()) {
        service.setUp(node, true, "as found");
      }
      verdicts =
          new SharedVerdicts(
              time, () -> List.of(service), this::tell, node -> asked.add(node.name()));
      verdicts.follow(name);
      instances.put(name, this);
    }

    private void tell(String line) {
      told.add(line);
      if (!cut) {
        instances.values().stream()
            .filter(other -> other != this)
            .forEach(other -> other.verdicts.hear(line));
      }
    }

    Node node(int index) {
      return service.nodes().all()[index];
    }

    void find(int index, boolean up) {
      service.setUp(node(index), up, "as found");
      verdicts.changed();
      time.run();
    }
  }

  private final Instance one = new Instance("one");
  private final Instance two = new Instance("two");

  @BeforeEach
  void begin() {
    time.run();
  }

  @Test
  void whoHearsOfAChangeLooksAtOnceAndOnce() {
    time.advance(Duration.ofSeconds(2));
    assertThat(two.asked).isEmpty();
    one.find(0, false);
    assertThat(two.asked).containsExactly("a");
    time.advance(Duration.ofSeconds(20));
    assertThat(two.asked).containsExactly("a");
    two.find(0, false);
    assertThat(one.asked).isEmpty();
    two.asked.clear();
    one.find(0, true);
    assertThat(two.asked).containsExactly("a");
  }

  @Test
  void ofANodeThatOnlyOneCannotReachBothSaySo() {
    one.find(0, false);
    assertThat(two.verdicts.otherwise(two.node(0))).isEqualTo("; down for one");
    time.advance(Duration.ofSeconds(1));
    assertThat(one.verdicts.otherwise(one.node(0))).isEqualTo("; up for two");
    assertThat(one.verdicts.otherwise(one.node(1))).isEmpty();
    two.find(0, false);
    assertThat(one.verdicts.otherwise(one.node(0))).isEmpty();
    assertThat(two.verdicts.otherwise(two.node(0))).isEmpty();
  }

  @Test
  void whatIsNotSaidAgainIsForgotten() {
    one.find(0, false);
    cut = true;
    time.advance(Duration.ofSeconds(4));
    assertThat(two.verdicts.otherwise(two.node(0))).isEqualTo("; down for one");
    time.advance(Duration.ofSeconds(2));
    assertThat(two.verdicts.otherwise(two.node(0))).isEmpty();
  }

  @Test
  void whatMakesNoSenseAndWhatIsOfOthersIsLeftAlone() {
    for (String line :
        List.of(
            "",
            "rates 1",
            "verdicts",
            "verdicts ",
            "verdicts x\t\t-\t*",
            "verdicts one\t-shop/a")) {
      one.verdicts.hear(line);
    }
    time.run();
    assertThat(one.asked).isEmpty();
    one.verdicts.follow(null);
    time.run();
    one.told.clear();
    one.find(0, false);
    time.advance(Duration.ofSeconds(3));
    assertThat(one.told).isEmpty();
  }
}
