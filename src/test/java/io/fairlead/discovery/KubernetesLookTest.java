package io.fairlead.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.TestCertificates;
import io.fairlead.config.ClusterConfig;
import io.fairlead.config.DiscoverSource;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of a service's nodes whatever an API server says. */
@Timeout(30)
class KubernetesLookTest {
  private static final String PATH = "/apis/discovery.k8s.io/v1/namespaces/prod/endpointslices";
  private static final String LIST = PATH + "?labelSelector=kubernetes.io%2Fservice-name%3Dshop";
  private static final String READY = "\"ready\":true,\"serving\":true,\"terminating\":false";
  private static final String DRAINS = "\"ready\":false,\"serving\":true,\"terminating\":true";
  private static final String GONE = "\"ready\":false,\"serving\":false,\"terminating\":true";

  @TempDir private Path folder;
  private ScriptedHttp server;
  private final List<String> slices = new ArrayList<>();
  private String version = "10";

  /** What a watch tells, line by line; an empty one ends it. */
  private final BlockingQueue<String> events = new LinkedBlockingQueue<>();

  @BeforeEach
  void open() throws IOException {
    server = new ScriptedHttp(this::answer);
  }

  @AfterEach
  void shut() throws IOException {
    server.close();
  }

  private void answer(ScriptedHttp.Asked asked, OutputStream out)
      throws IOException, InterruptedException {
    if (!asked.target().contains("watch=1")) {
      ScriptedHttp.send(out, 200, list());
      return;
    }
    out.write(
        "HTTP/1.1 200 x\r\nTransfer-Encoding: chunked\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    out.flush();
    while (true) {
      String event = events.take();
      if (event.isEmpty()) {
        end(out);
        return;
      }
      byte[] line = (event + "\n").getBytes(StandardCharsets.UTF_8);
      int half = line.length / 2; // events come in any pieces
      chunk(out, line, 0, half);
      chunk(out, line, half, line.length);
      if (event.contains("\"ERROR\"")) {
        end(out); // as a server does
        return;
      }
    }
  }

  private static void end(OutputStream out) throws IOException {
    out.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  private static void chunk(OutputStream out, byte[] bytes, int from, int to) throws IOException {
    out.write((Integer.toHexString(to - from) + "\r\n").getBytes(StandardCharsets.US_ASCII));
    out.write(bytes, from, to - from);
    out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
    out.flush();
  }

  private String list() {
    return "{\"kind\":\"EndpointSliceList\",\"metadata\":{\"resourceVersion\":\""
        + version
        + "\"},\"items\":["
        + String.join(",", slices)
        + "]}";
  }

  private static String slice(String name, String version, String... endpoints) {
    return "{\"metadata\":{\"name\":\""
        + name
        + "\",\"resourceVersion\":\""
        + version
        + "\"},\"addressType\":\"IPv4\",\"endpoints\":["
        + String.join(",", endpoints)
        + "],\"ports\":[{\"name\":\"http\",\"port\":8080,\"protocol\":\"TCP\"}]}";
  }

  private static String endpoint(int last, String conditions) {
    return "{\"addresses\":[\"10.0.0."
        + last
        + "\"],\"conditions\":{"
        + conditions
        + "},\"nodeName\":\"n1\",\"zone\":\"z1\",\"targetRef\":{\"kind\":\"Pod\",\"name\":\"shop-"
        + last
        + "\"}}";
  }

  private static String event(String type, String slice) {
    return "{\"type\":\"" + type + "\",\"object\":" + slice + "}";
  }

  private static String bookmark(String version) {
    return event("BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"" + version + "\"}}");
  }

  private DiscoverSource.Kubernetes config(String port) {
    return new DiscoverSource.Kubernetes(
        new ClusterConfig(server.url(), "prod", Optional.empty(), List.of()), "shop", port);
  }

  /** For an answer; a machine with other work to do needs more than the answer itself takes. */
  private Duration patience = Duration.ofSeconds(20);

  private Watched watched(DiscoverSource.Kubernetes config) {
    return Watched.byStep(
        config, one -> new KubernetesLook(one, _ -> null, Duration.ofMillis(500), patience));
  }

  @Test
  void endpointsAreNodesAsTheirConditionsSay() {
    slices.add(
        slice(
            "a",
            "7",
            endpoint(1, READY),
            endpoint(2, DRAINS),
            endpoint(3, GONE),
            endpoint(4, "\"ready\":false,\"serving\":false,\"terminating\":false"),
            endpoint(5, ""))); // unknown: ready
    slices.add(slice("b", "8", endpoint(2, READY), endpoint(6, READY))); // 2 moves to b
    Watched watched = watched(config(""));
    watched.step();
    assertThat(watched.nodes())
        .containsExactly("10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.5:8080", "10.0.0.6:8080");
    assertThat(watched.node("10.0.0.1:8080").name()).isEqualTo("shop-1");
    assertThat(watched.node("10.0.0.1:8080").facts().zone()).isEqualTo("z1");
    assertThat(watched.node("10.0.0.1:8080").facts().labels()).isEqualTo(Map.of("host", "n1"));
    assertThat(server.asked().getFirst()).isEqualTo(LIST);
    assertThat(watched.told()).isEmpty();
  }

  /** Kubernetes 1.20, which says less of each of them. */
  @Test
  void aServerThatHasTheOlderFormOnlyIsAskedForThat() {
    server.script((asked, out) -> {
      if (asked.target().contains("/v1/")) {
        ScriptedHttp.send(out, 404, "404 page not found\n");
      } else {
        answer(asked, out);
      }
    });
    String topology =
        endpoint(1, "\"ready\":true")
            .replace(
                "\"nodeName\":\"n1\",\"zone\":\"z1\"",
                "\"topology\":{\"kubernetes.io/hostname\":\"n1\","
                    + "\"topology.kubernetes.io/zone\":\"z1\"}");
    slices.add(slice("a", "7", topology, endpoint(2, "\"ready\":false")));
    Watched watched = watched(config(""));
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:8080");
    assertThat(watched.node("10.0.0.1:8080").facts().zone()).isEqualTo("z1");
    assertThat(watched.node("10.0.0.1:8080").facts().labels()).isEqualTo(Map.of("host", "n1"));
    events.add(event("MODIFIED", slice("a", "11", endpoint(2, "\"ready\":true"))));
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.2:8080");
    assertThat(server.last().target()).contains("/v1beta1/", "watch=1");
    events.add("");
    watched.step(); // the watch ends, and there is an upgrade
    server.script((asked, out) -> {
      if (asked.target().contains("/v1beta1/")) {
        ScriptedHttp.send(out, 404, "404 page not found\n");
      } else {
        answer(asked, out);
      }
    });
    watched.step();
    assertThat(server.last().target()).isEqualTo(LIST);
    assertThat(watched.nodes()).containsExactly("10.0.0.1:8080");
    assertThat(watched.told()).isEmpty();
    server.script(ScriptedHttp.says(404, "404 page not found\n"));
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:8080");
    assertThat(watched.told())
        .hasSize(1)
        .first()
        .asString()
        .endsWith("has no EndpointSlices, of neither discovery.k8s.io/v1 nor v1beta1 (status 404)");
    watched.close();
  }

  /** In its own words, which name the right that is missing. */
  @Test
  void whatIsNotAllowedIsSaid() {
    String words =
        "endpointslices.discovery.k8s.io is forbidden: User \"fairlead\" cannot VERB resource"
            + " \"endpointslices\" in API group \"discovery.k8s.io\" in the namespace \"prod\"";
    String status =
        "{\"kind\":\"Status\",\"code\":403,\"message\":\"" + words.replace("\"", "\\\"") + "\"}";
    slices.add(slice("a", "7", endpoint(1, READY)));
    server.script((asked, out) -> {
      if (asked.target().contains("watch=1")) {
        ScriptedHttp.send(out, 403, status.replace("VERB", "watch"));
      } else {
        answer(asked, out);
      }
    });
    Watched watched = watched(config(""));
    watched.step();
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:8080");
    assertThat(watched.told())
        .containsExactly(
            "0 cannot be: does not let us ask (status 403): " + words.replace("VERB", "watch"));
    watched.close();
  }

  @Test
  void changesAreWatched() {
    slices.add(slice("a", "7", endpoint(1, READY), endpoint(2, READY)));
    Watched watched = watched(config("http"));
    watched.step();
    events.add(bookmark("10"));
    events.add(event("MODIFIED", slice("a", "11", endpoint(1, READY), endpoint(2, DRAINS))));
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:8080", "10.0.0.2:8080 draining");
    events.add(event("ADDED", slice("b", "12", endpoint(3, READY))));
    watched.step();
    assertThat(watched.nodes()).contains("10.0.0.3:8080");
    events.add(event("DELETED", slice("b", "13", endpoint(3, READY))));
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:8080", "10.0.0.2:8080 draining");
    events.add(bookmark("20"));
    events.add("");
    watched.step(); // to the end of the watch
    events.add(event("MODIFIED", slice("a", "21", endpoint(1, READY), endpoint(2, READY))));
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:8080", "10.0.0.2:8080");
    String watch = LIST + "&watch=1&allowWatchBookmarks=true&timeoutSeconds=1&resourceVersion=";
    assertThat(server.asked()).containsExactly(LIST, watch + "10", watch + "20");
    assertThat(watched.told()).isEmpty();
    watched.close();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whereTheWatchCannotGoOnFromThereIsAnotherList(boolean byStatus) throws Exception {
    slices.add(slice("a", "7", endpoint(1, READY)));
    Watched watched = watched(config(""));
    watched.step();
    slices.set(0, slice("a", "30", endpoint(2, READY)));
    version = "30";
    if (byStatus) {
      server.script((asked, out) -> {
        if (asked.target().contains("resourceVersion=10")) {
          ScriptedHttp.send(out, 410, "{\"kind\":\"Status\",\"code\":410}");
        } else {
          answer(asked, out);
        }
      });
    } else {
      events.add(event("ERROR", "{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\"}"));
    }
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.2:8080");
    events.add(event("ADDED", slice("b", "31", endpoint(3, READY))));
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.2:8080", "10.0.0.3:8080");
    assertThat(server.last().target()).endsWith("resourceVersion=30");
    assertThat(watched.told()).isEmpty();
    watched.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"type\":\"ERROR\",\"object\":{\"code\":500}}",
        "{\"type\":\"SURPRISE\"}",
        "{\"type\":\"ADDED\",\"object\":{}}",
        "garbage",
        "[[[["
      })
  void aWatchThatTellsNonsenseDeletesNothing(String line) {
    slices.add(slice("a", "7", endpoint(1, READY)));
    Watched watched = watched(config(""));
    watched.step();
    events.add(line);
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:8080");
    assertThat(watched.told()).hasSize(1);
    slices.set(0, slice("a", "30", endpoint(2, READY)));
    watched.step();
    assertThat(watched.nodes()).as("listed anew").containsExactly("10.0.0.2:8080");
    assertThat(watched.told()).hasSize(2);
    watched.close();
  }

  /** The server is frozen, or something on the way has forgotten the connection. */
  @Test
  void aWatchThatIsSilentForTooLongIsTakenForDead() {
    patience = Duration.ofSeconds(2);
    slices.add(slice("a", "7", endpoint(1, READY)));
    Watched watched = watched(config(""));
    watched.step();
    watched.step(); // nothing comes
    assertThat(watched.nodes()).containsExactly("10.0.0.1:8080");
    assertThat(watched.told()).containsExactly("0 cannot be: the watch does not end in time");
    slices.set(0, slice("a", "30", endpoint(2, READY)));
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.2:8080");
    watched.close();
  }

  /** Something on the way does not let answers go on: slices are listed, at a pace. */
  @Test
  void whereWatchesEndAtOnceSlicesAreListed() {
    slices.add(slice("a", "7", endpoint(1, READY)));
    Watched watched = watched(config(""));
    watched.step();
    for (int i = 0; i < 6; i++) {
      events.add("");
      watched.step(); // a watch
      slices.set(0, slice("a", "30", endpoint(2 + i, READY)));
      watched.step(); // a list
      assertThat(watched.nodes()).containsExactly("10.0.0." + (2 + i) + ":8080");
    }
    assertThat(watched.millis()).isBetween(20_000L, 40_000L);
    assertThat(watched.told()).isEmpty();
    watched.close();
  }

  @Test
  void thatThereAreNoneIsConfirmedByAnotherList() {
    slices.add(slice("a", "7", endpoint(1, READY), endpoint(2, READY)));
    Watched watched = watched(config(""));
    watched.step();
    watched.takeDown("10.0.0.2:8080");
    slices.clear();
    events.add(event("DELETED", slice("a", "11")));
    watched.step();
    assertThat(watched.nodes()).hasSize(2);
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:8080");
    assertThat(server.last().target()).isEqualTo(LIST);
    watched.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"items\":[]}",
        "{\"metadata\":{\"resourceVersion\":\"9\"},\"items\":7}",
        "{\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[{}]}",
        "<html>"
      })
  void aListThatIsNoneDeletesNothing(String body) {
    slices.add(slice("a", "7", endpoint(1, READY)));
    Watched watched = watched(config(""));
    watched.step();
    events.add("garbage");
    watched.step();
    server.script(ScriptedHttp.says(200, body));
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:8080");
    assertThat(watched.told()).as("the first is said").hasSize(1);
  }

  @Test
  void neitherDoesSilence() {
    patience = Duration.ofSeconds(2);
    slices.add(slice("a", "7", endpoint(1, READY)));
    Watched watched = watched(config(""));
    watched.step();
    server.script(ScriptedHttp.silence());
    watched.step();
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:8080");
    assertThat(watched.told()).hasSize(1);
  }

  @Test
  void whichPortIsSaid() {
    slices.add(
        slice("a", "7", endpoint(1, READY))
            .replace("\"ports\":[", "\"ports\":[{\"name\":\"metrics\",\"port\":9100},"));
    Watched watched = watched(config("metrics"));
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:9100");
    watched = watched(config("7777"));
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:7777");
    watched = watched(config(""));
    watched.step();
    assertThat(watched.told())
        .containsExactly("0 cannot be: left out: slice a: has several ports; port must say which");
    watched = watched(config("grpc"));
    watched.step();
    assertThat(watched.told())
        .containsExactly("0 cannot be: left out: slice a: has no port named grpc");
  }

  /** A service with both kinds has each pod twice. */
  @Test
  void ofTwoKindsOfAddressesTheFirstCounts() {
    String six =
        slice("b", "8", endpoint(1, READY)).replace("10.0.0.1", "fd00::1").replace("IPv4", "IPv6");
    slices.add(six);
    Watched watched = watched(config(""));
    watched.step();
    assertThat(watched.nodes()).containsExactly("[fd00::1]:8080");
    slices.add(slice("a", "7", endpoint(1, READY)));
    watched = watched(config(""));
    watched.step();
    assertThat(watched.nodes()).containsExactly("10.0.0.1:8080");
  }

  /** Both are replaced while they hold, in a pod. */
  @Test
  void tokenAndAuthorityAreReadAgain() throws Exception {
    TestCertificates certificates = new TestCertificates(folder);
    certificates.make("server", "127.0.0.1");
    Path token = folder.resolve("token");
    Files.writeString(token, "one\n");
    slices.add(slice("a", "7", endpoint(1, READY)));
    try (ScriptedHttp secure =
        ScriptedHttp.tls(
            folder.resolve("server.pem"), folder.resolve("server.key"), this::answer)) {
      Path ca = folder.resolve("other-ca.pem");
      Files.writeString(ca, TestCertificates.authority("Another").getCertificatePEM());
      Watched watched =
          watched(
              new DiscoverSource.Kubernetes(
                  new ClusterConfig(secure.url(), "prod", Optional.of(token), List.of(ca)),
                  "shop",
                  ""));
      watched.step();
      assertThat(watched.told()).hasSize(1).first().asString().contains("TLS: ");
      Files.copy(certificates.ca(), ca, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
      watched.step();
      assertThat(watched.nodes()).containsExactly("10.0.0.1:8080");
      assertThat(secure.last().fields()).containsEntry("authorization", "Bearer one");
      Files.writeString(token, "two\n");
      events.add(event("MODIFIED", slice("a", "11", endpoint(2, READY))));
      watched.step();
      assertThat(watched.nodes()).containsExactly("10.0.0.2:8080");
      assertThat(secure.last().fields()).containsEntry("authorization", "Bearer two");
      watched.close();
      Files.delete(token);
      Watched without =
          watched(
              new DiscoverSource.Kubernetes(
                  new ClusterConfig(secure.url(), "prod", Optional.of(token), List.of(ca)),
                  "shop",
                  ""));
      without.step();
      assertThat(without.told()).containsExactly("0 cannot be: " + token + " cannot be read");
    }
  }

  @Test
  void outsideOfAClusterTheUrlIsMissed() {
    Watched watched =
        watched(
            new DiscoverSource.Kubernetes(
                new ClusterConfig("", "prod", Optional.empty(), List.of()), "shop", ""));
    watched.step();
    assertThat(watched.told())
        .containsExactly(
            "0 cannot be: KUBERNETES_SERVICE_HOST and _PORT are not set: outside of a cluster url"
                + " must be given");
  }

  @Test
  void aWatchThatWaitsEndsWhenItIsClosed() throws Exception {
    slices.add(slice("a", "7", endpoint(1, READY)));
    KubernetesLook look =
        new KubernetesLook(config(""), _ -> null, Duration.ofSeconds(50), Duration.ofSeconds(5));
    assertThat(look.look().nodes()).hasSize(1);
    CountDownLatch waits = new CountDownLatch(1);
    server.script((asked, out) -> {
      waits.countDown();
      answer(asked, out);
    });
    CompletableFuture<SourceLook.Found> second = Watched.begin(look);
    waits.await();
    look.close();
    try {
      second.get(10, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      // Or so: nobody asks any more what it says.
    }
    assertThatThrownBy(look::look).hasMessage("asked no more");
  }
}
