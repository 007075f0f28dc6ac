package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.service.Node;
import io.fairlead.service.Service;
import io.fairlead.service.Standing;
import io.fairlead.telemetry.AffinityCounter;
import io.fairlead.telemetry.Event;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Clients with cookies, nodes that write down what they get, and an instance between them. */
@Timeout(60)
final class AffinityTest {
  @TempDir Path folder;
  private final List<AutoCloseable> open = new ArrayList<>();
  private TellingNode a;
  private TellingNode b;

  @SuppressWarnings("NullAway.Init") // every test begins by starting one
  private Fairlead fairlead;

  @BeforeEach
  void startNodes() throws IOException {
    a = closes(new TellingNode("a"));
    b = closes(new TellingNode("b"));
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  private <T extends AutoCloseable> T closes(T made) {
    open.add(made);
    return made;
  }

  /** Answers every request with its name, and keeps the heads. */
  private static final class TellingNode implements Closeable {
    final String name;
    final BlockingQueue<String> heads = new LinkedBlockingQueue<>();
    final ServerSocket server;
    private final List<Socket> sockets = new CopyOnWriteArrayList<>();
    volatile String status = "200 OK";
    volatile String fields = "";
    volatile @Nullable CountDownLatch holds;

    TellingNode(String name) throws IOException {
      this.name = name;
      server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
      Thread.ofVirtual().start(this::accept);
    }

    int port() {
      return server.getLocalPort();
    }

    private void accept() {
      while (!server.isClosed()) {
        try {
          Socket socket = server.accept();
          sockets.add(socket);
          socket.setTcpNoDelay(true);
          Thread.ofVirtual().start(() -> serve(socket));
        } catch (IOException e) {
          return; // closed
        }
      }
    }

    private void serve(Socket socket) {
      try (socket) {
        InputStream in = socket.getInputStream();
        StringBuilder head = new StringBuilder();
        for (int c = in.read(); c >= 0; c = in.read()) {
          head.append((char) c);
          if (head.toString().endsWith("\r\n\r\n")) {
            if (server.isClosed()) {
              return; // also on a connection that was accepted while the others were closed
            }
            String text = head.toString();
            head.setLength(0);
            heads.add(text);
            CountDownLatch latch = holds;
            if (latch != null) {
              boolean _ = latch.await(20, TimeUnit.SECONDS);
            }
            String answer =
                "HTTP/1.1 " + status + "\r\nx-node: " + name + "\r\ncontent-length: 0\r\n" + fields;
            if (text.contains("websocket")) {
              answer =
                  "HTTP/1.1 101 Switching Protocols\r\nx-node: "
                      + name
                      + "\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
                      + "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
            }
            socket.getOutputStream().write((answer + "\r\n").getBytes(StandardCharsets.US_ASCII));
          }
        }
      } catch (IOException | InterruptedException e) {
        // the proxy ended the connection
      }
    }

    String head() throws InterruptedException {
      String head = heads.poll(10, TimeUnit.SECONDS);
      assertThat(head).as("a request at " + name).isNotNull();
      return head;
    }

    @Override
    public void close() throws IOException {
      server.close();
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  /** What a client was told. */
  private record Told(int status, String node, List<String> cookies, String head) {
    /** The value of the one that Fairlead has set. */
    String cookie() {
      List<String> ours = cookies.stream().filter(c -> c.startsWith("FAIRLEAD_NODE=")).toList();
      assertThat(ours).as(head).hasSize(1);
      return ours.getFirst().substring(14, ours.getFirst().indexOf(';'));
    }
  }

  private void start(String service) throws IOException {
    start("", service, "");
  }

  private void start(String top, String service, String more) throws IOException {
    fairlead = closes(Loopback.start(text(top, service, more)));
  }

  private String text(String top, String service, String more) {
    return """
    admin: { bind: "127.0.0.1:0" }
    data: "%s"
    %s
    listeners:
      web:
        bind: "127.0.0.1:0"
        routes:
          - { match: { path: "/other" }, service: other }
          - { match: { path: "/split" }, split: { shop: 1, other: 1 } }
          - { service: shop }
    services:
      shop:
        balance: round-robin
        health: none
        nodes:
          - { name: a, address: "127.0.0.1:%d" }
          - { name: b, address: "127.0.0.1:%d" }
    %s
      other:
        balance: round-robin
        health: none
        nodes: ["127.0.0.1:%d"]
        affinity: {}
    %s
    """
        .formatted(
            folder, top, a.port(), b.port(), service.indent(4).stripTrailing(), a.port(), more);
  }

  private Told ask(String path, String... fields) throws IOException {
    try (Client client = new Client(Loopback.port(fairlead, "web"))) {
      return ask(client, path, fields);
    }
  }

  private static Told ask(Client client, String path, String... fields) throws IOException {
    StringBuilder request = new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: a\r\n");
    for (String field : fields) {
      request.append(field).append("\r\n");
    }
    client.send(request + "\r\n");
    return told(client.headOnly());
  }

  private static Told told(String head) {
    List<String> cookies = new ArrayList<>();
    String node = "";
    for (String line : head.split("\n", -1)) {
      if (line.startsWith("set-cookie: ") || line.startsWith("Set-Cookie: ")) {
        cookies.add(line.substring(12));
      } else if (line.startsWith("x-node: ")) {
        node = line.substring(8);
      }
    }
    return new Told(Integer.parseInt(head.split(" ", 3)[1]), node, cookies, head);
  }

  private static String cookie(String value) {
    return "Cookie: FAIRLEAD_NODE=" + value;
  }

  private Service shop() {
    ServiceRuntime found = fairlead.state().services().get("shop");
    if (found == null) {
      throw new AssertionError("no shop");
    }
    return found.service();
  }

  private Node node(String name) {
    for (Node node : shop().nodes().all()) {
      if (node.name().equals(name)) {
        return node;
      }
    }
    throw new AssertionError("no node " + name);
  }

  private TellingNode telling(String name) {
    return name.equals("a") ? a : b;
  }

  private static String other(String name) {
    return name.equals("a") ? "b" : "a";
  }

  private void onControl(Runnable change) {
    fairlead
        .control()
        .call(() -> {
          change.run();
          return true;
        });
  }

  private long counted(AffinityCounter what) {
    return shop().affinity().get(what);
  }

  // --- staying -----------------------------------------------------------------------------

  @Test
  void aClientStaysWithTheNodeThatAnsweredItFirst() throws Exception {
    start("affinity: {}");
    Set<String> nodes = new HashSet<>();
    for (int client = 0; client < 4; client++) {
      Told first = ask("/");
      assertThat(first.cookies()).hasSize(1);
      assertThat(first.cookies().getFirst())
          .matches("FAIRLEAD_NODE=[A-Za-z0-9_-]{20}; Path=/; HttpOnly; SameSite=Lax");
      nodes.add(first.node());
      for (int i = 0; i < 3; i++) {
        Told next = ask("/", cookie(first.cookie()));
        assertThat(next.node()).isEqualTo(first.node());
        assertThat(next.cookies()).isEmpty(); // the client knows
      }
    }
    assertThat(nodes).containsExactlyInAnyOrder("a", "b");
    assertThat(counted(AffinityCounter.HIT)).isEqualTo(12);
    assertThat(counted(AffinityCounter.ABSENT)).isEqualTo(4);
    assertThat(counted(AffinityCounter.SET)).isEqualTo(4);
  }

  @Test
  void nodesGetTheOtherCookiesOnly() throws Exception {
    start("affinity: {}");
    Told first = ask("/");
    TellingNode node = telling(first.node());
    node.heads.clear();
    Told _ = ask("/", "Cookie: a=1; FAIRLEAD_NODE=" + first.cookie() + "; b=\"2\"", "X-After: 1");
    assertThat(node.head()).contains("\r\nCookie: a=1; b=\"2\"\r\nX-After: 1\r\n");
    Told _ = ask("/", cookie(first.cookie()), "X-After: 1");
    assertThat(node.head()).doesNotContainIgnoringCase("cookie").contains("X-After: 1");
    Told _ = ask("/", "Cookie: a=1", cookie(first.cookie()), "Cookie: b=2");
    assertThat(node.head()).contains("Cookie: a=1\r\nCookie: b=2\r\n").doesNotContain("FAIRLEAD");
  }

  @Test
  void whatANodeSetsItselfGoesOn() throws Exception {
    a.fields = "Set-Cookie: session=1; Path=/\r\nSet-Cookie: theme=dark\r\n";
    b.fields = a.fields;
    start("affinity: {}");
    Told first = ask("/");
    assertThat(first.cookies()).contains("session=1; Path=/", "theme=dark").hasSize(3);
    assertThat(ask("/", cookie(first.cookie())).cookies()).hasSize(2);
  }

  /** What is no cookie of ours is as none, and not sent on. */
  @ParameterizedTest
  @CsvSource({
    "FAIRLEAD_NODE=,                      MALFORMED",
    "FAIRLEAD_NODE=x,                     MALFORMED",
    "FAIRLEAD_NODE=%s%s%s%s,              MALFORMED",
    "FAIRLEAD_NODE=%s; FAIRLEAD_NODE=%s,  DUPLICATE",
    "FAIRLEAD_NODE=AAAAAAAAAAAAAAAAAAAA,  FOREIGN",
    "FAIRLEAD_NODE=%1$.4sAAAAAAAAAAAAAAAA, UNKNOWN",
    "fairlead_node=%s,                    ABSENT"
  })
  void otherCookiesAreIgnored(String cookies, AffinityCounter reason) throws Exception {
    start("affinity: {}");
    String known = ask("/").cookie();
    long before = counted(reason);
    String sent = cookies.formatted(known, known, known, known);
    Told told = ask("/", "Cookie: " + sent);
    assertThat(told.status()).isEqualTo(200);
    assertThat(told.cookie()).hasSize(20);
    assertThat(counted(reason)).isEqualTo(before + 1);
    assertThat(counted(AffinityCounter.HIT)).isZero();
    assertThat(String.join("", a.heads) + String.join("", b.heads)).doesNotContain("FAIRLEAD_NODE");
  }

  @Test
  void aLongCookieIsNoTrouble() throws Exception {
    start("affinity: {}");
    assertThat(ask("/", cookie("x".repeat(20_000))).status()).isEqualTo(200);
    assertThat(counted(AffinityCounter.MALFORMED)).isOne();
  }

  @Test
  void aCookieIsOfOneService() throws Exception {
    start("affinity: {}");
    String shops = ask("/").cookie();
    String others = ask("/other", cookie(shops)).cookie();
    Told told = ask("/", cookie(others));
    assertThat(told.cookie()).hasSize(20);
    assertThat(counted(AffinityCounter.FOREIGN)).isOne();
  }

  /** Whom one of several services has, it keeps, whatever their shares. */
  @Test
  void aClientStaysWithTheServiceOfASplit() throws Exception {
    start("affinity: {}");
    for (int client = 0; client < 6; client++) {
      String cookie = ask("/split").cookie();
      for (int i = 0; i < 6; i++) {
        assertThat(ask("/split", cookie(cookie)).cookies()).isEmpty();
      }
    }
  }

  // --- what happens to nodes ---------------------------------------------------------------

  @Test
  void sessionsStayAtANodeThatDrainsAndNobodyElseComes() throws Exception {
    start("affinity: { idle: 1s }");
    Told first = ask("/");
    String its = first.node();
    String path = "/api/v1/services/shop/nodes/" + its;
    assertThat(Loopback.door(fairlead, "POST", path + "/drain", "").body())
        .contains("\"empty\":false")
        .contains("\"sessionRequests\":");
    for (int i = 0; i < 4; i++) {
      assertThat(ask("/", cookie(first.cookie())).node()).isEqualTo(its);
      assertThat(ask("/").node()).isEqualTo(other(its));
    }
    assertThat(drained()).isFalse();
    Loopback.await("nobody has been there for a second", this::drained);
    assertThat(Loopback.door(fairlead, "GET", path, "").body()).contains("\"empty\":true");
    assertThat(ask("/", cookie(first.cookie())).node()).isEqualTo(its); // it still is there
    assertThat(Loopback.door(fairlead, "POST", path + "/undrain", "").statusCode()).isEqualTo(200);
  }

  private boolean drained() {
    return fairlead.events().since(0).stream()
        .anyMatch(e ->
            e.event() instanceof Event.NodeDrained drained
                && drained.why().equals("nothing in flight, and no session has been seen for 1 s"));
  }

  @Test
  void sessionsDoNotStayForLongerThanTheyMay() throws Exception {
    start("affinity: { drain-patience: 0s }");
    Told first = ask("/");
    onControl(() -> shop().setDraining(node(first.node()), true, "mona"));
    Told next = ask("/", cookie(first.cookie()));
    assertThat(next.node()).isEqualTo(other(first.node()));
    assertThat(next.cookie()).isNotEqualTo(first.cookie());
    assertThat(counted(AffinityCounter.DRAINED)).isOne();
    assertThat(node(first.node()).sessions().quiet()).isTrue();
  }

  /** An ejected node answers most requests wrongly, one on probation most of them well. */
  @ParameterizedTest
  @CsvSource({"down, DOWN", "ejected, EJECTED", "probation, HIT"})
  void sessionsLeaveANodeThatIsNoGood(String what, AffinityCounter counter) throws Exception {
    start("affinity: {}");
    Told first = ask("/");
    Node its = node(first.node());
    onControl(() -> {
      switch (what) {
        case "down" -> shop().setUp(its, false, "refused");
        case "ejected" ->
            shop().setStanding(its, new Standing(Standing.State.EJECTED, 0, "errors"));
        default -> shop().setStanding(its, new Standing(Standing.State.PROBATION, 0.1, "errors"));
      }
    });
    Told next = ask("/", cookie(first.cookie()));
    boolean stays = counter == AffinityCounter.HIT;
    assertThat(next.node()).isEqualTo(stays ? first.node() : other(first.node()));
    assertThat(next.cookies()).hasSize(stays ? 0 : 1);
    assertThat(counted(counter)).isOne();
    if (!stays) {
      Told after = ask("/", cookie(next.cookie()));
      assertThat(after.node()).isEqualTo(next.node());
      assertThat(after.cookies()).isEmpty();
    }
  }

  @Test
  void whereTheTryFailsAnotherNodeHasTheSessionFromThenOn() throws Exception {
    start("affinity: {}");
    Told first = ask("/");
    telling(first.node()).close(); // refuses the connection, as a process that has died
    try (Client client = new Client(Loopback.port(fairlead, "web"))) {
      Told next = ask(client, "/", cookie(first.cookie()));
      assertThat(next.status()).isEqualTo(200);
      assertThat(next.node()).isEqualTo(other(first.node()));
      assertThat(ask(client, "/", cookie(next.cookie())).cookies()).isEmpty();
    }
  }

  @Test
  void whereAnAnswerIsRejectedAnotherNodeHasTheSessionFromThenOn() throws Exception {
    fairlead =
        closes(
            Loopback.start(
                text("", "affinity: {}", "")
                    .replace("- { service: shop }", "- { service: shop, retry: { on: [503] } }")));
    Told first = ask("/");
    telling(first.node()).status = "503 Busy";
    Told next = ask("/", cookie(first.cookie()));
    assertThat(next.status()).isEqualTo(200);
    assertThat(next.node()).isEqualTo(other(first.node()));
    assertThat(next.cookie()).isNotEqualTo(first.cookie());
    assertThat(counted(AffinityCounter.MOVED)).isOne();
  }

  @Test
  void whereTheNodeIsFullAnotherOneHasTheSession() throws Exception {
    start("affinity: {}\nlimits: { requests-per-node: 1 }");
    Told first = ask("/");
    TellingNode its = telling(first.node());
    CountDownLatch latch = new CountDownLatch(1);
    its.holds = latch;
    its.heads.clear();
    try (Client waiting = new Client(Loopback.port(fairlead, "web"))) {
      waiting.send("GET / HTTP/1.1\r\nHost: a\r\n" + cookie(first.cookie()) + "\r\n\r\n");
      String _ = its.head();
      Told next = ask("/", cookie(first.cookie()));
      assertThat(next.node()).isEqualTo(other(first.node()));
      assertThat(next.cookies()).hasSize(1);
      latch.countDown();
      assertThat(told(waiting.headOnly()).cookies()).isEmpty();
    }
  }

  /** Only its own node knows the client: a quick answer of another one would be a wrong one. */
  @Test
  void whoHasASessionIsNotHedged() throws Exception {
    fairlead =
        closes(
            Loopback.start(
                text("", "affinity: {}", "")
                    .replace(
                        "- { service: shop }",
                        "- { service: shop, retry: { hedge: { after: 20ms, budget: 100% } } }")));
    Told first = ask("/");
    TellingNode its = telling(first.node());
    TellingNode another = telling(other(first.node()));
    CountDownLatch latch = new CountDownLatch(1);
    its.holds = latch;
    its.heads.clear();
    another.heads.clear();
    try (Client client = new Client(Loopback.port(fairlead, "web"))) {
      client.send("GET / HTTP/1.1\r\nHost: a\r\n" + cookie(first.cookie()) + "\r\n\r\n");
      String _ = its.head();
      assertThat(another.heads.poll(100, TimeUnit.MILLISECONDS)).isNull();
      // Who has none is, and whoever answers first has it from then on.
      Told hedged = ask("/");
      while (hedged.node().equals(first.node())) {
        hedged = ask("/");
      }
      assertThat(ask("/", cookie(hedged.cookie())).node()).isEqualTo(another.name);
      latch.countDown();
      assertThat(told(client.headOnly()).node()).isEqualTo(its.name);
    }
  }

  @Test
  void ourOwnAnswersSetNothing() throws Exception {
    start("affinity: {}");
    Told first = ask("/");
    onControl(() -> {
      for (Node node : shop().nodes().all()) {
        shop().setUp(node, false, "refused");
      }
    });
    Told told = ask("/", cookie(first.cookie()));
    assertThat(told.status()).isEqualTo(503);
    assertThat(told.cookies()).isEmpty();
  }

  @Test
  void tiersSubsetsAndHashesDoNotKeepAClientFromItsNode() throws Exception {
    String zones =
        text("runtime: { zone: z1 }", "affinity: {}", "")
            .replace("name: a,", "name: a, zone: z1, tier: 0,")
            .replace("name: b,", "name: b, zone: z2, tier: 1,")
            .replaceFirst("balance: round-robin", "balance: hash\n    slow-start: 1m");
    fairlead = closes(Loopback.start(zones));
    Told first = ask("/");
    assertThat(first.node()).isEqualTo("a");
    onControl(() -> shop().setUp(node("a"), false, "refused"));
    Told second = ask("/", cookie(first.cookie()));
    assertThat(second.node()).isEqualTo("b");
    onControl(() -> shop().setUp(node("a"), true, "answered"));
    assertThat(ask("/").node()).isEqualTo("a");
    assertThat(ask("/", cookie(second.cookie())).node()).isEqualTo("b"); // its session is there
  }

  // --- protocols ---------------------------------------------------------------------------

  @Test
  void webSocketsStayToo() throws Exception {
    start("affinity: {}");
    String[] fields = {
      "Connection: upgrade",
      "Upgrade: websocket",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
    };
    Told first = ask("/ws", fields);
    assertThat(first.status()).isEqualTo(101);
    for (int i = 0; i < 3; i++) {
      Told again = ask("/ws", fields[0], fields[1], fields[2], fields[3], cookie(first.cookie()));
      assertThat(again.status()).isEqualTo(101);
      assertThat(again.node()).isEqualTo(first.node());
      assertThat(again.cookies()).isEmpty();
    }
  }

  /** HTTP/2 with the client, and between two instances with the node. */
  @Test
  void http2StaysToo() throws Exception {
    start("affinity: {}");
    Fairlead back = fairlead;
    Fairlead otherBack =
        closes(Loopback.start(text("", "affinity: { cookie: BACK }", ""))); // behind, unseen
    fairlead =
        closes(
            Loopback.start(
                """
                admin: { bind: "127.0.0.1:0" }
                data: "%s"
                listeners:
                  web: { bind: "127.0.0.1:0", routes: [ { service: shop } ] }
                services:
                  shop:
                    protocol: h2
                    balance: round-robin
                    affinity: { cookie: FRONT }
                    nodes:
                      - { name: a, address: "127.0.0.1:%d" }
                      - { name: b, address: "127.0.0.1:%d" }
                """
                    .formatted(
                        folder, Loopback.port(back, "web"), Loopback.port(otherBack, "web"))));
    String url = "http://127.0.0.1:" + Loopback.port(fairlead, "web") + "/";
    Tool.Said first = curl("-D", "-", url);
    String front =
        told(first.output().replace("\r", "")).cookies().stream()
            .filter(c -> c.startsWith("FRONT="))
            .findFirst()
            .orElseThrow()
            .split(";", 2)[0];
    for (TellingNode node : List.of(a, b)) {
      node.heads.clear();
    }
    Set<String> setByBacks = new HashSet<>();
    for (int i = 0; i < 4; i++) {
      Tool.Said next = curl("-D", "-", "-H", "cookie: x=1; " + front + "; y=2", url);
      List<String> cookies = told(next.output().replace("\r", "")).cookies();
      assertThat(cookies).hasSize(1); // of the one behind, to which no cookie is sent
      setByBacks.add(cookies.getFirst().split("=", 2)[0]);
    }
    assertThat(setByBacks).hasSize(1);
    assertThat(String.join("", a.heads) + String.join("", b.heads))
        .contains("x=1; y=2")
        .doesNotContain("FRONT");
  }

  private static Tool.Said curl(String... words) throws Exception {
    List<String> all = new ArrayList<>(List.of("curl", "-sS", "--noproxy", "*"));
    all.add("--http2-prior-knowledge");
    all.addAll(List.of(words));
    Tool.Said said = Tool.run("", all);
    assertThat(said.status()).as(said.output()).isZero();
    return said;
  }

  @Test
  void whoTrustedProxiesSayUsesTlsGetsASecureCookie() throws Exception {
    fairlead =
        closes(
            Loopback.start(
                text("", "affinity: { max-age: 1h }", "")
                    .replace("web:\n", "web:\n    forwarded: { trust: \"127.0.0.0/8\" }\n")));
    assertThat(ask("/", "X-Forwarded-Proto: https").cookies().getFirst())
        .endsWith("; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax; Secure");
    assertThat(ask("/", "X-Forwarded-Proto: http").cookies().getFirst()).endsWith("; SameSite=Lax");
  }

  @Test
  void overTlsTheCookieIsSecure() throws Exception {
    TestCertificates certificates = new TestCertificates(folder);
    certificates.make("first", "first.test", "127.0.0.1");
    fairlead =
        closes(
            Loopback.start(
                text("", "affinity: {}", "")
                    .replace(
                        "web:\n",
                        "web:\n    tls: { certificates: { cert: \""
                            + folder
                            + "/first.pem\", key: \""
                            + folder
                            + "/first.key\" } }\n")));
    String url = "https://127.0.0.1:" + Loopback.port(fairlead, "web") + "/";
    Tool.Said said =
        Tool.run("", List.of("curl", "-sSk", "--noproxy", "*", "-D", "-", "-o", "/dev/null", url));
    assertThat(said.output())
        .containsPattern("(?i)set-cookie: FAIRLEAD_NODE=.{20}; Path=/; .*; SameSite=Lax; Secure");
  }

  // --- keys --------------------------------------------------------------------------------

  @Test
  void clientsFindTheirNodesAfterARestart() throws Exception {
    start("affinity: {}");
    Told first = ask("/");
    Path file = folder.resolve(AffinityKey.FILE);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    String key = Files.readString(file);
    assertThat(key).hasSizeGreaterThan(40);
    fairlead.close();
    open.remove(fairlead);
    start("affinity: {}");
    for (int i = 0; i < 3; i++) {
      Told next = ask("/", cookie(first.cookie()));
      assertThat(next.node()).isEqualTo(first.node());
      assertThat(next.cookies()).isEmpty();
    }
    try (var files = Files.list(folder)) {
      assertThat(files.map(f -> f.getFileName().toString())).containsExactly(AffinityKey.FILE);
    }
    assertThat(Loopback.door(fairlead, "GET", "/api/v1/config", "").body()).doesNotContain(key);
  }

  @Test
  void keysAreExchangedWithoutAnybodyNoticing() throws Exception {
    start("affinity: { key: an-old-key-of-the-shop }");
    Told first = ask("/");
    reload("affinity: { key: [a-new-key-of-the-shop, an-old-key-of-the-shop] }");
    Told renewed = ask("/", cookie(first.cookie()));
    assertThat(renewed.node()).isEqualTo(first.node());
    assertThat(renewed.cookie()).isNotEqualTo(first.cookie());
    reload("affinity: { key: a-new-key-of-the-shop }");
    assertThat(ask("/", cookie(renewed.cookie())).node()).isEqualTo(first.node());
    assertThat(counted(AffinityCounter.HIT)).isEqualTo(2);
    Told _ = ask("/", cookie(first.cookie()));
    assertThat(counted(AffinityCounter.FOREIGN)).isOne();
    String seen =
        Loopback.door(fairlead, "GET", "/api/v1/config", "").body()
            + Loopback.door(fairlead, "GET", "/api/v1/events", "").body();
    assertThat(seen).doesNotContain("key-of-the-shop").contains("(secret)");
    reload("");
    assertThat(ask("/", cookie(renewed.cookie())).cookies()).isEmpty();
    assertThat(node("a").sessions().kept()).isFalse();
  }

  private void reload(String service) {
    assertThat(fairlead.apply(Loopback.read(text("", service, "")), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
  }

  @Test
  void withoutAPlaceForAKeyTheConfigurationIsRefused() throws Exception {
    start("");
    Path occupied = Files.writeString(folder.resolve("file"), "no folder");
    String text = text("", "affinity: {}", "").replace("\"" + folder + "\"", occupied.toString());
    assertThat(fairlead.apply(Loopback.read(text), "test").toString())
        .contains("affinity without a key needs to keep one in " + occupied + "/affinity.key")
        .contains("give it one (affinity.key) or a folder to write to (data)");
    assertThat(ask("/").status()).isEqualTo(200);
  }

  // --- words -------------------------------------------------------------------------------

  @Test
  void explainSaysWhy() throws Exception {
    start("affinity: {}");
    Told first = ask("/");
    Predicate<String> said =
        words ->
            Loopback.door(
                    fairlead,
                    "GET",
                    "/api/v1/explain?method=GET&url=/&header=Cookie:FAIRLEAD_NODE%3D"
                        + first.cookie(),
                    "")
                .body()
                .contains(words);
    assertThat(said)
        .accepts(
            "cookie FAIRLEAD_NODE names node "
                + first.node()
                + " of service shop, which has the session\"");
    onControl(() -> shop().setDraining(node(first.node()), true, "mona"));
    assertThat(said).accepts("which has the session and keeps it while it drains");
    onControl(() -> shop().setUp(node(first.node()), false, "refused"));
    assertThat(said)
        .accepts(
            "cookie FAIRLEAD_NODE of service shop names no node to go to: its node is down; whoever"
                + " answers sets it");
  }

  @Test
  void metricsTellHitsMissesAndSessions() throws Exception {
    start("affinity: {}");
    Told first = ask("/");
    Told _ = ask("/", cookie(first.cookie()));
    assertThat(Loopback.door(fairlead, "GET", "/metrics", "").body())
        .contains("fairlead_service_affinity_hits_total{service=\"shop\"} 1\n")
        .contains("fairlead_service_affinity_misses_total{service=\"shop\",reason=\"absent\"} 1\n")
        .contains("fairlead_service_affinity_cookies_total{service=\"shop\"} 1\n")
        .contains(
            "fairlead_node_session_requests_total{service=\"shop\",node=\"127.0.0.1:"
                + telling(first.node()).port()
                + "\"} 2\n");
  }
}
