package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.demo.TestNode;
import io.fairlead.telemetry.Event;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Listeners that relay, in a whole instance. */
@Timeout(60)
class StreamTest {
  private static String config(int port, String protocol, TestNode node) {
    return """
    admin: { bind: "127.0.0.1:0" }
    listeners:
      in: { bind: "127.0.0.1:%d", protocol: %s, service: s }
    services:
      s: { nodes: "127.0.0.1:%d", balance: ip-hash }
    """
        .formatted(port, protocol, node.port());
  }

  @Test
  void aListenerMayChangeItsProtocolWithoutCuttingAConnection() throws Exception {
    int port = FreePort.any();
    try (TestNode node = Loopback.node("a");
        Fairlead fairlead = Loopback.start(config(port, "http", node));
        Client before = new Client(port)) {
      assertThat(before.get("/").field("via")).isNotEmpty();
      assertThat(fairlead.apply(Loopback.read(config(port, "tcp", node)), "test"))
          .isInstanceOf(Fairlead.Applied.Done.class);
      try (Client relayed = new Client(port)) {
        assertThat(relayed.get("/").status()).isEqualTo(200);
        assertThat(relayed.get("/").field("via")).as("nobody looked into it").isEmpty();
        assertThat(fairlead.apply(Loopback.read(config(port, "http", node)), "test"))
            .isInstanceOf(Fairlead.Applied.Done.class);
        assertThat(relayed.get("/").status()).isEqualTo(200);
      }
      try (Client after = new Client(port)) {
        assertThat(after.get("/").field("via")).isNotEmpty();
      }
    }
  }

  @Test
  void operatorsSeeWhereConnectionsGo() throws Exception {
    try (TestNode node = Loopback.node("a");
        Fairlead fairlead = Loopback.start(config(FreePort.any(), "tcp", node));
        Client client = new Client(Loopback.port(fairlead, "in"))) {
      assertThat(client.get("/").status()).isEqualTo(200);
      String status = Loopback.door(fairlead, "GET", "/api/v1/status", "").body();
      assertThat(status)
          .contains("\"protocol\":\"tcp\"", "\"match\":\"every connection\"", "\"connections\":1");
      String url = "tcp://127.0.0.1:" + Loopback.port(fairlead, "in");
      String why =
          Loopback.door(fairlead, "GET", "/api/v1/explain?method=CONNECT&url=" + url, "").body();
      assertThat(why)
          .contains(
              "the listener relays connections",
              "route in-1 leads to service s",
              "\"node\":\"127.0.0.1:" + node.port() + "\"");
      assertThat(Loopback.door(fairlead, "GET", "/metrics", "").body())
          .contains(
              "fairlead_route_requests_total{listener=\"in\",route=\"in-1\",service=\"s\"} 1");
    }
  }

  @Test
  void aNodeIsDrainedWhenItsLastConnectionHasEnded() throws Exception {
    try (TestNode node = Loopback.node("a");
        Fairlead fairlead = Loopback.start(config(FreePort.any(), "tcp", node));
        Socket client =
            new Socket(InetAddress.getLoopbackAddress(), Loopback.port(fairlead, "in"))) {
      var target = Loopback.nodes(fairlead, "s")[0];
      Loopback.await("relayed", () -> target.inFlight() == 1);
      Loopback.door(
          fairlead, "POST", "/api/v1/services/s/nodes/127.0.0.1:" + node.port() + "/drain", "");
      Loopback.await("draining", () -> target.facts().draining());
      assertThat(drained(fairlead)).isFalse();
      client.shutdownOutput(); // the node ends its half, too
      Loopback.await("drained", () -> drained(fairlead));
    }
  }

  @Test
  void datagramsOfOneClientGoToOneNodeAsLongAsItsHealthPortAnswers() throws Exception {
    try (TestNode health = Loopback.node("a");
        DatagramSocket node = new DatagramSocket(0, InetAddress.ofLiteral("127.0.0.1"));
        DatagramSocket client = new DatagramSocket(0, InetAddress.ofLiteral("127.0.0.1"));
        Fairlead fairlead =
            Loopback.start(
                """
                admin: { bind: "127.0.0.1:0" }
                listeners:
                  in: { bind: "127.0.0.1:0", protocol: udp, service: s, udp: { responses: 1 } }
                services:
                  s:
                    nodes: "127.0.0.1:%d"
                    health: { http: /, port: %d, interval: 50ms }
                """
                    .formatted(node.getLocalPort(), health.port()))) {
      InetSocketAddress in =
          new InetSocketAddress(InetAddress.getLoopbackAddress(), Loopback.port(fairlead, "in"));
      var target = Loopback.nodes(fairlead, "s")[0];
      Loopback.await(
          "asked at the other port", () -> target.facts().reason().startsWith("answered"));
      client.setSoTimeout(5000);
      node.setSoTimeout(5000);
      client.send(new DatagramPacket(new byte[] {1}, 1, in));
      DatagramPacket got = new DatagramPacket(new byte[10], 10);
      node.receive(got);
      String status = Loopback.door(fairlead, "GET", "/api/v1/status", "").body();
      assertThat(status)
          .contains("\"protocol\":\"udp\"", "\"match\":\"every datagram\"", "\"connections\":1");
      node.send(new DatagramPacket(new byte[] {2, 3}, 2, got.getSocketAddress()));
      client.receive(got);
      assertThat(got.getLength()).isEqualTo(2);
      assertThat(got.getSocketAddress()).isEqualTo(in);
      String url = "udp://127.0.0.1:" + in.getPort();
      assertThat(
              Loopback.door(fairlead, "GET", "/api/v1/explain?method=CONNECT&url=" + url, "")
                  .body())
          .contains("the listener relays datagrams", "\"node\":\"" + target.address() + "\"");
      Loopback.await("the session has ended", () -> target.inFlight() == 0);
    }
  }

  private static boolean drained(Fairlead fairlead) {
    return fairlead.events().since(0).stream()
        .anyMatch(e -> e.event() instanceof Event.NodeDrained);
  }
}
