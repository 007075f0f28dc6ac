package io.fairlead.discovery;

import io.fairlead.config.DiscoverSource;
import io.fairlead.trust.JsonHttp;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Instances of a service that are enabled and healthy, as a Nacos server knows them. Its API has
 * had three forms; the newest that the server has is found out and kept to.
 */
final class NacosLook implements SourceLook {
  private static final Duration PACE = Duration.ofSeconds(5);
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Codes of its own: a resource or a service that there is none of. */
  private static final int NOT_FOUND = 20_004;

  private static final int NO_SERVICE = 21_008;

  private enum Form {
    V3("/v3/client/ns/instance/list", "clusterName"),
    V2("/v2/ns/instance/list", "clusterName"),
    V1("/v1/ns/instance/list", "clusters");

    final String path;
    final String cluster;

    Form(String path, String cluster) {
      this.path = path;
      this.cluster = cluster;
    }
  }

  private final DiscoverSource.Nacos config;
  private final Duration patience;
  private final JsonHttp http;
  private @Nullable Form known;

  NacosLook(DiscoverSource.Nacos config) {
    this(config, PATIENCE);
  }

  NacosLook(DiscoverSource.Nacos config, Duration patience) {
    this.config = config;
    this.patience = patience;
    this.http = new JsonHttp(config.url(), config.ca());
  }

  @Override
  public Found lookAnew() throws IOException {
    known = null; // it may be another version by now
    return look();
  }

  @Override
  public Found look() throws IOException {
    Form form = known;
    if (form != null) {
      return found(ask(form));
    }
    IOException first = null;
    for (Form one : Form.values()) {
      JsonHttp.Answer answer = ask(one);
      // One that it does not have, or has put an end to.
      boolean lacking =
          (answer.status() == 404 && !isUnknown(code(answer)))
              || answer.status() == 405
              || answer.status() == 410
              || answer.status() == 501;
      if (!lacking) {
        Found found = found(answer);
        known = one;
        return found;
      }
      first =
          first == null
              ? new IOException("has none of its APIs there (status " + answer.status() + ")")
              : first;
    }
    throw first == null ? new IOException("nothing was asked") : first;
  }

  private JsonHttp.Answer ask(Form form) throws IOException {
    StringBuilder path =
        new StringBuilder(form.path)
            .append("?serviceName=")
            .append(JsonHttp.encoded(config.service()));
    if (!config.group().isEmpty()) {
      path.append("&groupName=").append(JsonHttp.encoded(config.group()));
    }
    if (!config.namespace().isEmpty()) {
      path.append("&namespaceId=").append(JsonHttp.encoded(config.namespace()));
    }
    if (!config.cluster().isEmpty()) {
      path.append('&').append(form.cluster).append('=').append(JsonHttp.encoded(config.cluster()));
    }
    return http.get(path.toString(), JsonHttp.fields(config.headers()), patience);
  }

  /** The code of its own that an answer has; 0: none, or none that tells of a failure. */
  private static int code(JsonHttp.Answer answer) {
    try {
      return JsonHttp.parse(answer.response().body()).path("code").asInt(0);
    } catch (IOException e) {
      return 0;
    }
  }

  private static boolean isUnknown(int code) {
    return code == NOT_FOUND || code == NO_SERVICE;
  }

  private Found found(JsonHttp.Answer answer) throws IOException {
    Named named = new Named();
    int code = answer.status() == 200 || answer.status() == 404 ? code(answer) : 0;
    if (isUnknown(code)) {
      named.leaveOut("service " + config.service(), "is not known there");
      return named.found(PACE);
    }
    JsonNode said = answer.json();
    if (code != 0) {
      throw new IOException("answers with code " + code);
    }
    // v1 says it plainly, v2 within data, v3 as data.
    JsonNode data = said.has("data") ? said.path("data") : said;
    JsonNode hosts = data.isArray() ? data : data.path("hosts");
    if (!hosts.isArray()) {
      throw new IOException("what it answers is no list of instances");
    }
    for (JsonNode host : hosts) {
      if (host.path("enabled").asBoolean(true) && host.path("healthy").asBoolean(true)) {
        add(host, named);
      }
    }
    return named.found(PACE);
  }

  private static void add(JsonNode host, Named named) throws IOException {
    double weight = host.path("weight").asDouble(1);
    Map<String, String> metadata = JsonHttp.texts(host.path("metadata"));
    String zone = metadata.remove("zone");
    String ip = host.path("ip").asString("");
    String name = host.path("instanceId").asString("");
    named.add(
        "instance " + (name.isEmpty() ? ip : name),
        ip,
        host.path("port").asInt(0),
        name,
        // Whole numbers here; what is meant to get something gets something.
        weight > 0 ? (int) Math.max(1, Math.round(Math.min(weight, 10_000))) : 0,
        zone == null ? "" : zone,
        metadata);
  }

  @Override
  public void close() {
    http.close();
  }
}
