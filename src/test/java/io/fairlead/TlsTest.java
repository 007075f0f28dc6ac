package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.Loopback.Client;
import io.fairlead.demo.TestNode;
import io.fairlead.proxy.tls.TlsListener;
import io.fairlead.takeover.HandedState;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.HandshakeFailure;
import io.fairlead.telemetry.TlsCounter;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A listener with TLS, as curl, openssl and the JDK see it. */
@Timeout(60)
final class TlsTest {
  @TempDir Path folder;
  private TestCertificates certificates;
  private TestNode node;
  private @Nullable Fairlead running;
  private int port;

  @BeforeEach
  void makeCertificates() throws IOException {
    certificates = new TestCertificates(folder);
    node = Loopback.node("a");
    certificates.make("first", "first.test", "127.0.0.1");
  }

  @AfterEach
  void stop() {
    Fairlead last = running;
    if (last != null) {
      last.close();
    }
    node.close();
  }

  private String pair(String name) {
    return "{ cert: \""
        + folder
        + "/"
        + name
        + ".pem\", key: \""
        + folder
        + "/"
        + name
        + ".key\" }";
  }

  private String yaml(String tls) {
    return """
    admin: { bind: "127.0.0.1:0" }
    runtime: { event-loops: 2 }
    listeners:
      web: { bind: "127.0.0.1:0", tls: { %s }, routes: [ { service: shop } ] }
    services:
      shop: { nodes: ["127.0.0.1:%d"], health: none }
    """
        .formatted(tls, node.port());
  }

  private void start(String tls) throws IOException {
    running = Loopback.start(yaml(tls));
    port = Loopback.port(fairlead(), "web");
  }

  private Fairlead fairlead() {
    Fairlead present = running;
    if (present == null) {
      throw new AssertionError("not started");
    }
    return present;
  }

  private TlsListener listener() {
    TlsListener found = Loopback.listener(fairlead(), "web").state().tls();
    if (found == null) {
      throw new AssertionError("no TLS");
    }
    return found;
  }

  private Tool.Said curl(String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                "curl",
                "-sS",
                "-m",
                "10",
                "--cacert",
                certificates.ca().toString(),
                "--noproxy",
                "*"));
    command.addAll(List.of(arguments));
    return Tool.run("", command);
  }

  private Tool.Said openssl(String input, String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("openssl", "s_client", "-connect", "127.0.0.1:" + port));
    command.addAll(List.of(arguments));
    return Tool.run(input, command);
  }

  /** A client that believes everything. */
  private SSLSocket connect(String name, KeyManager... keys) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys, new TrustManager[] {new Believer()}, new SecureRandom());
    SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(20_000);
    if (!name.isEmpty()) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setServerNames(List.of(new SNIHostName(name)));
      socket.setSSLParameters(parameters);
    }
    return socket;
  }

  private static String shown(SSLSocket socket) throws IOException {
    socket.startHandshake();
    return ((X509Certificate) socket.getSession().getPeerCertificates()[0])
        .getSubjectX500Principal()
        .getName();
  }

  private String shownTo(String name) throws Exception {
    try (SSLSocket socket = connect(name)) {
      return shown(socket);
    }
  }

  private List<String> events() {
    return fairlead().events().since(0).stream()
        .map(EventLog.Entry::event)
        .map(Event::text)
        .toList();
  }

  // --- versions, ciphers, protocols --------------------------------------------------------

  @ParameterizedTest
  @CsvSource({
    "--tlsv1.3, 1.3, h2",
    "--tls-max 1.2, 1.2, h2",
    "--tlsv1.3 --http1.1, 1.3, http/1.1",
    "--tls-max 1.2 --http1.1, 1.2, http/1.1",
  })
  void curlGetsItsAnswer(String options, String spoken, String protocol) throws Exception {
    start("certificates: " + pair("first"));
    List<String> arguments = new ArrayList<>(List.of(options.split(" ", -1)));
    arguments.addAll(
        List.of(
            "-v",
            "--resolve",
            "first.test:" + port + ":127.0.0.1",
            "https://first.test:" + port + "/"));
    Tool.Said said = curl(arguments.toArray(String[]::new));
    assertThat(said.output())
        .contains(
            "hello from a", "SSL connection using TLSv" + spoken, "server accepted " + protocol);
    assertThat(said.status()).isZero();
    TlsCounter kind = spoken.equals("1.3") ? TlsCounter.TLS_1_3 : TlsCounter.TLS_1_2;
    assertThat(listener().counters().get(kind)).isEqualTo(1);
    assertThat(listener().handshaking()).isZero();
  }

  @ParameterizedTest
  @CsvSource({
    "'1.2', -tls1_1, protocol version",
    "'1.2', -tls1, protocol version",
    "'1.3', -tls1_2, protocol version",
  })
  void versionsThatAreTooOldAreRefused(String min, String offered, String alert) throws Exception {
    start("min-version: \"" + min + "\", certificates: " + pair("first"));
    Tool.Said said = openssl("", offered, "-cipher", "ALL:@SECLEVEL=0");
    assertThat(said.status()).isNotZero();
    assertThat(said.output()).contains(alert);
    Loopback.await("it is counted", () -> listener().failures().get(HandshakeFailure.VERSION) == 1);
  }

  @ParameterizedTest
  @CsvSource({"AES128-SHA", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"})
  void weakSuitesAndThoseOfAnotherKeyAreRefused(String suite) throws Exception {
    start("certificates: " + pair("first"));
    Tool.Said said = openssl("", "-tls1_2", "-cipher", suite + ":@SECLEVEL=0");
    assertThat(said.status()).isNotZero();
    assertThat(said.output()).contains("handshake failure");
    Loopback.await("it is counted", () -> listener().failures().get(HandshakeFailure.CIPHER) == 1);
  }

  @Test
  void onlyTheSuitesThatAreWantedAreSpoken() throws Exception {
    start("ciphers: TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, certificates: " + pair("first"));
    assertThat(openssl("", "-tls1_2").output()).contains("ECDHE-ECDSA-AES256-GCM-SHA384");
    assertThat(openssl("", "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256").status())
        .isNotZero();
  }

  @Test
  void nobodyRenegotiates() throws Exception {
    start("certificates: " + pair("first"));
    // R asks for it.
    Tool.Said said = openssl("R\n", "-tls1_2");
    assertThat(said.output()).contains("RENEGOTIATING").contains("no renegotiation");
    assertThat(openssl("", "-tls1_2").output()).contains("Compression: NONE");
  }

  @Test
  void aClientThatSpeaksNothingOfOursIsRefused() throws Exception {
    start("certificates: " + pair("first"));
    assertThat(openssl("", "-alpn", "spdy/1").output()).contains("no application protocol");
    assertThat(listener().failures().get(HandshakeFailure.PROTOCOL)).isEqualTo(1);
    assertThat(openssl("", "-alpn", "h2,http/1.1").output()).contains("ALPN protocol: h2");
    assertThat(openssl("", "-alpn", "http/1.1").output()).contains("ALPN protocol: http/1.1");
    assertThat(openssl("").output()).contains("No ALPN negotiated");
  }

  @Test
  void whoSpeaksHttpInTheClearIsTold() throws Exception {
    start("certificates: " + pair("first"));
    Tool.Said said = curl("-i", "http://127.0.0.1:" + port + "/");
    assertThat(said.output()).contains("400 Bad Request", "This port speaks TLS");
    assertThat(said.status()).isZero();
    assertThat(listener().failures().get(HandshakeFailure.PLAIN_HTTP)).isEqualTo(1);
  }

  // --- which certificate -------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource({
    "first.test, first.test",
    "FIRST.test, first.test",
    "second.test, second.test",
    "a.wild.test, *.wild.test",
    "exact.wild.test, exact.wild.test",
    "a.b.wild.test, first.test",
    "wild.test, first.test",
    "unknown.test, first.test",
    "'', first.test",
  })
  void theNameChoosesTheCertificate(String name, String subject) throws Exception {
    certificates.make("second", "second.test", "third.test");
    certificates.make("wild", "*.wild.test");
    certificates.make("exact", "exact.wild.test");
    start(
        "certificates: [ "
            + String.join(", ", pair("first"), pair("second"), pair("wild"), pair("exact"))
            + " ]");
    assertThat(shownTo(name)).isEqualTo("CN=" + subject);
  }

  @Test
  void strictlyNoNameThatNoCertificateHas() throws Exception {
    start("strict-sni: true, certificates: " + pair("first"));
    assertThat(shownTo("first.test")).isEqualTo("CN=first.test");
    assertThat(openssl("", "-servername", "other.test").output()).contains("unrecognized name");
    assertThat(openssl("", "-noservername").output()).contains("unrecognized name");
    assertThat(listener().failures().get(HandshakeFailure.NAME)).isEqualTo(2);
  }

  @Test
  void ofTwoKindsAClientGetsWhatItCanCheck() throws Exception {
    certificates.make("rsa", CertificateBuilder::rsa2048, "first.test", "127.0.0.1");
    start("certificates: [ " + pair("rsa") + ", " + pair("first") + " ]");
    assertThat(openssl("").output()).contains("PKEY: id-ecPublicKey");
    assertThat(openssl("", "-sigalgs", "RSA-PSS+SHA256").output()).contains("PKEY: rsaEncryption");
    assertThat(openssl("", "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256").output())
        .contains("PKEY: rsaEncryption");
    assertThat(openssl("", "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256").output())
        .contains("PKEY: id-ecPublicKey");
  }

  // --- clients that prove who they are -----------------------------------------------------

  @Test
  void aClientWithoutAGoodCertificateDoesNotComeIn() throws Exception {
    certificates.make("client", CertificateBuilder::addExtendedKeyUsageClientAuth, "client.test");
    X509Bundle other = TestCertificates.authority("Another");
    certificates.write("stranger", TestCertificates.builder("stranger.test").buildIssuedBy(other));
    start("client-ca: \"" + certificates.ca() + "\", certificates: " + pair("first"));
    String url = "https://127.0.0.1:" + port + "/";
    assertThat(curl(url).status()).isNotZero();
    assertThat(
            curl("--cert", folder + "/stranger.pem", "--key", folder + "/stranger.key", url)
                .status())
        .isNotZero();
    Tool.Said said = curl("--cert", folder + "/client.pem", "--key", folder + "/client.key", url);
    assertThat(said.output()).contains("hello from a");
    Loopback.await(
        "both are counted",
        () -> listener().failures().get(HandshakeFailure.CLIENT_CERTIFICATE) == 2);
  }

  @Test
  void nodesAreToldWhoTheClientIs() throws Exception {
    certificates.make(
        "client",
        b -> b.addExtendedKeyUsageClientAuth().subject("CN=client,O=\"A; \\\"B\\\"\""),
        "client.test");
    try (ServerSocket listening = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      running =
          Loopback.start(
              yaml("client-ca: \""
                      + certificates.ca()
                      + "\", client-auth: request, forward-client-cert: details, certificates: "
                      + pair("first"))
                  .replace("127.0.0.1:" + node.port(), "127.0.0.1:" + listening.getLocalPort()));
      port = Loopback.port(fairlead(), "web");
      String url = "https://127.0.0.1:" + port + "/";
      String lie = "X-Forwarded-Client-Cert: Subject=\"CN=root\"";
      List<String> heads = new ArrayList<>();
      Thread at = Thread.ofVirtual().start(() -> answerTwo(listening, heads));
      assertThat(curl("-H", lie, url).status()).isZero();
      assertThat(
              curl(
                      "-H",
                      lie,
                      "--cert",
                      folder + "/client.pem",
                      "--key",
                      folder + "/client.key",
                      url)
                  .status())
          .isZero();
      at.join();
      assertThat(heads.get(0))
          .contains("x-forwarded-proto: https")
          .doesNotContainIgnoringCase("client-cert");
      assertThat(heads.get(1))
          .containsPattern(
              "x-forwarded-client-cert: Hash=[0-9a-f]{64};Subject=\"[^\\r]*CN=client[^\\r]*\";DNS=client.test\r\n")
          .doesNotContain("CN=root");
    }
  }

  private static void answerTwo(ServerSocket listening, List<String> heads) {
    for (int i = 0; i < 2; i++) {
      try (Socket socket = listening.accept()) {
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
          head.append((char) socket.getInputStream().read());
        }
        heads.add(head.toString());
        socket
            .getOutputStream()
            .write(
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII));
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  // --- coming back -------------------------------------------------------------------------

  @ParameterizedTest
  @CsvSource({"-tls1_2", "-tls1_3"})
  void aSessionIsResumed(String version) throws Exception {
    start("certificates: " + pair("first"));
    String session = folder + "/session";
    String request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    Tool.Said first = openssl(request, version, "-ign_eof", "-sess_out", session);
    assertThat(first.output()).contains("hello from a", "New, TLS");
    Tool.Said second = openssl(request, version, "-ign_eof", "-sess_in", session);
    assertThat(second.output()).contains("hello from a", "Reused, TLS");
    TlsCounter kind =
        version.equals("-tls1_3") ? TlsCounter.TLS_1_3_RESUMED : TlsCounter.TLS_1_2_RESUMED;
    assertThat(listener().counters().get(kind)).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"-tls1_2", "-tls1_3"})
  void aSessionGoesOnAtTheSuccessor(String version) throws Exception {
    start("certificates: " + pair("first"));
    String session = folder + "/session";
    String request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    openssl(request, version, "-ign_eof", "-sess_out", session);
    try (Fairlead next = Loopback.start(yaml("certificates: " + pair("first")))) {
      port = Loopback.port(next, "web");
      assertThat(openssl(request, version, "-ign_eof", "-sess_in", session).output())
          .as("of a process that has heard of nothing")
          .contains("New, TLS");
      HandedState handed = new Handover(fairlead(), new CompletableFuture<>()).letGo();
      Succession.learn(next, handed);
      assertThat(openssl(request, version, "-ign_eof", "-sess_in", session).output())
          .contains("hello from a", "Reused, TLS");
    }
  }

  @ParameterizedTest
  @CsvSource({"-tls1_2", "-tls1_3"})
  void withoutTicketsNothingIsResumed(String version) throws Exception {
    start("tickets: off, certificates: " + pair("first"));
    String session = folder + "/session";
    String request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    openssl(request, version, "-ign_eof", "-sess_out", session);
    Tool.Said second =
        Files.exists(Path.of(session))
            ? openssl(request, version, "-ign_eof", "-sess_in", session)
            : openssl(request, version, "-ign_eof");
    assertThat(second.output()).contains("hello from a", "New, TLS").doesNotContain("Reused");
  }

  @Test
  void aSessionFromBeforeClientsHadToProveWhoTheyAreIsWorthNothing() throws Exception {
    start("certificates: " + pair("first"));
    String session = folder + "/session";
    String request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    openssl(request, "-tls1_3", "-ign_eof", "-sess_out", session);
    String stricter =
        yaml("client-ca: \"" + certificates.ca() + "\", certificates: " + pair("first"))
            .replace("bind: \"127.0.0.1:0\", tls", "bind: \"127.0.0.1:" + 0 + "\", tls");
    Fairlead.Applied applied = fairlead().apply(Loopback.read(stricter), "test");
    assertThat(applied).isInstanceOf(Fairlead.Applied.Done.class);
    Tool.Said second = openssl(request, "-tls1_3", "-ign_eof", "-sess_in", session);
    assertThat(second.output()).doesNotContain("hello from a");
    Loopback.await(
        "it is counted", () -> listener().failures().get(HandshakeFailure.CLIENT_CERTIFICATE) == 1);
  }

  // --- files that change -------------------------------------------------------------------

  @Test
  void newFilesAreShownAndConnectionsStay() throws Exception {
    start("certificates: " + pair("first"));
    try (SSLSocket before = connect("first.test");
        Client client = new Client(before)) {
      assertThat(shown(before)).isEqualTo("CN=first.test");
      certificates.make("first", "renewed.test");
      Loopback.await("the new one is shown", () -> events().toString().contains("new certificate"));
      assertThat(shownTo("first.test")).isEqualTo("CN=renewed.test");
      assertThat(client.get("/").status()).isEqualTo(200);
    }
  }

  @Test
  void filesThatAreWrongChangeNothing() throws Exception {
    start("certificates: " + pair("first"));
    certificates.make("other", "other.test");
    Files.copy(
        folder.resolve("other.key"),
        folder.resolve("first.key"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    Loopback.await("it is refused", () -> events().toString().contains("is another's"));
    assertThat(shownTo("first.test")).isEqualTo("CN=first.test");
    // The other half comes later: now they belong together.
    Files.copy(
        folder.resolve("other.pem"),
        folder.resolve("first.pem"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    Loopback.await("it is shown", () -> events().toString().contains("new certificate"));
    assertThat(shownTo("first.test")).isEqualTo("CN=other.test");
  }

  @Test
  void changesUnderLoadLoseNoConnection() throws Exception {
    start("certificates: " + pair("first"));
    AtomicBoolean end = new AtomicBoolean();
    AtomicInteger done = new AtomicInteger();
    List<String> wrong = java.util.Collections.synchronizedList(new ArrayList<>());
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      clients.add(
          Thread.ofVirtual()
              .start(() -> {
                while (!end.get()) {
                  try (Client client = new Client(connect("first.test"))) {
                    for (int j = 0; j < 3; j++) {
                      if (client.get("/").status() != 200) {
                        wrong.add("another status");
                      }
                    }
                    done.incrementAndGet();
                  } catch (Exception e) {
                    wrong.add(e.toString());
                  }
                }
              }));
    }
    for (int i = 0; i < 3; i++) {
      certificates.make("first", "round" + i + ".test");
      int wanted = i + 1;
      Loopback.await(
          "it is shown",
          () -> events().stream().filter(e -> e.contains("new certificate")).count() == wanted);
    }
    assertThat(fairlead().apply(Loopback.read(yaml("certificates: " + pair("first"))), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
    end.set(true);
    for (Thread client : clients) {
      client.join();
    }
    assertThat(wrong).isEmpty();
    assertThat(done.get()).isGreaterThan(10);
  }

  @Test
  void saysWhenACertificateIsAboutToExpire() throws Exception {
    certificates.make("old", b -> b.notAfter(Instant.now().minus(Duration.ofHours(2))), "old.test");
    certificates.make(
        "soon", b -> b.notAfter(Instant.now().plus(Duration.ofHours(60))), "soon.test");
    certificates.make(
        "later", b -> b.notAfter(Instant.now().plus(Duration.ofDays(15))), "later.test");
    start(
        "certificates: [ "
            + String.join(", ", pair("first"), pair("old"), pair("soon"), pair("later"))
            + " ]");
    assertThat(events().stream().filter(e -> e.startsWith("certificate ")))
        .satisfiesExactly(
            e -> assertThat(e).contains("old.pem", "old.test", "has expired"),
            e -> assertThat(e).contains("soon.pem", "expires in 2 days"),
            e -> assertThat(e).contains("later.pem", "expires in 14 days"));
  }

  // --- bounds ------------------------------------------------------------------------------

  @Test
  void aSlowHandshakeIsEndedInTime() throws Exception {
    start("handshake-timeout: 300ms, certificates: " + pair("first"));
    long begun = System.nanoTime();
    try (Socket silent = new Socket(InetAddress.getLoopbackAddress(), port);
        Socket half = new Socket(InetAddress.getLoopbackAddress(), port)) {
      half.getOutputStream().write(new byte[] {22, 3, 1, 0, 100, 1});
      assertThat(endOf(silent)).isTrue();
      assertThat(endOf(half)).isTrue();
    }
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(5));
    assertThat(listener().failures().get(HandshakeFailure.TIMEOUT)).isEqualTo(2);
    assertThat(listener().handshaking()).isZero();
  }

  private static boolean endOf(Socket socket) throws IOException {
    socket.setSoTimeout(10_000);
    try {
      return socket.getInputStream().read() < 0;
    } catch (java.net.SocketException e) {
      return true; // by a reset
    }
  }

  @Test
  void onlySoManyHandshakesGoOnAtOnce() throws Exception {
    start("handshakes: { at-once: 2 }, handshake-timeout: 2s, certificates: " + pair("first"));
    // Hellos of a client that never goes on.
    byte[] hello = recordedHello();
    try (Socket a = new Socket(InetAddress.getLoopbackAddress(), port);
        Socket b = new Socket(InetAddress.getLoopbackAddress(), port)) {
      a.getOutputStream().write(hello);
      b.getOutputStream().write(hello);
      Loopback.await("both go on", () -> listener().handshaking() == 2);
      assertThatThrownBy(() -> shownTo("first.test")).isInstanceOf(IOException.class);
      assertThat(listener().failures().get(HandshakeFailure.LIMITED)).isEqualTo(1);
    }
    Loopback.await("they have ended", () -> listener().handshaking() == 0);
    assertThat(shownTo("first.test")).isEqualTo("CN=first.test");
  }

  /** What the JDK's client says first. */
  private byte[] recordedHello() throws Exception {
    try (ServerSocket listening = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      int ours = port;
      port = listening.getLocalPort();
      SSLSocket client = connect("first.test");
      port = ours;
      Thread handshake =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  client.startHandshake();
                } catch (IOException e) {
                  // Nobody answers.
                }
              });
      try (Socket at = listening.accept()) {
        byte[] header = at.getInputStream().readNBytes(5);
        byte[] rest = at.getInputStream().readNBytes((header[3] & 0xff) << 8 | (header[4] & 0xff));
        byte[] all = java.util.Arrays.copyOf(header, 5 + rest.length);
        System.arraycopy(rest, 0, all, 5, rest.length);
        return all;
      } finally {
        client.close();
        handshake.join();
      }
    }
  }

  @Test
  void onlySoManyHandshakesBeginInASecond() throws Exception {
    start("handshakes: { rate: 4 }, certificates: " + pair("first"));
    int begun = 0;
    for (int i = 0; i < 20; i++) {
      try {
        shownTo("first.test");
        begun++;
      } catch (IOException e) {
        // One too many.
      }
    }
    assertThat(begun).isBetween(4, 16);
    assertThat(listener().failures().get(HandshakeFailure.LIMITED)).isEqualTo(20 - begun);
  }

  @Test
  void aHelloInPiecesFindsItsCertificate() throws Exception {
    certificates.make("second", "second.test");
    start("certificates: [ " + pair("first") + ", " + pair("second") + " ]");
    // The piece ends in the name.
    for (int size : new int[] {1, 7, 100}) {
      try (PieceSocket socket = new PieceSocket(port, size)) {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new Believer()}, new SecureRandom());
        SSLSocket tls =
            (SSLSocket) context.getSocketFactory().createSocket(socket, "second.test", port, true);
        assertThat(shown(tls)).isEqualTo("CN=second.test");
      }
    }
  }

  /** However it is cut, and whatever name it asks for: what the listener asks for holds. */
  @Test
  void aHelloInPiecesIsHeldToTheSameRules() throws Exception {
    certificates.make("second", "second.test");
    String pairs = "certificates: [ " + pair("first") + ", " + pair("second") + " ]";
    start("client-ca: \"" + certificates.ca() + "\", min-version: \"1.3\", " + pairs);
    for (String version : new String[] {"TLSv1.2", "TLSv1.3"}) {
      for (String name : new String[] {"first.test", "second.test", "unknown.test"}) {
        for (int size : new int[] {1, 7, 5000}) {
          try (PieceSocket socket = new PieceSocket(port, size)) {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new Believer()}, new SecureRandom());
            SSLSocket tls =
                (SSLSocket) context.getSocketFactory().createSocket(socket, name, port, true);
            tls.setEnabledProtocols(new String[] {version});
            assertThatThrownBy(
                    () -> {
                      tls.startHandshake();
                      int _ = tls.getInputStream().read(); // with TLS 1.3 the refusal comes here
                    })
                .as("%s, %s, records of %s", version, name, size)
                .isInstanceOf(SSLException.class);
          }
        }
      }
    }
  }

  // --- bodies and ends ---------------------------------------------------------------------

  @Test
  void bodiesOfAllSizesGoBothWays() throws Exception {
    start("certificates: " + pair("first"));
    for (int size : new int[] {0, 1, 16_384, 16_385, 3_000_000}) {
      Path body = folder.resolve("body");
      byte[] bytes = new byte[size];
      new java.util.SplittableRandom(size).nextBytes(bytes);
      Files.write(body, bytes);
      Tool.Said said =
          curl(
              "-o",
              folder + "/back",
              "--data-binary",
              "@" + body,
              "-H",
              "Expect:",
              "https://127.0.0.1:" + port + "/echo");
      assertThat(said.status()).as(said.output()).isZero();
    }
  }

  @Test
  void anEndThatIsMeantSaysSo() throws Exception {
    start("certificates: " + pair("first"));
    try (SSLSocket socket = connect("first.test")) {
      socket
          .getOutputStream()
          .write(
              "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                  .getBytes(StandardCharsets.US_ASCII));
      // The JDK throws where an end was not announced.
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
          .contains("hello from a");
    }
  }

  @Test
  void anAnswerThatIsCutIsSeenToBe() throws Exception {
    try (ServerSocket listening = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      running =
          Loopback.start(
              yaml("certificates: " + pair("first"))
                  .replace("127.0.0.1:" + node.port(), "127.0.0.1:" + listening.getLocalPort()));
      port = Loopback.port(fairlead(), "web");
      Thread at =
          Thread.ofVirtual()
              .start(() -> {
                try (Socket socket = listening.accept()) {
                  while (socket.getInputStream().read() != '\n') {}
                  socket
                      .getOutputStream()
                      .write(
                          "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf"
                              .getBytes(StandardCharsets.US_ASCII));
                  socket.setSoLinger(true, 0); // dies
                  Thread.sleep(100);
                } catch (IOException | InterruptedException e) {
                  throw new AssertionError(e);
                }
              });
      try (SSLSocket socket = connect("first.test")) {
        socket
            .getOutputStream()
            .write("GET / HTTP/1.0\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        assertThatThrownBy(() -> socket.getInputStream().readAllBytes())
            .isInstanceOfAny(SSLException.class, java.net.SocketException.class);
      }
      at.join();
    }
  }
}
