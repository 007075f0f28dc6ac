package io.fairlead.discovery;

import io.fairlead.trust.DoorTls;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** A server of HTTP on a real socket that answers, byte by byte, what the test wants. */
public final class ScriptedHttp implements AutoCloseable {
  /** Answers one question; the connection ends when it returns. */
  public interface Script {
    void answer(Asked asked, OutputStream out) throws IOException, InterruptedException;
  }

  /**
   * What is asked.
   *
   * @param fields by lower-case name
   */
  public record Asked(String target, Map<String, String> fields) {}

  private final ServerSocket server;
  private final String scheme;
  private final List<Asked> asked = new CopyOnWriteArrayList<>();
  private volatile Script script;

  public ScriptedHttp(Script script) throws IOException {
    this(new ServerSocket(0, 50, InetAddress.getLoopbackAddress()), "http", script);
  }

  /** One that proves who it is. */
  static ScriptedHttp tls(Path certificate, Path key, Script script) throws IOException {
    return new ScriptedHttp(
        DoorTls.context(certificate, key, List.of())
            .getServerSocketFactory()
            .createServerSocket(0, 50, InetAddress.getLoopbackAddress()),
        "https",
        script);
  }

  private ScriptedHttp(ServerSocket server, String scheme, Script script) {
    this.server = server;
    this.scheme = scheme;
    this.script = script;
    Thread.ofVirtual().start(this::accept);
  }

  public String url() {
    return scheme + "://127.0.0.1:" + server.getLocalPort();
  }

  /** Answers otherwise from now on. */
  public void script(Script other) {
    script = other;
  }

  /** Path and query of all that was asked. */
  List<String> asked() {
    return asked.stream().map(Asked::target).toList();
  }

  public Asked last() {
    return asked.getLast();
  }

  private void accept() {
    while (true) {
      try {
        Socket client = server.accept();
        Thread.ofVirtual().start(() -> serve(client));
      } catch (IOException e) {
        if (server.isClosed()) {
          return;
        }
      }
    }
  }

  private void serve(Socket client) {
    try (client) {
      InputStream in = client.getInputStream();
      StringBuilder head = new StringBuilder();
      while (head.indexOf("\r\n\r\n") < 0) {
        int b = in.read();
        if (b < 0) {
          return;
        }
        head.append((char) b);
      }
      List<String> lines = head.toString().lines().toList();
      Map<String, String> fields = new TreeMap<>();
      for (String line : lines.subList(1, lines.size() - 1)) {
        int colon = line.indexOf(':');
        fields.put(
            line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
      }
      Asked question = new Asked(lines.getFirst().split(" ", -1)[1], fields);
      asked.add(question);
      script.answer(question, client.getOutputStream());
    } catch (IOException e) {
      // Whoever asked has gone.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A whole answer; fields as {@code NAME: VALUE}. */
  public static Script says(int status, String body, String... fields) {
    return (_, out) -> send(out, status, body, fields);
  }

  static void send(OutputStream out, int status, String body, String... fields) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    StringBuilder head = new StringBuilder("HTTP/1.1 " + status + " x\r\nConnection: close\r\n");
    for (String field : fields) {
      head.append(field).append("\r\n");
    }
    head.append("Content-Length: ").append(bytes.length).append("\r\n\r\n");
    out.write(head.toString().getBytes(StandardCharsets.ISO_8859_1));
    out.write(bytes);
    out.flush();
  }

  /** Takes the question and never answers. */
  public static Script silence() {
    return (_, _) -> Thread.sleep(60_000); // until the test is over
  }

  /** Breaks off in the middle of a body. */
  static Script breaksOff() {
    return (_, out) ->
        out.write(
            "HTTP/1.1 200 x\r\nContent-Length: 100\r\n\r\n[{".getBytes(StandardCharsets.US_ASCII));
  }

  /** Goes on and on. */
  static Script flood() {
    return (_, out) -> {
      out.write("HTTP/1.1 200 x\r\nConnection: close\r\n\r\n[".getBytes(StandardCharsets.US_ASCII));
      byte[] blanks = " ".repeat(1 << 20).getBytes(StandardCharsets.US_ASCII);
      while (true) {
        out.write(blanks);
      }
    };
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
