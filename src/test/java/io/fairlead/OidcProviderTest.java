package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.admin.Browser;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real browser signs in at a provider that others have made, and out again. */
@Timeout(120)
final class OidcProviderTest {
  private static final String SECRET = "a secret of the shop".replace(' ', '-');

  @TempDir private Path folder;

  @Test
  void somebodySignsInForAPageAndOutAgain() throws Exception {
    int port = FreePort.any();
    String front = "http://127.0.0.1:" + port;
    try (RawNode node = new RawNode();
        NpmProvider provider =
            new NpmProvider(
                "shop", SECRET, front + "/.fairlead/oidc/callback", front + "/open/bye");
        Fairlead fairlead =
            Loopback.start(
                """
                admin: { bind: "127.0.0.1:0" }
                data: data
                listeners:
                  web:
                    bind: "127.0.0.1:%d"
                    routes:
                      - match: { path: "/open/**" }
                        service: raw
                      - name: site
                        service: raw
                        oidc:
                          issuer: "%s"
                          client-id: shop
                          client-secret: %s
                          scopes: [email, groups]
                          after-sign-out: /open/bye
                          require: { groups: staff }
                          forward: { x-user: sub, x-mail: email, x-groups: groups }
                services: { raw: { nodes: "127.0.0.1:%d" } }
                """
                    .formatted(port, provider.issuer(), SECRET, node.port()),
                folder);
        Browser browser = new Browser()) {
      Loopback.await(
          "the provider",
          () -> {
            browser.open(URI.create(front + "/shop?page=2"));
            return browser.evaluate("location.href").stringValue().startsWith(provider.issuer());
          });
      signIn(browser);
      see(browser, "location.href === '" + front + "/shop?page=2'");
      see(browser, "document.body.innerText.includes('x-user: ann')");
      assertThat(browser.evaluate("document.body.innerText").stringValue())
          .contains("x-mail: ann@shop.example", "x-groups: staff,ops")
          .doesNotContain("fairlead-oidc");
      // Scripts of the page have the session, and cannot read it.
      assertThat(browser.evaluate("document.cookie").stringValue()).doesNotContain("fairlead");
      assertThat(browser.evaluate("fetch('/data').then(a => a.status)").intValue()).isEqualTo(200);

      browser.evaluate("location.href = '/.fairlead/oidc/sign-out'");
      see(browser, "document.querySelector('button[name=logout]')");
      browser.evaluate("document.querySelector('button[name=logout]').click()");
      see(browser, "location.pathname === '/open/bye'");
      assertThat(browser.evaluate("fetch('/data').then(a => a.status)").intValue()).isEqualTo(401);
      browser.evaluate("location.href = '/shop'");
      see(browser, "location.href.startsWith('" + provider.issuer() + "')");
      see(browser, "document.querySelector('input[name=login]')");
      assertThat(fairlead.events().since(0).toString()).doesNotContain(SECRET);
    }
  }

  /** At the pages of the provider: who it is, and that we may know. */
  private static void signIn(Browser browser) throws InterruptedException {
    see(browser, "document.querySelector('input[name=login]')");
    browser.evaluate(
        "document.querySelector('input[name=login]').value = 'ann';"
            + "document.querySelector('input[name=password]').value = 'x';"
            + "document.querySelector('form').submit()");
    see(browser, "document.querySelector('input[value=consent]')");
    browser.evaluate("document.querySelector('form').submit()");
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
