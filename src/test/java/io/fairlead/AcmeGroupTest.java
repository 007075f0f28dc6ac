package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.ThreeProcesses.Instance;
import io.fairlead.demo.TestNode;
import java.io.IOException;
import java.math.BigInteger;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Certificates that three instances have ordered from Pebble, which asks all of them in turn. */
@Timeout(120)
final class AcmeGroupTest {
  private static final List<Integer> ALL = List.of(0, 1, 2);
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  @TempDir Path folder;
  private TestCertificates certificates;
  private TestNode node;
  private int ports;

  /** Those that whoever asks is led to. */
  private volatile List<Integer> living = ALL;

  private final AtomicInteger turn = new AtomicInteger();

  @BeforeEach
  void begin() throws IOException {
    certificates = new TestCertificates(folder);
    node = Loopback.node("n");
    ports = FreePort.row(15);
    Files.writeString(
        folder.resolve("example.zone"),
        """
        $ORIGIN example.
        $TTL 60
        @ SOA ns.other.test. ops.other.test. 1 3600 600 86400 60
        @ NS ns.other.test.
        * A 127.0.0.1
        """);
  }

  @AfterEach
  void end() {
    node.close();
  }

  private int plain(int i) {
    return ports + i;
  }

  private int secure(int i) {
    return ports + 3 + i;
  }

  private int more(int i) {
    return ports + 6 + i;
  }

  private int wild(int i) {
    return ports + 9 + i;
  }

  private int names(int i) {
    return ports + 12 + i;
  }

  private int next() {
    List<Integer> there = living;
    return there.get(Math.floorMod(turn.getAndIncrement(), there.size()));
  }

  /** Three orders: proven on port 80, on port 443, and by names. */
  private String rest(String keys) {
    return """
    runtime: { event-loops: 1 }
    listeners:
      plain: { bind: "127.0.0.1:${PLAIN}", deny: "127.0.0.0/8", service: shop }
      web:
        bind: "127.0.0.1:${SECURE}"
        tls: { acme: { domains: [shop.example, www.shop.example], %1$s } }
        service: shop
      more:
        bind: "127.0.0.1:${MORE}"
        tls: { acme: { domains: more.example, challenge: tls-alpn-01, %1$s } }
        service: shop
      wild:
        bind: "127.0.0.1:${WILD}"
        tls: { acme: { domains: "*.wild.example", challenge: dns-01, %1$s } }
        service: shop
    services:
      shop: { nodes: ["127.0.0.1:%2$d"], health: none }
    dns:
      bind: "127.0.0.1:${NAMES}"
      threads: 1
      zones: { example: { file: "%3$s/example.zone" } }
    """
        .formatted(keys, node.port(), folder);
  }

  private ThreeProcesses group(String keys) throws IOException {
    return new ThreeProcesses(
        folder,
        "token: a-token-that-is-known-to-all",
        rest(keys),
        i ->
            Map.of(
                "PLAIN",
                "" + plain(i),
                "SECURE",
                "" + secure(i),
                "MORE",
                "" + more(i),
                "WILD",
                "" + wild(i),
                "NAMES",
                "" + names(i)));
  }

  /** What that instance shows; empty: it shows nothing. */
  private static String shown(int port, String name) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new Believer()}, null);
      try (SSLSocket socket =
          (SSLSocket)
              context.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), port)) {
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setServerNames(List.of(new SNIHostName(name)));
        socket.setSSLParameters(parameters);
        socket.setSoTimeout(10_000);
        socket.startHandshake();
        X509Certificate shown = (X509Certificate) socket.getSession().getPeerCertificates()[0];
        return shown.getIssuerX500Principal() + " " + shown.getSerialNumber();
      }
    } catch (IOException | GeneralSecurityException e) {
      return "";
    }
  }

  /** All of them show the same three certificates, and these are of the authority. */
  private void awaitShown(String what, List<Integer> instances) throws Exception {
    Loopback.await(
        what,
        PATIENCE,
        () -> {
          Set<String> seen = new HashSet<>();
          for (int i : instances) {
            seen.add(shown(secure(i), "shop.example"));
            seen.add(shown(more(i), "more.example"));
            seen.add(shown(wild(i), "any.wild.example"));
          }
          return seen.size() == 3 && seen.stream().allMatch(one -> one.contains("Pebble"));
        });
  }

  private static String status(ThreeProcesses group, int i) {
    try {
      return group
          .http
          .send(
              group.get(i).request("/api/v1/status", Duration.ofSeconds(5)).GET().build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    } catch (IOException e) {
      return "";
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<Path> files(Path below) throws IOException {
    try (var files = Files.walk(below)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  /** Leads each question to a name server, and the answer back. */
  private static final class Questions implements AutoCloseable {
    private final DatagramSocket door;
    private final IntSupplier port;

    Questions(IntSupplier port) throws IOException {
      this.port = port;
      door = new DatagramSocket(0, InetAddress.getLoopbackAddress());
      Thread _ = Thread.ofVirtual().start(this::lead);
    }

    int port() {
      return door.getLocalPort();
    }

    private void lead() {
      while (!door.isClosed()) {
        DatagramPacket asked = new DatagramPacket(new byte[4096], 4096);
        try (DatagramSocket there = new DatagramSocket()) {
          door.receive(asked);
          there.connect(InetAddress.getLoopbackAddress(), port.getAsInt());
          there.setSoTimeout(1000);
          there.send(new DatagramPacket(asked.getData(), asked.getLength()));
          DatagramPacket answer = new DatagramPacket(new byte[4096], 4096);
          there.receive(answer);
          answer.setSocketAddress(asked.getSocketAddress());
          door.send(answer);
        } catch (IOException e) {
          // Who asks asks again.
        }
      }
    }

    @Override
    public void close() {
      door.close();
    }
  }

  @Test
  void ordersOutliveWhoBeganThemAndAllAnswerForThemAndShowWhatWasIssued() throws Exception {
    AtomicBoolean open = new AtomicBoolean();
    try (Gate http = new Gate(() -> plain(next()), () -> false, false);
        Gate tls = new Gate(() -> more(next()), () -> false, false);
        Questions dns = new Questions(() -> names(next()));
        Pebble authority =
            new Pebble(
                folder, certificates, http.port(), tls.port(), /* rejected= */ 20, dns.port());
        Gate gate = new Gate(authority.port(), () -> !open.get() && authority.orders() == 3);
        ThreeProcesses group = group(authority.keys(gate.port()))) {
      try {
        gate.held().get(60, TimeUnit.SECONDS);
        List<Integer> who =
            ALL.stream().filter(i -> status(group, i).contains("is being ordered")).toList();
        assertThat(who).as("one orders, and no other").hasSize(1);
        int first = who.getFirst();
        List<Integer> others = ALL.stream().filter(i -> i != first).toList();
        group.get(first).signal("STOP");
        living = others;
        open.set(true);
        awaitShown("what the successor gets", others);
        group.get(first).signal("CONT");
        awaitShown("with who was frozen as well, and gets it all from the group", ALL);
        assertThat(authority.orders()).isEqualTo(3);
        assertThat(authority.log().split("Issued certificate", -1)).hasSize(4);
        whatIsOnDiskIsForItsUser(group.get(first));
        whatIsRevokedIsRevokedByWhoeverIsLeft(group, authority);
      } catch (AssertionError e) {
        throw new AssertionError(group.logs() + authority.log(), e);
      }
    }
  }

  /** The one who orders dies when the new certificate is shown and the old one is still good. */
  private void whatIsRevokedIsRevokedByWhoeverIsLeft(ThreeProcesses group, Pebble authority)
      throws Exception {
    String old = serial(secure(0));
    int one =
        ALL.stream()
            .filter(i -> certificates(group, i).contains("\"here\":true"))
            .findAny()
            .orElseThrow();
    List<Integer> others = ALL.stream().filter(i -> i != one).toList();
    String id =
        certificates(group, one).replaceAll("(?s).*\"id\":\"(shop\\.example-[^\"]+)\".*", "$1");
    assertThat(revoke(group, others.getFirst(), id).body()).contains("ask that one");
    assertThat(revoke(group, one, id).statusCode()).isEqualTo(200);
    Loopback.await(
        "another one at all",
        PATIENCE,
        () -> ALL.stream().noneMatch(i -> serial(secure(i)).equals(old)));
    assertThat(authority.status(new BigInteger(old))).isEqualTo("Valid");
    group.get(one).signal("KILL");
    living = others;
    String next = serial(secure(others.getFirst()));
    Loopback.await(
        "the old one is revoked", PATIENCE, () -> isRevoked(authority, new BigInteger(old)));
    assertThat(authority.status(new BigInteger(next))).isEqualTo("Valid");
    assertThat(serial(secure(others.getLast()))).isEqualTo(next);
  }

  private static boolean isRevoked(Pebble authority, BigInteger serial) {
    try {
      return authority.status(serial).equals("Revoked");
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Of the certificate that is shown there. */
  private static String serial(int port) {
    String shown = shown(port, "shop.example");
    return shown.substring(shown.lastIndexOf(' ') + 1);
  }

  private static String certificates(ThreeProcesses group, int i) {
    return call(group, i, "GET", "/api/v1/certificates").body().replace(" ", "");
  }

  private static HttpResponse<String> revoke(ThreeProcesses group, int i, String id) {
    return call(group, i, "POST", "/api/v1/certificates/" + id + "/revoke?reason=superseded");
  }

  private static HttpResponse<String> call(
      ThreeProcesses group, int i, String method, String path) {
    try {
      return group.http.send(
          group
              .get(i)
              .request(path, Duration.ofSeconds(20))
              .method(method, HttpRequest.BodyPublishers.noBody())
              .build(),
          HttpResponse.BodyHandlers.ofString());
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void whatIsOnDiskIsForItsUser(Instance instance) throws IOException {
    assertThat(files(instance.data.resolve("acme")))
        .as("three certificates and the account's key")
        .hasSize(4)
        .allSatisfy(file ->
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
                .isEqualTo("rw-------"));
    for (Path file : files(instance.data.resolve("group"))) {
      assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
          .as("the group's state, in " + file)
          .doesNotContain("PRIVATE KEY", "LS0tLS1CRUdJTiBQUklWQVRF");
    }
  }
}
