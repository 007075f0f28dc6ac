package io.fairlead.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Keys of whoever is asked by the instance itself over HTTP: receivers of alerts, of OTLP. */
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
}
