package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.demo.TestNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every example starts and serves; only its addresses are those of this machine. */
@Timeout(30)
class ExamplesTest {
  /** Its certificates are made as its first lines say. */
  @Test
  void theOneWithTlsStartsAndServes(@TempDir Path folder) throws Exception {
    makeCertificates(folder);
    try (TestNode node = Loopback.node("a")) {
      try (Fairlead fairlead = startTls(folder, "tls.yaml", node.port())) {
        String url = "https://localhost:" + Loopback.port(fairlead, "web") + "/";
        Tool.Said said =
            Tool.run(
                "",
                "curl",
                "-sS",
                "--noproxy",
                "*",
                "--cacert",
                folder + "/certificates/ca.pem",
                url);
        assertThat(said.output()).contains("hello from a");
      }
    }
  }

  /** Its nodes are the one above. */
  @Test
  void theOneWithTlsTowardsNodesStartsAndServes(@TempDir Path folder) throws Exception {
    makeCertificates(folder);
    try (TestNode node = Loopback.node("a");
        Fairlead nodes = startTls(folder, "tls.yaml", node.port());
        Fairlead fairlead = startTls(folder, "tls-nodes.yaml", Loopback.port(nodes, "web"));
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      assertThat(client.get("/").body()).contains("hello from a");
    }
  }

  private static void makeCertificates(Path folder) throws Exception {
    Tool.Said made =
        Tool.run("", "examples/make-certificates", folder.resolve("certificates").toString());
    assertThat(made.status()).as(made.output()).isZero();
  }

  private static Fairlead startTls(Path folder, String name, int port) throws Exception {
    return Loopback.start(
        "admin: { bind: \"127.0.0.1:0\" }\n"
            + Files.readString(Path.of("examples", name))
                .replace("certificates/", folder + "/certificates/")
                .replaceAll("0\\.0\\.0\\.0:\\d+", "127.0.0.1:0")
                .replaceAll("10\\.0\\.0\\.11:\\d+", "127.0.0.1:" + port)
                .replaceAll("10\\.0\\.0\\.12:\\d+", "localhost:" + port));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "minimal.yaml",
        "shop.yaml",
        "trusted-proxies.yaml",
        "http2.yaml",
        "tcp.yaml",
        "proxy-protocol.yaml",
        "udp.yaml",
        "tls-passthrough.yaml",
        "routing.yaml",
        "rules.yaml",
        "balancing.yaml"
      })
  void startsAndServes(String name) throws Exception {
    try (TestNode node = Loopback.node("a")) {
      String text =
          Files.readString(Path.of("examples", name))
              .replaceAll("0\\.0\\.0\\.0:(5432|2525|53|8443)", "127.0.0.1:0")
              .replace("0.0.0.0:8080", "127.0.0.1:0")
              .replace("0.0.0.0:${PORT:-8080}", "127.0.0.1:${PORT:-0}")
              .replace(", \"[::1]:8081\"", "")
              .replaceAll("\"127\\.0\\.0\\.1:9900\"", "\"127.0.0.1:0\"")
              .replaceAll("10\\.0\\.0\\.\\d+:(8080|5432|25|53|8443)", "127.0.0.1:" + node.port());
      // Nodes of one service must differ; the machine answers on every address of 127.0.0.0/8.
      text =
          text.replaceAll(
              "\"127\\.0\\.0\\.1:" + node.port() + "\"]", "\"localhost:" + node.port() + "\"]");
      text = text.replace("{ address: \"127.0.0.1:", "{ address: \"localhost:");
      if (!text.contains("admin:")) {
        text = "admin: { bind: \"127.0.0.1:0\" }\n" + text;
      }
      try (Fairlead fairlead = Loopback.start(text, Path.of("examples"));
          Client client =
              new Client(Loopback.port(fairlead, name.equals("tcp.yaml") ? "db" : "web"))) {
        assertThat(client.get("/").status()).isEqualTo(200);
      }
    }
  }
}
