package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.demo.TestNode;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.EventLog;
import java.io.IOException;
import java.net.InetAddress;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
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
import org.junit.jupiter.params.provider.ValueSource;

/** Certificates that are ordered from Pebble, as clients see them. */
@Timeout(60)
final class AcmeTest {
  @TempDir Path folder;
  private TestCertificates certificates;
  private TestNode node;
  private int http;
  private int https;
  private @Nullable Fairlead running;
  private @Nullable Pebble pebble;

  @BeforeEach
  void begin() throws IOException {
    certificates = new TestCertificates(folder);
    node = Loopback.node("a");
    http = FreePort.any();
    https = FreePort.any();
  }

  @AfterEach
  void end() throws Exception {
    stop();
    node.close();
    if (pebble != null) {
      pebble.close();
    }
  }

  private void stop() {
    Fairlead last = running;
    running = null;
    if (last != null) {
      last.close();
    }
  }

  private Pebble pebble(int httpPort, int rejected) throws Exception {
    Pebble made = new Pebble(folder, certificates, httpPort, https, rejected);
    pebble = made;
    return made;
  }

  private void start(String acme) throws IOException {
    running = Loopback.start(yaml(acme));
  }

  private String yaml(String acme) {
    return """
    admin: { bind: "127.0.0.1:0" }
    data: "%s/data"
    runtime: { event-loops: 2 }
    listeners:
      plain: { bind: "127.0.0.1:%d", deny: "127.0.0.0/8", service: shop }
      web:
        bind: "127.0.0.1:%d"
        tls: { acme: { %s } }
        service: shop
    services:
      shop: { nodes: ["127.0.0.1:%d"], health: none }
    """
        .formatted(folder, http, https, acme, node.port());
  }

  private Fairlead fairlead() {
    Fairlead present = running;
    if (present == null) {
      throw new AssertionError("not started");
    }
    return present;
  }

  private <E extends Event> List<E> events(Class<E> kind) {
    return fairlead().events().since(0).stream()
        .map(EventLog.Entry::event)
        .filter(kind::isInstance)
        .map(kind::cast)
        .toList();
  }

  /** What a client is shown that asks for that name. */
  private X509Certificate shown(String name) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, new TrustManager[] {new Believer()}, null);
    try (SSLSocket socket =
        (SSLSocket)
            context.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), https)) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setServerNames(List.of(new SNIHostName(name)));
      socket.setSSLParameters(parameters);
      socket.setSoTimeout(10_000);
      socket.startHandshake();
      return (X509Certificate) socket.getSession().getPeerCertificates()[0];
    }
  }

  private boolean shows(String issuer) {
    try {
      return shown("shop.example").getIssuerX500Principal().getName().contains(issuer);
    } catch (Exception e) {
      return false;
    }
  }

  private Path only(String ending) throws IOException {
    try (var files = Files.list(folder.resolve("data/acme"))) {
      return files.filter(file -> file.toString().endsWith(ending)).findFirst().orElseThrow();
    }
  }

  /** Of a hundred nonces some are rejected; an order is given up when ten in a row are. */
  @ParameterizedTest
  @CsvSource({"http-01, 25", "tls-alpn-01, 0"})
  void aCertificateIsOrderedAndAfterARestartTheSameIsShown(String challenge, int rejected)
      throws Exception {
    Pebble authority = pebble(http, rejected);
    String acme =
        "domains: [shop.example, www.shop.example], challenge: "
            + challenge
            + ", "
            + authority.keys();
    start(acme);
    Loopback.await("the certificate", () -> shows("Pebble"));
    X509Certificate first = shown("www.shop.example");
    assertThat(first.getSubjectAlternativeNames())
        .extracting(name -> String.valueOf(name.get(1)))
        .containsExactlyInAnyOrder("shop.example", "www.shop.example");
    assertThat(events(Event.CertificateOrdered.class))
        .extracting(Event.CertificateOrdered::names)
        .containsExactly("shop.example, www.shop.example");
    assertThat(events(Event.CertificateOrderFailed.class)).isEmpty();
    for (Path secret : List.of(only(".pem"), only(".key"))) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(secret)))
          .isEqualTo("rw-------");
    }
    assertThat(folder.resolve("data/acme")).isDirectoryNotContaining("glob:**.order");
    try (Loopback.Client client = new Loopback.Client(http)) {
      assertThat(client.get("/.well-known/acme-challenge/gone").status())
          .as("what is not asked for goes where routes and rules say")
          .isEqualTo(403);
    }
    assertThat(Loopback.door(fairlead(), "GET", "/metrics", "").body())
        .containsPattern("fairlead_certificate_orders_total\\{[^}]*outcome=\"issued\"} 1");
    stop();
    start(acme);
    assertThat(shown("shop.example")).isEqualTo(first);
    assertThat(authority.orders()).isEqualTo(1);
  }

  /** The authority asks our own name server, and nobody by HTTP or TLS. */
  @Test
  void aWildcardIsProvenByOurOwnNames() throws Exception {
    int names = FreePort.any();
    Pebble authority = new Pebble(folder, certificates, FreePort.any(), FreePort.any(), 0, names);
    pebble = authority;
    running =
        Loopback.start(
            yaml(
                    "domains: [\"*.shop.example\", shop.example], challenge: dns-01, "
                        + authority.keys())
                + "dns: { bind: \"127.0.0.1:%d\", zones: { example: { ns: ns.other.test } } }\n"
                    .formatted(names));
    Loopback.await("the certificate", () -> shows("Pebble"));
    assertThat(shown("any.shop.example").getSubjectAlternativeNames())
        .extracting(name -> String.valueOf(name.get(1)))
        .containsExactlyInAnyOrder("*.shop.example", "shop.example");
    assertThat(events(Event.CertificateOrderFailed.class)).isEmpty();
  }

  /**
   * Killed when the order is placed and nothing has been shown yet: the next one goes on with it,
   * also where the answer that says its address never came.
   */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void whoIsKilledInTheMiddleOfAnOrderGoesOnWithIt(boolean unanswered) throws Exception {
    Pebble authority = pebble(http, 0);
    AtomicBoolean killed = new AtomicBoolean();
    BooleanSupplier shut =
        () -> !killed.get() && (unanswered ? authority.orders() == 1 : isPlaced());
    try (Gate gate = new Gate(authority::port, shut, unanswered)) {
      String acme = "domains: shop.example, " + authority.keys(gate.port());
      Path file = folder.resolve("fairlead.yaml");
      Files.writeString(file, yaml(acme));
      Path output = folder.resolve("output");
      Process first = FairleadProcess.start(output, FairleadProcess.command("-c", file.toString()));
      try {
        gate.held().get(40, TimeUnit.SECONDS);
      } catch (TimeoutException e) {
        throw new AssertionError(Files.readString(output) + authority.log(), e);
      } finally {
        first.destroyForcibly().waitFor();
      }
      assertThat(authority.log()).doesNotContain("Issued certificate");
      assertThat(isPlaced()).isEqualTo(!unanswered);
      killed.set(true);
      start(acme);
      Loopback.await("the certificate", () -> shows("Pebble"));
      assertThat(authority.orders()).isEqualTo(1);
      assertThat(events(Event.CertificateOrderFailed.class)).isEmpty();
      Loopback.await("nothing is left of it", () -> !isPlaced());
    }
  }

  /** Whether an order's address is written down. */
  private boolean isPlaced() {
    try (var files = Files.list(folder.resolve("data/acme"))) {
      for (Path file : files.filter(each -> each.toString().endsWith(".order")).toList()) {
        if (Files.readString(file).contains("https://")) {
          return true;
        }
      }
    } catch (IOException e) {
      // There is none.
    }
    return false;
  }

  @Test
  void whatIsAboutToEndIsShownUntilANewOneIsThere() throws Exception {
    Pebble authority = pebble(http, 5);
    String acme = "domains: shop.example, " + authority.keys();
    X509Certificate old = keep(acme, Duration.ofHours(1));
    start(acme);
    assertThat(shown("shop.example").getSerialNumber()).isEqualTo(old.getSerialNumber());
    Loopback.await("the new certificate", () -> shows("Pebble"));
    assertThat(events(Event.CertificateRenewed.class)).hasSize(1);
  }

  @Test
  void whatIsRevokedIsReplacedBefore() throws Exception {
    Pebble authority = pebble(http, 5);
    start("domains: [shop.example, www.shop.example], " + authority.keys());
    Loopback.await("the certificate", () -> shows("Pebble"));
    X509Certificate old = shown("shop.example");
    String id = id();
    assertThat(revoke("nothing", "superseded").statusCode()).isEqualTo(404);
    assertThat(revoke(id, "boredom").body()).contains("The reason is one of unspecified, ");
    assertThat(revoke(id, "key-compromise").statusCode()).isEqualTo(200);
    Loopback.await("it is revoked", () -> !events(Event.CertificateRevoked.class).isEmpty());
    X509Certificate next = shown("shop.example");
    assertThat(next.getSerialNumber()).isNotEqualTo(old.getSerialNumber());
    assertThat(next.getPublicKey()).isNotEqualTo(old.getPublicKey());
    assertThat(events(Event.CertificateRevoked.class).getFirst().serial())
        .isEqualTo(old.getSerialNumber().toString(16));
    assertThat(authority.status(old)).isEqualTo("Revoked");
    assertThat(authority.status(next)).isEqualTo("Valid");
    assertThat(authority.orders()).isEqualTo(2);
    assertThat(Files.exists(folder.resolve("data/acme/" + id + ".revoke"))).isFalse();
    assertThat(Loopback.door(fairlead(), "GET", "/api/v1/events", "").body())
        .contains("had certificate " + id + " revoked: key-compromise");
  }

  /** Killed, as it were, when the new one is there and the old one is not revoked yet. */
  @Test
  void whatIsNotRevokedYetIsRevokedByTheNext() throws Exception {
    Pebble authority = pebble(http, 0);
    String acme = "domains: shop.example, " + authority.keys();
    start(acme);
    Loopback.await("the certificate", () -> shows("Pebble"));
    X509Certificate old = shown("shop.example");
    String id = id();
    Path pem = folder.resolve("data/acme/" + id + ".pem");
    String kept = Files.readString(pem);
    assertThat(revoke(id, "superseded").statusCode()).isEqualTo(200);
    Loopback.await("it is revoked", () -> !events(Event.CertificateRevoked.class).isEmpty());
    stop();
    Files.writeString(folder.resolve("data/acme/" + id + ".revoke"), "superseded\n" + kept);
    start(acme);
    // The authority says that it is revoked already, and that is what was wanted.
    Loopback.await("it is revoked", () -> !events(Event.CertificateRevoked.class).isEmpty());
    assertThat(authority.status(old)).isEqualTo("Revoked");
    assertThat(authority.orders()).isEqualTo(2);
    assertThat(events(Event.CertificateRevocationFailed.class)).isEmpty();
  }

  @Test
  void withoutTheAuthorityNothingIsRevokedAndItIsSaidWhy() throws Exception {
    Pebble authority = pebble(http, 0);
    start("domains: shop.example, " + authority.keys());
    Loopback.await("the certificate", () -> shows("Pebble"));
    X509Certificate old = shown("shop.example");
    authority.close();
    assertThat(revoke(id(), "superseded").statusCode()).isEqualTo(200);
    Loopback.await("a failure", () -> !events(Event.CertificateOrderFailed.class).isEmpty());
    assertThat(shown("shop.example")).isEqualTo(old);
    assertThat(events(Event.CertificateRevoked.class)).isEmpty();
    assertThat(revoke(id(), "key-compromise").statusCode()).isEqualTo(200); // once more
    Loopback.await("another failure", () -> events(Event.CertificateOrderFailed.class).size() > 1);
  }

  private String id() throws Exception {
    String all = Loopback.door(fairlead(), "GET", "/api/v1/certificates", "").body();
    return all.replaceAll("(?s).*\"id\": ?\"([^\"]+)\".*", "$1");
  }

  private HttpResponse<String> revoke(String id, String reason) throws Exception {
    return Loopback.door(
        fairlead(), "POST", "/api/v1/certificates/" + id + "/revoke?reason=" + reason, "");
  }

  @Test
  void anAuthorityThatFindsNobodyIsAskedAgainLaterAndWhatThereIsStays() throws Exception {
    Pebble authority = pebble(FreePort.any(), 0);
    String acme = "domains: shop.example, " + authority.keys();
    X509Certificate old = keep(acme, Duration.ofHours(1));
    start(acme);
    Loopback.await("a failure", () -> !events(Event.CertificateOrderFailed.class).isEmpty());
    Event.CertificateOrderFailed failure = events(Event.CertificateOrderFailed.class).getFirst();
    assertThat(failure.text())
        .contains("did not find shop.example to be ours by http-01")
        .contains("connection refused");
    assertThat(failure.seconds()).isBetween(40L, 80L);
    assertThat(shown("shop.example").getSerialNumber()).isEqualTo(old.getSerialNumber());
    assertThat(Loopback.door(fairlead(), "GET", "/api/v1/status", "").body())
        .contains("The certificate for shop.example is not issued:");
    assertThat(Loopback.door(fairlead(), "GET", "/metrics", "").body())
        .containsPattern("fairlead_certificate_orders_total\\{[^}]*outcome=\"failed\"} 1");
    assertThat(authority.orders()).isEqualTo(1);
  }

  @Test
  void withoutACertificateClientsAreRefusedAndItIsSaidWhy() throws Exception {
    start(
        "domains: shop.example, agree-to-terms: true, directory: \"https://127.0.0.1:%d/dir\""
            .formatted(FreePort.any()));
    Loopback.await("a failure", () -> !events(Event.CertificateOrderFailed.class).isEmpty());
    assertThat(events(Event.CertificateOrderFailed.class).getFirst().text())
        .contains("cannot be asked");
    assertThatThrownBy(() -> shown("shop.example"))
        .isInstanceOf(SSLException.class)
        .hasMessageContaining("unrecognized_name");
    assertThat(Loopback.door(fairlead(), "GET", "/metrics", "").body())
        .contains("reason=\"no-certificate\"} 1");
    assertThat(Loopback.door(fairlead(), "GET", "/api/v1/status", "").body())
        .contains("The certificate for shop.example is not issued:");
  }

  /** Lays a certificate where one that was ordered would be, with so much of its life left. */
  private X509Certificate keep(String acme, Duration left) throws IOException {
    String yaml =
        """
        listeners:
          plain: { bind: "127.0.0.1:1", service: shop }
          web: { bind: "127.0.0.1:2", tls: { acme: { %s } }, service: shop }
        services: { shop: { nodes: "127.0.0.1:3" } }
        """
            .formatted(acme);
    String id =
        Loopback.config(yaml).listeners().values().stream()
            .flatMap(listener -> listener.tls().acme().stream())
            .findFirst()
            .orElseThrow()
            .id();
    var made = certificates.make("old", b -> b.notAfter(Instant.now().plus(left)), "shop.example");
    Path file = folder.resolve("data/acme/" + id + ".pem");
    Files.createDirectories(file.getParent());
    Files.writeString(file, made.getPrivateKeyPEM() + made.getCertificatePEM());
    return made.getCertificate();
  }
}
