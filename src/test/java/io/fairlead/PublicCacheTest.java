package io.fairlead;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The public tests of HTTP caches (http-cache-tests on npm), all that are meant for a cache of its
 * kind. Those that do not pass are in a list, each with its reason; one in the list that passes is
 * a mistake as well. {@code -Dfairlead.cache-tests=FOLDER} takes a suite of another version, prints
 * what came of it and judges nothing.
 */
@Timeout(300)
final class PublicCacheTest {
  private static final Path RUNNER = Path.of("src/test/resources/cache-tests/run.mjs");
  private static final Path DEVIATIONS = Path.of("src/test/resources/cache-tests/deviations.csv");

  /** Its tests wait for seconds; on a busy machine one may come too late. */
  private static final int TRIES = 3;

  /**
   * What came of one test.
   *
   * @param kind required, optimal (the cache could do better) or check (the suite just asks)
   * @param needs tests without which this one says nothing
   */
  private record Result(String group, String kind, String word, List<String> needs, String why) {
    boolean isPassed() {
      return word.equals("pass");
    }
  }

  @Test
  void passes() throws Exception {
    String other = System.getProperty("fairlead.cache-tests");
    Path suite =
        other == null
            ? NodeModules.folder().resolve("node_modules/http-cache-tests")
            : Path.of(other).toAbsolutePath();
    boolean newer = Files.exists(suite.resolve("test-engine"));
    int port = FreePort.any();
    Process origin = origin(suite, newer, port);
    try (Fairlead fairlead = front(port)) {
      String url = "http://127.0.0.1:" + Loopback.port(fairlead, "web");
      Map<String, Result> results = run(suite, url, List.of());
      if (other != null) {
        print(results);
        return;
      }
      Map<String, String> deviations = deviations();
      List<String> unexpected = unexpected(results, deviations);
      for (int i = 1; i < TRIES && !unexpected.isEmpty(); i++) {
        results.putAll(run(suite, url, unexpected));
        unexpected = unexpected(results, deviations);
      }
      assertThat(results).hasSizeGreaterThan(300);
      assertThat(deviations.keySet()).isSubsetOf(results.keySet());
      assertThat(unexpected.stream().collect(Collectors.toMap(each -> each, results::get)))
          .as("neither passed nor in the list, or in the list and passed")
          .isEmpty();
    } finally {
      origin.destroy();
    }
  }

  /** Does for each test what that says. */
  private static Process origin(Path suite, boolean newer, int port) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder("node", newer ? "test-engine/server/server.mjs" : "server/server.mjs")
            .directory(suite.toFile())
            .redirectErrorStream(true);
    Map<String, String> environment = builder.environment();
    environment.put("npm_config_protocol", "http");
    environment.put("npm_config_port", Integer.toString(port));
    environment.put("npm_config_pidfile", "/dev/null");
    Process origin = builder.start();
    BufferedReader output = origin.inputReader(UTF_8);
    for (String line = output.readLine(); ; line = output.readLine()) {
      if (line == null) {
        throw new IOException("the suite's server does not start");
      }
      if (line.startsWith("Listening")) {
        break;
      }
    }
    Thread _ = Thread.ofVirtual().start(() -> output.lines().forEach(line -> {}));
    return origin;
  }

  private static Fairlead front(int port) throws IOException {
    return Loopback.start(
        """
        admin: { bind: "127.0.0.1:0" }
        logs: { enabled: false }
        listeners:
          web: { bind: "127.0.0.1:0", routes: [ { service: origin, cache: {} } ] }
        services:
          origin: { health: none, nodes: ["localhost:%d"] }
        """
            .formatted(port));
  }

  private static Map<String, Result> run(Path suite, String url, List<String> only)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("node", "--no-warnings", RUNNER.toString()));
    command.addAll(List.of(suite.toString(), url));
    command.addAll(only);
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    List<String> lines;
    try (BufferedReader output = process.inputReader(UTF_8)) {
      lines = output.lines().toList();
    }
    if (!process.waitFor(10, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IOException("the suite did not run: " + lines);
    }
    Map<String, Result> results = new TreeMap<>();
    for (String line : lines) {
      String[] parts = line.split("\t", -1);
      List<String> needs = parts[4].isEmpty() ? List.of() : List.of(parts[4].split(" ", -1));
      results.put(parts[1], new Result(parts[0], parts[2], parts[3], needs, parts[5]));
    }
    return results;
  }

  private static Map<String, String> deviations() throws IOException {
    return Files.readAllLines(DEVIATIONS).stream()
        .skip(1)
        .map(line -> line.split(",", 2))
        .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1]));
  }

  private static List<String> unexpected(
      Map<String, Result> results, Map<String, String> deviations) {
    return results.entrySet().stream()
        .filter(each -> counts(each.getValue(), results))
        .filter(each -> each.getValue().isPassed() == deviations.containsKey(each.getKey()))
        .map(Map.Entry::getKey)
        .toList();
  }

  private static boolean counts(Result result, Map<String, Result> results) {
    return !result.kind().equals("check")
        && result.needs().stream()
            .map(results::get)
            .allMatch(need -> need == null || need.isPassed());
  }

  private static void print(Map<String, Result> results) {
    Map<String, Long> sums =
        results.values().stream()
            .filter(each -> counts(each, results))
            .collect(
                Collectors.groupingBy(
                    each -> each.kind() + " " + each.word(), TreeMap::new, Collectors.counting()));
    System.out.println(sums);
    results.forEach((id, each) -> {
      if (counts(each, results) && !each.isPassed()) {
        System.out.println(id + " (" + each.group() + ", " + each.kind() + "): " + each.why());
      }
    });
  }
}
