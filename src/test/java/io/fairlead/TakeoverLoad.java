package io.fairlead;

import io.fairlead.Loopback.Client;
import io.fairlead.Loopback.Reply;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * Traffic of every kind that goes on until it is told to stop, and counts what failed: nothing is
 * tried twice here. Between two of a kind there is a pause, so that what is replaced meanwhile has
 * a processor to start on.
 */
final class TakeoverLoad implements AutoCloseable {
  /** Something that is done over and over; a failure is an exception. */
  private interface Work {
    void once() throws IOException;
  }

  private static final long PAUSE = 2_000_000;

  private final List<Thread> threads = new ArrayList<>();
  private final Queue<String> failures = new ConcurrentLinkedQueue<>();
  private final Map<String, AtomicLong> done = new TreeMap<>();
  private volatile boolean stopping;

  private void start(String kind, Work work) {
    AtomicLong count = done.computeIfAbsent(kind, _ -> new AtomicLong());
    threads.add(
        Thread.ofPlatform()
            .name(kind)
            .start(() -> {
              while (!stopping) {
                try {
                  work.once();
                  count.incrementAndGet();
                } catch (IOException e) {
                  failures.add(kind + " after " + count + ": " + e);
                }
                LockSupport.parkNanos(PAUSE);
              }
            }));
  }

  /** One connection for as many requests as it is kept. */
  TakeoverLoad keepAlive(int port) {
    AtomicReference<@Nullable Client> kept = new AtomicReference<>();
    start(
        "h1 keep-alive",
        () -> {
          Client before = kept.getAndSet(null);
          Client client = before == null ? new Client(port) : before;
          Reply reply = client.get("/bytes/2000");
          check(reply.status() == 200 && reply.body().length() == 2000, reply.toString());
          if (reply.field("connection").equals("close")) {
            check(client.isEnded(), "open after connection: close");
            client.close();
          } else {
            kept.set(client);
          }
        });
    return this;
  }

  /** A new connection for each request. */
  TakeoverLoad newConnections(String kind, int port) {
    start(
        kind,
        () -> {
          try (Client client = new Client(port)) {
            Reply reply = client.get("/");
            check(reply.status() == 200, reply.toString());
          }
        });
    return this;
  }

  /** A new handshake for each request. */
  TakeoverLoad newTls(int port, SSLContext trusting) {
    start(
        "tls new connections",
        () -> {
          try (Client client = new Client(tls(port, trusting))) {
            Reply reply = client.get("/");
            check(reply.status() == 200, reply.toString());
          }
        });
    return this;
  }

  private static Socket tls(int port, SSLContext trusting) throws IOException {
    return trusting.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), port);
  }

  /** HTTP/2 over TLS, several requests at once on as few connections as the JDK's client likes. */
  TakeoverLoad http2(int port, SSLContext trusting) {
    HttpClient http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_2)
            .sslContext(trusting)
            .connectTimeout(Duration.ofSeconds(10))
            .build();
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + port + "/bytes/2000"))
            .timeout(Duration.ofSeconds(20))
            .build();
    for (int i = 0; i < 3; i++) {
      start(
          "h2 over tls",
          () -> {
            try {
              HttpResponse<byte[]> reply = http.send(request, BodyHandlers.ofByteArray());
              check(
                  reply.statusCode() == 200
                      && reply.body().length == 2000
                      && reply.version() == HttpClient.Version.HTTP_2,
                  reply.toString());
            } catch (InterruptedException e) {
              throw new IOException(e);
            }
          });
    }
    return this;
  }

  /** A new WebSocket for each message, closed as the protocol says. */
  TakeoverLoad webSockets(int port) {
    start(
        "websocket",
        () -> {
          try (WebSocketPeer client = WebSocketPeer.to(port)) {
            echoes(client, "hello");
            ends(client);
          }
        });
    return this;
  }

  static void echoes(WebSocketPeer client, String text) throws IOException {
    String back = client.text(text).next();
    check(back.equals("text " + text), back);
  }

  static void ends(WebSocketPeer client) throws IOException {
    String answer = client.close(1000).next();
    check(answer.equals("close 1000"), answer);
    check(client.next().equals("end"), "open after both have closed");
  }

  /** A new client address for each datagram. What is lost on the way would be a failure, too. */
  TakeoverLoad datagrams(int port) {
    start(
        "udp",
        () -> {
          try (DatagramSocket socket = new DatagramSocket()) {
            socket.setSoTimeout(5000);
            socket.connect(InetAddress.getLoopbackAddress(), port);
            socket.send(new DatagramPacket(new byte[] {1, 2, 3}, 3));
            DatagramPacket answer = new DatagramPacket(new byte[10], 10);
            socket.receive(answer);
            check(answer.getLength() == 3, "another datagram");
          }
        });
    return this;
  }

  private static void check(boolean right, String what) throws IOException {
    if (!right) {
      throw new IOException(what);
    }
  }

  /** How often each kind was done. */
  Map<String, AtomicLong> done() {
    return done;
  }

  Queue<String> failures() {
    return failures;
  }

  @Override
  public void close() {
    stopping = true;
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /** A connection through which bytes are sent that come back. */
  static final class Echoed implements AutoCloseable {
    private final Socket socket;

    Echoed(int port) throws IOException {
      socket = new Socket(InetAddress.getLoopbackAddress(), port);
      socket.setSoTimeout(10_000);
    }

    private void send(String text) throws IOException {
      socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    void echoes(String text) throws IOException {
      send(text);
      byte[] back = socket.getInputStream().readNBytes(text.length());
      check(new String(back, StandardCharsets.ISO_8859_1).equals(text), "another echo");
    }

    /** The client is done before the test is. */
    void end() throws IOException {
      socket.close();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int b = in.read();
      if (b < 0) {
        throw new EOFException("cut after " + head);
      }
      head.append((char) b);
    }
    return head.toString();
  }

  /** A node that sends back what comes: bytes, messages of WebSockets, datagrams. */
  static final class EchoNode implements AutoCloseable {
    private final ServerSocket server =
        new ServerSocket(FreePort.any(), 50, InetAddress.getLoopbackAddress());
    private final DatagramSocket datagrams =
        new DatagramSocket(server.getLocalPort(), InetAddress.getLoopbackAddress());

    EchoNode() throws IOException {
      Thread.ofVirtual().start(this::accept);
      Thread.ofVirtual().start(this::reply);
    }

    int port() {
      return server.getLocalPort();
    }

    private void accept() {
      try {
        while (true) {
          Socket client = server.accept();
          Thread.ofVirtual().start(() -> serve(client));
        }
      } catch (IOException _) {
        // Closed.
      }
    }

    private void reply() {
      DatagramPacket packet = new DatagramPacket(new byte[2000], 2000);
      try {
        while (true) {
          packet.setLength(2000);
          datagrams.receive(packet);
          datagrams.send(packet);
        }
      } catch (IOException _) {
        // Closed.
      }
    }

    private static void serve(Socket client) {
      try (client) {
        InputStream in = client.getInputStream();
        OutputStream out = client.getOutputStream();
        byte[] some = new byte[2000];
        int first = in.read(some);
        if (first < 0) {
          return;
        }
        String text = new String(some, 0, first, StandardCharsets.ISO_8859_1);
        if (text.startsWith("GET")) {
          WebSocketPeer.echo(client, text.endsWith("\r\n\r\n") ? text : text + head(in));
          return;
        }
        out.write(some, 0, first);
        in.transferTo(out);
      } catch (IOException _) {
        // The client has gone.
      }
    }

    @Override
    public void close() throws IOException {
      server.close();
      datagrams.close();
    }
  }
}
