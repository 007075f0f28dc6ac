package io.fairlead.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HealthCheckConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.Probe;
import io.fairlead.runtime.ManualScheduler;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.EventLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Screenplays: the clock stands still until the test turns it, first probes come at once. */
class HealthCheckerTest {
  private static final ProbeResult PASS = new ProbeResult.Passed(2_000_000);
  private static final ProbeResult REFUSED = new ProbeResult.Failed("connection refused");
  private static final HealthCheckConfig EVERY_2_S =
      new HealthCheckConfig(Duration.ofSeconds(2), Duration.ofMillis(500), 2, 3, new Probe.Tcp());

  private final ManualScheduler time = new ManualScheduler();
  private final EventLog events = new EventLog(time::epochMillis);
  private final Service service = new Service("shop", 1, events, time::epochMillis);
  private final Net net = new Net();
  private final HealthChecker checker = new HealthChecker(time, atOnce(), net);

  @Test
  void threeFailuresTakeANodeDownAndTwoPassesBringItBack() {
    watch("a");
    time.advance(Duration.ofSeconds(3)); // probes at 0 and 2 s pass
    net.answer = REFUSED;
    time.advance(Duration.ofSeconds(5)); // 4.0, 4.1, 4.3; then 4.7, 5.5, 7.1
    net.answer = PASS;
    time.advance(Duration.ofSeconds(5)); // 9.1, 11.1
    assertThat(story())
        .containsExactly(
            "0.0 shop/a joined (file)",
            "4.3 shop/a is down: connection refused",
            "11.1 shop/a is up: answered in 2 ms");
    assertThat(net.times()).containsExactly(0.0, 2.0, 4.0, 4.1, 4.3, 4.7, 5.5, 7.1, 9.1, 11.1);
  }

  @Test
  void aVerdictOfAnotherProcessCountsAsOurOwn() {
    watch("a");
    checker.inherit(service.nodes().all()[0], false, "connection refused");
    time.advance(Duration.ofMillis(50));
    assertThat(service.nodes().all()[0].facts().up()).as("one pass is not two").isFalse();
    time.advance(Duration.ofSeconds(5));
    assertThat(service.nodes().all()[0].facts().up()).isTrue();
    assertThat(story())
        .startsWith("0.0 shop/a joined (file)", "0.0 shop/a is down: connection refused");
  }

  @Test
  void aSingleFailureIsCheckedQuicklyAndForgottenByTheNextPass() {
    watch("a");
    time.run();
    net.answer = REFUSED;
    time.advance(Duration.ofMillis(2050));
    net.answer = PASS;
    time.advance(Duration.ofSeconds(3));
    assertThat(net.times()).containsExactly(0.0, 2.0, 2.1, 4.1);
    assertThat(story()).containsExactly("0.0 shop/a joined (file)");
  }

  @Test
  void aRefusedRequestTakesTheNodeDownAtOnceAndItComesBackQuickly() {
    Node node = watch("a");
    time.advance(Duration.ofMillis(500));
    checker.connectionFailed(node, "connection refused", true);
    time.run();
    assertThat(node.isAvailable()).isFalse();
    time.advance(Duration.ofSeconds(1));
    assertThat(story())
        .containsExactly(
            "0.0 shop/a joined (file)",
            "0.5 shop/a is down: connection refused (seen by a request)",
            "0.8 shop/a is up: answered in 2 ms");
    assertThat(net.times()).startsWith(0.0, 0.6, 0.8);
  }

  @Test
  void aThousandRequestsThatFailTogetherAreOneSignal() {
    Node node = watch("a");
    time.run();
    for (int i = 0; i < 1000; i++) {
      checker.connectionFailed(node, "no answer within 1 s", false);
    }
    time.run();
    assertThat(node.isAvailable()).as("three silences are wanted, this is one").isTrue();
    assertThat(checker.history(node)).hasSize(2);
    net.answer = new ProbeResult.Failed("no answer within 500 ms");
    time.advance(Duration.ofMillis(400));
    assertThat(story()).last().asString().endsWith("is down: no answer within 500 ms");
  }

  @Test
  void aServiceWithoutProbesIsAskedAfterAFailedRequestUntilItPasses() {
    Node node = watch("a", withProbe(new Probe.None()));
    time.advance(Duration.ofSeconds(10));
    assertThat(net.asked).isEmpty();
    net.answer = REFUSED;
    checker.connectionFailed(node, "connection refused", true);
    time.advance(Duration.ofMillis(500)); // asked at 10.1 and 10.3, to be asked at 10.7, 11.5, 13.1
    net.answer = PASS;
    time.advance(Duration.ofSeconds(60));
    assertThat(net.times()).containsExactly(10.1, 10.3, 10.7, 11.5);
    assertThat(story())
        .containsExactly(
            "0.0 shop/a joined (file)",
            "10.0 shop/a is down: connection refused (seen by a request)",
            "11.5 shop/a is up: answered in 2 ms");
  }

  @Test
  void anotherConfigurationForgetsNoVerdict() {
    Node node = watch("a");
    net.answer = REFUSED;
    time.advance(Duration.ofSeconds(1));
    assertThat(node.isAvailable()).isFalse();
    checker.watch(
        service,
        new HealthCheckConfig(
            Duration.ofSeconds(1), Duration.ofMillis(100), 1, 1, new Probe.Tcp()));
    assertThat(node.isAvailable()).isFalse();
    net.answer = PASS;
    time.run();
    assertThat(node.isAvailable()).as("a single pass is enough now").isTrue();
  }

  @Test
  void whoLeavesIsAskedNoMoreAndWhoStaysKeepsWhatIsKnown() {
    net.answer = REFUSED;
    Node node = watch("a");
    time.advance(Duration.ofSeconds(1));
    setMembers("a", "b");
    assertThat(checker.history(node)).hasSizeGreaterThanOrEqualTo(3);
    assertThat(node.isAvailable()).isFalse();
    setMembers("b");
    net.asked.clear();
    time.advance(Duration.ofSeconds(10));
    assertThat(net.asked).isNotEmpty().allMatch(asked -> asked.startsWith("b "));
    assertThat(checker.history(node)).isEmpty();
  }

  @Test
  void anAnswerThatComesAfterTheNodeLeftIsIgnored() {
    net.holds = true;
    watch("a");
    time.run();
    setMembers("b");
    net.held.getFirst().accept(REFUSED);
    time.run();
    assertThat(story())
        .containsExactly(
            "0.0 shop/a joined (file)",
            "0.0 shop/b joined (file)",
            "0.0 shop/a left: no longer named by any source");
  }

  @Test
  void aNodeHasOneProbeAtATime() {
    net.holds = true;
    Node node = watch("a");
    time.advance(Duration.ofSeconds(30));
    checker.connectionFailed(node, "connection refused", true);
    time.advance(Duration.ofSeconds(30));
    checker.watch(service, withProbe(new Probe.None()));
    time.advance(Duration.ofSeconds(30));
    assertThat(net.asked).hasSize(1);
  }

  @Test
  void nodesThatFailTogetherArePublishedOnce() {
    setMembers("a", "b", "c", "d");
    checker.watch(service, EVERY_2_S);
    time.run();
    int[] published = {-1}; // subscribing calls once
    service.subscribe(_ -> published[0]++);
    for (Node node : service.nodes().all()) {
      checker.connectionFailed(node, "connection refused", true);
    }
    time.run();
    assertThat(service.nodes().available()).isEmpty();
    assertThat(published[0]).isEqualTo(1);
  }

  @Test
  void theLastSixteenResultsAreKept() {
    Node node = watch("a");
    time.advance(Duration.ofSeconds(37));
    net.answer = REFUSED;
    time.advance(Duration.ofSeconds(1));
    List<Probed> history = checker.history(node);
    assertThat(history).hasSize(HealthChecker.KEPT);
    assertThat(history.getFirst()).isEqualTo(new Probed(8_000, PASS, true));
    assertThat(history.getLast()).isEqualTo(new Probed(38_000, REFUSED, true));
  }

  @Test
  void aNodeThatStaysDownIsAskedLessAndLessOftenUntilItPasses() {
    watch("a", paced(Duration.ofSeconds(30), Duration.ofSeconds(60)));
    net.answer = REFUSED;
    time.advance(Duration.ofSeconds(100));
    assertThat(net.times())
        .containsExactly(0.0, 0.1, 0.3, 0.7, 1.5, 3.1, 6.3, 12.7, 25.5, 51.1, 81.1);
    net.answer = PASS;
    time.advance(Duration.ofSeconds(15)); // 111.1, and after a pass the interval is enough
    assertThat(story()).last().isEqualTo("113.1 shop/a is up: answered in 2 ms");
  }

  @Test
  void whoIsToServeAgainIsAskedAtOnce() {
    Node node = watch("a", paced(Duration.ofHours(1), Duration.ofSeconds(60)));
    net.answer = REFUSED;
    time.advance(Duration.ofSeconds(60)); // the next one is due at 102.3
    boolean _ = service.setDraining(node, true, "alice");
    net.asked.clear();
    time.advance(Duration.ofSeconds(10));
    assertThat(net.asked).isEmpty();
    net.answer = PASS;
    boolean _ = service.setDraining(node, false, "alice");
    time.advance(Duration.ofSeconds(1));
    assertThat(net.times()).startsWith(70.0, 70.1);
    assertThat(story()).last().isEqualTo("70.1 shop/a is up: answered in 2 ms");
    net.answer = REFUSED;
    time.advance(Duration.ofSeconds(60));
    checker.askNow(node);
    net.asked.clear();
    time.run();
    assertThat(net.asked).as("it has registered again").hasSize(1);
  }

  @Test
  void aNodeThatGoesDownOftenNeedsMorePasses() {
    Node node = watch("a");
    time.run();
    for (int i = 0; i < 5; i++) {
      checker.connectionFailed(node, "connection refused", true);
      time.advance(Duration.ofSeconds(15)); // passes after 0.1, 0.3, 0.7, 1.5, 3.1, 5.1 s
    }
    assertThat(story())
        .containsExactly(
            "0.0 shop/a joined (file)",
            "0.0 shop/a is down: connection refused (seen by a request)",
            "0.3 shop/a is up: answered in 2 ms",
            "15.0 shop/a is down: connection refused (seen by a request)",
            "15.3 shop/a is up: answered in 2 ms",
            "30.0 shop/a is down: connection refused (seen by a request)",
            "30.3 shop/a is up: answered in 2 ms",
            "45.0 shop/a is down: connection refused (seen by a request); went down 4 times within"
                + " 60 s, so it needs 4 passes in a row",
            "46.5 shop/a is up: answered in 2 ms",
            "60.0 shop/a is down: connection refused (seen by a request); went down 5 times within"
                + " 60 s, so it needs 8 passes in a row",
            "69.1 shop/a is up: answered in 2 ms");
    time.advance(Duration.ofMinutes(5));
    checker.connectionFailed(node, "connection refused", true);
    time.advance(Duration.ofSeconds(1));
    assertThat(story()).last().isEqualTo("375.3 shop/a is up: answered in 2 ms");
  }

  @Test
  void theLastVerdictsAreKeptWithTheirReasons() {
    Node node = watch("a", paced(Duration.ZERO, Duration.ZERO));
    time.run();
    for (int i = 0; i < 20; i++) {
      checker.connectionFailed(node, "connection refused", true);
      time.advance(Duration.ofSeconds(10));
    }
    List<Verdict> verdicts = checker.verdicts(node);
    assertThat(verdicts).hasSize(HealthChecker.VERDICTS);
    assertThat(verdicts.getLast()).isEqualTo(new Verdict(190_300, true, "answered in 2 ms"));
    assertThat(verdicts.get(HealthChecker.VERDICTS - 2))
        .isEqualTo(new Verdict(190_000, false, "connection refused (seen by a request)"));
  }

  private static HealthCheckConfig paced(Duration downInterval, Duration flapWindow) {
    return new HealthCheckConfig(
        Duration.ofSeconds(2),
        Duration.ofMillis(500),
        2,
        3,
        new Probe.Tcp(),
        0,
        Duration.ZERO,
        Optional.empty(),
        downInterval,
        flapWindow);
  }

  /** Somebody waits for it. */
  @Test
  void aNodeThatStartsIsAskedOftenAndServesWithTheFirstPass() {
    for (Probe probe : List.of(new Probe.Tcp(), new Probe.None())) {
      HealthCheckerTest one = new HealthCheckerTest();
      one.startsUp(probe);
    }
  }

  /** However long it needs, requests that wait for it do so at most 20 ms longer. */
  @Test
  void aNodeThatStartsIsAskedMoreOftenWhileRequestsWaitForIt() {
    service.setMembers(List.of(starting()));
    Node node = service.nodes().all()[0];
    net.answer = REFUSED;
    service.load().hold(1, true);
    service.load().beginWait();
    checker.watch(service, withProbe(new Probe.Tcp()));
    time.advance(Duration.ofMillis(100));
    assertThat(net.asked).as("every 5 ms").hasSize(21);
    time.advance(Duration.ofMillis(300));
    assertThat(net.asked).as("then after a twentieth of its time").hasSizeBetween(46, 54);
    net.asked.clear();
    time.advance(Duration.ofSeconds(10));
    assertThat(net.asked).as("every 20 ms as long as it takes").hasSizeBetween(498, 502);
    service.load().waiting().decrementAndGet();
    net.asked.clear();
    time.advance(Duration.ofSeconds(10));
    assertThat(net.asked).as("nobody waits").hasSizeBetween(25, 40);
    service.load().beginWait();
    service.load().hold(0, false);
    net.asked.clear();
    time.advance(Duration.ofSeconds(10));
    assertThat(net.asked).as("there are others to wait for").hasSizeBetween(15, 30);
    net.answer = PASS;
    time.advance(Duration.ofSeconds(1));
    assertThat(node.facts().state()).isEqualTo("up");
  }

  private static NodeSpec starting() {
    return new NodeSpec(
        new HostPort("127.0.0.1", 7), "new", 1, "", 0, java.util.Map.of(), "process", false);
  }

  private void startsUp(Probe probe) {
    service.setMembers(List.of(starting()));
    Node node = service.nodes().all()[0];
    assertThat(node.facts().state()).isEqualTo("starting");
    net.answer = REFUSED;
    checker.watch(service, withProbe(probe));
    time.advance(Duration.ofSeconds(1));
    assertThat(net.asked).hasSize(26); // every 40 ms
    assertThat(node.facts().state()).isEqualTo("starting");
    time.advance(Duration.ofSeconds(9));
    assertThat(net.asked).as("later less often").hasSizeBetween(90, 130);
    net.answer = PASS;
    time.advance(Duration.ofMillis(260));
    assertThat(node.facts().state()).isEqualTo("up");
    assertThat(story()).last().asString().endsWith("shop/new is up: answered in 2 ms");
    net.answer = REFUSED;
    checker.connectionFailed(node, "connection refused", true);
    time.run();
    net.answer = PASS;
    time.advance(Duration.ofMillis(150));
    assertThat(node.facts().state()).as("one pass is not two any more").isEqualTo("down");
  }

  @Test
  void firstProbesAreSpreadOverTheInterval() {
    String[] names = new String[1000];
    Arrays.setAll(names, i -> "n" + i);
    setMembers(names);
    new HealthChecker(time, new SplittableRandom(1), net).watch(service, EVERY_2_S);
    time.advance(Duration.ofMillis(200));
    // A tenth of the interval: 100 of 1,000 are expected; six standard deviations of
    // sqrt(1000 * 0.1 * 0.9) = 9.5 are 57. The seed is fixed, so this does not flicker.
    assertThat(net.asked).hasSizeBetween(43, 157);
    time.advance(Duration.ofMillis(1800));
    assertThat(net.asked).hasSize(1000);
    net.asked.clear();
    time.advance(Duration.ofMillis(200));
    assertThat(net.asked).as("and they stay so").hasSizeBetween(43, 157);
  }

  @Test
  void tooManyNodesAreProbedLessOftenThanAskedFor() {
    String[] names = new String[4 * HealthChecker.MAX_PER_SECOND];
    Arrays.setAll(names, i -> "n" + i);
    service.setMembers(
        IntStream.range(0, names.length)
            .mapToObj(i -> new NodeSpec(new HostPort("127.0.0.1", 1 + i), names[i], 1, "", "file"))
            .toList());
    checker.watch(service, EVERY_2_S); // 4 s can be afforded; here all begin together
    time.advance(Duration.ofSeconds(39));
    assertThat(net.asked).hasSize(10 * names.length);
  }

  @Test
  void nodesThatAreNotUsedAreProbedSeldomAndSoonWhenTheyAre() {
    int many = 10 * HealthChecker.MAX_PER_SECOND;
    service.setMembers(
        IntStream.range(0, many)
            .mapToObj(i -> new NodeSpec(new HostPort("127.0.0.1", 1 + i), "n" + i, 1, "", "file"))
            .toList());
    Set<String> used = new HashSet<>(Set.of("n0", "n1"));
    checker.watch(service, EVERY_2_S, null, node -> used.contains(node.name()));
    time.advance(Duration.ofSeconds(1));
    net.asked.clear();
    time.advance(Duration.ofSeconds(200));
    assertThat(net.asked.stream().filter(each -> each.startsWith("n0 "))).hasSize(100);
    assertThat(net.asked.stream().filter(each -> each.startsWith("n7 "))).hasSize(1);
    used.remove("n1");
    used.add("n7");
    service.changing(() -> service.setUp(service.nodes().all()[3], false, "gone"));
    net.asked.clear();
    time.advance(Duration.ofSeconds(100));
    assertThat(net.asked.stream().filter(each -> each.startsWith("n7 "))).hasSize(51);
    assertThat(net.asked.stream().filter(each -> each.startsWith("n1 ")))
        .hasSizeLessThanOrEqualTo(2);
  }

  @Test
  void onlyNamesAreLookedUpAtOnceAndEveryHalfMinute() {
    service.setMembers(
        List.of(
            new NodeSpec(new HostPort("127.0.0.1", 1), "literal", 1, "", "file"),
            new NodeSpec(new HostPort("::1", 1), "literal6", 1, "", "file"),
            new NodeSpec(new HostPort("node.test", 1), "named", 1, "", "file")));
    checker.watch(service, withProbe(new Probe.None()));
    assertThat(net.resolved).containsExactly("named");
    time.advance(Duration.ofSeconds(65));
    assertThat(net.resolved).containsExactly("named", "named", "named");
    checker.forget(service);
    time.advance(Duration.ofSeconds(65));
    assertThat(net.resolved).hasSize(3);
  }

  private Node watch(String name) {
    return watch(name, EVERY_2_S);
  }

  private Node watch(String name, HealthCheckConfig config) {
    setMembers(name);
    checker.watch(service, config);
    return service.nodes().all()[0];
  }

  private static HealthCheckConfig withProbe(Probe probe) {
    return new HealthCheckConfig(Duration.ofSeconds(2), Duration.ofMillis(500), 2, 3, probe);
  }

  private void setMembers(String... names) {
    service.setMembers(
        Arrays.stream(names)
            .map(name ->
                new NodeSpec(
                    new HostPort("127.0.0.1", name.hashCode() & 0xFFFF), name, 1, "", "file"))
            .toList());
  }

  private List<String> story() {
    return events.since(0).stream()
        .map(entry ->
            String.format(Locale.ROOT, "%.1f ", entry.epochMillis() / 1000.0)
                + entry.event().text())
        .toList();
  }

  /** Chance that always says: now. */
  private static RandomGenerator atOnce() {
    return () -> 0;
  }

  private final class Net implements HealthChecker.Launcher {
    ProbeResult answer = PASS;
    boolean holds;
    final List<String> asked = new ArrayList<>();
    final List<String> resolved = new ArrayList<>();
    final List<Consumer<ProbeResult>> held = new ArrayList<>();

    @Override
    public void probe(
        Node node, HealthCheckConfig config, @Nullable ProbeTls tls, Consumer<ProbeResult> then) {
      asked.add(node.name() + " " + time.epochMillis() / 1000.0);
      if (holds) {
        held.add(then);
      } else {
        then.accept(answer);
      }
    }

    @Override
    public void resolve(Node node) {
      resolved.add(node.name());
    }

    @Override
    public long late() {
      return 0;
    }

    @Override
    public void close() {}

    List<Double> times() {
      return asked.stream().map(line -> Double.valueOf(line.substring(line.indexOf(" ")))).toList();
    }
  }
}
