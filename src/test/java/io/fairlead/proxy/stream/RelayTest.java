package io.fairlead.proxy.stream;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.fairlead.config.BalanceMethod;
import io.fairlead.proxy.http.Await;
import io.fairlead.proxy.http.HandNode;
import io.fairlead.proxy.http.NothingLeftOver;
import io.fairlead.proxy.http.Wire;
import io.fairlead.proxy.stream.StreamFixture.Setup;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.NodeCounter;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes through a tcp listener, between a client and a node that the test plays both. */
@Timeout(60)
final class RelayTest {
  /** A pipe's content for one connection; and what the loop reads into, of both sizes. */
  private static final int HELD = (512 + 64 + 512) * 1024;

  private static final int LARGE = 16 * 1024 * 1024;

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  @Test
  void bytesGoBothWaysAndAreCounted() throws Exception {
    HandNode node = node();
    StreamFixture proxy = proxy(Setup.USUAL, node.address());
    Wire client = client(proxy);
    Wire atNode = accept(node);
    atNode.send("welcome"); // a server may speak first
    assertThat(client.raw(7)).isEqualTo("welcome");
    client.send("hello");
    assertThat(atNode.raw(5)).isEqualTo("hello");
    client.finish();
    assertThat(atNode.ends()).isTrue();
    atNode.send("bye");
    atNode.finish();
    assertThat(client.raw(3)).isEqualTo("bye");
    assertThat(client.ends()).isTrue();
    Await.nothing(proxy::busy);
    assertThat(proxy.counted(ListenerCounter.BYTES_IN)).isEqualTo(5);
    assertThat(proxy.counted(ListenerCounter.BYTES_OUT)).isEqualTo(10);
    assertThat(proxy.counted(ListenerCounter.REQUESTS)).isOne();
    assertThat(proxy.counted(0, NodeCounter.BYTES_SENT)).isEqualTo(5);
    assertThat(proxy.counted(0, NodeCounter.BYTES_RECEIVED)).isEqualTo(10);
    for (ErrorReason reason : ErrorReason.values()) {
      assertThat(proxy.errors(reason)).as(reason.wireName()).isZero();
    }
  }

  @Test
  void aNodeMayEndItsHalfFirst() throws Exception {
    HandNode node = node();
    Wire client = client(proxy(Setup.USUAL, node.address()));
    Wire atNode = accept(node);
    atNode.send("all");
    atNode.finish();
    assertThat(client.raw(3)).isEqualTo("all");
    assertThat(client.ends()).isTrue();
    client.send("still here");
    assertThat(atNode.raw(10)).isEqualTo("still here");
    client.finish();
    assertThat(atNode.ends()).isTrue();
  }

  @Test
  void aNodeThatIsFullIsPassedOverAndWhoFindsAllFullIsReset() throws Exception {
    HandNode first = node();
    HandNode second = node();
    // by client, which is one: without the limit all would go to the same node
    StreamFixture proxy =
        proxy(Setup.USUAL.balance(BalanceMethod.IP_HASH), first.address(), second.address())
            .perNode(2);
    List<Wire> clients = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Wire client = client(proxy).send("hello");
      clients.add(client);
      int open = i + 1;
      Await.value(open, () -> proxy.node(0).connections() + proxy.node(1).connections(), "open");
    }
    for (HandNode node : List.of(first, second)) { // two each
      for (int i = 0; i < 2; i++) {
        Wire atNode = accept(node);
        assertThat(atNode.raw(5)).isEqualTo("hello");
        atNode.send("welcome");
      }
    }
    for (Wire client : clients) {
      assertThat(client.raw(7)).isEqualTo("welcome");
    }
    assertThat(isTurnedAway(proxy)).isTrue();
    assertThat(proxy.errors(ErrorReason.OVERLOADED)).isOne();
    assertThat(proxy.counted(ListenerCounter.RELAYS_FAILED)).isOne();
    clients.getFirst().reset(); // makes room
    Await.value(3, () -> proxy.node(0).inFlight() + proxy.node(1).inFlight(), "in flight");
    HandNode free = proxy.node(0).inFlight() == 1 ? first : second;
    Wire next = client(proxy).send("again");
    Wire atNode = accept(free);
    assertThat(atNode.raw(5)).isEqualTo("again");
    atNode.send("welcome");
    assertThat(next.raw(7)).isEqualTo("welcome");
  }

  @Test
  void aClientThatEndsAtOnceHasItsBytesDelivered() throws Exception {
    HandNode node = node();
    StreamFixture proxy = proxy(Setup.USUAL, node.address());
    for (int i = 0; i < 20; i++) { // the end comes before or after the node is connected
      Wire client = client(proxy);
      client.send("one-way " + (i % 10));
      client.finish();
      Wire atNode = accept(node);
      assertThat(atNode.raw(9)).isEqualTo("one-way " + (i % 10));
      assertThat(atNode.ends()).isTrue();
      atNode.close();
      assertThat(client.ends()).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void theSlowerSideSetsThePaceAndNothingIsLost(boolean clientIsSlow) throws Exception {
    HandNode node = leftOver.closes(new HandNode(clientIsSlow ? 0 : 8192));
    StreamFixture proxy = proxy(Setup.USUAL, node.address());
    Wire client = leftOver.closes(Wire.to(proxy.address(), clientIsSlow ? 8192 : 0));
    Wire atNode = accept(node);
    Wire slow = clientIsSlow ? client : atNode;
    Wire fast = clientIsSlow ? atNode : client;
    byte[] bytes = new byte[LARGE];
    new SplittableRandom(7).nextBytes(bytes);
    CompletableFuture<Void> sent =
        CompletableFuture.runAsync(() -> {
          try {
            fast.send(bytes);
            fast.finish();
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        });
    // The sender comes to a stop while nobody takes, and little is held for it.
    ListenerCounter counter = clientIsSlow ? ListenerCounter.BYTES_OUT : ListenerCounter.BYTES_IN;
    awaitStandstill(proxy, counter);
    assertThat(sent).isNotDone();
    assertThat(proxy.bufferBytes()).isLessThanOrEqualTo(HELD);
    byte[] got = new byte[LARGE];
    slow.fill(got);
    assertThat(Arrays.equals(got, bytes)).isTrue();
    sent.join();
    assertThat(slow.ends()).isTrue();
    slow.finish();
    assertThat(fast.ends()).isTrue();
  }

  private static void awaitStandstill(StreamFixture proxy, ListenerCounter counter)
      throws InterruptedException {
    long before = -1;
    long now = proxy.counted(counter);
    while (now == 0 || now != before) {
      before = now;
      Thread.sleep(100); // there is no event for nothing happening
      now = proxy.counted(counter);
    }
  }

  @Test
  void aResetIsPassedOnAsAReset() throws Exception {
    HandNode node = node();
    StreamFixture proxy = proxy(Setup.USUAL, node.address());
    Wire client = client(proxy);
    Wire atNode = accept(node);
    client.send("x");
    assertThat(atNode.raw(1)).isEqualTo("x");
    client.reset();
    assertThat(atNode.isReset()).isTrue();
    Await.nothing(proxy::busy);
    assertThat(proxy.errors(ErrorReason.CLIENT_GONE)).isOne();

    Wire other = client(proxy);
    Wire atNodeToo = accept(node);
    other.send("y");
    assertThat(atNodeToo.raw(1)).isEqualTo("y");
    atNodeToo.reset();
    assertThat(other.isReset()).isTrue();
    Await.nothing(proxy::busy);
    assertThat(proxy.errors(ErrorReason.UPSTREAM_RESET)).isOne();
    assertThat(proxy.counted(0, NodeCounter.RESET)).isOne();
  }

  @Test
  void aResetWhileTheOtherSideIsSlowReachesItToo() throws Exception {
    HandNode node = leftOver.closes(new HandNode(8192));
    StreamFixture proxy = proxy(Setup.USUAL, node.address());
    Wire client = client(proxy);
    Wire atNode = accept(node);
    CompletableFuture<Void> sent =
        CompletableFuture.runAsync(() -> {
          try {
            client.send(new byte[LARGE]);
          } catch (IOException _) {
            // it is reset meanwhile
          }
        });
    awaitStandstill(proxy, ListenerCounter.BYTES_IN);
    client.reset();
    atNode.readToEnd();
    Await.nothing(proxy::busy);
    sent.join();
  }

  @Test
  void anotherNodeIsTriedWhenOneDoesNotConnect() throws Exception {
    InetSocketAddress nobody = HandNode.nobody();
    HandNode node = node();
    StreamFixture proxy = proxy(Setup.USUAL, nobody, node.address());
    for (int i = 0; i < 4; i++) {
      Wire client = client(proxy).send("a");
      Wire atNode = accept(node);
      assertThat(atNode.raw(1)).isEqualTo("a");
      client.close();
      assertThat(atNode.ends()).isTrue();
      atNode.close();
    }
    assertThat(proxy.connectFailures()).isNotEmpty().allMatch("n1: connection refused"::equals);
    assertThat(proxy.counted(0, NodeCounter.CONNECT_FAILED))
        .isEqualTo(proxy.counted(0, NodeCounter.RETRIED));
    assertThat(proxy.counted(1, NodeCounter.CONNECTIONS)).isEqualTo(4);
  }

  @Test
  void withoutAnyNodeTheClientIsTurnedAwayAfterThreeTries() throws Exception {
    StreamFixture proxy = proxy(Setup.USUAL, HandNode.nobody(), HandNode.nobody());
    assertThat(isTurnedAway(proxy)).isTrue();
    assertThat(proxy.connectFailures()).hasSize(3);
    assertThat(proxy.errors(ErrorReason.CONNECT_FAILED)).isOne();
    StreamFixture empty = proxy(Setup.USUAL);
    assertThat(isTurnedAway(empty)).isTrue();
    assertThat(empty.errors(ErrorReason.NO_NODE)).isOne();
  }

  private static boolean isTurnedAway(StreamFixture proxy) throws IOException {
    try (Wire client = Wire.to(proxy.address())) {
      return client.ends();
    } catch (java.net.SocketException _) {
      return true; // reset before connecting had returned
    }
  }

  @Test
  void aNodeThatDoesNotAnswerIsGivenUpInTime() throws Exception {
    // A full backlog: the kernel drops what comes then.
    try (java.net.ServerSocket deaf =
        new java.net.ServerSocket(1, 1, java.net.InetAddress.getLoopbackAddress())) {
      InetSocketAddress address = new InetSocketAddress(deaf.getInetAddress(), deaf.getLocalPort());
      List<java.net.Socket> waiting = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        java.net.Socket socket = leftOver.closes(new java.net.Socket());
        waiting.add(socket);
        CompletableFuture<Void> _ = CompletableFuture.runAsync(() -> connect(socket, address));
      }
      Await.nothing(
          () -> waiting.stream().filter(java.net.Socket::isConnected).count() < 2 ? "open" : "");
      HandNode node = node();
      StreamFixture proxy =
          proxy(Setup.USUAL.connect(Duration.ofMillis(200)), address, node.address());
      Wire first = client(proxy).send("1");
      Wire second = client(proxy).send("2");
      Wire atNode = accept(node);
      Wire atNodeToo = accept(node);
      assertThat(atNode.raw(1) + atNodeToo.raw(1)).isIn("12", "21");
      assertThat(proxy.connectFailures()).containsOnly("n1: no connection in time");
      first.close();
      second.close();
    }
  }

  private static void connect(java.net.Socket socket, InetSocketAddress address) {
    try {
      socket.connect(address);
    } catch (IOException _) {
      // the third is not accepted, which is the point
    }
  }

  @Test
  void leastConnectionsSendsToTheNodeWithFewer() throws Exception {
    HandNode a = node();
    HandNode b = node();
    StreamFixture proxy =
        proxy(Setup.USUAL.balance(BalanceMethod.LEAST_CONNECTIONS), a.address(), b.address());
    for (int i = 0; i < 6; i++) {
      int wanted = i + 1;
      Wire _ = client(proxy);
      Await.nothing(() -> {
        int open = proxy.node(0).connections() + proxy.node(1).connections();
        return open == wanted ? "" : open + " of " + wanted;
      });
    }
    assertThat(proxy.node(0).connections()).isEqualTo(3);
    assertThat(proxy.node(1).connections()).isEqualTo(3);
    assertThat(proxy.node(0).inFlight()).as("what a drain waits for").isEqualTo(3);
  }

  @Test
  void anIdleConnectionIsClosedAndOneThatMovesIsNot() throws Exception {
    HandNode node = node();
    StreamFixture proxy = proxy(Setup.USUAL.idle(Duration.ofMillis(400)), node.address());
    Wire quiet = client(proxy);
    Wire atNode = accept(node);
    Wire busy = client(proxy);
    Wire atNodeToo = accept(node);
    CompletableFuture<Boolean> ended =
        CompletableFuture.supplyAsync(() -> {
          try {
            return quiet.ends();
          } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
          }
        });
    while (!ended.isDone()) {
      busy.send(".");
      assertThat(atNodeToo.raw(1)).isEqualTo(".");
      Thread.sleep(20); // the pace of a client
    }
    assertThat(ended.join()).isTrue();
    assertThat(atNode.ends()).isTrue();
    assertThat(proxy.errors(ErrorReason.IDLE_TIMEOUT)).isOne();
  }

  @Test
  void connectionsBeyondTheLimitAreClosedAtOnceAndNoNodeHearsOfThem() throws Exception {
    HandNode node = node();
    StreamFixture proxy = proxy(Setup.USUAL.connections(5), node.address());
    List<Wire> in = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      in.add(client(proxy).send("a"));
    }
    for (int i = 0; i < 200; i++) {
      assertThat(isTurnedAway(proxy)).isTrue();
    }
    assertThat(proxy.counted(ListenerCounter.CONNECTIONS_REFUSED)).isEqualTo(200);
    assertThat(proxy.counted(0, NodeCounter.CONNECTIONS)).isEqualTo(5);
    in.getFirst().close();
    accept(node).close();
    Await.value(4, proxy.listener().state()::connections, "connections");
    Wire next = client(proxy).send("b");
    for (int i = 0; i < 4; i++) {
      assertThat(accept(node).raw(1)).isEqualTo("a");
    }
    assertThat(accept(node).raw(1)).isEqualTo("b");
    next.close();
  }

  @Test
  void aListenerThatDrainsLetsConnectionsFinishAndCutsWhatIsLeft() throws Exception {
    HandNode node = node();
    StreamFixture proxy = proxy(Setup.USUAL.loops(2), node.address());
    Wire first = client(proxy);
    Wire atNode = accept(node);
    Wire second = client(proxy);
    Wire atNodeToo = accept(node);
    CompletableFuture<Integer> drained = proxy.listener().drain(Duration.ofSeconds(1));
    assertThatExceptionOfType(ConnectException.class).isThrownBy(() -> Wire.to(proxy.address()));
    atNode.send("go on");
    assertThat(first.raw(5)).isEqualTo("go on");
    first.finish();
    assertThat(atNode.ends()).isTrue();
    atNode.close();
    assertThat(first.ends()).isTrue();
    assertThat(drained.join()).isEqualTo(1);
    assertThat(second.ends()).isTrue();
    assertThat(atNodeToo.ends()).isTrue();
  }

  private HandNode node() throws IOException {
    return leftOver.closes(new HandNode());
  }

  private StreamFixture proxy(Setup setup, InetSocketAddress... nodes) {
    return leftOver.watches(new StreamFixture(setup, nodes));
  }

  private Wire client(StreamFixture proxy) throws IOException {
    return leftOver.closes(Wire.to(proxy.address()));
  }

  private Wire accept(HandNode node) throws IOException {
    return leftOver.closes(node.accept());
  }
}
