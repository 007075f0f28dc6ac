package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HedgeConfig;
import io.fairlead.config.NodeProtocol;
import io.fairlead.config.RetryBudgetConfig;
import io.fairlead.config.RetryConfig;
import io.fairlead.config.RetryOn;
import io.fairlead.telemetry.RouteCounter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.LongAdder;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Nodes that do everything wrong that a node can do, at any moment, and clients that send in pieces
 * and sometimes leave. Whatever the order of events: an answer is one node's answer to this very
 * request with its whole body, or Fairlead's own; what must not happen twice does not; and nothing
 * is left over. Another run of the same seed gives the same faults, though threads differ.
 */
final class RetryFuzzTest {
  private static final int CLIENTS = 8;
  private static final int REQUESTS = 60;

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
  private final Map<String, LongAdder> posts = new ConcurrentHashMap<>();
  private final LongAdder answered = new LongAdder();
  private final LongAdder ours = new LongAdder();
  private long seed;

  @RepeatedTest(2)
  void anAnswerIsWholeOrOursAndNothingIsLeftOver() throws Exception {
    seed = System.nanoTime();
    List<InetSocketAddress> nodes = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      HandNode node = leftOver.closes(new HandNode());
      nodes.add(node.address());
      SplittableRandom random = new SplittableRandom(seed + i);
      Thread.ofVirtual().start(() -> accept(node, random));
    }
    nodes.add(HandNode.nobody());
    RetryConfig retry =
        new RetryConfig(
            3,
            List.of(
                RetryOn.Failure.CONNECT,
                RetryOn.Failure.RESET,
                RetryOn.Failure.TIMEOUT,
                RetryOn.parse("503")),
            RetryConfig.DEFAULT.methods(),
            Duration.ofMillis(300),
            20_000,
            new RetryBudgetConfig(100, 10_000),
            new HedgeConfig(0, Duration.ofMillis(5), 100));
    ProxyFixture proxy =
        leftOver.watches(
            ProxyFixture.startRetrying(nodes, NodeProtocol.HTTP1, Duration.ofSeconds(2), retry));
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      String name = "c" + i;
      SplittableRandom random = new SplittableRandom(seed + 100 + i);
      clients.add(Thread.ofVirtual().start(() -> ask(proxy, name, random)));
    }
    for (Thread each : clients) {
      each.join();
    }
    assertThat(wrong).as("seed %d", seed).isEmpty();
    posts.forEach((id, times) ->
        assertThat(times.sum()).as("%s happened, seed %d", id, seed).isLessThanOrEqualTo(1));
    assertThat(answered.sum()).as("answers, seed %d", seed).isGreaterThan(CLIENTS * REQUESTS / 2);
    assertThat(proxy.counted(RouteCounter.RETRIED_RESET)).as("seed %d", seed).isPositive();
    assertThat(proxy.counted(RouteCounter.RETRIED_CONNECT)).as("seed %d", seed).isPositive();
    assertThat(proxy.counted(RouteCounter.HEDGED)).as("seed %d", seed).isPositive();
  }

  // --- clients -----------------------------------------------------------------------------

  private void ask(ProxyFixture proxy, String name, RandomGenerator random) {
    Wire wire = null;
    for (int i = 0; i < REQUESTS; i++) {
      String id = "/" + name + "-" + i;
      try {
        wire = wire == null ? Wire.to(proxy.address()) : wire;
        boolean leaves = random.nextInt(12) == 0;
        boolean goesOn = askOne(wire, id, random, leaves);
        if (leaves) {
          wire.reset();
        }
        if (!goesOn || leaves) {
          wire.close();
          wire = null;
        }
      } catch (IOException e) {
        wire = null; // cut in the middle of an answer, or turned away while sending
      } catch (StrictReader.Doubt e) {
        wrong.add(id + ": " + e.getMessage());
        return;
      }
    }
    try {
      if (wire != null) {
        wire.close();
      }
    } catch (IOException e) {
      // It is gone.
    }
  }

  /** Whether the connection can be used again. */
  private boolean askOne(Wire wire, String id, RandomGenerator random, boolean leaves)
      throws IOException, StrictReader.Doubt {
    String method = List.of("GET", "GET", "PUT", "PUT", "POST", "DELETE").get(random.nextInt(6));
    boolean hasBody = method.startsWith("P");
    String body = hasBody ? id + "x".repeat(random.nextInt(1, 25_000)) : "";
    boolean chunked = hasBody && random.nextBoolean();
    wire.send(
        method
            + " "
            + id
            + " HTTP/1.1\r\nHost: a\r\n"
            + (chunked
                ? "Transfer-Encoding: chunked\r\n"
                : hasBody ? "Content-Length: " + body.length() + "\r\n" : "")
            + "\r\n");
    for (int at = 0; at < body.length(); ) {
      int to = Math.min(body.length(), at + random.nextInt(1, 12_000));
      String piece = body.substring(at, to);
      wire.send(chunked ? Integer.toHexString(piece.length()) + "\r\n" + piece + "\r\n" : piece);
      at = to;
      if (leaves && random.nextInt(3) == 0) {
        return false;
      }
    }
    if (chunked) {
      wire.send("0\r\n\r\n");
    }
    if (leaves) {
      return false;
    }
    Received answer = wire.response();
    while (answer.isInformational()) {
      answer = wire.response();
    }
    if (answer.status() == 200) {
      answered.increment();
      String expected = method + " " + id + " " + body.length() + " " + body.hashCode();
      if (!answer.body.toString().equals(expected)) {
        wrong.add(expected + ": " + answer);
      }
    } else if (answer.values("fairlead-error").isEmpty() && answer.status() != 503) {
      wrong.add(id + ": " + answer);
    } else {
      ours.increment();
    }
    return !answer.values("connection").contains("close");
  }

  // --- nodes -------------------------------------------------------------------------------

  private void accept(HandNode node, SplittableRandom random) {
    while (!node.isClosed()) {
      try {
        Wire wire = node.accept();
        SplittableRandom own = random.split();
        Thread.ofVirtual().start(() -> serve(wire, own));
      } catch (IOException e) {
        if (!node.isClosed() && !(e instanceof java.net.SocketTimeoutException)) {
          wrong.add(e.toString());
        }
      }
    }
  }

  private void serve(Wire wire, RandomGenerator random) {
    try (wire) {
      while (true) {
        int fault = random.nextInt(24);
        if (fault == 0) {
          wire.requestHead();
          wire.reset();
          return;
        }
        Received request = wire.request();
        String[] words = request.start.split(" ", -1);
        if (words[0].equals("POST")) {
          posts.computeIfAbsent(words[1], id -> new LongAdder()).increment();
        }
        String body =
            words[0]
                + " "
                + words[1]
                + " "
                + request.body.length()
                + " "
                + request.body.toString().hashCode();
        String answer = "HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
        switch (fault) {
          case 1 -> wire.reset();
          case 2 -> wire.send(answer.substring(0, random.nextInt(1, 30))).reset();
          case 3 -> wire.send(answer.substring(0, answer.length() - 1)); // and closes
          case 4 -> wire.send("HTTP/1.1 503 No\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
          case 5 -> wire.send("HTTP/1.1 503 No\r\nContent-Length: 2\r\n\r\nno");
          case 6 -> {
            boolean _ = wire.ends(); // never answers
          }
          case 7, 8, 9 -> {
            Thread.sleep(random.nextInt(1, 20)); // slower than a hedge
            wire.send(answer);
          }
          case 10 -> wire.send("HTTP/1.1 103 Hints\r\n\r\n" + answer);
          case 11 -> wire.send(answer + "x");
          default -> wire.send(answer);
        }
        if (fault == 1 || fault == 2 || fault == 3 || fault == 6) {
          return;
        }
      }
    } catch (IOException | StrictReader.Doubt e) {
      // Cancelled, or part of a body that a client did not finish.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
