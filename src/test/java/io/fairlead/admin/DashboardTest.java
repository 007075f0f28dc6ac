package io.fairlead.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.AdminConfig;
import io.fairlead.config.AdminConfig.Role;
import io.fairlead.config.AdminConfig.Token;
import io.fairlead.config.HostPort;
import io.fairlead.config.Secret;
import io.fairlead.service.NodeSpec;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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
  void saysSoWhenTheConnectionIsLost() {
    load();
    server.close();
    browser.await("document.getElementById('link-text').textContent === 'Connection lost'");
  }

  @Test
  void aNameIsTextWhateverItHolds() {
    String name = "<img src=x onerror=\"document.title='owned'\">";
    instance.addService(
        name, List.of(new NodeSpec(new HostPort("10.0.0.1", 80), name, 1, name, "api")));
    load();
    browser.await("document.querySelectorAll('#services .service').length === 2");
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
  @ValueSource(ints = {320, 390, 768, 1280})
  void fitsItsWindow(int width) throws IOException {
    instance.addService("a-service-with-quite-a-long-name-that-nobody-would-like-to-type", 2);
    instance.setUp(
        instance.node("shop", 2),
        false,
        "connect to 127.0.0.1:9103 failed: java.net.ConnectException: Connection refused");
    browser.setSize(width, 1200);
    load();
    browser.screenshot(SHOTS.resolve("dashboard-" + width + ".png"));
    assertThat(browser.evaluate("document.documentElement.scrollWidth").intValue())
        .isLessThanOrEqualTo(width);
  }

  @ParameterizedTest
  @ValueSource(strings = {"light", "dark"})
  void everyTextCanBeRead(String scheme) throws IOException {
    instance.setUp(instance.node("shop", 2), false, "connection refused");
    instance.drain("shop", instance.node("shop", 1).address(), "test");
    instance.traffic(instance.node("shop", 0), 10, 3_000, 2);
    browser.setColorScheme(scheme);
    browser.setSize(1280, 900);
    load();
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
