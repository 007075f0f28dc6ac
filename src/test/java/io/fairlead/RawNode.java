package io.fairlead;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * A node that answers any request without a body with the head it got, byte for byte. A path below
 * {@code /silent} is not answered at all, one below {@code /drip} with the beginning of an answer.
 */
final class RawNode implements Closeable {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final ServerSocket server;

  RawNode() throws IOException {
    server = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
    Thread.ofVirtual().name("raw node").start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  private void accept() {
    while (!server.isClosed()) {
      try {
        Socket socket = server.accept();
        socket.setTcpNoDelay(true);
        socket.setSoTimeout((int) PATIENCE.toMillis());
        Thread.ofVirtual().start(() -> serve(socket));
      } catch (IOException e) {
        return; // closed
      }
    }
  }

  private static void serve(Socket socket) {
    try (socket) {
      InputStream in = socket.getInputStream();
      StringBuilder head = new StringBuilder();
      for (int b = in.read(); b >= 0; b = in.read()) {
        head.append((char) b);
        if (head.toString().endsWith("\r\n\r\n")) {
          String target = head.toString().split(" ", 3)[1];
          String answer = "HTTP/1.1 200 OK\r\ncontent-length: ";
          answer +=
              target.startsWith("/drip") ? "100\r\n\r\nonly" : head.length() + "\r\n\r\n" + head;
          if (!target.startsWith("/silent")) {
            socket.getOutputStream().write(answer.getBytes(StandardCharsets.ISO_8859_1));
          }
          head.setLength(0);
        }
      }
    } catch (IOException e) {
      // the proxy ended the connection
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
