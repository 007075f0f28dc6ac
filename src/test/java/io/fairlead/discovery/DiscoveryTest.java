package io.fairlead.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.DiscoverSource;
import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
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
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
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
          (_, config) -> says.computeIfAbsent(config, _ -> new Says()));

  /** What a source says; null: it cannot be asked. */
  private static final class Says implements SourceLook {
    private String nodes = "";
    private String failure = "";
    private long again = 10;
    private boolean deliberate;
    private int asked;
    private int anew;
    private boolean closed;
    private String draining = "";
    private String trouble = "";
    private @Nullable Error error;

    @Override
    public Found lookAnew() throws IOException {
      anew++;
      return look();
    }

    @Override
    public void close() {
      closed = true;
    }

    @Override
    public Found look() throws IOException {
      asked++;
      if (error != null) {
        throw error;
      }
      if (!failure.isEmpty()) {
        throw new IOException(failure);
      }
      List<NodeSpec> specs = new ArrayList<>();
      for (String name : nodes.split(" ", -1)) {
        if (!name.isEmpty()) {
          specs.add(new NodeSpec(address(name), name, 1, "", ""));
        }
      }
      Set<HostPort> drained = new HashSet<>();
      draining.chars().forEach(name -> drained.add(address(Character.toString(name))));
      return new Found(specs, drained, Duration.ofSeconds(again), deliberate, trouble);
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
    assertThat(says(DNS).closed).isTrue();
  }

  /** A mistake of ours, or no memory for a moment: not the end of the source. */
  @Test
  void oneThatThrowsAnErrorIsAskedAgain() {
    says(DNS).nodes = "a";
    discovery.watch(service, List.of(DNS));
    time.run();
    says(DNS).error = new StackOverflowError("deep");
    advance(10);
    says(DNS).error = null;
    says(DNS).nodes = "b";
    advance(1);
    assertThat(members()).containsExactly("b dns");
    assertThat(story())
        .contains(
            "10 nodes of shop cannot be found by dns dns:80: a mistake of Fairlead's own:"
                + " java.lang.StackOverflowError: deep");
  }

  @Test
  void afterAFailureAndInDoubtItIsNotLeftToWait() {
    says(DNS).nodes = "a";
    discovery.watch(service, List.of(DNS));
    time.run();
    assertThat(says(DNS).anew).isZero();
    says(DNS).nodes = "";
    advance(10);
    assertThat(says(DNS).anew).isZero();
    advance(1);
    assertThat(says(DNS).anew).as("to confirm that there is none").isEqualTo(1);
    says(DNS).failure = "server does not answer";
    advance(10);
    says(DNS).failure = "";
    advance(1);
    assertThat(says(DNS).anew).isEqualTo(2);
  }

  /** As while pods end: what has begun goes on, and nothing new does. */
  @Test
  void nodesDrainWhileTheSourceSaysSo() {
    says(DNS).nodes = "a b c";
    says(DNS).draining = "bc";
    discovery.watch(service, List.of(DNS));
    time.run();
    assertThat(draining()).containsExactly("b", "c");
    service.setDraining(node("a"), true, "ann");
    says(DNS).draining = "ab";
    advance(10);
    assertThat(draining()).containsExactly("a", "b");
    says(DNS).draining = "";
    advance(10);
    assertThat(draining()).as("what somebody else has drained stays so").containsExactly("a");
    says(DNS).draining = "c";
    advance(10);
    says(DNS).failure = "server does not answer";
    advance(10);
    assertThat(draining()).containsExactly("a", "c");
    says(FILE).nodes = "c";
    discovery.watch(service, List.of(DNS, FILE));
    time.run();
    Node c = node("c");
    discovery.watch(service, List.of(FILE));
    assertThat(members()).containsExactly("c watched file");
    assertThat(node("c")).isSameAs(c);
    assertThat(draining()).as("nobody says so any more").isEmpty();
  }

  @Test
  void whatIsLeftOutIsSaidWhenItChanges() {
    says(DNS).nodes = "a";
    says(DNS).trouble = "left out: b";
    discovery.watch(service, List.of(DNS));
    advance(50);
    says(DNS).trouble = "";
    advance(10);
    assertThat(members()).containsExactly("a dns");
    assertThat(story())
        .filteredOn(line -> line.contains("left out"))
        .containsExactly("0 nodes of shop cannot be found by dns dns:80: left out: b");
  }

  /** Its token has been replaced, say. */
  @Test
  void theSameSourceUnderAnotherConfigurationTakesNothingAway() {
    DiscoverSource one = consul("one");
    DiscoverSource two = consul("two");
    says(one).nodes = "a b";
    says(two).failure = "does not let us ask (status 403)";
    discovery.watch(service, List.of(one));
    time.run();
    Node a = node("a");
    discovery.watch(service, List.of(two));
    time.run();
    assertThat(says(one).closed).isTrue();
    assertThat(members()).containsExactly("a consul", "b consul");
    says(two).failure = "";
    says(two).nodes = "a";
    advance(1);
    assertThat(members()).containsExactly("a consul");
    assertThat(node("a")).isSameAs(a);
    discovery.watch(service, List.of());
    assertThat(members()).isEmpty();
    assertThat(says(two).closed).isTrue();
  }

  private static DiscoverSource consul(String token) {
    return new DiscoverSource.Consul(
        "http://127.0.0.1:8500", "shop", List.of(), "", new Secret(token), List.of());
  }

  private List<String> draining() {
    return Arrays.stream(service.nodes().all())
        .filter(node -> node.facts().draining())
        .map(Node::name)
        .toList();
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
