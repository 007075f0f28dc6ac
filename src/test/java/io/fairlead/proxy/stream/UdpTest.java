package io.fairlead.proxy.stream;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.BalanceMethod;
import io.fairlead.config.UdpConfig;
import io.fairlead.proxy.http.Await;
import io.fairlead.proxy.http.NothingLeftOver;
import io.fairlead.proxy.stream.StreamFixture.Setup;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.NodeCounter;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Datagrams through a listener, between clients and nodes that the test plays both. */
@Timeout(60)
final class UdpTest {
  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  /** One socket of a client or a node. */
  private static final class Peer implements AutoCloseable {
    private final DatagramSocket socket;

    Peer(String host) throws IOException {
      socket = new DatagramSocket(new InetSocketAddress(host, 0));
      socket.setSoTimeout(10_000);
    }

    InetSocketAddress address() {
      return new InetSocketAddress(socket.getLocalAddress(), socket.getLocalPort());
    }

    Peer send(InetSocketAddress to, String text) throws IOException {
      return send(to, text.getBytes(US_ASCII));
    }

    Peer send(InetSocketAddress to, byte[] bytes) throws IOException {
      socket.send(new DatagramPacket(bytes, bytes.length, to));
      return this;
    }

    DatagramPacket packet() throws IOException {
      DatagramPacket packet = new DatagramPacket(new byte[65536], 65536);
      socket.receive(packet);
      return packet;
    }

    String receive() throws IOException {
      return text(packet());
    }

    /** Whether nothing comes for a while. */
    boolean hearsNothing() throws IOException {
      socket.setSoTimeout(150);
      try {
        DatagramPacket _ = packet();
        return false;
      } catch (SocketTimeoutException _) {
        return true;
      } finally {
        socket.setSoTimeout(10_000);
      }
    }

    /** Answers each datagram with its name and what came; for ever. */
    Peer echo(String name) {
      Thread.ofVirtual()
          .start(() -> {
            try {
              while (true) {
                DatagramPacket packet = packet();
                send((InetSocketAddress) packet.getSocketAddress(), name + text(packet));
              }
            } catch (SocketException | SocketTimeoutException _) {
              // closed, or nobody asks any more
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          });
      return this;
    }

    private static String text(DatagramPacket packet) {
      return new String(packet.getData(), 0, packet.getLength(), US_ASCII);
    }

    @Override
    public void close() {
      socket.close();
    }
  }

  @Test
  void bothWaysInOneSessionThatSticksToItsNode() throws Exception {
    Peer a = peer().echo("a");
    Peer b = peer().echo("b");
    StreamFixture proxy = proxy(Setup.USUAL, UdpConfig.DEFAULT, a, b);
    Peer client = peer();
    client.send(proxy.address(), "1");
    DatagramPacket first = client.packet();
    assertThat(first.getSocketAddress()).isEqualTo(proxy.address());
    String node = Peer.text(first).substring(0, 1);
    for (int i = 0; i < 20; i++) {
      assertThat(client.send(proxy.address(), "x" + i).receive()).isEqualTo(node + "x" + i);
    }
    Peer other = peer();
    assertThat(other.send(proxy.address(), "1").receive())
        .as("another client, the next node")
        .isEqualTo(node.equals("a") ? "b1" : "a1");
    assertThat(proxy.listener().state().connections()).isEqualTo(2);
    assertThat(proxy.node(0).inFlight() + proxy.node(1).inFlight()).isEqualTo(2);
    assertThat(proxy.counted(ListenerCounter.REQUESTS)).isEqualTo(2);
    assertThat(proxy.counted(ListenerCounter.BYTES_IN)).isEqualTo(2 + 10 * 2 + 10 * 3);
  }

  @Test
  void whatIsSentInOneGoGoesOnInOrder() throws Exception {
    Peer node = peer();
    StreamFixture proxy = proxy(Setup.USUAL, UdpConfig.DEFAULT, node);
    Peer client = peer();
    for (int i = 0; i < 100; i++) {
      client.send(proxy.address(), "q" + i);
    }
    InetSocketAddress from = null;
    for (int i = 0; i < 100; i++) {
      DatagramPacket asked = node.packet();
      assertThat(Peer.text(asked)).isEqualTo("q" + i);
      from = (InetSocketAddress) asked.getSocketAddress();
    }
    for (int i = 0; i < 100; i++) {
      node.send(requireNonNull(from), "r" + i);
    }
    for (int i = 0; i < 100; i++) {
      assertThat(client.receive()).isEqualTo("r" + i);
    }
  }

  @Test
  void theTimeForIdlenessEndsASession() throws Exception {
    Peer node = peer().echo("n");
    StreamFixture proxy = proxy(Setup.USUAL.idle(Duration.ofMillis(300)), UdpConfig.DEFAULT, node);
    Peer client = peer();
    assertThat(client.send(proxy.address(), "1").receive()).isEqualTo("n1");
    Await.nothing(proxy::busy);
    assertThat(client.send(proxy.address(), "2").receive()).isEqualTo("n2");
    assertThat(proxy.counted(ListenerCounter.CONNECTIONS)).isEqualTo(2);
  }

  @Test
  void theExpectedNumberOfResponsesEndsASession() throws Exception {
    Peer node = peer();
    StreamFixture proxy = proxy(Setup.USUAL, new UdpConfig(10, 2, 9000), node);
    Peer client = peer().send(proxy.address(), "q");
    InetSocketAddress from = (InetSocketAddress) node.packet().getSocketAddress();
    node.send(from, "r1");
    assertThat(client.receive()).isEqualTo("r1");
    assertThat(proxy.listener().state().connections()).isOne();
    node.send(from, "r2");
    assertThat(client.receive()).isEqualTo("r2");
    Await.nothing(proxy::busy);
    StreamFixture oneWay = proxy(Setup.USUAL, new UdpConfig(10, 0, 9000), node);
    client.send(oneWay.address(), "log");
    assertThat(node.receive()).isEqualTo("log");
    Await.nothing(oneWay::busy);
  }

  @Test
  void sessionsAreLimitedInTotalAndForEachClient() throws Exception {
    Peer node = peer().echo("n");
    StreamFixture proxy = proxy(Setup.USUAL.connections(5), new UdpConfig(3, -1, 9000), node);
    List<Peer> first = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      first.add(peer());
      assertThat(first.get(i).send(proxy.address(), "1").receive()).isEqualTo("n1");
    }
    Peer fourth = peer();
    assertThat(fourth.send(proxy.address(), "1").hearsNothing()).isTrue();
    for (int i = 0; i < 2; i++) {
      Peer other = leftOver.closes(new Peer("127.0.0." + (5 + i)));
      assertThat(other.send(proxy.address(), "1").receive()).isEqualTo("n1");
    }
    Peer beyond = leftOver.closes(new Peer("127.0.0.7"));
    assertThat(beyond.send(proxy.address(), "1").hearsNothing()).isTrue();
    assertThat(first.getFirst().send(proxy.address(), "2").receive()).isEqualTo("n2");
    assertThat(proxy.counted(ListenerCounter.CONNECTIONS_REFUSED)).isEqualTo(2);
    assertThat(proxy.errors(ErrorReason.OVERLOADED)).isEqualTo(2);
    assertThat(proxy.counted(0, NodeCounter.REQUESTS)).isEqualTo(5);
  }

  @Test
  void sessionsAreLimitedAtEachNode() throws Exception {
    Peer a = peer().echo("a");
    Peer b = peer().echo("b");
    // by client, which is one: without the limit all would go to the same node
    StreamFixture proxy =
        proxy(Setup.USUAL.balance(BalanceMethod.IP_HASH), UdpConfig.DEFAULT, a, b).perNode(2);
    List<Peer> clients = new ArrayList<>();
    List<String> nodes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Peer client = peer();
      clients.add(client);
      nodes.add(client.send(proxy.address(), "1").receive());
    }
    assertThat(nodes).containsExactlyInAnyOrder("a1", "a1", "b1", "b1");
    Peer beyond = peer();
    assertThat(beyond.send(proxy.address(), "1").hearsNothing()).isTrue();
    assertThat(proxy.errors(ErrorReason.OVERLOADED)).isOne();
    assertThat(proxy.counted(ListenerCounter.RELAYS_FAILED)).isOne();
    assertThat(proxy.listener().state().connections()).isEqualTo(4);
    // A node goes down: there is no room for its sessions at the other, whose own go on.
    proxy.service().setUp(proxy.node(0), false, "down");
    proxy.rebalance();
    for (int i = 0; i < 4; i++) {
      Peer client = clients.get(i).send(proxy.address(), "2");
      assertThat(nodes.get(i).equals("a1") ? client.hearsNothing() : client.receive().equals("b2"))
          .isTrue();
    }
    assertThat(proxy.errors(ErrorReason.OVERLOADED)).isEqualTo(3);
    assertThat(proxy.node(0).inFlight()).isZero();
    assertThat(proxy.node(1).inFlight()).isEqualTo(2);
  }

  @Test
  void aFloodFromManyPortsHoldsNoMoreThanItsShare() throws Exception {
    Peer node = peer();
    StreamFixture proxy = proxy(Setup.USUAL.connections(1000), new UdpConfig(20, -1, 9000), node);
    for (int i = 0; i < 300; i++) {
      try (Peer flood = new Peer("127.0.0.66")) {
        flood.send(proxy.address(), new byte[1000]);
      }
    }
    Await.nothing(
        () -> proxy.counted(ListenerCounter.BYTES_IN) == 300_000 ? "" : "not all has been read");
    assertThat(proxy.listener().state().connections()).isEqualTo(20);
    assertThat(proxy.bufferBytes()).isLessThan(1024 * 1024);
  }

  @Test
  void largeDatagramsPassUpToTheBoundAndLongerOnesAreDropped() throws Exception {
    Peer node = peer();
    StreamFixture proxy = proxy(Setup.USUAL, new UdpConfig(10, -1, 1500), node);
    Peer client = peer();
    byte[] largest = new byte[1500];
    Arrays.fill(largest, (byte) 'x');
    client.send(proxy.address(), new byte[1501]).send(proxy.address(), new byte[60_000]);
    client.send(proxy.address(), largest);
    DatagramPacket got = node.packet();
    assertThat(got.getLength()).isEqualTo(1500);
    InetSocketAddress back = (InetSocketAddress) got.getSocketAddress();
    node.send(back, new byte[1501]).send(back, new byte[9000]).send(back, "short");
    assertThat(client.receive()).isEqualTo("short");
    assertThat(proxy.errors(ErrorReason.DATAGRAM_TOO_LONG)).isEqualTo(4);
  }

  @Test
  void wherePortIsUnreachableAnotherNodeGetsTheNextDatagram() throws Exception {
    Peer gone = new Peer("127.0.0.1");
    InetSocketAddress nobody = gone.address();
    gone.close();
    Peer node = peer().echo("n");
    StreamFixture proxy =
        leftOver.watches(new StreamFixture(Setup.USUAL, UdpConfig.DEFAULT, nobody, node.address()));
    Set<String> answers = new HashSet<>();
    for (int i = 0; i < 4; i++) {
      Peer client = peer();
      client.socket.setSoTimeout(100);
      String answer = "";
      for (int again = 0; again < 50 && answer.isEmpty(); again++) {
        try {
          answer = client.send(proxy.address(), "?").receive();
        } catch (SocketTimeoutException _) {
          // a client asks again
        }
      }
      answers.add(answer);
    }
    assertThat(answers).containsExactly("n?");
    assertThat(proxy.connectFailures()).isNotEmpty().allMatch("n1: port unreachable"::equals);
    assertThat(proxy.counted(0, NodeCounter.CONNECT_FAILED)).isPositive();
  }

  @Test
  void sessionsMoveFromANodeThatIsDownWithTheNextDatagram() throws Exception {
    Peer a = peer().echo("a");
    Peer b = peer().echo("b");
    StreamFixture proxy =
        proxy(Setup.USUAL.balance(BalanceMethod.IP_HASH), UdpConfig.DEFAULT, a, b);
    Peer client = peer();
    String before = client.send(proxy.address(), "1").receive();
    int index = before.equals("a1") ? 0 : 1;
    proxy.service().setUp(proxy.node(index), false, "test");
    proxy.rebalance();
    String after = client.send(proxy.address(), "1").receive();
    assertThat(after).isEqualTo(index == 0 ? "b1" : "a1");
    assertThat(proxy.node(index).inFlight()).isZero();
    assertThat(proxy.listener().state().connections()).isOne();
    proxy.service().setUp(proxy.node(1 - index), false, "test");
    proxy.rebalance();
    assertThat(client.send(proxy.address(), "1").hearsNothing()).isTrue();
    assertThat(proxy.errors(ErrorReason.NO_NODE)).isOne();
    Await.nothing(proxy::busy);
  }

  @Test
  void aDrainLetsSessionsGoOnTakesNoNewOnesAndCutsWhatIsLeft() throws Exception {
    Peer node = peer().echo("n");
    StreamFixture proxy = proxy(Setup.USUAL.loops(2), UdpConfig.DEFAULT, node);
    InetSocketAddress address = proxy.address();
    Peer client = peer();
    assertThat(client.send(address, "1").receive()).isEqualTo("n1");
    CompletableFuture<Integer> drained = proxy.listener().drain(Duration.ofMillis(600));
    assertThat(client.send(address, "2").receive()).isEqualTo("n2");
    assertThat(peer().send(address, "1").hearsNothing()).isTrue();
    assertThat(drained.get(10, TimeUnit.SECONDS)).isEqualTo(1);
    Await.nothing(proxy::busy);
    Await.nothing(() -> {
      try (DatagramSocket _ = new DatagramSocket(address)) {
        return "";
      } catch (SocketException e) {
        return "the address is not free: " + e.getMessage();
      }
    });
  }

  private Peer peer() throws IOException {
    return leftOver.closes(new Peer(InetAddress.getLoopbackAddress().getHostAddress()));
  }

  private StreamFixture proxy(Setup setup, UdpConfig udp, Peer... nodes) {
    InetSocketAddress[] addresses =
        Arrays.stream(nodes).map(Peer::address).toArray(InetSocketAddress[]::new);
    return leftOver.watches(new StreamFixture(setup, udp, addresses));
  }
}
