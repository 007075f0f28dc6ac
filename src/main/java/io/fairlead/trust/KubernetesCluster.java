package io.fairlead.trust;

import io.fairlead.config.ClusterConfig;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A Kubernetes cluster whose API server is asked. In a pod all that is needed is found where
 * Kubernetes puts it (Accessing the Kubernetes API from a Pod).
 */
public final class KubernetesCluster implements AutoCloseable {
  private static final Path MOUNTED = Path.of("/var/run/secrets/kubernetes.io/serviceaccount");
  private static final int MOST_TOKEN = 64 * 1024;

  private final ClusterConfig config;
  private final Function<String, @Nullable String> environment;
  private @Nullable JsonHttp http;
  private boolean closed;

  public KubernetesCluster(ClusterConfig config) {
    this(config, System::getenv);
  }

  /**
   * One with another environment.
   *
   * @param environment variables by name
   */
  public KubernetesCluster(ClusterConfig config, Function<String, @Nullable String> environment) {
    this.config = config;
    this.environment = environment;
  }

  /**
   * Asks its API server.
   *
   * @throws IOException if it is not known where that is
   */
  public synchronized JsonHttp http() throws IOException {
    JsonHttp present = http;
    if (present == null) {
      boolean inside = config.url().isEmpty();
      List<Path> ca =
          inside && config.ca().isEmpty() ? List.of(MOUNTED.resolve("ca.crt")) : config.ca();
      present = new JsonHttp(inside ? address() : config.url(), ca);
      http = present;
      if (closed) {
        present.close();
      }
    }
    return present;
  }

  private String address() throws IOException {
    String host = environment.apply("KUBERNETES_SERVICE_HOST");
    String port = environment.apply("KUBERNETES_SERVICE_PORT");
    if (host == null || port == null) {
      throw new IOException(
          "KUBERNETES_SERVICE_HOST and _PORT are not set: outside of a cluster url must be given");
    }
    return "https://" + (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }

  /**
   * The path of what is in the namespace, as in {@code /api/v1/namespaces/shop}.
   *
   * @param api such as {@code /api/v1}
   * @throws IOException if the namespace cannot be read
   */
  public String path(String api) throws IOException {
    String namespace =
        config.namespace().isEmpty() ? text(MOUNTED.resolve("namespace")) : config.namespace();
    return api + "/namespaces/" + JsonHttp.encoded(namespace);
  }

  /**
   * What is sent along. The token is read each time: it is replaced while it holds.
   *
   * @throws IOException if it cannot be read
   */
  public Map<String, String> fields() throws IOException {
    Path file =
        config.tokenFile().orElse(config.url().isEmpty() ? MOUNTED.resolve("token") : Path.of(""));
    return file.toString().isEmpty() ? Map.of() : Map.of("authorization", "Bearer " + text(file));
  }

  private static String text(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return new String(in.readNBytes(MOST_TOKEN), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new IOException(file + " cannot be read", e);
    }
  }

  /** Ends what is asked at this moment, too. */
  @Override
  public synchronized void close() {
    closed = true;
    if (http != null) {
      http.close();
    }
  }
}
