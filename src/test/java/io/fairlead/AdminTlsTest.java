package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.ConfigReader;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The operator's door by TLS: real certificates, curl, and verbs. */
@Timeout(60)
final class AdminTlsTest {
  private static final String TOKEN = "token-of-an-operator";

  @TempDir private Path folder;
  private TestCertificates certificates;

  @BeforeEach
  void makeCertificates() throws IOException {
    certificates = new TestCertificates(folder);
    certificates.make("admin", "localhost", "127.0.0.1");
  }

  private String yaml() {
    return """
    admin:
      bind: "127.0.0.1:0"
      tls: { cert: %s/admin.pem, key: %s/admin.key }
      tokens: [ { name: ann, role: operator, token: %s } ]
    data: %s/data
    listeners: { web: { bind: "127.0.0.1:0", routes: [ { service: shop } ] } }
    services: { shop: { nodes: [ { name: n1, address: "127.0.0.1:1" } ] } }
    """
        .formatted(folder, folder, TOKEN, folder);
  }

  private static int port(Fairlead fairlead) {
    return fairlead.adminAddress().getPort();
  }

  private Tool.Said curl(Fairlead fairlead, String path, String... more) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of("curl", "-sS", "--noproxy", "*", "--cacert", certificates.ca().toString()));
    command.addAll(List.of(more));
    command.add("https://localhost:" + port(fairlead) + path);
    return Tool.run("", command);
  }

  private static void await(Fairlead fairlead, Predicate<Event> which) throws Exception {
    Loopback.await(
        "an event",
        () -> fairlead.events().since(0).stream().map(EventLog.Entry::event).anyMatch(which));
  }

  private static Tool.Said fairlead(String... words) throws Exception {
    List<String> command = new ArrayList<>(FairleadProcess.java());
    command.add("io.fairlead.Main");
    command.addAll(List.of(words));
    return Tool.run("", command);
  }

  @ParameterizedTest
  @ValueSource(strings = {"--tlsv1.3", "--tls-max=1.2"})
  void whoHoldsATokenIsAnsweredByTls(String version) throws Exception {
    String[] option = version.split("=", 2);
    List<String> more = new ArrayList<>(List.of(option));
    more.addAll(List.of("-H", "Authorization: Bearer " + TOKEN));
    try (Fairlead fairlead = Loopback.start(yaml())) {
      assertThat(curl(fairlead, "/api/v1/services", more.toArray(String[]::new)).output())
          .contains("\"name\":\"shop\"");
      assertThat(curl(fairlead, "/api/v1/services").output()).contains("This needs a token");
      assertThat(curl(fairlead, "/").output()).contains("<title>Fairlead");
    }
  }

  @Test
  void olderTlsAndWhatIsNoTlsIsNotAnswered() throws Exception {
    try (Fairlead fairlead = Loopback.start(yaml())) {
      String at = "localhost:" + port(fairlead);
      assertThat(
              Tool.run(
                      "",
                      "openssl",
                      "s_client",
                      "-connect",
                      at,
                      "-tls1_1",
                      "-cipher",
                      "ALL:@SECLEVEL=0")
                  .output())
          .contains("alert protocol version");
      try (Socket clear = new Socket(InetAddress.getLoopbackAddress(), port(fairlead))) {
        clear.setSoTimeout(20_000);
        clear
            .getOutputStream()
            .write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        byte[] answer = clear.getInputStream().readNBytes(5);
        assertThat(new String(answer, StandardCharsets.US_ASCII)).isNotEqualTo("HTTP/");
      }
      assertThat(curl(fairlead, "/").output()).contains("<title>Fairlead"); // it goes on
    }
  }

  @Test
  void whoNeverEndsItsHandshakeKeepsNobodyOut() throws Exception {
    byte[] begun = {22, 3, 1, 2, 0, 1}; // a record of 512 bytes, of which the first has come
    List<Socket> stuck = new ArrayList<>();
    try (Fairlead fairlead = Loopback.start(yaml())) {
      for (int i = 0; i < 100; i++) {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(fairlead));
        stuck.add(socket);
        socket.getOutputStream().write(begun);
      }
      assertThat(curl(fairlead, "/", "--max-time", "5").output()).contains("<title>Fairlead");
    } finally {
      for (Socket each : stuck) {
        each.close();
      }
    }
  }

  @Test
  void verbsAskForAProofThatItIsTheInstance() throws Exception {
    try (Fairlead fairlead = Loopback.start(yaml())) {
      String url = "https://localhost:" + port(fairlead);
      String ca = certificates.ca().toString();
      Tool.Said nodes = fairlead("nodes", "--admin", url, "--token", TOKEN, "--ca", ca);
      assertThat(nodes.output()).contains("n1");
      assertThat(nodes.status()).isZero();
      Tool.Said strange = fairlead("nodes", "--admin", url, "--token", TOKEN);
      assertThat(strange.output())
          .contains(
              "does not prove to be that instance: its certificate comes from no known authority;",
              "--ca or FAIRLEAD_CA")
          .doesNotContain(TOKEN);
      assertThat(strange.status()).isEqualTo(3);
      Tool.Said none = fairlead("nodes", "--admin", url, "--ca", folder + "/none.pem");
      assertThat(none.output()).contains("none.pem");
      assertThat(none.status()).isEqualTo(2);
    }
  }

  @Test
  void aCertificateForAnotherNameProvesNothing() throws Exception {
    certificates.make("admin", "other.example");
    try (Fairlead fairlead = Loopback.start(yaml())) {
      String url = "https://localhost:" + port(fairlead);
      Tool.Said said = fairlead("nodes", "--admin", url, "--ca", certificates.ca().toString());
      assertThat(said.output()).contains("its certificate is for another name");
      assertThat(said.status()).isEqualTo(3);
    }
  }

  @Test
  void filesThatChangeAreShownOnceTheyBelongTogether() throws Exception {
    try (Fairlead fairlead = Loopback.start(yaml())) {
      assertThat(curl(fairlead, "/").status()).isZero();
      Path key = folder.resolve("admin.key");
      String before = Files.readString(key);
      certificates.make("admin", "localhost", "other.example");
      String after = Files.readString(key);
      Files.writeString(key, before); // whoever replaces them is in between
      await(
          fairlead,
          event ->
              event instanceof Event.CertificatesRefused(String who, String why)
                  && who.equals("listener admin")
                  && why.contains("must be the key of the certificate"));
      assertThat(curl(fairlead, "/").status()).as("with the certificate before").isZero();
      Files.writeString(key, after);
      await(
          fairlead,
          event ->
              event instanceof Event.CertificateLoaded(String where, String _, String names)
                  && where.equals("admin")
                  && names.equals("localhost and 1 more"));
      String resolved = "other.example:" + port(fairlead) + ":127.0.0.1";
      Tool.Said other =
          Tool.run(
              "",
              "curl",
              "-sS",
              "--noproxy",
              "*",
              "--cacert",
              certificates.ca().toString(),
              "--resolve",
              resolved,
              "https://other.example:" + port(fairlead) + "/");
      assertThat(other.output()).contains("<title>Fairlead");
    }
  }

  @Test
  void theEndOfACertificateIsToldBefore() throws Exception {
    certificates.make(
        "admin", b -> b.notAfter(Instant.now().plus(Duration.ofHours(24 * 5 + 1))), "localhost");
    try (Fairlead fairlead = Loopback.start(yaml())) {
      await(
          fairlead,
          event ->
              event instanceof Event.CertificateExpires(String where, String _, String _, long days)
                  && where.equals("admin")
                  && days == 5);
    }
  }

  @Test
  void whoSignsInDoesSoByTlsAsWell() {
    String oidc =
        "  oidc: { url: \"http://localhost:9900\", issuer: \"https://login.example\","
            + " client-id: a, client-secret: a-secret, roles: [ { role: viewer, require: { a: b } } ] }\n";
    ConfigReader.Result read = Loopback.read(yaml().replace("data:", oidc + "data:"));
    assertThat(read).isInstanceOf(ConfigReader.Result.Refused.class);
    assertThat(((ConfigReader.Result.Refused) read).problems().toString())
        .contains("admin.oidc.url", "must begin with https://, because the door speaks TLS");
  }

  @Test
  void withoutItsFilesNothingBegins() throws Exception {
    String text = yaml();
    Files.delete(folder.resolve("admin.key"));
    ConfigReader.Result read = Loopback.read(text);
    assertThat(read).isInstanceOf(ConfigReader.Result.Refused.class);
    assertThat(((ConfigReader.Result.Refused) read).problems().toString())
        .contains("admin.tls.key", "names a file that does not exist");
  }
}
