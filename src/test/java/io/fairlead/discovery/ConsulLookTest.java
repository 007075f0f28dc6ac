package io.fairlead.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.config.DiscoverSource;
import io.fairlead.config.Secret;
import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What becomes of a service's nodes whatever a Consul says. */
@Timeout(30)
class ConsulLookTest {
  private static final String TOKEN = "b1gs07d6-fe03-11e3";

  /** For an answer; a machine with other work to do needs more than the answer itself takes. */
  private Duration patience = Duration.ofSeconds(20);

  private ScriptedHttp server;

  @BeforeEach
  void open() throws IOException {
    server = new ScriptedHttp(ScriptedHttp.says(200, "[]", "X-Consul-Index: 1"));
  }

  @AfterEach
  void shut() throws IOException {
    server.close();
  }

  private DiscoverSource.Consul config() {
    return new DiscoverSource.Consul(
        server.url(), "shop web", List.of("a&b", "c"), "dc1", new Secret(TOKEN), List.of());
  }

  private Watched watched() {
    Watched watched =
        Watched.byStep(
            config(), config -> new ConsulLook(config, Duration.ofMillis(500), patience));
    watched.step();
    return watched;
  }

  private static String entry(String id, int port, String more) {
    return "{\"Node\":{\"Node\":\"n1\",\"Address\":\"10.0.0.9\"},\"Service\":{\"ID\":\""
        + id
        + "\",\"Service\":\"shop\",\"Address\":\"10.0.0.1\",\"Port\":"
        + port
        + more
        + "},\"Checks\":[]}";
  }

  private void says(long index, String... entries) {
    server.script(
        ScriptedHttp.says(200, "[" + String.join(",", entries) + "]", "X-Consul-Index: " + index));
  }

  @Test
  void instancesAreNodesAndChangesAreWaitedFor() {
    says(
        7,
        entry(
            "web-1",
            80,
            ",\"Weights\":{\"Passing\":3,\"Warning\":1},\"Meta\":{\"zone\":\"z1\","
                + "\"version\":\"8\",\"Not A Label\":\"x\"}"),
        entry("web-2", 81, "").replace("10.0.0.1", ""),
        entry("web-3", 82, "").replace("10.0.0.1", "fd00::3"),
        entry("web 4", 0, ""));
    Watched watched = watched();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:80 x3", "10.0.0.9:81", "[fd00::3]:82");
    assertThat(watched.node("10.0.0.1:80").name()).isEqualTo("web-1");
    assertThat(watched.node("10.0.0.1:80").facts().zone()).isEqualTo("z1");
    assertThat(watched.node("10.0.0.1:80").facts().labels()).containsOnlyKeys("version");
    assertThat(watched.told()).hasSize(1).first().asString().contains("left out: instance web 4: ");
    assertThat(server.last().fields()).containsEntry("x-consul-token", TOKEN);
    says(9, entry("web-2", 81, ""));
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:81");
    watched.step();
    String question = "/v1/health/service/shop%20web?passing=1&dc=dc1&tag=a%26b&tag=c";
    assertThat(server.asked())
        .containsExactly(
            question, question + "&index=7&wait=500ms", question + "&index=9&wait=500ms");
  }

  @Test
  void anIndexThatGoesBackOrIsNoneIsNotWaitedFor() {
    says(7, entry("a", 80, ""));
    Watched watched = watched();
    says(3, entry("b", 81, ""));
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:81");
    server.script(ScriptedHttp.says(200, "[" + entry("c", 82, "") + "]", "X-Consul-Index: soon"));
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:82");
    watched.step();
    assertThat(server.asked().get(1)).contains("&index=7");
    assertThat(server.asked().subList(2, 4)).allMatch(asked -> !asked.contains("index"));
  }

  /** Said twice, the second time without waiting for a change; then only of nodes that are down. */
  @Test
  void thatThereAreNoneIsConfirmedAtOnce() {
    says(7, entry("a", 80, ""), entry("b", 81, ""));
    Watched watched = watched();
    watched.takeDown("10.0.0.1:81");
    says(8);
    watched.step();
    assertThat(watched.nodes()).hasSize(2);
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:80");
    assertThat(server.last().target()).doesNotContain("index");
    watched.step();
    assertThat(server.last().target()).as("and then waited again").contains("&index=8");
  }

  @Test
  void oneThatFlapsTakesNothingAway() {
    says(7, entry("a", 80, ""));
    Watched watched = watched();
    for (int i = 0; i < 5; i++) {
      says(8 + i);
      watched.step();
      says(9 + i, entry("a", 80, ""));
      watched.step();
      assertThat(watched.nodes()).containsExactly("10.0.0.1:80");
    }
    assertThat(watched.told()).isEmpty();
  }

  /** A way to answer that is none, and what is said of it. */
  record Bad(String words, ScriptedHttp.Script script) {}

  static Stream<Bad> bad() {
    return Stream.of(
        new Bad("no answer within 2 s", ScriptedHttp.silence()),
        new Bad("no answer: IOException", ScriptedHttp.breaksOff()),
        new Bad("answers with more than 16777216 bytes", ScriptedHttp.flood()),
        new Bad("answers with status 500", ScriptedHttp.says(500, "No cluster leader")),
        new Bad("does not let us ask (status 403)", ScriptedHttp.says(403, "ACL not found")),
        new Bad(
            "answers with status 301, and redirections are not followed",
            ScriptedHttp.says(301, "", "Location: http://127.0.0.1:1/")),
        new Bad("what it answers is no JSON", ScriptedHttp.says(200, "<html>hello</html>")),
        new Bad("what it answers is no list of instances", ScriptedHttp.says(200, "{}")),
        new Bad("what it answers is no JSON", ScriptedHttp.says(200, "[".repeat(100_000))),
        new Bad("what it answers is no list of instances", ScriptedHttp.says(200, "")));
  }

  @ParameterizedTest
  @MethodSource("bad")
  void anAnswerThatIsNoneDeletesNothing(Bad bad) {
    if (bad.words().contains("within")) {
      patience = Duration.ofSeconds(2);
    }
    says(7, entry("a", 80, ""));
    Watched watched = watched();
    server.script(bad.script());
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:80");
    assertThat(watched.told()).hasSize(1).first().asString().endsWith(" cannot be: " + bad.words());
    assertThat(watched.told().toString()).doesNotContain(TOKEN);
    says(3, entry("b", 81, ""));
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:81");
    assertThat(watched.told()).hasSize(2);
  }

  @Test
  void whereNobodyAnswersNothingIsDeleted() throws IOException {
    says(7, entry("a", 80, ""));
    Watched watched = watched();
    server.close();
    watched.step();
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:80");
    assertThat(watched.told()).hasSize(1).first().asString().endsWith("cannot be: no connection");
  }

  /** The message of the JDK would quote it. */
  @Test
  void aTokenThatCannotBeSentIsNotSaid() throws IOException {
    try (ServerSocket nobody = new ServerSocket(0)) {
      DiscoverSource.Consul config =
          new DiscoverSource.Consul(
              "http://127.0.0.1:" + nobody.getLocalPort(),
              "shop",
              List.of(),
              "",
              new Secret("two\nlines"),
              List.of());
      assertThat(config.name() + config).doesNotContain("lines");
      try (ConsulLook look = new ConsulLook(config)) {
        assertThatThrownBy(look::look)
            .hasMessage("cannot be asked: the URL or a field is not right")
            .hasNoCause();
      }
    }
  }

  @Test
  void aLookThatWaitsEndsWhenItIsClosed() throws Exception {
    says(7, entry("a", 80, ""));
    ConsulLook look = new ConsulLook(config(), Duration.ofSeconds(50), patience);
    assertThat(look.look().nodes()).hasSize(1);
    CountDownLatch waits = new CountDownLatch(1);
    server.script((asked, out) -> {
      waits.countDown();
      ScriptedHttp.silence().answer(asked, out); // as Consul's while nothing changes
    });
    CompletableFuture<SourceLook.Found> second = Watched.begin(look);
    waits.await();
    look.close();
    assertThatThrownBy(() -> second.get(10, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class);
    assertThatThrownBy(look::look).hasMessage("asked no more");
  }
}
