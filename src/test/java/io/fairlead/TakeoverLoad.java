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
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Traffic of every kind that goes on until it is told to stop, and counts what failed: nothing is
 * tried twice here.
 */
final class TakeoverLoad implements AutoCloseable {
  /** Something that is done over and over; a failure is an exception. */
  private interface Work {
    void once() throws IOException;
  }

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

    /**
     * @param upgrade whether it begins as HTTP
     */
    Echoed(int port, boolean upgrade) throws IOException {
      socket = new Socket(InetAddress.getLoopbackAddress(), port);
      socket.setSoTimeout(10_000);
      if (upgrade) {
        send(
            """
            GET /ws HTTP/1.1\r
            Host: a\r
            Connection: Upgrade\r
            Upgrade: websocket\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
            \r
            """);
        String head = head(socket.getInputStream());
        check(head.startsWith("HTTP/1.1 101"), head);
      }
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

  /** A node that sends back what comes, after an upgrade if it begins as HTTP; datagrams, too. */
  static final class EchoNode implements AutoCloseable {
    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
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
          if (!text.endsWith("\r\n\r\n")) {
            head(in);
          }
          out.write(
              "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
                  .getBytes(StandardCharsets.ISO_8859_1));
        } else {
          out.write(some, 0, first);
        }
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
