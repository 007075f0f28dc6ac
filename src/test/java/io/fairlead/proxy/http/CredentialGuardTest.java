package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.identity.CheckDesk;
import io.fairlead.identity.CredentialCheck;
import io.fairlead.identity.Verdict;
import io.fairlead.limit.RateLimiter;
import io.fairlead.telemetry.ErrorReason;
import io.fairlead.telemetry.RouteCounter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests whose credentials take a while to be looked at, over HTTP/1.1 and HTTP/2. */
@Timeout(60)
final class CredentialGuardTest {
  private static final String OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private final SlowCheck check = new SlowCheck();
  private HandNode node;
  private ProxyFixture proxy;

  /** Takes what begins with "good", when the test lets it. */
  private static final class SlowCheck implements CredentialCheck {
    final AtomicInteger begun = new AtomicInteger();
    final Semaphore go = new Semaphore(0);
    volatile int version;
    volatile Duration lasts = Duration.ofMinutes(1);

    @Override
    public String scheme() {
      return "test";
    }

    @Override
    public String challenge() {
      return "Test realm=\"t\"";
    }

    @Override
    public int version() {
      return version;
    }

    @Override
    public Verdict check(byte[] credential) {
      begun.incrementAndGet();
      go.acquireUninterruptibly();
      String text = new String(credential, StandardCharsets.US_ASCII);
      return switch (text.substring(0, 4)) {
        case "good" -> new Verdict.Accepted(text, Map.of("x-user", text), lasts);
        case "weak" -> new Verdict.Refused(true, "Test error=\"weak\"");
        case "lost" -> new Verdict.Unavailable();
        case "bomb" -> throw new IllegalStateException("thrown by a test");
        default -> new Verdict.Refused(false, "Test error=\"wrong\"");
      };
    }
  }

  @BeforeEach
  void open() throws IOException {
    node = leftOver.closes(new HandNode());
    proxy = leftOver.watches(ProxyFixture.start(node.address())).guard(guard(null, 8, 8));
  }

  private CredentialGuard guard(@Nullable RateLimiter attempts, int atOnce, int waiting) {
    return new CredentialGuard(
        new CredentialGuard.Parts(
            "test", check, new CheckDesk(atOnce, waiting), List.of("x-user"), false, attempts),
        1,
        new byte[32]);
  }

  private Wire client() throws IOException {
    return leftOver.closes(Wire.to(proxy.address()));
  }

  private static String get(String path, String credential) {
    return "GET " + path + " HTTP/1.1\r\nHost: x\r\nAuthorization: Test " + credential + "\r\n\r\n";
  }

  private static void await(String what, BooleanSupplier is) {
    Await.nothing(() -> is.getAsBoolean() ? "" : "no " + what);
  }

  @Test
  void aClientThatKeepsItsConnectionCostsOneCheckAndNodesLearnTheNameFromUsAlone()
      throws Exception {
    Wire client = client();
    Wire up = null;
    check.go.release();
    for (int i = 0; i < 3; i++) {
      client.send(
          "GET /"
              + i
              + " HTTP/1.1\r\nHost: x\r\nAuthorization: tEST   good-1\r\nX-User: root\r\n"
              + "x_user: root\r\n\r\n");
      up = up == null ? accept() : up;
      Received request = up.request();
      assertThat(request.values("x-user")).containsExactly("good-1");
      assertThat(request.values("x_user")).isEmpty();
      assertThat(request.values("authorization")).isEmpty();
      up.send(OK);
      assertThat(client.response().status()).isEqualTo(200);
    }
    assertThat(check.begun).hasValue(1);
  }

  private Wire accept() throws IOException {
    return leftOver.closes(node.accept());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Authorization: Basic good\r\n",
        "Authorization: Test\r\n",
        "Authorization: Test \r\n",
        "Authorization: Testgood\r\n",
        "Authorization: Test good\r\nauthorization: Test good\r\n",
        "Proxy-Authorization: Test good\r\n"
      })
  void whoShowsNothingIsToldWhat(String field) throws Exception {
    Wire client = client().send("GET / HTTP/1.1\r\nHost: x\r\n" + field + "\r\n");
    Received answer = client.response();
    assertThat(answer.status()).isEqualTo(401);
    assertThat(answer.values("www-authenticate")).containsExactly("Test realm=\"t\"");
    assertThat(answer.values("fairlead-error")).containsExactly("unauthenticated");
    assertThat(check.begun).hasValue(0);
    assertThat(proxy.counted(RouteCounter.UNAUTHENTICATED)).isOne();
  }

  @ParameterizedTest
  @ValueSource(strings = {"wrong", "weak", "lost", "bomb"})
  void whatIsNotGoodIsAnsweredAndLookedAtAgain(String credential) throws Exception {
    Wire client = client();
    for (int i = 1; i <= 2; i++) {
      check.go.release();
      Received answer = client.send(get("/", credential)).response();
      switch (credential) {
        case "wrong" -> {
          assertThat(answer.status()).isEqualTo(401);
          assertThat(answer.values("www-authenticate")).containsExactly("Test error=\"wrong\"");
        }
        case "weak" -> {
          assertThat(answer.status()).isEqualTo(403);
          assertThat(answer.values("fairlead-error")).containsExactly("forbidden");
        }
        default -> {
          assertThat(answer.status()).isEqualTo(503);
          assertThat(answer.values("fairlead-error")).containsExactly("auth-unavailable");
          assertThat(answer.values("retry-after")).hasSize(1);
        }
      }
      assertThat(check.begun).hasValue(i);
    }
  }

  @Test
  void aBodyWaitsAndSoDoesTheNextRequestOfThatConnection() throws Exception {
    Wire client =
        client()
            .send(
                "POST /1 HTTP/1.1\r\nHost: x\r\nAuthorization: Test good\r\nContent-Length: 5\r\n"
                    + "\r\nhello"
                    + get("/2", "good"));
    await("check", () -> check.begun.get() == 1);
    check.go.release();
    Wire up = accept();
    Received first = up.request();
    assertThat(first.body.toString()).isEqualTo("hello");
    up.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
    up.request();
    up.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
    assertThat(check.begun).hasValue(1);
  }

  @Test
  void aClientThatGoesWhileItWaitsLeavesNothingBehind() throws Exception {
    Wire client = client().send(get("/", "good"));
    await("check", () -> check.begun.get() == 1);
    client.reset();
    await("end", () -> proxy.dataPlane().exchangesInUse() == 0);
    assertThat(proxy.errors(ErrorReason.CLIENT_GONE)).isOne();
    check.go.release();
    // Whoever comes next is not confused by the verdict.
    Wire other = client().send(get("/", "good"));
    check.go.release();
    Wire up = accept();
    up.request();
    up.send(OK);
    assertThat(other.response().status()).isEqualTo(200);
  }

  @Test
  void streamsWithTheSameCredentialWaitForOneCheckAndOneOfThemMayEnd() throws Exception {
    Http2Wire client = leftOver.closes(Http2Wire.client(proxy.address()));
    client.get(1, "/1", "authorization: Test good").get(3, "/3", "authorization: Test good");
    client.post(5, "/5", "authorization: Test good").data(5, Http2Wire.END, "body");
    client.get(7, "/7", "authorization: Test wrong");
    await("two checks", () -> check.begun.get() == 2);
    client.reset(3, Http2.CANCEL).sync();
    check.go.release(2);
    assertThat(client.answer(7).status()).isEqualTo(401);
    for (int i = 0; i < 2; i++) {
      Wire up = accept();
      Received request = up.request();
      assertThat(request.values("x-user")).containsExactly("good");
      up.send(OK);
    }
    assertThat(client.answer(1).status()).isEqualTo(200);
    assertThat(client.answer(5).status()).isEqualTo(200);
    assertThat(check.begun).hasValue(2);
  }

  @Test
  void whatWasGoodIsLookedAtAgainWhenItMayNotBeAnyMore() throws Exception {
    Wire client = client();
    check.go.release();
    client.send(get("/", "good"));
    Wire up = accept();
    up.request();
    up.send(OK);
    client.response();
    check.version = 1;
    client.send(get("/", "good"));
    await("second check", () -> check.begun.get() == 2);
    check.lasts = Duration.ZERO;
    check.go.release();
    up.request();
    up.send(OK);
    client.response();
    client.send(get("/", "good"));
    await("third check", () -> check.begun.get() == 3);
    check.go.release();
    up.request();
    up.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
  }

  @Test
  void moreThanTheDeskTakesAreTurnedAwayAtOnce() throws Exception {
    proxy.guard(guard(null, 1, 1));
    Http2Wire client = leftOver.closes(Http2Wire.client(proxy.address()));
    client.get(1, "/1", "authorization: Test wrong1");
    client.get(3, "/3", "authorization: Test wrong2");
    client.get(5, "/5", "authorization: Test wrong3");
    Http2Wire.Stream third = client.answer(5);
    assertThat(third.status()).isEqualTo(503);
    assertThat(third.value("fairlead-error")).isEqualTo("overloaded");
    assertThat(third.value("retry-after")).isNotEmpty();
    check.go.release(2);
    assertThat(client.answer(1).status()).isEqualTo(401);
    assertThat(client.answer(3).status()).isEqualTo(401);
  }

  @Test
  void oneAddressMayTrySoOften() throws Exception {
    proxy.guard(guard(new RateLimiter(TimeUnit.HOURS.toNanos(1), 3, 16, 7), 8, 8));
    check.go.release(10);
    Wire client = client();
    client.send(get("/", "good"));
    Wire up = accept();
    up.request();
    up.send(OK);
    assertThat(client.response().status()).isEqualTo(200);
    for (int i = 0; i < 2; i++) {
      assertThat(client.send(get("/", "wrong")).response().status()).isEqualTo(401);
    }
    Received refused = client.send(get("/", "wrong")).response();
    assertThat(refused.status()).isEqualTo(429);
    assertThat(refused.values("fairlead-error")).containsExactly("rate-limited");
    assertThat(refused.values("retry-after")).hasSize(1);
    assertThat(check.begun).hasValue(3);
    assertThat(proxy.counted(RouteCounter.RATE_LIMITED)).isOne();
    client.send(get("/", "good"));
    up.request();
    up.send(OK);
    assertThat(client.response().status()).as("known already").isEqualTo(200);
  }

  @Test
  void whoWaitsTooLongIsToldToComeAgain() throws Exception {
    Http2Wire client = leftOver.closes(Http2Wire.client(proxy.address()));
    client.get(1, "/1", "authorization: Test good");
    Http2Wire.Stream answer = client.answer(1); // after five seconds
    assertThat(answer.status()).isEqualTo(503);
    assertThat(answer.value("fairlead-error")).isEqualTo("auth-unavailable");
    check.go.release();
  }
}
