package io.fairlead.simulate;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.SimulationConfig;
import io.fairlead.simulate.Outcome.Figures;
import java.io.StringReader;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.xml.sax.InputSource;

/** What the product relies on: that figures repeat, and that policies differ as they should. */
@Tag("computing")
final class SimulationTest {
  private static final String FLEET =
      """
      instances: 4
      nodes: { count: 40, cores: 4 }
      service-time: exp:10ms
      network: 0.25ms
      timeout: 5s
      load: 0.9
      duration: 16s
      warm-up: 4s
      """;
  private static final String ALL =
      "balance: [round-robin, random, least-requests, least-connections, ip-hash, oracle,"
          + " rule:least-conn, rule:two-choices, rule:peak-ewma, rule:nginx-least-time,"
          + " rule:traefik-least-time]\n";

  @Test
  void theSameDescriptionGivesTheSameFigures() {
    SimulationConfig config =
        Described.config(
            FLEET.replace("16s", "6s")
                + ALL
                + "faults:\n"
                + "  - { kind: slow, nodes: 20%, factor: 3, move: 1s }\n"
                + "  - { kind: errors, share: 10%, work: 1ms }\n");
    List<Figures> once = Simulation.run(config, 1).figures();
    assertThat(Simulation.run(config, 2).figures()).isEqualTo(once);
    assertThat(once).extracting(Figures::requests).containsOnly(once.getFirst().requests());
  }

  @Test
  void withEqualNodesMoreKnowledgeGivesAShorterTail() {
    Map<String, Double> p99 = p99(FLEET + ALL);
    assertThat(of("oracle", p99)).isLessThan(of("least-requests", p99));
    assertThat(of("least-requests", p99)).isLessThan(of("rule:two-choices", p99));
    assertThat(of("rule:two-choices", p99)).isLessThan(of("round-robin", p99));
    assertThat(of("round-robin", p99)).isLessThan(of("random", p99));
  }

  @Test
  void withSlowNodesLatencyTellsMoreThanCounts() {
    Map<String, Double> p99 =
        p99(FLEET + ALL + "faults: { kind: slow, nodes: 20%, factor: 3, move: 5s }\n");
    assertThat(of("rule:nginx-least-time", p99)).isLessThan(0.9 * of("rule:least-conn", p99));
    assertThat(of("rule:peak-ewma", p99)).isLessThan(0.7 * of("rule:two-choices", p99));
    assertThat(of("random", p99)).isGreaterThan(1000);
  }

  private static double of(String policy, Map<String, Double> p99) {
    return Objects.requireNonNull(p99.get(policy));
  }

  private static Map<String, Double> p99(String yaml) {
    return Described.run(yaml).stream().collect(Collectors.toMap(Figures::policy, Figures::p99));
  }

  @Test
  void expectationsAreHeldAgainstWhatCameOut() {
    Outcome outcome =
        Described.outcome(
            FLEET.replace("instances: 4", "instances: [1, 10]")
                + "balance: [random, oracle]\n"
                + "faults: { kind: pause, lasts: 1s, every: 5s }\n"
                + "expect:\n"
                + "  - { policy: oracle, measure: p99, at-most: 0.5, of: random }\n"
                + "  - { policy: oracle, instances: 10, measure: p99, at-most: 1.1, of-instances: 1 }\n"
                + "  - { policy: random, instances: 1, measure: p999, at-most: 1.1, of-healthy: true }\n"
                + "  - { policy: random, instances: 1, measure: named, at-least: 2%, at-most: 3% }\n");
    assertThat(outcome.checks())
        .extracting(check ->
            check.instances()
                + " "
                + check.bound().replaceAll("[0-9.]+ ms ", "")
                + " "
                + check.met())
        .containsExactly(
            "1 at most (0.5 × random) true",
            "10 at most (0.5 × random) true",
            "10 at most (1.1 × oracle with 1) true",
            "1 at most (1.1 × random without faults) false",
            "1 at most 3.00%, at least 2.00% true");
  }

  @Test
  void thePicturesAreXml() throws Exception {
    for (String varied : List.of("load: [0.5, 0.9]", "instances: [1, 4]", "load: 0.5")) {
      String svg =
          Described.outcome(
                  "nodes: 4\nservice-time: exp:10ms\nbalance: [random, oracle]\nduration: 3s\n"
                      + "warm-up: 1s\n"
                      + varied)
              .svg();
      assertThat(
              DocumentBuilderFactory.newInstance()
                  .newDocumentBuilder()
                  .parse(new InputSource(new StringReader(svg)))
                  .getElementsByTagName("circle")
                  .getLength())
          .as(varied)
          .isGreaterThanOrEqualTo(4);
    }
  }

  @Test
  void quantilesAreWithinHalfAPercent() {
    Latencies latencies = new Latencies();
    for (long micros = 1; micros <= 1_000_000; micros++) {
      latencies.record(micros * 1000);
    }
    for (double share : new double[] {0.001, 0.1, 0.5, 0.99, 0.999}) {
      assertThat(latencies.quantileMillis(share) / (share * 1000)).isBetween(0.995, 1.005);
    }
    assertThat(latencies.meanMillis()).isBetween(500.0, 500.1);
  }
}
