package io.fairlead.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.DiscoverSource;
import io.fairlead.config.HostPort;
import io.fairlead.runtime.ManualScheduler;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.EventLog;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Sources that answer, fail and change their minds, with a clock turned by hand. */
class DiscoveryTest {
  private static final DiscoverSource DNS = source("dns");
  private static final DiscoverSource FILE = source("file");

  private final ManualScheduler time = new ManualScheduler();
  private final EventLog events = new EventLog(time::epochMillis);
  private final Service service = new Service("shop", 1, events, time::epochMillis);
  private final Membership membership = new Membership(time);
  private final Map<DiscoverSource, Says> says = new HashMap<>();
  private final Discovery discovery =
      new Discovery(
          time,
          membership,
          events::add,
          Runnable::run,
          config -> says.computeIfAbsent(config, _ -> new Says()));

  /** What a source says; null: it cannot be asked. */
  private static final class Says implements SourceLook {
    private String nodes = "";
    private String failure = "";
    private long again = 10;
    private boolean deliberate;
    private int asked;

    @Override
    public Found look() throws IOException {
      asked++;
      if (!failure.isEmpty()) {
        throw new IOException(failure);
      }
      List<NodeSpec> specs = new ArrayList<>();
      for (String name : nodes.split(" ", -1)) {
        if (!name.isEmpty()) {
          specs.add(new NodeSpec(address(name), name, 1, "", ""));
        }
      }
      return new Found(specs, Duration.ofSeconds(again), deliberate);
    }
  }

  @Test
  void whatIsSaidHoldsForItsTimeAndIsThenAskedAnew() {
    says(DNS).nodes = "a b";
    discovery.watch(service, List.of(DNS));
    time.run();
    assertThat(members()).containsExactly("a dns", "b dns");
    Node a = node("a");
    says(DNS).nodes = "a c";
    advance(9);
    assertThat(members()).containsExactly("a dns", "b dns");
    advance(1);
    assertThat(members()).containsExactly("a dns", "c dns");
    assertThat(node("a")).isSameAs(a);
    assertThat(story()).contains("10 shop/b left: no longer named by dns dns:80");
  }

  @Test
  void oneThatCannotBeAskedDeletesNothing() {
    says(DNS).nodes = "a b";
    discovery.watch(service, List.of(DNS));
    time.run();
    says(DNS).failure = "server does not answer";
    advance(100);
    assertThat(members()).containsExactly("a dns", "b dns");
    assertThat(says(DNS).asked).as("after 1, 2, 4, 8, 16 and 30 s").isEqualTo(1 + 7);
    says(DNS).failure = "";
    says(DNS).nodes = "b";
    advance(30);
    assertThat(members()).containsExactly("b dns");
    assertThat(story())
        .containsSubsequence(
            "10 nodes of shop cannot be found by dns dns:80: server does not answer",
            "101 nodes of shop are found by dns dns:80 again",
            "101 shop/a left: no longer named by dns dns:80");
  }

  @Test
  void thatThereIsNoneIsBelievedTheSecondTime() {
    says(FILE).nodes = "a";
    says(FILE).deliberate = true;
    discovery.watch(service, List.of(FILE));
    time.run();
    says(FILE).nodes = "";
    advance(10);
    assertThat(members()).containsExactly("a watched file");
    says(FILE).nodes = "a";
    advance(1);
    says(FILE).nodes = "";
    advance(10);
    assertThat(members()).as("it was once more").hasSize(1);
    advance(1);
    assertThat(members()).isEmpty();
  }

  @Test
  void ofAServerThatKnowsNoneOnlyNodesThatAreDownGo() {
    says(DNS).nodes = "a b";
    discovery.watch(service, List.of(DNS));
    time.run();
    service.setUp(node("b"), false, "refused");
    says(DNS).nodes = "";
    advance(15);
    assertThat(members()).containsExactly("a dns");
    service.setUp(node("a"), false, "refused");
    advance(10);
    assertThat(members()).isEmpty();
    assertThat(story())
        .filteredOn(line -> line.contains("there are no nodes; those that are up stay"))
        .hasSize(1);
  }

  @Test
  void eachSourceHasItsNodesForItself() {
    says(DNS).nodes = "a b";
    says(FILE).nodes = "b c";
    membership.register(service, new NodeSpec(address("d"), "d", 1, "", "api"), null, "ci");
    discovery.watch(service, List.of(FILE, DNS));
    time.run();
    assertThat(members())
        .containsExactlyInAnyOrder("b watched file", "c watched file", "a dns", "d api");
    Node b = node("b");
    discovery.watch(service, List.of(DNS));
    assertThat(members()).containsExactlyInAnyOrder("a dns", "b dns", "d api");
    assertThat(node("b")).as("the same with its counters").isSameAs(b);
    discovery.watch(service, List.of());
    assertThat(members()).containsExactly("d api");
  }

  @Test
  void whoIsForgottenIsAskedNoMore() {
    says(DNS).nodes = "a";
    discovery.watch(service, List.of(DNS));
    time.run();
    discovery.close();
    advance(100);
    assertThat(says(DNS).asked).isEqualTo(1);
  }

  private Says says(DiscoverSource source) {
    return says.computeIfAbsent(source, _ -> new Says());
  }

  private static DiscoverSource source(String name) {
    return name.equals("file")
        ? new DiscoverSource.File(Path.of("nodes.yaml"))
        : new DiscoverSource.Dns(new HostPort(name, 80), java.util.Optional.empty());
  }

  private void advance(int seconds) {
    time.advance(Duration.ofSeconds(seconds));
  }

  private static HostPort address(String name) {
    return new HostPort("10.0.0." + (int) name.charAt(0), 80);
  }

  private Node node(String name) {
    Node found = service.find(address(name));
    if (found == null) {
      throw new AssertionError(name);
    }
    return found;
  }

  private List<String> members() {
    return Arrays.stream(service.nodes().all())
        .map(node -> node.name() + " " + node.facts().source())
        .toList();
  }

  private List<String> story() {
    return events.since(0).stream()
        .map(entry -> entry.epochMillis() / 1000 + " " + entry.event().text())
        .toList();
  }
}
