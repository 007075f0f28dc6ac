package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.ConfigReader;
import io.fairlead.config.HostPort;
import io.fairlead.config.ServiceConfig;
import io.fairlead.insight.SharedEvidence;
import io.fairlead.runtime.ManualScheduler;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.service.Standing;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.OpenTry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Three instances in front of the same six nodes, each with a share of the requests, and what they
 * find together.
 */
class SharedAnswersTest {
  private static final int NODES = 6;
  private static final String CONFIG = SharedRates.id("agreed");

  private static final ServiceConfig JUDGED = judged();

  private final ManualScheduler time = new ManualScheduler();
  private final Map<String, Instance> instances = new LinkedHashMap<>();
  private final SplittableRandom random = new SplittableRandom(7);

  private final class Instance {
    final EventLog events = new EventLog(time::epochMillis);
    final Service service = new Service("shop", 1, events, time::epochMillis);
    final OutlierWatch outliers = new OutlierWatch(time, events, _ -> {}, _ -> List.of());
    final List<String> told = new ArrayList<>();
    final SharedAnswers answers;
    final int page = service.answers().classOf("page");
    final double[] failing = new double[NODES];
    final OpenTry open = new OpenTry();
    String config = "agreed";
    boolean silent;

    /** Requests to each node in half a second, on average. */
    double rate = 2;

    Instance(String name, int nodes) {
      service.setMembers(
          IntStream.range(0, nodes)
              .mapToObj(
                  i -> new NodeSpec(new HostPort("127.0.0.1", i + 1), "n" + (i + 1), 1, "", "file"))
              .toList());
      for (Node node : service.nodes().all()) {
        service.setUp(node, true, "as found");
      }
      outliers.watch(service, JUDGED);
      outliers.start();
      answers = new SharedAnswers(time, outliers, () -> config, this::tell);
      answers.follow(name);
      instances.put(name, this);
    }

    private void tell(String line) {
      told.add(line);
      instances.values().stream()
          .filter(other -> other != this && !silent)
          .forEach(other -> other.answers.hear(line));
    }

    Node node(int index) {
      return service.nodes().all()[index];
    }

    /** What comes in half a second, at nodes that get requests. */
    void ask() {
      for (Node node : service.nodes().all()) {
        if (node.facts().standing().state() != Standing.State.EJECTED) {
          for (double left = rate; random.nextDouble() < left; left--) {
            request(node);
          }
        }
      }
    }

    private void request(Node node) {
      int index = node.address().port() - 1;
      long now = time.nanoTime();
      open.begin(service.answers(), node.answers(), 0, page, random.nextInt(), now);
      boolean error = index < NODES && random.nextDouble() < failing[index];
      open.answered(error, now + 20_000_000 + random.nextInt(10_000_000));
      open.end(now + 30_000_000);
    }

    boolean isOut(int index) {
      return node(index).facts().standing().state() == Standing.State.EJECTED;
    }

    /** Seconds until it is out, or more than those. */
    double isOutAfter(int index, double most) {
      for (double seconds = 0; seconds < most; seconds += 0.5) {
        pass(0.5);
        if (isOut(index)) {
          return seconds + 0.5;
        }
      }
      return Double.POSITIVE_INFINITY;
    }
  }

  private final Instance one = new Instance("one", NODES);
  private final Instance two = new Instance("two", NODES);
  private final Instance three = new Instance("three", NODES);

  @BeforeEach
  void begin() {
    pass(30);
    instances.values().forEach(each -> assertThat(ejected(each)).isEmpty());
  }

  private void pass(double seconds) {
    for (double passed = 0; passed < seconds; passed += 0.5) {
      instances.values().forEach(Instance::ask);
      time.advance(Duration.ofMillis(500));
    }
  }

  private static ServiceConfig judged() {
    String text =
        """
        listeners: { web: { bind: "127.0.0.1:0", routes: [ { service: shop } ] } }
        services: { shop: { nodes: [ "127.0.0.1:1" ], health: none } }
        """;
    return switch (ConfigReader.read("test", text, Path.of("."), _ -> null)) {
      case ConfigReader.Result.Accepted(var config, String _) ->
          config.services().values().iterator().next();
      case ConfigReader.Result.Refused refused -> throw new AssertionError(refused.problems());
    };
  }

  private static List<String> ejected(Instance instance) {
    return instance.events.since(0).stream()
        .map(entry -> entry.event().text())
        .filter(text -> text.contains("eject"))
        .toList();
  }

  private void all(Consumer<Instance> change) {
    instances.values().forEach(change);
  }

  @Test
  void togetherTheyFindSoonerWhatEachSeesLittleOf() {
    all(each -> each.failing[0] = 0.3);
    double together = one.isOutAfter(0, 60);
    assertThat(one.node(0).facts().standing().reason())
        .matches("errors .* in \\d+ s, others .*, seen here and by (three, two|three|two)");
    pass(3);
    assertThat(two.isOut(0)).isTrue();
    assertThat(three.isOut(0)).isTrue();
    assertThat(ejected(one)).hasSize(1).first().asString().contains(", seen here and by ");

    all(each -> {
      each.failing[0] = 0;
      each.silent = true;
    });
    pass(120);
    assertThat(one.isOut(0)).isFalse();
    all(each -> each.failing[1] = 0.3);
    double alone = one.isOutAfter(1, 60);
    assertThat(one.node(1).facts().standing().reason()).doesNotContain("seen");
    assertThat(together).as("alone " + alone + " s").isLessThan(0.75 * alone);
  }

  /** Its cable, not the node. */
  @ParameterizedTest
  @ValueSource(doubles = {0.1, 0.5, 1})
  void ofOneThatIsAloneWithWhatItSeesNobodyElseBelievesIt(double share) {
    one.failing[0] = share;
    pass(60);
    assertThat(ejected(one)).isNotEmpty();
    assertThat(ejected(two)).isEmpty();
    assertThat(ejected(three)).isEmpty();
  }

  @Test
  void alsoNotWhereTheOthersHaveFewRequests() {
    two.rate = 0.1;
    three.rate = 0;
    one.rate = 20;
    one.failing[0] = 1;
    pass(60);
    assertThat(ejected(one)).isNotEmpty();
    assertThat(ejected(two)).isEmpty();
    assertThat(ejected(three)).isEmpty();
  }

  @Test
  void whoSeesThatNothingIsWrongGoesByWhatItSees() {
    one.failing[0] = 0.5;
    two.failing[0] = 0.5;
    pass(60);
    assertThat(ejected(one)).isNotEmpty();
    assertThat(ejected(two)).isNotEmpty();
    assertThat(ejected(three)).isEmpty();
  }

  @Test
  void whoHasHardlyARequestGoesByWhatTwoOthersSee() {
    three.rate = 0.05;
    pass(60);
    one.failing[0] = 0.5;
    two.failing[0] = 0.5;
    three.failing[0] = 0.5;
    pass(20);
    assertThat(three.isOut(0)).isTrue();
    assertThat(three.node(0).facts().standing().reason()).contains("seen by ");
  }

  @Test
  void whereAllNodesFailAlikeNobodyIsEjected() {
    all(each -> IntStream.range(0, NODES).forEach(i -> each.failing[i] = 0.5));
    pass(60);
    all(each -> assertThat(ejected(each)).isEmpty());
  }

  /**
   * All its ways are bad: its requests are counted with the others', and none of them believes it.
   */
  @Test
  void whereOneFailsEverywhereNobodyIsEjected() {
    IntStream.range(0, NODES).forEach(i -> one.failing[i] = 0.5);
    one.rate = 10;
    pass(60);
    all(each -> assertThat(ejected(each)).isEmpty());
  }

  /** Two has seen much and falls silent; then one sees as much as would do with that. */
  @ParameterizedTest
  @CsvSource({"false", "true"})
  void whatOneThatIsSilentHasSaidIsForgotten(boolean silent) {
    three.rate = 0;
    one.rate = 0.5;
    two.rate = 10;
    two.failing[0] = 0.5;
    pass(1);
    two.failing[0] = 0;
    two.rate = 0;
    two.silent = silent;
    pass(5.5);
    one.failing[0] = 1;
    one.rate = 1;
    pass(2);
    assertThat(one.isOut(0)).isEqualTo(!silent);
  }

  @Test
  void anotherConfigurationIsNotCountedNorIsWhatIsNotKnown() {
    two.config = "newer";
    three.silent = true;
    SharedEvidence before = one.answers.evidence();
    pass(5);
    SharedEvidence after = one.answers.evidence();
    assertThat(after.heard()).isEqualTo(before.heard());
    assertThat(after.ignored()).isGreaterThan(before.ignored());

    for (String known : List.of("other\tn1\tpage", "shop\tn9\tpage", "shop\tn1\tother")) {
      hear("answers x " + CONFIG + "\t" + known + "\t1 0 0 0");
      assertThat(one.answers.evidence().heard()).isEqualTo(before.heard());
    }
    hear("answers x " + CONFIG + "\tshop\tn1\tpage\t1 0 0 0");
    assertThat(one.answers.evidence().heard()).isEqualTo(before.heard() + 1);
    assertThat(one.answers.evidence().ignored()).isGreaterThanOrEqualTo(after.ignored() + 3);
  }

  private void hear(String line) {
    one.answers.hear(line);
    time.run();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "answers ",
        "answers x",
        "answers  C",
        "answers x C more",
        "answers x C\tshop",
        "answers x C\tshop\tn1\tpage",
        "answers x C\tshop\tn1\tpage\t",
        "answers x C\tshop\tn1\tpage\t1 0 0",
        "answers x C\tshop\tn1\tpage\tone 0 0 0",
        "answers x C\tshop\tn1\tpage\t1 0 0 0\t",
        "answers x C\tshop\tn1\tpage\t-1 0 0 0",
        "answers x C\tshop\tn1\tpage\t0 -1 0 0",
        "answers x C\tshop\tn1\tpage\t1 0 2 0",
        "answers x C\tshop\tn1\tpage\t1 0 0 2",
        "answers x C\tshop\tn1\tpage\t100001 0 0 0",
        "answers x C\tshop\tn1\tpage\t1 99999999999 0 0",
        "answers x C\tshop\tn1\tpage\t1 1 0 0 -5",
        "answers x C\tshop\tn1\tpage\t1 1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1",
        "answers x C\tshop\tn1\tpage\t1 0 0 0\tshop\tn2\tpage\tx",
      })
  void whatMakesNoSenseIsRefusedAsAWhole(String line) {
    SharedEvidence before = one.answers.evidence();
    hear(line.replace("C", CONFIG));
    SharedEvidence after = one.answers.evidence();
    assertThat(after.refused()).isEqualTo(before.refused() + 1);
    assertThat(after.heard()).isEqualTo(before.heard());
  }

  @Test
  void whatIsOfOtherMattersIsLeftAlone() {
    SharedEvidence before = one.answers.evidence();
    List.of("", "rates 1", "verdicts one\t-shop/a", "answersx").forEach(this::hear);
    hear("answers one " + CONFIG + "\tshop\tn1\tpage\t1 0 0 0"); // from itself
    assertThat(one.answers.evidence()).isEqualTo(before);
  }

  /**
   * What one says without end, and however much, is no reason for anything, nor does it overflow.
   */
  @Test
  void oneThatLiesIsNotBelieved() {
    SharedEvidence before = one.answers.evidence();
    for (int second = 0; second < 70; second++) {
      for (int i = 0; i < 500; i++) {
        one.answers.hear(
            "answers liar " + CONFIG + "\tshop\tn1\tpage\t0 100000 0 0" + " 100000".repeat(16));
      }
      pass(1);
    }
    assertThat(ejected(one)).isEmpty();
    assertThat(one.answers.evidence().refused()).isEqualTo(before.refused() + 70 * 300);
  }

  @Test
  void ofManyNodesSomeAreToldAtATimeAndLinesFit() {
    instances.clear();
    Instance large = new Instance("large", 3000);
    pass(1);
    large.told.clear();
    for (int look = 1; look <= 4; look++) {
      large.ask();
      int before = large.told.size();
      time.advance(Duration.ofMillis(500));
      assertThat(nodes(large.told.subList(before, large.told.size()))).hasSizeBetween(700, 1000);
    }
    assertThat(nodes(large.told)).hasSizeGreaterThan(2500);
    assertThat(large.told).allMatch(line -> line.getBytes(StandardCharsets.UTF_8).length < 60_000);
  }

  private static Set<String> nodes(List<String> lines) {
    Set<String> nodes = new TreeSet<>();
    for (String line : lines) {
      String[] fields = line.split("\t", -1);
      for (int i = 2; i < fields.length; i += 4) {
        nodes.add(fields[i]);
      }
    }
    return nodes;
  }

  @Test
  void oneThatIsAloneTellsNothingAndForgetsWhatItHeard() {
    one.answers.follow(null);
    time.run();
    one.told.clear();
    SharedEvidence before = one.answers.evidence();
    pass(5);
    assertThat(one.told).isEmpty();
    assertThat(one.answers.evidence().heard()).isEqualTo(before.heard());
    assertThat(one.answers.evidence().told()).isEqualTo(before.told());
  }
}
