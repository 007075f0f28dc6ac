package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.Loopback.Reply;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A cache in a whole instance: reloads, what operators see and do. */
@Timeout(60)
final class KeptAnswersTest {
  private static final String YAML =
      """
      admin: { bind: "127.0.0.1:0" }
      data: %s
      runtime: { event-loops: 2, cache: 2MiB }
      listeners:
        web:
          bind: "127.0.0.1:0"
          routes:
            - { name: old, match: { path: "/old" }, service: shop }
            - name: all
              service: shop
              headers: { request: { set: { x-route: a } } }
              cache: { ttl: 60s }
      services:
        shop: { health: none, nodes: "127.0.0.1:%d" }
      """;

  @TempDir private Path folder;

  private static HttpResponse<String> forget(Fairlead fairlead, String url) {
    String query = url.isEmpty() ? "" : "?url=" + URLEncoder.encode(url, StandardCharsets.UTF_8);
    return Loopback.door(fairlead, "DELETE", "/api/v1/cache" + query, "");
  }

  @Test
  void isSeenAndForgotten() throws Exception {
    try (RawNode shop = new RawNode();
        Fairlead fairlead = Loopback.start(YAML.formatted(folder, shop.port()));
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      String first = client.get("/a?b").body();
      Reply kept = client.get("/a?b");
      assertThat(kept.body()).isEqualTo(first); // what the node got is in it, with an id
      assertThat(kept.field("cache-status")).startsWith("fairlead; hit; ttl=");
      client.get("/c");
      assertThat(client.get("/old").field("cache-status")).isEmpty();
      String labels = "{listener=\"web\",route=\"all\",service=\"shop\"";
      assertThat(Loopback.door(fairlead, "GET", "/metrics", "").body())
          .contains("fairlead_route_cache_total" + labels + ",reason=\"hit\"} 1")
          .contains("fairlead_route_cache_total" + labels + ",reason=\"miss\"} 2")
          .contains("fairlead_route_cache_stored_total" + labels + "} 2")
          .contains("fairlead_cache_evicted_total 0")
          .doesNotContain("fairlead_cache_bytes 0");
      String explain =
          "/api/v1/explain?url="
              + URLEncoder.encode(
                  "http://x:" + Loopback.port(fairlead, "web") + "/", StandardCharsets.UTF_8);
      assertThat(Loopback.door(fairlead, "GET", explain, "").body())
          .contains("an answer that is kept and fresh is given without asking a node")
          .contains("or for 60 s");
      assertThat(Loopback.door(fairlead, "GET", explain + "&method=POST", "").body())
          .contains("the cache has nothing to do with it: its method");

      String host = "127.0.0.1:" + Loopback.port(fairlead, "web");
      assertThat(forget(fairlead, "HTTP/a?b").statusCode()).isEqualTo(400);
      assertThat(forget(fairlead, "http://" + host + "/%zz").statusCode()).isEqualTo(400);
      assertThat(forget(fairlead, "https://localhost/./a?b").statusCode()).isEqualTo(200);
      assertThat(client.get("/a?b").body()).isNotEqualTo(first);
      assertThat(client.get("/c").field("cache-status")).startsWith("fairlead; hit");
      assertThat(forget(fairlead, "").body()).contains("\"bytes\":0");
      assertThat(client.get("/c").field("cache-status")).contains("fwd=uri-miss");
    }
  }

  @Test
  void aReloadForgetsWhatARouteThatChangesHasKept() throws Exception {
    try (RawNode shop = new RawNode();
        Fairlead fairlead = Loopback.start(YAML.formatted(folder, shop.port()));
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      String yaml = YAML.formatted(folder, shop.port());
      client.get("/");
      assertThat(client.get("/").field("cache-status")).startsWith("fairlead; hit");
      put(fairlead, yaml.replace("path: \"/old\"", "path: \"/older\""));
      assertThat(client.get("/").field("cache-status")).startsWith("fairlead; hit");
      put(fairlead, yaml.replace("x-route: a", "x-route: b"));
      Reply anew = client.get("/");
      assertThat(anew.body()).contains("x-route: b");
      put(fairlead, yaml.replace("cache: { ttl: 60s }", ""));
      assertThat(client.get("/").field("cache-status")).isEmpty();
    }
  }

  private static void put(Fairlead fairlead, String yaml) {
    assertThat(Loopback.door(fairlead, "PUT", "/api/v1/config", yaml).statusCode()).isEqualTo(200);
  }
}
