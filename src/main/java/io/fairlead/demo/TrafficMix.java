package io.fairlead.demo;

import java.net.URI;
import java.util.random.RandomGenerator;

/** What a visitor of a shop might ask for. */
final class TrafficMix {
  private TrafficMix() {}

  /**
   * One request.
   *
   * @param method GET, HEAD, POST or PUT
   * @param path target in origin form
   * @param body content in ASCII; empty for none
   */
  record Item(String method, String path, String body) {
    boolean idempotent() {
      return !method.equals("POST");
    }

    /** For messages. */
    String line() {
      return method + " " + path;
    }
  }

  static Item next(URI target, RandomGenerator random) {
    String base = target.getRawPath() == null ? "" : target.getRawPath().replaceAll("/+$", "");
    int percent = random.nextInt(100);
    if (percent < 40) {
      return get(base + "/");
    }
    if (percent < 65) {
      return get(base + "/products/" + random.nextInt(1, 21));
    }
    if (percent < 75) {
      return get(base + "/search?q=" + (char) random.nextInt('a', 'z' + 1));
    }
    if (percent < 83) {
      return get(base + "/bytes/16384");
    }
    if (percent < 86) {
      return get(base + "/chunked/8000?chunk=1000");
    }
    if (percent < 90) {
      return new Item("HEAD", base + "/", "");
    }
    return percent < 97
        ? new Item("POST", base + "/orders", "{\"product\":" + random.nextInt(1, 21) + "}")
        : new Item("PUT", base + "/cart/" + random.nextInt(1, 21), "{\"count\":1}");
  }

  private static Item get(String path) {
    return new Item("GET", path, "");
  }
}
