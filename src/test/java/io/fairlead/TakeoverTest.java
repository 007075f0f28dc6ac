package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.Loopback.Client;
import io.fairlead.Loopback.Reply;
import io.fairlead.TakeoverLoad.EchoNode;
import io.fairlead.TakeoverLoad.Echoed;
import io.fairlead.demo.TestNode;
import io.fairlead.takeover.TakeoverCall;
import io.fairlead.takeover.TakeoverException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Processes that replace each other: under load of every kind, and with one of the two failing.
 * {@code fairlead.takeover.rounds} says how often, once if nothing does.
 */
@Timeout(600)
class TakeoverTest {
  private static final int ROUNDS = Integer.getInteger("fairlead.takeover.rounds", 1);
  private static final int DOWNLOAD = 4_000_000;

  @TempDir Path folder;

  private final List<Process> started = new ArrayList<>();
  private TestNode node;
  private EchoNode echo;
  private ServerSocket held;
  private int admin;
  private int web;

  private record Run(Process process, Path output) {
    String text() throws IOException {
      return Files.readString(output);
    }

    String awaits(String pattern) throws Exception {
      String[] found = {""};
      Loopback.await(
          pattern,
          Duration.ofSeconds(30),
          () -> {
            try {
              Matcher matcher = Pattern.compile(pattern).matcher(text());
              boolean there = matcher.find();
              found[0] = there ? matcher.group() : "";
              return there || !process.isAlive();
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          });
      assertThat(found[0]).as(text()).isNotEmpty();
      return found[0];
    }

    int exit() throws Exception {
      assertThat(process.waitFor(45, TimeUnit.SECONDS)).as(text()).isTrue();
      return process.exitValue();
    }
  }

  @BeforeEach
  void start() throws IOException {
    node = Loopback.node("a");
    echo = new EchoNode();
    held = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
    admin = FreePort.any();
    web = FreePort.any();
    new TestCertificates(folder).make("web", "127.0.0.1");
  }

  private SSLContext trusting() throws Exception {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null);
    store.setCertificateEntry("ca", TestCertificates.issuer().getCertificate());
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  @AfterEach
  void end() throws Exception {
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
    node.close();
    echo.close();
    held.close();
  }

  private String yaml() {
    return """
    admin: { bind: "127.0.0.1:%1$d" }
    data: data
    runtime: { event-loops: 2 }
    listeners:
      web:
        bind: "127.0.0.1:%2$d"
        limits: { min-body-rate: 0 } # a download is not read while the processes change
        routes:
          - { match: { path: /ws }, service: echo }
          - { match: { path: /brief }, service: echo, websocket: { drain-grace: 1s } }
          - { service: shop }
      tls:
        bind: "127.0.0.1:0"
        tls:
          certificates: [ { cert: "%5$s/web.pem", key: "%5$s/web.key" } ]
          handshake-timeout: 60s # one begins when the next process is there
        http3: {}
        routes:
          - { match: { path: /held }, service: held }
          - { service: shop }
      any: { bind: "127.0.0.1:0", routes: { service: shop } }
      tcp: { protocol: tcp, bind: "127.0.0.1:0", service: relayed }
      raw: { protocol: tcp, bind: "127.0.0.1:0", service: echo }
      udp: { protocol: udp, bind: "127.0.0.1:0", service: echo, udp: { responses: 1 } }
    services:
      shop: { nodes: [ "127.0.0.1:%3$d", "127.0.0.1:1" ], health: { tcp: true, interval: 1s } }
      relayed: { nodes: "127.0.0.1:%3$d" }
      echo: { nodes: "127.0.0.1:%4$d", health: none }
      held: { nodes: "127.0.0.1:%6$d", health: none }
    """
        .formatted(admin, web, node.port(), echo.port(), folder, held.getLocalPort());
  }

  private Path config(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private Run run(String... arguments) throws IOException {
    Path output = folder.resolve("output-" + started.size());
    Process process = FairleadProcess.run(output, arguments);
    started.add(process);
    return new Run(process, output);
  }

  /** The port that it gets by TCP may be somebody else's by UDP, which HTTP/3 needs as well. */
  private Run first() throws Exception {
    String config = config("fairlead.yaml", yaml()).toString();
    while (true) {
      Run run = run("-c", config);
      try {
        run.awaits("dashboard and API: .*");
        return run;
      } catch (AssertionError e) {
        if (!run.text().contains(" by UDP: bind(..) failed with error(-98)")) {
          throw e;
        }
      }
    }
  }

  private Run successor() throws Exception {
    Run run = run("--takeover", "-c", folder.resolve("fairlead.yaml").toString());
    run.awaits("dashboard and API: .*");
    assertThat(run.text()).contains("took over from process");
    return run;
  }

  private static int port(Run run, String listener) throws Exception {
    String line = run.awaits("listener " + listener + " serves on 127.0.0.1:\\d+");
    return Integer.parseInt(line.substring(line.lastIndexOf(':') + 1));
  }

  /** An answer that is being read slowly: it takes longer than the takeover. */
  private static final class Download implements AutoCloseable {
    private final Socket socket;

    Download(int port) throws IOException {
      socket = new Socket();
      socket.setReceiveBufferSize(16 * 1024);
      socket.connect(new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      socket.setSoTimeout(10_000);
      socket
          .getOutputStream()
          .write(
              ("GET /bytes/" + DOWNLOAD + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                  .getBytes(StandardCharsets.ISO_8859_1));
      assertThat(socket.getInputStream().read()).isEqualTo('H');
    }

    void finish(Run from) throws IOException {
      InputStream in = socket.getInputStream();
      assertThat(in.readAllBytes().length).as(from.text()).isGreaterThan(DOWNLOAD);
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  @Test
  void nobodyNoticesUnderLoadOfEveryKind() throws Exception {
    Run old = first();
    int any = port(old, "any");
    int tcp = port(old, "tcp");
    int raw = port(old, "raw");
    Process h2load =
        new ProcessBuilder(
                "h2load",
                "-D",
                Integer.toString(6 * ROUNDS),
                "-c",
                "1",
                "-m",
                "2",
                "http://127.0.0.1:" + any + "/")
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("h2load").toFile())
            .start();
    started.add(h2load);
    TakeoverLoad load = new TakeoverLoad();
    long predecessor = 0;
    try (load) {
      load.keepAlive(web)
          .keepAlive(any)
          .newConnections("h1 new connections", web)
          .newConnections("tcp relay", tcp)
          .newTls(port(old, "tls"), trusting())
          .http2(port(old, "tls"), trusting())
          .webSockets(web)
          .datagrams(port(old, "udp"));
      for (int round = 0; round < ROUNDS; round++) {
        try (WebSocketPeer webSocket = WebSocketPeer.to(web);
            WebSocketPeer brief = WebSocketPeer.to(web, "/brief");
            Echoed relayed = new Echoed(raw);
            Download download = new Download(web);
            Client idle = new Client(web)) {
          TakeoverLoad.echoes(webSocket, "before");
          TakeoverLoad.echoes(brief, "before");
          relayed.echoes("before");
          assertThat(idle.get("/").field("connection")).isEmpty();
          Run next = successor();
          assertThat(port(next, "any")).isEqualTo(any);
          assertThat(idle.get("/").field("connection")).isEqualTo("close");
          TakeoverLoad.echoes(webSocket, "after");
          assertThat(brief.next()).as("when its grace has ended").isEqualTo("close 1001");
          brief.close(1001);
          assertThat(brief.next()).isEqualTo("end");
          relayed.echoes("after");
          download.finish(old);
          assertThat(old.process().isAlive()).as("it still has connections").isTrue();
          TakeoverLoad.echoes(webSocket, "and still");
          TakeoverLoad.ends(webSocket);
          webSocket.end();
          relayed.end();
          assertThat(old.exit()).as(old.text()).isZero();
          assertThat(old.text()).contains("stopping: replaced").doesNotContain("were cut");
          predecessor = old.process().pid();
          old = next;
        }
      }
    }
    System.out.println(ROUNDS + " takeovers: " + load.done());
    assertThat(load.failures()).isEmpty();
    assertThat(load.done().values()).allMatch(count -> count.get() > 10L * ROUNDS);
    h2load.waitFor(10L + 6L * ROUNDS, TimeUnit.SECONDS);
    String report = Files.readString(folder.resolve("h2load"));
    // Seen: h2load counts up to one request for each of its two streams as failed at a takeover,
    // taken to be those that it may not begin after GOAWAY. Whatever got an answer got a good one.
    Matcher failed = Pattern.compile("(\\d+) failed, \\d+ errored, 0 timeout").matcher(report);
    assertThat(failed.find()).as(report).isTrue();
    assertThat(Long.parseLong(failed.group(1))).as(report).isLessThanOrEqualTo(2L * ROUNDS);
    assertThat(report).contains("2xx, 0 3xx, 0 4xx, 0 5xx");
    Matcher succeeded = Pattern.compile("(\\d+) succeeded").matcher(report);
    assertThat(succeeded.find()).as(report).isTrue();
    System.out.println("h2: " + succeeded.group());
    assertThat(Integer.parseInt(succeeded.group(1))).isGreaterThan(100 * ROUNDS);
    try (Client door = new Client(admin)) {
      assertThat(door.get("/api/v1/status").body())
          .contains("\"pid\":" + old.process().pid())
          .contains("\"predecessor\":" + predecessor);
    }
    old.process().destroy();
    assertThat(old.exit()).isZero();
    assertThat(folder.resolve("data").resolve("takeover.sock")).doesNotExist();
  }

  /**
   * What comes by QUIC for connections of the old process is passed on to it: their requests end
   * well, though the next one has the sockets.
   */
  @Test
  void requestsByHttp3EndWhereTheyHaveBegun() throws Exception {
    Run old = first();
    int port = port(old, "tls");
    try (Http3Peer before = new Http3Peer(port, folder.resolve("ca.pem"), "127.0.0.1", b -> b)) {
      Http3Peer.Answer waits = before.begin("POST", "/held");
      Http3Peer.send(waits, "one".getBytes(StandardCharsets.US_ASCII));
      try (Socket at = held.accept()) {
        at.setSoTimeout(20_000);
        Run next = successor();
        assertThat(before.goAway.get(20, TimeUnit.SECONDS)).isPositive();
        try (Http3Peer after = new Http3Peer(port, folder.resolve("ca.pem"), "127.0.0.1", b -> b)) {
          for (int i = 0; i < 20; i++) {
            assertThat(after.get("/").await().status).isEqualTo("200");
          }
          Http3Peer.send(waits, new byte[200_000]);
          Http3Peer.end(waits);
          long got = 0;
          byte[] buffer = new byte[65536];
          while (got < 200_000) {
            int count = at.getInputStream().read(buffer);
            assertThat(count).isPositive();
            got += count;
          }
          at.getOutputStream()
              .write(
                  "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes"
                      .getBytes(StandardCharsets.US_ASCII));
          assertThat(waits.await().body()).isEqualTo("yes");
          assertThat(before.closeCode.get(20, TimeUnit.SECONDS)).isEqualTo(0x100);
          assertThat(old.exit()).as(old.text()).isZero();
          assertThat(old.text()).contains("stopping: replaced").doesNotContain("were cut");
          assertThat(after.get("/").await().status).isEqualTo("200");
        }
        next.process().destroy();
        assertThat(next.exit()).isZero();
      }
    }
  }

  private String ask(String method, String path, String body) throws IOException {
    try (Client door = new Client(admin)) {
      door.send(
          method
              + " "
              + path
              + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
              + body.length()
              + "\r\n\r\n"
              + body);
      return door.reply().body();
    }
  }

  @Test
  void whatIsKnownOfNodesIsKeptAndWhoWasLetInIsAnsweredHoweverLateTheHandshake() throws Exception {
    Run old = first();
    String nodes = "/api/v1/services/shop/nodes";
    Loopback.await("the second node is down", () -> asked(nodes).contains("connection refused"));
    String registered = nodes + "/localhost:" + node.port();
    assertThat(ask("PUT", registered, "{\"name\":\"c\",\"ttl\":\"90s\"}"))
        .contains("changed\":true");
    assertThat(ask("POST", registered + "/drain", "")).contains("draining");
    assertThat(ask("PUT", nodes + "/127.0.0.1:2", "{\"name\":\"d\",\"ttl\":\"6s\"}"))
        .contains("changed\":true");
    int port = port(old, "tls");
    Run next;
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      Loopback.await(
          "it is let in",
          () ->
              Pattern.compile("\"name\":\"tls\"[^{}]*\"connections\":1\\b")
                  .matcher(asked("/api/v1/status"))
                  .find());
      next = successor();
      try (Client client =
          new Client(
              trusting()
                  .getSocketFactory()
                  .createSocket(socket, "127.0.0.1", port, /* autoClose= */ true))) {
        Reply reply = client.get("/");
        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.field("connection")).isEqualTo("close");
      }
    }
    assertThat(asked(nodes))
        .containsPattern("\"name\":\"c\"[^}]*\"state\":\"draining\"")
        .containsPattern("\"address\":\"127.0.0.1:1\"[^}]*\"state\":\"down\"");
    Loopback.await(
        "a lease that nobody renews ends",
        Duration.ofSeconds(30),
        () -> {
          String left = "shop/d left: lease expired and node down";
          try { // by the old one, if the next was slow to start
            return next.text().contains(left) || old.text().contains(left);
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        });
    assertThat(next.text()).contains("shop/127.0.0.1:1 is down: connection refused");
    assertThat(old.exit()).as(old.text()).isZero();
  }

  private String asked(String path) {
    try {
      return ask("GET", path, "");
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void whereNothingRunsItSaysSoOrStartsIfAsked() throws Exception {
    Path file = config("fairlead.yaml", yaml());
    Run alone = run("--takeover", "-c", file.toString());
    assertThat(alone.exit()).isEqualTo(3);
    assertThat(alone.text()).contains("no running instance waits for a takeover at");
    Run started = run("--takeover=if-running", "-c", file.toString());
    started.awaits("dashboard and API: .*");
    assertThat(started.text()).doesNotContain("took over");
    Run wrong = run("--takeover=perhaps", "-c", file.toString());
    assertThat(wrong.exit()).isEqualTo(2);
    Run nio =
        run(
            "--takeover",
            "-c",
            config("nio.yaml", yaml().replace("event-loops: 2", "transport: nio")).toString());
    assertThat(nio.exit()).isEqualTo(1);
    assertThat(nio.text()).contains("a takeover needs runtime.transport: epoll (was nio)");
    started.awaits("takeover failed: process \\d+ did not take over");
    try (Client client = new Client(web)) {
      assertThat(client.get("/").status()).isEqualTo(200);
    }
  }

  @Test
  void oneThatFailsLeavesTheOldOneServing() throws Exception {
    Run old = first();
    try (Client client = new Client(web);
        ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      assertThat(client.get("/").status()).isEqualTo(200);
      Run bad = run("--takeover", "-c", config("bad.yaml", yaml() + "nonsense: 1\n").toString());
      assertThat(bad.exit()).isEqualTo(1);
      String more =
          yaml()
              .replace(
                  "  any:",
                  "  more: { bind: \"127.0.0.1:"
                      + taken.getLocalPort()
                      + "\", routes: { service: shop } }\n  any:");
      Run unable = run("--takeover", "-c", config("more.yaml", more).toString());
      assertThat(unable.exit()).isEqualTo(1);
      assertThat(unable.text()).contains("listeners.more.bind: cannot listen on");
      old.awaits("takeover failed: process \\d+ did not take over");
      assertThat(client.get("/").status()).as("the connection is as it was").isEqualTo(200);
    }
    // Another one dies when it has everything and the old one has shut its admin door.
    Path socket = folder.resolve("data").resolve("takeover.sock");
    Process dies = halfway(socket);
    assertThat(dies.inputReader().readLine()).startsWith("ready");
    dies.destroyForcibly().waitFor();
    Loopback.await("the door is open again", () -> isReady());
    assertThat(ask("POST", "/api/v1/config/reload", "")).isNotNull();
    try (Client client = new Client(web)) {
      assertThat(client.get("/").status()).isEqualTo(200);
    }
    successor();
    assertThat(old.exit()).isZero();
  }

  private boolean isReady() {
    try (Client door = new Client(admin)) {
      return door.get("/readyz").status() == 200;
    } catch (IOException _) {
      return false;
    }
  }

  private Process halfway(Path socket) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                HalfTakeover.class.getName(),
                socket.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    started.add(process);
    return process;
  }

  /** A successor that gets as far as it can without serving, and waits there for its end. */
  static final class HalfTakeover {
    private HalfTakeover() {}

    public static void main(String[] arguments) throws Exception {
      TakeoverCall call = TakeoverCall.connect(Path.of(arguments[0]));
      System.out.println("ready, " + call.ready().services().size() + " services");
      Thread.sleep(60_000);
    }
  }

  @Test
  void whenTheOldOneIsKilledHalfwayTheNewOneServesAlone() throws Exception {
    Run old = first();
    Path socket = folder.resolve("data").resolve("takeover.sock");
    try (TakeoverCall call = TakeoverCall.connect(socket)) {
      old.process().destroyForcibly().waitFor();
      // The sockets are here: whoever comes now waits and is not refused.
      try (Client client = new Client(web)) {
        client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        try (Fairlead next =
            Fairlead.start(
                Loopback.config(yaml()), yaml(), "test", null, new Succession(call), false)) {
          assertThat(client.reply().status()).isEqualTo(200);
          assertThat(next.events().since(0))
              .anyMatch(e -> e.event().text().contains("this one goes on alone"));
        }
      }
    }
    assertThatThrownBy(() -> TakeoverCall.connect(socket))
        .isInstanceOfSatisfying(
            TakeoverException.class,
            e -> assertThat(e.kind()).isEqualTo(TakeoverException.Kind.ABSENT));
    // What it left behind is in nobody's way.
    first();
    assertThat(Files.exists(socket)).isTrue();
  }
}
