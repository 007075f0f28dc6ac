package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.fairlead.config.HttpLimits;
import io.fairlead.demo.Behaviour;
import io.fairlead.demo.TestNode;
import io.fairlead.service.Node;
import io.fairlead.telemetry.ListenerCounter;
import io.fairlead.telemetry.NodeCounter;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Listeners while they live: limits, a policy that changes, an end, several loops. */
final class ListenerTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  private static final String GET = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";
  private static final Set<Thread.State> WAITS =
      Set.of(Thread.State.WAITING, Thread.State.TIMED_WAITING);
  private static final Duration LONG = Duration.ofSeconds(60);

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  @Test
  void connectionsBeyondTheLimitAreClosedAndCounted() throws Exception {
    ProxyFixture proxy = proxy(limits(2, 8192), 1, node());
    Wire first = client(proxy).send(GET);
    Wire second = client(proxy).send(GET);
    assertThat(first.response().status()).isEqualTo(200);
    assertThat(second.response().status()).isEqualTo(200);
    assertThat(client(proxy).ends()).isTrue();
    assertThat(counted(proxy, ListenerCounter.CONNECTIONS_REFUSED)).isOne();
    first.close();
    Await.value(1, proxy.listener().state()::connections, "connections");
    assertThat(client(proxy).send(GET).response().status()).isEqualTo(200);
    assertThat(counted(proxy, ListenerCounter.CONNECTIONS)).isEqualTo(3);
  }

  @Test
  void anIdleConnectionEndsAtOnceAndABusyOneAfterItsAnswerWhenTheListenerDrains() throws Exception {
    HandNode node = leftOver.closes(new HandNode());
    ProxyFixture proxy = proxy(ProxyFixture.limits(), 2, node.address());
    Wire idle = client(proxy).send(GET);
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    atNode.send(OK);
    assertThat(idle.response().status()).isEqualTo(200);
    Wire busy = client(proxy).send(GET);
    Wire atNodeToo = proxy.counted(0, NodeCounter.CONNECTIONS) > 1 ? node.accept() : atNode;
    Received _ = atNodeToo.request();
    CompletableFuture<Integer> drained = proxy.listener().drain(LONG);
    assertThat(idle.ends()).isTrue();
    assertThat(drained).isNotDone();
    assertThatExceptionOfType(ConnectException.class).isThrownBy(() -> Wire.to(proxy.address()));
    atNodeToo.send(OK);
    Received last = busy.response();
    assertThat(last.values("connection")).containsExactly("close");
    assertThat(busy.ends()).isTrue();
    assertThat(drained.join()).isZero();
  }

  @Test
  void whatIsLeftAfterTheDrainsPatienceIsCutAndCounted() throws Exception {
    HandNode node = leftOver.closes(new HandNode());
    ProxyFixture proxy = proxy(ProxyFixture.limits(), 1, node.address());
    Wire busy = client(proxy).send(GET);
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    assertThat(proxy.listener().drain(Duration.ofMillis(200)).join()).isEqualTo(1);
    assertThat(busy.ends()).isTrue();
    assertThat(atNode.ends()).isTrue();
  }

  /** Netty leaves sockets open if its loop is told to end while it runs tasks. */
  @Test
  void whatABusyLoopHasOpenIsClosedBeforeItEnds() throws Exception {
    ProxyFixture proxy = proxy(ProxyFixture.limits(), 1, node());
    Wire open = client(proxy).send(GET);
    assertThat(open.response().status()).isEqualTo(200);
    CountDownLatch free = new CountDownLatch(1);
    proxy.dataPlane().afterEachLoop(() -> awaitFor(free));
    Thread closing = Thread.ofPlatform().start(proxy.dataPlane()::close);
    Await.value(true, () -> WAITS.contains(closing.getState()), "it waits for the loop");
    free.countDown();
    closing.join();
    assertThat(open.ends()).isTrue();
    assertThatExceptionOfType(ConnectException.class).isThrownBy(() -> Wire.to(proxy.address()));
  }

  private static void awaitFor(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aNewPolicyHoldsForTheNextRequestAndCutsNothing() throws Exception {
    HandNode node = leftOver.closes(new HandNode());
    ProxyFixture proxy = proxy(limits(100, 8192), 1, node.address());
    Wire client = client(proxy).send(GET);
    Wire idle = client(proxy);
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    HttpListenerState state = (HttpListenerState) proxy.listener().state();
    state.setPolicy(proxy.policy(limits(100, 10), LONG));
    atNode.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
    idle.send("GET /a-longer-target HTTP/1.1\r\nHost: a\r\n\r\n");
    assertThat(idle.response().status()).isEqualTo(414);
    client.send(GET);
    Received _ = atNode.request();
    atNode.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
    assertThat(proxy.counted(0, NodeCounter.CONNECTIONS)).isOne();
  }

  @Test
  void aLoopTakesOverAnUnusedConnectionOfAnotherInsteadOfOpeningOne() throws Exception {
    ProxyFixture proxy = proxy(ProxyFixture.limits(), 2, node());
    Node node = proxy.service().nodes().all()[0];
    // Connections are dealt out in turn, so that neighbours are on different loops.
    for (int i = 0; i < 20; i++) {
      try (Wire client = Wire.to(proxy.address())) {
        assertThat(client.send(GET).response().status()).isEqualTo(200);
        Await.value(1, () -> proxy.dataPlane().pools().idle(node), "unused connections");
        assertThat(client.send(GET).response().status()).isEqualTo(200);
        Await.value(1, () -> proxy.dataPlane().pools().idle(node), "unused connections");
      }
    }
    assertThat(proxy.counted(0, NodeCounter.CONNECTIONS)).isOne();
    assertThat(proxy.counted(0, NodeCounter.REQUESTS)).isEqualTo(40);
  }

  @Test
  void manyClientsOnTwoLoopsTakeConnectionsFromEachOtherAndLoseNothing() throws Exception {
    ProxyFixture proxy = proxy(ProxyFixture.limits(), 2, node());
    try (Bystander a = new Bystander(proxy.address());
        Bystander b = new Bystander(proxy.address());
        Bystander c = new Bystander(proxy.address())) {
      for (int i = 0; i < 300; i++) {
        try (Wire client = Wire.to(proxy.address())) {
          assertThat(client.send(GET).response().status()).isEqualTo(200);
        }
      }
      a.servedMore();
      b.servedMore();
      c.servedMore();
    }
    assertThat(proxy.counted(0, NodeCounter.CONNECTIONS)).isLessThan(20);
  }

  private InetSocketAddress node() throws IOException {
    TestNode node = leftOver.closes(TestNode.start("127.0.0.1", 0, "n", Behaviour.PLAIN));
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), node.port());
  }

  private ProxyFixture proxy(HttpLimits limits, int loops, InetSocketAddress node) {
    return leftOver.watches(ProxyFixture.start(List.of(node), limits, LONG, loops));
  }

  private static HttpLimits limits(int connections, int targetBytes) {
    return new HttpLimits(
        connections, 65536, targetBytes, 100, 1 << 20, Duration.ofSeconds(5), LONG, 0);
  }

  private Wire client(ProxyFixture proxy) throws IOException {
    return leftOver.closes(Wire.to(proxy.address()));
  }

  private static long counted(ProxyFixture proxy, ListenerCounter counter) {
    return proxy.listener().state().counters().get(counter);
  }
}
