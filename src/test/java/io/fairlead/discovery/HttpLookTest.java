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

/** What becomes of a service's nodes whatever a server of targets says. */
@Timeout(60)
class HttpLookTest {
  private ScriptedHttp server;

  /** For an answer; a machine with other work to do needs more than the answer itself takes. */
  private Duration patience = Duration.ofSeconds(20);

  @BeforeEach
  void open() throws IOException {
    server = new ScriptedHttp(ScriptedHttp.says(200, "[{\"targets\":[\"10.0.0.1:80\"]}]"));
  }

  @AfterEach
  void shut() throws IOException {
    server.close();
  }

  private Watched watched() {
    return Watched.byClock(
        new DiscoverSource.Http(
            server.url() + "/targets/?service=shop%20a",
            Map.of("authorization", new Secret("Basic xyz")),
            List.of()),
        config -> new HttpLook(config, patience));
  }

  @Test
  void targetsAreNodes() {
    server.script(
        ScriptedHttp.says(
            200,
            "[{\"targets\":[\"10.0.0.1:8080\",\"[::1]:80\",\"shop.internal:9\"],\"labels\":"
                + "{\"zone\":\"z1\",\"weight\":\"4\",\"version\":\"8\",\"__meta_rack\":\"r\"}},"
                + "{\"targets\":[\"10.0.0.2:8080\",\"10.0.0.3\"]},{\"targets\":[]}]"));
    Watched watched = watched();
    assertThat(watched.nodes())
        .containsExactly("10.0.0.1:8080 x4", "10.0.0.2:8080", "[::1]:80 x4", "shop.internal:9 x4");
    assertThat(watched.node("10.0.0.1:8080").facts().zone()).isEqualTo("z1");
    assertThat(watched.node("10.0.0.1:8080").facts().labels()).isEqualTo(Map.of("version", "8"));
    assertThat(watched.told())
        .containsExactly("0 cannot be: left out: target 10.0.0.3: is no HOST:PORT");
    assertThat(server.last().target()).isEqualTo("/targets/?service=shop%20a");
    assertThat(server.last().fields()).containsEntry("authorization", "Basic xyz");
  }

  @Test
  void thatThereAreNoneIsBelievedWhenItWasSaidTwice() {
    Watched watched = watched();
    server.script(ScriptedHttp.says(200, "[]"));
    watched.advance(5);
    assertThat(watched.nodes()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "200 {}",
        "200 [7]",
        "200 [{\"targets\":7}]",
        "200 [{\"labels\":{}}]",
        "200 targets",
        "200 ",
        "204 ",
        "401 []",
        "500 []",
        "302 "
      })
  void anAnswerThatIsNoneDeletesNothing(String answer) {
    Watched watched = watched();
    server.script(ScriptedHttp.says(Integer.parseInt(answer.substring(0, 3)), answer.substring(4)));
    watched.advance(5);
    assertThat(watched.nodes()).containsExactly("10.0.0.1:80");
    assertThat(watched.told()).hasSize(1).first().asString().doesNotContain("xyz");
  }

  @Test
  void whatIsSecretIsInNoName() {
    assertThat(
            new DiscoverSource.Http("http://10.0.0.7:8000/t?token=abc", Map.of(), List.of()).name())
        .isEqualTo("http http://10.0.0.7:8000/t");
  }
}
