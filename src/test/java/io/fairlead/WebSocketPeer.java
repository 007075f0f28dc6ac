package io.fairlead;

import io.fairlead.proxy.http.Frames;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Locale;

/** One end of a WebSocket, played by a test frame by frame. */
final class WebSocketPeer implements AutoCloseable {
  private static final int PATIENCE_MILLIS = 20_000;
  private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  private static final String KEY = "dGhlIHNhbXBsZSBub25jZQ==";

  private final Socket socket;
  private final InputStream in;
  private final boolean client;
  private byte[] lastPing = {};

  private WebSocketPeer(Socket socket, boolean client) throws IOException {
    this.socket = socket;
    this.client = client;
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(PATIENCE_MILLIS);
    in = new BufferedInputStream(socket.getInputStream());
  }

  /** Asks for a WebSocket; the answer may still be to come. */
  static WebSocketPeer asking(int port, String path) throws IOException {
    WebSocketPeer peer =
        new WebSocketPeer(new Socket(InetAddress.getLoopbackAddress(), port), true);
    peer.send(
        ("GET "
                + path
                + " HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                + KEY
                + "\r\n\r\n")
            .getBytes(StandardCharsets.ISO_8859_1));
    return peer;
  }

  /** A WebSocket of a client. */
  static WebSocketPeer to(int port) throws IOException {
    return to(port, "/ws");
  }

  static WebSocketPeer to(int port, String path) throws IOException {
    WebSocketPeer peer = asking(port, path);
    peer.opened();
    return peer;
  }

  /** The next WebSocket of a node. */
  static WebSocketPeer from(ServerSocket node) throws IOException {
    node.setSoTimeout(PATIENCE_MILLIS);
    while (true) {
      WebSocketPeer peer = new WebSocketPeer(node.accept(), false);
      String head = peer.head();
      if (!head.toLowerCase(Locale.ROOT).contains("sec-websocket-key: ")) {
        peer.close(); // a probe, which wants to know whether somebody listens
        continue;
      }
      peer.agree(head);
      return peer;
    }
  }

  /** Sends messages back until the other end closes. */
  static void echo(Socket accepted, String head) throws IOException {
    WebSocketPeer peer = new WebSocketPeer(accepted, false);
    peer.socket.setSoTimeout(0);
    peer.agree(head);
    while (true) {
      String said = peer.next();
      if (said.startsWith("text ")) {
        peer.text(said.substring(5));
      } else if (said.startsWith("close ")) {
        peer.close(Integer.parseInt(said.substring(6)));
        return;
      } else if (said.equals("end") || said.equals("cut")) {
        return;
      }
    }
  }

  private void agree(String head) throws IOException {
    int at = head.toLowerCase(Locale.ROOT).indexOf("sec-websocket-key: ");
    String key = head.substring(at + 19, head.indexOf("\r\n", at));
    send(
        ("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                + "Sec-WebSocket-Accept: "
                + accept(key)
                + "\r\n\r\n")
            .getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String accept(String key) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-1")
              .digest((key + GUID).getBytes(StandardCharsets.ISO_8859_1));
      return Base64.getEncoder().encodeToString(hash);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Waits until the other end has agreed. */
  void opened() throws IOException {
    String head = head();
    if (!head.startsWith("HTTP/1.1 101 ") || !head.contains(accept(KEY))) {
      throw new IOException(head);
    }
  }

  private String head() throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int b = in.read();
      if (b < 0) {
        return head.toString();
      }
      head.append((char) b);
    }
    return head.toString();
  }

  private void send(byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
  }

  WebSocketPeer text(String text) throws IOException {
    send(Frames.text(client, text));
    return this;
  }

  /** The first bytes of a frame. */
  WebSocketPeer part(String text, int from, int to) throws IOException {
    send(Arrays.copyOfRange(Frames.text(client, text), from, to));
    return this;
  }

  WebSocketPeer close(int code) throws IOException {
    send(Frames.close(client, code));
    return this;
  }

  /** Answers the last ping. */
  WebSocketPeer pong() throws IOException {
    send(Frames.frame(Frames.PONG, client, lastPing));
    return this;
  }

  /** The next frame in words, or how the connection ended. */
  String next() throws IOException {
    int first;
    try {
      first = in.read();
    } catch (SocketException e) {
      return "cut";
    }
    if (first < 0) {
      return "end";
    }
    int second = read();
    if ((second & 0x80) != 0 == client) {
      throw new IOException("wrong about masks");
    }
    long length = second & 127;
    int more = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (more > 0) {
      length = 0;
    }
    for (int i = 0; i < more; i++) {
      length = length << 8 | read();
    }
    byte[] mask = client ? new byte[4] : in.readNBytes(4);
    byte[] payload = in.readNBytes((int) length);
    for (int i = 0; i < payload.length; i++) {
      payload[i] ^= mask[i & 3];
    }
    return switch (first) {
      case 0x80 | Frames.TEXT -> "text " + new String(payload, StandardCharsets.ISO_8859_1);
      case 0x80 | Frames.CLOSE -> "close " + ((payload[0] & 0xFF) << 8 | (payload[1] & 0xFF));
      case 0x80 | Frames.PING -> {
        lastPing = payload;
        yield "ping";
      }
      case 0x80 | Frames.PONG -> "pong";
      default -> "frame " + first;
    };
  }

  private int read() throws IOException {
    int b = in.read();
    if (b < 0) {
      throw new EOFException("in the middle of a frame");
    }
    return b;
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
