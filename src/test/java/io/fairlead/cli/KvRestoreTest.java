package io.fairlead.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fairlead.group.storelog.Line;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Somebody changes a key between its being compared and its being restored. */
final class KvRestoreTest {
  private static final String PRESENT =
      """
      {"keys":[
        {"key":"a","revision":5,"bytes":3,"ttl":null,"value":"new","base64":null},
        {"key":"c","revision":6,"bytes":1,"ttl":null,"value":null,"base64":"/w=="}],
       "next":null}
      """;

  private static final Launcher NOTHING =
      (Launcher)
          Proxy.newProxyInstance(
              Launcher.class.getClassLoader(),
              new Class<?>[] {Launcher.class},
              (_, method, _) -> {
                throw new AssertionError(method + " starts nothing");
              });

  @TempDir Path folder;

  private final ConcurrentLinkedQueue<String> asked = new ConcurrentLinkedQueue<>();

  @Test
  void whatOthersChangedMeanwhileIsLeftAndNamed() throws Exception {
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    log.write(new Line.Head("prod", "x", "h", 3, 1_000, 2).bytes());
    log.write(new Line.Key("a", "old".getBytes(UTF_8), 0, 2).bytes());
    log.write(new Line.Key("b", "1".getBytes(UTF_8), 90_000, 3).bytes());
    Files.write(folder.resolve("3.jsonl"), log.toByteArray());
    HttpServer store =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    store.createContext("/", this::answer);
    store.start();
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    try {
      Cli.World world =
          new Cli.World(
              NOTHING,
              Map.of("FAIRLEAD_ADMIN", "http://127.0.0.1:" + store.getAddress().getPort()),
              new PrintWriter(out, true),
              new PrintWriter(err, true),
              false);
      int code =
          Cli.main(new String[] {"kv", "restore", folder.toString(), "--revision", "3"}, world);
      assertThat(code).isEqualTo(Cli.FAILED);
    } finally {
      store.stop(0);
    }
    assertThat(asked)
        .containsExactly(
            "GET /api/v1/kv?prefix=&after=&values=true null null",
            "PUT /api/v1/kv/a \"5\" null",
            "PUT /api/v1/kv/b?ttl=90000ms null *",
            "DELETE /api/v1/kv/c \"6\" null");
    assertThat(out.toString()).contains("put 1 key, delete 1, leave 0 as they are");
    assertThat(err.toString())
        .contains("1 key was changed by others meanwhile and left as it is: a;");
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      asked.add(
          exchange.getRequestMethod()
              + " "
              + exchange.getRequestURI()
              + " "
              + exchange.getRequestHeaders().getFirst("If-Match")
              + " "
              + exchange.getRequestHeaders().getFirst("If-None-Match"));
      boolean list = exchange.getRequestMethod().equals("GET");
      int status = exchange.getRequestURI().getPath().endsWith("/a") ? 412 : 200;
      byte[] body = (list ? PRESENT : "{}").getBytes(UTF_8);
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }
}
