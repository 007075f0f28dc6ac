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
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a service's nodes whatever a Nacos server says. */
@Timeout(30)
class NacosLookTest {
  /** For an answer; a machine with other work to do needs more than the answer itself takes. */
  private Duration patience = Duration.ofSeconds(20);

  private ScriptedHttp server;

  @BeforeEach
  void open() throws IOException {
    server = new ScriptedHttp(ScriptedHttp.says(500, ""));
  }

  @AfterEach
  void shut() throws IOException {
    server.close();
  }

  private Watched watched() {
    return Watched.byClock(
        new DiscoverSource.Nacos(
            server.url() + "/nacos",
            "shop",
            "g 1",
            "n1",
            "c1",
            Map.of("accesstoken", new Secret("xyz")),
            List.of()),
        config -> new NacosLook(config, patience));
  }

  private static String host(String ip, String weight, String more) {
    return "{\"instanceId\":\""
        + ip
        + "#80#c1\",\"ip\":\""
        + ip
        + "\",\"port\":80,\"weight\":"
        + weight
        + ",\"healthy\":true,\"enabled\":true"
        + more
        + "}";
  }

  private static String hosts(String... hosts) {
    return "[" + String.join(",", hosts) + "]";
  }

  /** A server that has forms of the API up to that one. */
  private void says(int newest, String hosts) {
    server.script((asked, out) -> {
      String path = asked.target();
      int form = path.contains("/v3/") ? 3 : path.contains("/v2/") ? 2 : 1;
      if (form > newest) {
        ScriptedHttp.send(out, 404, "{\"status\":404,\"error\":\"Not Found\"}");
      } else if (form < newest && newest == 3) {
        ScriptedHttp.send(out, 410, "{}"); // has put an end to the others
      } else if (form == 3) {
        ScriptedHttp.send(out, 200, "{\"code\":0,\"message\":\"success\",\"data\":" + hosts + "}");
      } else if (form == 2) {
        ScriptedHttp.send(
            out,
            200,
            "{\"code\":0,\"message\":\"success\",\"data\":{\"name\":\"g@@shop\",\"hosts\":"
                + hosts
                + "}}");
      } else {
        ScriptedHttp.send(out, 200, "{\"name\":\"g@@shop\",\"hosts\":" + hosts + "}");
      }
    });
  }

  @ParameterizedTest
  @CsvSource({
    "3, /nacos/v3/client/ns/instance/list, clusterName",
    "2, /nacos/v2/ns/instance/list, clusterName",
    "1, /nacos/v1/ns/instance/list, clusters"
  })
  void instancesThatAreEnabledAndHealthyAreNodes(int newest, String path, String cluster) {
    says(
        newest,
        hosts(
            host("10.0.0.1", "2.0", ",\"metadata\":{\"zone\":\"z1\",\"version\":\"8\"}"),
            host("10.0.0.2", "0.2", ""),
            host("10.0.0.3", "0.0", ""),
            host("10.0.0.4", "1.0", "").replace("\"healthy\":true", "\"healthy\":false"),
            host("10.0.0.5", "1.0", "").replace("\"enabled\":true", "\"enabled\":false"),
            host("not an address", "1.0", "")));
    Watched watched = watched();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:80 x2", "10.0.0.2:80", "10.0.0.3:80 x0");
    assertThat(watched.node("10.0.0.1:80").facts().zone()).isEqualTo("z1");
    assertThat(watched.node("10.0.0.1:80").facts().labels()).isEqualTo(Map.of("version", "8"));
    assertThat(watched.told()).hasSize(1).first().asString().contains("not an address");
    says(newest, hosts(host("10.0.0.2", "1.0", "")));
    int before = server.asked().size();
    watched.advance(5);
    assertThat(watched.nodes()).containsExactly("10.0.0.2:80");
    assertThat(server.asked().subList(before, server.asked().size()))
        .containsExactly(
            path + "?serviceName=shop&groupName=g%201&namespaceId=n1&" + cluster + "=c1");
    assertThat(server.last().fields()).containsEntry("accesstoken", "xyz");
  }

  @Test
  void aServiceThatIsNotKnownHasNoNodes() {
    says(2, hosts(host("10.0.0.1", "1.0", ""), host("10.0.0.2", "1.0", "")));
    Watched watched = watched();
    watched.takeDown("10.0.0.2:80");
    server.script(ScriptedHttp.says(404, "{\"code\":20004,\"message\":\"resource not found\"}"));
    watched.advance(6);
    assertThat(watched.nodes()).containsExactly("10.0.0.1:80");
    assertThat(watched.told().getFirst())
        .isEqualTo("5 cannot be: left out: service shop: is not known there");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "200 {}",
        "200 {\"code\":30000,\"data\":[]}",
        "200 {\"code\":0,\"data\":{\"hosts\":7}}",
        "200 <html>",
        "403 {}",
        "404 {}",
        "500 {}"
      })
  void anAnswerThatIsNoneDeletesNothing(String answer) {
    says(1, hosts(host("10.0.0.1", "1.0", "")));
    Watched watched = watched();
    server.script(ScriptedHttp.says(Integer.parseInt(answer.substring(0, 3)), answer.substring(4)));
    watched.advance(10);
    assertThat(watched.nodes()).containsExactly("10.0.0.1:80");
    assertThat(watched.told()).hasSize(1);
    assertThat(watched.told().toString()).doesNotContain("xyz");
    says(3, hosts(host("10.0.0.2", "1.0", ""))); // it has been replaced by a newer one
    watched.advance(10);
    assertThat(watched.nodes()).containsExactly("10.0.0.2:80");
  }

  @Test
  void neitherDoesSilence() {
    patience = Duration.ofSeconds(2);
    says(1, hosts(host("10.0.0.1", "1.0", "")));
    Watched watched = watched();
    server.script(ScriptedHttp.silence());
    watched.advance(6);
    server.script(ScriptedHttp.breaksOff());
    watched.advance(4);
    assertThat(watched.nodes()).containsExactly("10.0.0.1:80");
    assertThat(watched.told()).hasSize(1);
  }
}
