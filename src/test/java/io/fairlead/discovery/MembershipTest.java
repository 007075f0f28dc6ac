package io.fairlead.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HostPort;
import io.fairlead.config.NodeConfig;
import io.fairlead.runtime.ManualScheduler;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.EventLog;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MembershipTest {
  private static final Duration TTL = Duration.ofSeconds(15);

  private final ManualScheduler time = new ManualScheduler();
  private final EventLog events = new EventLog(time::epochMillis);
  private final Service service = new Service("shop", 1, events, time::epochMillis);
  private final Membership membership = new Membership(time);

  @Test
  void fileAndRegistrationsAddUp() {
    configure("a", "b");
    assertThat(register("c", TTL)).isEqualTo(Registration.REGISTERED);
    assertThat(members()).containsExactly("a file", "b file", "c api");
    configure("b");
    assertThat(members()).containsExactly("b file", "c api");
    assertThat(story())
        .containsExactly(
            "0 shop/a joined (file)",
            "0 shop/b joined (file)",
            "0 shop/c joined (api)",
            "0 shop/a left: no longer in the configuration");
  }

  @Test
  void theFileWinsWhileItNamesAnAddress() {
    configure("a");
    membership.register(service, new NodeSpec(address("a"), "mine", 7, "", "x"), null, "ci");
    assertThat(register("a", null)).isEqualTo(Registration.NAMED_BY_FILE);
    time.run();
    assertThat(members()).containsExactly("a file");
    Node node = node("a");
    configure();
    assertThat(members()).containsExactly("a api");
    assertThat(node("a")).as("the same node with its counters").isSameAs(node);
    configure("a");
    assertThat(membership.deregister(service, address("a"), "ci")).isTrue();
    assertThat(members()).containsExactly("a file");
  }

  @Test
  void eachSourceTakesBackOnlyWhatItSaid() {
    configure("a");
    membership.setSource(service, "one", List.of(sourced("a"), sourced("b")), "");
    membership.setSource(service, "two", List.of(sourced("b"), sourced("c")), "");
    register("c", null);
    time.run();
    assertThat(members()).containsExactly("a file", "b one", "c one");
    membership.setSource(service, "one", List.of(), "gone");
    assertThat(members()).containsExactly("a file", "b one", "c one");
    membership.setSource(service, "two", List.of(), "gone");
    assertThat(members()).containsExactly("a file", "c api");
    assertThat(story()).endsWith("0 shop/b left: gone");
  }

  private static NodeSpec sourced(String name) {
    return new NodeSpec(address(name), name, 1, "", "one");
  }

  @Test
  void aLeaseThatIsRenewedInTimeDoesNotExpire() {
    register("a", TTL);
    for (int i = 0; i < 10; i++) {
      time.advance(Duration.ofSeconds(10));
      assertThat(membership.renew(service, address("a"))).isTrue();
    }
    assertThat(members()).containsExactly("a api");
    assertThat(register("a", TTL)).isEqualTo(Registration.RENEWED);
    time.run();
    assertThat(story()).containsExactly("0 shop/a joined (api)");
  }

  @Test
  void aLeaseOfAnotherProcessGoesOnWithWhatWasLeftOfIt() {
    register("a", TTL);
    register("b", null);
    time.advance(Duration.ofSeconds(5));
    var registered = membership.registered(service);
    assertThat(registered.values())
        .extracting(Lease::remaining)
        .containsExactly(Duration.ofSeconds(10), null);
    membership.forget(service);
    registered.forEach((spec, lease) -> membership.restore(service, spec, lease));
    time.advance(Duration.ofSeconds(9));
    assertThat(members()).containsExactly("a api", "b api");
    assertThat(registered.keySet()).extracting(NodeSpec::name).containsExactly("a", "b");
    time.advance(Duration.ofSeconds(1));
    assertThat(members()).containsExactly("a api, lease expired", "b api");
  }

  @Test
  void anExpiredLeaseOfANodeThatIsUpIsMarkedAndItLeavesWhenItGoesDown() {
    register("a", TTL);
    register("b", TTL);
    time.advance(Duration.ofSeconds(15));
    assertThat(members()).containsExactly("a api, lease expired", "b api, lease expired");
    time.advance(Duration.ofSeconds(45));
    service.setUp(node("a"), false, "connection refused");
    time.run();
    assertThat(members()).containsExactly("b api, lease expired");
    assertThat(story())
        .containsExactly(
            "0 shop/a joined (api)",
            "0 shop/b joined (api)",
            "60 shop/a is down: connection refused",
            "60 shop/a left: lease expired and node down");
  }

  @Test
  void anExpiredLeaseOfANodeThatIsDownTakesItOutAtOnce() {
    register("a", TTL);
    service.setUp(node("a"), false, "connection refused");
    time.advance(Duration.ofSeconds(14));
    assertThat(members()).containsExactly("a api");
    time.advance(Duration.ofSeconds(1));
    assertThat(members()).isEmpty();
    assertThat(membership.renew(service, address("a"))).as("it has to register anew").isFalse();
  }

  @Test
  void aRenewalAfterTheLeaseExpiredTakesTheMarkOff() {
    register("a", TTL);
    time.advance(Duration.ofSeconds(20));
    assertThat(membership.renew(service, address("a"))).isTrue();
    time.run();
    assertThat(members()).containsExactly("a api");
    service.setUp(node("a"), false, "connection refused");
    time.run();
    assertThat(members()).containsExactly("a api");
  }

  @Test
  void withoutATtlARegistrationLastsUntilItIsTakenBack() {
    register("a", null);
    time.advance(Duration.ofDays(1));
    assertThat(membership.lease(service, address("a"))).isEqualTo(new Lease("ci", null, null));
    assertThat(membership.deregister(service, address("a"), "mona")).isTrue();
    assertThat(membership.deregister(service, address("a"), "mona")).isFalse();
    assertThat(story())
        .containsExactly("0 shop/a joined (api)", "86400 shop/a left: deregistered by mona");
  }

  @Test
  void aLeaseTellsWhatIsLeftOfIt() {
    register("a", TTL);
    time.advance(Duration.ofSeconds(5));
    assertThat(membership.lease(service, address("a")))
        .isEqualTo(new Lease("ci", TTL, Duration.ofSeconds(10)));
    time.advance(Duration.ofSeconds(50));
    assertThat(membership.lease(service, address("a")))
        .isEqualTo(new Lease("ci", TTL, Duration.ZERO));
    assertThat(membership.lease(service, address("b"))).isNull();
  }

  @Test
  void nodesThatRegisterTogetherAreOneChangeAndTheirNumberIsBounded() {
    int[] published = {-1}; // subscribing calls once
    service.subscribe(_ -> published[0]++);
    for (int i = 0; i < Membership.MAX_REGISTERED; i++) {
      assertThat(membership.register(service, spec(i), TTL, "ci"))
          .isEqualTo(Registration.REGISTERED);
    }
    assertThat(membership.register(service, spec(20_000), TTL, "ci")).isEqualTo(Registration.FULL);
    assertThat(membership.register(service, spec(1), TTL, "ci")).isEqualTo(Registration.RENEWED);
    time.run();
    assertThat(service.nodes().all()).hasSize(Membership.MAX_REGISTERED);
    assertThat(published[0]).isEqualTo(1);
  }

  @Test
  void aForgottenServiceIsLeftAlone() {
    register("a", TTL);
    membership.forget(service);
    time.advance(Duration.ofSeconds(60));
    service.setUp(node("a"), false, "connection refused");
    time.run();
    assertThat(members()).containsExactly("a api");
  }

  private Registration register(String name, @Nullable Duration ttl) {
    Registration registration =
        membership.register(
            service, new NodeSpec(address(name), name, 1, "", "whatever"), ttl, "ci");
    time.run();
    return registration;
  }

  private void configure(String... names) {
    membership.setConfigured(
        service,
        Arrays.stream(names).map(name -> new NodeConfig(address(name), name, 1, "")).toList());
  }

  private Node node(String name) {
    Node node = service.find(address(name));
    if (node == null) {
      throw new AssertionError("no node " + name);
    }
    return node;
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

  private static NodeSpec spec(int i) {
    return new NodeSpec(new HostPort("10.0." + i / 250 + "." + i % 250, 80), "n" + i, 1, "", "api");
  }

  private static HostPort address(String name) {
    return new HostPort("127.0.0.1", 8000 + name.charAt(0));
  }
}
