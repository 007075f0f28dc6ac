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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The page in a real browser. Needs Chromium and fails without it. */
class DashboardTest {
  private static final Path SHOTS = Path.of("target", "screenshots");

  /** WCAG 2.2, 1.4.3: contrast of text with what is behind it. */
  private static final double MIN_CONTRAST = 4.5;

  private final FakeInstance instance = FakeInstance.shop(System::currentTimeMillis);
  private AdminServer server;
  private Browser browser;

  @BeforeEach
  void open() throws IOException, InterruptedException {
    server = AdminServer.start(new AdminConfig(new HostPort("127.0.0.1", 0), List.of()), instance);
    browser = new Browser();
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
    assertThat(texts("#services tbody .state")).containsExactly("up", "up", "up");
    assertThat(text("#headline-text")).isEqualTo("All is well: all 3 nodes are up.");
    assertThat(text("#link-text")).isEqualTo("Live");
    assertThat(text("#services tbody .rate")).isEqualTo("0");

    instance.traffic(instance.node("shop", 0), 900, 3_000, 0);
    browser.await("document.querySelector('#services tbody .rate').textContent !== '0'");
    browser.await("document.querySelector('#services tbody .p50').textContent.startsWith('3.')");

    instance.setUp(instance.node("shop", 2), false, "connection refused");
    browser.await(
        "document.querySelector('#services tbody .reason').textContent.endsWith('down: connection refused')",
        Duration.ofSeconds(2));
    assertThat(texts("#services tbody .state")).containsExactly("down", "up", "up");
    assertThat(text("#headline-text"))
        .startsWith("2 of 3 nodes of shop are up: 127.0.0.1:9103 down for ");
    assertThat(text("#events li p")).contains("shop/127.0.0.1:9103 is down: connection refused");
    browser.screenshot(SHOTS.resolve("dashboard.png"));
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void drainsAfterAskingAndNotWhenTheAnswerIsNo() {
    load();
    browser.evaluate("document.querySelector('#services .act button').click()");
    browser.await("document.getElementById('ask').open");
    browser.evaluate("document.querySelector('#ask button[value=no]').click()");
    browser.await("!document.getElementById('ask').open");
    assertThat(instance.node("shop", 0).facts().draining()).isFalse();

    browser.evaluate("document.querySelector('#services .act button').click()");
    browser.await("document.getElementById('ask').open");
    browser.evaluate("document.getElementById('ask-yes').click()");
    browser.await("document.querySelector('#services tbody .state').textContent === 'draining'");
    assertThat(instance.node("shop", 0).facts().draining()).isTrue();
    assertThat(text("#services .act button")).isEqualTo("Undrain");
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void saysInWordsWhyANodeIsSlowedOrOutAndTheRestWhenOpened() throws IOException {
    browser.setSize(1280, 900);
    addBilling("version", "2.5.0");
    load();
    browser.await("document.querySelectorAll('.node .name').length === 5");
    assertThat(texts(".service:first-child .node .state")).containsExactly("ejected", "probation");
    assertThat(texts(".service:first-child .choice"))
        .satisfiesExactly(
            out ->
                assertThat(out)
                    .matches("gets nothing: ejected, errors 22 % of 180; for [5-9][0-9] s more"),
            slow ->
                assertThat(slow)
                    .isEqualTo(
                        "expected in 24 ms; on probation with 10 % of its share: slow 41 %"));
    assertThat(text(".service:first-child th .sub"))
        .isEqualTo("10.20.0.11:8443 · zone south · tier 1 · weight 2 · version 2.5.0 · by api");
    assertThat(text(".service:first-child .health"))
        .matches("[0-9:]{8} up: passed 19 · [0-9:]{8} down: failed 18 · [0-9:]{8} up: passed 17");
    instance.traffic(instance.node("billing", 1), 90, 3_000, 0);
    browser.await("document.querySelector('.node:nth-of-type(2) .share').textContent === '100 %'");
    assertThat(text(".service:first-child .share:not(th)")).isEqualTo("0");

    // Opened and shut from the keyboard, and what is open stays so while figures change.
    browser.evaluate("document.querySelector('.name').focus()");
    browser.press("Enter", "\r");
    browser.await("document.querySelectorAll('.verdicts li').length === 20");
    assertThat(text(".name[aria-expanded=true]")).isEqualTo("a");
    assertThat(
            browser
                .evaluate(
                    "document.getElementById(document.querySelector('.name')"
                        + ".getAttribute('aria-controls')).checkVisibility()")
                .booleanValue())
        .isTrue();
    assertThat(text(".verdicts li")).matches("[0-9:]{8}uppassed 19");
    assertThat(text(".standing dd")).matches("ejected: errors 22 % of 180; for [4-9][0-9] s more");
    assertThat(text(".inside .choice dd"))
        .endsWith("Got nothing of what was sent to billing in the last 10 s.");
    assertThat(text(".labels dd")).isEqualTo("version=2.5.0");
    assertThat(text(".member dd"))
        .isEqualTo("10.20.0.11:8443, weight 2, tier 1, zone south, by api");
    assertThat(text(".all dd")).isEqualTo("0 requests, 0 failures");
    browser.screenshot(SHOTS.resolve("dashboard-node.png"));
    instance.setUp(instance.node("billing", 0), false, "answered 503");
    browser.await("document.querySelectorAll('.verdicts li').length === 21");
    assertThat(text(".verdicts li")).endsWith("downanswered 503");
    assertThat(browser.evaluate("document.activeElement.className").stringValue())
        .isEqualTo("name");
    browser.press("Enter", "\r");
    browser.await("document.querySelector('.details').hidden");
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
  @ValueSource(ints = {390, 600, 950, 1280})
  void nothingMovesWhenFiguresAndWordsChange(int width) {
    addBilling("version", "2.5.0");
    for (int i = 0; i < 3; i++) {
      instance.setChoice(instance.node("shop", i), "1 in flight");
    }
    browser.setSize(width, 1200);
    load();
    browser.evaluate("document.querySelectorAll('.name')[1].click()");
    browser.evaluate("document.querySelectorAll('.name')[2].click()");
    browser.await("document.querySelectorAll('.probes li').length === 2");
    String places =
        "[...document.querySelectorAll('#services tr:not([hidden]), .columns')]"
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
        "document.querySelector('.service:nth-child(2) .choice').textContent.startsWith('expected')");
    browser.await(
        "document.querySelector('.service:nth-child(2) .share:not(th)').textContent === '100 %'");
    assertThat(browser.evaluate(places).stringValue()).isEqualTo(before);
  }

  @Test
  void aHundredNodesTakeUpLittleAndAreRedrawnQuickly() throws IOException {
    instance.addService("many", 100);
    browser.setSize(1280, 900);
    load();
    browser.await("document.querySelectorAll('.node').length === 103");
    assertThat(
            browser
                .evaluate("document.querySelector('.service:nth-child(2)').offsetHeight / 100")
                .doubleValue())
        .isLessThan(90);
    browser.screenshot(SHOTS.resolve("dashboard-hundred.png"));
    // Tab goes from the name of a node to its button and on to the next name.
    browser.evaluate("document.querySelectorAll('.name')[50].focus()");
    browser.press("Tab", "");
    assertThat(browser.evaluate("document.activeElement.textContent").stringValue())
        .isEqualTo("Drain");
    browser.press("Tab", "");
    assertThat(
            browser
                .evaluate("document.activeElement === document.querySelectorAll('.name')[51]")
                .booleanValue())
        .isTrue();
    assertThat(browser.complaints()).isEmpty();
  }

  @Test
  void saysSoWhenTheConnectionIsLost() {
    load();
    server.close();
    browser.await("document.getElementById('link-text').textContent === 'Connection lost'");
  }

  @Test
  void aNameIsTextWhateverItHolds() {
    String name = "<img src=x onerror=\"document.title='owned'\">";
    instance.addService(
        name,
        List.of(
            new NodeSpec(
                new HostPort("10.0.0.1", 80), name, 1, name, 0, Map.of(name, name), "api")));
    Node node = instance.node(name, 0);
    instance.setUp(node, true, name);
    instance.setUp(node, true, name);
    instance.setStanding(node, new Standing(Standing.State.PROBATION, 0.1, name));
    instance.setChoice(node, name);
    load();
    browser.await("document.querySelectorAll('#services .service').length === 2");
    browser.evaluate("document.querySelector('.node[data-state=probation] .name').click()");
    browser.await("document.querySelectorAll('.verdicts li').length === 2");
    assertThat(text(".inside .standing dd")).contains(name);
    assertThat(text(".verdicts li")).contains(name);
    assertThat(browser.evaluate("document.querySelectorAll('#services img').length").intValue())
        .isZero();
    assertThat(texts("#services h2")).contains(name);
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
    browser.open(address());
    browser.await("document.getElementById('login').open");
    browser.evaluate("document.getElementById('token').value = 'viewer-token-0001'");
    browser.evaluate("document.querySelector('#login button').click()");
    browser.await("document.querySelectorAll('#services .node').length === 3");
  }

  @ParameterizedTest
  @ValueSource(ints = {320, 390, 768, 1000, 1280})
  void fitsItsWindow(int width) throws IOException {
    instance.addService("a-service-with-quite-a-long-name-that-nobody-would-like-to-type", 2);
    instance.setUp(
        instance.node("shop", 2),
        false,
        "connect to 127.0.0.1:9103 failed: java.net.ConnectException: Connection refused");
    addBilling("host", "a-host-with-quite-a-long-name.and.quite.a.domain.example");
    browser.setSize(width, 1200);
    load();
    browser.evaluate("document.querySelectorAll('.name')[1].click()");
    browser.await("document.querySelectorAll('.probes li').length === 1");
    browser.screenshot(SHOTS.resolve("dashboard-" + width + ".png"));
    assertThat(browser.evaluate("document.documentElement.scrollWidth").intValue())
        .isLessThanOrEqualTo(width);
  }

  @ParameterizedTest
  @ValueSource(strings = {"light", "dark"})
  void everyTextCanBeRead(String scheme) throws IOException {
    instance.setUp(instance.node("shop", 2), false, "connection refused");
    instance.drain("shop", instance.node("shop", 1).address(), "test");
    addBilling("version", "2.5.0");
    instance.traffic(instance.node("shop", 0), 10, 3_000, 2);
    browser.setColorScheme(scheme);
    browser.setSize(1280, 900);
    load();
    browser.evaluate("document.querySelectorAll('.name').forEach((b) => b.click())");
    browser.await("document.querySelectorAll('.probes li').length === 5");
    JsonNode found = browser.evaluate(CONTRASTS);
    assertThat(found.size()).isGreaterThan(40);
    for (JsonNode each : found) {
      assertThat(each.get("contrast").doubleValue())
          .as(scheme + ": " + each)
          .isGreaterThanOrEqualTo(MIN_CONTRAST);
    }
    browser.screenshot(SHOTS.resolve("dashboard-" + scheme + ".png"));
  }

  /** For each element with text of its own: contrast with the nearest background behind it. */
  private static final String CONTRASTS =
      """
      (() => {
        const parse = (c) => c.match(/[0-9.]+/g).map(Number);
        const lum = ([r, g, b]) => {
          const f = (v) => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
          return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b);
        };
        const behind = (e) => {
          for (; e; e = e.parentElement) {
            const c = parse(getComputedStyle(e).backgroundColor);
            if (c.length === 3 || c[3] === 1) return c;
          }
          return [255, 255, 255];
        };
        const found = [];
        for (const e of document.body.querySelectorAll('*')) {
          const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.nodeValue.trim());
          if (!own || !e.checkVisibility() || e.closest('svg, noscript')) continue;
          const a = lum(parse(getComputedStyle(e).color));
          const b = lum(behind(e));
          found.push({ text: e.textContent.slice(0, 40), contrast: (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) });
        }
        return found;
      })()
      """;

  private void load() {
    browser.open(address());
    browser.await("document.querySelectorAll('#services .node').length >= 3");
  }

  private URI address() {
    return URI.create("http://127.0.0.1:" + server.address().getPort() + "/");
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
