package io.fairlead.insight.alert;

import static io.fairlead.insight.alert.Scene.SHOP;
import static io.fairlead.insight.alert.Scene.SITE;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.AlertRuleConfig.Level;
import io.fairlead.config.AlertScope.Part;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Every kind of rule, from the first sign to the end; nobody is told here. */
final class RuleStoriesTest {
  @Test
  void aThresholdFiresWhenItHasHeldAndIsOverWhenItHasNot() {
    Scene scene =
        new Scene(
            """
            rules:
              - { name: errors, when: "error-share > 10%", service: shop, over: 1m, for: 30s, clear-for: 20s }
            """);
    scene.traffic.add(SHOP, 0, 120, 100, 0);
    scene.traffic.add(SHOP, 120, 240, 100, 50);
    scene.traffic.add(SHOP, 240, 600, 100, 0);
    scene.until(600);
    // 10 % of a minute are reached 12 s after the fault, and left 12 s before a minute after it.
    assertThat(scene.story)
        .containsExactly(
            "2:43 firing: service shop: share of errors is 35.8 % over the last 1 min, more than 10 %",
            "5:08 resolved: service shop: share of errors is 10.8 % over the last 1 min, more than 10 %");
  }

  @Test
  void whatPassesBeforeItsTimeIsNeverTold() {
    Scene scene =
        new Scene("rules: [ { name: busy, when: \"requests > 100/s\", over: 10s, for: 1m } ]");
    scene.traffic.add(SHOP, 0, 60, 50, 0);
    scene.traffic.add(SHOP, 60, 100, 500, 0);
    scene.traffic.add(SHOP, 100, 300, 50, 0);
    scene.until(300);
    assertThat(scene.story).isEmpty();
    assertThat(scene.engine.alerts()).isEmpty();
  }

  @Test
  void betweenTwoValuesAnAlertStaysAsItIs() {
    Scene scene =
        new Scene(
            """
            rules:
              - { name: slow, when: "p99 > 500ms", until: "p99 < 400ms", over: 10s, clear-for: 0s }
            """);
    scene.traffic.add(SHOP, 0, 60, 10, 0, 0, 450_000);
    scene.traffic.add(SHOP, 60, 120, 10, 0, 0, 600_000);
    scene.traffic.add(SHOP, 120, 300, 10, 0, 0, 450_000);
    scene.traffic.add(SHOP, 300, 400, 10, 0, 0, 300_000);
    scene.until(400);
    assertThat(scene.story)
        .containsExactly(
            "1:01 firing: p99 is 600 ms over the last 10 s, more than 500 ms",
            "5:10 resolved: p99 is 600 ms over the last 10 s, more than 500 ms");
  }

  @Test
  void fewRequestsSayNothing() {
    Scene scene =
        new Scene(
            "rules: [ { name: e, when: \"error-share > 10%\", over: 1m, min-requests: 100 } ]");
    scene.traffic.add(SHOP, 0, 300, 1, 1);
    scene.until(300);
    assertThat(scene.story).isEmpty();
  }

  @Test
  void oneAlertForEach() {
    Scene scene =
        new Scene(
            "rules: [ { name: e, when: \"errors >= 5\", each: node, service: shop, over: 10s } ]");
    scene.traffic.add(SHOP.with(Part.NODE, "a"), 0, 100, 10, 1);
    scene.traffic.add(SHOP.with(Part.NODE, "b"), 0, 100, 10, 0);
    scene.traffic.add(SHOP.with(Part.NODE, "c"), 50, 100, 10, 1);
    scene.traffic.add(SITE.with(Part.NODE, "d"), 0, 100, 10, 9);
    scene.until(60);
    assertThat(scene.story)
        .containsExactly(
            "0:05 firing: service shop, node a: errors are 5 over the last 10 s, at least 5",
            "0:55 firing: service shop, node c: errors are 5 over the last 10 s, at least 5");
  }

  @Test
  void silenceIsAnAlertToo() {
    Scene scene =
        new Scene("rules: [ { name: quiet, when: no requests, each: service, over: 1m } ]");
    scene.traffic.add(SHOP, 0, 100, 10, 0);
    scene.traffic.add(SITE, 0, 1000, 10, 0);
    scene.traffic.add(SHOP, 200, 1000, 10, 0);
    scene.until(400);
    assertThat(scene.story)
        .containsExactly(
            "2:40 firing: service shop: no requests for 1 min",
            "4:21 resolved: service shop: no requests for 1 min");
  }

  @Test
  void whatIsNotKnownIsNotNothing() {
    Scene scene = new Scene("rules: [ { name: quiet, when: no requests, over: 1m } ]");
    scene.traffic.heldSince(100);
    scene.until(100);
    assertThat(scene.story).isEmpty();
    scene.until(101);
    assertThat(scene.story).containsExactly("1:41 firing: no requests for 1 min");
  }

  @Test
  void aServiceWithoutNodes() {
    Scene scene = new Scene("receivers: { chat: { webhook: \"http://a.example/\" } }");
    scene.present.nodes("shop", 3, 3);
    scene.until(60);
    scene.present.nodes("shop", 0, 3);
    scene.until(120);
    scene.present.nodes("shop", 1, 3);
    scene.until(180);
    assertThat(scene.story)
        .containsExactly(
            "1:11 firing: service shop: none of 3 nodes is healthy, less than 1",
            "1:16 to chat: Firing: service shop: none of 3 nodes is healthy, less than 1",
            "2:01 resolved: service shop: none of 3 nodes is healthy, less than 1",
            "2:06 to chat: Resolved: service shop: none of 3 nodes is healthy, less than 1");
  }

  @Test
  void aServiceThatIsGoneHasNoAlerts() {
    Scene scene = new Scene("rules: [ { name: n, when: \"healthy-nodes < 2\", each: service } ]");
    scene.present.nodes("shop", 1, 3);
    scene.until(10);
    scene.present.services.clear();
    scene.until(100);
    assertThat(scene.story)
        .containsExactly(
            "0:01 firing: service shop: 1 of 3 nodes are healthy, less than 2",
            "1:11 resolved: service shop: 1 of 3 nodes are healthy, less than 2");
  }

  @Test
  void theOtherBuiltInRules() {
    Scene scene =
        new Scene(
            """
            receivers: { chat: { webhook: "http://a.example/" } }
            group-by: [rule]
            group-wait: 0s
            """);
    scene.traffic.add(SHOP, 0, 2000, 100, 0);
    scene.until(10);
    scene.present.certificates.add(
        new Present.CertificateDays(Map.of("listener", "web"), "certificate a.pem", 13));
    scene.until(11);
    scene.present.dropped = 7;
    scene.until(12);
    scene.present.refused = "f.yaml:1:1: unknown key";
    scene.until(13);
    scene.present.incidents.add(
        new OpenIncident(
            "i-1", "errors", Level.BAD, "4 % of requests fail", 0, Map.of("service", "shop"), "b"));
    scene.until(14);
    scene.traffic.add(SHOP, 14, 300, 0, 50);
    scene.until(90);
    assertThat(scene.story.stream().filter(line -> !line.contains(" to chat")))
        .containsExactly(
            "0:11 firing: certificate a.pem expires in 13 days",
            "0:12 firing: records dropped are 7 over the last 1 min, more than 0",
            "0:13 firing: the last configuration was refused, the one before stays in force:"
                + " f.yaml:1:1: unknown key",
            "0:14 firing: 4 % of requests fail",
            "1:16 firing: service shop: share of errors is 50 % over the last 1 min, more than 5 %");
  }

  @Test
  void aRuleThatIsTakenAwayEndsItsAlerts() {
    Scene scene = new Scene("rules: [ { name: n, when: \"requests > 1\", over: 10s } ]");
    scene.traffic.add(SHOP, 0, 1000, 10, 0);
    scene.until(5);
    scene.configure("rules: [ { name: n, when: \"requests > 1\", over: 20s, level: warn } ]");
    scene.until(10);
    scene.configure("rules: [ { name: n, when: \"requests > 2\", over: 10s } ]");
    scene.until(15);
    assertThat(scene.story)
        .containsExactly(
            "0:01 firing: requests are 10 over the last 10 s, more than 1",
            "0:10 resolved: requests are 100 over the last 20 s, more than 1",
            "0:11 firing: requests are 100 over the last 10 s, more than 2");
  }
}
