package io.fairlead.discovery;

import io.fairlead.config.DiscoverSource;
import io.fairlead.trust.JsonHttp;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * Targets that a server lists: groups, each with addresses and what they have in common [1]. Names
 * of labels that begin with {@code __} are Prometheus's own.
 *
 * <p>[1] Prometheus, Writing HTTP service discovery.
 */
final class HttpLook implements SourceLook {
  private static final Duration PACE = Duration.ofSeconds(5);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  private final DiscoverSource.Http config;
  private final Duration patience;
  private final JsonHttp http;
  private final String path;

  HttpLook(DiscoverSource.Http config) {
    this(config, PATIENCE);
  }

  HttpLook(DiscoverSource.Http config, Duration patience) {
    this.config = config;
    this.patience = patience;
    URI url = URI.create(config.url());
    String query = url.getRawQuery();
    this.http = new JsonHttp(url.getScheme() + "://" + url.getRawAuthority(), config.ca());
    this.path =
        (url.getRawPath().isEmpty() ? "/" : url.getRawPath()) + (query == null ? "" : "?" + query);
  }

  @Override
  public Found look() throws IOException {
    JsonNode groups = http.get(path, JsonHttp.fields(config.headers()), patience).json();
    if (!groups.isArray()) {
      throw new IOException("what it answers is no list of targets");
    }
    Named named = new Named();
    for (JsonNode group : groups) {
      JsonNode targets = group.path("targets");
      if (!targets.isArray()) {
        throw new IOException("what it answers is no list of targets");
      }
      Map<String, String> labels = JsonHttp.texts(group.path("labels"));
      labels.keySet().removeIf(name -> name.startsWith("__"));
      String zone = labels.remove("zone");
      String weight = labels.remove("weight");
      for (JsonNode target : targets) {
        add(
            named,
            target.asString(""),
            weight != null && weight.matches("[0-9]{1,6}") ? Integer.parseInt(weight) : 1,
            zone == null ? "" : zone,
            labels);
      }
    }
    return named.found(PACE);
  }

  private static void add(
      Named named, String target, int weight, String zone, Map<String, String> labels)
      throws IOException {
    int colon = target.lastIndexOf(':');
    String port = target.substring(colon + 1);
    if (colon < 0 || !port.matches("[0-9]{1,5}")) {
      named.leaveOut("target " + target, "is no HOST:PORT");
      return;
    }
    String host = target.substring(0, colon);
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    named.add("target " + target, host, Integer.parseInt(port), "", weight, zone, labels);
  }

  @Override
  public void close() {
    http.close();
  }
}
