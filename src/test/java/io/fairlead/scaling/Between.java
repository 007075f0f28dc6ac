package io.fairlead.scaling;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fairlead.RealCluster;
import io.fairlead.trust.JsonHttp;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Stands before the API server of a {@link RealCluster} and passes everything on, so that a test
 * can do something at just the wrong moment.
 */
final class Between implements AutoCloseable {
  /** What is done before a question is passed on. */
  interface Meanwhile {
    void happens(String question, String body) throws IOException;
  }

  private final RealCluster cluster;
  private final HttpServer server;
  private final List<String> answers = new CopyOnWriteArrayList<>();
  private volatile Meanwhile meanwhile = (_, _) -> {};

  Between(RealCluster cluster) throws IOException {
    this.cluster = cluster;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::pass);
    server.start();
  }

  String url() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  void meanwhile(Meanwhile other) {
    meanwhile = other;
  }

  /** All that was asked and answered, as in {@code PUT /apis/… 409}. */
  List<String> answers() {
    return List.copyOf(answers);
  }

  private void pass(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      String question = exchange.getRequestMethod() + " " + exchange.getRequestURI();
      meanwhile.happens(question, new String(body, java.nio.charset.StandardCharsets.UTF_8));
      Map<String, String> fields = new LinkedHashMap<>();
      for (String name : List.of("authorization", "content-type")) {
        String value = exchange.getRequestHeaders().getFirst(name);
        if (value != null) {
          fields.put(name, value);
        }
      }
      @Nullable Object said = body.length == 0 ? null : JsonHttp.parse(body);
      JsonHttp.Answer answer =
          cluster.pass(
              exchange.getRequestMethod(), exchange.getRequestURI().toString(), fields, said);
      answers.add(question + " " + answer.status());
      byte[] text = answer.response().body();
      exchange.sendResponseHeaders(answer.status(), text.length == 0 ? -1 : text.length);
      exchange.getResponseBody().write(text);
    }
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
