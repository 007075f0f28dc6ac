package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.Loopback.Client;
import io.fairlead.Loopback.Reply;
import io.fairlead.proxy.http.Guard;
import io.fairlead.proxy.http.HttpRoute;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.security.crypto.bcrypt.BCrypt;

/** Names and passwords from a file: whole instances, real bytes. */
@Timeout(60)
final class BasicAuthTest {
  @TempDir private Path folder;
  private RawNode node;

  @BeforeEach
  void open() throws IOException {
    node = new RawNode();
    users("ann:secret", "jörg:pass:wörd");
  }

  @AfterEach
  void close() throws IOException {
    node.close();
  }

  private void users(String... namesAndPasswords) throws IOException {
    StringBuilder lines = new StringBuilder("# who may\n\n");
    for (String one : namesAndPasswords) {
      int colon = one.indexOf(':');
      lines.append(one, 0, colon + 1);
      String hash = BCrypt.hashpw(one.substring(colon + 1), BCrypt.gensalt(4));
      // htpasswd says 2y for the same.
      lines.append(hash.replace("$2a$", "$2y$")).append("\r\n");
    }
    Path next = Files.writeString(folder.resolve("next"), lines);
    Files.move(
        next,
        folder.resolve("users"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING,
        java.nio.file.StandardCopyOption.ATOMIC_MOVE);
  }

  private String yaml(String more) {
    return """
    admin: { bind: "127.0.0.1:0" }
    data: data
    listeners:
      web:
        bind: "127.0.0.1:0"
        routes:
          - match: { path: "/open" }
            service: raw
          - { name: shut, service: raw, basic-auth: { realm: back office, users: "file:users" %s } }
    services: { raw: { nodes: "127.0.0.1:%d" } }
    """
        .formatted(more, node.port());
  }

  private Fairlead start(String more) throws IOException {
    return Loopback.start(yaml(more), folder);
  }

  private static String basic(String nameAndPassword) {
    return "Basic "
        + Base64.getEncoder().encodeToString(nameAndPassword.getBytes(StandardCharsets.UTF_8));
  }

  private static Reply get(Client client, String authorization) throws IOException {
    client.send("GET / HTTP/1.1\r\nHost: x\r\nAuthorization: " + authorization + "\r\n\r\n");
    return client.reply();
  }

  @ParameterizedTest
  @CsvSource({
    "ann:secret, 200",
    "jörg:pass:wörd, 200",
    "ann:Secret, 401",
    "ann:, 401",
    ":secret, 401",
    "ann, 401",
    "bob:secret, 401",
    "Ann:secret, 401",
    "'ann:secret ', 401",
  })
  void whoKnowsThePasswordIsLetIn(String shown, int status) throws IOException {
    try (Fairlead fairlead = start(", user-header: x-user");
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      Reply reply = get(client, basic(shown));
      assertThat(reply.status()).isEqualTo(status);
      if (status == 200) {
        String name = shown.substring(0, shown.indexOf(':'));
        assertThat(reply.body()).containsIgnoringCase("\r\nx-user: " + name + "\r\n");
        assertThat(reply.body()).doesNotContainIgnoringCase("authorization");
      } else {
        assertThat(reply.field("www-authenticate"))
            .isEqualTo("Basic realm=\"back office\", charset=\"UTF-8\"");
        assertThat(reply.field("fairlead-error")).isEqualTo("unauthenticated");
      }
      assertThat(client.get("/open").status()).isEqualTo(200);
      if (status == 401) {
        String metrics = Loopback.door(fairlead, "GET", "/metrics", "").body();
        assertThat(metrics)
            .contains(
                "fairlead_route_refused_total{listener=\"web\",route=\"shut\",service=\"raw\","
                    + "reason=\"unauthenticated\"} 1");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Basic", "Basic !!!", "Basic YW5uOnNlY3JldA", "Bearer YW5uOnNlY3JldA=="})
  void whatIsNoNameAndPasswordIsNotTaken(String authorization) throws IOException {
    try (Fairlead fairlead = start("");
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      // Without its padding, base64 is read all the same; the JDK's decoder takes it.
      assertThat(get(client, authorization).status())
          .isEqualTo(authorization.equals("Basic YW5uOnNlY3JldA") ? 200 : 401);
    }
  }

  @Test
  void nodesGetTheCredentialWhereTheRouteSays() throws IOException {
    try (Fairlead fairlead = start(", pass-credentials: true");
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      assertThat(get(client, basic("ann:secret")).body())
          .contains("\r\nAuthorization: " + basic("ann:secret") + "\r\n");
    }
  }

  @Test
  void overHttp2() throws Exception {
    try (Fairlead fairlead = start(", user-header: x-user")) {
      String url = "http://127.0.0.1:" + Loopback.port(fairlead, "web") + "/";
      for (String user : new String[] {"ann:secret", "ann:wrong"}) {
        Tool.Said said =
            Tool.run(
                "",
                List.of(
                    "curl",
                    "-s",
                    "--noproxy",
                    "*",
                    "--http2-prior-knowledge",
                    "-u",
                    user,
                    "-w",
                    "\n%{http_code} %{http_version}",
                    "-H",
                    "X-User: root",
                    url));
        assertThat(said.output()).endsWith(user.endsWith("secret") ? "200 2" : "401 2");
        assertThat(said.output()).doesNotContain("root");
      }
    }
  }

  @Test
  void aFileThatChangesIsReadAgainAndOneThatIsWrongIsNot() throws Exception {
    try (Fairlead fairlead = start("");
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      assertThat(get(client, basic("ann:secret")).status()).isEqualTo(200);
      users("ann:another", "eve:x");
      Loopback.await("the new file", () -> told(fairlead, "has changed: 2 users"));
      assertThat(get(client, basic("ann:secret")).status()).isEqualTo(401);
      assertThat(get(client, basic("ann:another")).status()).isEqualTo(200);
      Files.writeString(
          folder.resolve("users"), "ann:" + "$apr1$abcdefgh$0123456789abcdefghijk.\n");
      Loopback.await("a refusal", () -> told(fairlead, "users:1: the hash of ann must be one by"));
      assertThat(get(client, basic("ann:another")).status()).isEqualTo(200);
    }
  }

  private static boolean told(Fairlead fairlead, String text) {
    return Loopback.door(fairlead, "GET", "/api/v1/events", "").body().contains(text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ann                 | users:1: must be NAME:HASH",
        "ann:secret          | users:1: the hash of ann must be one by bcrypt",
        "ann:$2y$31$0123456789012345678901234567890123456789012345678901a | with a cost from 4 to 15",
        "'# nobody'          | users: must have a user in it",
      })
  void aFileThatIsWrongIsRefusedWithItsLine(String line, String rule) throws IOException {
    Files.writeString(folder.resolve("users"), line + "\n");
    assertThatThrownBy(() -> start("").close())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("listeners.web.routes[1].basic-auth.users: ")
        .hasMessageContaining(rule)
        .hasMessageNotContaining("secret");
    Files.delete(folder.resolve("users"));
    assertThatThrownBy(() -> start("").close())
        .hasMessageContaining("users: there is no such file");
  }

  private static List<Guard> guards(Fairlead fairlead) {
    List<HttpRoute> routes = fairlead.state().routes().get("web");
    return routes == null ? List.of() : routes.get(1).guardList();
  }

  @Test
  void whatIsKnownStaysWhenTheRouteDoesAndExplainTells() throws Exception {
    try (Fairlead fairlead = start("");
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      List<Guard> guards = guards(fairlead);
      assertThat(fairlead.apply(Loopback.read(yaml("") + "# other\n", folder), "test"))
          .isInstanceOf(Fairlead.Applied.Done.class);
      assertThat(guards(fairlead)).isEqualTo(guards);
      assertThat(fairlead.apply(Loopback.read(yaml(", attempts: 1/s"), folder), "test"))
          .isInstanceOf(Fairlead.Applied.Done.class);
      assertThat(guards(fairlead)).isNotEqualTo(guards);
      assertThat(get(client, basic("ann:secret")).status()).isEqualTo(200);
      String url =
          java.net.URLEncoder.encode(
              "http://x:" + Loopback.port(fairlead, "web") + "/", StandardCharsets.UTF_8);
      assertThat(Loopback.door(fairlead, "GET", "/api/v1/explain?method=GET&url=" + url, "").body())
          .contains("basic-auth asks for authorization by the scheme basic", "unauthenticated");
    }
  }
}
