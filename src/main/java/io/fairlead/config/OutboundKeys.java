package io.fairlead.config;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Keys of whoever is asked by the instance itself: receivers of alerts, of OTLP, of copies of
 * records.
 */
final class OutboundKeys {
  static final Key<List<Path>> CA =
      Key.of(
          "ca",
          new ListOf<>("paths", Scalar.path("path")),
          List.of(),
          "those of the system",
          "Files with the authorities that are trusted, in PEM.",
          "ca.pem");

  private OutboundKeys() {}

  /**
   * Further fields.
   *
   * @param of what has them
   * @param secret a file that holds one, for the example
   */
  static Key<Map<String, Secret>> headers(String of, String secret) {
    return Key.computed(
        "headers",
        new MapOf<>("fields", MapOf.Names.SENT, Scalar.secret("value or file:PATH")),
        "none",
        "Further fields of " + of + "; their values appear in no message.",
        "{ authorization: \"file:" + secret + "\" }");
  }

  /**
   * What is wrong with a URL that something is added to; null: nothing.
   *
   * @param example one that is right
   */
  static @Nullable String base(String text, String example) {
    if (ReceiverConfig.url(text) == null) {
      URI uri = URI.create(text);
      if (uri.getRawQuery() == null && uri.getRawFragment() == null) {
        return null;
      }
    }
    return "must be a URL such as " + example + ", without a user and a query";
  }
}
