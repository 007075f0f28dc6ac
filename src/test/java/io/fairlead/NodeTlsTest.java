package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.Loopback.Client;
import io.fairlead.Loopback.Reply;
import io.fairlead.TlsNode.Manner;
import io.fairlead.config.ConfigReader;
import io.fairlead.demo.TestNode;
import io.fairlead.proxy.http.NothingLeftOver;
import io.fairlead.service.Node;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.NodeCounter;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Nodes that speak TLS, and some that should. */
@Timeout(60)
final class NodeTlsTest {
  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();
  @TempDir Path folder;
  private final List<Integer> firstBytes = new CopyOnWriteArrayList<>();
  private TestCertificates certificates;
  private X509Bundle good;

  /** An instance that can say what is left in it. */
  private record Instance(Fairlead fairlead) implements NothingLeftOver.Watched {
    @Override
    public String busy() {
      StringBuilder busy = new StringBuilder();
      int exchanges = fairlead.dataPlane().exchangesInUse();
      busy.append(exchanges == 0 ? "" : exchanges + " exchanges in use; ");
      for (Node node : nodes()) {
        busy.append(node.inFlight() == 0 ? "" : "in flight to " + node + "; ");
      }
      return busy.toString();
    }

    @Override
    public String open() {
      StringBuilder open = new StringBuilder();
      for (Node node : nodes()) {
        open.append(node.connections() == 0 ? "" : "connections to " + node + "; ");
      }
      return open.toString();
    }

    Node[] nodes() {
      return Loopback.nodes(fairlead, "shop");
    }

    long counted(NodeCounter counter) {
      long sum = 0;
      for (Node node : nodes()) {
        sum += node.counters().get(counter);
      }
      return sum;
    }

    List<String> events() {
      return fairlead.events().since(0).stream()
          .map(EventLog.Entry::event)
          .map(Event::text)
          .toList();
    }

    Reply get(String target) throws IOException {
      try (Client client = client()) {
        return client.get(target);
      }
    }

    Client client() throws IOException {
      return new Client(Loopback.port(fairlead, "web"));
    }

    @Override
    public void close() {
      fairlead.close();
    }
  }

  @BeforeEach
  void makeCertificates() throws IOException {
    certificates = new TestCertificates(folder);
    good = certificates.make("good", "127.0.0.1", "shop.test");
  }

  private String ca() {
    return "ca: \"" + certificates.ca() + "\"";
  }

  /** The address of each node, in the order given. */
  private static String addresses(int... ports) {
    List<String> all = new ArrayList<>();
    for (int port : ports) {
      all.add("\"127.0.0.1:" + port + "\"");
    }
    return "[" + String.join(", ", all) + "]";
  }

  private static String yaml(String more, int... ports) {
    return """
    admin: { bind: "127.0.0.1:0" }
    runtime: { event-loops: 2 }
    listeners:
      web: { bind: "127.0.0.1:0", routes: [ { service: shop } ] }
    services:
      shop: { nodes: %s, health: none, balance: round-robin, %s }
    """
        .formatted(addresses(ports), more);
  }

  private Instance start(String more, int... ports) throws IOException {
    return leftOver.watches(new Instance(Loopback.start(yaml(more, ports))));
  }

  private TlsNode serving(String name, X509Bundle certificate, Manner manner) throws Exception {
    return leftOver.closes(TlsNode.serving(name, certificate, manner));
  }

  private TlsNode raw(TlsNode.Conduct conduct) throws Exception {
    return leftOver.closes(TlsNode.raw(conduct));
  }

  // --- whom we believe ---------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource({
    "TLSv1.3, '1.2'",
    "TLSv1.2, '1.2'",
    "TLSv1.3, '1.3'",
  })
  void aGoodNodeIsAskedByTlsAndComingBackIsCheap(String version, String least) throws Exception {
    TlsNode node = serving("a", good, new Manner(version, List.of(), List.of()));
    Instance instance = start("tls: { " + ca() + ", min-version: \"" + least + "\" }", node.port());
    for (int i = 0; i < 4; i++) {
      assertThat(instance.get("/close").body()).isEqualTo("a asked as no name by nobody");
    }
    assertThat(instance.counted(NodeCounter.TLS_FULL)).isEqualTo(1);
    assertThat(instance.counted(NodeCounter.TLS_RESUMED)).isEqualTo(3);
    assertThat(instance.counted(NodeCounter.CONNECTIONS)).isEqualTo(4);
    assertThat(Loopback.door(instance.fairlead(), "GET", "/metrics", "").body())
        .contains(
            "fairlead_node_tls_handshakes_total{service=\"shop\",node=\"127.0.0.1:"
                + node.port()
                + "\",resumed=\"yes\"} 3");
  }

  @Test
  void aConnectionIsUsedAgain() throws Exception {
    TlsNode node = serving("a", good, Manner.PLAIN);
    Instance instance = start("tls: { " + ca() + " }", node.port());
    try (Client client = instance.client()) {
      for (int i = 0; i < 10; i++) {
        assertThat(client.get("/").body()).startsWith("a ");
      }
    }
    assertThat(node.connections).hasValue(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "stranger    | ca: CA                  | certificate of the node is not trusted: none of the authorities in CA has issued it (issuer CN=Another)",
        "stranger    | verify: true            | certificate of the node is not trusted: none of the authorities in",
        "self        | ca: CA                  | certificate of the node is not trusted: it is self-signed",
        "expired     | ca: CA                  | certificate of the node expired on 20",
        "early       | ca: CA                  | certificate of the node is not valid before 20",
        "other       | ca: CA                  | name 127.0.0.1 does not match the certificate of the node, which is for other.test",
        "good        | ca: CA, sni: other.test | name other.test does not match the certificate of the node, which is for shop.test, 127.0.0.1",
        "nameless    | ca: CA                  | name 127.0.0.1 does not match the certificate of the node, which is for no name",
        "client-only | ca: CA                  | certificate of the node is not trusted: Extended key usage does not permit use for TLS server authentication",
      })
  void aNodeThatDoesNotProveWhoItIsGetsNothing(String certificate, String tls, String reason)
      throws Exception {
    TlsNode node = serving("a", bundle(certificate), Manner.PLAIN);
    String filled = tls.replace("CA", "\"" + certificates.ca() + "\"");
    Instance instance = start("tls: { " + filled + " }", node.port());
    Reply reply = instance.get("/");
    assertThat(reply.status()).isEqualTo(503);
    assertThat(reply.field("fairlead-error")).isIn("connect-failed", "no-node"); // it is down
    assertThat(node.requests).hasValue(0);
    assertThat(instance.counted(NodeCounter.TLS_FAILED)).isPositive();
    assertThat(instance.counted(NodeCounter.CONNECT_FAILED)).isZero();
    String said = reason.replace("CA", certificates.ca().toString());
    Loopback.await("it is down", () -> !instance.nodes()[0].facts().up());
    assertThat(instance.nodes()[0].facts().reason()).startsWith(said);
    assertThat(instance.events()).anySatisfy(text -> assertThat(text).contains("is down: " + said));
    // and the probe that asks now and then says the same
    Loopback.await(
        "a probe has asked",
        () ->
            instance.fairlead().health().history(instance.nodes()[0]).stream()
                .anyMatch(probed ->
                    probed.result().text().startsWith(said)
                        && !probed.result().text().endsWith("(seen by a request)")));
  }

  private X509Bundle bundle(String kind) throws Exception {
    Instant now = Instant.now();
    return switch (kind) {
      case "good" -> good;
      case "stranger" ->
          TestCertificates.builder("127.0.0.1")
              .buildIssuedBy(TestCertificates.authority("Another"));
      case "self" ->
          TestCertificates.builder("127.0.0.1").setIsCertificateAuthority(true).buildSelfSigned();
      case "expired" ->
          certificates.make(
              "expired",
              builder ->
                  builder
                      .notBefore(now.minus(Duration.ofDays(9)))
                      .notAfter(now.minus(Duration.ofHours(1))),
              "127.0.0.1");
      case "early" ->
          certificates.make(
              "early", builder -> builder.notBefore(now.plus(Duration.ofDays(1))), "127.0.0.1");
      case "other" -> certificates.make("other", "other.test");
      case "wild" -> certificates.make("wild", "*.shop.test");
      case "nameless" ->
          new CertificateBuilder()
              .ecp256()
              .subject("CN=127.0.0.1")
              .notBefore(now.minus(Duration.ofDays(1)))
              .notAfter(now.plus(Duration.ofDays(9)))
              .buildIssuedBy(TestCertificates.issuer());
      case "client-only" ->
          certificates.make(
              "client-only", CertificateBuilder::addExtendedKeyUsageClientAuth, "127.0.0.1");
      default -> throw new AssertionError(kind);
    };
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "good  | ca: CA                    | no name",
        "good  | ca: CA, sni: shop.test    | shop.test",
        "good  | ca: CA, sni: SHOP.test    | shop.test",
        "wild  | ca: CA, sni: a.shop.test  | a.shop.test",
        "other | ca: CA, sni: other.test   | other.test",
        "self  | ca: SELF                  | no name",
        "self  | verify: false             | no name",
        "expired | verify: false, sni: x.test | x.test",
      })
  void aNodeThatProvesWhoItIsServes(String certificate, String tls, String asked) throws Exception {
    X509Bundle bundle = bundle(certificate);
    certificates.write("shown", bundle);
    String filled =
        tls.replace("CA", "\"" + certificates.ca() + "\"")
            .replace("SELF", "\"" + folder + "/shown.pem\"");
    TlsNode node = serving("a", bundle, Manner.PLAIN);
    Instance instance = start("tls: { " + filled + " }", node.port());
    assertThat(instance.get("/").body())
        .isEqualToIgnoringCase("a asked as " + asked + " by nobody");
  }

  @Test
  void aHostNameIsAskedForAndVerified() throws Exception {
    X509Bundle local = certificates.make("local", "localhost");
    TlsNode node = serving("a", local, Manner.PLAIN);
    String yaml = yaml("tls: { " + ca() + " }", node.port());
    Instance instance =
        leftOver.watches(
            new Instance(
                Loopback.start(
                    yaml.replace("\"127.0.0.1:" + node.port(), "\"localhost:" + node.port()))));
    Loopback.await("the name is resolved", () -> instance.nodes()[0].socketAddress() != null);
    assertThat(instance.get("/").body()).isEqualTo("a asked as localhost by nobody");
  }

  // --- what we show ------------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void aNodeThatAsksForOurCertificateGetsIt(String version) throws Exception {
    certificates.make("own", CertificateBuilder::addExtendedKeyUsageClientAuth, "fairlead.test");
    TlsNode node =
        serving("a", good, new Manner(version, List.of(), List.of(TestCertificates.issuer())));
    String pair = "cert: \"" + folder + "/own.pem\", key: \"" + folder + "/own.key\"";
    Instance instance = start("tls: { " + ca() + ", " + pair + " }", node.port());
    assertThat(instance.get("/close").body()).isEqualTo("a asked as no name by CN=fairlead.test");
    assertThat(instance.get("/").body()).isEqualTo("a asked as no name by CN=fairlead.test");
  }

  /** With TLS 1.3 its refusal comes when our half of the handshake is done. */
  @ParameterizedTest
  @CsvSource({"TLSv1.2, false", "TLSv1.3, false", "TLSv1.2, true", "TLSv1.3, true"})
  void aNodeThatRefusesOurCertificateIsPassedOver(String version, boolean stranger)
      throws Exception {
    certificates.write(
        "own",
        TestCertificates.builder("fairlead.test")
            .buildIssuedBy(TestCertificates.authority("Another")));
    TlsNode strict =
        serving("strict", good, new Manner(version, List.of(), List.of(TestCertificates.issuer())));
    TlsNode open = serving("open", good, Manner.PLAIN);
    String pair = ", cert: \"" + folder + "/own.pem\", key: \"" + folder + "/own.key\"";
    Instance instance =
        start("tls: { " + ca() + (stranger ? pair : "") + " }", strict.port(), open.port());
    for (int i = 0; i < 6; i++) {
      assertThat(instance.get("/").body()).startsWith("open ");
    }
    assertThat(instance.counted(NodeCounter.TLS_FAILED)).isPositive();
    assertThat(strict.requests).hasValue(0);
    assertThat(
            instance.fairlead().health().history(instance.nodes()[0]).stream()
                .map(probed -> probed.result().text()))
        .anySatisfy(text -> assertThat(text).startsWith("the node refuses TLS with us: "));
  }

  // --- what is spoken inside ---------------------------------------------------------------

  /** Another instance is the node: it speaks HTTP/2 and HTTP/1.1, and says in Via which it was. */
  private Instance back(RawNode node) throws IOException {
    String pair = "{ cert: \"" + folder + "/good.pem\", key: \"" + folder + "/good.key\" }";
    return leftOver.watches(
        new Instance(
            Loopback.start(
                """
                admin: { bind: "127.0.0.1:0" }
                listeners:
                  web:
                    bind: "127.0.0.1:0"
                    tls: { certificates: %s }
                    routes: [ { service: shop } ]
                services:
                  shop: { nodes: "127.0.0.1:%d", health: none }
                """
                    .formatted(pair, node.port()))));
  }

  @ParameterizedTest
  @CsvSource({"h2, 2.0", "auto, 2.0", "http1, 1.1"})
  void theProtocolIsChosenInTheHandshake(String protocol, String spoken) throws Exception {
    RawNode node = leftOver.closes(new RawNode());
    Instance back = back(node);
    Instance front =
        start(
            "protocol: " + protocol + ", tls: { " + ca() + " }",
            Loopback.port(back.fairlead(), "web"));
    for (int i = 0; i < 3; i++) {
      assertThat(front.get("/").body())
          .containsPattern("(?s)via: 1.1 fairlead\r\n.*via: " + spoken + " fairlead\r\n");
    }
    assertThat(front.counted(NodeCounter.CONNECTIONS)).isBetween(1L, 2L);
    assertThat(front.counted(NodeCounter.CONNECT_FAILED)).isZero();
  }

  @Test
  void eachNodeIsSpokenToInWhatItChose() throws Exception {
    RawNode node = leftOver.closes(new RawNode());
    Instance back = back(node);
    TlsNode old = serving("old", good, new Manner("TLSv1.3", List.of("http/1.1"), List.of()));
    TlsNode older = serving("older", good, Manner.PLAIN);
    Instance front =
        start(
            "protocol: auto, tls: { " + ca() + " }",
            Loopback.port(back.fairlead(), "web"),
            old.port(),
            older.port());
    List<String> answers = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      Reply reply = front.get("/");
      assertThat(reply.status()).isEqualTo(200);
      answers.add(reply.body());
    }
    assertThat(answers)
        .anySatisfy(body -> assertThat(body).contains("via: 2.0 fairlead"))
        .anySatisfy(body -> assertThat(body).startsWith("old "))
        .anySatisfy(body -> assertThat(body).startsWith("older "));
    assertThat(old.requests).hasValue(4);
    assertThat(old.connections.get()).isLessThanOrEqualTo(2);
  }

  /**
   * The first requests wait for one handshake together; then each has to get its own connection.
   */
  @Test
  void whoeverWaitedForHttp2GetsHttp1() throws Exception {
    TlsNode node = serving("a", good, new Manner("TLSv1.3", List.of("http/1.1"), List.of()));
    Instance front = start("protocol: auto, tls: { " + ca() + " }", node.port());
    List<Client> clients = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      Client client = leftOver.closes(front.client());
      client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      clients.add(client);
    }
    for (Client client : clients) {
      assertThat(client.reply().body()).startsWith("a ");
    }
  }

  @Test
  void aNodeThatDoesNotChooseHttp2IsNoNodeWhereThatIsSpoken() throws Exception {
    TlsNode silent = serving("a", good, Manner.PLAIN);
    TlsNode other = serving("b", good, new Manner("TLSv1.3", List.of("http/1.1"), List.of()));
    Instance first = start("protocol: h2, tls: { " + ca() + " }", silent.port());
    assertThat(first.get("/").field("fairlead-error")).isEqualTo("connect-failed");
    assertThat(reasons(first)).contains("the node does not choose HTTP/2 (ALPN)");
    Instance second = start("protocol: h2, tls: { " + ca() + " }", other.port());
    assertThat(second.get("/").field("fairlead-error")).isEqualTo("connect-failed");
    assertThat(reasons(second)).contains("the node refuses TLS with us: no application protocol");
  }

  private static String reasons(Instance instance) throws InterruptedException {
    Loopback.await(
        "something is known",
        () -> !instance.fairlead().health().history(instance.nodes()[0]).isEmpty());
    return instance.fairlead().health().history(instance.nodes()[0]).toString();
  }

  @Test
  void withoutTlsNobodyIsAskedAndHttp1IsSpoken() throws Exception {
    TestNode node = leftOver.closes(Loopback.node("a"));
    Instance instance = start("protocol: auto", node.port());
    assertThat(instance.get("/").body()).contains("hello from a");
  }

  // --- handshakes that go wrong ------------------------------------------------------------

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "silent  | no TLS handshake in time",
        "close   | connection closed in the TLS handshake",
        "half    | connection closed in the TLS handshake",
        "middle  | connection closed in the TLS handshake",
        "garbage | the node does not speak TLS",
        "http    | the node does not speak TLS",
        "alert   | the node refuses TLS with us: handshake failure",
        "drip    | no TLS handshake in time",
      })
  void anotherNodeServesInstead(String conduct, String reason) throws Exception {
    TlsNode bad = raw(socket -> misbehave(conduct, socket));
    TlsNode fine = serving("fine", good, Manner.PLAIN);
    for (String protocol : List.of("http1", "auto")) {
      Instance instance =
          start(
              "upstream: { connect-timeout: 300ms }, protocol: "
                  + protocol
                  + ", tls: { "
                  + ca()
                  + " }",
              bad.port(),
              fine.port());
      for (int i = 0; i < 4; i++) {
        assertThat(instance.get("/").body()).startsWith("fine ");
      }
      Node node = instance.nodes()[0];
      assertThat(node.counters().get(NodeCounter.TLS_FAILED)).isPositive();
      Loopback.await(
          "what a request saw in the node's history",
          () ->
              instance.fairlead().health().history(node).stream()
                  .anyMatch(
                      probed -> probed.result().text().equals(reason + " (seen by a request)")));
    }
    assertThat(firstBytes).containsOnly(0x16); // a handshake, and never anything in the clear
  }

  private void misbehave(String conduct, Socket socket) throws Exception {
    int first = socket.getInputStream().read();
    socket.getInputStream().readNBytes(4);
    if (first >= 0) {
      firstBytes.add(first);
    }
    switch (conduct) {
      case "silent" -> socket.getInputStream().readAllBytes();
      case "close" -> {
        socket.setSoLinger(true, 0);
        socket.close();
      }
      case "half" -> {
        socket.shutdownOutput();
        socket.getInputStream().readAllBytes();
      }
      case "middle" -> {
        // The beginning of a ServerHello.
        socket.getOutputStream().write(new byte[] {0x16, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3, 1, 2, 3});
        socket.shutdownOutput();
        socket.getInputStream().readAllBytes();
      }
      case "garbage" -> {
        socket.getOutputStream().write(new byte[100]);
        socket.getInputStream().readAllBytes();
      }
      case "http" -> {
        socket
            .getOutputStream()
            .write(
                "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
        socket.getInputStream().readAllBytes();
      }
      case "alert" -> {
        socket.getOutputStream().write(new byte[] {21, 3, 3, 0, 2, 2, 40});
        socket.getInputStream().readAllBytes();
      }
      case "drip" -> {
        byte[] header = {0x16, 3, 3, 0x10, 0, 2, 0, 0x0f, (byte) 0xfc, 3, 3};
        for (byte b : header) {
          socket.getOutputStream().write(b);
          Thread.sleep(60); // its pace is what is tested
        }
        socket.getInputStream().readAllBytes();
      }
      default -> throw new AssertionError(conduct);
    }
  }

  // --- connections that end ----------------------------------------------------------------

  /** Without a length, only close_notify tells that the answer is complete (RFC 8446, 6.1). */
  @ParameterizedTest
  @CsvSource({"said, true", "cut, false", "reset, false"})
  void anAnswerThatIsCutIsNotTakenAsComplete(String end, boolean complete) throws Exception {
    TlsNode node =
        leftOver.closes(
            TlsNode.answering(
                good,
                socket -> {
                  socket
                      .getOutputStream()
                      .write("HTTP/1.1 200 OK\r\n\r\nhalf".getBytes(StandardCharsets.US_ASCII));
                  switch (end) {
                    case "said" -> socket.close(); // says so, and leaves the connection below
                    case "cut" -> {} // the connection below is closed
                    default -> below((SSLSocket) socket);
                  }
                }));
    Instance instance = start("tls: { " + ca() + " }", node.port());
    try (Client client = instance.client()) {
      client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
      StringBuilder head = new StringBuilder(client.headOnly());
      assertThat(head).contains("transfer-encoding: chunked");
      if (complete) {
        assertThat(client.headOnly()).isEqualTo("4\nhalf\n0\n");
      } else {
        assertThatThrownBy(() -> head.append(client.headOnly()).append(client.headOnly()))
            .isInstanceOf(IOException.class);
      }
    }
  }

  private static void below(SSLSocket socket) throws IOException {
    socket.setSoLinger(true, 0);
  }

  /** What is kept is stale after the node has gone and come back; nobody may notice. */
  @Test
  void aKeptConnectionThatTheNodeHasEndedIsReplaced() throws Exception {
    TlsNode node = serving("a", good, Manner.PLAIN);
    Instance instance = start("tls: { " + ca() + " }", node.port());
    try (Client client = instance.client()) {
      for (int i = 0; i < 20; i++) {
        assertThat(client.get("/").status()).isEqualTo(200);
        node.cut();
      }
    }
  }

  /** The library is bound to no loop while nothing is going on. */
  @Test
  void aConnectionThatOneLoopDoesNotUseServesAnother() throws Exception {
    TlsNode node = serving("a", good, Manner.PLAIN);
    Instance instance = start("tls: { " + ca() + " }", node.port());
    // Clients are dealt to loops in turn.
    List<Client> clients = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      clients.add(leftOver.closes(instance.client()));
    }
    for (int i = 0; i < 40; i++) {
      assertThat(clients.get(i % 4).get("/").body()).startsWith("a ");
      Loopback.await(
          "nobody uses it",
          () -> instance.fairlead().dataPlane().pools().idle(instance.nodes()[0]) == 1);
    }
    assertThat(node.connections).hasValue(1);
    assertThat(node.requests).hasValue(40);
  }

  // --- files that change -------------------------------------------------------------------

  @Test
  void newAuthoritiesCountForWhoeverComesFromThenOn() throws Exception {
    TlsNode node = serving("a", good, Manner.PLAIN);
    Instance instance = start("tls: { " + ca() + " }", node.port());
    assertThat(instance.get("/").status()).isEqualTo(200);
    Files.writeString(certificates.ca(), TestCertificates.authority("Another").getCertificatePEM());
    Loopback.await(
        "it is taken up",
        () -> instance.events().contains("service shop uses new TLS files towards its nodes"));
    assertThat(instance.get("/").status()).isEqualTo(503); // kept connections do not count either
    Files.writeString(certificates.ca(), "nonsense");
    Loopback.await(
        "it is refused",
        () ->
            instance.events().stream()
                .anyMatch(text -> text.startsWith("service shop keeps the certificates it has")));
    Files.writeString(certificates.ca(), TestCertificates.issuer().getCertificatePEM());
    Loopback.await(
        "it serves again",
        () -> {
          try {
            return instance.get("/").status() == 200;
          } catch (IOException e) {
            return false;
          }
        });
  }

  @Test
  void whatStaysInTheConfigurationKeepsItsConnections() throws Exception {
    TlsNode node = serving("a", good, Manner.PLAIN);
    Instance instance = start("tls: { " + ca() + " }", node.port());
    assertThat(instance.get("/").status()).isEqualTo(200);
    String same = yaml("tls: { " + ca() + " }, balance: random", node.port());
    instance.fairlead().apply(Loopback.read(same), "test");
    assertThat(instance.get("/").status()).isEqualTo(200);
    assertThat(node.connections).hasValue(1);
    String other = yaml("tls: { " + ca() + ", sni: shop.test }", node.port());
    instance.fairlead().apply(Loopback.read(other), "test");
    assertThat(instance.get("/").body()).contains("asked as shop.test");
    assertThat(node.connections).hasValue(2);
  }

  /** Neither what was kept in the clear nor what was kept by TLS is used for the other. */
  @Test
  void turningTlsOnLeavesNothingInTheClear() throws Exception {
    RawNode clear = leftOver.closes(new RawNode());
    Instance instance = start("tls: false", clear.port());
    assertThat(instance.get("/").status()).isEqualTo(200);
    String on = yaml("tls: true", clear.port());
    assertThat(instance.fairlead().apply(Loopback.read(on), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
    assertThat(instance.get("/").field("fairlead-error")).isEqualTo("connect-failed");
  }

  @Test
  void filesThatCannotBeReadRefuseTheConfiguration() {
    ConfigReader.Result read = Loopback.read(yaml("tls: { ca: \"" + folder + "/none.pem\" }", 1));
    assertThat(read).isInstanceOf(ConfigReader.Result.Refused.class);
    assertThat(((ConfigReader.Result.Refused) read).problems().toString())
        .contains("services.shop.tls.ca", "names a file that does not exist");
  }

  // --- probes ------------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource({
    "'{ tcp: true, interval: 500ms }'",
    "'{ http: \"/\", interval: 500ms }'",
  })
  void probesSpeakTlsAndWarnBeforeACertificateExpires(String health) throws Exception {
    X509Bundle soon =
        certificates.make(
            "soon",
            b -> b.notAfter(Instant.now().plus(Duration.ofHours(24 * 9 + 12))),
            "127.0.0.1");
    TlsNode node = serving("a", soon, Manner.PLAIN);
    String yaml =
        yaml("tls: { " + ca() + " }", node.port()).replace("health: none", "health: " + health);
    Instance instance = leftOver.watches(new Instance(Loopback.start(yaml)));
    Loopback.await(
        "it is probed", () -> instance.fairlead().health().history(instance.nodes()[0]).size() > 3);
    assertThat(instance.fairlead().health().history(instance.nodes()[0]))
        .allSatisfy(probed -> assertThat(probed.result().text()).startsWith("answered in"));
    String warning = "certificate of node shop/127.0.0.1:" + node.port() + " expires in 9 days";
    Loopback.await("it warns", () -> instance.events().contains(warning));
    assertThat(Loopback.door(instance.fairlead(), "GET", "/metrics", "").body())
        .containsPattern(
            "fairlead_node_certificate_expiry_seconds\\{service=\"shop\",node=\"127.0.0.1:\\d+\"}"
                + " 8\\d{5}");
  }

  @Test
  void aCheckMayAskForACertificateThatLasts() throws Exception {
    X509Bundle soon =
        certificates.make(
            "soon",
            b -> b.notAfter(Instant.now().plus(Duration.ofHours(24 * 9 + 12))),
            "127.0.0.1");
    TlsNode node = serving("a", soon, Manner.PLAIN);
    String yaml =
        yaml("tls: { " + ca() + " }", node.port())
            .replace(
                "health: none", "health: { tcp: true, interval: 500ms, certificate-left: 240h }");
    Instance instance = leftOver.watches(new Instance(Loopback.start(yaml)));
    Loopback.await("it is down", () -> !instance.nodes()[0].facts().up());
    assertThat(instance.nodes()[0].facts().reason())
        .isEqualTo("its certificate expires in 9 days, wanted at least 10 days");
  }

  @Test
  void aProbeOfANodeThatIsNotTrustedFails() throws Exception {
    TlsNode node = serving("a", bundle("other"), Manner.PLAIN);
    String yaml =
        yaml("tls: { " + ca() + " }", node.port())
            .replace("health: none", "health: { tcp: true, interval: 500ms }");
    Instance instance = leftOver.watches(new Instance(Loopback.start(yaml)));
    Loopback.await("it is down", () -> !instance.nodes()[0].facts().up());
    assertThat(instance.nodes()[0].facts().reason())
        .isEqualTo(
            "name 127.0.0.1 does not match the certificate of the node, which is for other.test");
  }

  /** What is relayed is TLS from client to node; only probes speak it themselves. */
  @ParameterizedTest
  @CsvSource({
    "127.0.0.1, true",
    "other.test, false",
  })
  void aRelayedServiceIsProbedByTls(String name, boolean up) throws Exception {
    TlsNode node = serving("a", good, Manner.PLAIN);
    String yaml =
        """
        admin: { bind: "127.0.0.1:0" }
        listeners:
          db: { bind: "127.0.0.1:0", protocol: tcp, service: shop }
        services:
          shop:
            nodes: "127.0.0.1:%d"
            health: { http: "/", interval: 100ms, certificate-left: 1h, tls: { %s, sni: %s } }
        """
            .formatted(node.port(), ca(), name);
    Instance instance = leftOver.watches(new Instance(Loopback.start(yaml)));
    Loopback.await("it has been asked", () -> instance.nodes()[0].facts().up() == up);
    if (up) {
      Loopback.await("a probe has passed", () -> node.requests.get() > 2);
      assertThat(instance.nodes()[0].certificateEnd()).isPositive();
      // One that comes late on a busy machine has failed.
      Loopback.await("it is up", () -> instance.nodes()[0].facts().up());
    } else {
      assertThat(node.requests).hasValue(0);
      assertThat(instance.nodes()[0].facts().reason()).startsWith("name other.test does not match");
    }
  }

  @Test
  void whatProbesTrustIsTakenUpWhenItChanges() throws Exception {
    TlsNode node = serving("a", good, Manner.PLAIN);
    Path trusted = folder.resolve("trusted.pem");
    Files.writeString(trusted, TestCertificates.authority("Another").getCertificatePEM());
    String yaml =
        yaml("", node.port())
            .replace(
                "health: none, balance: round-robin, ",
                "health: { tcp: true, interval: 100ms, tls: { ca: \"" + trusted + "\" } }");
    Instance instance = leftOver.watches(new Instance(Loopback.start(yaml)));
    Loopback.await("it is down", () -> !instance.nodes()[0].facts().up());
    Files.copy(certificates.ca(), trusted, StandardCopyOption.REPLACE_EXISTING);
    Loopback.await("it is up", () -> instance.nodes()[0].facts().up());
  }
}
