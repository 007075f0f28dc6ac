package io.fairlead.service;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HostPort;
import io.fairlead.telemetry.EventLog;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ServiceTest {
  private long now = 1000;
  private final EventLog events = new EventLog(() -> now);
  private final Service service = new Service("shop", 1, events, () -> now);

  @Test
  void aNodeThatStaysKeepsItsState() {
    service.setMembers(List.of(spec("a"), spec("b")));
    Node node = node("a");
    node.requestStarted();
    service.setUp(node, false, "connection refused");
    service.setDraining(node, true, "mona");
    service.setMembers(
        List.of(spec("c"), new NodeSpec(spec("a").address(), "anna", 5, "z1", "api")));
    assertThat(service.find(spec("a").address())).isSameAs(node);
    assertThat(node.inFlight()).isEqualTo(1);
    assertThat(node.facts())
        .isEqualTo(
            new NodeFacts(
                "anna",
                5,
                "z1",
                0,
                Map.of(),
                "api",
                false,
                "connection refused",
                true,
                1000,
                Standing.GOOD,
                Role.ANY));
  }

  @Test
  void eventsComeInTheOrderInWhichThingsHappened() {
    service.setMembers(List.of(spec("a"), spec("b")));
    service.setUp(node("a"), false, "connection refused");
    service.setUp(node("a"), false, "still refused");
    service.setDraining(node("b"), true, "mona");
    service.setDraining(node("b"), true, "mona");
    service.setDraining(node("b"), false, "mona");
    service.setUp(node("a"), true, "answered in 2 ms");
    service.setMembers(List.of(spec("b"), spec("c")));
    assertThat(events.since(0))
        .extracting(entry -> entry.event().text())
        .containsExactly(
            "shop/a joined (file)",
            "shop/b joined (file)",
            "shop/a is down: connection refused",
            "shop/b is draining (mona)",
            "shop/b takes requests again (mona)",
            "shop/a is up: answered in 2 ms",
            "shop/c joined (file)",
            "shop/a left: no longer named by any source");
  }

  @Test
  void onlyNodesThatAreUpNotDrainingAndHaveWeightAreAvailable() {
    service.setMembers(
        List.of(spec("a"), spec("b"), spec("c"), new NodeSpec(address("d"), "d", 0, "", "file")));
    service.setUp(node("b"), false, "x");
    service.setDraining(node("c"), true, "x");
    assertThat(service.nodes().available()).containsExactly(node("a"));
    assertThat(service.nodes().all()).hasSize(4);
  }

  @Test
  void aPublishedSetNeverChanges() {
    service.setMembers(List.of(spec("a"), spec("b")));
    NodeSet before = service.nodes();
    service.setUp(node("a"), false, "x");
    assertThat(before.available()).hasSize(2);
    assertThat(service.nodes().available()).hasSize(1);
  }

  @Test
  void subscribersHearTheStateOfNowAndEveryLaterOneUntilTheyLeave() {
    service.setMembers(List.of(spec("a")));
    List<Integer> heard = new ArrayList<>();
    Runnable leave = service.subscribe(nodes -> heard.add(nodes.available().length));
    service.setMembers(List.of(spec("a"), spec("b")));
    service.setUp(node("a"), false, "x");
    leave.run();
    service.setUp(node("a"), true, "x");
    assertThat(heard).containsExactly(1, 2, 1);
  }

  @Test
  void severalChangesCanBePublishedAsOne() {
    service.setMembers(List.of(spec("a"), spec("b"), spec("c")));
    List<Integer> heard = new ArrayList<>();
    service.subscribe(nodes -> heard.add(nodes.available().length));
    service.changing(() -> {
      service.setUp(node("a"), false, "x");
      service.changing(() -> service.setUp(node("b"), false, "x"));
    });
    service.changing(() -> {});
    assertThat(heard).containsExactly(3, 1);
  }

  @Test
  void aNodeThatLeftIsNoMemberAndGetsNoVerdict() {
    service.setMembers(List.of(spec("a")));
    Node node = node("a");
    service.setMembers(List.of());
    assertThat(node.isMember()).isFalse();
    long last = events.since(0).getLast().id();
    service.setUp(node, false, "too late");
    assertThat(events.since(last)).isEmpty();
  }

  @Test
  void ofTwoWithTheSameAddressTheFirstCounts() {
    service.setMembers(List.of(spec("a"), new NodeSpec(address("a"), "twin", 9, "", "file")));
    assertThat(Arrays.stream(service.nodes().all()).map(Node::name)).containsExactly("a");
  }

  @Test
  void anAddressWrittenAsOneIsKnownFromTheStart() {
    service.setMembers(
        List.of(
            new NodeSpec(new HostPort("127.0.0.1", 80), "v4", 1, "", "file"),
            new NodeSpec(new HostPort("::1", 80), "v6", 1, "", "file"),
            new NodeSpec(new HostPort("node.test", 80), "name", 1, "", "file")));
    assertThat(service.nodes().all())
        .extracting(Node::socketAddress)
        .containsExactly(
            new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), 80),
            new InetSocketAddress(InetAddress.ofLiteral("::1"), 80),
            null);
    assertThat(service.nodes().all()).extracting(Node::isNamed).containsExactly(false, false, true);
  }

  @Test
  void sinceTellsWhenUpOrDrainingChangedLast() {
    service.setMembers(List.of(spec("a")));
    now = 2000;
    service.setUp(node("a"), true, "answered in 2 ms");
    assertThat(node("a").facts().sinceMillis()).isEqualTo(1000);
    service.setUp(node("a"), false, "x");
    assertThat(node("a").facts().sinceMillis()).isEqualTo(2000);
  }

  private Node node(String name) {
    Node node = service.find(address(name));
    if (node == null) {
      throw new AssertionError("no node " + name);
    }
    return node;
  }

  private static NodeSpec spec(String name) {
    return new NodeSpec(address(name), name, 1, "", "file");
  }

  private static HostPort address(String name) {
    return new HostPort("127.0.0.1", 8000 + name.charAt(0));
  }
}
