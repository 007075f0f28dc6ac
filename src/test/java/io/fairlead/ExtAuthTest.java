package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A service that is asked about requests, in a whole instance. */
@Timeout(60)
final class ExtAuthTest {
  @Test
  void anotherServiceLetsRequestsIn() throws IOException {
    try (RawNode shop = new RawNode();
        RawNode login = new RawNode()) {
      String yaml =
          """
          admin: { bind: "127.0.0.1:0" }
          listeners:
            web:
              bind: "127.0.0.1:0"
              routes:
                - service: shop
                  ext-auth: { service: login, path: "/%s", timeout: 200ms, take: x-user }
          services:
            shop: { nodes: "127.0.0.1:%d" }
            login: { nodes: "127.0.0.1:%d" }
          """;
      try (Fairlead fairlead = Loopback.start(yaml.formatted("auth", shop.port(), login.port()));
          Client client = new Client(Loopback.port(fairlead, "web"))) {
        assertThat(client.get("/").body()).startsWith("GET / HTTP/1.1\r\n");
        String url =
            java.net.URLEncoder.encode(
                "http://x:" + Loopback.port(fairlead, "web") + "/", StandardCharsets.UTF_8);
        assertThat(
                Loopback.door(fairlead, "GET", "/api/v1/explain?method=GET&url=" + url, "").body())
            .contains("ext-auth asks service login for /auth, which is not done here");
        // From now on the service does not answer.
        assertThat(
                fairlead.apply(
                    Loopback.read(yaml.formatted("silent", shop.port(), login.port())), "test"))
            .isInstanceOf(Fairlead.Applied.Done.class);
        Loopback.Reply refused = client.get("/");
        assertThat(refused.status()).isEqualTo(503);
        assertThat(refused.field("fairlead-error")).isEqualTo("auth-unavailable");
        String metrics = Loopback.door(fairlead, "GET", "/metrics", "").body();
        assertThat(metrics)
            .contains(
                "fairlead_route_refused_total{listener=\"web\",route=\"web-1\",service=\"shop\","
                    + "reason=\"auth-unavailable\"} 1");
      }
    }
  }
}
