package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.admin.Browser;
import io.fairlead.admin.Chromium;
import io.fairlead.demo.TestNode;
import io.fairlead.proxy.http.QuicDoors;
import io.fairlead.proxy.http.QuicMembers;
import io.fairlead.telemetry.ErrorReason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http3.DefaultHttp3Headers;
import io.netty.handler.codec.http3.DefaultHttp3HeadersFrame;
import io.netty.handler.codec.quic.DefaultQuicStreamFrame;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.codec.quic.QuicStreamChannel;
import io.netty.pkitesting.X509Bundle;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP/3 with clients, as another library's client sees it. */
@Timeout(60)
final class Http3Test {
  @TempDir Path folder;
  private TestCertificates certificates;
  private TestNode node;
  private X509Bundle first;
  private @Nullable Fairlead running;
  private int port;

  @BeforeEach
  void makeCertificates() throws IOException {
    certificates = new TestCertificates(folder);
    node = Loopback.node("a");
    first = certificates.make("first", "first.test", "127.0.0.1", "shop.test");
  }

  @AfterEach
  void stop() {
    Fairlead last = running;
    if (last != null) {
      last.close();
    }
    node.close();
  }

  private void start(String tls, String listener, int nodePort) throws IOException {
    running =
        Loopback.start(
            """
            admin: { bind: "127.0.0.1:0" }
            runtime: { event-loops: 2 }
            listeners:
              web:
                bind: "127.0.0.1:0"
                tls: { certificates: [ { cert: "%1$s/first.pem", key: "%1$s/first.key" } ] %2$s }
                http3: { max-age: 60s }
                %3$s
                routes: [ { service: shop } ]
            services:
              shop: { nodes: ["127.0.0.1:%4$d"], health: none }
            """
                .formatted(folder, tls, listener, nodePort));
    port = Loopback.port(fairlead(), "web");
  }

  private Fairlead fairlead() {
    Fairlead present = running;
    if (present == null) {
      throw new AssertionError("not started");
    }
    return present;
  }

  private Http3Peer peer() throws Exception {
    return new Http3Peer(port, certificates.ca());
  }

  @Test
  void aRequestIsAnswered() throws Exception {
    start("", "", node.port());
    try (Http3Peer peer = peer()) {
      Http3Peer.Answer answer = peer.get("/").await();
      assertThat(answer.status).isEqualTo("200");
      assertThat(answer.body()).contains("hello from a");
      assertThat(answer.fields.get("via")).isEqualTo("1.1 fairlead");
      assertThat(answer.fields).doesNotContainKey("alt-svc");
    }
  }

  @Test
  void bodiesGoBothWays() throws Exception {
    start("", "", node.port());
    byte[] body = new byte[700_000];
    new SplittableRandom(5).nextBytes(body);
    try (Http3Peer peer = peer()) {
      Http3Peer.Answer answer = peer.post("/echo?raw", body).await();
      assertThat(answer.status).isEqualTo("200");
      Http3Peer.Answer large = peer.get("/bytes/3000000").await();
      assertThat(large.bytes.size()).isEqualTo(3_000_000);
      Http3Peer.Answer chunked = peer.get("/chunked/100000?trailer").await();
      assertThat(chunked.bytes.size()).isEqualTo(100_000);
      assertThat(chunked.trailers).isNotEmpty();
    }
    leavesNothing();
  }

  @Test
  void manyAtOnce() throws Exception {
    start("", "", node.port());
    try (Http3Peer peer = peer()) {
      List<Http3Peer.Answer> answers = new ArrayList<>();
      for (int i = 0; i < 90; i++) {
        answers.add(peer.get("/bytes/" + i * 1000));
      }
      for (int i = 0; i < 90; i++) {
        assertThat(answers.get(i).await().bytes.size()).isEqualTo(i * 1000);
      }
      for (int i = 0; i < 300; i++) { // more than may be open at once
        assertThat(peer.get("/").await().status).isEqualTo("200");
      }
    }
    leavesNothing();
  }

  private void leavesNothing() throws Exception {
    Loopback.await("no exchange", () -> fairlead().dataPlane().exchangesInUse() == 0);
    Loopback.await(
        "no connection", () -> Loopback.listener(fairlead(), "web").state().connections() == 0);
  }

  /** A node that takes requests and says only what a test has it say. */
  private static final class SilentNode implements AutoCloseable {
    final ServerSocket socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    final BlockingQueue<Socket> taken = new LinkedBlockingQueue<>();

    SilentNode() throws IOException {
      Thread.ofVirtual()
          .start(() -> {
            try {
              while (true) {
                taken.add(socket.accept());
              }
            } catch (IOException e) {
              // Closed.
            }
          });
    }

    /** The next connection, of which the head of a request has been read. */
    Socket next() throws Exception {
      Socket next = taken.poll(20, TimeUnit.SECONDS);
      assertThat(next).isNotNull();
      next.setSoTimeout(20_000);
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        int b = next.getInputStream().read();
        assertThat(b).isNotNegative();
        head.append((char) b);
      }
      return next;
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"whole", "part", "answered"})
  void whoDoesNotWaitEndsTheExchangeAtOnce(String when) throws Exception {
    try (SilentNode silent = new SilentNode()) {
      start("", "", silent.socket.getLocalPort());
      try (Http3Peer peer = peer()) {
        Http3Peer.Answer answer = when.equals("part") ? peer.begin("POST", "/a") : peer.get("/a");
        if (when.equals("part")) {
          Http3Peer.send(answer, new byte[100]);
        }
        Socket at = silent.next();
        if (when.equals("answered")) {
          at.getOutputStream()
              .write(
                  "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\na"
                      .getBytes(StandardCharsets.US_ASCII));
          answer.head.get(20, TimeUnit.SECONDS);
        }
        assertThat(fairlead().dataPlane().exchangesInUse()).isEqualTo(1);
        if (!when.equals("part")) {
          Thread.sleep(300); // what watches has begun to
        }
        long began = System.nanoTime();
        Http3Peer.stream(answer).shutdown(0x10c);
        Loopback.await(
            "its end", Duration.ofSeconds(2), () -> fairlead().dataPlane().exchangesInUse() == 0);
        System.out.printf(
            "cancelled, %s: over in %d ms%n", when, (System.nanoTime() - began) / 1_000_000);
        int rest;
        do {
          rest = at.getInputStream().read();
        } while (rest >= 0);
        assertThat(peer.get("/b").stream).isNotNull(); // the connection goes on
        silent.next();
      }
    }
    leavesNothing();
  }

  @Test
  void aHeldAnswerComesAtLast() throws Exception {
    try (SilentNode silent = new SilentNode()) {
      start("", "", silent.socket.getLocalPort());
      try (Http3Peer peer = peer()) {
        Http3Peer.Answer answer = peer.get("/a");
        Socket at = silent.next();
        for (String part : List.of("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n", "a", "b", "c")) {
          Thread.sleep(250); // long enough to be watched in between
          at.getOutputStream().write(part.getBytes(StandardCharsets.US_ASCII));
        }
        assertThat(answer.await().body()).isEqualTo("abc");
      }
    }
    leavesNothing();
  }

  @Test
  void otherVersionsTellOfIt() throws Exception {
    start("", "", node.port());
    for (String version : List.of("--http1.1", "--http2")) {
      Tool.Said said =
          Tool.run(
              "",
              List.of(
                  "curl",
                  "-sS",
                  "-i",
                  version,
                  "--noproxy",
                  "*",
                  "--cacert",
                  certificates.ca().toString(),
                  "https://127.0.0.1:" + port + "/"));
      assertThat(said.output()).contains("alt-svc: h3=\":" + port + "\"; ma=60");
    }
  }

  @Test
  void listenersThatDrainSayGoodbye() throws Exception {
    try (SilentNode silent = new SilentNode()) {
      start("", "", silent.socket.getLocalPort());
      try (Http3Peer peer = peer()) {
        Http3Peer.Answer answer = peer.get("/a");
        Socket at = silent.next();
        CompletableFuture<Integer> drained =
            Loopback.listener(fairlead(), "web").drain(Duration.ofSeconds(20));
        assertThat(peer.goAway.get(20, TimeUnit.SECONDS)).isEqualTo((1L << 62) - 4);
        at.getOutputStream()
            .write(
                "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na"
                    .getBytes(StandardCharsets.US_ASCII));
        assertThat(answer.await().body()).isEqualTo("a");
        assertThat(peer.closeCode.get(20, TimeUnit.SECONDS)).isEqualTo(0x100);
        assertThat(drained.get(20, TimeUnit.SECONDS)).isEqualTo(0);
      }
    }
  }

  @Test
  void headsThatAreTooLargeAreAnswered() throws Exception {
    start("", "limits: { header-bytes: 4KiB, body-bytes: 10KiB }", node.port());
    try (Http3Peer peer = peer()) {
      assertThat(peer.get("/", "x-large", "a".repeat(5000)).await().status).isEqualTo("431");
      assertThat(peer.get("/", "x-large", "a".repeat(3000)).await().status).isEqualTo("200");
      Http3Peer.Answer body = peer.begin("POST", "/echo");
      Http3Peer.send(body, new byte[20_000]);
      assertThat(body.head.get(20, TimeUnit.SECONDS).status).isEqualTo("413");
      assertThat(peer.get("/").await().status).isEqualTo("200");
    }
    leavesNothing();
  }

  @ParameterizedTest
  @CsvSource({
    "connection, close",
    "transfer-encoding, chunked",
    "te, gzip",
    "content-length, 5",
    "host, other.test",
    "x-break, 'a\u0001b'"
  })
  void whatIsNoMessageIsRefused(String name, String value) throws Exception {
    start("", "", node.port());
    try (Http3Peer peer = peer()) {
      DefaultHttp3HeadersFrame frame = new DefaultHttp3HeadersFrame(new DefaultHttp3Headers(false));
      frame.headers().method("GET").path("/").scheme("https").authority("shop.test");
      frame.headers().add(name, value);
      Http3Peer.Answer answer = peer.begin(frame);
      Http3Peer.end(answer);
      assertThatThrownBy(answer::await).isNotNull();
      assertThat(answer.resetBy).isEqualTo(0x10e);
      assertThat(peer.get("/").await().status).isEqualTo("200");
    }
    assertThat(Loopback.listener(fairlead(), "web").state().errors().get(ErrorReason.BAD_REQUEST))
        .isEqualTo(1);
    leavesNothing();
  }

  /** A frame of data of which only a part comes is no body. */
  @Test
  void anEndInTheMiddleOfAFrameIsRefused() throws Exception {
    try (SilentNode silent = new SilentNode()) {
      start("", "", silent.socket.getLocalPort());
      try (Http3Peer peer = peer()) {
        Http3Peer.Answer answer = peer.begin("POST", "/a");
        silent.next();
        QuicStreamChannel stream = Http3Peer.stream(answer);
        ByteBuf broken = Unpooled.wrappedBuffer(new byte[] {0, 10, 'a', 'b'});
        stream
            .eventLoop()
            .submit(() ->
                stream
                    .pipeline()
                    .firstContext()
                    .writeAndFlush(new DefaultQuicStreamFrame(broken, true)))
            .get();
        assertThatThrownBy(answer::await).isNotNull();
        assertThat(answer.resetBy).isEqualTo(0x10e);
      }
    }
    leavesNothing();
  }

  /** The node takes nothing: what is on the way is bounded, and none of it is lost. */
  @Test
  void aSlowNodeSlowsItsClientDown() throws Exception {
    try (SilentNode silent = new SilentNode()) {
      start("", "limits: { body-bytes: 100MiB }", silent.socket.getLocalPort());
      try (Http3Peer peer = peer()) {
        Http3Peer.Answer answer = peer.begin("POST", "/a");
        Socket at = silent.next();
        int pieces = 300;
        for (int i = 0; i < pieces; i++) {
          Http3Peer.send(answer, new byte[100_000]);
        }
        Http3Peer.end(answer);
        Thread.sleep(500);
        assertThat(fairlead().dataPlane().bufferBytesInUse()).isLessThan(12_000_000);
        at.getOutputStream()
            .write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        long got = 0;
        byte[] buffer = new byte[65536];
        while (got < pieces * 100_000L) {
          int count = at.getInputStream().read(buffer);
          assertThat(count).isPositive();
          got += count;
        }
        at.getOutputStream()
            .write(
                "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na"
                    .getBytes(StandardCharsets.US_ASCII));
        assertThat(answer.await().body()).isEqualTo("a");
        assertThat(answer.informational).contains("100");
      }
    }
    leavesNothing();
  }

  /** What it does not take is not kept for it without a bound. */
  @Test
  void aSlowClientSlowsItsNodeDown() throws Exception {
    start("", "limits: { min-body-rate: 0 }", node.port());
    try (Http3Peer peer = peer()) {
      Http3Peer.Answer answer = peer.begin("GET", "/bytes/30000000");
      Http3Peer.stream(answer).config().setAutoRead(false);
      Http3Peer.end(answer);
      Thread.sleep(1000);
      assertThat(answer.bytes.size()).isLessThan(3_000_000);
      assertThat(fairlead().dataPlane().exchangesInUse()).isEqualTo(1);
      assertThat(fairlead().dataPlane().bufferBytesInUse()).isLessThan(4_000_000);
      Http3Peer.stream(answer).config().setAutoRead(true);
      assertThat(answer.await().bytes.size()).isEqualTo(30_000_000);
    }
    leavesNothing();
  }

  @Test
  void connectionsThatAreIdleEnd() throws Exception {
    start("", "limits: { idle-timeout: 1s }", node.port());
    try (Http3Peer peer = peer()) {
      assertThat(peer.get("/").await().status).isEqualTo("200");
      assertThat(peer.closeCode.get(5, TimeUnit.SECONDS)).isEqualTo(0x100);
    }
    leavesNothing();
  }

  /** Whether a client's second connection is spared the certificate. */
  @ParameterizedTest
  @CsvSource({"'', 1", "', tickets: off', 2"})
  void sessionsAreResumed(String tickets, int shown) throws Exception {
    start(tickets, "", node.port());
    AtomicInteger asked = new AtomicInteger();
    QuicSslContext context =
        QuicSslContextBuilder.forClient()
            .trustManager(new Counting(asked))
            .applicationProtocols("h3")
            .build();
    for (int i = 0; i < 2; i++) {
      try (Http3Peer peer = new Http3Peer(port, "shop.test", context)) {
        assertThat(peer.get("/").await().status).isEqualTo("200");
        assertThat(peer.get("/").await().status).isEqualTo("200");
      }
    }
    assertThat(asked.get()).isEqualTo(shown);
  }

  private static final class Counting extends X509ExtendedTrustManager {
    private final AtomicInteger asked;

    Counting(AtomicInteger asked) {
      this.asked = asked;
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {
      asked.incrementAndGet();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {
      asked.incrementAndGet();
    }

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {
      asked.incrementAndGet();
    }

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }

  @Test
  void aFloodOfResetsEnds() throws Exception {
    try (SilentNode silent = new SilentNode()) {
      start("", "", silent.socket.getLocalPort());
      try (Http3Peer peer = peer()) {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!peer.closeCode.isDone() && !peer.goAway.isDone() && System.nanoTime() < until) {
          peer.takeBack(50, 20); // once it is on its way
        }
        // On a machine so busy that fewer than 50 come in a second it is no flood, but an end all
        // the same.
        if (!peer.goAway.isDone() || peer.goAway.join() < 0) {
          assertThat(peer.closeCode.get(20, TimeUnit.SECONDS)).isEqualTo(0x107);
        }
      }
    }
    leavesNothing();
  }

  /** The library would keep their places, of which there are 100, as long as the connection is. */
  @Test
  void whoTakesManyRequestsBackBeforeTheyAreSentIsAskedForANewConnection() throws Exception {
    start("", "", node.port());
    try (Http3Peer peer = peer()) {
      for (int i = 0; i < 8; i++) {
        peer.takeBack(10, 0);
      }
      assertThat(peer.goAway.get(20, TimeUnit.SECONDS)).isNotNegative();
    }
    try (Http3Peer peer = peer()) {
      assertThat(peer.get("/").await().status).isEqualTo("200");
    }
    leavesNothing();
  }

  /** RFC 9220. */
  @Test
  void webSocketsGoThrough() throws Exception {
    try (ServerSocket at = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      start("", "", at.getLocalPort());
      try (Http3Peer peer = peer()) {
        DefaultHttp3HeadersFrame frame =
            new DefaultHttp3HeadersFrame(new DefaultHttp3Headers(false));
        frame.headers().method("CONNECT").path("/chat").scheme("https").authority("shop.test");
        frame.headers().add(":protocol", "websocket");
        frame.headers().add("sec-websocket-version", "13");
        Http3Peer.Answer answer = peer.begin(frame);
        try (WebSocketPeer node = WebSocketPeer.from(at)) {
          assertThat(answer.head.get(20, TimeUnit.SECONDS).status).isEqualTo("200");
          byte[] text = {(byte) 0x81, (byte) 0x81, 0, 0, 0, 0, 'x'}; // masked by nothing
          Http3Peer.send(answer, text);
          assertThat(node.next()).isEqualTo("text x");
          WebSocketPeer _ = node.text("y");
          Loopback.await("its answer", () -> answer.bytes.size() >= 3);
        }
      }
    }
    leavesNothing();
  }

  /** Fails without Chromium. */
  @Test
  void aBrowserComesByIt() throws Exception {
    start("", "limits: { body-bytes: 10MiB }", node.port());
    byte[] key =
        MessageDigest.getInstance("SHA-256")
            .digest(first.getCertificate().getPublicKey().getEncoded());
    try (Chromium chromium =
            new Chromium(
                "--enable-quic",
                "--origin-to-force-quic-on=127.0.0.1:" + port,
                "--ignore-certificate-errors-spki-list="
                    + Base64.getEncoder().encodeToString(key));
        Browser browser = new Browser(chromium)) {
      browser.open(URI.create("https://127.0.0.1:" + port + "/"));
      browser.await("document.body.textContent.includes('hello from a')");
      assertThat(
              browser
                  .evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol")
                  .asString())
          .isEqualTo("h3");
      browser.evaluate(
          """
          window.sizes = [];
          for (let i = 0; i < 20; i++) {
            fetch('/echo', { method: 'POST', body: 'x'.repeat(100000 + i) })
              .then((answer) => answer.json()).then((json) => sizes.push(json.body.length));
          }
          0
          """);
      browser.await("sizes.length === 20");
      assertThat(browser.evaluate("Math.min(...sizes)").asInt()).isEqualTo(100_000);
      assertThat(browser.evaluate("Math.max(...sizes)").asInt()).isEqualTo(100_019);
    }
  }

  private String yaml(String listener, int at) {
    return """
    admin: { bind: "127.0.0.1:0" }
    runtime: { event-loops: 2 }
    listeners:
      web:
        bind: "127.0.0.1:%d"
        tls: { certificates: [ { cert: "%s/first.pem", key: "%s/first.key" } ] }
        %s
        routes: [ { service: shop } ]
    services:
      shop: { nodes: ["127.0.0.1:%d"], health: none }
    """
        .formatted(at, folder, folder, listener, node.port());
  }

  private boolean isTold() throws Exception {
    return Tool.run(
            "",
            List.of(
                "curl",
                "-sS",
                "-i",
                "--noproxy",
                "*",
                "--cacert",
                certificates.ca().toString(),
                "https://127.0.0.1:" + port + "/"))
        .output()
        .contains("alt-svc: h3=");
  }

  @Test
  void itIsSwitchedOnAndOffWithoutARestart() throws Exception {
    port = FreePort.any();
    running = Loopback.start(yaml("", port));
    assertThat(isTold()).isFalse();
    assertThatThrownBy(this::peer).isNotNull();
    for (int i = 0; i < 2; i++) {
      reload(yaml("http3: {}", port));
      assertThat(isTold()).isTrue();
      try (Http3Peer peer = peer()) {
        assertThat(peer.get("/").await().status).isEqualTo("200");
        reload(yaml("http3: {}\n    limits: { streams: 50 }", port));
        assertThat(peer.get("/").await().status).isEqualTo("200"); // it goes on
        reload(yaml("", port));
        assertThat(isTold()).isFalse();
        assertThat(peer.closeCode.get(20, TimeUnit.SECONDS)).isEqualTo(0x100);
      }
    }
  }

  @Test
  void whoComesOrStaysWhileSocketsFromBeforeAreOpenIsAnswered() throws Exception {
    port = FreePort.any();
    running = Loopback.start(yaml("http3: {}", port));
    try (Http3Peer stays = peer()) {
      Http3Peer.Answer begun = stays.begin("POST", "/echo");
      Http3Peer.send(begun, "a".repeat(1000).getBytes(StandardCharsets.US_ASCII));
      reload(yaml("", port)); // nobody new is let in, whoever is in may stay for a while
      assertThat(isTold()).isFalse();
      reload(yaml("http3: {}", port));
      for (int i = 0; i < 16; i++) { // of four sockets, two are those from before
        try (Http3Peer peer = peer()) {
          assertThat(peer.get("/").await(5).status).isEqualTo("200");
        }
      }
      // What follows is dealt out among twice the sockets.
      Http3Peer.send(begun, "b".repeat(500).getBytes(StandardCharsets.US_ASCII));
      Http3Peer.end(begun);
      assertThat(begun.await().body()).contains("a".repeat(1000) + "b".repeat(500));
    }
  }

  private void reload(String yaml) throws Exception {
    assertThat(fairlead().apply(Loopback.read(yaml), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
  }

  @Test
  void aPortThatIsTakenIsRefused() throws Exception {
    int used = FreePort.any(); // that nobody else takes by TCP
    try (DatagramSocket _ = new DatagramSocket(used, InetAddress.getLoopbackAddress())) {
      assertThatThrownBy(() -> Loopback.start(yaml("http3: {}", used)))
          .hasMessageContaining("listeners.web.http3: cannot listen on 127.0.0.1:")
          .hasMessageContaining("by UDP");
    }
  }

  @Test
  void aClientHasToShowItsCertificate() throws Exception {
    certificates.make("client", "client.test");
    String asks =
        ", client-auth: require, client-ca: \""
            + certificates.ca()
            + "\""
            + ", forward-client-cert: details";
    start(asks, "", node.port());
    try (Http3Peer peer =
        new Http3Peer(
            port,
            certificates.ca(),
            "shop.test",
            tls ->
                tls.keyManager(
                    folder.resolve("client.key").toFile(),
                    null,
                    folder.resolve("client.pem").toFile()))) {
      assertThat(peer.get("/echo").await().body())
          .contains("x-forwarded-client-cert")
          .contains("client.test");
    }
    try (Http3Peer peer = peer()) {
      assertThatThrownBy(() -> peer.get("/").await()).isNotNull();
    } catch (Exception e) {
      // Refused while it shook hands.
    }
    leavesNothing();
  }

  /** A client whose address changes goes on, whatever socket of ours its datagrams come in by. */
  @Test
  void connectionsSurviveAChangeOfAddress() throws Exception {
    start("", "", node.port());
    try (UdpRelay relay = new UdpRelay(port);
        Http3Peer peer = new Http3Peer(relay.port(), certificates.ca())) {
      for (int i = 0; i < 4; i++) {
        assertThat(peer.get("/").await().status).isEqualTo("200");
        relay.change();
      }
    }
  }

  /** Another instance of the group turns out to name its connections alike. */
  @Test
  void whoIsInKeepsItsNameWhereNamesHaveToBeOthers() throws Exception {
    start("", "", node.port());
    QuicDoors doors = fairlead().dataPlane().quicDoors();
    Set<Integer> before = doors.tags();
    try (UdpRelay relay = new UdpRelay(port)) {
      try (Http3Peer first = new Http3Peer(relay.port(), certificates.ca())) {
        assertThat(first.get("/").await().status).isEqualTo("200");
        doors.follow(QuicMembers.NONE, Set.of());
        assertThat(doors.tags()).as("nobody else has them").isEqualTo(before);
        doors.follow(
            new QuicMembers(
                List.of(
                    new QuicMembers.Member(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 9), before)),
                Set.of()),
            before);
        assertThat(doors.tags()).hasSameSizeAs(before).doesNotContainAnyElementsOf(before);
        try (Http3Peer second = new Http3Peer(port, certificates.ca())) {
          for (int i = 0; i < 4; i++) {
            relay.change(); // so that names are changed, too, and found by whatever loop
            assertThat(first.get("/").await().status).isEqualTo("200");
            assertThat(second.get("/").await().status).isEqualTo("200");
          }
        }
      }
      leavesNothing(); // the relay has to pass on that the first is closed
    }
  }

  /** Passes datagrams on from an address that changes when it is told to. */
  private static final class UdpRelay implements AutoCloseable {
    private final DatagramSocket front = new DatagramSocket(0, InetAddress.getLoopbackAddress());
    private final int to;
    private volatile DatagramSocket back;
    private volatile int client;
    private volatile boolean closed;

    UdpRelay(int to) throws IOException {
      this.to = to;
      back = new DatagramSocket(0, InetAddress.getLoopbackAddress());
      Thread.ofVirtual().start(this::forth);
      answers(back);
    }

    int port() {
      return front.getLocalPort();
    }

    void change() throws IOException {
      DatagramSocket next = new DatagramSocket(0, InetAddress.getLoopbackAddress());
      back = next;
      answers(next);
    }

    private void forth() {
      byte[] bytes = new byte[2048];
      try {
        while (!closed) {
          DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
          front.receive(packet);
          client = packet.getPort();
          back.send(
              new DatagramPacket(bytes, packet.getLength(), InetAddress.getLoopbackAddress(), to));
        }
      } catch (IOException e) {
        // Closed.
      }
    }

    private void answers(DatagramSocket from) {
      Thread.ofVirtual()
          .start(() -> {
            byte[] bytes = new byte[2048];
            try (from) {
              while (!closed) {
                DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
                from.receive(packet);
                front.send(
                    new DatagramPacket(
                        bytes, packet.getLength(), InetAddress.getLoopbackAddress(), client));
              }
            } catch (IOException e) {
              // Closed.
            }
          });
    }

    @Override
    public void close() {
      closed = true;
      front.close();
      back.close();
    }
  }
}
