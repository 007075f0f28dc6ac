package io.fairlead.insight.alert;

import static io.fairlead.insight.alert.Scene.SHOP;
import static io.fairlead.insight.alert.Scene.SITE;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.AlertRuleConfig.Level;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Who is told of what, when, in how many messages. */
final class MessagesTest {
  private static final String TWO =
      """
      receivers: { chat: { webhook: "http://a.example/" } }
      built-in: []
      rules:
        - { name: errors, when: "errors > 5", each: service, over: 10s, clear-for: 0s }
        - { name: busy, when: "requests > 50/s", each: service, over: 10s, clear-for: 0s, level: warn }
      """;

  private static List<String> told(Scene scene) {
    return scene.story.stream().filter(line -> line.contains(" to ")).toList();
  }

  @Test
  void alertsAboutOneServiceAreOneMessage() {
    Scene scene = new Scene(TWO);
    scene.traffic.add(SHOP, 20, 60, 100, 10);
    scene.traffic.add(SITE, 40, 60, 100, 0);
    scene.until(200);
    assertThat(told(scene))
        .containsExactly(
            "0:26 to chat: Firing: service shop: errors are 60 over the last 10 s, more than 5"
                + " (and 1 more)",
            "0:51 to chat: Firing: service site: requests are 100/s over the last 10 s, more than"
                + " 50/s",
            "1:10 to chat: Resolved: service shop: errors are 10 over the last 10 s, more than 5"
                + " (and 1 more)",
            "1:21 to chat: Resolved: service site: requests are 60/s over the last 10 s, more than"
                + " 50/s");
  }

  @Test
  void whatGoesOnIsToldAgainAfterAWhile() {
    Scene scene = new Scene(TWO + "repeat: 1h\n");
    scene.traffic.add(SHOP, 0, 9000, 10, 10);
    scene.until(9000);
    assertThat(told(scene))
        .containsExactly(
            "0:06 to chat: Firing: service shop: errors are 60 over the last 10 s, more than 5",
            "60:06 to chat: Still firing: service shop: errors are 100 over the last 10 s, more"
                + " than 5",
            "120:06 to chat: Still firing: service shop: errors are 100 over the last 10 s, more"
                + " than 5");
  }

  @Test
  void whatComesBackSoonIsNoStorm() {
    Scene scene = new Scene(TWO + "group-interval: 1m\n");
    for (int at = 0; at < 600; at += 20) {
      scene.traffic.add(SHOP, at, at + 5, 10, 10);
    }
    scene.until(600);
    assertThat(told(scene).size()).isBetween(5, 11);
  }

  @Test
  void whatIsSilencedIsNotToldUntilTheSilenceEnds() {
    Scene scene = new Scene(TWO);
    scene.engine.silence(
        new Silence("s-1", Map.of("rule", "err*", "service", "shop"), 0, 60_000, "ann", "known"));
    scene.traffic.add(SHOP, 0, 600, 10, 10);
    scene.traffic.add(SITE, 0, 600, 10, 10);
    scene.until(100);
    assertThat(told(scene))
        .containsExactly(
            "0:06 to chat: Firing: service site: errors are 60 over the last 10 s, more than 5",
            "1:05 to chat: Firing: service shop: errors are 100 over the last 10 s, more than 5");
    assertThat(scene.engine.silences()).isEmpty();
  }

  @Test
  void whoWasToldHearsThatItIsOverAlsoWhenSilenced() {
    Scene scene = new Scene(TWO);
    scene.traffic.add(SHOP, 0, 60, 10, 10);
    scene.until(30);
    scene.engine.silence(new Silence("s-1", Map.of("service", "shop"), 0, 90_000, "ann", "x"));
    scene.until(200);
    assertThat(told(scene))
        .containsExactly(
            "0:06 to chat: Firing: service shop: errors are 60 over the last 10 s, more than 5",
            "1:15 to chat: Resolved: service shop: errors are 10 over the last 10 s, more than 5");
  }

  @Test
  void whatAnIncidentCoversIsToldWithIt() {
    Scene scene =
        new Scene(TWO.replace("built-in: []", "built-in: [incident]") + "group-by: [rule]\n");
    scene.present.incidents.add(
        new OpenIncident(
            "i-1",
            "errors",
            Level.BAD,
            "service shop: 50 % of requests fail since 0:01",
            1000,
            Map.of("service", "shop"),
            "96 % of failing requests hit node b, 8 % of others"));
    scene.traffic.add(SHOP, 0, 60, 10, 10);
    scene.traffic.add(SITE, 0, 600, 10, 10);
    scene.until(40);
    scene.present.incidents.clear();
    scene.until(100);
    assertThat(told(scene))
        .containsExactly(
            "0:06 to chat: Firing: service shop: 50 % of requests fail since 0:01; also [service"
                + " shop: errors are 60 over the last 10 s, more than 5]",
            "0:06 to chat: Firing: service site: errors are 60 over the last 10 s, more than 5",
            "0:46 to chat: Firing: service shop: errors are 100 over the last 10 s, more than 5 (and"
                + " 1 more)",
            "0:46 to chat: Resolved: service shop: 50 % of requests fail since 0:01",
            "1:16 to chat: Firing: service site: errors are 100 over the last 10 s, more than 5");
  }

  @Test
  void theTextNamesTheProbableCause() {
    Scene scene = new Scene(TWO);
    scene.present.incidents.add(
        new OpenIncident(
            "i-1", "errors", Level.BAD, "x", 0, Map.of("service", "shop"), "node b is ill"));
    scene.traffic.add(SHOP, 0, 60, 10, 10);
    scene.until(30);
    Message message =
        new Message("m", "chat", false, 0, Map.of(), scene.engine.alerts(), List.of("y"));
    assertThat(message.text())
        .isEqualTo(
            """
            BAD  service shop: errors are 100 over the last 10 s, more than 5
                most likely cause: node b is ill
                also: y
            """);
  }

  @Test
  void onlyThoseThatARuleNamesAreTold() {
    Scene scene =
        new Scene(
            """
            receivers:
              chat: { webhook: "http://a.example/" }
              team: { webhook: "http://b.example/" }
              am: { alertmanager: "http://c.example/" }
            built-in: []
            rules:
              - { name: errors, when: "errors > 5", over: 10s, clear-for: 0s, to: [team, am] }
            """);
    scene.traffic.add(SHOP, 0, 100, 10, 10);
    scene.until(200);
    assertThat(told(scene).stream().map(line -> line.substring(0, line.indexOf(": "))))
        .containsExactly(
            "0:06 to team",
            "0:06 to am",
            "1:06 to am", // it forgets what it does not hear of again
            "1:55 to team",
            "1:55 to am");
  }

  @Test
  void anotherProcessGoesOnWhereOneEnded() {
    Scene scene = new Scene(TWO);
    scene.traffic.add(SHOP, 0, 100, 10, 10);
    scene.until(50);
    scene.restart(TWO);
    scene.until(300);
    assertThat(told(scene))
        .containsExactly(
            "0:06 to chat: Firing: service shop: errors are 60 over the last 10 s, more than 5",
            "1:55 to chat: Resolved: service shop: errors are 10 over the last 10 s, more than 5");
  }

  @Test
  void whatHasNoFiguresYetAfterAStartIsNotOver() {
    Scene scene = new Scene(TWO);
    scene.traffic.add(SHOP, 0, 100, 10, 10);
    scene.until(50);
    scene.traffic.heldSince(1000);
    scene.restart(TWO);
    scene.until(59);
    assertThat(told(scene)).hasSize(1);
  }

  @Test
  void whoWasToldOfARuleThatIsGoneHearsThatItIsOver() {
    Scene scene = new Scene(TWO);
    scene.traffic.add(SHOP, 0, 1000, 10, 10);
    scene.until(50);
    scene.restart("receivers: { chat: { webhook: \"http://a.example/\" } }\nbuilt-in: []\n");
    scene.until(100);
    assertThat(told(scene)).hasSize(2);
    assertThat(told(scene).getLast()).startsWith("0:56 to chat: Resolved: service shop");
  }

  @Test
  void theSameNewsHaveTheSameId() {
    Scene one = new Scene(TWO);
    Scene other = new Scene(TWO);
    for (Scene scene : List.of(one, other)) {
      scene.traffic.add(SHOP, 0, 1000, 10, 10);
      scene.until(5);
    }
    other.restart(TWO);
    assertThat(next(other).id()).isEqualTo(next(one).id());
  }

  private static Message next(Scene scene) {
    while (true) {
      scene.now += 1000;
      List<Message> messages =
          scene.engine.step(scene.now, scene.traffic, scene.present).messages();
      if (!messages.isEmpty()) {
        return messages.getFirst();
      }
    }
  }
}
