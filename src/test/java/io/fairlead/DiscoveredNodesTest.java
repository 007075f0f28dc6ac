package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.demo.TestNode;
import io.fairlead.docker.ScriptedEngine;
import java.io.IOException;
import java.nio.file.Path;
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
}
