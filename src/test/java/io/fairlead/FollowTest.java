package io.fairlead;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.demo.TestNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Records of a whole instance while they come, and each of them looked up, through its door. */
@Timeout(60)
class FollowTest {
  @TempDir private Path data;
  private TestNode node;
  private Fairlead fairlead;
  private HttpClient client;

  @BeforeEach
  void start() throws Exception {
    node = Loopback.node("a");
    client = HttpClient.newHttpClient();
    fairlead =
        Loopback.startRecording(
            """
            admin: { bind: "127.0.0.1:0" }
            data: %s
            runtime: { event-loops: 2 }
            logs: { ring: 4MiB }
            listeners:
              web: { bind: "127.0.0.1:0", forwarded: { trust: ["127.0.0.0/8"] },
                     routes: [ { service: shop } ] }
            services:
              shop: { nodes: [ { name: a, address: "127.0.0.1:%d" } ],
                      health: { tcp: true, interval: 100ms, timeout: 100ms } }
            """
                .formatted(data, node.port()));
  }

  @AfterEach
  void stop() {
    client.shutdownNow(); // streams have no end
    fairlead.close();
    node.close();
  }

  /** Lines of the stream until it is closed. */
  private BlockingQueue<String> follow(String query) throws Exception {
    BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    URI uri =
        URI.create(
            "http://127.0.0.1:"
                + fairlead.adminAddress().getPort()
                + "/api/v1/records/tail"
                + query);
    BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                client
                    .send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofInputStream())
                    .body(),
                UTF_8));
    Thread.ofVirtual()
        .start(() -> {
          try {
            reader.lines().filter(line -> line.startsWith("data: ")).forEach(lines::add);
          } catch (UncheckedIOException e) {
            // The client has been closed.
          }
        });
    assertThat(lines.poll(10, TimeUnit.SECONDS)).as("it has begun").isEqualTo("data: {}");
    return lines;
  }

  private String ask(String path) throws Exception {
    try (Loopback.Client browser = new Loopback.Client(Loopback.port(fairlead, "web"))) {
      return Objects.requireNonNull(browser.get(path).field("x-request-id"));
    }
  }

  private String door(String path) {
    return Loopback.door(fairlead, "GET", "/api/v1/" + path, "").body();
  }

  /** An answer may be read before the loop that gave it has recorded it. */
  private void awaitRecord(String id, String what) throws InterruptedException {
    Loopback.await(what, () -> door("records/" + id).contains(what));
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, UTF_8);
  }

  @Test
  void whatIsMeantComesWhileItHappens() throws Exception {
    BlockingQueue<String> lines = follow("?where=" + encoded("path~/wanted and node=a"));
    ask("/other");
    ask("/wanted");
    assertThat(lines.poll(10, TimeUnit.SECONDS)).contains("\"path\":\"/wanted\"");
    assertThat(lines).isEmpty();
  }

  @Test
  void probesAndEventsAreRecordedToo() throws Exception {
    BlockingQueue<String> probes = follow("?table=probes&where=" + encoded("outcome=failed"));
    BlockingQueue<String> events = follow("?table=events&where=" + encoded("kind=NodeDown"));
    Loopback.await(
        "a probe has passed",
        () -> Loopback.nodes(fairlead, "shop")[0].facts().reason().startsWith("answered"));
    node.close();
    assertThat(probes.poll(10, TimeUnit.SECONDS))
        .contains("\"service\":\"shop\",\"node\":\"a\",\"kind\":\"tcp\",\"outcome\":\"failed\"");
    assertThat(events.poll(10, TimeUnit.SECONDS)).contains("shop/a is down");
    Loopback.await(
        "the event is in its table",
        () -> {
          assertThat(Loopback.door(fairlead, "GET", "/api/v1/records/x", "").statusCode())
              .isEqualTo(404); // has what there is written
          return door("records?table=events&where=" + encoded("kind=NodeDown and node=a"))
              .contains("shop/a is down");
        });
    assertThat(door("records?table=events&where=" + encoded("kind=InstanceStarted")))
        .contains("started");
    assertThat(door("records/facets?table=probes&field=outcome")).contains("passed", "failed");
  }

  @Test
  void oneRequestIsFoundByItsIdAtOnce() throws Exception {
    String id = ask("/wanted?x=1");
    awaitRecord(id, "\"table\":\"requests\"");
    String found = door("records/" + id);
    assertThat(found)
        .contains(
            "\"table\":\"requests\"",
            "\"id\":\"" + id + "\"",
            "\"path\":\"/wanted?x=1\"",
            "\"phases\":[{\"name\":\"connect\"",
            "{\"name\":\"first-byte\"",
            "{\"name\":\"rest\"",
            "\"lines\":[]",
            "\"others\":0");
    assertThat(Loopback.door(fairlead, "GET", "/api/v1/records/" + "0".repeat(24), "").body())
        .contains("There is no record of 000000000000000000000000.");
  }

  @Test
  void anIdOfSomebodyElseIsFoundToo() throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + Loopback.port(fairlead, "web") + "/mine"))
            .header("x-request-id", "it's mine")
            .build();
    for (int i = 0; i < 2; i++) {
      client.send(request, BodyHandlers.discarding());
    }
    awaitRecord("it%27s%20mine", "\"others\":1");
    assertThat(door("records/it%27s%20mine"))
        .contains("\"id\":\"it's mine\"", "\"path\":\"/mine\"");
  }
}
