package io.fairlead.balance;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.BalanceConfig;
import io.fairlead.config.BalanceMethod;
import io.fairlead.config.HostPort;
import io.fairlead.service.Division;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.EventLog;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A new version gets its share, whatever the method. */
class DividedTest {
  private final SplittableRandom random = new SplittableRandom(7);
  private final Service service = new Service("shop", 1, new EventLog(() -> 0), () -> 0);

  private void nodes(String... versions) {
    List<NodeSpec> specs = new ArrayList<>();
    for (String version : versions) {
      int index = specs.size();
      specs.add(
          new NodeSpec(
              new HostPort("127.1.0." + (1 + index), 80),
              "n" + index,
              1,
              "",
              0,
              Map.of("version", version),
              "file"));
    }
    service.setMembers(specs);
  }

  private Balancer balancer(BalanceMethod method, double share) {
    return Balancer.of(
        new BalanceConfig(method), service.nodes(), new Division("2", share), 0, null);
  }

  private @Nullable String pick(Balancer balancer, @Nullable Node avoid) {
    Node node = balancer.pick(random.nextInt(), avoid, random);
    return node == null ? null : node.facts().labels().get("version");
  }

  @ParameterizedTest
  @EnumSource(BalanceMethod.class)
  void theShareIsKept(BalanceMethod method) {
    nodes("1", "1", "2");
    Balancer balancer = balancer(method, 0.05);
    int hits = 0;
    for (int i = 0; i < 20_000; i++) {
      hits += "2".equals(pick(balancer, null)) ? 1 : 0;
    }
    assertThat(hits).isBetween(850, 1150);
  }

  /** Of the first few hundred as well: a bad version does no more harm than it may. */
  @ParameterizedTest
  @ValueSource(doubles = {0.005, 0.05, 0.25, 0.5, 0.9})
  void theNewVersionIsNeverAhead(double share) {
    nodes("1", "2", "2");
    for (int run = 0; run < 50; run++) {
      Balancer balancer = balancer(BalanceMethod.ADAPTIVE, share);
      int hits = 0;
      for (int i = 1; i <= 1000; i++) {
        hits += "2".equals(pick(balancer, null)) ? 1 : 0;
        assertThat(hits).isLessThanOrEqualTo((int) (i * share) + 1);
      }
      assertThat(hits).isGreaterThan((int) (1000 * share) - 15);
    }
  }

  @Test
  void aFailedRequestGoesToTheOldVersionNext() {
    nodes("1", "2", "2");
    Balancer balancer = balancer(BalanceMethod.ROUND_ROBIN, 0.9);
    Node failed = service.nodes().all()[1];
    for (int i = 0; i < 100; i++) {
      assertThat(pick(balancer, failed)).isEqualTo("1");
    }
  }

  @Test
  void whereOneSideHasNoNodeTheOtherGetsAll() {
    nodes("1", "1");
    assertThat(pick(balancer(BalanceMethod.RANDOM, 1), null)).isEqualTo("1");
    nodes("2");
    assertThat(pick(balancer(BalanceMethod.RANDOM, 0), null)).isEqualTo("2");
    nodes("1", "2");
    assertThat(pick(balancer(BalanceMethod.RANDOM, 0), null)).isEqualTo("1");
    assertThat(pick(balancer(BalanceMethod.RANDOM, 1), null)).isEqualTo("2");
    nodes();
    assertThat(pick(balancer(BalanceMethod.RANDOM, 0.5), null)).isNull();
  }
}
