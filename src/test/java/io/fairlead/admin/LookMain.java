package io.fairlead.admin;

import java.net.URI;
import java.nio.file.Path;

/**
 * Takes a picture of a running dashboard: {@code LookMain URL light|dark WIDTH HEIGHT FILE [OPEN]},
 * with so many rows opened.
 */
final class LookMain {
  private LookMain() {}

  public static void main(String[] args) throws Exception {
    try (Browser browser = new Browser()) {
      browser.setColorScheme(args[1]);
      browser.setSize(Integer.parseInt(args[2]), Integer.parseInt(args[3]));
      browser.open(URI.create(args[0]));
      browser.await("document.querySelectorAll('#services .node').length > 0");
      if (args.length > 5) {
        browser.evaluate(
            "[...document.querySelectorAll('#services .name')].slice(0, %s).forEach(b => b.click())"
                .formatted(args[5]));
        browser.await("document.querySelectorAll('.probes li').length >= " + args[5]);
      }
      browser.screenshot(Path.of(args[4]));
      browser.complaints().forEach(System.out::println);
    }
  }
}
