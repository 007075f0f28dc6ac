package io.fairlead.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.Metric;
import io.fairlead.vip.VipStatus;
import io.fairlead.vip.bgp.BgpStatus;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class MetricsPageTest {
  private static final Pattern SAMPLE =
      Pattern.compile("([a-z_]+)(\\{([a-z_]+=\"(\\\\[\\\\\"n]|[^\\\\\"\n])*\",?)+})? [0-9.E+-]+");

  private final FakeInstance instance = FakeInstance.shop(() -> 1_795_000_000_000L);

  @ParameterizedTest
  @EnumSource(Metric.class)
  void everyMetricFollowsTheRulesOfNames(Metric metric) {
    String name = metric.metricName();
    assertThat(name).matches("fairlead_[a-z_]+");
    assertThat(name.endsWith("_total")).isEqualTo(metric.type() == Metric.Type.COUNTER);
    if (metric.unit() != Metric.Unit.NONE) {
      assertThat(name).contains("_" + metric.unit().wireName());
    }
    assertThat(metric.help()).matches("(?s).*([Rr]ise|new series).*").endsWith(".");
    assertThat(
            List.of(
                "listener,route,service,node,code_class,reason,version,jdk,resumed,certificate,level,state,receiver,outcome,to,kind,instance,vip,router,direction,zone,name,filter"
                    .split(",", -1)))
        .containsAll(metric.labels());
  }

  @Test
  void everySampleFollowsItsHelpAndTypeAndOccursOnce() throws IOException {
    instance.addService("odd \"name\" \\ with\nall", 1);
    instance.traffic(instance.node("shop", 0), 100, 3_000, 10);
    Set<String> families = new HashSet<>();
    Set<String> seen = new HashSet<>();
    String family = "";
    for (String line : page(ScrapeFormat.TEXT).split("\n", -1)) {
      if (line.startsWith("# HELP ")) {
        family = line.split(" ", -1)[2];
        assertThat(families.add(family)).as(line).isTrue();
      } else if (line.startsWith("# TYPE ")) {
        assertThat(line).startsWith("# TYPE " + family + " ");
      } else if (!line.isEmpty()) {
        Matcher sample = SAMPLE.matcher(line);
        assertThat(sample.matches()).as(line).isTrue();
        assertThat(sample.group(1)).startsWith(family);
        assertThat(seen.add(line.substring(0, line.lastIndexOf(' ')))).as(line).isTrue();
      }
    }
    assertThat(seen).hasSizeGreaterThan(100);
  }

  @Test
  void countsWhatHappened() throws IOException {
    instance.traffic(instance.node("shop", 0), 100, 3_000, 10);
    instance.countError(ErrorReason.NO_ROUTE, 4);
    instance.setUp(instance.node("shop", 1), false, "connection refused");
    assertThat(page(ScrapeFormat.TEXT))
        .contains("fairlead_node_requests_total{service=\"shop\",node=\"127.0.0.1:9101\"} 100\n")
        .contains("node=\"127.0.0.1:9101\",code_class=\"5xx\"} 10\n")
        .contains("fairlead_node_up{service=\"shop\",node=\"127.0.0.1:9102\"} 0\n")
        .contains("fairlead_errors_total{listener=\"web\",reason=\"no-route\"} 4\n")
        .contains("fairlead_service_latency_seconds_bucket{service=\"shop\",le=\"0.0025\"} 0\n")
        .contains("fairlead_service_latency_seconds_bucket{service=\"shop\",le=\"0.005\"} 100\n")
        .contains("fairlead_service_latency_seconds_sum{service=\"shop\"} 0.3\n")
        .contains("fairlead_service_latency_seconds_count{service=\"shop\"} 100\n");
  }

  @Test
  void saysWhichRoutersAreTold() throws IOException {
    instance.setRouters(
        List.of(
            new BgpStatus(
                "rack",
                "10.0.0.1",
                65000,
                "established",
                0,
                "well",
                9,
                List.of("192.0.2.10", "2001:db8::10"),
                false,
                5,
                7,
                2)));
    assertThat(page(ScrapeFormat.TEXT))
        .contains("fairlead_bgp_session_up{router=\"rack\"} 1\n")
        .contains("fairlead_bgp_routes{router=\"rack\"} 2\n")
        .contains("fairlead_bgp_sessions_lost_total{router=\"rack\"} 2\n")
        .contains("fairlead_bgp_messages_total{router=\"rack\",direction=\"sent\"} 5\n")
        .contains("fairlead_bgp_messages_total{router=\"rack\",direction=\"received\"} 7\n");
  }

  @Test
  void saysWhoOwnsVirtualIps() throws IOException {
    instance.setVips(
        List.of(
            new VipStatus(
                "front",
                List.of("10.0.0.100/24"),
                "eth0",
                "vrrp",
                "owner",
                VipStatus.SELF,
                0,
                0,
                "",
                51,
                200,
                3,
                new VipStatus.Counters(100, 7, Map.of("checksum", 2L), 0)),
            new VipStatus(
                "leased",
                List.of("10.0.0.101/24"),
                "eth0",
                "lease",
                "trouble",
                null,
                0,
                0,
                "",
                0,
                100,
                1,
                new VipStatus.Counters(0, 0, Map.of(), 4))));
    assertThat(page(ScrapeFormat.TEXT))
        .contains("fairlead_vip_owner{vip=\"front\"} 1\nfairlead_vip_owner{vip=\"leased\"} 0\n")
        .contains("fairlead_vip_trouble{vip=\"front\"} 0\nfairlead_vip_trouble{vip=\"leased\"} 1\n")
        .contains("fairlead_vip_taken_total{vip=\"front\"} 3\n")
        .contains("fairlead_vip_adverts_total{vip=\"front\",direction=\"sent\"} 100\n")
        .contains("fairlead_vip_adverts_total{vip=\"front\",direction=\"received\"} 7\n")
        .contains("fairlead_vip_adverts_refused_total{vip=\"front\",reason=\"checksum\"} 2\n")
        .contains("fairlead_vip_late_renewals_total{vip=\"leased\"} 4\n")
        .doesNotContain("fairlead_vip_adverts_total{vip=\"leased\"");
  }

  /** In OpenMetrics, a counter's family must not have the name of another. */
  @Test
  void noTwoFamiliesHaveOneName() {
    assertThat(Metric.values())
        .extracting(metric -> metric.metricName().replaceFirst("_total$", ""))
        .doesNotHaveDuplicates();
  }

  @Test
  void openMetricsNamesCounterFamiliesWithoutTotalAndEndsWithItsMark() throws IOException {
    assertThat(page(ScrapeFormat.OPEN_METRICS))
        .contains("# TYPE fairlead_node_requests counter\n", "fairlead_node_requests_total{")
        .contains("# UNIT fairlead_node_sent_bytes bytes\n")
        .endsWith("# EOF\n");
  }

  @Test
  void theDocumentListsTheCatalogue() throws IOException {
    StringBuilder text =
        new StringBuilder(
            """
            # Metrics

            Served at `GET /metrics`, in the Prometheus text format or, if asked for by `Accept`,
            OpenMetrics or Prometheus' protobuf format, which has native histograms. How to use
            them: [monitoring.md](monitoring.md). Generated from the catalogue in
            `io.fairlead.telemetry.Metric`.

            | metric | type | labels | what it is, and what it means when it rises |
            |---|---|---|---|
            """);
    for (Metric metric : Metric.values()) {
      text.append("| `").append(metric.metricName()).append("` | ");
      text.append(metric.type().wireName()).append(" | ");
      text.append(String.join(", ", metric.labels())).append(" | ");
      text.append(metric.help().replace("|", "\\|")).append(" |\n");
    }
    text.append("\nValues of `reason`:\n\n| reason | status | meaning |\n|---|---|---|\n");
    for (ErrorReason reason : ErrorReason.values()) {
      text.append("| `").append(reason.wireName()).append("` | ").append(reason.status());
      text.append(" | ").append(reason.meaning()).append(" |\n");
    }
    GeneratedDocs.check("docs/metrics.md", text.toString());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "''                                                                | TEXT",
        "*/*                                                               | TEXT",
        "text/html, application/xml;q=0.9, */*;q=0.8                       | TEXT",
        "text/plain;version=0.0.4                                          | TEXT",
        "application/openmetrics-text;version=1.0.0;charset=utf-8          | OPEN_METRICS",
        "application/openmetrics-text;version=2.0.0,text/plain;q=0.5       | TEXT",
        "text/plain;q=0.5,application/openmetrics-text;version=0.0.1;q=0.7 | OPEN_METRICS",
        "application/openmetrics-text;q=0,text/plain;q=x                   | TEXT",
        // As Prometheus asks without native histograms, and with them.
        "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
            + " | OPEN_METRICS",
        "application/vnd.google.protobuf;proto=io.prometheus.client.metricfamily;encoding=delimited"
            + ",application/openmetrics-text;version=1.0.0;q=0.8,*/*;q=0.1 | PROTOBUF",
        "application/vnd.google.protobuf;proto=other;encoding=delimited,text/plain;q=0.1 | TEXT"
      })
  void theFormatIsTheOneThatIsLikedBest(String accept, ScrapeFormat format) {
    assertThat(ScrapeFormat.wanted(accept)).isEqualTo(format);
  }

  /**
   * What a listener, a route, a service and a node add to a page does not depend on requests: no
   * label has a value that a client chooses.
   */
  @Test
  void thePageDoesNotGrowWithTraffic() throws IOException {
    long before = page(ScrapeFormat.TEXT).lines().count();
    for (ErrorReason reason : ErrorReason.values()) {
      instance.countError(reason, 4);
    }
    instance.traffic(instance.node("shop", 0), 100, 3_000, 10);
    assertThat(page(ScrapeFormat.TEXT).lines().count()).isEqualTo(before);
    assertThat(samplesOf("node=\"127.0.0.1:9101\"")).isLessThanOrEqualTo(30);
  }

  private long samplesOf(String label) throws IOException {
    return page(ScrapeFormat.TEXT).lines().filter(line -> line.contains(label)).count();
  }

  private String page(ScrapeFormat format) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    new MetricsPage(instance).writeTo(out, format);
    return out.toString(StandardCharsets.UTF_8);
  }
}
