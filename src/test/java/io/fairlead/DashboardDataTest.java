package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.Loopback.Client;
import io.fairlead.admin.Browser;
import io.fairlead.admin.Chromium;
import io.fairlead.demo.Behaviour;
import io.fairlead.demo.LatencyDistribution;
import io.fairlead.demo.TestNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The page over a real instance with real traffic: what it shows is what was recorded. */
@Timeout(90)
class DashboardDataTest {
  /** What SQL counts of the span that the address names. */
  private static final String COUNTED =
      """
      (async () => {
        const span = new URLSearchParams(location.hash.split('?')[1]);
        const time = (name) => new Date(Number(span.get(name))).toISOString().slice(0, -1).replace('T', ' ');
        const sql = `SELECT count(*) FROM requests WHERE time >= TIMESTAMP '${time('from')}' AND time < TIMESTAMP '${time('to')}'`;
        const answer = await fetch('/api/v1/query', { method: 'POST', headers: { 'Content-Type': 'application/sql' }, body: sql });
        return (await answer.json()).rows[0][0];
      })()\
      """;

  private static final List<Thread> CLIENTS = new ArrayList<>();
  @TempDir private static Path folder;
  private static Chromium chromium;

  /** Has had requests since the tests began, which it needs to know what is usual. */
  private static Fairlead busy;

  private static TestNode usual;
  private static TestNode slow;
  private static volatile boolean stopped;

  @BeforeAll
  static void begin() throws IOException {
    chromium = new Chromium();
    usual = Loopback.node("a");
    slow = Loopback.node("b");
    busy = Loopback.startRecording(config("busy", usual, slow));
    int port = Loopback.port(busy, "web");
    for (int i = 0; i < 4; i++) {
      CLIENTS.add(Thread.ofVirtual().start(() -> ask(port)));
    }
  }

  @AfterAll
  static void end() throws IOException, InterruptedException {
    stopped = true;
    for (Thread client : CLIENTS) {
      client.join();
    }
    busy.close();
    usual.close();
    slow.close();
    chromium.close();
  }

  @Test
  void aClickOnAChartLeadsToExactlyTheRecordsThatSqlCounts() throws Exception {
    try (TestNode a = Loopback.node("a");
        TestNode b = Loopback.node("b");
        Fairlead fairlead = Loopback.startRecording(config("calm", a, b));
        Browser browser = new Browser(chromium)) {
      browser.setSize(1280, 1000);
      URI page = URI.create("http://127.0.0.1:" + fairlead.adminAddress().getPort() + "/");
      browser.open(page);
      browser.await("document.querySelectorAll('.node').length === 2");
      try (Client client = new Client(Loopback.port(fairlead, "web"))) {
        for (int i = 0; i < 300; i++) {
          assertThat(client.get("/cart/" + i % 7).status()).isEqualTo(200);
        }
      }
      browser.await("document.querySelector('fl-chart').given.lines[0].values.some((v) => v > 0)");
      // The curve stands where the requests were; a click there leads to their records.
      JsonNode place =
          browser.evaluate(
              """
              (() => {
                const chart = document.querySelector('fl-chart');
                const { times, lines } = chart.given;
                const at = lines[0].values.findLastIndex((v) => v > 0);
                const over = chart.querySelector('.u-over').getBoundingClientRect();
                return { x: Math.min(over.right - 2, over.left + chart.plot.valToPos(times[at], 'x')), y: over.top + 20 };
              })()\
              """);
      double x = place.get("x").doubleValue();
      double y = place.get("y").doubleValue();
      browser.drag(x, y, x, y);
      browser.await("/^#.records.from=[0-9]{13}&to=[0-9]{13}$/.test(location.hash)");
      assertThat(Objects.requireNonNull(fairlead.recorder()).writeNow(Duration.ofSeconds(10)))
          .isTrue();
      // What the page shows may be of a moment before.
      long shown = 0;
      long counted = -1;
      for (int look = 0; look < 60 && (shown != counted || shown == 0); look++) {
        browser.evaluate("document.querySelector('.records header button')?.click()");
        browser.evaluate("new Promise((done) => setTimeout(done, 500))");
        browser.await("document.getElementById('count')?.dataset.count");
        shown =
            Long.parseLong(
                browser.evaluate("document.getElementById('count').dataset.count").stringValue());
        counted = browser.evaluate(COUNTED).longValue();
      }
      assertThat(shown).isEqualTo(counted).isPositive();

      // One record: its phases, in this order, make up its time.
      browser.await("document.querySelector('.records tbody a')");
      browser.evaluate("document.querySelector('.records tbody a').click()");
      browser.await("document.querySelectorAll('.waterfall li').length >= 2");
      assertThat(browser.evaluate("document.querySelector('h1').textContent").stringValue())
          .startsWith("Record ");

      // The same in SQL.
      browser.open(
          page.resolve(
              "#/sql?q=SELECT%20node%2C%20count(*)%20FROM%20requests%20GROUP%20BY%20node%20ORDER%20BY%20node"));
      browser.await("document.querySelectorAll('#answer tbody tr').length === 2");
      assertThat(
              browser
                  .evaluate("document.querySelector('#answer tbody td').textContent")
                  .stringValue())
          .isEqualTo("a");
      browser.open(page.resolve("#/sql?q=SELECT%20nod%20FROM%20requests"));
      browser.await("document.querySelector('.card.trouble')?.textContent.includes('nod')");
      assertThat(browser.complaints()).isEmpty();
    }
  }

  @Test
  void aFaultShowsInTheVerdictAndDraggingOverTheSlowPartNamesItsNode() throws Exception {
    try (Browser browser = new Browser(chromium)) {
      browser.setSize(1280, 1000);
      browser.open(
          URI.create("http://127.0.0.1:" + busy.adminAddress().getPort() + "/#/now?since=5m"));
      browser.await(
          "document.querySelector('.verdict h1')?.textContent.startsWith('Nothing unusual')",
          Duration.ofSeconds(50));

      slow.setBehaviour(Behaviour.of(LatencyDistribution.parse("80ms"), 0, true));
      browser.await(
          "/\\bb\\b/.test(document.querySelector('.verdict .incidents li')?.textContent)",
          Duration.ofSeconds(40));
      // Two columns of the heat map are needed; then those that took longer than 40 ms.
      browser.await(
          """
          (() => {
            const { counts, bounds } = document.querySelector('fl-heat').given;
            const slow = bounds.findIndex((b) => b > 40000);
            return counts.filter((c) => c.slice(slow).some((n) => n > 0)).length >= 2;
          })()\
          """,
          Duration.ofSeconds(25));
      JsonNode place =
          browser.evaluate(
              """
              (() => {
                const heat = document.querySelector('fl-heat');
                const { bounds, counts } = heat.given;
                const slow = bounds.findIndex((b) => b > 40000);
                const is = (c) => c.slice(slow).some((n) => n > 0);
                const { cellWidth, cellHeight, height } = heat.box;
                const at = heat.canvas.getBoundingClientRect();
                const x = (column) => at.left + 58 + (column + 0.5) * cellWidth;
                return {
                  left: x(counts.findIndex(is)), right: x(counts.findLastIndex(is)),
                  top: at.top + 13, bottom: at.top + 12 + height - (slow - heat.rows.low + 0.5) * cellHeight,
                };
              })()\
              """);
      browser.drag(
          place.get("left").doubleValue(),
          place.get("bottom").doubleValue(),
          place.get("right").doubleValue(),
          place.get("top").doubleValue());
      browser.await("/sel=/.test(location.hash)");
      browser.await(
          "document.querySelector('.why .field')?.ariaLabel === 'node'"
              + " && document.querySelector('.why .field .value').textContent === 'b'");
      browser.screenshot(Path.of("target", "screenshots", "dashboard-why.png"));
      assertThat(browser.complaints()).isEmpty();
    }
  }

  @Test
  void whyARelayEndedLeadsToItsRecord() throws Exception {
    TestNode gone = Loopback.node("gone");
    int nobody = gone.port();
    gone.close();
    String yaml =
        """
        admin: { bind: "127.0.0.1:0" }
        data: "%s"
        listeners:
          db: { bind: "127.0.0.1:0", protocol: tcp, routes: { service: gone } }
        services:
          gone: { health: none, outlier: off, nodes: [ "127.0.0.1:%d" ] }
        """
            .formatted(folder.resolve("relay"), nobody);
    try (Fairlead fairlead = Loopback.startRecording(yaml);
        Browser browser = new Browser(chromium)) {
      try (Socket client =
          new Socket(InetAddress.getLoopbackAddress(), Loopback.port(fairlead, "db"))) {
        assertThatThrownBy(() -> client.getInputStream().read()).isInstanceOf(IOException.class);
      }
      assertThat(Objects.requireNonNull(fairlead.recorder()).writeNow(Duration.ofSeconds(10)))
          .isTrue();
      browser.open(URI.create("http://127.0.0.1:" + fairlead.adminAddress().getPort() + "/#/now"));
      browser.await("document.querySelector('.reasons a')");
      browser.evaluate("document.querySelector('.reasons a').click()");
      browser.await("document.getElementById('count')?.dataset.count === '1'");
      assertThat(browser.complaints()).isEmpty();
    }
  }

  private static void ask(int port) {
    try (Client client = new Client(port)) {
      while (!stopped) {
        client.get("/bytes/100");
        Thread.sleep(8);
      }
    } catch (IOException | InterruptedException e) {
      // The instance has ended.
    }
  }

  private static String config(String name, TestNode a, TestNode b) {
    return """
    admin: { bind: "127.0.0.1:0" }
    data: "%s"
    listeners:
      web: { bind: "127.0.0.1:0", routes: { service: shop } }
    services:
      shop:
        outlier: off
        balance: round-robin
        nodes:
          - { name: a, address: "127.0.0.1:%d" }
          - { name: b, address: "127.0.0.1:%d" }
    """
        .formatted(folder.resolve(name), a.port(), b.port());
  }
}
