package io.fairlead.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.AdminConfig;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.config.AdminConfig.Token;
import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Standing;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The page in a real browser, over an instance that a test moves. Fails without Chromium. */
class DashboardTest {
  private static final Path SHOTS = Path.of("target", "screenshots");

  private final FakeInstance instance = FakeInstance.shop(System::currentTimeMillis);
  private static Chromium chromium;
  private AdminServer server;
  private Browser browser;

  @BeforeAll
  static void begin() throws IOException {
    chromium = new Chromium();
  }

  @AfterAll
  static void end() throws IOException {
    chromium.close();
  }

  @BeforeEach
  void open() throws IOException {
    server = AdminServer.start(new AdminConfig(new HostPort("127.0.0.1", 0), List.of()), instance);
    browser = new Browser(chromium);
  }

  @AfterEach
  void shut() throws IOException {
    browser.close();
    server.close();
  }

  @Test
  void showsNodesTrafficAndWithinTwoSecondsThatOneIsDown() throws IOException {
    browser.setSize(1280, 900);
    load();
    assertThat(texts(".node .state")).containsExactly("up", "up", "up");
    assertThat(text(".verdict")).contains("All is well: all 3 nodes are up.");
    assertThat(text("#link-text")).isEqualTo("Live");
    assertThat(text(".node .rate")).isEqualTo("0");

    instance.traffic(instance.node("shop", 0), 900, 3_000, 0);
    browser.await("document.querySelector('.node .rate').textContent !== '0'");
    browser.await("document.querySelector('.node .p50').textContent.startsWith('3.')");

    instance.setUp(instance.node("shop", 2), false, "connection refused");
    browser.await(
        "document.querySelector('.node .status .sub').textContent.endsWith('connection refused')",
        Duration.ofSeconds(2));
    assertThat(texts(".node .state")).containsExactly("down", "up", "up");
    assertThat(text(".verdict h1"))
        .startsWith("2 of 3 nodes of shop are up: 127.0.0.1:9103 down for ");
    assertThat(text("#healthy")).isEqualTo("2");
    assertThat(text("#events li p")).contains("shop/127.0.0.1:9103 is down: connection refused");
    browser.screenshot(SHOTS.resolve("dashboard.png"));
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void drainsAfterAskingAndNotWhenTheAnswerIsNo() {
    load();
    click(".act button");
    browser.await("document.getElementById('ask').open");
    click("#ask button[value=no]");
    browser.await("!document.getElementById('ask').open");
    assertThat(instance.node("shop", 0).facts().draining()).isFalse();

    click(".act button");
    browser.await("document.getElementById('ask').open");
    click("#ask-yes");
    browser.await("document.querySelector('.node .state').textContent === 'draining'");
    assertThat(instance.node("shop", 0).facts().draining()).isTrue();
    assertThat(text(".act button")).isEqualTo("Undrain");
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void aServiceIsResizedAfterAsking() {
    load();
    browser.evaluate("location.hash = '#/cluster'");
    browser.await("document.querySelector('#scale-shop-title')");
    browser.await("document.querySelector('.hint')"); // all parts have been asked for
    assertThat(text(".hint"))
        .isEqualTo("The configuration has no group, no databases, no dns and no vips.");
    click("button[aria-label=\"One node of shop more\"]");
    browser.await("document.getElementById('ask').open");
    assertThat(text("#ask-title")).isEqualTo("Have 4 nodes of shop?");
    click("#ask-yes");
    browser.await("document.querySelector('.card .aside b').textContent === '4 nodes'");
    assertThat(text(".card .aside")).contains("by hand: 4 nodes, 2 to 8");
    browser.evaluate(
        "[...document.querySelectorAll('button')].find((b) => b.textContent === 'As needed').click()");
    browser.await("document.getElementById('ask').open");
    click("#ask-yes");
    browser.await("document.querySelector('.card .aside b').textContent === '3 nodes'");
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void aPageOfItsOwnSaysInWordsWhyANodeIsSlowedOrOut() throws IOException {
    browser.setSize(1280, 900);
    addBilling("version", "2.5.0");
    load();
    browser.await("document.querySelectorAll('.node').length === 5");
    assertThat(texts(".node .state")).startsWith("ejected", "probation");
    assertThat(texts(".node .status .sub").getFirst()).contains(": errors 22 % of 180");
    assertThat(text(".node .version")).isEqualTo("2.5.0");

    // From the keyboard: the name of the first node, and on to its page.
    browser.evaluate("document.querySelector('.node a').focus()");
    browser.press("Enter", "\r");
    browser.await("document.querySelectorAll('.verdicts li').length === 20");
    assertThat(text("h1")).isEqualTo("a");
    assertThat(browser.evaluate("document.activeElement.id").stringValue()).isEqualTo("title");
    assertThat(text(".verdicts li")).matches("[0-9:]{8} up passed 19");
    assertThat(text(".standing dd")).matches("ejected: errors 22 % of 180; for [4-9][0-9] s more");
    assertThat(text(".choice-words dd")).startsWith("gets nothing: ejected");
    assertThat(text(".labels dd")).isEqualTo("version=2.5.0");
    assertThat(text(".member dd"))
        .isEqualTo("10.20.0.11:8443, weight 2, tier 1, zone south, by api");
    assertThat(text(".all dd")).isEqualTo("0 requests, 0 failures");
    browser.screenshot(SHOTS.resolve("dashboard-node.png"));
    instance.setUp(instance.node("billing", 0), false, "answered 503");
    browser.await("document.querySelectorAll('.verdicts li').length === 21");
    assertThat(text(".verdicts li")).endsWith("down answered 503");
    browser.evaluate("history.back()");
    browser.await("document.querySelectorAll('.node').length === 5");
    assertThat(browser.complaints()).isEmpty();
  }

  /** One is ejected, one on probation. */
  private void addBilling(String label, String value) {
    instance.addService(
        "billing",
        List.of(
            new NodeSpec(
                new HostPort("10.20.0.11", 8443), "a", 2, "south", 1, Map.of(label, value), "api"),
            new NodeSpec(new HostPort("10.20.0.12", 8443), "b", 1, "south", "file")));
    Node out = instance.node("billing", 0);
    for (int i = 0; i < 20; i++) {
      instance.setUp(out, i % 2 == 1, i % 2 == 1 ? "passed " + i : "failed " + i);
    }
    instance.setChoice(out, "never said of a node that gets nothing");
    instance.setStanding(
        out,
        new Standing(
            Standing.State.EJECTED, 0, "errors 22 % of 180", System.currentTimeMillis() + 90_000));
    Node slow = instance.node("billing", 1);
    instance.setStanding(slow, new Standing(Standing.State.PROBATION, 0.1, "slow 41 %"));
    instance.setChoice(slow, "expected in 24 ms; on probation with 10 % of its share: slow 41 %");
  }

  @ParameterizedTest
  @ValueSource(ints = {390, 1280})
  void nothingMovesWhenFiguresAndWordsChange(int width) {
    addBilling("version", "2.5.0");
    for (int i = 0; i < 3; i++) {
      instance.setChoice(instance.node("shop", i), "1 in flight");
    }
    browser.setSize(width, 1200);
    load();
    browser.await(
        "![...document.querySelectorAll('.blank')].some((b) => b.textContent === 'Asking …')");
    String places =
        "[...document.querySelectorAll('.tile, .explore, .nodes tr, .columns')]"
            + ".map((e) => e.getBoundingClientRect().top + scrollY).join()";
    String before = browser.evaluate(places).stringValue();
    String words =
        "expected in 1234.11 ms: 617.05 ms each and 300.00 ms for its errors, 1 in flight from here"
            + " and 12.5 from others; about as fast as others and has had fewer requests: comes"
            + " before them by 3.1 %; weight 2; tier 0, which get 100 % of the requests";
    for (int i = 0; i < 3; i++) {
      instance.setChoice(instance.node("shop", i), words);
    }
    instance.traffic(instance.node("shop", 0), 123_456, 3_000, 0);
    browser.await(
        "[...document.querySelectorAll('.node .name .sub')].some((e) => e.textContent.startsWith('expected in 1234'))");
    browser.await(
        "[...document.querySelectorAll('.node .share')].some((e) => e.textContent === '100 %')");
    assertThat(browser.evaluate(places).stringValue()).isEqualTo(before);
  }

  @Test
  void ofManyNodesOnlyThoseInViewAreDrawn() throws IOException {
    instance.addService("many", 500);
    browser.setSize(1280, 900);
    browser.open(page("#/nodes"));
    // The picture of every second holds 200 of them; a question brings the others.
    browser.await(
        "document.querySelector('.nodes table')?.getAttribute('aria-rowcount') === '506'");
    int drawn = browser.evaluate("document.querySelectorAll('.node').length").intValue();
    assertThat(drawn).isBetween(10, 80);
    browser.evaluate("document.querySelector('.windowed').scrollTop = 1e6");
    browser.await(
        "[...document.querySelectorAll('.node')].at(-1).getAttribute('aria-rowindex') === '506'");
    assertThat(browser.evaluate("document.querySelectorAll('.node').length").intValue())
        .isBetween(10, 80);
    assertThat(text(".node:last-of-type a, .node a")).contains(":9");
    browser.screenshot(SHOTS.resolve("dashboard-many.png"));
    click(".switch input");
    browser.await("document.querySelector('.nodes .blank')");
    assertThat(text(".nodes .blank")).isEqualTo("No node has a problem.");
    assertThat(browser.evaluate("location.hash").stringValue()).isEqualTo("#/nodes?nodes=problems");
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void sortsByAColumnAndTheAddressSaysSo() {
    addBilling("version", "2.5.0");
    load();
    browser.evaluate("document.querySelector('.nodes th.n:nth-of-type(5) .sorter').click()");
    browser.await("location.hash === '#/now?order=-rate'");
    instance.traffic(instance.node("shop", 1), 900, 3_000, 0);
    browser.await("document.querySelector('.node a').textContent === '127.0.0.1:9102'");
    assertThat(
            browser
                .evaluate("document.querySelector('th[aria-sort]').getAttribute('aria-sort')")
                .stringValue())
        .isEqualTo("descending");
    browser.reload();
    browser.await("document.querySelector('.node a')?.textContent === '127.0.0.1:9102'");
  }

  @Test
  void saysSoWhenTheConnectionIsLostAndGoesOnWhenTheInstanceIsBack() throws IOException {
    load();
    HostPort port = new HostPort("127.0.0.1", server.address().getPort());
    server.close();
    browser.await("document.getElementById('link-text').textContent === 'Connection lost'");
    server = AdminServer.start(new AdminConfig(port, List.of()), instance);
    browser.await("document.getElementById('link-text').textContent === 'Live'");
    instance.setUp(instance.node("shop", 2), false, "connection refused");
    browser.await("document.querySelector('.node .state').textContent === 'down'");
  }

  @Test
  void figuresStandStillWhileItIsPaused() {
    load();
    click("#pause");
    browser.await("document.getElementById('link-text').textContent === 'Paused'");
    instance.setUp(instance.node("shop", 2), false, "connection refused");
    String time = "document.querySelector('.facts div:last-child dd').textContent";
    String stopped = browser.evaluate(time).stringValue();
    browser.evaluate("new Promise((done) => setTimeout(done, 1500))");
    assertThat(browser.evaluate(time).stringValue()).isEqualTo(stopped);
    assertThat(text(".node .state")).isEqualTo("up");
    click("#pause");
    browser.await("document.querySelector('.node .state').textContent === 'down'");
  }

  @Test
  void theChosenColoursStayAfterLoadingAgain() {
    browser.setColorScheme("light");
    load();
    String paper = "getComputedStyle(document.body).backgroundColor";
    String light = browser.evaluate(paper).stringValue();
    click("#theme");
    click("#theme");
    browser.await("document.documentElement.dataset.theme === 'dark'");
    assertThat(browser.evaluate(paper).stringValue()).isNotEqualTo(light);
    browser.reload();
    browser.await("document.querySelectorAll('.node').length >= 3");
    assertThat(browser.evaluate("document.documentElement.dataset.theme").stringValue())
        .isEqualTo("dark");
  }

  @Test
  void aNameIsTextWhateverItHolds() {
    String name = "<img src=x onerror=\"document.title='owned'\">";
    instance.addService(
        name,
        List.of(
            new NodeSpec(
                new HostPort("10.0.0.1", 80), name, 1, name, 0, Map.of("version", name), "api")));
    Node node = instance.node(name, 0);
    instance.setUp(node, true, name);
    instance.setUp(node, true, name);
    instance.setStanding(node, new Standing(Standing.State.PROBATION, 0.1, name));
    instance.setChoice(node, name);
    load();
    browser.await("document.querySelectorAll('.nodes tr.service').length === 2");
    assertThat(texts(".nodes tr.service b")).contains(name);
    click(".node[data-state=probation] a");
    browser.await("document.querySelectorAll('.verdicts li').length === 2");
    assertThat(text(".standing dd")).contains(name);
    assertThat(text(".verdicts li")).contains(name);
    assertThat(browser.evaluate("document.querySelectorAll('main img').length").intValue())
        .isZero();
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void asksForTheTokenWhereOneIsNeeded() throws IOException {
    server.close();
    AdminConfig config =
        new AdminConfig(
            new HostPort("127.0.0.1", 0),
            List.of(new Token("look", Role.VIEWER, new Secret("viewer-token-0001"))));
    server = AdminServer.start(config, instance);
    browser.open(page(""));
    browser.await("document.getElementById('login').open");
    assertThat(
            browser.evaluate("document.getElementById('sign-in').checkVisibility()").booleanValue())
        .as("there is no provider to sign in at")
        .isFalse();
    browser.evaluate("document.getElementById('token').value = 'viewer-token-0001'");
    click("#login-form button");
    browser.await("document.querySelectorAll('.node').length === 3");
  }

  @ParameterizedTest
  @ValueSource(ints = {320, 640, 1000})
  void fitsItsWindow(int width) throws IOException {
    instance.addService("a-service-with-quite-a-long-name-that-nobody-would-like-to-type", 2);
    instance.setUp(
        instance.node("shop", 2),
        false,
        "connect to 127.0.0.1:9103 failed: java.net.ConnectException: Connection refused");
    addBilling("host", "a-host-with-quite-a-long-name.and.quite.a.domain.example");
    browser.setSize(width, 1200);
    load();
    browser.screenshot(SHOTS.resolve("dashboard-" + width + ".png"));
    assertThat(browser.evaluate("document.documentElement.scrollWidth").intValue())
        .isLessThanOrEqualTo(width);
  }

  /**
   * Twenty minutes of pictures, as fast as they are drawn: what an open page holds does not grow
   * with them. 50 MB an hour would be a third of that here.
   */
  @Test
  void anOpenPageHoldsNoMoreAfterAWhile() throws IOException {
    AtomicLong now = new AtomicLong(System.currentTimeMillis());
    FakeInstance watched = FakeInstance.shop(now::get);
    watched.addService("many", 100);
    Live live = new Live(watched, now::get);
    server.close();
    server =
        AdminServer.start(new AdminConfig(new HostPort("127.0.0.1", 0), List.of()), watched, live);
    browser.setSize(1280, 900);
    browser.open(page(""));
    browser.await("document.querySelectorAll('.node').length > 20");
    long before = 0;
    for (int second = 0; second < 900; second++) {
      watched.traffic(watched.node("shop", second % 3), 20, 1_000 + second, 7);
      now.addAndGet(1000);
      live.tick(System.nanoTime());
      if (second % 3 == 2) {
        browser.evaluate("new Promise(requestAnimationFrame)");
      }
      if (second == 300) {
        before = browser.heapBytes();
      }
    }
    long grown = browser.heapBytes() - before;
    assertThat(grown).as("bytes in 10 min").isLessThan(50_000_000 / 6);
    // Where the machine had no time for it, it asks for some seconds before it is told again.
    browser.await(
        "document.querySelector('#link-text').textContent === 'Live'", Duration.ofSeconds(20));
  }

  private void load() {
    browser.open(page(""));
    browser.await("document.querySelectorAll('.node').length >= 3");
  }

  private URI page(String hash) {
    return URI.create("http://127.0.0.1:" + server.address().getPort() + "/" + hash);
  }

  private void click(String selector) {
    browser.evaluate("document.querySelector('" + selector + "').click()");
  }

  private String text(String selector) {
    return browser.evaluate("document.querySelector('" + selector + "').textContent").stringValue();
  }

  private List<String> texts(String selector) {
    return browser
        .evaluate("[...document.querySelectorAll('" + selector + "')].map((e) => e.textContent)")
        .valueStream()
        .map(JsonNode::stringValue)
        .toList();
  }
}
