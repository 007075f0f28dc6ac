package io.fairlead.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.DiscoverSource;
import io.fairlead.config.Secret;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a service's nodes whatever a Eureka server says. */
@Timeout(30)
class EurekaLookTest {
  private ScriptedHttp server;

  @BeforeEach
  void open() throws IOException {
    server = new ScriptedHttp(ScriptedHttp.says(404, ""));
  }

  @AfterEach
  void shut() throws IOException {
    server.close();
  }

  /** For an answer; a machine with other work to do needs more than the answer itself takes. */
  private Duration patience = Duration.ofSeconds(20);

  private Watched watched() {
    return Watched.byClock(
        new DiscoverSource.Eureka(
            server.url() + "/eureka/",
            "SHOP",
            Map.of("authorization", new Secret("Basic xyz")),
            List.of()),
        config -> new EurekaLook(config, patience));
  }

  private static String instance(String ip, int port, String status, String more) {
    return "{\"instanceId\":\"shop:"
        + ip
        + "\",\"hostName\":\"h1\",\"app\":\"SHOP\",\"ipAddr\":\""
        + ip
        + "\",\"status\":\""
        + status
        + "\",\"port\":{\"$\":"
        + port
        + ",\"@enabled\":\"true\"},\"securePort\":{\"$\":443,\"@enabled\":\"false\"}"
        + more
        + "}";
  }

  private void says(String instances) {
    server.script(
        ScriptedHttp.says(
            200, "{\"application\":{\"name\":\"SHOP\",\"instance\":" + instances + "}}"));
  }

  @Test
  void instancesThatAreUpAreNodes() {
    says(
        "["
            + instance(
                "10.0.0.1",
                8080,
                "UP",
                ",\"metadata\":{\"zone\":\"z1\",\"weight\":\"4\",\"version\":\"8\",\"@class\":\"x\"}")
            + ","
            + instance("10.0.0.2", 8080, "STARTING", "")
            + ","
            + instance("10.0.0.3", 8080, "OUT_OF_SERVICE", "")
            + ","
            + instance("10.0.0.4", 8080, "UP", "")
                .replace("\"true\"", "\"off\"")
                .replace("\"false\"", "true")
            + ","
            + instance("", 8080, "UP", "")
            + ","
            + instance("10.0.0.6", 99_999, "UP", "")
            + "]");
    Watched watched = watched();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:8080 x4", "10.0.0.4:443", "h1:8080");
    assertThat(watched.node("10.0.0.1:8080").name()).isEqualTo("shop:10.0.0.1");
    assertThat(watched.node("10.0.0.1:8080").facts().zone()).isEqualTo("z1");
    assertThat(watched.node("10.0.0.1:8080").facts().labels()).isEqualTo(Map.of("version", "8"));
    assertThat(watched.told()).hasSize(1).first().asString().contains("shop:10.0.0.6");
    assertThat(server.last().target()).isEqualTo("/eureka/apps/SHOP");
    assertThat(server.last().fields())
        .containsEntry("accept", "application/json")
        .containsEntry("authorization", "Basic xyz");
    says(instance("10.0.0.2", 8080, "UP", "")); // one alone is no list, in some versions
    watched.advance(5);
    assertThat(watched.nodes()).containsExactly("10.0.0.2:8080");
  }

  /** It knows no application without instances; nor does one that has just been started. */
  @Test
  void whereItIsNotKnownOnlyThoseGoThatAreDown() {
    says("[" + instance("10.0.0.1", 80, "UP", "") + "," + instance("10.0.0.2", 80, "UP", "") + "]");
    Watched watched = watched();
    watched.takeDown("10.0.0.2:80");
    server.script(ScriptedHttp.says(404, ""));
    watched.advance(5);
    assertThat(watched.nodes()).hasSize(2);
    watched.advance(1);
    assertThat(watched.nodes()).containsExactly("10.0.0.1:80");
    assertThat(watched.told().getFirst())
        .isEqualTo("5 cannot be: left out: application SHOP: is not known there (status 404)");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "200 {}",
        "200 {\"application\":{\"instance\":7}}",
        "200 <application/>",
        "200 ",
        "401 {}",
        "500 {}",
        "302 "
      })
  void anAnswerThatIsNoneDeletesNothing(String answer) {
    says(instance("10.0.0.1", 8080, "UP", ""));
    Watched watched = watched();
    server.script(ScriptedHttp.says(Integer.parseInt(answer.substring(0, 3)), answer.substring(4)));
    watched.advance(10);
    assertThat(watched.nodes()).containsExactly("10.0.0.1:8080");
    assertThat(watched.told()).hasSize(1);
    assertThat(watched.told().toString()).doesNotContain("xyz");
    says(instance("10.0.0.2", 8080, "UP", ""));
    watched.advance(10);
    assertThat(watched.nodes()).containsExactly("10.0.0.2:8080");
  }

  @Test
  void neitherDoesSilence() {
    patience = Duration.ofSeconds(2);
    says(instance("10.0.0.1", 8080, "UP", ""));
    Watched watched = watched();
    server.script(ScriptedHttp.silence());
    watched.advance(6);
    server.script(ScriptedHttp.breaksOff());
    watched.advance(4);
    assertThat(watched.nodes()).containsExactly("10.0.0.1:8080");
    assertThat(watched.told()).hasSize(1);
  }
}
