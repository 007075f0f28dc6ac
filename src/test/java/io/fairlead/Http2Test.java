package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.fairlead.demo.TestNode;
import io.fairlead.service.Node;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/**
 * HTTP/2 with other people's programs: h2spec, curl and h2load as clients, nghttpd as a node. A
 * second instance stands behind the first, so that both sides of both are used in every
 * combination.
 */
@Timeout(120)
class Http2Test {
  private static final String H2SPEC = "/h2spec/2.2.0/h2spec_linux_amd64.tar.gz";

  @TempDir Path folder;

  private TestNode node;
  private Fairlead back;
  private Fairlead front;

  @BeforeEach
  void start() throws IOException {
    node = Loopback.node("a");
    back =
        Loopback.start(
            """
            admin: { bind: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", routes: [ { service: shop } ] }
            services:
              shop: { nodes: "127.0.0.1:%d" }
            """
                .formatted(node.port()));
    front =
        Loopback.start(
            """
            admin: { bind: "127.0.0.1:0" }
            listeners:
              http1: { bind: "127.0.0.1:0", routes: [ { service: http1 } ] }
              http2: { bind: "127.0.0.1:0", routes: [ { service: http2 } ] }
            services:
              http1: { nodes: "127.0.0.1:%1$d" }
              http2: { nodes: "127.0.0.1:%1$d", protocol: h2 }
            """
                .formatted(Loopback.port(back, "web")));
  }

  @AfterEach
  void stop() throws Exception {
    front.close();
    back.close();
    node.close();
  }

  @Test
  void allCasesOfH2specPass() throws Exception {
    assumeThat(System.getProperty("os.arch")).isEqualTo("amd64");
    String report = run(h2spec(), "-h", "127.0.0.1", "-p", port("http1"), "-o", "5");
    assertThat(report).contains("145 tests, 145 passed, 0 skipped, 0 failed");
  }

  @ParameterizedTest
  @CsvSource({
    "--http1.1, http1",
    "--http1.1, http2",
    "--http2-prior-knowledge, http1",
    "--http2-prior-knowledge, http2"
  })
  void bodiesGoBothWaysWhateverEitherSideSpeaks(String version, String listener) throws Exception {
    byte[] body = new byte[1_000_000];
    new SplittableRandom(7).nextBytes(body);
    Path sent = Files.write(folder.resolve("sent"), body);
    Path got = folder.resolve("got");
    String url = "http://127.0.0.1:" + port(listener) + "/echo";
    String status =
        run(
            "curl",
            "-s",
            version,
            "-H",
            "Expect:",
            "--data-binary",
            "@" + sent,
            "-o",
            got.toString(),
            "-w",
            "%{http_code} %{http_version}",
            url);
    assertThat(status).isEqualTo("200 " + (version.equals("--http1.1") ? "1.1" : "2"));
    String echoed = JsonMapper.shared().readTree(Files.readAllBytes(got)).get("body").asString();
    assertThat(Arrays.equals(echoed.getBytes(StandardCharsets.ISO_8859_1), body))
        .as("the same bytes")
        .isTrue();
    String chunked =
        run(
            "curl",
            "-s",
            version,
            "-H",
            "Expect:",
            "-T",
            "-",
            "-o",
            got.toString(),
            "-w",
            "%{http_code}",
            "-H",
            "Transfer-Encoding: chunked",
            "-X",
            "POST",
            url);
    assertThat(chunked).isEqualTo("200");
  }

  @ParameterizedTest
  @ValueSource(strings = {"http1", "http2"})
  void manyRequestsAtOnceAllGetTheirAnswer(String listener) throws Exception {
    String report =
        run(
            "h2load",
            "-c",
            "4",
            "-m",
            "50",
            "-n",
            "4000",
            "http://127.0.0.1:" + port(listener) + "/");
    assertThat(report)
        .contains("4000 succeeded, 0 failed, 0 errored, 0 timeout")
        .contains("4000 2xx");
    for (Node each : Loopback.nodes(front, listener)) {
      Loopback.await("no request in flight", () -> each.inFlight() == 0);
    }
  }

  @Test
  void anotherPersonsServerIsANode() throws Exception {
    int port = FreePort.any();
    byte[] body = new byte[500_000];
    new SplittableRandom(8).nextBytes(body);
    Files.write(folder.resolve("file"), body);
    Process nghttpd =
        new ProcessBuilder(
                "nghttpd",
                "--no-tls",
                "-a",
                "127.0.0.1",
                "-d",
                folder.toString(),
                Integer.toString(port))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (Fairlead fairlead =
        Loopback.start(
            """
            admin: { bind: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", routes: [ { service: shop } ] }
            services:
              shop: { nodes: "127.0.0.1:%d", protocol: h2, health: { interval: 100ms, rise: 1 } }
            """
                .formatted(port))) {
      Node member = Loopback.nodes(fairlead, "shop")[0];
      Loopback.await("nghttpd is up", () -> member.facts().up());
      Path got = folder.resolve("got");
      String url = "http://127.0.0.1:" + Loopback.port(fairlead, "web") + "/file";
      for (String version : List.of("--http1.1", "--http2-prior-knowledge")) {
        Loopback.await("an answer", () -> fetch(version, url, got).equals("200"));
        assertThat(Arrays.equals(Files.readAllBytes(got), body)).as("the same bytes").isTrue();
      }
    } finally {
      nghttpd.destroy();
      nghttpd.waitFor();
    }
  }

  private String fetch(String version, String url, Path into) {
    try {
      return run("curl", "-s", version, "-o", into.toString(), "-w", "%{http_code}", url);
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private String port(String listener) {
    return Integer.toString(Loopback.port(front, listener));
  }

  private String h2spec() throws IOException, InterruptedException {
    Path archive = folder.resolve("h2spec.tar.gz");
    try (InputStream in = Http2Test.class.getResourceAsStream(H2SPEC)) {
      assertThat(in).as("h2spec on the class path").isNotNull();
      Files.copy(in, archive);
    }
    run("tar", "xzf", archive.toString(), "-C", folder.toString());
    return folder.resolve("h2spec").toString();
  }

  /** What the program says, both ways; its exit status must be 0. */
  private static String run(String... command) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of(command));
    Process process = new ProcessBuilder(all).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(String.join(" ", command) + "\n" + said).isZero();
    return said;
  }
}
