package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.HedgeConfig;
import io.fairlead.config.NodeProtocol;
import io.fairlead.config.RetryBudgetConfig;
import io.fairlead.config.RetryConfig;
import io.fairlead.config.RetryOn;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.NodeCounter;
import io.fairlead.telemetry.RouteCounter;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** When a request is tried again, where, and what the client gets. */
final class RetryTest {
  private static final Duration LONG = Duration.ofSeconds(60);
  private static final Duration TRY = Duration.ofMillis(500);
  private static final RetryBudgetConfig AMPLE = new RetryBudgetConfig(100, 1000);

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  /** A node that does the same wrong to every request, and counts them. */
  private final class Faulty {
    final AtomicInteger requests = new AtomicInteger();
    final InetSocketAddress address;

    Faulty(String fault) throws IOException {
      if (fault.equals("nobody")) {
        address = HandNode.nobody();
        return;
      }
      HandNode node = leftOver.closes(new HandNode());
      address = node.address();
      Thread.ofVirtual().start(() -> accept(node, fault));
    }

    private void accept(HandNode node, String fault) {
      while (!node.isClosed()) {
        try {
          Wire wire = node.accept();
          Thread.ofVirtual().start(() -> serve(wire, fault));
        } catch (IOException e) {
          return; // closed, or nobody came
        }
      }
    }

    private void serve(Wire wire, String fault) {
      try (wire) {
        while (true) {
          Received request = fault.equals("early-503") ? wire.requestHead() : wire.request();
          requests.incrementAndGet();
          switch (fault) {
            case "none" -> {
              String body = request.body.toString();
              wire.send("HTTP/1.1 200 OK\r\nContent-Length: " + body.length() + "\r\n\r\n" + body);
            }
            case "reset" -> {
              wire.reset();
              return;
            }
            case "half-head" -> {
              wire.send("HTTP/1.1 200 OK\r\nContent-Le").reset();
              return;
            }
            case "half-body" -> {
              wire.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
              return;
            }
            case "hint" -> {
              wire.send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").reset();
              return;
            }
            case "silence" -> {
              boolean _ = wire.ends();
              return;
            }
            case "garbage" -> wire.send("nonsense\r\n\r\n");
            case "early-503" -> {
              wire.send("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n");
              boolean _ = wire.ends();
              return;
            }
            default -> wire.send("HTTP/1.1 " + fault + " No\r\nContent-Length: 2\r\n\r\nno");
          }
        }
      } catch (IOException | StrictReader.Doubt e) {
        // The proxy has closed it.
      }
    }
  }

  static RetryConfig retry(int attempts, String on, String methods, Duration perTry) {
    return new RetryConfig(
        attempts,
        on.equals("-")
            ? RetryConfig.DEFAULT.on()
            : Arrays.stream(on.split(" ", -1)).map(RetryOn::parse).toList(),
        methods.equals("-") ? RetryConfig.DEFAULT.methods() : List.of(methods.split(" ", -1)),
        perTry,
        RetryConfig.DEFAULT.bodyBytes(),
        AMPLE,
        HedgeConfig.NONE);
  }

  /**
   * Two nodes, of which the first has the fault: whether the second is asked, and what the client
   * gets. "-" is the default.
   */
  @ParameterizedTest
  @CsvSource({
    // method, body, attempts, on, methods, fault, asked, status
    "GET,    -,  1, -,       -,    reset,     1, 200",
    "HEAD,   -,  1, -,       -,    reset,     1, 200",
    "DELETE, -,  1, -,       -,    reset,     1, 200",
    "PUT,    hi, 1, -,       -,    reset,     1, 200",
    "POST,   -,  1, -,       -,    reset,     0, 502",
    "POST,   hi, 1, -,       -,    reset,     0, 502",
    "PATCH,  hi, 1, -,       -,    reset,     0, 502",
    "POST,   hi, 1, -,       POST, reset,     1, 200",
    "GET,    -,  1, -,       POST, reset,     0, 502",
    "GET,    -,  0, -,       -,    reset,     0, 502",
    "GET,    -,  1, connect, -,    reset,     0, 502",
    "GET,    -,  1, -,       -,    half-head, 1, 200",
    "PUT,    hi, 1, -,       -,    half-head, 1, 200",
    "GET,    -,  1, -,       -,    hint,      1, 200",
    "POST,   hi, 1, -,       -,    nobody,    1, 200", // nobody got any of it
    "GET,    -,  1, reset,   -,    nobody,    0, 503",
    "GET,    -,  0, -,       -,    nobody,    0, 503",
    "GET,    -,  1, -,       -,    silence,   1, 200",
    "PUT,    hi, 1, -,       -,    silence,   1, 200",
    "POST,   hi, 1, -,       -,    silence,   0, 504",
    "GET,    -,  1, reset,   -,    silence,   0, 504",
    "GET,    -,  1, -,       -,    garbage,   0, 502",
    "GET,    -,  1, bad-response, -, garbage, 1, 200",
    "POST,   hi, 1, bad-response, -, garbage, 0, 502",
    "GET,    -,  1, -,       -,    503,       0, 503",
    "GET,    -,  1, 503,     -,    503,       1, 200",
    "PUT,    hi, 1, 503,     -,    503,       1, 200",
    "PUT,    hi, 1, 503,     -,    early-503, 1, 200",
    "POST,   hi, 1, 503,     -,    503,       0, 503",
    "GET,    -,  1, 5xx,     -,    500,       1, 200",
    "GET,    -,  1, 502-504, -,    500,       0, 500",
    "GET,    -,  1, 429,     -,    429,       1, 200",
    "GET,    -,  0, 503,     -,    503,       0, 503",
  })
  void whatIsTriedAgain(
      String method,
      String body,
      int attempts,
      String on,
      String methods,
      String fault,
      int asked,
      int status)
      throws Exception {
    Faulty first = new Faulty(fault);
    Faulty second = new Faulty("none");
    ProxyFixture proxy = proxy(retry(attempts, on, methods, TRY), first, second);
    Wire client = client(proxy).send(request(method, body));
    if (fault.equals("hint")) {
      assertThat(client.response().status()).isEqualTo(103);
    }
    Received answer = method.equals("HEAD") ? client.responseToHead() : client.response();
    assertThat(answer.status()).isEqualTo(status);
    if (status == 200 && !body.equals("-")) {
      assertThat(answer.body).hasToString(body);
    }
    assertThat(first.requests.get()).isEqualTo(fault.equals("nobody") ? 0 : 1);
    assertThat(second.requests.get()).isEqualTo(asked);
    assertThat(proxy.counted(0, NodeCounter.RETRIED)).isEqualTo(asked);
    assertThat(proxy.counted(1, NodeCounter.RETRIED)).isZero();
  }

  @Test
  void anAnswerThatHasBegunIsNeverRepeated() throws Exception {
    Faulty first = new Faulty("half-body");
    Faulty second = new Faulty("none");
    ProxyFixture proxy = proxy(retry(3, "reset bad-response 5xx", "-", TRY), first, second);
    Wire client = client(proxy).send(request("GET", "-"));
    assertThat(client.brokenResponse().body).hasToString("half");
    assertThat(client.ends()).isTrue();
    assertThat(second.requests.get()).isZero();
    assertThat(proxy.errors(ErrorReason.UPSTREAM_RESET)).isOne();
  }

  @Test
  void asManyNodesAreTriedAsThereAreBeforeOneIsTriedAgain() throws Exception {
    Faulty[] nodes = new Faulty[5];
    for (int i = 0; i < 5; i++) {
      nodes[i] = new Faulty("503");
    }
    ProxyFixture proxy = proxy(retry(6, "503", "-", Duration.ZERO), nodes);
    Wire client = client(proxy).send(request("GET", "-"));
    assertThat(client.response().body).hasToString("no"); // the last node's own answer
    assertThat(Arrays.stream(nodes).mapToInt(node -> node.requests.get()))
        .allMatch(count -> count >= 1)
        .allMatch(count -> count <= 2);
    assertThat(Arrays.stream(nodes).mapToInt(node -> node.requests.get()).sum()).isEqualTo(7);
    assertThat(proxy.counted(RouteCounter.RETRIED_STATUS)).isEqualTo(6);
    assertThat(proxy.counted(0, NodeCounter.RESPONSES_5XX)).isPositive();
  }

  /**
   * A node that is the only one is given longer each time; half of a bound that doubles, at least.
   */
  @Test
  void theOnlyNodeIsGivenLongerEachTime() throws Exception {
    Faulty only = new Faulty("reset");
    ProxyFixture proxy = proxy(retry(3, "-", "-", TRY), only);
    long begun = System.nanoTime();
    assertOurs(client(proxy).send(request("GET", "-")).response(), 502, "upstream-reset");
    assertThat((System.nanoTime() - begun) / 1_000_000.0).isGreaterThan(12.5 + 25 + 50);
    assertThat(only.requests.get()).isEqualTo(4);
  }

  @Test
  void theTimeOfAllTriesTogetherIsTheRoutes() throws Exception {
    Faulty first = new Faulty("silence");
    Faulty second = new Faulty("silence");
    ProxyFixture proxy =
        proxy(Duration.ofMillis(400), retry(10, "-", "-", Duration.ofMillis(250)), first, second);
    long begun = System.nanoTime();
    Wire client = client(proxy).send(request("GET", "-"));
    assertOurs(client.response(), 504, "upstream-timeout");
    assertThat(System.nanoTime() - begun).isLessThan(Duration.ofSeconds(2).toNanos());
    assertThat(proxy.counted(0, NodeCounter.TIMEOUT) + proxy.counted(1, NodeCounter.TIMEOUT))
        .isEqualTo(first.requests.get() + second.requests.get());
  }

  @Test
  void aClientThatGoesAwayWhileATryIsWaitedForEndsAll() throws Exception {
    Faulty only = new Faulty("reset");
    ProxyFixture proxy = proxy(retry(10, "-", "-", TRY), only);
    Wire client = client(proxy).send(request("GET", "-"));
    Await.nothing(() -> only.requests.get() > 1 ? "" : "no second try yet");
    client.close(); // the rule of the class: nothing is left over
  }

  // --- Retry-After -------------------------------------------------------------------------

  /**
   * The first node asks for patience; what became of the request, where there are so many nodes.
   */
  @ParameterizedTest
  @CsvSource({
    "2, 100, 200, 0", // another node: at once
    "1, 1,   200, 1000", // the same one: not before it said
    "1, 3,   503, 0", // too long to wait
    "1, x,   200, 0",
  })
  void whatANodeAsksForIsHonoured(int nodes, String after, int status, int millis)
      throws Exception {
    HandNode first = leftOver.closes(new HandNode());
    Faulty other = new Faulty("none");
    ProxyFixture proxy =
        proxy(
            LONG,
            retry(1, "503", "-", Duration.ZERO),
            nodes == 1 ? List.of(first.address()) : List.of(first.address(), other.address));
    long begun = System.nanoTime();
    Wire client = client(proxy).send(request("GET", "-"));
    Wire atNode = leftOver.closes(first.accept());
    Received _ = atNode.request();
    atNode.send("HTTP/1.1 503 No\r\nRetry-After: " + after + "\r\nContent-Length: 0\r\n\r\n");
    if (nodes == 1 && status == 200) {
      Wire again = leftOver.closes(first.accept());
      Received _ = again.request();
      again.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
    Received answer = client.response();
    assertThat(answer.status()).isEqualTo(status);
    long took = (System.nanoTime() - begun) / 1_000_000;
    assertThat(took).isGreaterThanOrEqualTo(millis);
    if (status == 503) {
      assertThat(answer.values("retry-after")).containsExactly(after);
    }
  }

  @Test
  void aWaitThatTheRouteHasNoTimeForIsNotBegun() throws Exception {
    HandNode node = leftOver.closes(new HandNode());
    ProxyFixture proxy =
        proxy(Duration.ofMillis(800), retry(1, "503", "-", Duration.ZERO), List.of(node.address()));
    Wire client = client(proxy).send(request("GET", "-"));
    Wire atNode = leftOver.closes(node.accept());
    Received _ = atNode.request();
    atNode.send("HTTP/1.1 503 No\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n");
    assertThat(client.response().status()).isEqualTo(503);
    assertThat(proxy.counted(RouteCounter.RETRIED_STATUS)).isZero();
  }

  // --- budgets -----------------------------------------------------------------------------

  /** All nodes fail: the load on them stays within the budget, however much is asked. */
  @Test
  void aStormOfSecondTriesIsHeldDown() throws Exception {
    Faulty first = new Faulty("503");
    Faulty second = new Faulty("503");
    RetryConfig config =
        new RetryConfig(
            3,
            List.of(RetryOn.parse("503")),
            List.of("GET"),
            Duration.ZERO,
            0,
            new RetryBudgetConfig(20, 1),
            HedgeConfig.NONE);
    ProxyFixture proxy = proxy(config, first, second);
    Wire client = client(proxy);
    int requests = 400;
    for (int i = 0; i < requests; i++) {
      client.send(request("GET", "-"));
      assertThat(client.response().status()).isEqualTo(503);
    }
    int sent = first.requests.get() + second.requests.get();
    assertThat(sent).isGreaterThan(requests); // some were
    assertThat(sent - requests).isLessThanOrEqualTo(requests / 5 + 10);
    assertThat(proxy.counted(RouteCounter.RETRIED_STATUS)).isEqualTo(sent - requests);
    assertThat(proxy.counted(RouteCounter.RETRY_NO_BUDGET)).isPositive();
  }

  @Test
  void whileTheServiceTurnsRequestsAwayNothingIsTriedTwice() throws Exception {
    Faulty first = new Faulty("reset");
    Faulty second = new Faulty("none");
    ProxyFixture proxy = proxy(retry(1, "-", "-", TRY), first, second);
    proxy.target().setShedding(() -> true);
    Wire client = client(proxy).send(request("GET", "-"));
    assertOurs(client.response(), 502, "upstream-reset");
    assertThat(second.requests.get()).isZero();
    assertThat(proxy.counted(RouteCounter.RETRY_SHEDDING)).isOne();
  }

  private ProxyFixture proxy(RetryConfig retry, Faulty... nodes) {
    return proxy(LONG, retry, nodes);
  }

  private ProxyFixture proxy(Duration timeout, RetryConfig retry, Faulty... nodes) {
    return proxy(timeout, retry, Arrays.stream(nodes).map(node -> node.address).toList());
  }

  private ProxyFixture proxy(Duration timeout, RetryConfig retry, List<InetSocketAddress> nodes) {
    return leftOver.watches(ProxyFixture.startRetrying(nodes, NodeProtocol.HTTP1, timeout, retry));
  }

  private Wire client(ProxyFixture proxy) throws IOException {
    return leftOver.closes(Wire.to(proxy.address()));
  }

  static String request(String method, String body) {
    String length = body.equals("-") ? "" : "Content-Length: " + body.length() + "\r\n";
    return method
        + " /1 HTTP/1.1\r\nHost: a\r\n"
        + length
        + "\r\n"
        + (body.equals("-") ? "" : body);
  }

  private static void assertOurs(Received answer, int status, String reason) {
    assertThat(answer.status()).isEqualTo(status);
    assertThat(answer.values("fairlead-error")).containsExactly(reason);
  }
}
