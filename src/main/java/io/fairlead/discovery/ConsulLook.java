package io.fairlead.discovery;

import io.fairlead.config.DiscoverSource;
import io.fairlead.trust.JsonHttp;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * Instances of a service whose checks all pass, as Consul knows them, by blocking queries: Consul
 * answers when something changes, or after a while in any case [1].
 *
 * <p>[1] Consul, HTTP API, Blocking Queries: an index that goes back is thrown away, and one that
 * is not above 0 is none.
 */
final class ConsulLook implements SourceLook {
  /** To which Consul adds up to a sixteenth. */
  private static final Duration WAIT = Duration.ofSeconds(55);

  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** At least so long from one question to the next, however often the answer changes. */
  private static final Duration PACE = Duration.ofSeconds(1);

  private final DiscoverSource.Consul config;
  private final Duration wait;
  private final Duration patience;
  private final JsonHttp http;
  private long index;

  ConsulLook(DiscoverSource.Consul config) {
    this(config, WAIT, PATIENCE);
  }

  ConsulLook(DiscoverSource.Consul config, Duration wait, Duration patience) {
    this.config = config;
    this.wait = wait;
    this.patience = patience;
    this.http = new JsonHttp(config.url(), config.ca());
  }

  @Override
  public Found lookAnew() throws IOException {
    index = 0;
    return look();
  }

  @Override
  public Found look() throws IOException {
    long begun = System.nanoTime();
    StringBuilder path =
        new StringBuilder("/v1/health/service/")
            .append(JsonHttp.encoded(config.service()))
            .append("?passing=1");
    if (!config.datacenter().isEmpty()) {
      path.append("&dc=").append(JsonHttp.encoded(config.datacenter()));
    }
    for (String tag : config.tags()) {
      path.append("&tag=").append(JsonHttp.encoded(tag));
    }
    if (index > 0) {
      path.append("&index=").append(index).append("&wait=").append(wait.toMillis()).append("ms");
    }
    Map<String, String> fields =
        config.token().value().isEmpty()
            ? Map.of()
            : Map.of("x-consul-token", config.token().value());
    JsonHttp.Answer answer =
        http.get(
            path.toString(),
            fields,
            index > 0 ? wait.plus(wait.dividedBy(16)).plus(patience) : patience);
    JsonNode entries = answer.json();
    if (!entries.isArray()) {
      throw new IOException("what it answers is no list of instances");
    }
    Named named = new Named();
    for (JsonNode entry : entries) {
      add(entry, named);
    }
    long now = index(answer.field("x-consul-index"));
    index = now < index ? 0 : now;
    Duration rest = PACE.minusNanos(System.nanoTime() - begun);
    return named.found(rest.isNegative() ? Duration.ZERO : rest);
  }

  private static long index(String text) {
    return text.matches("[0-9]{1,18}") ? Long.parseLong(text) : 0;
  }

  private static void add(JsonNode entry, Named named) throws IOException {
    JsonNode service = entry.path("Service");
    String id = service.path("ID").asString("");
    String host = service.path("Address").asString("");
    if (host.isEmpty()) {
      host = entry.path("Node").path("Address").asString("");
    }
    Map<String, String> meta = JsonHttp.texts(service.path("Meta"));
    String zone = meta.remove("zone");
    named.add(
        "instance " + (id.isEmpty() ? "without an ID" : id),
        host,
        service.path("Port").asInt(0),
        id,
        service.path("Weights").path("Passing").asInt(1),
        zone == null ? "" : zone,
        meta);
  }

  @Override
  public void close() {
    http.close();
  }
}
