package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.demo.TestNode;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Whatever {@code runtime.transport} says: several loops that take over each other's connections,
 * and each kind of listener. All else is tested with what {@code auto} is on this machine.
 */
@Timeout(60)
class TransportTest {
  /** More than one read or write of ours takes. */
  private static final int BODY = 300_000;

  @ParameterizedTest
  @ValueSource(strings = {"epoll", "nio"})
  void eachKindOfListenerServes(String transport) throws Exception {
    try (TestNode node = Loopback.node("a");
        DatagramSocket echo = new DatagramSocket(0, InetAddress.ofLiteral("127.0.0.1"));
        Fairlead fairlead =
            Loopback.start(
                """
                admin: { bind: "127.0.0.1:0" }
                runtime: { event-loops: 3, transport: %s }
                listeners:
                  web: { bind: "127.0.0.1:0", routes: [ { service: web } ] }
                  bytes: { bind: "127.0.0.1:0", protocol: tcp, service: web }
                  datagrams: { bind: "127.0.0.1:0", protocol: udp, service: datagrams }
                services:
                  web: { nodes: "127.0.0.1:%d" }
                  datagrams: { nodes: "127.0.0.1:%d", health: none }
                """
                    .formatted(transport, node.port(), echo.getLocalPort()))) {
      String body = "x".repeat(BODY);
      for (String listener : new String[] {"web", "bytes"}) {
        for (int i = 0; i < 12; i++) { // connections come to the loops in turn
          try (Client client = new Client(Loopback.port(fairlead, listener))) {
            assertThat(client.get("/").status()).isEqualTo(200);
            client.send(
                "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + BODY + "\r\n\r\n");
            client.send(body);
            assertThat(client.reply().body()).contains(body);
          }
        }
      }
      try (DatagramSocket client = new DatagramSocket()) {
        client.connect(
            new InetSocketAddress(
                InetAddress.ofLiteral("127.0.0.1"), Loopback.port(fairlead, "datagrams")));
        for (int length : new int[] {1, 1400, 100}) {
          assertThat(length(client, echo, length)).isEqualTo(length);
        }
      }
    }
  }

  /** Sends a datagram of so many bytes, has the node send it back, and says how long it is then. */
  private static int length(DatagramSocket client, DatagramSocket node, int length)
      throws Exception {
    client.setSoTimeout(10_000);
    node.setSoTimeout(10_000);
    client.send(new DatagramPacket(new byte[length], length));
    DatagramPacket packet = new DatagramPacket(new byte[2000], 2000);
    node.receive(packet);
    node.send(packet);
    client.receive(packet);
    return packet.getLength();
  }
}
