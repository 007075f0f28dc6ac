package io.fairlead.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.AdminConfig;
import io.fairlead.config.HostPort;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * All pages with much to show, which {@code pretend.js} answers: whether everybody can use them,
 * and what clicks and keys lead to.
 */
class DashboardPagesTest {
  private static final Path SHOTS = Path.of("target", "screenshots");
  private static final String AXE = "/META-INF/resources/webjars/axe-core/4.6.3/axe.min.js";

  private static final List<String> PAGES =
      List.of(
          "#/now",
          "#/routes",
          "#/nodes",
          "#/nodes/shop/127.0.0.1%3A9101",
          "#/cluster",
          "#/clients",
          "#/records?where=status%3E%3D500",
          "#/records/01K1003",
          "#/records?table=node_logs",
          "#/sql?q=SELECT%20node%20FROM%20requests",
          "#/incidents",
          "#/incidents/i-7",
          "#/alerts",
          "#/config",
          "#/nowhere");

  private static final JsonMapper JSON = new JsonMapper();

  private static AdminServer server;
  private static Browser browser;

  @BeforeAll
  static void open() throws IOException, InterruptedException {
    FakeInstance instance = FakeInstance.shop(System::currentTimeMillis);
    instance.setUp(instance.node("shop", 2), false, "connection refused");
    instance.traffic(instance.node("shop", 0), 200, 3_000, 9);
    server = AdminServer.start(new AdminConfig(new HostPort("127.0.0.1", 0), List.of()), instance);
    browser = new Browser();
    browser.inject(LookMain.pretend());
    browser.inject(resource(AXE));
  }

  @AfterAll
  static void shut() throws IOException {
    browser.close();
    server.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"light", "dark"})
  void everybodyCanUseEveryPage(String scheme) throws IOException {
    browser.setColorScheme(scheme);
    browser.setSize(1280, 1000);
    for (String page : PAGES) {
      show(page);
      // Of the rules only these look at colours, which is all that the schemes differ in.
      List<String> found =
          scheme.equals("light")
              ? violations()
              : violations("{ type: 'rule', values: ['color-contrast', 'link-in-text-block'] }");
      assertThat(found).as(scheme + " " + page).isEmpty();
      browser.screenshot(SHOTS.resolve("page-" + scheme + "-" + PAGES.indexOf(page) + ".png"));
    }
    assertThat(complaints()).isEmpty();
  }

  private static List<String> violations() {
    return violations(
        """
        { type: 'tag', values:
            ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }\
        """);
  }

  private static List<String> violations(String rules) {
    return browser
        .evaluate(
            """
            axe.run(document, { resultTypes: ['violations'], runOnly: %s })
              .then((r) => r.violations.map((v) => v.id + ': ' + v.nodes.slice(0, 4).map((n) => n.html.slice(0, 160) + ' ' + n.failureSummary).join(' | ')))\
            """
                .formatted(rules))
        .valueStream()
        .map(JsonNode::stringValue)
        .toList();
  }

  @Test
  void aConfigurationIsWrittenCheckedAppliedAndTakenBack() throws IOException {
    browser.setSize(1280, 1000);
    show("#/config");
    browser.await("document.querySelector('#versions-title')");
    String begun = text("pre.yaml");
    click("#in-force-title ~ .aside button");
    browser.await("document.querySelector('#yaml')");
    write("broken");
    click("#check");
    browser.await("document.querySelectorAll('.problems li').length === 2");
    assertThat(text(".problems li")).contains("Line 14", "must not exceed interval 1s");
    assertThat(violations()).isEmpty();
    browser.screenshot(SHOTS.resolve("page-config-problems.png"));

    write(begun + "# a line more");
    browser.await("document.querySelector('.diff .new')?.textContent === '+ # a line more\\n'");
    assertThat(violations()).isEmpty();
    click("#apply");
    browser.await("document.querySelector('#ask').open");
    assertThat(text("#ask-text")).isEqualTo("service shop: 3 nodes.");
    browser.screenshot(SHOTS.resolve("page-config-apply.png"));
    click("#ask-yes");
    browser.await("document.querySelector('pre.yaml')?.textContent.includes('a line more')");
    browser.await("document.querySelector('[aria-label=\"Go back to version 1\"]')");
    click("[aria-label=\"Go back to version 1\"]");
    browser.await("document.querySelector('#ask').open");
    click("#ask-yes");
    browser.await("!document.querySelector('pre.yaml').textContent.includes('a line more')");
    assertThat(complaints()).isEmpty();
  }

  private static void write(String text) {
    browser.evaluate(
        "((box) => { box.value = "
            + JSON.writeValueAsString(text)
            + "; box.dispatchEvent(new Event('input')); })(document.querySelector('#yaml'))");
  }

  @Test
  void everyPageFitsATelephone() {
    browser.setSize(360, 800);
    for (String page : PAGES) {
      show(page);
      // Charts follow a window that has become narrower with their next picture.
      browser.await("document.documentElement.scrollWidth <= 360");
    }
  }

  @Test
  void anIncidentStandsInTheVerdictAndLeadsToWhatIsBehindIt() {
    browser.setSize(1280, 1000);
    show("#/now");
    assertThat(text(".verdict h1")).isEqualTo("One incident is open");
    assertThat(text(".verdict .incidents li span")).contains("96 % of those that fail hit node b");
    click(".verdict .see");
    browser.await("location.hash === '#/incidents/i-7' && document.querySelector('.causes li')");
    assertThat(text(".causes .first"))
        .isEqualTo("96 % of failing requests hit node b, 8 % of others");
    browser.evaluate("history.back()");
    browser.await("document.querySelector('.verdict')");
  }

  @Test
  void aPartOfTheHeatMapThatIsDraggedOverIsCompared() {
    browser.setSize(1280, 1000);
    show("#/now");
    JsonNode place =
        browser.evaluate(
            "(({left, top, width, height}) => ({left, top, width, height}))"
                + "(document.querySelector('.heat canvas').getBoundingClientRect())");
    double left = place.get("left").doubleValue();
    double top = place.get("top").doubleValue();
    double width = place.get("width").doubleValue();
    browser.drag(left + 0.6 * width, top + 60, left + 0.9 * width, top + 140);
    browser.await("/sel=/.test(location.hash)");
    browser.await("document.querySelector('.why .answer')?.textContent.startsWith('96 %')");
    assertThat(text(".why h2")).isEqualTo("What these have in common");
    String address = browser.evaluate("location.hash").stringValue();
    assertThat(address).matches("#/now\\?sel=[0-9]{13}-[0-9]{13}-[1-9][0-9]*-[1-9][0-9]*");

    // The address alone brings the choice back, and the way back lets it go.
    browser.reload();
    browser.await("document.querySelector('.why .answer')?.textContent.startsWith('96 %')");
    assertThat(text(".why h2")).isEqualTo("What these have in common");
    click(".why .aside a");
    browser.await("/^#.records.from=/.test(location.hash)");
    assertThat(browser.evaluate("decodeURIComponent(location.hash)").stringValue())
        .contains("total_us>", "total_us<=");
    browser.evaluate("history.back()");
    browser.await("document.querySelector('.why h2')");
    browser.evaluate("document.querySelectorAll('.why .aside a')[1].click()");
    browser.await("document.querySelector('.why h2')?.textContent === 'What has changed'");

    // Beside the picture: all of one length.
    browser.drag(left + 20, top + 60, left + 20, top + 140);
    browser.await("/sel=/.test(location.hash)");
    assertThat(complaints()).isEmpty();
  }

  @Test
  void theHeatMapIsChosenFromByKeysToo() {
    browser.setSize(1280, 1000);
    show("#/now");
    browser.await("document.querySelector('.heat').getAttribute('aria-label').includes('failed')");
    browser.evaluate("document.querySelector('.heat').focus()");
    browser.press("ArrowUp", "");
    assertThat(text("fl-heat .said")).contains("request");
    browser.press("ArrowLeft", "", true);
    browser.press("ArrowLeft", "", true);
    browser.press("Enter", "\r");
    browser.await("/sel=/.test(location.hash)");
    String[] parts =
        browser.evaluate("location.hash.split('sel=')[1]").stringValue().split("-", -1);
    assertThat(Long.parseLong(parts[1]) - Long.parseLong(parts[0])).isEqualTo(30_000);
    browser.await("document.getElementById('spoken').textContent.startsWith('Chosen: ')");
    browser.press("Escape", "");
    browser.await("!/sel=/.test(location.hash)");
    browser.press(" ", " ");
    browser.press("Enter", "\r");
    browser.await("/sel=[0-9]+-[0-9]+-0-0/.test(location.hash)");
    browser.press("Escape", "");
    browser.await("!/sel=/.test(location.hash)");
  }

  @Test
  void aChartIsReadByKeysAndAsATableAndLeadsToItsRecords() {
    browser.setSize(1280, 1000);
    show("#/routes");
    // The page asks for what is marked only when it has something to mark it on.
    browser.await("document.querySelector('fl-chart .stage').ariaLabel.includes('Marked: ')");
    assertThat(
            browser
                .evaluate("document.querySelector('fl-chart .stage').getAttribute('aria-label')")
                .stringValue())
        .startsWith("Requests by route, ")
        .contains("web/cart last ", " Marked: ");
    click("fl-chart .plain");
    browser.await("document.querySelector('fl-chart table')");
    assertThat(browser.evaluate("document.querySelectorAll('fl-chart tbody tr').length").intValue())
        .isBetween(10, 25);
    browser.evaluate("document.querySelector('fl-chart .stage').focus()");
    browser.press("ArrowLeft", "");
    browser.press("ArrowLeft", "");
    assertThat(text("fl-chart .said")).contains("web/cart ");
    browser.press("Enter", "\r");
    browser.await("/^#.records.from=[0-9]{13}&to=[0-9]{13}$/.test(location.hash)");
    browser.await("document.getElementById('count')?.dataset.count === '12407'");
  }

  @Test
  void theFirstTabLeadsPastTheMenu() {
    browser.setSize(1280, 1000);
    show("#/records");
    browser.evaluate("document.activeElement.blur()");
    browser.reload();
    browser.await("document.querySelector('.skip') && document.querySelector('#app h1')");
    browser.press("Tab", "");
    assertThat(browser.evaluate("document.activeElement.className").stringValue())
        .isEqualTo("skip");
    browser.press("Enter", "\r");
    assertThat(browser.evaluate("document.activeElement.id").stringValue()).isEqualTo("title");
    browser.press("Tab", "");
    assertThat(browser.evaluate("document.activeElement.textContent").stringValue())
        .isEqualTo("5 min");
  }

  @Test
  void aValueNarrowsTheRecordsAndTheAddressSaysSo() {
    browser.setSize(1280, 1000);
    show("#/records");
    browser.await("document.querySelector('.facets .value')");
    browser.evaluate(
        "[...document.querySelectorAll('.facets .value')].find((v) => v.textContent === 'b').click()");
    browser.await("document.querySelector('.ask input').value === 'node=b'");
    browser.evaluate(
        "[...document.querySelectorAll('.facets .not')].find((v) => v.ariaLabel.endsWith('(none)')).click()");
    browser.await("document.querySelector('.ask input').value === 'node=b and error!=null'");
    assertThat(browser.evaluate("location.hash").stringValue())
        .isEqualTo("#/records?where=node%3Db+and+error%21%3Dnull");
  }

  @Test
  void whatCouldNotBeAnsweredForNowIsAskedAgain() {
    browser.setSize(1280, 1000);
    show("#/now");
    browser.evaluate(
        """
        (() => {
          const given = window.fetch;
          const refused = new Set();
          window.fetch = (path, options) => {
            if (!path.startsWith('/api/v1/records') || refused.has(path)) return given(path, options);
            refused.add(path);
            const problem = { detail: 'Those before it take long.' };
            return Promise.resolve(new Response(JSON.stringify(problem), { status: 503 }));
          };
          location.hash = '#/records?where=method%3DGET';
        })()\
        """);
    browser.await(
        "[...document.querySelectorAll('.blank')].some((b) => b.textContent.includes('Those before it'))");
    browser.await("document.getElementById('count')?.dataset.count === '12407'");
    browser.await("document.querySelector('.facets .value')");
  }

  private static void show(String page) {
    browser.open(
        URI.create(
            "http://127.0.0.1:" + server.address().getPort() + "/?" + page.hashCode() + page));
    browser.await("document.querySelector('#app h1')");
    browser.await(
        "![...document.querySelectorAll('.blank')].some((b) => b.textContent === 'Asking …')");
  }

  /** But for how axe looks at pictures. */
  private static List<String> complaints() {
    return browser.complaints().stream()
        .filter(each -> !each.contains("willReadFrequently"))
        .toList();
  }

  private static String resource(String path) throws IOException {
    try (InputStream in = DashboardPagesTest.class.getResourceAsStream(path)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static void click(String selector) {
    browser.evaluate("document.querySelector('" + selector + "').click()");
  }

  private static String text(String selector) {
    return browser.evaluate("document.querySelector('" + selector + "').textContent").stringValue();
  }
}
