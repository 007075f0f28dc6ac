package io.fairlead.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where the API server of a Kubernetes cluster is, and who asks it.
 *
 * @param url of the API server; empty: that of the cluster that this runs in
 * @param namespace empty: that of the pod that this runs in
 * @param tokenFile read for each question; empty: that of the pod, where {@code url} is empty, and
 *     otherwise none
 * @param ca files with the authorities that are trusted; none: that of the pod, where {@code url}
 *     is empty, and otherwise those of the system
 */
public record ClusterConfig(String url, String namespace, Optional<Path> tokenFile, List<Path> ca) {
  public ClusterConfig {
    ca = List.copyOf(ca);
    new Require()
        .unless(
            url.isEmpty() ? null : OutboundKeys.base(url, "https://10.96.0.1:443"),
            List.of("url"),
            url)
        .unless(namespace.isEmpty() ? null : label(namespace), List.of("namespace"), namespace)
        .that(
            url.isEmpty() || !namespace.isEmpty(),
            List.of("namespace"),
            null,
            "must be given where {} is",
            List.of(List.of("url")))
        .orRefuse();
  }

  /** What is wrong with a name of Kubernetes (RFC 1123 label); null: nothing. */
  static @Nullable String label(String text) {
    return text.matches("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
        ? null
        : "must be 1 to 63 of a-z, 0-9 and '-'";
  }
}
