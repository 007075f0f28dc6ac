import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/** Looks whether a proxy does its work before the work is measured. */
final class Verify {
  private static final int REQUESTS = 60;

  private final HttpClient client =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(2))
          .build();

  /** Waits until the port answers a small GET with 200; false when it does not in time. */
  boolean awaitReady(int port, Process process, Duration bound) throws InterruptedException {
    long deadline = System.nanoTime() + bound.toNanos();
    while (System.nanoTime() < deadline && process.isAlive()) {
      try {
        if (get(port, "/small").statusCode() == 200) {
          return true;
        }
      } catch (IOException _) {
        // Not listening yet.
      }
      Thread.sleep(50);
    }
    return false;
  }

  /** The first thing that is wrong with a proxy; empty when all is well. */
  String problem(int port) throws InterruptedException {
    try {
      Map<String, Integer> perNode = new TreeMap<>();
      for (int i = 0; i < REQUESTS; i++) {
        HttpResponse<byte[]> response = get(port, "/small");
        String wrong = wrong(response, Row.SMALL);
        if (!wrong.isEmpty()) {
          return "/small: " + wrong;
        }
        perNode.merge(response.headers().firstValue("X-Node").orElse("none"), 1, Integer::sum);
      }
      boolean balanced =
          perNode.size() == Nodes.COUNT
              && perNode.values().stream().allMatch(n -> n >= REQUESTS / Nodes.COUNT / 3);
      if (!balanced) {
        return "does not balance: " + REQUESTS + " requests went to nodes " + perNode;
      }
      for (Row row : Row.ALL) {
        String wrong = row.front() == Row.Front.CLEAR ? wrong(row, port) : "";
        if (!wrong.isEmpty()) {
          return row.name() + ": " + wrong;
        }
      }
      String forwarded = new String(get(port, "/forwarded").body(), StandardCharsets.UTF_8);
      return forwarded.contains("127.0.0.1")
          ? ""
          : "sends no X-Forwarded-For to the node (was \"" + forwarded + "\")";
    } catch (IOException e) {
      return "a checked request failed: " + e;
    }
  }

  private String wrong(Row row, int port) throws IOException, InterruptedException {
    if (row.postBytes() == 0) {
      return wrong(get(port, row.path()), row.responseBytes());
    }
    HttpRequest request =
        request(port, row.path())
            .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[row.postBytes()]))
            .build();
    HttpResponse<byte[]> response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
    String seen = new String(response.body(), StandardCharsets.UTF_8);
    return response.statusCode() == 200 && seen.equals(Integer.toString(row.postBytes()))
        ? ""
        : "status " + response.statusCode() + ", the node saw a body of \"" + seen + "\" bytes";
  }

  private static String wrong(HttpResponse<byte[]> response, int size) {
    if (response.statusCode() != 200) {
      return "status " + response.statusCode();
    }
    return Arrays.equals(response.body(), Nodes.filled(size)) ? "" : "wrong body";
  }

  /** Whether a node answers a POST only when the whole body has arrived. */
  static boolean readsWholeBody(int port) throws IOException {
    int half = 32 << 10;
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 2_000);
      OutputStream out = socket.getOutputStream();
      InputStream in = socket.getInputStream();
      String head = "POST /post HTTP/1.1\r\nHost: node\r\nContent-Length: " + 2 * half + "\r\n\r\n";
      out.write(head.getBytes(StandardCharsets.US_ASCII));
      out.write(new byte[half]);
      socket.setSoTimeout(300);
      try {
        in.read();
        return false;
      } catch (SocketTimeoutException _) {
        // As it should be: half of the body is still to come.
      }
      out.write(new byte[half]);
      socket.setSoTimeout(2_000);
      return new String(in.readNBytes(12), StandardCharsets.US_ASCII).equals("HTTP/1.1 200");
    }
  }

  private HttpResponse<byte[]> get(int port, String path) throws IOException, InterruptedException {
    return client.send(request(port, path).GET().build(), HttpResponse.BodyHandlers.ofByteArray());
  }

  private static HttpRequest.Builder request(int port, String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
        .timeout(Duration.ofSeconds(5));
  }
}
