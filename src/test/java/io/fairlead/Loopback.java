package io.fairlead;

import io.fairlead.cli.Cli;
import io.fairlead.config.ConfigReader;
import io.fairlead.config.FairleadConfig;
import io.fairlead.demo.Behaviour;
import io.fairlead.demo.TestNode;
import io.fairlead.proxy.Listener;
import io.fairlead.service.Node;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** Whole instances, their nodes and their clients on this machine's loopback. */
final class Loopback {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private Loopback() {}

  /** The configuration that the text says. */
  static FairleadConfig config(String yaml) {
    return switch (read(yaml)) {
      case ConfigReader.Result.Accepted(FairleadConfig config, String _) -> config;
      case ConfigReader.Result.Refused refused -> throw new AssertionError(refused.problems());
    };
  }

  static ConfigReader.Result read(String yaml) {
    return read(yaml, Path.of(""));
  }

  /**
   * @param folder that relative paths are relative to
   */
  static ConfigReader.Result read(String yaml, Path folder) {
    return ConfigReader.read("test", yaml, folder, name -> null);
  }

  static Fairlead start(String yaml, Path folder) throws IOException {
    return switch (read(yaml, folder)) {
      case ConfigReader.Result.Accepted(FairleadConfig config, String text) ->
          Fairlead.start(config, text, "test", null);
      case ConfigReader.Result.Refused refused -> throw new AssertionError(refused.problems());
    };
  }

  static Fairlead start(String yaml) throws IOException {
    return Fairlead.start(config(yaml), yaml, "test", null);
  }

  /** With what it records on disk. */
  static Fairlead startRecording(String yaml) throws IOException {
    return Fairlead.start(config(yaml), yaml, "test", null, null, true);
  }

  static TestNode node(String name) throws IOException {
    return TestNode.start("127.0.0.1", 0, name, Behaviour.PLAIN);
  }

  static Listener listener(Fairlead fairlead, String name) {
    Listener found = fairlead.state().listeners().get(name);
    if (found == null) {
      throw new AssertionError("no listener " + name);
    }
    return found;
  }

  static Node[] nodes(Fairlead fairlead, String service) {
    ServiceRuntime found = fairlead.state().services().get(service);
    if (found == null) {
      throw new AssertionError("no service " + service);
    }
    return found.service().nodes().all();
  }

  static int port(Fairlead fairlead, String listener) {
    return listener(fairlead, listener).boundAddresses().getFirst().getPort();
  }

  static void await(String what, BooleanSupplier condition) throws InterruptedException {
    await(what, PATIENCE, condition);
  }

  static void await(String what, Duration patience, BooleanSupplier condition)
      throws InterruptedException {
    long began = System.nanoTime();
    while (!condition.getAsBoolean()) {
      long waited = System.nanoTime() - began;
      if (waited > patience.toNanos()) {
        throw new AssertionError("not within " + patience.toMillis() + " ms: " + what);
      }
      // Seldom asked where it takes long: what is awaited needs the processor more.
      Thread.sleep(Math.clamp(waited / 20_000_000, 2, 50));
    }
  }

  /** Asks the admin door. */
  static HttpResponse<String> door(Fairlead fairlead, String method, String path, String body) {
    URI uri = URI.create("http://127.0.0.1:" + fairlead.adminAddress().getPort() + path);
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(
          HttpRequest.newBuilder(uri)
              .method(method, HttpRequest.BodyPublishers.ofString(body))
              .timeout(PATIENCE)
              .build(),
          HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new AssertionError(method + " " + path, e);
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  /**
   * An answer.
   *
   * @param fields by lower-case name
   * @param body as UTF-8; ASCII in these tests
   */
  record Reply(int status, Map<String, String> fields, String body) {
    String field(String name) {
      return fields.getOrDefault(name, "");
    }
  }

  /** One keep-alive connection; an answer that is not complete is an exception. */
  static final class Client implements AutoCloseable {
    private final Socket socket;
    private final InputStream in;

    Client(int port) throws IOException {
      this("127.0.0.1", port);
    }

    Client(String host, int port) throws IOException {
      this(new Socket(InetAddress.ofLiteral(host), port));
    }

    /** Over a connection that is open. */
    Client(Socket open) throws IOException {
      socket = open;
      socket.setTcpNoDelay(true);
      socket.setSoTimeout((int) PATIENCE.toMillis());
      in = new BufferedInputStream(socket.getInputStream());
    }

    Reply get(String target) throws IOException {
      send("GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
      return reply();
    }

    void send(String bytes) throws IOException {
      socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
    }

    Reply reply() throws IOException {
      String status = line();
      Map<String, String> fields = new TreeMap<>();
      for (String line = line(); !line.isEmpty(); line = line()) {
        int colon = line.indexOf(':');
        fields.put(
            line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
      }
      int length = Integer.parseInt(fields.getOrDefault("content-length", "0"));
      byte[] body = in.readNBytes(length);
      if (body.length < length) {
        throw new EOFException("cut after " + body.length + " of " + length + " bytes");
      }
      return new Reply(
          Integer.parseInt(status.split(" ", -1)[1]),
          fields,
          new String(body, StandardCharsets.UTF_8));
    }

    /** The head of an answer that has no body. */
    String headOnly() throws IOException {
      StringBuilder head = new StringBuilder();
      for (String line = line(); !line.isEmpty(); line = line()) {
        head.append(line).append('\n');
      }
      return head.toString();
    }

    private String line() throws IOException {
      StringBuilder line = new StringBuilder();
      for (int b = in.read(); b != '\n'; b = in.read()) {
        if (b < 0) {
          throw new EOFException("cut after: " + line);
        }
        if (b != '\r') {
          line.append((char) b);
        }
      }
      return line.toString();
    }

    /** Whether the other side has closed. */
    boolean isEnded() throws IOException {
      return in.read() < 0;
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  /** What the command line says, when it is sent to the instance's door and ends with that code. */
  static String cli(Fairlead fairlead, int code, String... words) {
    String door = "--admin=http://127.0.0.1:" + fairlead.adminAddress().getPort();
    ByteArrayOutputStream said = new ByteArrayOutputStream();
    PrintStream to = new PrintStream(said, true, StandardCharsets.UTF_8);
    PrintStream out = System.out;
    PrintStream err = System.err;
    int ended;
    try {
      System.setOut(to);
      System.setErr(to);
      ended =
          Cli.main(
              Stream.concat(Stream.of(words), Stream.of(door)).toArray(String[]::new),
              new Launch());
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
    String all = said.toString(StandardCharsets.UTF_8);
    if (ended != code) {
      throw new AssertionError("ended with " + ended + ": " + all);
    }
    return all;
  }
}
