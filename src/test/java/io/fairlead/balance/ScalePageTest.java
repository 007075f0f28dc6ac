package io.fairlead.balance;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The figures of docs/scale.md, reckoned with the classes that choose in production. {@code
 * -Dfairlead.update-docs=true} writes them anew.
 */
@Tag("computing")
final class ScalePageTest {
  private static final Path PAGE = Path.of("docs/scale.md");

  /** Those that a front end does not use are probed so much less often, as HealthChecker does. */
  private static final int UNUSED = 100;

  /** A fleet. */
  private record Fleet(int fronts, int nodes, int size) {
    long[] hashes() {
      return hashes(nodes);
    }

    static long[] hashes(int count) {
      return IntStream.range(0, count).mapToLong(i -> Hashing.mix(i + 1L)).toArray();
    }

    String words() {
      return number(fronts) + " | " + number(nodes) + " | " + number(size);
    }
  }

  private static final Fleet[] FLEETS = {
    new Fleet(10, 100, 30),
    new Fleet(10, 1_000, 300),
    new Fleet(100, 10_000, 300),
    new Fleet(1_000, 10_000, 50),
    new Fleet(1_000, 100_000, 300),
  };

  @Test
  void thePageSaysWhatTheClassesSay() throws IOException {
    String page = Files.readString(PAGE);
    page = with(page, "parts", parts());
    page = with(page, "losses", losses());
    page = with(page, "configuration", configuration());
    if (Boolean.getBoolean("fairlead.update-docs")) {
      Files.writeString(PAGE, page);
    }
    assertThat(PAGE).as("run with -Dfairlead.update-docs=true").content().isEqualTo(page);
  }

  /** The page with that table between its marks. */
  private static String with(String page, String name, String table) {
    String begin = "<!-- " + name + " -->\n";
    String end = "<!-- /" + name + " -->";
    int from = page.indexOf(begin);
    int to = page.indexOf(end);
    assertThat(from).as(begin).isPositive();
    assertThat(to).as(end).isGreaterThan(from);
    return page.substring(0, from + begin.length()) + table + page.substring(to);
  }

  private static String parts() {
    StringBuilder table =
        new StringBuilder(
            """
            | front ends | nodes | `size` | nodes of a front end | front ends of a node | probes a second: front end | node | a node more moves | a front end more moves |
            |---|---|---|---|---|---|---|---|---|
            """);
    for (Fleet fleet : FLEETS) {
      int[][] uses = InSubset.usedBy(fleet.hashes(), fleet.size(), fleet.fronts());
      int[] of = users(uses, fleet.nodes());
      double mean = Arrays.stream(of).average().orElseThrow();
      double asked = fleet.size() + (fleet.nodes() - fleet.size()) / (double) UNUSED;
      double heard = mean + (fleet.fronts() - mean) / UNUSED;
      Set<Long> before = pairs(uses);
      long byNode =
          begun(
              before,
              InSubset.usedBy(Fleet.hashes(fleet.nodes() + 1), fleet.size(), fleet.fronts()));
      int more = Math.min(1_000, fleet.fronts() + 1);
      int[][] then = InSubset.usedBy(fleet.hashes(), fleet.size(), more);
      table.append(
          String.format(
              Locale.ROOT,
              "| %s | %s | %s | %.0f | %.1f | %s | %s |%n",
              fleet.words(),
              span(Arrays.stream(uses).mapToInt(part -> part.length).toArray()),
              span(of),
              asked,
              heard,
              percent(byNode, before.size()),
              more == fleet.fronts() ? "–" : percent(begun(before, then), before.size())));
    }
    return table.toString();
  }

  private static int[] users(int[][] uses, int nodes) {
    int[] of = new int[nodes];
    for (int[] part : uses) {
      for (int node : part) {
        of[node]++;
      }
    }
    return of;
  }

  /** Front end and node, in one number. */
  private static Set<Long> pairs(int[][] uses) {
    Set<Long> pairs = new HashSet<>();
    for (int front = 0; front < uses.length; front++) {
      for (int node : uses[front]) {
        pairs.add((long) front << 32 | node);
      }
    }
    return pairs;
  }

  private static long begun(Set<Long> before, int[][] then) {
    return pairs(then).stream().filter(pair -> !before.contains(pair)).count();
  }

  /** Some nodes fail, wherever they are; front ends have equally many requests. */
  private static String losses() {
    StringBuilder table =
        new StringBuilder(
            """
            | front ends | nodes | `size` | nodes lost | fewest left of a front end | busiest node, of the mean | 99th percentile |
            |---|---|---|---|---|---|---|
            """);
    for (Fleet fleet : FLEETS) {
      int[][] uses = InSubset.usedBy(fleet.hashes(), fleet.size(), fleet.fronts());
      for (int lost : new int[] {0, 10, 33}) {
        SplittableRandom random = new SplittableRandom(fleet.nodes() + lost);
        boolean[] down = new boolean[fleet.nodes()];
        for (int i = 0; i < down.length; i++) {
          down[i] = random.nextInt(100) < lost;
        }
        double[] load = new double[fleet.nodes()];
        double fewest = 1;
        for (int[] part : uses) {
          int left = (int) Arrays.stream(part).filter(node -> !down[node]).count();
          fewest = Math.min(fewest, left / (double) part.length);
          for (int node : part) {
            load[node] += down[node] ? 0 : 1.0 / left;
          }
        }
        double[] of =
            IntStream.range(0, load.length)
                .filter(i -> !down[i])
                .mapToDouble(i -> load[i])
                .sorted()
                .toArray();
        double mean = Arrays.stream(of).average().orElseThrow();
        table.append(
            String.format(
                Locale.ROOT,
                "| %s | %d %% | %.0f %% | %.2f | %.2f |%n",
                fleet.words(),
                lost,
                100 * fewest,
                of[of.length - 1] / mean,
                of[(int) (0.99 * of.length)] / mean));
      }
    }
    return table.toString();
  }

  private static String configuration() throws IOException {
    StringBuilder table =
        new StringBuilder(
            "| nodes in the file | KiB | packed | of what is allowed |\n|---|---|---|---|\n");
    for (int nodes : new int[] {1_000, 10_000, 50_000, 100_000}) {
      StringBuilder yaml = new StringBuilder("services:\n  shop:\n    nodes:\n");
      SplittableRandom random = new SplittableRandom(nodes);
      for (int i = 0; i < nodes; i++) {
        int at = random.nextInt(1 << 24);
        yaml.append("      - \"10.%d.%d.%d:8080\"\n".formatted(at >> 16, at >> 8 & 255, at & 255));
      }
      byte[] text = yaml.toString().getBytes(UTF_8);
      ByteArrayOutputStream packed = new ByteArrayOutputStream();
      try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
        out.write(text);
      }
      table.append(
          String.format(
              Locale.ROOT,
              "| %s | %d | %d | %.0f %% |%n",
              number(nodes),
              text.length / 1024,
              packed.size() / 1024,
              100.0 * packed.size() / (900 * 1024)));
    }
    return table.toString();
  }

  private static String span(int[] values) {
    int least = Arrays.stream(values).min().orElseThrow();
    int most = Arrays.stream(values).max().orElseThrow();
    return least == most ? number(least) : number(least) + " to " + number(most);
  }

  private static String percent(long part, int of) {
    return String.format(Locale.ROOT, "%.2f %%", 100.0 * part / of);
  }

  private static String number(int value) {
    return String.format(Locale.ROOT, "%,d", value);
  }
}
