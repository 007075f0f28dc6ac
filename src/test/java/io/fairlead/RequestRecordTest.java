package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.Networks;
import io.fairlead.demo.TestNode;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordReader;
import io.fairlead.telemetry.RecordRings;
import io.fairlead.telemetry.RecordView;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Each request and each session, however it ends, leaves one record that says how it was. */
@Timeout(60)
final class RequestRecordTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";

  /** What a record says, in words. */
  private record Told(
      int type,
      String id,
      String names,
      String client,
      String method,
      String host,
      String path,
      String protocol,
      int status,
      String error,
      long in,
      long out,
      int tries,
      String agent,
      String trace,
      String foreignId,
      long start,
      long total,
      int connect,
      int firstByte,
      boolean tls,
      boolean reused,
      boolean valuable) {}

  @TempDir private Path data;
  private DatagramSocket echo;
  private ServerSocket silent;
  private ServerSocket raw;
  private TestNode node;
  private Fairlead fairlead;
  private RecordRings rings;
  private final List<RecordReader> readers = new ArrayList<>();

  @BeforeEach
  void start() throws Exception {
    node = Loopback.node("a");
    echo = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    echo();
    silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    raw = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    fairlead =
        Loopback.start(
            """
            admin: { bind: "127.0.0.1:0" }
            data: %s
            runtime: { event-loops: 2 }
            logs: { ring: 4MiB, mask: { query: [token] } }
            listeners:
              web:
                bind: "127.0.0.1:0"
                forwarded: { trust: ["127.0.0.9/32"] }
                routes:
                  - { name: gone, match: { path: /gone }, service: gone, timeout: 5s }
                  - { name: silent, match: { path: /silent }, service: silent, timeout: 300ms }
                  - { name: ws, match: { path: /ws }, service: raw }
                  - { name: moved, match: { path: /moved }, redirect: { to: "https://other/" } }
                  - { name: all, match: { host: shop.test }, service: shop }
              tcp: { bind: "127.0.0.1:0", protocol: tcp, routes: [ { service: shop } ] }
              tls: { bind: "127.0.0.1:0", protocol: tls-passthrough,
                     routes: [ { match: { host: a.test }, service: shop } ] }
              udp: { bind: "127.0.0.1:0", protocol: udp, udp: { responses: 1 },
                     routes: [ { service: datagrams } ] }
            services:
              shop: { nodes: "127.0.0.1:%d", health: none }
              silent: { nodes: "127.0.0.1:%d", health: none }
              raw: { nodes: "127.0.0.1:%d", health: none }
              gone: { nodes: ["127.0.0.1:1", "127.0.0.2:1"], health: none }
              datagrams: { nodes: "127.0.0.1:%d", health: none }
            """
                .formatted(
                    data,
                    node.port(),
                    silent.getLocalPort(),
                    raw.getLocalPort(),
                    echo.getLocalPort()));
    rings = fairlead.openRecords();
    for (int loop = 0; loop < rings.loops(); loop++) {
      readers.add(rings.reader(loop));
    }
  }

  private void echo() {
    Thread.ofVirtual()
        .start(() -> {
          try {
            while (true) {
              DatagramPacket packet = new DatagramPacket(new byte[100], 100);
              echo.receive(packet);
              echo.send(new DatagramPacket(packet.getData(), 3, packet.getSocketAddress()));
            }
          } catch (IOException e) {
            // Closed.
          }
        });
  }

  @AfterEach
  void stop() throws Exception {
    assertThat(all()).as("records that no test asked for").isEmpty();
    fairlead.close();
    rings.close();
    node.close();
    silent.close();
    raw.close();
    echo.close();
    assertThat(RecordRings.left(data)).isEmpty();
  }

  private int port() {
    return Loopback.port(fairlead, "web");
  }

  private List<Told> all() {
    List<Told> all = new ArrayList<>();
    for (RecordReader reader : readers) {
      while (reader.next()) {
        all.add(told(reader.record()));
        reader.saved(reader.place());
      }
    }
    return all;
  }

  /** The one record that there is, or soon will be. */
  private Told one() throws InterruptedException {
    List<Told> all = new ArrayList<>();
    Loopback.await(
        "a record",
        () -> {
          all.addAll(all());
          return !all.isEmpty();
        });
    assertThat(all).hasSize(1);
    return all.getFirst();
  }

  private Told told(RecordView record) {
    return new Told(
        record.type(),
        record.id(),
        name(record.listener())
            + " "
            + name(record.route())
            + " "
            + name(record.service())
            + " "
            + name(record.node()),
        client(record),
        record.method() == 0 ? record.text(Text.METHOD) : RecordLayout.method(record.method()),
        record.text(Text.HOST),
        record.text(Text.PATH),
        RecordLayout.protocol(record.protocol()),
        record.status(),
        record.error() == 0 ? "" : Objects.requireNonNull(rings.names().error(record.error())),
        record.bytesIn(),
        record.bytesOut(),
        record.tries(),
        record.text(Text.USER_AGENT),
        record.text(Text.TRACE_ID),
        record.text(Text.REQUEST_ID),
        record.startMicros(),
        record.totalMicros(),
        record.connectMicros(),
        record.firstByteMicros(),
        record.has(RecordLayout.TLS),
        record.has(RecordLayout.REUSED),
        record.has(RecordLayout.VALUABLE));
  }

  private String name(int number) {
    String text = rings.names().text(number);
    return text == null ? "-" : text;
  }

  private static String client(RecordView record) {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    boolean ours =
        record.clientHigh() == Networks.high(loopback)
            && record.clientLow() == Networks.low(loopback);
    return (ours ? "loopback" : Long.toHexString(record.clientLow())) + ":" + record.clientPort();
  }

  private String nodeName() {
    return "127.0.0.1:" + node.port();
  }

  /** Sends it, reads until the connection ends and tells from which port that was. */
  private int ask(String request) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port())) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      socket.getInputStream().readAllBytes();
      return socket.getLocalPort();
    }
  }

  @Test
  void aRequestWithAll() throws Exception {
    long before = System.currentTimeMillis() * 1000;
    int from =
        ask(
            "POST /a/b?x=1&token=abc HTTP/1.1\r\nHost: Shop.test\r\nUser-Agent: tester/1\r\n"
                + "X-Request-Id: mine\r\ntraceparent: 00-"
                + TRACE
                + "-b7ad6b7169203331-01\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
    long after = System.currentTimeMillis() * 1000 + 1_000;
    Told told = one();
    assertThat(told.type).isEqualTo(RecordLayout.HTTP);
    assertThat(told.names).isEqualTo("web all shop " + nodeName());
    assertThat(told.client).isEqualTo("loopback:" + from);
    assertThat(told.method).isEqualTo("POST");
    assertThat(told.host).isEqualTo("shop.test");
    assertThat(told.path).isEqualTo("/a/b?x=1&token=***");
    assertThat(told.protocol).isEqualTo("http/1.1");
    assertThat(told.status).isEqualTo(200);
    assertThat(told.error).isEmpty();
    assertThat(told.in).isEqualTo(5);
    assertThat(told.out).isPositive();
    assertThat(told.tries).isEqualTo(1);
    assertThat(told.agent).isEqualTo("tester/1");
    assertThat(told.trace).isEqualTo(TRACE);
    assertThat(told.foreignId).as("of somebody whom nobody trusts").isEmpty();
    assertThat(told.start).isBetween(before - 20_000, after);
    assertThat(told.total).isBetween((long) told.connect + told.firstByte, after - before);
    assertThat(told.connect).isNotNegative();
    assertThat(told.firstByte).isPositive();
    assertThat(told.reused).isFalse();
    assertThat(told.valuable).isFalse();
  }

  @Test
  void theIdIsWhatTheClientIsTold() throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      for (Version version : Version.values()) {
        if (version == Version.HTTP_1_1 || version == Version.HTTP_2) {
          HttpResponse<String> answer =
              client.send(
                  HttpRequest.newBuilder(URI.create("http://localhost:" + port() + "/gone/x"))
                      .version(Version.HTTP_1_1)
                      .build(),
                  BodyHandlers.ofString());
          Told told = one();
          assertThat(answer.headers().firstValue("x-request-id")).hasValue(told.id);
        }
      }
    }
  }

  @Test
  void anErrorAfterTwoTries() throws Exception {
    ask("GET /gone HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    Told told = one();
    assertThat(told.names).startsWith("web gone gone 127.0.0.");
    assertThat(told.status).isEqualTo(503);
    assertThat(told.error).isEqualTo("connect-failed");
    assertThat(told.tries).isGreaterThan(1);
    assertThat(told.connect).isEqualTo(RecordLayout.NONE);
    assertThat(told.firstByte).isEqualTo(RecordLayout.NONE);
    assertThat(told.valuable).isTrue();
  }

  @Test
  void aNodeThatSaysNothing() throws Exception {
    ask("GET /silent HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    Told told = one();
    assertThat(told.status).isEqualTo(504);
    assertThat(told.error).isEqualTo("upstream-timeout");
    assertThat(told.total).isBetween(290_000L, 5_000_000L);
    assertThat(told.connect).isBetween(0, 290_000);
  }

  @Test
  void whatFairleadAnswersItself() throws Exception {
    ask("GET /moved HTTP/1.0\r\nHost: a\r\n\r\n");
    Told told = one();
    assertThat(told.names).isEqualTo("web moved - -");
    assertThat(told.protocol).isEqualTo("http/1.0");
    assertThat(told.status).isEqualTo(307);
    assertThat(told.error).isEmpty();
    assertThat(told.tries).isZero();
  }

  @Test
  void whatNobodyWants() throws Exception {
    ask("BREW /pot?token=a HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n");
    Told told = one();
    assertThat(told.names).isEqualTo("web - - -");
    assertThat(told.method).isEqualTo("BREW");
    assertThat(told.path).isEqualTo("/pot?token=***");
    assertThat(told.status).isEqualTo(404);
    assertThat(told.error).isEqualTo("no-route");
    assertThat(told.valuable).as("floods are made of these").isFalse();
  }

  @Test
  void aBadRequest() throws Exception {
    ask("GET /x?token=secret HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n");
    Told told = one();
    assertThat(told.names).isEqualTo("web - - -");
    assertThat(told.status).isEqualTo(400);
    assertThat(told.error).isEqualTo("bad-request");
    assertThat(told.path).isEqualTo("/x?token=***");
    ask("nonsense\r\n\r\n");
    assertThat(one().status).isEqualTo(400);
  }

  @Test
  void aClientThatGoesAway() throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port())) {
      socket
          .getOutputStream()
          .write("GET /ws HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
      raw.accept();
      socket.setSoLinger(true, 0);
    }
    Told told = one();
    assertThat(told.status).isEqualTo(499);
    assertThat(told.error).isEqualTo("client-gone");
    assertThat(told.valuable).isTrue();
  }

  @Test
  void aConnectionThatSaysNothingIsNoRequest() throws Exception {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port())) {
      socket.getOutputStream().write("GET /".getBytes(StandardCharsets.ISO_8859_1));
    }
    ask("GET /moved HTTP/1.0\r\nHost: a\r\n\r\n");
    assertThat(one().path).isEqualTo("/moved");
  }

  @Test
  void requestsOnOneConnection() throws Exception {
    ask(
        """
        GET /1 HTTP/1.1\r
        Host: shop.test\r
        \r
        GET /2 HTTP/1.1\r
        Host: shop.test\r
        Connection: close\r
        \r
        """);
    List<Told> told = all();
    assertThat(told).extracting(Told::path).containsExactly("/1", "/2");
    assertThat(told).extracting(Told::reused).containsExactly(false, true);
    assertThat(told.get(1).connect).isEqualTo(RecordLayout.NONE);
    assertThat(told.get(0).id).isLessThan(told.get(1).id);
  }

  private void curlByHttp2(String path, String... options) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("curl", "-sS", "--noproxy", "*", "--http2-prior-knowledge"));
    command.addAll(List.of(options));
    command.add("http://127.0.0.1:" + port() + path);
    Tool.Said said = Tool.run("", command);
    assertThat(said.status()).as(said.output()).isZero();
  }

  @Test
  void overHttp2() throws Exception {
    curlByHttp2("/h2?a", "-H", "Host: shop.test", "-A", "c");
    Told told = one();
    assertThat(told.protocol).isEqualTo("h2");
    assertThat(told.path).isEqualTo("/h2?a");
    assertThat(told.host).isEqualTo("shop.test");
    assertThat(told.agent).isEqualTo("c");
    assertThat(told.status).isEqualTo(200);
  }

  @Test
  void gRpc() throws Exception {
    // Without a body: to one that it still sends when the answer comes, curl says that the stream
    // broke.
    curlByHttp2("/shop.Orders/List", "-H", "Content-Type: application/grpc", "-X", "POST");
    Told told = one();
    assertThat(told.protocol).isEqualTo("grpc");
    assertThat(told.method).isEqualTo("POST");
    assertThat(told.error).isEqualTo("no-route");
    assertThat(told.status).as("gRPC says it in a field").isEqualTo(200);
  }

  /** What a trusted proxy says of the client and of the request is believed. */
  @Test
  void behindATrustedProxy() throws Exception {
    try (Socket socket = new Socket()) {
      socket.bind(new InetSocketAddress("127.0.0.9", 0));
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port()));
      socket
          .getOutputStream()
          .write(
              """
              GET /moved HTTP/1.0\r
              Host: a\r
              X-Forwarded-For: 192.0.2.7\r
              X-Request-Id: theirs\r
              \r
              """
                  .getBytes(StandardCharsets.ISO_8859_1));
      assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1))
          .contains("x-request-id: theirs");
    }
    Told told = one();
    assertThat(told.client).as("nobody knows its port").isEqualTo("ffffc0000207:0");
    assertThat(told.foreignId).isEqualTo("theirs");
  }

  @Test
  void aClientIsMaskedFromTheReloadOn() throws Exception {
    String masked = fairlead.state().text().replace("query: [token]", "client: \"/8\", query: []");
    assertThat(fairlead.apply(Loopback.read(masked), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
    ask("GET /moved?token=a HTTP/1.0\r\nHost: a\r\n\r\n");
    Told told = one();
    assertThat(told.client).isEqualTo("ffff7f000000:0");
    assertThat(told.path).isEqualTo("/moved?token=a");
  }

  @Test
  void aConnectionWithoutAClientHello() throws Exception {
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), Loopback.port(fairlead, "tls"))) {
      socket.getOutputStream().write("nonsense".getBytes(StandardCharsets.ISO_8859_1));
      assertThat(socket.getInputStream().read()).isNegative();
    }
    Told told = one();
    assertThat(told.type).isEqualTo(RecordLayout.STREAM);
    assertThat(told.protocol).isEqualTo("tls");
    assertThat(told.names).isEqualTo("tls - - -");
    assertThat(told.error).isEqualTo("bad-client-hello");
    assertThat(told.tries).isZero();
  }

  /** At its end, with all that went through. */
  @Test
  void aWebSocket() throws Exception {
    WebSocketPeer client = WebSocketPeer.asking(port(), "/ws");
    try (client;
        WebSocketPeer _ = WebSocketPeer.from(raw)) {
      client.opened();
      assertThat(all()).as("it goes on").isEmpty();
    }
    Told told = one();
    assertThat(told.protocol).isEqualTo("websocket");
    assertThat(told.status).isEqualTo(101);
    assertThat(told.names).isEqualTo("web ws raw 127.0.0.1:" + raw.getLocalPort());
  }

  @Test
  void aConnectionThatIsRelayed() throws Exception {
    int from;
    byte[] answer;
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), Loopback.port(fairlead, "tcp"))) {
      from = socket.getLocalPort();
      socket
          .getOutputStream()
          .write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
      answer = socket.getInputStream().readAllBytes();
    }
    Told told = one();
    assertThat(told.type).isEqualTo(RecordLayout.STREAM);
    assertThat(told.protocol).isEqualTo("tcp");
    assertThat(told.names).isEqualTo("tcp tcp-1 shop " + nodeName());
    assertThat(told.client).isEqualTo("loopback:" + from);
    assertThat(told.in).isEqualTo(18);
    assertThat(told.out).isEqualTo(answer.length);
    assertThat(told.tries).isEqualTo(1);
    assertThat(told.connect).isNotNegative();
    assertThat(told.error).isEmpty();
    assertThat(told.valuable).isTrue();
  }

  @Test
  void aSessionOfDatagrams() throws Exception {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.send(
          new DatagramPacket(
              new byte[7],
              7,
              InetAddress.getLoopbackAddress(),
              Loopback.listener(fairlead, "udp").boundAddresses().getFirst().getPort()));
      socket.receive(new DatagramPacket(new byte[100], 100));
    }
    Told told = one();
    assertThat(told.type).isEqualTo(RecordLayout.DATAGRAMS);
    assertThat(told.protocol).isEqualTo("udp");
    assertThat(told.names).startsWith("udp udp-1 datagrams 127.0.0.1:");
    assertThat(told.in).isEqualTo(7);
    assertThat(told.out).isEqualTo(3);
    assertThat(told.total).isBetween(1L, 10_000_000L);
    assertThat(told.valuable).isFalse();
  }

  /** What is said of a body by its length is what is counted. */
  @Test
  void aBodyInChunks() throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpResponse<byte[]> answer =
          client.send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + "/nobody"))
                  .version(Version.HTTP_1_1)
                  .POST(BodyPublishers.ofByteArrays(List.of(new byte[10], new byte[20])))
                  .build(),
              BodyHandlers.ofByteArray());
      Told told = one();
      assertThat(told.out).isEqualTo(answer.body().length);
    }
  }

  @Test
  void nothingIsRecordedAnyMore() throws Exception {
    String off = fairlead.state().text().replace("ring: 4MiB", "enabled: false, ring: 4MiB");
    assertThat(fairlead.apply(Loopback.read(off), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
    ask("GET /moved HTTP/1.0\r\nHost: a\r\n\r\n");
    assertThat(fairlead.apply(Loopback.read(off.replace("enabled: false, ", "")), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
    ask("GET /moved?on HTTP/1.0\r\nHost: a\r\n\r\n");
    assertThat(one().path).isEqualTo("/moved?on");
  }
}
