package io.fairlead.admin;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Takes pictures of a running dashboard: {@code LookMain URL light|dark WIDTH HEIGHT FILE
 * [real|pretend [HASH FILE]...]}. With {@code pretend}, answers about the past come from {@code
 * pretend.js}.
 */
final class LookMain {
  private LookMain() {}

  public static void main(String[] args) throws Exception {
    try (Browser browser = new Browser()) {
      browser.setColorScheme(args[1]);
      browser.setSize(Integer.parseInt(args[2]), Integer.parseInt(args[3]));
      if (args.length > 5 && args[5].equals("pretend")) {
        browser.inject(pretend());
      }
      look(browser, args[0], args[4]);
      for (int i = 6; i + 1 < args.length; i += 2) {
        look(browser, args[0].replaceFirst("#.*", "") + args[i], args[i + 1]);
      }
      browser.complaints().forEach(System.out::println);
    }
  }

  /** What {@link Browser#inject} takes. */
  static String pretend() throws IOException {
    try (InputStream in = LookMain.class.getResourceAsStream("/dashboard/pretend.js")) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static void look(Browser browser, String address, String file) throws Exception {
    browser.open(URI.create(address));
    browser.await("document.querySelector('#app h1')");
    browser.await(
        "![...document.querySelectorAll('.blank')].some((b) => b.textContent === 'Asking …')");
    browser.evaluate("new Promise((done) => setTimeout(done, 1500))");
    browser.screenshot(Path.of(file));
    System.out.println(
        file
            + ": "
            + browser.evaluate("document.documentElement.scrollWidth")
            + " wide, "
            + browser.evaluate("document.documentElement.scrollHeight")
            + " high");
  }
}
