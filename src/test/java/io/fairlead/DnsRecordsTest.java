package io.fairlead;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.dns.DnsCounter;
import io.fairlead.dns.DnsServer;
import io.fairlead.record.Duck;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The table {@code dns} of a whole instance: what was answered, on disk, asked through its door.
 */
@Timeout(60)
class DnsRecordsTest {
  @TempDir private Path data;

  private String yaml(boolean enabled) {
    return """
    admin: { bind: "127.0.0.1:0" }
    data: %s
    runtime: { event-loops: 1 }
    logs: { enabled: %s, ring: 4MiB, mask: { client: "/16" } }
    dns:
      bind: "127.0.0.1:0"
      response-rate: { exempt: [127.0.0.0/8] }
      zones:
        lb.test:
          ns: ns1.example
          balanced: { www: { pools: { addresses: [192.0.2.1, 192.0.2.2] } } }
    """
        .formatted(data, enabled);
  }

  private static int port(Fairlead fairlead) {
    return Objects.requireNonNull(fairlead.dns()).addresses().getFirst().getPort();
  }

  private static long answered(Fairlead fairlead) {
    DnsServer dns = Objects.requireNonNull(fairlead.dns());
    return dns.counters().get(DnsCounter.UDP_QUERIES) + dns.counters().get(DnsCounter.TCP_QUERIES);
  }

  /** A question for an address, as it is sent. */
  private static byte[] question(String name) {
    ByteBuffer bytes = ByteBuffer.allocate(512);
    bytes.putShort((short) 7).putShort((short) 0).putShort((short) 1).put(new byte[6]);
    for (String label : name.split("\\.", -1)) {
      bytes.put((byte) label.length()).put(label.getBytes(UTF_8));
    }
    bytes.put((byte) 0).putShort((short) 1).putShort((short) 1);
    byte[] question = new byte[bytes.position()];
    bytes.flip().get(question);
    return question;
  }

  /** One after the other, each once its answer is there; true: all of them were answered. */
  private static boolean ask(int port, String name, int count) throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(InetAddress.getLoopbackAddress(), port);
      socket.setSoTimeout(10_000);
      byte[] question = question(name);
      for (int i = 0; i < count; i++) {
        socket.send(new DatagramPacket(question, question.length));
        socket.receive(new DatagramPacket(new byte[512], 512));
      }
      return true;
    } catch (SocketTimeoutException e) {
      return false;
    }
  }

  private String value(String sql) throws Exception {
    try (Duck duck = new Duck()) {
      return duck.value(sql.replace("DNS", Duck.all(data, "dns")));
    }
  }

  private static String get(Fairlead fairlead, String path) throws Exception {
    return Loopback.door(fairlead, "GET", path, "").body();
  }

  @Test
  void answersAreRowsAndAddUp() throws Exception {
    try (Fairlead fairlead = Loopback.startRecording(yaml(true))) {
      int port = port(fairlead);
      assertThat(Tool.run("", "dig", "@127.0.0.1", "-p", "" + port, "www.lb.test").output())
          .contains("192.0.2.1", "192.0.2.2");
      Tool.run("", "kdig", "@127.0.0.1", "-p", "" + port, "+tcp", "nothing.lb.test", "MX");
      assertThat(ask(port, "else.example", 200)).isTrue();
      assertThat(Objects.requireNonNull(fairlead.recorder()).writeNow(Duration.ofSeconds(20)))
          .isTrue();

      String where = URLEncoder.encode("name=www.lb.test and answer~192.0.2.1", UTF_8);
      assertThat(get(fairlead, "/api/v1/records?table=dns&since=5m&where=" + where))
          .contains("\"127.0.0.1:" + port + "\",\"127.0.0.0\",\"udp\",\"www.lb.test\",\"A\",")
          .contains("\"NOERROR\",\"192.0.2.1, 192.0.2.2; addresses, round-robin\",null,");
      assertThat(get(fairlead, "/api/v1/records/facets?table=dns&since=5m"))
          .contains("[\"code\",\"REFUSED\",200,")
          .contains("[\"error\",\"no-zone\",200,")
          .contains("[\"type\",\"MX\",1,")
          .contains("[\"answer\",\"no such name\",1,");
      assertThat(value("select protocol || name || code || weight from DNS where type = 'MX'"))
          .isEqualTo("tcpnothing.lb.testNXDOMAIN1.0");
      assertThat(value("select sum(weight)::bigint || ' ' || count(distinct id) from DNS"))
          .isEqualTo(answered(fairlead) + " 202");
    }
  }

  @Test
  void aFloodIsSampledAndStillAddsUp() throws Exception {
    int flood = 8_000;
    try (Fairlead fairlead = Loopback.startRecording(yaml(true))) {
      int port = port(fairlead);
      assertThat(ask(port, "else.example", flood)).isTrue();
      assertThat(ask(port, "www.lb.test", 1)).isTrue();
      assertThat(answered(fairlead)).isEqualTo(flood + 1);
    }
    List<String> sums;
    try (Duck duck = new Duck()) {
      sums =
          duck.rows(
              "select code, sum(weight)::bigint, count(*) from "
                  + Duck.all(data, "dns")
                  + " group by code order by code");
    }
    assertThat(sums.getFirst())
        .as("nobody else's flood takes anything from it")
        .isEqualTo("NOERROR|1|1");
    String[] refused = sums.getLast().split("\\|", -1);
    long weight = Long.parseLong(refused[1]);
    long rows = Long.parseLong(refused[2]);
    assertThat(weight)
        .as("but for what came since the last one")
        .isBetween(flood - 4L * flood / Math.max(1, rows) - 1000, (long) flood);
    assertThat(rows).isBetween(500L, (long) flood);
  }

  @Test
  void withoutRecordsThereIsNothingAndAChangeTurnsThemOnAndOff() throws Exception {
    try (Fairlead fairlead = Loopback.startRecording(yaml(false))) {
      assertThat(ask(port(fairlead), "www.lb.test", 3)).isTrue();
      assertThat(fairlead.recorder()).isNull();
      change(fairlead, true);
      assertThat(ask(port(fairlead), "www.lb.test", 20)).isTrue();
      change(fairlead, false);
      assertThat(value("select count(*) from DNS")).as("on disk by then").isEqualTo("20");
      assertThat(ask(port(fairlead), "www.lb.test", 5)).isTrue();
      change(fairlead, true);
      assertThat(ask(port(fairlead), "www.lb.test", 7)).isTrue();
    }
    assertThat(value("select count(*) || ' ' || count(distinct id) from DNS")).isEqualTo("27 27");
  }

  private void change(Fairlead fairlead, boolean enabled) {
    assertThat(fairlead.apply(Loopback.read(yaml(enabled)), "test"))
        .isInstanceOf(Fairlead.Applied.Done.class);
  }

  @Test
  void whatWasAnsweredBeforeAKillIsThere() throws Exception {
    int port = FreePort.any();
    Path config = data.resolve("fairlead.yaml");
    Files.writeString(
        config,
        yaml(true)
            .replace("dns:\n  bind: \"127.0.0.1:0\"", "dns:\n  bind: \"127.0.0.1:" + port + "\""));
    Path output = data.resolve("output");
    Process killed = FairleadProcess.run(output, "-c", config.toString());
    try {
      Loopback.await("it answers", () -> isAnswered(port) || !killed.isAlive());
      assertThat(ask(port, "kill.lb.test", 900)).isTrue();
    } finally {
      killed.destroyForcibly(); // SIGKILL
      assertThat(killed.waitFor(20, TimeUnit.SECONDS)).isTrue();
    }
    Process next = FairleadProcess.run(output, "-c", config.toString());
    try {
      Loopback.await("what was left is written", () -> hasPart() || !next.isAlive());
      assertThat(value("select count(*) from DNS where name = 'kill.lb.test'")).isEqualTo("900");
      assertThat(
              value("select distinct code || ' ' || listener from DNS where name = 'kill.lb.test'"))
          .isEqualTo("NXDOMAIN 127.0.0.1:" + port);
    } finally {
      next.destroy();
      if (!next.waitFor(20, TimeUnit.SECONDS)) {
        next.destroyForcibly();
      }
    }
  }

  private static boolean isAnswered(int port) {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(InetAddress.getLoopbackAddress(), port);
      socket.setSoTimeout(100);
      byte[] question = question("up.lb.test");
      socket.send(new DatagramPacket(question, question.length));
      socket.receive(new DatagramPacket(new byte[512], 512));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private boolean hasPart() {
    try (Stream<Path> files = Files.walk(data.resolve("records/dns"))) {
      return files.anyMatch(file -> file.toString().endsWith(".parquet"));
    } catch (IOException e) {
      return false;
    }
  }
}
