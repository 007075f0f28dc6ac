package io.fairlead.insight;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Four instances in front of twelve nodes, each with two requests a second and node, as {@link
 * FaultSetTest#withFewRequestsItTakesLonger} has them; told of each other twice a second.
 */
final class TogetherTest {
  private static final int INSTANCES = 4;
  private static final int BEGINS = 60;

  private final List<Town> towns = new ArrayList<>();

  private void begin(int seed) {
    towns.clear();
    for (int i = 0; i < INSTANCES; i++) {
      towns.add(new Town(12, 2, 100L * seed + i));
    }
    until(BEGINS, true);
  }

  private void until(double end, boolean together) {
    while (towns.getFirst().now < end * Town.SECOND) {
      double next = towns.getFirst().now / (double) Town.SECOND + 0.5;
      towns.forEach(town -> town.until(next));
      for (int i = 0; together && i < INSTANCES; i++) {
        String name = "i" + i;
        Town teller = towns.get(i);
        int _ =
            teller.detector.tell(
                1000,
                (node, routeClass, answered) ->
                    towns.stream()
                        .filter(town -> town != teller)
                        .forEach(town -> town.hear(name, node.name(), routeClass, answered)));
      }
    }
  }

  /** Seconds until the first node gets next to nothing in half of the instances; 60 at most. */
  private double found(boolean together, double share) {
    for (Town town : towns) {
      town.place(0).conduct =
          (_, route, _, random) ->
              random.nextDouble() < share ? -Town.MILLI : town.usual(route, random);
    }
    for (double seconds = 0.5; seconds < 60; seconds += 0.5) {
      until(BEGINS + seconds, together);
      if (towns.stream().filter(town -> town.place(0).subject.standing().share() < 0.3).count()
          >= INSTANCES / 2) {
        return seconds;
      }
    }
    return 60;
  }

  @Test
  void whatEachSeesLittleOfIsFoundSooner() {
    for (double share : new double[] {1, 0.2}) {
      double alone = 0;
      double together = 0;
      for (int seed = 1; seed <= 2; seed++) {
        begin(seed);
        alone += found(false, share) / 2;
        begin(seed);
        together += found(true, share) / 2;
      }
      assertThat(together).as("alone " + alone).isLessThan(0.7 * alone);
    }
  }

  @Test
  void amongHealthyNodesNobodyIsEverTouched() {
    begin(9);
    until(BEGINS + 300, true);
    towns.forEach(town ->
        assertThat(town.story).as(town.tell()).noneMatch(said -> said.what().contains(", seen ")));
  }

  /** One instance has a bad way to one node, then to all. */
  @Test
  void aBadWayOfOneIsAvoidedByThatOneOnly() {
    begin(5);
    Town bad = towns.getFirst();
    for (int nodes : new int[] {1, 12}) {
      IntStream.range(0, nodes)
          .forEach(i ->
              bad.place(i).conduct =
                  (_, route, _, random) ->
                      random.nextDouble() < 0.5 ? -Town.MILLI : bad.usual(route, random));
      until(BEGINS + (nodes == 1 ? 60 : 120), true);
      assertThat(bad.story).isNotEmpty();
      towns.subList(1, INSTANCES).forEach(town -> assertThat(town.story).as(town.tell()).isEmpty());
    }
  }
}
