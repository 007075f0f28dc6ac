package io.fairlead.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Tool;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;

/** Whole zones for other servers, as dig and kdig see them, and word of changes. */
@Timeout(60)
final class TransferTest {
  private static final String SECRET = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
  private final TestServer server = new TestServer();

  @AfterEach
  void stop() {
    server.close();
  }

  private String dig(String... words) throws IOException, InterruptedException {
    List<String> command =
        new java.util.ArrayList<>(
            List.of("dig", "@127.0.0.1", "-p", "" + server.address().getPort(), "+tries=1"));
    command.addAll(List.of(words));
    return Tool.run("", command).output();
  }

  private static String zone(String transfer) {
    return "keys: { transfer: { secret: \""
        + SECRET
        + "\" }, other: { algorithm: hmac-sha512, secret: \""
        + SECRET
        + "\" } }\nzones:\n  fl.test:\n    file: fl.test.zone\n    transfer: "
        + transfer
        + "\n    balanced: { b: { pools: shop } }\n";
  }

  @Test
  void whoMayHasAllOfIt() throws Exception {
    server.configure(zone("{ allow: \"127.0.0.0/8\" }"));
    server.set("b.fl.test/1", TestServer.up("192.0.2.201"), TestServer.down("192.0.2.202"));
    String said = dig("+noall", "+answer", "fl.test", "AXFR");
    List<String> lines = said.strip().lines().toList();
    assertThat(lines).as(said).hasSize(64);
    assertThat(lines.getFirst()).isEqualTo(lines.getLast()).contains("SOA");
    assertThat(said.replaceAll("\\s+", " "))
        .contains("b.fl.test. 30 IN A 192.0.2.201")
        .doesNotContain("192.0.2.202")
        .contains("*.wild.fl.test. 300 IN A 192.0.2.77")
        .contains("ns.sub.fl.test. 300 IN A 192.0.2.99");
    assertThat(dig("+noall", "+answer", "fl.test", "IXFR=1").strip().lines().toList())
        .as("all of it to who asks for changes")
        .isEqualTo(lines);
  }

  @Test
  void whoMayNotHasNothing() throws Exception {
    server.configure(zone("{ allow: \"10.0.0.0/8\" }"));
    assertThat(dig("fl.test", "AXFR")).contains("Transfer failed");
    server.configure(zone("{ notify: [] }"));
    assertThat(dig("fl.test", "AXFR")).contains("Transfer failed");
  }

  @Test
  void aSignatureThatIsWantedMustBeThereAndRight() throws Exception {
    server.configure(zone("{ key: transfer }"));
    assertThat(dig("fl.test", "AXFR")).contains("Transfer failed");
    String key = "hmac-sha256:transfer:" + SECRET;
    String said = dig("-y", key, "fl.test", "AXFR");
    assertThat(said).contains("XFR size: 63 records").doesNotContain("WARNING");
    String wrong = SECRET.replace("AAEC", "BAEC");
    assertThat(dig("-y", "hmac-sha256:transfer:" + wrong, "fl.test", "AXFR")).contains("failed");
    assertThat(dig("-y", "hmac-sha512:other:" + SECRET, "fl.test", "AXFR")).contains("failed");
    // Any question may be signed; its answer is then.
    assertThat(dig("-y", key, "one.fl.test"))
        .contains("NOERROR")
        .contains("TSIG")
        .doesNotContain("verify failure");
    assertThat(dig("-y", "hmac-sha256:transfer:" + wrong, "one.fl.test"))
        .contains("NOTAUTH")
        .contains("BADSIG");
    assertThat(dig("-y", "hmac-sha256:nobody:" + SECRET, "one.fl.test"))
        .contains("NOTAUTH")
        .contains("BADKEY");
    String kdig =
        Tool.run(
                "",
                "kdig",
                "@127.0.0.1",
                "-p",
                "" + server.address().getPort(),
                "-y",
                key,
                "fl.test",
                "AXFR")
            .output();
    assertThat(kdig).contains("NOERROR").doesNotContain("WARNING").doesNotContain("ERROR:");
  }

  @Test
  void othersAreToldUntilTheyHaveHeard() throws Exception {
    try (DatagramSocket other = new DatagramSocket(0, InetAddress.ofLiteral("127.0.0.1"))) {
      other.setSoTimeout(20_000);
      server.configure(
          zone("{ allow: \"127.0.0.0/8\", notify: \"127.0.0.1:" + other.getLocalPort() + "\" }"));
      long first = heard(other, true);
      server.set("b.fl.test/1", TestServer.up("192.0.2.201"));
      long second = heard(other, false); // does not say that it has heard
      long again = heard(other, true);
      assertThat(second).isGreaterThan(first);
      assertThat(again).isEqualTo(second);
      assertThat(dig("+short", "fl.test", "SOA")).contains(" " + second + " ");
      server.set("b.fl.test/1", TestServer.up("192.0.2.202"));
      assertThat(heard(other, true)).isGreaterThan(second);
    }
  }

  /** The serial number of the zone, as it is told. */
  private static long heard(DatagramSocket other, boolean answer) throws IOException {
    byte[] in = new byte[1500];
    DatagramPacket packet = new DatagramPacket(in, in.length);
    other.receive(packet);
    Message message = new Message(Arrays.copyOf(in, packet.getLength()));
    assertThat(message.getHeader().getOpcode()).isEqualTo(Opcode.NOTIFY);
    assertThat(message.getQuestion().getName().toString()).isEqualTo("fl.test.");
    if (answer) {
      message.getHeader().setFlag(Flags.QR);
      byte[] out = message.toWire();
      other.send(new DatagramPacket(out, out.length, packet.getSocketAddress()));
    }
    return ((SOARecord) message.getSection(Section.ANSWER).getFirst()).getSerial();
  }
}
