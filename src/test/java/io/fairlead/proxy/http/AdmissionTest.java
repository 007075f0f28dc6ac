package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.balance.Balancer;
import io.fairlead.config.BalanceMethod;
import io.fairlead.config.ServiceLimits;
import io.fairlead.limit.Descriptors;
import io.fairlead.limit.Pressure;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSet;
import io.fairlead.telemetry.Event;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.ShedReason;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who gets in, who waits and who is turned away, seen from both ends of the wire. */
@Timeout(60)
final class AdmissionTest {
  private static final int ANY = ServiceLimits.UNLIMITED;
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final String OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private static ServiceLimits perNode(int requests, int queue) {
    return new ServiceLimits(ANY, requests, ANY, false, queue, LONG);
  }

  private static ServiceLimits total(int requests, int queue, Duration patience) {
    return new ServiceLimits(ANY, ANY, requests, false, queue, patience);
  }

  private HandNode hand() throws IOException {
    return leftOver.closes(new HandNode());
  }

  private ProxyFixture proxy(int loops, InetSocketAddress... nodes) {
    return leftOver.watches(
        ProxyFixture.start(List.of(nodes), ProxyFixture.limits(), Duration.ofSeconds(60), loops));
  }

  /** A client that has sent a request. */
  private Wire asking(ProxyFixture proxy, String target) throws IOException {
    return leftOver
        .closes(Wire.to(proxy.address()))
        .send("GET " + target + " HTTP/1.1\r\nhost: a\r\n\r\n");
  }

  private void awaitWaiting(ProxyFixture proxy, int count) {
    Await.value(count, proxy::waiting, "requests that wait");
  }

  private static void assertShed(Received answer) {
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.values("fairlead-error")).containsExactly("overloaded");
    assertThat(answer.values("retry-after").getFirst()).matches("[1-4]");
  }

  @Test
  void aNodeAtItsLimitIsPassedOverAndWhenAllAreTheRestIsTurnedAwayAtOnce() throws Exception {
    HandNode a = hand();
    HandNode b = hand();
    ProxyFixture proxy = proxy(1, a.address(), b.address());
    proxy.limit(perNode(2, 0));
    List<Wire> clients = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      clients.add(asking(proxy, "/" + i));
    }
    List<Wire> atNodes = new ArrayList<>();
    for (HandNode node : List.of(a, b)) {
      for (int i = 0; i < 2; i++) {
        Wire at = leftOver.closes(node.accept());
        at.request();
        atNodes.add(at);
      }
    }
    assertShed(asking(proxy, "/4").response());
    assertThat(proxy.shed(ShedReason.QUEUE_FULL)).isEqualTo(1);
    for (Wire at : atNodes) {
      at.send(OK);
    }
    for (Wire client : clients) {
      assertThat(client.response().status()).isEqualTo(200);
    }
  }

  @Test
  void whoWaitsIsServedInTheOrderOfComing() throws Exception {
    HandNode node = hand();
    ProxyFixture proxy = proxy(1, node.address());
    proxy.limit(total(1, 10, LONG));
    List<Wire> clients = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      clients.add(asking(proxy, "/" + i));
      awaitWaiting(proxy, Math.max(0, i));
      Await.value(1, proxy.service().load().inFlight()::get, "requests in");
    }
    Wire at = leftOver.closes(node.accept());
    for (int i = 0; i < 4; i++) {
      assertThat(at.request().start).contains("/" + i + " ");
      at.send(OK);
      assertThat(clients.get(i).response().status()).isEqualTo(200);
    }
    assertThat(proxy.service().load().waits()).isNotNull();
  }

  /** Whoever starts nodes when somebody waits need not look again and again. */
  @Test
  void theFirstThatWaitsWakesWhoSleeps() throws Exception {
    HandNode node = hand();
    ProxyFixture proxy = proxy(1, node.address());
    proxy.limit(total(1, 10, LONG));
    CountDownLatch woken = new CountDownLatch(1);
    proxy.service().load().setSleeper(woken::countDown);
    List<Wire> clients = new ArrayList<>(List.of(asking(proxy, "/in")));
    Wire at = leftOver.closes(node.accept());
    at.request();
    assertThat(woken.getCount()).as("nobody waits yet").isEqualTo(1);
    clients.add(asking(proxy, "/waits"));
    assertThat(woken.await(10, TimeUnit.SECONDS)).isTrue();
    at.send(OK);
    at.request();
    at.send(OK);
    for (Wire client : clients) {
      assertThat(client.response().status()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @CsvSource({"2, 1", "4, 1", "4, 3"})
  void overSeveralLoopsTheOrderIsTheSame(int loops, int atOnce) throws Exception {
    SlotNode node = leftOver.closes(new SlotNode(1000, 0));
    HandNode first = hand();
    ProxyFixture proxy = proxy(loops, first.address());
    proxy.limit(total(atOnce, 100, LONG));
    List<Wire> in = new ArrayList<>();
    for (int i = 0; i < atOnce; i++) {
      in.add(asking(proxy, "/in"));
      in.add(leftOver.closes(first.accept()));
      in.getLast().request();
    }
    proxy.service().nodes().all()[0].setSocketAddress(node.address()); // those who wait go there
    List<Wire> clients = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      clients.add(asking(proxy, "/" + i));
      awaitWaiting(proxy, i + 1);
    }
    for (int i = 1; i < in.size(); i += 2) {
      in.get(i).send("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok");
    }
    for (Wire client : clients) {
      assertThat(client.response().status()).isEqualTo(200);
    }
    List<String> order = node.targets();
    for (int i = 0; i < 40; i++) {
      // With one in at a time it is exact; with more, those that are in together may overtake, and
      // one that needs a new connection may be overtaken several times.
      int slack = 4 * (atOnce - 1);
      assertThat(order.indexOf("/" + i)).isBetween(i - slack, i + slack);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "3, 2147483647, 2147483647",
    "2147483647, 5, 2147483647",
    "2147483647, 2147483647, 4"
  })
  void noLimitIsEverExceededHoweverManyLoopsPress(int perNode, int total, int connections)
      throws Exception {
    SlotNode a = leftOver.closes(new SlotNode(1000, 1_000_000));
    SlotNode b = leftOver.closes(new SlotNode(1000, 1_000_000));
    ProxyFixture proxy = proxy(4, a.address(), b.address());
    proxy.limit(new ServiceLimits(connections, perNode, total, false, 1000, LONG));
    AtomicInteger good = new AtomicInteger();
    Queue<String> others = new ConcurrentLinkedQueue<>();
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      Wire client = leftOver.closes(Wire.to(proxy.address()));
      clients.add(
          Thread.ofVirtual()
              .start(() -> {
                try {
                  for (int k = 0; k < 20; k++) {
                    client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
                    Received answer = client.response();
                    if (answer.status() == 200) {
                      good.incrementAndGet();
                    } else {
                      others.add(answer.toString());
                    }
                  }
                } catch (IOException | StrictReader.Doubt e) {
                  others.add(e.toString());
                }
              }));
    }
    for (Thread client : clients) {
      client.join();
    }
    assertThat(others).isEmpty();
    assertThat(good.get()).isEqualTo(640);
    for (SlotNode node : List.of(a, b)) {
      assertThat(node.most()).isLessThanOrEqualTo(Math.min(Math.min(perNode, total), connections));
      assertThat(node.mostConnections()).isLessThanOrEqualTo(connections);
      assertThat(node.targets()).isNotEmpty();
    }
  }

  @Test
  void whoMayGoToANodeWhoseLastConnectionIsJustBeingGivenBackGetsItThen() throws Exception {
    HandNode hand = hand();
    ProxyFixture proxy = proxy(2, hand.address());
    proxy.limit(new ServiceLimits(1, ANY, ANY, false, 10, LONG));
    Node node = proxy.service().nodes().all()[0];
    node.connectionOpened(); // as of a loop that has counted its request out, and not yet given
    // back
    Wire client = asking(proxy, "/");
    Await.value(1, node::inFlight, "requests let through");
    node.connectionClosed();
    Wire at = leftOver.closes(hand.accept());
    at.request();
    at.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
    assertThat(node.connections()).isEqualTo(1);
  }

  @Test
  void aLoopThatSharesConnectionsHasOneHoweverManyOthersHave() throws Exception {
    HandNode hand = hand();
    ProxyFixture proxy =
        leftOver.watches(ProxyFixture.startHttp2(List.of(hand.address()), ProxyFixture.limits()));
    proxy.limit(new ServiceLimits(1, ANY, ANY, false, 10, LONG));
    Node node = proxy.service().nodes().all()[0];
    node.connectionOpened(); // of another loop
    Http2Wire client = leftOver.closes(Http2Wire.client(proxy.address())).get(1, "/");
    Http2Wire at = leftOver.closes(Http2Wire.node(leftOver.closes(hand.accept())));
    at.head(1);
    at.headers(1, Http2Wire.END, List.of(":status: 200"));
    assertThat(client.answer(1).status()).isEqualTo(200);
    node.connectionClosed();
  }

  @Test
  void whoHasWaitedForQueueTimeoutHearsSo() throws Exception {
    HandNode node = hand();
    ProxyFixture proxy = proxy(1, node.address());
    proxy.limit(total(1, 10, Duration.ofMillis(150)));
    Wire first = asking(proxy, "/1");
    Wire at = leftOver.closes(node.accept());
    at.request();
    long since = System.nanoTime();
    assertShed(asking(proxy, "/2").response());
    assertThat(System.nanoTime() - since).isBetween(140_000_000L, 3_000_000_000L);
    assertThat(proxy.shed(ShedReason.QUEUE_TIMEOUT)).isEqualTo(1);
    at.send(OK);
    assertThat(first.response().status()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({"grpc-timeout, 100m", "x-envoy-expected-rq-timeout-ms, 100"})
  void aRequestThatHasNoTimeLeftDoesNotWait(String field, String value) throws Exception {
    HandNode node = hand();
    ProxyFixture proxy = proxy(1, node.address());
    proxy.limit(total(1, 10, LONG));
    Wire first = asking(proxy, "/1");
    Wire at = leftOver.closes(node.accept());
    at.request();
    Wire second = leftOver.closes(Wire.to(proxy.address()));
    second.send("GET /2 HTTP/1.1\r\nhost: a\r\n" + field + ": " + value + "\r\n\r\n");
    assertShed(second.response());
    assertThat(proxy.shed(ShedReason.DEADLINE)).isEqualTo(1);
    at.send(OK);
    assertThat(first.response().status()).isEqualTo(200);
    // And at a node it is given up then.
    second.send("GET /3 HTTP/1.1\r\nhost: a\r\n" + field + ": " + value + "\r\n\r\n");
    assertThat(at.request().start).contains("/3");
    assertThat(second.response().status()).isEqualTo(504);
    assertThat(at.ends()).isTrue();
  }

  @Test
  void aClientThatLeavesMakesRoomInTheQueue() throws Exception {
    HandNode node = hand();
    ProxyFixture proxy = proxy(1, node.address());
    proxy.limit(total(1, 2, LONG));
    Wire first = asking(proxy, "/1");
    Wire at = leftOver.closes(node.accept());
    at.request();
    Wire broken = asking(proxy, "/2");
    awaitWaiting(proxy, 1);
    Wire silent = asking(proxy, "/3");
    awaitWaiting(proxy, 2);
    broken.reset();
    awaitWaiting(proxy, 1);
    silent.finish(); // it may be gone as well; if not it hears at once
    assertShed(silent.response());
    assertThat(proxy.shed(ShedReason.CLIENT_GONE)).isEqualTo(1);
    awaitWaiting(proxy, 0);
    Http2Wire streams = leftOver.closes(Http2Wire.client(proxy.address()));
    streams.get(1, "/4");
    awaitWaiting(proxy, 1);
    streams.reset(1, Http2.CANCEL);
    awaitWaiting(proxy, 0);
    at.send(OK);
    assertThat(first.response().status()).isEqualTo(200);
  }

  @Test
  void aBodyWaitsWithItsRequest() throws Exception {
    HandNode node = hand();
    ProxyFixture proxy = proxy(1, node.address());
    proxy.limit(total(1, 2, LONG));
    Wire first = asking(proxy, "/1");
    Wire at = leftOver.closes(node.accept());
    at.request();
    Wire second = leftOver.closes(Wire.to(proxy.address()));
    second.send("POST /2 HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello");
    awaitWaiting(proxy, 1);
    at.send(OK);
    assertThat(first.response().status()).isEqualTo(200);
    assertThat(at.request().body).hasToString("hello");
    at.send(OK);
    assertThat(second.response().status()).isEqualTo(200);
  }

  @Test
  void aLimitThatRisesOrFallsAwayLetsThoseWhoWaitIn() throws Exception {
    SlotNode node = leftOver.closes(new SlotNode(1000, 0));
    ProxyFixture proxy = proxy(2, node.address());
    HandNode hand = hand();
    proxy.service().nodes().all()[0].setSocketAddress(hand.address());
    proxy.limit(total(1, 10, LONG));
    Wire first = asking(proxy, "/1");
    Wire at = leftOver.closes(hand.accept());
    at.request();
    proxy.service().nodes().all()[0].setSocketAddress(node.address());
    Wire second = asking(proxy, "/2");
    awaitWaiting(proxy, 1);
    proxy.limit(total(2, 10, LONG));
    assertThat(second.response().status()).isEqualTo(200);
    proxy.limit(total(1, 10, LONG));
    Wire third = asking(proxy, "/3");
    awaitWaiting(proxy, 1);
    proxy.limit(ServiceLimits.NONE);
    assertThat(third.response().status()).isEqualTo(200);
    at.send(OK);
    assertThat(first.response().status()).isEqualTo(200);
  }

  @Test
  void whenNoNodeIsLeftThoseWhoWaitHearSo() throws Exception {
    HandNode node = hand();
    ProxyFixture proxy = proxy(1, node.address());
    proxy.limit(perNode(1, 10));
    Wire first = asking(proxy, "/1");
    Wire at = leftOver.closes(node.accept());
    at.request();
    Wire second = asking(proxy, "/2");
    awaitWaiting(proxy, 1);
    proxy.target().setBalancer(Balancer.of(BalanceMethod.ROUND_ROBIN, NodeSet.EMPTY, null));
    Received answer = second.response();
    assertThat(answer.values("fairlead-error")).containsExactly("no-node");
    at.send(OK);
    assertThat(first.response().status()).isEqualTo(200);
  }

  @Test
  void gRpcIsToldInItsOwnWords() throws Exception {
    HandNode node = hand();
    ProxyFixture proxy = proxy(1, node.address());
    proxy.limit(total(1, 0, LONG));
    Wire first = asking(proxy, "/1");
    Wire at = leftOver.closes(node.accept());
    at.request();
    Http2Wire client = leftOver.closes(Http2Wire.client(proxy.address()));
    client.headers(
        1, Http2Wire.END, Http2Wire.request("POST", "/s/M", "content-type: application/grpc"));
    assertThat(client.answer(1).head())
        .contains(":status: 200", "grpc-status: 14", "fairlead-error: overloaded")
        .anyMatch(field -> field.matches("retry-after: [1-4]"));
    at.send(OK);
    assertThat(first.response().status()).isEqualTo(200);
  }

  @Test
  void whoIsTurnedAwayHearsItInLessThanAMillisecond() throws Exception {
    HandNode node = hand();
    ProxyFixture proxy = proxy(1, node.address());
    proxy.limit(total(1, 0, LONG));
    Wire first = asking(proxy, "/1");
    Wire at = leftOver.closes(node.accept());
    at.request();
    Wire client = leftOver.closes(Wire.to(proxy.address()));
    long[] nanos = new long[1000];
    for (int i = 0; i < nanos.length; i++) {
      long since = System.nanoTime();
      client.send("GET /2 HTTP/1.1\r\nhost: a\r\n\r\n");
      assertShed(client.response());
      nanos[i] = System.nanoTime() - since;
    }
    java.util.Arrays.sort(nanos);
    // There and back with both ends of the test; a busy machine delays the others.
    assertThat(nanos[nanos.length / 10]).isLessThan(1_000_000);
    assertThat(proxy.target().isShedding()).isTrue();
    at.send(OK);
    assertThat(first.response().status()).isEqualTo(200);
  }

  @Test
  void aProcessThatIsShortOfSomethingTurnsAwayAndAcceptsNobody() throws Exception {
    SlotNode node = leftOver.closes(new SlotNode(10, 0));
    ProxyFixture proxy = proxy(1, node.address());
    Wire client = asking(proxy, "/1");
    assertThat(client.response().status()).isEqualTo(200);
    proxy.dataPlane().guard().set(Pressure.Level.LOW);
    client.send("GET /2 HTTP/1.1\r\nhost: a\r\n\r\n");
    assertThat(client.response().status()).isEqualTo(200); // of normal importance
    proxy.dataPlane().guard().set(Pressure.Level.NORMAL);
    client.send("GET /3 HTTP/1.1\r\nhost: a\r\n\r\n");
    assertShed(client.response());
    assertThat(proxy.shed(ShedReason.PRESSURE)).isEqualTo(1);
    Wire last = asking(proxy, "/4"); // comes to be known with this one
    assertShed(last.response());
    Wire waits = asking(proxy, "/5");
    assertThat(proxy.listener().state().connections()).isEqualTo(2);
    proxy.dataPlane().guard().set(Pressure.Level.NONE);
    assertThat(waits.response().status()).isEqualTo(200);
  }

  @Test
  void withoutDescriptorsLeftNobodyIsAcceptedUntilOneIsGivenBack() throws Exception {
    SlotNode node = leftOver.closes(new SlotNode(10, 0));
    ProxyFixture proxy = proxy(1, node.address());
    long most = 10_000;
    proxy.dataPlane().guard().descriptors().look(most - Descriptors.reserve(most) - 1, most);
    Wire first = asking(proxy, "/1");
    assertThat(first.response().status()).isEqualTo(200);
    Wire second = asking(proxy, "/2");
    assertThat(proxy.listener().state().connections()).isEqualTo(1);
    first.close();
    assertThat(second.response().status()).isEqualTo(200);
  }

  @Test
  void repeatingThatKeepsTheNodesBusyIsStoppedForAWhile() throws Exception {
    ProxyFixture proxy = proxy(1, hand().address());
    Node node = proxy.service().nodes().all()[0];
    List<Event> events = new ArrayList<>();
    for (int second = 1; second <= 40; second++) {
      if (second <= 5) { // three tries for each of a thousand requests, and half of them fail
        node.counters().add(0, NodeCounter.REQUESTS, 3000);
        node.counters().add(0, NodeCounter.RETRIED, 2000);
        node.counters().add(0, NodeCounter.RESPONSES_2XX, 500);
        node.counters().add(0, NodeCounter.RESPONSES_5XX, 2500);
      }
      proxy.target().watch(second * 1_000_000_000L, events::add);
      assertThat(proxy.target().isShedding()).isEqualTo(second >= 3 && second < 33);
    }
    assertThat(events).containsExactly(new Event.RetriesStopped("shop", 30));
  }
}
