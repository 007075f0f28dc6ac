import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;

/** Many keep-alive connections that have each been served once and then stay idle. */
final class IdleConnections implements AutoCloseable {
  private static final long BOUND_NANOS = 60_000_000_000L;

  private final List<SocketChannel> channels = new ArrayList<>();
  private final int port;
  private final byte[] request;
  private String problem = "";

  private IdleConnections(int port) {
    this.port = port;
    this.request =
        ("GET /small HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII);
  }

  /** Opens the connections one after the other; stops at the first that fails. */
  static IdleConnections open(Idle kind, int port, int count) {
    IdleConnections idle = new IdleConnections(port);
    long deadline = System.nanoTime() + BOUND_NANOS;
    try {
      for (int i = 0; i < count; i++) {
        if (System.nanoTime() > deadline) {
          throw new IOException("no more time");
        }
        switch (kind) {
          case CLEAR -> idle.addClear();
          case TLS -> idle.addTls();
          case HTTP2 -> idle.addHttp2();
        }
      }
    } catch (IOException | GeneralSecurityException e) {
      idle.problem = "connection %d failed: %s".formatted(idle.channels.size() + 1, e.getMessage());
    }
    return idle;
  }

  private SocketChannel connect() throws IOException {
    SocketChannel channel = SocketChannel.open();
    channels.add(channel);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.socket().connect(new InetSocketAddress("127.0.0.1", port), 5_000);
    channel.socket().setSoTimeout(5_000);
    return channel;
  }

  private void addClear() throws IOException {
    SocketChannel channel = connect();
    channel.write(ByteBuffer.wrap(request));
    Body body = new Body();
    byte[] answer = new byte[4096];
    while (!body.isComplete()) {
      int count = channel.socket().getInputStream().read(answer);
      if (count <= 0) {
        throw new IOException("closed before the answer was complete");
      }
      body.take(ByteBuffer.wrap(answer, 0, count));
    }
  }

  /**
   * A context for each, so that no session is resumed; of the connection only the channel stays.
   */
  private void addTls() throws IOException, GeneralSecurityException {
    TlsConnection connection = TlsConnection.open(TlsConnection.newContext(), port);
    channels.add(connection.channel());
    connection.send(request);
    Body body = new Body();
    while (!body.isComplete()) {
      body.take(connection.receive());
    }
  }

  /** RFC 9113; the fields are said without any table (RFC 7541, 6.2.2) but for GET and http. */
  private void addHttp2() throws IOException {
    SocketChannel channel = connect();
    ByteBuffer out = ByteBuffer.allocate(256);
    out.put("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    out.put(new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0}); // SETTINGS, none
    byte[] path = "/small".getBytes(StandardCharsets.US_ASCII);
    byte[] authority = ("127.0.0.1:" + port).getBytes(StandardCharsets.US_ASCII);
    int length = 2 + 2 + path.length + 2 + authority.length;
    out.put(new byte[] {0, 0, (byte) length, 1, 5, 0, 0, 0, 1}); // HEADERS, the request ends here
    out.put((byte) 0x82).put((byte) 0x86);
    out.put((byte) 4).put((byte) path.length).put(path);
    out.put((byte) 1).put((byte) authority.length).put(authority);
    channel.write(out.flip());
    InputStream in = channel.socket().getInputStream();
    int bodyBytes = 0;
    while (true) {
      byte[] frame = in.readNBytes(9);
      if (frame.length < 9) {
        throw new IOException("closed before the answer was complete");
      }
      int size = (frame[0] & 0xff) << 16 | (frame[1] & 0xff) << 8 | frame[2] & 0xff;
      byte[] payload = in.readNBytes(size);
      int type = frame[3];
      int flags = frame[4];
      if (type == 4 && flags == 0) {
        channel.write(ByteBuffer.wrap(new byte[] {0, 0, 0, 4, 1, 0, 0, 0, 0}));
      } else if (type == 0) {
        bodyBytes += payload.length;
      } else if (type == 3 || type == 7) {
        throw new IOException("the stream was refused");
      }
      if ((type == 0 || type == 1) && (flags & 1) != 0) {
        if (bodyBytes != Row.SMALL) {
          throw new IOException("another body than asked for");
        }
        return;
      }
    }
  }

  /** All answers end with the small body, which occurs nowhere else. */
  private static final class Body {
    private int run;

    void take(ByteBuffer bytes) {
      byte filler = Nodes.filler(Row.SMALL);
      while (bytes.hasRemaining()) {
        run = bytes.get() == filler ? run + 1 : 0;
      }
    }

    boolean isComplete() {
      return run >= Row.SMALL;
    }
  }

  int count() {
    return channels.size();
  }

  String problem() {
    return problem;
  }

  @Override
  public void close() {
    for (SocketChannel channel : channels) {
      try {
        channel.close();
      } catch (IOException _) {
        // It is gone either way.
      }
    }
    channels.clear();
  }
}
