package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.demo.TestNode;
import io.fairlead.service.ServiceLoad;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordReader;
import io.fairlead.telemetry.RecordRings;
import io.fairlead.telemetry.RecordView;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.okhttp.OkHttpChannelBuilder;
import io.grpc.okhttp.OkHttpServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What records say of requests with more behind them: a wait, a hedge, handshakes, gRPC. */
@Timeout(60)
final class RecordPhasesTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  /** What a record says of how it went, in words. */
  private record Told(
      String route,
      String node,
      String method,
      String path,
      String protocol,
      int status,
      String error,
      int tries,
      long total,
      int queue,
      int connect,
      int tls,
      int firstByte,
      long in,
      long out,
      boolean secure,
      boolean reused,
      boolean hedged,
      boolean valuable) {}

  @TempDir private Path data;
  private final BlockingQueue<Socket> accepted = new LinkedBlockingQueue<>();
  private final List<ServerSocket> hands = new ArrayList<>();
  private TestNode node;
  private TlsNode secret;
  private Server grpc;
  private Fairlead fairlead;
  private RecordRings rings;
  private final List<RecordReader> readers = new ArrayList<>();

  @BeforeEach
  void start() throws Exception {
    TestCertificates certificates = new TestCertificates(data);
    certificates.make("front", "shop.test", "127.0.0.1");
    node = Loopback.node("a");
    secret = TlsNode.serving("b", certificates.make("node", "127.0.0.1"), TlsNode.Manner.PLAIN);
    HealthStatusManager health = new HealthStatusManager();
    health.setStatus("shop.Orders", ServingStatus.SERVING);
    grpc =
        OkHttpServerBuilder.forPort(
                new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                InsecureServerCredentials.create())
            .addService(health.getHealthService())
            .build()
            .start();
    fairlead =
        Loopback.start(
            """
            admin: { bind: "127.0.0.1:0" }
            data: %s
            runtime: { event-loops: 2 }
            logs: { ring: 4MiB }
            listeners:
              web:
                bind: "127.0.0.1:0"
                routes:
                  - { name: queue, match: { path: "/queue/*" }, service: narrow }
                  - name: hedge
                    match: { path: /hedge }
                    service: pair
                    retry: { attempts: 1, hedge: { after: 30ms, budget: 100%% } }
                  - { name: secret, match: { path: "/secret/*" }, service: secret }
                  - { name: calls, match: { path: "/grpc.health.v1.Health/*" }, service: calls }
              secure:
                bind: "127.0.0.1:0"
                tls: { certificates: [ { cert: "%s", key: "%s" } ] }
                routes: [ { name: all, service: shop } ]
            services:
              shop: { nodes: "127.0.0.1:%d", health: none }
              narrow:
                nodes: "127.0.0.1:%d"
                health: none
                limits: { requests: 1, queue: 3, queue-timeout: 20s }
              pair: { nodes: ["127.0.0.1:%d", "127.0.0.1:%d"], health: none }
              secret: { nodes: "127.0.0.1:%d", health: none, tls: { ca: "%s" } }
              calls: { nodes: "127.0.0.1:%d", health: none, protocol: h2 }
            """
                .formatted(
                    data,
                    data.resolve("front.pem"),
                    data.resolve("front.key"),
                    node.port(),
                    hand(),
                    hand(),
                    hand(),
                    secret.port(),
                    certificates.ca(),
                    grpc.getPort()));
    rings = fairlead.openRecords();
    for (int loop = 0; loop < rings.loops(); loop++) {
      readers.add(rings.reader(loop));
    }
  }

  /** A node whose connections a test gets, to answer as it likes. */
  private int hand() throws IOException {
    ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    hands.add(server);
    Thread.ofVirtual()
        .start(() -> {
          try {
            while (true) {
              accepted.add(server.accept());
            }
          } catch (IOException e) {
            // Closed.
          }
        });
    return server.getLocalPort();
  }

  @AfterEach
  void stop() throws Exception {
    assertThat(all()).as("records that no test asked for").isEmpty();
    fairlead.close();
    rings.close();
    node.close();
    secret.close();
    grpc.shutdownNow();
    for (ServerSocket hand : hands) {
      hand.close();
    }
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

  /** So many records, as soon as there are; in the order of the paths. */
  private List<Told> told(int count) throws InterruptedException {
    List<Told> all = new ArrayList<>();
    Loopback.await(
        count + " records",
        () -> {
          all.addAll(all());
          return all.size() >= count;
        });
    assertThat(all).hasSize(count);
    all.sort((a, b) -> a.path.compareTo(b.path));
    return all;
  }

  private Told told(RecordView record) {
    return new Told(
        name(record.route()),
        name(record.node()),
        record.method() == 0 ? record.text(Text.METHOD) : RecordLayout.method(record.method()),
        record.text(Text.PATH),
        RecordLayout.protocol(record.protocol()),
        record.status(),
        record.error() == 0 ? "" : Objects.requireNonNull(rings.names().error(record.error())),
        record.tries(),
        record.totalMicros(),
        record.queueMicros(),
        record.connectMicros(),
        record.tlsMicros(),
        record.firstByteMicros(),
        record.bytesIn(),
        record.bytesOut(),
        record.has(RecordLayout.TLS),
        record.has(RecordLayout.REUSED),
        record.has(RecordLayout.HEDGED),
        record.has(RecordLayout.VALUABLE));
  }

  private String name(int number) {
    String text = rings.names().text(number);
    return text == null ? "-" : text;
  }

  private Client client() throws IOException {
    return new Client(Loopback.port(fairlead, "web"));
  }

  private static void answer(Socket socket) throws IOException {
    socket.getOutputStream().write(OK.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** Reads until the head that must be there has come. */
  private Socket asked() throws Exception {
    Socket socket = accepted.take();
    assertThat(TlsNode.head(socket.getInputStream())).isNotEmpty();
    return socket;
  }

  @Test
  void aRequestThatWaited() throws Exception {
    ServiceLoad load =
        Objects.requireNonNull(fairlead.state().services().get("narrow")).service().load();
    try (Client first = client();
        Client second = client()) {
      first.send("GET /queue/1 HTTP/1.1\r\nHost: a\r\n\r\n");
      try (Socket served = asked()) {
        second.send("GET /queue/2 HTTP/1.1\r\nHost: a\r\n\r\n");
        Loopback.await("it waits", () -> load.waiting().get() == 1);
        answer(served);
        assertThat(first.reply().body()).isEqualTo("ok");
        // The second comes on the same connection, or on one of its own loop.
        Socket next = second(served);
        answer(next);
        assertThat(second.reply().body()).isEqualTo("ok");
        next.close();
      }
    }
    List<Told> told = told(2);
    assertThat(told.get(0).queue).as("had room at once").isEqualTo(RecordLayout.NONE);
    Told waited = told.get(1);
    assertThat(waited.path).isEqualTo("/queue/2");
    assertThat(waited.queue).isPositive();
    assertThat(waited.total).isGreaterThanOrEqualTo((long) waited.queue + waited.firstByte);
    assertThat(waited.tries).isEqualTo(1);
    assertThat(waited.error).isEmpty();
  }

  /** The connection that the next request comes on. */
  private Socket second(Socket served) throws Exception {
    Thread.ofVirtual()
        .start(() -> {
          try {
            if (!TlsNode.head(served.getInputStream()).isEmpty()) {
              accepted.add(served);
            }
          } catch (IOException e) {
            // It comes on another one.
          }
        });
    Socket next = accepted.take();
    if (!next.equals(served)) {
      assertThat(TlsNode.head(next.getInputStream())).isNotEmpty();
    }
    return next;
  }

  @Test
  void aRequestThatWasHedged() throws Exception {
    try (Client client = client()) {
      client.send("GET /hedge HTTP/1.1\r\nHost: a\r\n\r\n");
      try (Socket _ = asked();
          Socket quick = asked()) {
        answer(quick);
        assertThat(client.reply().body()).isEqualTo("ok");
        Told told = told(1).getFirst();
        assertThat(told.hedged).isTrue();
        assertThat(told.tries).isEqualTo(2);
        assertThat(told.node).as("who answered").endsWith(":" + quick.getLocalPort());
        assertThat(told.status).isEqualTo(200);
        assertThat(told.valuable).isTrue();
        assertThat(told.total).isGreaterThanOrEqualTo(29_000);
        assertThat(told.connect).isNotNegative();
      }
    }
  }

  @Test
  void aClientThatSpeaksTls() throws Exception {
    Tool.Said said =
        Tool.run(
            "",
            List.of(
                "curl",
                "-sS",
                "--noproxy",
                "*",
                "--http1.1",
                "--cacert",
                data.resolve("ca.pem").toString(),
                "https://127.0.0.1:" + Loopback.port(fairlead, "secure") + "/front"));
    assertThat(said.status()).as(said.output()).isZero();
    Told told = told(1).getFirst();
    assertThat(told.secure).isTrue();
    assertThat(told.protocol).isEqualTo("http/1.1");
    assertThat(told.status).isEqualTo(200);
    assertThat(told.tls).as("the node speaks none").isEqualTo(RecordLayout.NONE);
  }

  @Test
  void aNodeThatSpeaksTls() throws Exception {
    try (Client client = client()) {
      assertThat(client.get("/secret/1").status()).isEqualTo(200);
      assertThat(client.get("/secret/2").status()).isEqualTo(200);
    }
    List<Told> told = told(2);
    Told first = told.get(0);
    assertThat(first.secure).as("the client does not").isFalse();
    assertThat(first.connect).isNotNegative();
    assertThat(first.tls).as("a handshake").isPositive();
    assertThat(first.total)
        .isGreaterThanOrEqualTo((long) first.connect + first.tls + first.firstByte);
    Told second = told.get(1);
    assertThat(second.reused).isTrue();
    assertThat(second.connect).isEqualTo(RecordLayout.NONE);
    assertThat(second.tls).isEqualTo(RecordLayout.NONE);
  }

  @Test
  void aCallOfGrpc() throws Exception {
    ManagedChannel channel =
        OkHttpChannelBuilder.forAddress("127.0.0.1", Loopback.port(fairlead, "web"))
            .usePlaintext()
            .build();
    try {
      assertThat(
              HealthGrpc.newBlockingStub(channel)
                  .check(HealthCheckRequest.newBuilder().setService("shop.Orders").build())
                  .getStatus())
          .isEqualTo(ServingStatus.SERVING);
      Told told = told(1).getFirst();
      assertThat(told.route).isEqualTo("calls");
      assertThat(told.protocol).isEqualTo("grpc");
      assertThat(told.method).isEqualTo("POST");
      assertThat(told.path).isEqualTo("/grpc.health.v1.Health/Check");
      assertThat(told.status).isEqualTo(200);
      assertThat(told.error).isEmpty();
      assertThat(told.in).as("5 bytes in front, 2 of a field, its value").isEqualTo(5 + 2 + 11);
      assertThat(told.out).as("5 bytes in front, a number").isEqualTo(5 + 2);
      assertThat(told.tries).isEqualTo(1);
      assertThat(told.valuable).isFalse();
    } finally {
      channel.shutdownNow();
    }
  }

  /** A name in capitals is none in HTTP/2; all else about it is sound. */
  @Test
  void aMalformedRequestOfHttp2() throws Exception {
    byte[] fields = {
      (byte) 0x82,
      (byte) 0x86, // GET, http
      0x04,
      4,
      '/',
      'b',
      'a',
      'd', // :path
      0x01,
      1,
      'a', // :authority
      0x00,
      1,
      'X',
      1,
      'y' // X: y
    };
    try (Socket socket =
        new Socket(InetAddress.getLoopbackAddress(), Loopback.port(fairlead, "web"))) {
      socket.getOutputStream().write(http2(fields));
      Told told = told(1).getFirst();
      assertThat(told.protocol).isEqualTo("h2");
      assertThat(told.method).isEqualTo("GET");
      assertThat(told.status).isEqualTo(400);
      assertThat(told.error).isEqualTo("bad-request");
      assertThat(told.tries).isZero();
      assertThat(told.valuable).isFalse();
    }
  }

  /** The preface, empty settings, and one request with these fields. */
  private static byte[] http2(byte[] fields) {
    byte[] preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1);
    byte[] settings = {0, 0, 0, 4, 0, 0, 0, 0, 0};
    byte[] head = {0, 0, (byte) fields.length, 1, 0x5, 0, 0, 0, 1}; // the end of both
    byte[] all = new byte[preface.length + settings.length + head.length + fields.length];
    int at = 0;
    for (byte[] part : List.of(preface, settings, head, fields)) {
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }
}
