package io.fairlead.admin;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A conversation by Chromium's DevTools protocol. */
final class DevTools implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 30;
  private static final JsonMapper JSON = JsonMapper.shared();

  private final AtomicInteger nextId = new AtomicInteger();
  private final Map<Integer, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
  private final Consumer<JsonNode> events;
  private final WebSocket socket;

  /**
   * @param events gets what comes without having been asked for
   */
  DevTools(HttpClient client, URI address, Consumer<JsonNode> events) {
    this.events = events;
    socket = client.newWebSocketBuilder().buildAsync(address, new Inbox()).join();
  }

  JsonNode send(String method, Map<String, Object> parameters) {
    int id = nextId.incrementAndGet();
    CompletableFuture<JsonNode> answer = new CompletableFuture<>();
    waiting.put(id, answer);
    String text = JSON.writeValueAsString(Map.of("id", id, "method", method, "params", parameters));
    socket.sendText(text, true).join();
    JsonNode result = answer.orTimeout(PATIENCE_SECONDS, TimeUnit.SECONDS).join();
    if (result.has("error")) {
      throw new AssertionError(method + ": " + result.get("error"));
    }
    return result.get("result");
  }

  private void receive(String text) {
    JsonNode message = JSON.readTree(text);
    if (!message.has("id")) {
      events.accept(message);
      return;
    }
    CompletableFuture<JsonNode> answer = waiting.remove(message.get("id").intValue());
    if (answer != null) {
      answer.complete(message);
    }
  }

  @Override
  public void close() {
    socket.abort();
  }

  private final class Inbox implements WebSocket.Listener {
    private final StringBuilder partial = new StringBuilder();

    @Override
    public @Nullable CompletionStage<?> onText(
        WebSocket webSocket, CharSequence data, boolean last) {
      partial.append(data);
      if (last) {
        String text = partial.toString();
        partial.setLength(0);
        receive(text);
      }
      webSocket.request(1);
      return null;
    }
  }
}
