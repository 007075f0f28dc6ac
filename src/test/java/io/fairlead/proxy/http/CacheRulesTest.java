package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.CacheConfig;
import io.fairlead.telemetry.RouteCounter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * The rules of RFC 9111 as a table, {@code cache-rules.csv}: a node answers a first request, and
 * what a second one gets, whether the node is asked again and on what condition, is looked at. Most
 * rows are what the public HTTP cache tests (github.com/http-tests/cache-tests) look at, too.
 */
@Timeout(60)
final class CacheRulesTest {
  private static final Path ROWS = Path.of("src/test/resources/proxy/cache-rules.csv");

  @RegisterExtension final NothingLeftOver leftOver = new NothingLeftOver();

  private int number;

  /** A proxy with its node and a connection to each. */
  private final class Way {
    private final HandNode node;
    private final ProxyFixture proxy;
    private final Wire client;
    private @Nullable Wire up;

    Way(Duration ttl) throws IOException {
      node = leftOver.closes(new HandNode());
      proxy =
          leftOver
              .watches(ProxyFixture.start(node.address()))
              .cache(
                  new CacheConfig(64 * 1024, ttl, Duration.ofSeconds(5)),
                  new CacheStore(1 << 20, new byte[16], System::currentTimeMillis));
      client = leftOver.closes(Wire.to(proxy.address()));
    }

    Wire up() throws IOException {
      Wire known = up;
      if (known == null) {
        known = leftOver.closes(node.accept());
        up = known;
      }
      return known;
    }
  }

  /**
   * A row has: the section of RFC 9111 unless it says otherwise; fields of the first request, with
   * semicolons between, as all others, behind TTL where the route has a ttl; status and fields of
   * the answer; fields of the second request; what becomes of that, {@code hit}, {@code 304} (given
   * to the client without asking), {@code asked} (without a condition of ours), {@code if} and the
   * condition that the node is asked with, or {@code 504}; what {@code cache-status} says then
   * behind {@code fairlead; }, or nothing.
   */
  @Test
  void rows() throws Exception {
    Way plain = new Way(Duration.ZERO);
    Way guessing = new Way(Duration.ofSeconds(60));
    for (String row : Files.readAllLines(ROWS)) {
      if (row.startsWith("#")) {
        continue;
      }
      String[] parts = row.split("\\|", -1);
      number++;
      boolean guesses = parts[1].startsWith("TTL");
      try {
        row(
            guesses ? guessing : plain,
            guesses ? parts[1].substring(3) : parts[1],
            parts[2],
            parts[3],
            parts[4],
            parts[5]);
      } catch (IOException | AssertionError e) {
        throw new AssertionError(row, e);
      }
    }
    assertThat(number).isGreaterThan(140);
  }

  private void row(
      Way way, String first, String answer, String second, String outcome, String status)
      throws Exception {
    Wire client = way.client;
    client.send(request(first));
    Wire up = way.up();
    up.request();
    up.send(answer(answer, "one"));
    Received given = client.response();
    assertThat(given.values("age")).hasSize(answer.contains("Age: ") ? 1 : 0);
    long hits = way.proxy.counted(RouteCounter.CACHE_HITS);
    long revalidated = way.proxy.counted(RouteCounter.CACHE_REVALIDATED);
    client.send(request(second));
    if (outcome.equals("hit") || outcome.equals("304") || outcome.equals("504")) {
      Received again = client.response();
      told(again, status);
      assertThat(again.status())
          .isEqualTo(outcome.equals("hit") ? given.status() : Integer.parseInt(outcome));
      if (outcome.equals("hit")) {
        assertThat(again.body.toString()).isEqualTo(given.status() == 204 ? "" : "one");
      }
      if (!outcome.equals("504")) {
        assertThat(again.values("age")).hasSize(1);
        assertThat(again.values("date")).hasSize(1);
        assertThat(again.values("etag")).isEqualTo(given.values("etag"));
        assertThat(way.proxy.counted(RouteCounter.CACHE_HITS)).isEqualTo(hits + 1);
      }
      return;
    }
    Received asked = up.request();
    if (!outcome.startsWith("if ")) {
      assertThat(outcome).isEqualTo("asked");
      up.send(answer("200", "two"));
      Received again = client.response();
      told(again, status);
      assertThat(again.body.toString()).isEqualTo("two");
      return;
    }
    String condition = outcome.substring(3);
    if (condition.equals("if-modified-since")) {
      assertThat(asked.values(condition)).isEqualTo(given.values("last-modified"));
    } else {
      assertThat("if-none-match: " + asked.values("if-none-match").getFirst()).isEqualTo(condition);
    }
    up.send("HTTP/1.1 304 Not Modified\r\nCache-Control: max-age=9\r\nX-New: yes\r\n\r\n");
    Received again = client.response();
    told(again, status);
    assertThat(again.values("x-new")).containsExactly("yes");
    assertThat(again.body.toString()).isEqualTo("one");
    assertThat(way.proxy.counted(RouteCounter.CACHE_REVALIDATED)).isEqualTo(revalidated + 1);
  }

  private static void told(Received answer, String status) {
    if (!status.isEmpty()) {
      assertThat(answer.values("cache-status")).last().asString().startsWith("fairlead; " + status);
    }
  }

  private String request(String fields) {
    return "GET /a?b=" + number + " HTTP/1.1\r\nHost: x\r\n" + lines(fields) + "\r\n";
  }

  private static String answer(String words, String body) {
    String status = words.substring(0, 3);
    boolean without = status.equals("204");
    return "HTTP/1.1 "
        + status
        + " Word\r\n"
        + (without ? "" : "Content-Length: " + body.length() + "\r\n")
        + lines(words.substring(3).strip())
        + "\r\n"
        + (without ? "" : body);
  }

  private static String lines(String fields) {
    StringBuilder lines = new StringBuilder();
    for (String field : fields.split(";(?! )", -1)) {
      if (!field.isBlank()) {
        lines.append(date(field.strip())).append("\r\n");
      }
    }
    return lines.toString();
  }

  /** {@code {+60}} is the date in a minute. */
  private static String date(String field) {
    return Pattern.compile("\\{([+-]\\d+)}")
        .matcher(field)
        .replaceAll(match ->
            Ascii.text(
                HttpDate.format(
                    System.currentTimeMillis() / 1000 + Integer.parseInt(match.group(1))),
                0,
                29));
  }
}
