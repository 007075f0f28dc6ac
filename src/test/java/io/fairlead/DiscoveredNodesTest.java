package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.demo.TestNode;
import io.fairlead.discovery.ScriptedHttp;
import io.fairlead.docker.ScriptedEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Requests go where a source says that there are nodes, and still do when it falls silent. */
@Timeout(60)
class DiscoveredNodesTest {
  private static String config(String source) {
    return """
    admin: { bind: "127.0.0.1:0" }
    listeners:
      web: { bind: "127.0.0.1:0", routes: [ { service: shop } ] }
    services:
      shop: { discover: { %s } }
    """
        .formatted(source);
  }

  private static boolean answers(Client client, String words) {
    try {
      return client.get("/").body().contains(words);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static String container(TestNode node) {
    return "[{\"Id\":\"%s\",\"Names\":[\"/%s\"],\"State\":\"running\","
            .formatted(node.port(), node.port())
        + "\"Labels\":{\"fairlead.enable\":\"true\",\"fairlead.pool\":\"shop\",\"fairlead.port\":\"80\"},"
        + "\"Ports\":[{\"IP\":\"127.0.0.1\",\"PrivatePort\":80,\"PublicPort\":%d,\"Type\":\"tcp\"}]}]"
            .formatted(node.port());
  }

  @Test
  void containersThatAreLabelledServe(@TempDir Path folder) throws Exception {
    Path socket = folder.resolve("engine.sock");
    try (TestNode a = Loopback.node("a");
        TestNode b = Loopback.node("b");
        ScriptedEngine engine = new ScriptedEngine(socket)) {
      engine.script(asked ->
          asked.contains("health")
              ? engine.reply(200, "[]")
              : asked.contains("/containers") ? engine.reply(200, container(a)) : null);
      try (Fairlead fairlead = Loopback.start(config("docker: { socket: \"" + socket + "\" }"));
          Client client = new Client(Loopback.port(fairlead, "web"))) {
        Loopback.await("a serves", () -> answers(client, "hello from a"));
        engine.script(asked ->
            asked.contains("health")
                ? engine.reply(200, "[]")
                : asked.contains("/containers") ? engine.reply(200, container(b)) : null);
        Loopback.await("b serves", () -> answers(client, "hello from b"));
        engine.script(_ -> engine.reply(500, "{\"message\":\"no room\"}"));
        Loopback.await(
            "that it is said",
            () ->
                Loopback.door(fairlead, "GET", "/api/v1/events", "")
                    .body()
                    .contains("containers cannot be listed: status 500: no room"));
        assertThat(client.get("/").body()).contains("hello from b");
      }
    }
  }

  /** By a query that waits at Consul until something changes. */
  @Test
  void instancesThatConsulKnowsServe() throws Exception {
    try (TestNode a = Loopback.node("a");
        TestNode b = Loopback.node("b");
        ScriptedHttp consul = new ScriptedHttp(ScriptedHttp.says(200, "[]"))) {
      CountDownLatch change = new CountDownLatch(1);
      CountDownLatch end = new CountDownLatch(1);
      consul.script((asked, out) -> {
        if (asked.target().contains("index=9")) {
          end.await();
        } else if (asked.target().contains("index=7")) {
          change.await();
        }
        boolean changed = change.getCount() == 0;
        ScriptedHttp.says(200, instance(changed ? b : a), "X-Consul-Index: " + (changed ? 9 : 7))
            .answer(asked, out);
      });
      String config =
          config("consul: { service: shop, url: \"" + consul.url() + "\", token: consul-token-1 }");
      Fairlead fairlead = Loopback.start(config);
      try (Client client = new Client(Loopback.port(fairlead, "web"))) {
        Loopback.await("a serves", () -> answers(client, "hello from a"));
        change.countDown();
        Loopback.await("b serves", () -> answers(client, "hello from b"));
        assertThat(consul.last().fields()).containsEntry("x-consul-token", "consul-token-1");
        assertThat(Loopback.door(fairlead, "GET", "/api/v1/config", "").body())
            .contains("service: shop", "(secret)")
            .doesNotContain("consul-token-1");
      } finally {
        fairlead.close(); // does not wait for what Consul lets wait
        end.countDown();
      }
    }
  }

  private static String instance(TestNode node) {
    return "[{\"Node\":{\"Address\":\"127.0.0.1\"},\"Service\":{\"ID\":\"%d\",\"Port\":%d}}]"
        .formatted(node.port(), node.port());
  }
}
