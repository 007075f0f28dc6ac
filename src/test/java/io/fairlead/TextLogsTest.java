package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.demo.TestNode;
import io.fairlead.record.Duck;
import io.fairlead.record.text.TextLogStats;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.io.InputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Logs of text of real traffic, read by GoAccess and jq, and what hurts them. */
@Timeout(60)
final class TextLogsTest {
  private static final JsonMapper JSON = new JsonMapper();

  @TempDir private Path folder;
  private TestNode node;

  @BeforeEach
  void start() throws IOException {
    node = Loopback.node("a");
  }

  @AfterEach
  void stop() throws IOException {
    node.close();
  }

  private String yaml(String logs) {
    return """
    admin: { bind: "127.0.0.1:0" }
    data: %s
    logs: { ring: 4MiB, mask: { client: "/24", query: [token] }, text: [ %s ] }
    listeners:
      web:
        bind: "127.0.0.1:0"
        routes:
          - { match: { path: /moved }, redirect: { to: "https://other/" } }
          - { match: { path: /shop/** }, service: shop }
      raw: { bind: "127.0.0.1:0", protocol: tcp, routes: [ { service: shop } ] }
    services:
      shop: { nodes: "127.0.0.1:%d", health: none }
    """
        .formatted(folder.resolve("data"), logs, node.port());
  }

  private Fairlead run(String... logs) throws IOException {
    return Loopback.startRecording(yaml(String.join(", ", logs)));
  }

  private String file(String format, String name) {
    return "{ format: %s, to: \"file:%s\" }".formatted(format, folder.resolve(name));
  }

  private static void ask(Fairlead fairlead, int times, String path) throws IOException {
    for (int i = 0; i < times; i++) {
      try (Loopback.Client client = new Loopback.Client(Loopback.port(fairlead, "web"))) {
        client.send(
            "GET %s HTTP/1.1\r\nHost: h.test\r\nUser-Agent: me \"and\" \\you\r\n\r\n"
                .formatted(path));
        client.reply();
      }
    }
  }

  private static void traffic(Fairlead fairlead) throws IOException {
    ask(fairlead, 40, "/shop/a");
    ask(fairlead, 30, "/shop/b?token=hidden&x=1");
    ask(fairlead, 20, "/nowhere");
    ask(fairlead, 10, "/moved");
    ask(fairlead, 5, "/shop/%22%C3%A9");
    try (Loopback.Client client = new Loopback.Client(Loopback.port(fairlead, "raw"))) {
      client.get("/shop/raw");
    }
  }

  private Map<String, Integer> counts(String sql) throws Exception {
    Map<String, Integer> counts = new TreeMap<>();
    try (Duck duck = new Duck()) {
      for (String row : duck.rows(sql)) {
        int bar = row.lastIndexOf('|');
        counts.put(row.substring(0, bar), Integer.parseInt(row.substring(bar + 1)));
      }
    }
    return counts;
  }

  private String requests() {
    return Duck.all(folder.resolve("data"), "requests");
  }

  @Test
  void goAccessAndJqCountWhatTheRecordsCount() throws Exception {
    try (Fairlead fairlead = run(file("combined", "access.log"), file("json", "access.json"))) {
      traffic(fairlead);
    }
    Map<String, Integer> statuses =
        counts("select status, count(*) from " + requests() + " group by all");
    Map<String, Integer> paths =
        counts("select path, count(*) from " + requests() + " group by all");
    assertThat(statuses).containsEntry("200", 75).containsEntry("404", 20).containsEntry("307", 10);
    assertThat(paths).containsEntry("/shop/b?token=***&x=1", 30);

    Path json = folder.resolve("access.json");
    assertThat(jq(json, ".status")).isEqualTo(statuses);
    assertThat(jq(json, ".path")).isEqualTo(paths);
    assertThat(counts(jqLines(json, "select(.protocol == \"tcp\") | .listener")))
        .isEqualTo(Map.of("raw", 1));
    assertThat(counts(jqLines(json, "[.client, .user_agent] | join(\" \")")))
        .containsEntry("127.0.0.0 me \"and\" \\you", 105);

    Path report = folder.resolve("report.json");
    Tool.Said said =
        Tool.run(
            "",
            "goaccess",
            folder.resolve("access.log").toString(),
            "--log-format=COMBINED",
            "--no-global-config",
            "--no-progress",
            "-o",
            report.toString());
    assertThat(said.status()).as(said.output()).isZero();
    JsonNode told = JSON.readTree(Files.readString(report));
    assertThat(told.path("general").path("total_requests").asInt()).isEqualTo(105);
    assertThat(told.path("general").path("failed_requests").asInt()).isZero();
    Map<String, Integer> seen = new TreeMap<>();
    for (JsonNode family : told.path("status_codes").path("data")) {
      for (JsonNode status : family.path("items")) {
        seen.put(status.path("data").asString().substring(0, 3), hits(status));
      }
    }
    assertThat(seen).isEqualTo(statuses);
    Map<String, Integer> asked = new TreeMap<>();
    for (String panel : List.of("requests", "not_found")) {
      for (JsonNode path : told.path(panel).path("data")) {
        asked.put(path.path("data").asString(), hits(path));
      }
    }
    // GoAccess shows paths without their %-sequences.
    paths.put("/shop/\"é", paths.remove("/shop/%22%C3%A9"));
    assertThat(asked).isEqualTo(paths);
  }

  private static int hits(JsonNode of) {
    return of.path("hits").path("count").asInt();
  }

  private static Map<String, Integer> jq(Path file, String field) throws Exception {
    return counts(jqLines(file, "select(.status) | " + field));
  }

  private static List<String> jqLines(Path file, String filter) throws Exception {
    Tool.Said said = Tool.run("", "jq", "-r", filter, file.toString());
    assertThat(said.status()).as(said.output()).isZero();
    return said.output().lines().toList();
  }

  private static Map<String, Integer> counts(List<String> lines) {
    Map<String, Integer> counts = new TreeMap<>();
    lines.forEach(line -> counts.merge(line, 1, Integer::sum));
    return counts;
  }

  @Test
  void aFileThatIsMovedAwayIsFollowedByANewOne() throws Exception {
    Path file = folder.resolve("access.log");
    Path old = folder.resolve("access.log.1");
    try (Fairlead fairlead = run(file("combined", "access.log"))) {
      ask(fairlead, 10, "/shop/a");
      Loopback.await("lines", () -> lines(file) == 10);
      Files.move(file, old);
      assertThat(
              fairlead.apply(
                  Loopback.read(yaml(file("combined", "access.log"))), "test")) // as SIGHUP does
          .isInstanceOf(Fairlead.Applied.Done.class);
      ask(fairlead, 5, "/shop/a");
      Loopback.await("lines of the new file", () -> lines(file) == 5);
      assertThat(lines(old)).isEqualTo(10);
      assertThat(Files.getPosixFilePermissions(file).toString()).doesNotContain("OTHERS");
    }
  }

  private static long lines(Path file) {
    try {
      return Files.exists(file) ? Files.readAllLines(file).size() : 0;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** A full disk, and nobody at the other end; then there is room. */
  @Test
  void aLogThatCannotBeWrittenIsToldOfOnceAndLosesNothingWhileThereIsRoom() throws Exception {
    Path file = folder.resolve("access.log");
    Files.createSymbolicLink(file, Path.of("/dev/full"));
    int nobody = FreePort.any();
    try (Fairlead fairlead =
        run(
            file("json", "access.log"),
            "{ format: json, to: \"syslog+tcp://127.0.0.1:" + nobody + "\" }")) {
      ask(fairlead, 10, "/shop/a");
      Loopback.await("two events", () -> stopped(fairlead).size() == 2);
      ask(fairlead, 10, "/shop/a");
      assertThat(stopped(fairlead)).anySatisfy(text -> assertThat(text).contains("No space left"));
      Files.delete(file);
      Files.createFile(file);
      Loopback.await("all lines", () -> lines(file) == 20);
      Loopback.await(
          "an event",
          () ->
              fairlead.events().since(0).stream()
                  .anyMatch(each ->
                      each.event() instanceof Event.TextLogResumed(String to, long lost)
                          && to.equals("file:" + file)
                          && lost == 0));
      assertThat(stopped(fairlead)).hasSize(2);
      assertThat(fairlead.textLogs().stats())
          .extracting(TextLogStats::written)
          .containsExactly(20L, 0L);
    }
  }

  private static List<String> stopped(Fairlead fairlead) {
    List<String> found = new ArrayList<>();
    fairlead
        .events()
        .since(0)
        .forEach(each -> {
          if (each.event() instanceof Event.TextLogStopped stopped) {
            found.add(stopped.text());
          }
        });
    return found;
  }

  @Test
  void syslogGetsMessages() throws Exception {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    try (DatagramSocket udp = new DatagramSocket(new InetSocketAddress(loopback, 0));
        ServerSocket tcp = new ServerSocket(0, 1, loopback);
        Fairlead fairlead =
            run(
                "{ format: json, to: \"syslog://127.0.0.1:" + udp.getLocalPort() + "\" }",
                "{ format: combined, to: \"syslog+tcp://127.0.0.1:"
                    + tcp.getLocalPort()
                    + "\" }")) {
      ask(fairlead, 2, "/shop/a");
      String header =
          "<134>1 \\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z [!-~]+ fairlead \\d+ access - ";
      udp.setSoTimeout(20_000);
      for (int i = 0; i < 2; i++) {
        DatagramPacket packet = new DatagramPacket(new byte[4096], 4096);
        udp.receive(packet);
        String text = new String(packet.getData(), 0, packet.getLength(), StandardCharsets.UTF_8);
        assertThat(text).matches(header + "\\{.*\"path\":\"/shop/a\".*\\}");
      }
      try (Socket from = tcp.accept()) {
        from.setSoTimeout(20_000);
        for (int i = 0; i < 2; i++) {
          assertThat(message(from.getInputStream()))
              .matches(header + "127\\.0\\.0\\.0 - - \\[.*\\] \"GET /shop/a HTTP/1\\.1\" 200 .*");
        }
      }
    }
  }

  /** A length, a space, and so many bytes. */
  private static String message(InputStream in) throws IOException {
    StringBuilder length = new StringBuilder();
    for (int c = in.read(); c != ' '; c = in.read()) {
      length.append((char) c);
    }
    return new String(in.readNBytes(Integer.parseInt(length.toString())), StandardCharsets.UTF_8);
  }
}
