package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.admin.Browser;
import io.fairlead.admin.Chromium;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real browsers sign in for the dashboard at a provider that others have made. */
@Timeout(180)
final class AdminOidcProviderTest {
  private static final String SECRET = "a secret of the door".replace(' ', '-');

  private static final String FORM = "document.querySelector('form')";

  @TempDir private Path folder;

  private String yaml(int port, String issuer, String key) {
    return """
    admin:
      bind: "127.0.0.1:%1$d"
      oidc:
        url: "http://127.0.0.1:%1$d"
        issuer: "%2$s"
        client-id: fairlead
        client-secret: %3$s
        key: [ "%4$s" ]
        scopes: [email, groups]
        name-claim: email
        roles:
          - { role: viewer, require: { groups: staff } }
          - { role: operator, require: { groups: ops, email: ann@shop.example } }
    data: data
    listeners: { web: { bind: "127.0.0.1:0", routes: [ { service: raw } ] } }
    services: { raw: { nodes: [ { name: n1, address: "127.0.0.1:1" } ] } }
    """
        .formatted(port, issuer, SECRET, key);
  }

  private Fairlead start(int port, String issuer, String key) throws Exception {
    Fairlead fairlead = Loopback.start(yaml(port, issuer, key), folder);
    Loopback.await(
        "the provider",
        () ->
            Loopback.door(fairlead, "GET", "/api/v1/session", "")
                .body()
                .contains("\"trouble\":null"));
    return fairlead;
  }

  @Test
  void peopleSignInForTheDashboardAndDoWhatTheyMay() throws Exception {
    int port = FreePort.any();
    String door = "http://127.0.0.1:" + port;
    try (NpmProvider provider =
            new NpmProvider("fairlead", SECRET, door + "/sign-in/callback", door + "/");
        Chromium chromium = new Chromium();
        Browser viewer = new Browser(chromium);
        Browser operator = new Browser(chromium);
        Browser guest = new Browser(chromium)) {
      try (Fairlead fairlead = start(port, provider.issuer(), "k".repeat(32))) {
        viewerLooks(viewer, door);
        operatorChanges(operator, door, fairlead);
        guestIsTurnedAway(guest, door);
        assertThat(operator.complaints()).isEmpty();
        aPageOfAnotherPortDoesNothing(operator, fairlead);
        operatorSignsOut(operator, door, provider);
        assertThat(fairlead.events().since(0).toString())
            .contains("oidc:bob@shop.example (bob)", "signed in as viewer")
            .contains("oidc:ann@shop.example (ann)", "signed in as operator", "signed out")
            .doesNotContain(SECRET);
      }
      // Another key: what browsers have is good no more, as if its time were over.
      try (Fairlead _ = start(port, provider.issuer(), "l".repeat(32))) {
        see(viewer, "document.getElementById('login').open");
        assertThat(text(viewer, "#login-text")).isEqualTo("Your session has ended.");
        viewer.evaluate("document.getElementById('sign-in').click()");
        // The provider knows its people still, and asks nobody.
        see(viewer, "document.getElementById('who')?.innerText.includes('bob@shop.example')");
        assertThat(viewer.evaluate("location.hash").stringValue()).isEqualTo("#/nodes/raw/n1");
        assertThat(viewer.complaints()).isEmpty();
      }
    }
  }

  private static void viewerLooks(Browser browser, String door) throws Exception {
    browser.open(URI.create(door + "/#/nodes/raw/n1"));
    see(browser, "document.getElementById('login').open");
    assertThat(text(browser, "#login-text")).isEqualTo("This instance wants to know who you are.");
    assertThat(browser.evaluate("document.getElementById('login-form').hidden").booleanValue())
        .as("there are no tokens")
        .isTrue();
    browser.evaluate("document.getElementById('sign-in').click()");
    signIn(browser, "bob");
    see(browser, "document.getElementById('who')?.innerText.includes('bob@shop.example')");
    see(browser, "document.querySelector('button.drain')");
    // Back at the page that it began on.
    assertThat(browser.evaluate("location.href").stringValue()).isEqualTo(door + "/#/nodes/raw/n1");
    assertThat(text(browser, "#who")).contains("viewer");
    see(browser, "document.body.dataset.link === 'live'");
    assertThat(browser.evaluate("document.querySelector('button.drain').disabled").booleanValue())
        .isTrue();
    assertThat(browser.evaluate("document.querySelector('button.drain').title").stringValue())
        .isEqualTo("This needs the role operator; yours is viewer.");
    // The door says the same to whoever asks all the same.
    assertThat(status(browser, "/api/v1/services/raw/nodes/n1/drain", "POST")).isEqualTo(403);
    assertThat(browser.evaluate("document.cookie").stringValue()).isEmpty();
    assertThat(
            browser.evaluate("JSON.stringify({...sessionStorage, ...localStorage})").stringValue())
        .doesNotContain("fairlead-token");
  }

  private static void operatorChanges(Browser browser, String door, Fairlead fairlead)
      throws Exception {
    browser.open(URI.create(door + "/#/nodes/raw/n1"));
    see(browser, "document.getElementById('login').open");
    browser.evaluate("document.getElementById('sign-in').click()");
    signIn(browser, "ann");
    see(browser, "document.getElementById('who')?.innerText.includes('operator')");
    see(browser, "document.querySelector('button.drain')?.disabled === false");
    browser.evaluate("document.querySelector('button.drain').click()");
    browser.evaluate("document.getElementById('ask-yes').click()");
    see(browser, "document.querySelector('button.drain')?.innerText === 'Undrain'");
    assertThat(fairlead.events().since(0).toString())
        .contains("oidc:ann@shop.example (ann)", "drained raw/");
  }

  private static void guestIsTurnedAway(Browser browser, String door) throws Exception {
    browser.open(URI.create(door + "/"));
    see(browser, "document.getElementById('login').open");
    browser.evaluate("document.getElementById('sign-in').click()");
    signIn(browser, "eve");
    see(browser, "document.getElementById('why')");
    assertThat(text(browser, "#why"))
        .contains("oidc:eve@shop.example (eve)", "have no role here", "groups, email");
    browser.open(URI.create(door + "/"));
    see(browser, "document.getElementById('login').open");
    assertThat(status(browser, "/api/v1/status", "GET")).isEqualTo(401);
  }

  /** It gets the same cookies, and is of another origin. */
  private static void aPageOfAnotherPortDoesNothing(Browser browser, Fairlead fairlead)
      throws Exception {
    String before = browser.evaluate("location.href").stringValue();
    int events = fairlead.events().since(0).size();
    try (RawNode page = new RawNode()) {
      browser.open(URI.create("http://127.0.0.1:" + page.port() + "/"));
      String target =
          before.substring(0, before.indexOf('#')) + "api/v1/services/raw/nodes/n1/undrain";
      browser.evaluate(
          "fetch('"
              + target
              + "', { method: 'POST', mode: 'no-cors', credentials: 'include' }).catch(() => {})");
      browser.evaluate(
          "fetch('" + target + "', { method: 'POST', credentials: 'include' }).catch(() => {})");
      browser.evaluate(
          "{ const f = document.createElement('form'); f.method = 'POST'; f.action = '"
              + target
              + "'; document.body.append(f); f.submit(); }");
      see(browser, "document.body.innerText.includes('Origin must be')");
      assertThat(
              fairlead.events().since(0).stream()
                  .skip(events)
                  .map(Object::toString)
                  .filter(event -> event.contains("undrained")))
          .isEmpty();
    }
    browser.open(URI.create(before));
    see(browser, "document.querySelector('button.drain')?.innerText === 'Undrain'");
  }

  private static void operatorSignsOut(Browser browser, String door, NpmProvider provider)
      throws Exception {
    browser.evaluate("document.getElementById('sign-out').click()");
    see(browser, "location.href.startsWith('" + provider.issuer() + "')");
    see(browser, "document.querySelector('button[name=logout]')");
    browser.evaluate("document.querySelector('button[name=logout]').click()");
    see(browser, "location.pathname.endsWith('/success')");
    browser.open(URI.create(door + "/"));
    see(browser, "document.getElementById('login').open");
    assertThat(status(browser, "/api/v1/status", "GET")).isEqualTo(401);
  }

  private static int status(Browser browser, String path, String method) {
    return browser
        .evaluate("fetch('" + path + "', { method: '" + method + "' }).then(a => a.status)")
        .intValue();
  }

  private static String text(Browser browser, String selector) {
    return browser.evaluate("document.querySelector('" + selector + "').innerText").stringValue();
  }

  /** At the pages of the provider: who it is, and that we may know. */
  private static void signIn(Browser browser, String name) throws InterruptedException {
    see(browser, "document.querySelector('input[name=login]')");
    browser.evaluate(
        "document.querySelector('input[name=login]').value = '"
            + name
            + "'; document.querySelector('input[name=password]').value = 'x';"
            + FORM
            + ".submit()");
    see(browser, "document.querySelector('input[value=consent]')");
    browser.evaluate(FORM + ".submit()");
  }

  /** Waits for it on whatever page there is: what is asked while one goes is not answered. */
  private static void see(Browser browser, String condition) throws InterruptedException {
    Loopback.await(
        condition,
        Duration.ofSeconds(20),
        () -> {
          try {
            return browser.evaluate("Boolean(" + condition + ")").booleanValue();
          } catch (AssertionError e) {
            return false;
          }
        });
  }
}
