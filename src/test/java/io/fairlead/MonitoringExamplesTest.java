package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.Metric;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Rules for Prometheus and a dashboard for Grafana: what they speak of exists. */
@Timeout(60)
final class MonitoringExamplesTest {
  private static final Path RULES = Path.of("examples/prometheus/fairlead.rules.yml");
  private static final Path DASHBOARD = Path.of("examples/grafana/fairlead.json");

  /** A metric of ours and, in braces, what its labels must be. */
  private static final Pattern SERIES =
      Pattern.compile("(?<![a-z:_])(fairlead_[a-z_0-9]+)(?:\\{([^}]*)\\})?");

  private static final Pattern LABEL = Pattern.compile("([a-z_]+)(?:=|!=|=~|!~)\"");

  /** What Prometheus adds. */
  private static final Set<String> FOREIGN = Set.of("job", "instance", "le");

  private static final Map<String, Metric> CATALOGUE =
      Arrays.stream(Metric.values())
          .collect(Collectors.toMap(Metric::metricName, Function.identity()));

  private static void promtool(String... words) throws Exception {
    List<String> command = new ArrayList<>(List.of("promtool"));
    command.addAll(List.of(words));
    Tool.Said said = Tool.run("", command);
    assertThat(said.status()).as(said.output()).isZero();
  }

  @Test
  void rulesAndConfigurationAreRight() throws Exception {
    promtool("check", "rules", RULES.toString());
    promtool("check", "config", "examples/prometheus/prometheus.yml");
  }

  @Test
  void alertsAreFiredWhenTheyShouldBeAndNotOtherwise() throws Exception {
    promtool("test", "rules", "examples/prometheus/fairlead.rules.test.yml");
    String tests = Files.readString(Path.of("examples/prometheus/fairlead.rules.test.yml"));
    Matcher alert = Pattern.compile("alert: (\\w+)").matcher(Files.readString(RULES));
    assertThat(alert.results().map(each -> each.group(1)).toList())
        .isNotEmpty()
        .allSatisfy(name -> assertThat(tests).contains("alertname=\"" + name + "\""));
  }

  @Test
  void everyMetricAndLabelOfTheRulesIsInTheCatalogue() throws Exception {
    assertThat(seriesOf(Files.readString(RULES))).hasSizeGreaterThan(15);
  }

  @Test
  void everyMetricAndLabelOfTheDashboardIsInTheCatalogue() throws Exception {
    assertThat(seriesOf(String.join("\n", expressions()))).hasSizeGreaterThan(30);
  }

  /** Prometheus' own parser judges, with a service and a step chosen. */
  @Test
  void everyExpressionOfTheDashboardCanBeAsked(@TempDir Path folder) throws Exception {
    Map<String, String> rules = new TreeMap<>();
    for (String expression : expressions()) {
      rules.put(
          "panel" + rules.size(),
          expression.replace("$__rate_interval", "1m").replaceAll("\\$[a-z]+", ".*"));
    }
    StringBuilder file = new StringBuilder("groups: [ { name: dashboard, rules: [\n");
    rules.forEach((name, expression) ->
        file.append("{ record: ")
            .append(name)
            .append(", expr: '")
            .append(expression)
            .append("' },\n"));
    Path path = folder.resolve("dashboard.rules.yml");
    Files.writeString(path, file.append("] } ]\n"));
    promtool("check", "rules", path.toString());
  }

  private static List<String> expressions() throws Exception {
    JsonNode dashboard = new JsonMapper().readTree(Files.readString(DASHBOARD));
    List<String> found = new ArrayList<>();
    for (JsonNode panel : dashboard.path("panels")) {
      for (JsonNode target : panel.path("targets")) {
        found.add(target.path("expr").asString());
      }
    }
    for (JsonNode annotation : dashboard.path("annotations").path("list")) {
      found.add(annotation.path("expr").asString());
    }
    return found;
  }

  /** Names of all metrics in the text, each of which must exist with the labels it is given. */
  private static Set<String> seriesOf(String text) {
    Set<String> names = new HashSet<>();
    for (MatchResult series : SERIES.matcher(text).results().toList()) {
      String name = series.group(1);
      Metric metric = metric(name);
      names.add(name);
      String labels = series.group(2) == null ? "" : series.group(2);
      Set<String> known = new HashSet<>(metric.labels());
      known.addAll(FOREIGN);
      for (MatchResult label : LABEL.matcher(labels).results().toList()) {
        assertThat(known).as(series.group()).contains(label.group(1));
      }
    }
    return names;
  }

  private static Metric metric(String name) {
    Metric whole = CATALOGUE.get(name);
    if (whole != null) {
      return whole;
    }
    Metric histogram = CATALOGUE.get(name.replaceFirst("_(bucket|sum|count)$", ""));
    if (histogram == null || histogram.type() != Metric.Type.HISTOGRAM) {
      throw new AssertionError("there is no metric " + name);
    }
    return histogram;
  }
}
