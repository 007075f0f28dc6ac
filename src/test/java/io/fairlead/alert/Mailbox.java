package io.fairlead.alert;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A receiver that answers as a test wants, and keeps what it got. */
public final class Mailbox implements AutoCloseable {
  /** How it answers. */
  public interface Manner {
    void answer(HttpExchange exchange) throws IOException, InterruptedException;
  }

  private final HttpServer server;
  private final BlockingQueue<String> got = new LinkedBlockingQueue<>();
  private final List<String> all = new CopyOnWriteArrayList<>();
  private volatile Manner manner = exchange -> exchange.sendResponseHeaders(204, -1);

  public Mailbox() throws IOException {
    this(0);
  }

  public Mailbox(int port) throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::handle);
    server.start();
  }

  private void handle(HttpExchange exchange) throws IOException {
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    all.add(body);
    got.add(body);
    try (exchange) {
      manner.answer(exchange);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  public void setManner(Manner next) {
    manner = next;
  }

  public void status(int status) {
    manner = exchange -> exchange.sendResponseHeaders(status, -1);
  }

  public String url() {
    return "http://127.0.0.1:" + port() + "/hook";
  }

  public int port() {
    return server.getAddress().getPort();
  }

  /** The next message; waits for it. */
  public String next() throws InterruptedException {
    String next = got.poll(20, TimeUnit.SECONDS);
    if (next == null) {
      throw new AssertionError("no message came");
    }
    return next;
  }

  public List<String> all() {
    return all;
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
