package io.fairlead.demo;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The client's side of one keep-alive connection; used by one thread, closed by any. */
final class TrafficConnection {
  /** Longest line of an answer's head, in bytes. */
  private static final int MAX_LINE = 16 * 1024;

  /** Most lines of an answer's head. */
  private static final int MAX_LINES = 1000;

  private final Socket socket;
  private final InputStream in;
  private final String host;
  private final Duration patience;

  /**
   * What an answer's head said.
   *
   * @param node {@code x-node}
   * @param error {@code fairlead-error}
   */
  record Reply(int status, @Nullable String node, @Nullable String error, boolean keepAlive) {}

  /** The connection ended before any byte of an answer. */
  static final class Unanswered extends IOException {
    private static final long serialVersionUID = 1;

    Unanswered(String why) {
      super(why);
    }
  }

  private TrafficConnection(Socket socket, String host, Duration patience) throws IOException {
    this.socket = socket;
    this.in = new BufferedInputStream(socket.getInputStream(), 16 * 1024);
    this.host = host;
    this.patience = patience;
  }

  static TrafficConnection open(URI target, Duration patience) throws IOException {
    int port = target.getPort() < 0 ? 80 : target.getPort();
    Socket socket = new Socket();
    try {
      socket.setTcpNoDelay(true);
      socket.setSoTimeout((int) patience.toMillis());
      socket.connect(new InetSocketAddress(target.getHost(), port), (int) patience.toMillis());
      return new TrafficConnection(socket, target.getHost() + ":" + port, patience);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** Sends one request and reads its answer to the end. */
  Reply exchange(TrafficMix.Item item, boolean last) throws IOException {
    send(item, last);
    try {
      Head head = head(firstLine());
      while (head.status < 200) { // interim answers
        head = head(line());
      }
      boolean bodyless = item.method().equals("HEAD") || head.status == 204 || head.status == 304;
      boolean keep = head.keepAlive && (bodyless || head.chunked || head.length >= 0);
      if (!bodyless) {
        body(head);
      }
      return new Reply(head.status, head.node, head.error, keep);
    } catch (SocketTimeoutException e) {
      throw new IOException("nothing received for " + patience.toSeconds() + " s", e);
    }
  }

  void close() {
    try {
      socket.close();
    } catch (IOException e) {
      // It is gone either way.
    }
  }

  private void send(TrafficMix.Item item, boolean last) throws IOException {
    String head =
        item.line()
            + " HTTP/1.1\r\nhost: "
            + host
            + "\r\nuser-agent: fairlead-demo\r\n"
            + (last ? "connection: close\r\n" : "")
            + (!item.body().isEmpty()
                ? "content-type: application/json\r\ncontent-length: "
                    + item.body().length()
                    + "\r\n"
                : "")
            + "\r\n";
    try {
      socket.getOutputStream().write((head + item.body()).getBytes(StandardCharsets.ISO_8859_1));
    } catch (SocketException e) {
      throw new Unanswered("connection closed: " + e.getMessage());
    }
  }

  private String firstLine() throws IOException {
    in.mark(1);
    try {
      if (in.read() < 0) {
        throw new Unanswered("connection closed before the answer");
      }
    } catch (SocketException e) {
      throw new Unanswered("connection lost before the answer: " + e.getMessage());
    }
    in.reset();
    return line();
  }

  private static final class Head {
    int status;
    boolean keepAlive;
    boolean chunked;
    long length = -1;
    @Nullable String node;
    @Nullable String error;
  }

  private Head head(String statusLine) throws IOException {
    if (!statusLine.matches("HTTP/1\\.[01] [1-9][0-9]{2}( .*)?")) {
      throw new IOException("answer is not HTTP/1.1");
    }
    Head head = new Head();
    head.status = Integer.parseInt(statusLine.substring(9, 12));
    head.keepAlive = statusLine.startsWith("HTTP/1.1");
    int lines = 0;
    for (String line = line(); !line.isEmpty(); line = line()) {
      int colon = line.indexOf(':');
      if (colon < 1 || ++lines > MAX_LINES) {
        throw new IOException("answer with a broken head");
      }
      field(
          head,
          line.substring(0, colon).toLowerCase(Locale.ROOT),
          line.substring(colon + 1).strip());
    }
    return head;
  }

  private static void field(Head head, String name, String value) throws IOException {
    switch (name) {
      case "x-node" -> head.node = value;
      case "fairlead-error" -> head.error = value;
      case "transfer-encoding" -> head.chunked = value.equalsIgnoreCase("chunked");
      case "content-length" -> head.length = number(value, 10);
      case "connection" -> head.keepAlive &= !value.toLowerCase(Locale.ROOT).contains("close");
      default -> {} // of no concern here
    }
  }

  private void body(Head head) throws IOException {
    if (head.chunked) {
      for (long size = number(line(), 16); size > 0; size = number(line(), 16)) {
        skip(size);
        if (!line().isEmpty()) {
          throw new IOException("answer with a broken chunk");
        }
      }
      int lines = 0;
      while (!line().isEmpty()) {
        if (++lines > MAX_LINES) {
          throw new IOException("answer with too many trailers");
        }
      }
    } else if (head.length >= 0) {
      skip(head.length);
    } else {
      skip(Long.MAX_VALUE);
    }
  }

  private void skip(long count) throws IOException {
    byte[] sink = new byte[8 * 1024];
    for (long left = count; left > 0; ) {
      int read = in.read(sink, 0, (int) Math.min(sink.length, left));
      if (read < 0) {
        if (count == Long.MAX_VALUE) {
          return; // this body ends with the connection
        }
        throw new IOException("answer cut off, " + left + " bytes missing");
      }
      left -= read;
    }
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int b = in.read(); b != '\n'; b = in.read()) {
      if (b < 0) {
        throw new IOException("answer cut off in its head or framing");
      }
      if (line.length() == MAX_LINE) {
        throw new IOException("answer with a line longer than " + MAX_LINE + " bytes");
      }
      line.append((char) b);
    }
    return !line.isEmpty() && line.charAt(line.length() - 1) == '\r'
        ? line.substring(0, line.length() - 1)
        : line.toString();
  }

  private static long number(String text, int radix) throws IOException {
    int extension = text.indexOf(';');
    String digits = (extension < 0 ? text : text.substring(0, extension)).strip();
    if (!digits.matches("[0-9a-fA-F]{1,15}")) {
      throw new IOException("answer with a broken length");
    }
    try {
      return Long.parseLong(digits, radix);
    } catch (NumberFormatException e) {
      throw new IOException("answer with a broken length", e);
    }
  }
}
