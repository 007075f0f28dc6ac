package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.ConfigReader;
import io.fairlead.dns.DnsServer;
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
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Names that are answered with the front ends of a group, asked of each of them by dig. */
@Timeout(120)
final class FrontEndNamesTest {
  private static final Duration PATIENCE = Duration.ofSeconds(40);
  private static final String NAME = "www.lb.test";

  @TempDir Path folder;

  private final Map<String, Fairlead> running = new TreeMap<>();
  private int base;

  @AfterEach
  void close() {
    running.values().forEach(Fairlead::close);
  }

  @Test
  void frontEndsComeAndGoInTheAnswersOfAll() throws Exception {
    base = FreePort.row(12);
    for (String each : List.of("a", "b", "c")) {
      start(each, 1);
    }
    answered("a b c", "192.0.2.1", "192.0.2.2", "192.0.2.3");

    // What an operator says at one, all follow.
    post("a", "/api/v1/dns/names/" + NAME + "/members/192.0.2.2/down");
    answered("a b c", "192.0.2.1", "192.0.2.3");
    post("c", "/api/v1/dns/names/" + NAME + "/members/192.0.2.2/auto");
    answered("a b c", "192.0.2.1", "192.0.2.2", "192.0.2.3");

    // One is taken out by another, and in again.
    HttpResponse<String> out = post("a", "/api/v1/instances/b/drain");
    assertThat(out.body())
        .contains("\"instance\":\"b\"", "\"drained\":true", "\"changed\":true")
        .contains("\"resolverSeconds\":2");
    answered("a b c", "192.0.2.1", "192.0.2.3");
    Loopback.await(
        "it says so", PATIENCE, () -> get("c", "/api/v1/instances").contains("draining"));
    assertThat(post("c", "/api/v1/instances/b/undrain").body()).contains("\"changed\":true");
    answered("a b c", "192.0.2.1", "192.0.2.2", "192.0.2.3");
    assertThat(post("c", "/api/v1/instances/x/drain").statusCode()).isEqualTo(404);

    // Its weight is its own, and changes while it runs: with none it gets nobody.
    write("b", 0);
    Objects.requireNonNull(running.get("b")).reload("test");
    answered("a b c", "192.0.2.1", "192.0.2.3");

    // One that stops is out of the answers first, and serves until copies of them are too old.
    Fairlead leaving = Objects.requireNonNull(running.get("c"));
    long begun = System.nanoTime();
    Thread drain = Thread.ofVirtual().start(() -> leaving.drain(Duration.ofSeconds(5)));
    answered("a b", "192.0.2.1");
    assertThat(status(leaving)).as("it still serves").isEqualTo(204);
    drain.join();
    assertThat(Duration.ofNanos(System.nanoTime() - begun))
        .as("the TTL, and a second in which others hear of it")
        .isGreaterThan(Duration.ofSeconds(3));
    stop("c");
    start("c", 1);
    Fairlead joins = Objects.requireNonNull(running.get("c"));
    Loopback.await(
        "it joins", PATIENCE, () -> Objects.requireNonNull(joins.group()).view().connected());
    begun = System.nanoTime();
    answered("a b c", "192.0.2.1", "192.0.2.3");
    Duration took = Duration.ofNanos(System.nanoTime() - begun);
    System.out.println("in the answers of all " + took.toMillis() + " ms after it joined");
    assertThat(took).isLessThan(Duration.ofSeconds(5)); // 2 where nothing else runs

    // One that ends without a farewell is out, too.
    stop("a");
    begun = System.nanoTime();
    answered("b c", "192.0.2.3");
    took = Duration.ofNanos(System.nanoTime() - begun);
    System.out.println("out of the answers of all " + took.toMillis() + " ms after it ended");
    assertThat(took).isLessThan(Duration.ofSeconds(5)); // half a one where nothing else runs
  }

  private static int status(Fairlead fairlead) throws Exception {
    try (HttpClient http = HttpClient.newHttpClient()) {
      URI uri = URI.create("http://127.0.0.1:" + Loopback.port(fairlead, "web") + "/");
      return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.discarding())
          .statusCode();
    }
  }

  private void write(String name, int weight) throws IOException {
    int number = name.charAt(0) - 'a';
    Path file = folder.resolve(name + "/fairlead.yaml");
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
          peers: { a: "127.0.0.1:%d", b: "127.0.0.1:%d", c: "127.0.0.1:%d" }
          addresses: 192.0.2.%d
          weight: %d
        listeners:
          web: { bind: "127.0.0.1:0", routes: [ { respond: 204 } ] }
        dns:
          bind: "127.0.0.1:0"
          zones:
            lb.test:
              ns: ns1.example
              balanced: { www: { pools: { front-ends: true }, ttl: 2s } }
        """
            .formatted(name, base + 4 * number, base, base + 4, base + 8, number + 1, weight));
  }

  private void start(String name, int weight) throws IOException {
    write(name, weight);
    Path file = folder.resolve(name + "/fairlead.yaml");
    running.put(
        name,
        switch (ConfigReader.readFile(file)) {
          case ConfigReader.Result.Accepted(var config, String text) ->
              Fairlead.start(config, text, file.toString(), file);
          case ConfigReader.Result.Refused refused -> throw new AssertionError(refused.problems());
        });
  }

  private void stop(String name) {
    Objects.requireNonNull(running.remove(name)).close();
  }

  private HttpResponse<String> post(String at, String path) throws Exception {
    Fairlead fairlead = Objects.requireNonNull(running.get(at));
    Loopback.await(
        "a majority", PATIENCE, () -> Objects.requireNonNull(fairlead.group()).view().connected());
    return Loopback.door(fairlead, "POST", path, "");
  }

  private String get(String at, String path) {
    try {
      return Loopback.door(Objects.requireNonNull(running.get(at)), "GET", path, "").body();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  /** Each of them answers with exactly these, sooner or later. */
  private void answered(String at, String... addresses) throws Exception {
    for (String each : at.split(" ", -1)) {
      List<String> last = new ArrayList<>();
      Loopback.await(
          each + " answers with " + List.of(addresses),
          PATIENCE,
          () -> {
            last.clear();
            last.addAll(dig(each));
            return last.equals(List.of(addresses));
          });
    }
  }

  private List<String> dig(String at) {
    DnsServer dns = Objects.requireNonNull(Objects.requireNonNull(running.get(at)).dns());
    try {
      return Tool.run(
              "",
              "dig",
              "+short",
              "@127.0.0.1",
              "-p",
              Integer.toString(dns.addresses().getFirst().getPort()),
              NAME)
          .output()
          .strip()
          .lines()
          .sorted()
          .toList();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
