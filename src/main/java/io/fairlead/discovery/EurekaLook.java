package io.fairlead.discovery;

import io.fairlead.config.DiscoverSource;
import io.fairlead.trust.JsonHttp;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * Instances of an application that are up, as a Eureka server knows them. Nothing is registered
 * there. Its answers come out of a cache of its own, half a minute old at most.
 */
final class EurekaLook implements SourceLook {
  private static final Duration PACE = Duration.ofSeconds(5);
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int UNKNOWN = 404;

  private final DiscoverSource.Eureka config;
  private final Duration patience;
  private final JsonHttp http;

  EurekaLook(DiscoverSource.Eureka config) {
    this(config, PATIENCE);
  }

  EurekaLook(DiscoverSource.Eureka config, Duration patience) {
    this.config = config;
    this.patience = patience;
    this.http = new JsonHttp(config.url(), config.ca());
  }

  @Override
  public Found look() throws IOException {
    JsonHttp.Answer answer =
        http.get(
            "/apps/" + JsonHttp.encoded(config.app()), JsonHttp.fields(config.headers()), patience);
    Named named = new Named();
    if (answer.status() == UNKNOWN) { // as of one without instances
      named.leaveOut("application " + config.app(), "is not known there (status 404)");
      return named.found(PACE);
    }
    JsonNode instances = answer.json().path("application").path("instance");
    if (instances.isObject()) { // one alone, in some versions
      add(instances, named);
    } else if (instances.isArray()) {
      for (JsonNode instance : instances) {
        add(instance, named);
      }
    } else {
      throw new IOException("what it answers is no application");
    }
    return named.found(PACE);
  }

  private static void add(JsonNode instance, Named named) throws IOException {
    if (!instance.path("status").asString("").equals("UP")) {
      return;
    }
    String name = instance.path("instanceId").asString("");
    String host = instance.path("ipAddr").asString("");
    if (host.isEmpty()) {
      host = instance.path("hostName").asString("");
    }
    int port = 0;
    for (String kind : List.of("port", "securePort")) {
      JsonNode one = instance.path(kind);
      if (port == 0 && one.path("@enabled").asString("false").equals("true")) {
        port = one.path("$").asInt(0);
      }
    }
    Map<String, String> metadata = JsonHttp.texts(instance.path("metadata"));
    String zone = metadata.remove("zone");
    String weight = metadata.remove("weight");
    named.add(
        "instance " + (name.isEmpty() ? host : name),
        host,
        port,
        name,
        weight != null && weight.matches("[0-9]{1,6}") ? Integer.parseInt(weight) : 1,
        zone == null ? "" : zone,
        metadata);
  }

  @Override
  public void close() {
    http.close();
  }
}
