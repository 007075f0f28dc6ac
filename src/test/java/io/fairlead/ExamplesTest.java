package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.config.AgentConfig;
import io.fairlead.config.AgentReader;
import io.fairlead.demo.TestNode;
import io.fairlead.scaling.Agent;
import io.fairlead.telemetry.Event;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every example starts and serves; only its addresses are those of this machine. */
@Timeout(30)
class ExamplesTest {
  /** The program, where nothing has been built yet. */
  private static final String JVM =
      "\"" + String.join("\", \"", FairleadProcess.java()) + "\", \"io.fairlead.Main\"";

  /** Their certificates are made as the first lines of one say. */
  @ParameterizedTest
  @ValueSource(strings = {"tls.yaml", "tls-clients.yaml", "http3.yaml"})
  void thoseWithTlsStartAndServe(String name, @TempDir Path folder) throws Exception {
    makeCertificates(folder);
    try (TestNode node = Loopback.node("a")) {
      try (Fairlead fairlead = startTls(folder, name, node.port())) {
        String url = "https://localhost:" + Loopback.port(fairlead, "web") + "/";
        List<String> curl =
            new ArrayList<>(
                List.of(
                    "curl", "-sS", "--noproxy", "*", "--cacert", folder + "/certificates/ca.pem"));
        if (name.equals("tls-clients.yaml")) {
          assertThat(Tool.run("", concat(curl, url)).status())
              .as("without a certificate")
              .isNotZero();
          curl.addAll(List.of("--cert", folder + "/certificates/client.pem"));
          curl.addAll(List.of("--key", folder + "/certificates/client.key"));
        }
        assertThat(Tool.run("", concat(curl, url)).output()).contains("hello from a");
      }
    }
  }

  /** Its door is asked as its first lines say. */
  @Test
  void theOneWhoseDoorSpeaksTlsStartsAndServes(@TempDir Path folder) throws Exception {
    makeCertificates(folder);
    try (TestNode node = Loopback.node("a")) {
      String text =
          Files.readString(Path.of("examples/admin-tls.yaml"))
              .replace("certificates/", folder + "/certificates/")
              .replaceAll("0\\.0\\.0\\.0:\\d+", "127.0.0.1:0")
              .replaceAll("10\\.0\\.0\\.11:\\d+", "127.0.0.1:" + node.port())
              .replaceAll("10\\.0\\.0\\.12:\\d+", "localhost:" + node.port());
      try (Fairlead fairlead = Loopback.start(text, folder);
          Client client = new Client(Loopback.port(fairlead, "web"))) {
        assertThat(client.get("/").body()).contains("hello from a");
        List<String> curl =
            List.of(
                "curl",
                "-sS",
                "--noproxy",
                "*",
                "--cacert",
                folder + "/certificates/ca.pem",
                "-H",
                "Authorization: Bearer a-token-that-is-none");
        String door = "https://localhost:" + fairlead.adminAddress().getPort();
        assertThat(Tool.run("", concat(curl, door + "/api/v1/services")).output())
            .contains("\"shop\"");
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

  /** Nobody is where its authority should be: it serves without a certificate. */
  @ParameterizedTest
  @ValueSource(strings = {"acme.yaml", "acme-group.yaml"})
  void thoseThatOrderACertificateStartAndServe(String name, @TempDir Path folder) throws Exception {
    makeCertificates(folder);
    String text =
        Files.readString(Path.of("examples", name))
            .replace("${GROUP_TOKEN:-", "")
            .replace("}\"   # better", "\"   # better")
            .replace("certificates/", folder + "/certificates/")
            .replace("https://ca.internal:9000", "https://127.0.0.1:1")
            .replaceAll("0\\.0\\.0\\.0:\\d+", "127.0.0.1:0");
    text = FreePort.instead(text, 7400, FreePort.row(3));
    try (Fairlead fairlead =
            Loopback.start("admin: { bind: \"127.0.0.1:0\" }\ndata: " + folder + "\n" + text);
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      assertThat(client.get("/a").field("location")).isEqualTo("https://shop.example/a");
      Loopback.await(
          "it has asked",
          () ->
              fairlead.events().since(0).stream()
                  .anyMatch(entry -> entry.event() instanceof Event.CertificateOrderFailed));
    }
  }

  /** The first waits for its peers and serves nevertheless. */
  @ParameterizedTest
  @ValueSource(strings = {"group.yaml", "group-tls.yaml", "group-ensemble.yaml"})
  void thoseOfAGroupStartAndServe(String name, @TempDir Path folder) throws Exception {
    makeCertificates(folder);
    int port = FreePort.row(23); // each instance has two more behind its own
    try (TestNode node = Loopback.node("a")) {
      String text =
          Files.readString(Path.of("examples", name))
              .replace("${GROUP_PORT:-7400}", "7400")
              .replace("${ADMIN_PORT:-9900}", "0")
              .replace("${ZOOKEEPER:-127.0.0.1:2281}", "127.0.0.1:1")
              .replace("certificates/", folder + "/certificates/")
              .replaceAll("0\\.0\\.0\\.0:[^\"]+", "127.0.0.1:0")
              .replaceAll("10\\.0\\.0\\.11:\\d+", "127.0.0.1:" + node.port())
              .replaceAll("10\\.0\\.0\\.12:\\d+", "localhost:" + node.port());
      for (int i = 0; i < 30; i += 10) {
        text = FreePort.instead(text, 7400 + i, port + i);
      }
      if (!text.contains("admin:")) {
        text = "admin: { bind: \"127.0.0.1:0\" }\n" + text;
      }
      try (Fairlead fairlead = Loopback.start(text, folder);
          Client client = new Client(Loopback.port(fairlead, "web"))) {
        assertThat(client.get("/").status()).isEqualTo(200);
        Loopback.await(
            "the group",
            () -> {
              var group = fairlead.group();
              return group != null
                  && switch (name) {
                    case "group-tls.yaml" -> group.view().connected();
                    case "group.yaml" -> group.view().trouble().contains("edge-2");
                    default -> group.view().trouble().contains("ensemble is not reached");
                  };
            });
      }
    }
  }

  /** Its provider is not there; nobody signs in, and all else goes on. */
  @ParameterizedTest
  @ValueSource(strings = "dashboard.yaml")
  void theOneWherePeopleSignInForTheDashboardStartsAndServes(String name, @TempDir Path folder)
      throws Exception {
    makeCertificates(folder);
    try (TestNode node = Loopback.node("a")) {
      String text =
          Files.readString(Path.of("examples", name))
              .replace("certificates/", folder + "/certificates/")
              .replace("127.0.0.1:9900", "127.0.0.1:" + FreePort.any())
              .replace("0.0.0.0:8443", "127.0.0.1:0")
              .replaceAll("10\\.0\\.0\\.11:\\d+", "127.0.0.1:" + node.port())
              .replaceAll("10\\.0\\.0\\.12:\\d+", "localhost:" + node.port());
      try (Fairlead fairlead = Loopback.start(text, folder)) {
        String port = "" + Loopback.port(fairlead, "web");
        List<String> curl =
            List.of(
                "curl",
                "-sSk",
                "--noproxy",
                "*",
                "--resolve",
                "ops.example:" + port + ":127.0.0.1");
        assertThat(Tool.run("", concat(curl, "https://localhost:" + port + "/")).output())
            .contains("hello from a");
        assertThat(
                Tool.run("", concat(curl, "https://ops.example:" + port + "/api/v1/session"))
                    .output())
            .contains("\"signIn\":\"https://ops.example/sign-in\"", "Nobody can sign in at");
      }
    }
  }

  /** One agent, and a front end that has it start a node. */
  @Test
  void theOneOfAgentsStartsANodeAtTheOneThatThereIs(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("agent.yaml");
    Files.writeString(
        file,
        Files.readString(Path.of("examples/agent.yaml"))
            .replace("\"../fairlead\"", JVM)
            .replace("127.0.0.1:9901", "127.0.0.1:0"));
    AgentConfig config =
        switch (AgentReader.readFile(file)) {
          case AgentReader.Result.Accepted(AgentConfig accepted) -> accepted;
          case AgentReader.Result.Refused refused -> throw new AssertionError(refused.problems());
        };
    try (Agent agent = Agent.start(config, new SplittableRandom(1), _ -> {})) {
      String text =
          Files.readString(Path.of("examples/scaling-agents.yaml"))
              .replace("0.0.0.0:8080", "127.0.0.1:0")
              .replace("127.0.0.1:9901", "127.0.0.1:" + agent.address().getPort())
              .replace("10.0.0.22:9901", "127.0.0.2:1");
      try (Fairlead fairlead =
              Loopback.start("admin: { bind: \"127.0.0.1:0\" }\ndata: " + folder + "\n" + text);
          Client client = new Client(Loopback.port(fairlead, "web"))) {
        assertThat(client.get("/").status()).isEqualTo(200);
      }
      agent.stopNodes();
    }
  }

  /** Nobody is where their members should be: clients would wait. */
  @ParameterizedTest
  @ValueSource(strings = {"postgresql.yaml", "galera.yaml", "backups.yaml"})
  void thoseOfDatabasesStartAndSayWhoIsMissing(String name, @TempDir Path folder) throws Exception {
    String text =
        Files.readString(Path.of("examples", name))
            .replaceAll("0\\.0\\.0\\.0:\\d+", "127.0.0.1:0")
            .replaceAll("10\\.0\\.0\\.(\\d+):\\d+", "127.0.0.$1:1")
            .replace("/var/backups/orders", folder.resolve("backups").toString())
            .replace("${FAIRLEAD_DB_PASSWORD}", "a-password");
    try (Fairlead fairlead =
        Loopback.start("admin: { bind: \"127.0.0.1:0\" }\ndata: " + folder + "\n" + text)) {
      Loopback.await(
          "all members were asked",
          () ->
              fairlead.databases().reports().getFirst().view().members().stream()
                  .noneMatch(member -> member.node().facts().up()));
      assertThat(Loopback.door(fairlead, "GET", "/api/v1/databases", "").body())
          .contains("\"primary\":null", "connection refused");
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

  private static List<String> concat(List<String> some, String last) {
    List<String> all = new ArrayList<>(some);
    all.add(last);
    return all;
  }

  /** Whoever adds one names it above or below. */
  @Test
  void noneIsForgotten() throws Exception {
    List<String> named =
        new ArrayList<>(
            List.of(
                "tls-nodes.yaml",
                "admin-tls.yaml",
                "scaling-agents.yaml",
                "scaling-containers.yaml", // by PodmanTest
                "scaling-virtual.yaml", // by QemuTest
                "scaling-kubernetes.yaml", // by KubernetesScalingTest
                "filters.yaml", // by FilterGuideTest
                "managed-postgresql.yaml", // by ManagedPostgresqlTest
                "managed-postgresql-group.yaml", // by ManagedGroupTest
                "managed-postgresql-witness.yaml", // by ManagedWitnessTest
                "managed-galera.yaml")); // by ManagedGaleraTest
    for (Method method : ExamplesTest.class.getDeclaredMethods()) {
      ValueSource source = method.getAnnotation(ValueSource.class);
      if (source != null) {
        named.addAll(List.of(source.strings()));
      }
    }
    try (Stream<Path> files = Files.list(Path.of("examples"))) {
      assertThat(
              files
                  .map(file -> file.getFileName().toString())
                  .filter(n ->
                      n.endsWith(".yaml")
                          && !n.equals("simulate.yaml") // read by other verbs
                          && !n.equals("agent.yaml")))
          .as("examples that this test starts")
          .containsExactlyInAnyOrderElementsOf(named);
    }
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
        "retries.yaml",
        "overload.yaml",
        "outliers.yaml",
        "websocket.yaml",
        "guarded.yaml",
        "access.yaml",
        "balance.yaml",
        "balancing.yaml",
        "alerts.yaml",
        "affinity.yaml",
        "vip.yaml",
        "bgp.yaml",
        "health.yaml",
        "logs.yaml",
        "node-logs.yaml",
        "opentelemetry.yaml",
        "export.yaml",
        "discovery.yaml",
        "scaling.yaml",
        "deploys.yaml",
        "scaling-exec.yaml",
        "dns.yaml"
      })
  void startsAndServes(String name, @TempDir Path folder) throws Exception {
    try (TestNode node = Loopback.node("a")) {
      String text =
          Files.readString(Path.of("examples", name))
              .replaceAll("0\\.0\\.0\\.0:(5432|2525|53|8443)", "127.0.0.1:0")
              .replace("0.0.0.0:8080", "127.0.0.1:0")
              .replace("interface: eth0", "interface: not-there") // or we would speak there
              .replace("interface: lo", "interface: not-there")
              .replace("address: \"10.0.0.1\"", "address: \"127.0.0.1\"")
              .replace("\"fd00::2\"", "\"::1\"")
              .replace("[::]:8080", "127.0.0.1:0")
              .replace("0.0.0.0:${PORT:-8080}", "127.0.0.1:${PORT:-0}")
              .replace(", \"[::1]:8081\"", "")
              .replace("\"127.0.0.1:8081\"", "\"127.0.0.1:0\"")
              .replace("${OPERATOR_TOKEN}", "the-token-of-an-operator")
              .replace("${AFFINITY_KEY}", "a-key-that-instances-share")
              .replace("\"../fairlead\"", JVM)
              .replace("/var/lib/fairlead", folder.toString())
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
      if (!text.contains("data:")) {
        text = "data: " + folder + "\n" + text;
      }
      try (Fairlead fairlead = Loopback.start(text, Path.of("examples"));
          Client client =
              new Client(Loopback.port(fairlead, name.equals("tcp.yaml") ? "db" : "web"))) {
        assertThat(client.get("/").status()).isEqualTo(200);
      }
    }
  }
}
