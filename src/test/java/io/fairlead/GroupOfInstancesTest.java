package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.ConfigReader;
import io.fairlead.demo.TestNode;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two whole instances and a witness, as their operator and their applications see them. */
@Timeout(90)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GroupOfInstancesTest {
  private static final List<String> NAMES = List.of("a", "b", "w");
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  @TempDir static Path folder;

  private final HttpClient http = HttpClient.newHttpClient();
  private final List<Fairlead> running = new ArrayList<>();
  private final AtomicLong letIn = new AtomicLong();
  private TestNode node;
  private TestNode rare;
  private final List<TestNode> judged = new ArrayList<>();
  private int base;

  @BeforeAll
  void start() throws Exception {
    node = Loopback.node("n");
    rare = Loopback.node("r");
    for (String name : List.of("j1", "j2", "j3")) {
      judged.add(Loopback.node(name));
    }
    new TestCertificates(folder).make("front", "front.test");
    base = FreePort.row(11);
    for (int i = 0; i < NAMES.size(); i++) {
      running.add(start(i));
    }
    awaitAll();
    Loopback.await(
        "the first configuration", PATIENCE, () -> configVersion(0) == 1 && configVersion(1) == 1);
  }

  /** One of the tests starts an instance anew. */
  @BeforeEach
  void awaitAll() throws InterruptedException {
    for (Fairlead each : running) {
      Loopback.await(
          "all are there",
          PATIENCE,
          () -> {
            var group = each.group();
            return group != null
                && group.view().connected()
                && group.view().members().stream().allMatch(member -> member.present());
          });
    }
  }

  private Fairlead start(int i) throws IOException {
    Path file = folder.resolve(NAMES.get(i) + "/fairlead.yaml");
    Files.createDirectories(file.getParent());
    Files.writeString(
        file,
        """
        admin: { bind: "127.0.0.1:0" }
        data: data
        group:
          name: test
          instance: %s
          bind: "127.0.0.1:%d"
          peers: { a: "127.0.0.1:%d", b: "127.0.0.1:%d", w: "127.0.0.1:%d" }
          role: %s
          store-log: { folder: ../log }
        """
                .formatted(
                    NAMES.get(i),
                    base + 4 * i,
                    base,
                    base + 4,
                    base + 8,
                    NAMES.get(i).equals("w") ? "witness" : "member")
            + (NAMES.get(i).equals("w") ? "" : listeners("web")));
    return switch (ConfigReader.readFile(file)) {
      case ConfigReader.Result.Accepted(var config, String text) ->
          Fairlead.start(config, text, file.toString(), file);
      case ConfigReader.Result.Refused refused -> throw new AssertionError(refused.problems());
    };
  }

  private String listeners(String name) {
    return """
    listeners:
      %s:
        bind: "127.0.0.1:0"
        routes:
          - { match: { path: /limited }, service: shop, rate-limit: { key: route, rate: 50/s, burst: 5 } }
          - { match: { path: /rare }, service: rare }
          - { match: { path: /judged }, service: judged, retry: { attempts: 0 } }
          - { service: shop }
      secure:
        bind: "127.0.0.1:0"
        tls: { certificates: { cert: "%s/front.pem", key: "%s/front.key" } }
        routes: [ { respond: 204 } ]
    services:
      shop: { nodes: ["127.0.0.1:%d"] }
      rare: { nodes: ["127.0.0.1:%d"], health: { tcp: true, interval: 1h } }
      judged:
        nodes: ["127.0.0.1:%d", "127.0.0.1:%d", "127.0.0.1:%d"]
        balance: round-robin
        outlier: { ejection-time: 1s }
    """
        .formatted(
            name,
            folder,
            folder,
            node.port(),
            rare.port(),
            judged.get(0).port(),
            judged.get(1).port(),
            judged.get(2).port());
  }

  @AfterAll
  void close() {
    running.forEach(Fairlead::close);
    node.close();
    rare.close();
    judged.forEach(TestNode::close);
    http.close();
  }

  /** Its next probe would be due in an hour. */
  @Test
  void whatOneFindsOfANodeOthersLookAtAtOnce() throws Exception {
    HttpResponse<String> nodes = send(0, "GET", "/api/v1/services/rare/nodes", "");
    assertThat(nodes.body()).contains("\"state\":\"up\"");
    rare.close();
    // One request at a, which finds nobody there.
    int status =
        http.send(
                HttpRequest.newBuilder(
                        URI.create(
                            "http://127.0.0.1:"
                                + Loopback.port(running.get(0), web(running.get(0)))
                                + "/rare"))
                    .build(),
                HttpResponse.BodyHandlers.discarding())
            .statusCode();
    assertThat(status).isEqualTo(503);
    Loopback.await(
        "b has seen it, too",
        PATIENCE,
        () -> body(1, "/api/v1/services/rare/nodes").contains("\"state\":\"down\""));
  }

  @ParameterizedTest
  @ValueSource(strings = {"-tls1_2", "-tls1_3"})
  void aSessionGoesOnAtAnother(String version) throws Exception {
    String session = folder + "/session" + version;
    assertThat(openssl(running.get(0), version, "-sess_out", session)).contains("New, TLS");
    Loopback.await(
        "b knows the key that a's sessions are under",
        PATIENCE,
        () -> openssl(running.get(1), version, "-sess_in", session).contains("Reused, TLS"));
  }

  private static String openssl(Fairlead fairlead, String... arguments) {
    List<String> command = new ArrayList<>();
    command.addAll(List.of("openssl", "s_client", "-connect"));
    command.add("127.0.0.1:" + Loopback.port(fairlead, "secure"));
    command.addAll(List.of("-ign_eof"));
    command.addAll(List.of(arguments));
    try {
      return Tool.run("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", command).output();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Each gets few requests; together they are certain sooner. */
  @Test
  void aBadNodeIsFoundByWhatBothSee() throws Exception {
    TestNode bad = judged.getFirst();
    bad.setBehaviour(bad.behaviour().with("error-rate", "0.5"));
    List<Fairlead> both = List.copyOf(running.subList(0, 2));
    long[] next = {0};
    Loopback.await(
        "one of them goes by what both see",
        PATIENCE,
        () -> {
          if (System.nanoTime() >= next[0]) { // ten a second at each, of three nodes
            next[0] = System.nanoTime() + 100_000_000;
            for (Fairlead each : both) {
              int _ =
                  status(
                      URI.create("http://127.0.0.1:" + Loopback.port(each, web(each)) + "/judged"));
            }
          }
          return both.stream()
              .flatMap(each -> each.events().since(0).stream())
              .map(entry -> entry.event().text())
              .anyMatch(text -> text.matches(".*127.0.0.1:" + bad.port() + ".*, seen .*by [ab].*"));
        });
    assertThat(both).allMatch(each -> each.sharedAnswers().evidence().heard() > 0);
    assertThat(send(0, "GET", "/metrics", "").body())
        .contains(
            "fairlead_outlier_shared_total{direction=\"refused\"} 0",
            "fairlead_outlier_shared_total{direction=\"heard\"} ");
  }

  private static String web(Fairlead fairlead) {
    return fairlead.state().listeners().keySet().stream()
        .filter(name -> !name.equals("secure"))
        .findFirst()
        .orElseThrow();
  }

  private String body(int i, String path) {
    try {
      return send(i, "GET", path, "").body();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Each alone would let in 50 a second. */
  @Test
  void bothTogetherLetInWhatALimitSays() throws Exception {
    List<URI> doors = new ArrayList<>();
    for (Fairlead each : running.subList(0, 2)) {
      doors.add(URI.create("http://127.0.0.1:" + Loopback.port(each, web(each)) + "/limited"));
    }
    // Until each has heard of the other.
    Loopback.await(
        "they tell each other",
        PATIENCE,
        () -> {
          doors.forEach(this::status);
          return running.subList(0, 2).stream()
              .allMatch(each -> each.sharedRates().counts().heard() > 0);
        });
    letIn.set(0);
    long begin = System.nanoTime();
    Thread second = Thread.ofVirtual().start(() -> flood(doors.get(1), begin));
    flood(doors.get(0), begin);
    second.join();
    double seconds = (System.nanoTime() - begin) / 1e9;
    // Beside the rate a burst each, and what either does not know yet of the other.
    assertThat((double) letIn.get()).isBetween(0.5 * 50 * seconds, 1.25 * 50 * seconds + 30);
  }

  private void flood(URI door, long begin) {
    while (System.nanoTime() - begin < 4_000_000_000L) {
      int _ = status(door);
    }
  }

  private int status(URI door) {
    try {
      int status =
          http.send(HttpRequest.newBuilder(door).build(), HttpResponse.BodyHandlers.discarding())
              .statusCode();
      letIn.addAndGet(status == 200 ? 1 : 0);
      return status;
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void allTakeAConfigurationOrNone() throws Exception {
    HttpResponse<String> applied = send(0, "PUT", "/api/v1/config", listeners("shop"));
    assertThat(applied.body()).contains("\"version\":2", "all instances of the group have it");
    assertThat(running.get(0).state().listeners()).containsOnlyKeys("shop", "secure");
    assertThat(running.get(1).state().listeners()).containsOnlyKeys("shop", "secure");
    assertThat(running.get(2).state().listeners()).as("a witness carries no traffic").isEmpty();

    Files.writeString(folder.resolve("a/page.html"), "at a only");
    HttpResponse<String> refused =
        send(
            0,
            "PUT",
            "/api/v1/config",
            listeners("other").replace("routes:", "errors: { 503: page.html }\n    routes:"));
    assertThat(refused.statusCode()).as(refused.body()).isEqualTo(422);
    assertThat(refused.body()).contains("b: ").doesNotContain("\"a: ");
    assertThat(running.get(0).state().listeners()).containsOnlyKeys("shop", "secure");

    HttpResponse<String> back = send(1, "POST", "/api/v1/config/rollback?version=1", "");
    assertThat(back.body()).contains("\"version\":3");
    assertThat(running.get(0).state().listeners()).containsOnlyKeys("web", "secure");
    assertThat(send(0, "GET", "/api/v1/config/history", "").body())
        .contains("\"version\":3", "version 1 again", "\"current\":true");

    Path file = folder.resolve("b/fairlead.yaml");
    Files.writeString(file, Files.readString(file).replace("web:", "changed:"));
    Fairlead.Applied reloaded = running.get(1).reload("test");
    assertThat(reloaded).isInstanceOf(Fairlead.Applied.Done.class);
    assertThat(running.get(0).state().listeners()).containsOnlyKeys("changed", "secure");

    running.remove(0).close();
    running.addFirst(start(0));
    assertThat(running.get(0).state().listeners())
        .as("what it last knew, before it has heard anybody")
        .containsOnlyKeys("changed", "secure");
  }

  @Test
  void theStoreGoesBackToAMomentByItsLog() throws Exception {
    HttpResponse<String> _ = send(0, "PUT", "/api/v1/kv/past%2Fkept", "as it is");
    HttpResponse<String> _ = send(0, "PUT", "/api/v1/kv/past%2Fchanged", "good");
    HttpResponse<String> last = send(1, "PUT", "/api/v1/kv/past%2Fdeleted?ttl=1h", "good");
    HttpResponse<String> _ = send(1, "PUT", "/api/v1/kv/past%2Fchanged", "bad");
    HttpResponse<String> _ = send(0, "DELETE", "/api/v1/kv/past%2Fdeleted", "");
    HttpResponse<String> _ = send(0, "PUT", "/api/v1/kv/past%2Fmade", "bad");
    Loopback.await(
        "the log has it",
        PATIENCE,
        () -> restore(0, "--time", "latest", "--dry-run").contains("would put 0 keys, delete 0"));
    assertThat(send(0, "GET", "/api/v1/instances", "").body()).contains("\"storeLogLag\":0.0");
    assertThat(send(0, "GET", "/metrics", "").body()).contains("fairlead_store_log_lag_seconds 0");

    String revision = last.headers().firstValue("etag").orElseThrow().replace("\"", "");
    assertThat(restore(0, "--revision", revision, "--prefix", "past/", "--dry-run"))
        .contains(
            "put past/changed\n",
            "put past/deleted\n",
            "delete past/made\n",
            "would put 2 keys, delete 1, leave 1 as they are");
    assertThat(send(1, "GET", "/api/v1/kv/past%2Fchanged", "").body()).isEqualTo("bad");
    assertThat(restore(0, "--revision", revision, "--prefix", "past/"))
        .contains("\nput 2 keys, delete 1, leave 1 as they are");
    assertThat(send(1, "GET", "/api/v1/kv/past%2Fchanged", "").body()).isEqualTo("good");
    assertThat(send(1, "GET", "/api/v1/kv/past%2Fkept", "").body()).isEqualTo("as it is");
    assertThat(send(1, "GET", "/api/v1/kv/past%2Fmade", "").statusCode()).isEqualTo(404);
    assertThat(send(0, "GET", "/api/v1/kv?prefix=past/deleted&values=true", "").body())
        .contains("\"ttl\":3600.0", "\"value\":\"good\"");

    assertThat(restore(1, "--time", "2099-01-01T00:00:00Z"))
        .contains("the log ends at 2", "--incomplete restores what is known");
    assertThat(restore(1, "--time", "2001-01-01T00:00:00Z")).contains("begins later: at 2");
    assertThat(restore(2)).contains("is a folder: say which moment by --time");
    assertThat(restore(2, "--time", "noon")).contains("a moment with its zone");
  }

  /** What {@code kv restore} says of the log of all instances. */
  private String restore(int expected, String... options) {
    List<String> words =
        new ArrayList<>(List.of("kv", "restore", folder.resolve("log").toString()));
    words.addAll(List.of(options));
    return Loopback.cli(running.getFirst(), expected, words.toArray(String[]::new));
  }

  @Test
  void applicationsUseTheStoreByAnyInstance() throws Exception {
    assertThat(send(0, "GET", "/api/v1/kv/shop%2Ftheme", "").statusCode()).isEqualTo(404);
    HttpResponse<String> put = send(0, "PUT", "/api/v1/kv/shop%2Ftheme", "dark");
    String first = put.headers().firstValue("etag").orElseThrow();
    HttpResponse<String> got = send(1, "GET", "/api/v1/kv/shop%2Ftheme", "");
    assertThat(got.body()).isEqualTo("dark");
    assertThat(got.headers().firstValue("etag")).contains(first);
    assertThat(send(1, "PUT", "/api/v1/kv/shop%2Ftheme", "light", "If-Match", first).statusCode())
        .isEqualTo(200);
    HttpResponse<String> late =
        send(2, "PUT", "/api/v1/kv/shop%2Ftheme", "late", "If-Match", first);
    assertThat(late.statusCode()).isEqualTo(412);
    assertThat(late.body()).contains("nothing has changed");
    assertThat(send(0, "PUT", "/api/v1/kv/shop%2Ftheme", "new", "If-None-Match", "*").statusCode())
        .isEqualTo(412);
    assertThat(send(0, "PUT", "/api/v1/kv/lock?ttl=2s", "me", "If-None-Match", "*").statusCode())
        .isEqualTo(200);
    assertThat(send(2, "GET", "/api/v1/kv?prefix=&values=true", "").body())
        .contains("\"key\":\"lock\"", "\"ttl\":2.0", "\"value\":\"light\"");
    assertThat(send(0, "DELETE", "/api/v1/kv/shop%2Ftheme", "").statusCode()).isEqualTo(200);
    assertThat(send(1, "GET", "/api/v1/kv/shop%2Ftheme", "").statusCode()).isEqualTo(404);
    assertThat(send(0, "PUT", "/api/v1/kv/x", "y".repeat(70_000)).body()).contains("65536 bytes");
    assertThat(send(0, "PUT", "/api/v1/kv/x", "y", "If-Match", "nonsense").statusCode())
        .isEqualTo(400);
    Loopback.await(
        "the lock ends",
        PATIENCE,
        () -> {
          try {
            return send(0, "GET", "/api/v1/kv/lock", "").statusCode() == 404;
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });
  }

  @Test
  void theClientForApplications() throws Exception {
    String url = "http://127.0.0.1:" + running.get(1).adminAddress().getPort();
    assertThat(client(url, "get", "k").strip()).isEqualTo("none");
    String revision = client(url, "create", "k", "one two").strip();
    assertThat(client(url, "create", "k", "three").strip()).isEqualTo("it is there");
    assertThat(client(url, "get", "k").strip()).isEqualTo(revision + " one two");
    assertThat(client(url, "delete", "k", revision).strip()).isEqualTo("true");
  }

  private static String client(String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "examples/java/FairleadStore.java"));
    command.addAll(List.of(arguments));
    return Tool.run("", command).output();
  }

  @Test
  void whoAndHowMany() throws Exception {
    assertThat(send(0, "GET", "/api/v1/instances", "").body())
        .contains("\"group\":\"test\"", "\"connected\":true", "\"role\":\"witness\"");
    assertThat(send(0, "GET", "/metrics", "").body())
        .contains(
            "fairlead_group_connected 1",
            "fairlead_group_instances{state=\"up\"} 3",
            "fairlead_group_voters{state=\"up\"} 3",
            "fairlead_group_config_lag{instance=\"b\"} 0");
  }

  private long configVersion(int i) {
    var group = running.get(i).group();
    return group == null
        ? 0
        : group.view().members().stream()
            .filter(member -> member.self())
            .findFirst()
            .orElseThrow()
            .configVersion();
  }

  private HttpResponse<String> send(
      int i, String method, String path, String body, String... fields) throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + running.get(i).adminAddress().getPort() + path))
            .method(
                method,
                body.isEmpty()
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body));
    if (!method.equals("GET")) {
      request.header("Content-Type", "application/octet-stream");
    }
    if (fields.length > 0) {
      request.headers(fields);
    }
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }
}
