package io.fairlead.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** What is said about a Kubernetes cluster wherever one is asked. */
final class ClusterKeys {
  static final Key<String> URL =
      Key.of(
          "url",
          Scalar.text("URL", null, text -> OutboundKeys.base(text, "https://10.96.0.1:443")),
          "",
          "that of the cluster that Fairlead runs in",
          "Where the API server is.",
          "\"https://10.96.0.1:443\"");
  static final Key<String> NAMESPACE =
      Key.of(
          "namespace",
          Scalar.text("name", null, ClusterConfig::label),
          "",
          "that of the pod that Fairlead runs in",
          "The namespace.",
          "prod");
  static final Key<Path> TOKEN_FILE =
      Key.computed(
          "token-file",
          Scalar.path("path"),
          "that of the pod, where `url` is not given; else none",
          "The file with the token that is sent; it is read for each question.",
          "secrets/kubernetes");
  static final Key<List<Path>> CA =
      Key.of(
          "ca",
          new ListOf<>("paths", Scalar.path("path")),
          List.of(),
          "that of the pod, where `url` is not given; else those of the system",
          "Files with the authorities that are trusted, in PEM; read again when they change.",
          "ca.pem");

  private ClusterKeys() {}

  /** What those four say. */
  static ClusterConfig read(Values values) {
    return new ClusterConfig(
        values.get(URL),
        values.get(NAMESPACE),
        Optional.ofNullable(values.find(TOKEN_FILE)),
        values.get(CA));
  }
}
