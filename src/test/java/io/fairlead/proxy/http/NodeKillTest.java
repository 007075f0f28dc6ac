package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.NodeProtocol;
import io.fairlead.config.RetryConfig;
import io.fairlead.demo.Behaviour;
import io.fairlead.demo.TestNode;
import io.fairlead.telemetry.NodeCounter;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Nodes are killed under load, and nobody says so: no request that may be repeated fails. */
final class NodeKillTest {
  private static final int CLIENTS = 12;

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private final Queue<String> failures = new ConcurrentLinkedQueue<>();
  private final LongAdder answers = new LongAdder();
  private volatile boolean enough;

  @Test
  void noIdempotentRequestFailsWhenNodesAreKilled() throws Exception {
    TestNode[] nodes = new TestNode[4];
    List<InetSocketAddress> addresses = new ArrayList<>();
    for (int i = 0; i < nodes.length; i++) {
      Behaviour slow = Behaviour.PLAIN.with("latency", "2ms");
      nodes[i] = leftOver.closes(TestNode.start("127.0.0.1", 0, "n" + i, slow));
      addresses.add(new InetSocketAddress(InetAddress.getLoopbackAddress(), nodes[i].port()));
    }
    ProxyFixture proxy =
        leftOver.watches(
            ProxyFixture.startRetrying(
                addresses, NodeProtocol.HTTP1, Duration.ofSeconds(60), RetryConfig.DEFAULT));
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      String request = i % 3 == 0 ? get() : put(i % 3 == 1 ? 2_000 : 50_000);
      clients.add(Thread.ofVirtual().start(() -> ask(proxy, request)));
    }
    served(500);
    nodes[0].close();
    served(500);
    nodes[2].close();
    served(500);
    enough = true;
    for (Thread each : clients) {
      each.join();
    }
    assertThat(failures).isEmpty();
    assertThat(proxy.counted(0, NodeCounter.RETRIED)).isPositive();
    assertThat(proxy.counted(2, NodeCounter.RETRIED)).isPositive();
  }

  private void served(int more) {
    long before = answers.sum();
    Await.nothing(() -> answers.sum() >= before + more ? "" : "fewer answers than that: " + more);
  }

  private void ask(ProxyFixture proxy, String request) {
    try (Wire wire = Wire.to(proxy.address())) {
      while (!enough) {
        Received answer = wire.send(request).response();
        answers.increment();
        if (answer.status() != 200) {
          failures.add(answer.toString());
        }
      }
    } catch (IOException | StrictReader.Doubt e) {
      failures.add(e.toString());
    }
  }

  private static String get() {
    return "GET /bytes/300 HTTP/1.1\r\nHost: a\r\n\r\n";
  }

  private static String put(int size) {
    return "PUT /1 HTTP/1.1\r\nHost: a\r\nContent-Length: " + size + "\r\n\r\n" + "x".repeat(size);
  }
}
