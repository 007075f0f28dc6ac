import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;

/**
 * The nodes of the rows that are no plain HTTP, in one thread of the driver: a source of bytes
 * without end, an echo of WebSocket messages and an echo of datagrams, three ports of each.
 */
final class StreamNodes implements Runnable {
  private static final String GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

  /** What may happen to a channel. */
  private interface Handler {
    void ready(SelectionKey key) throws IOException;
  }

  private final Selector selector = Selector.open();
  private final ByteBuffer source = ByteBuffer.allocateDirect(256 << 10);
  private final ByteBuffer datagram = ByteBuffer.allocateDirect(64 << 10);

  private StreamNodes() throws IOException {}

  static void start(Nodes nodes) throws IOException {
    StreamNodes started = new StreamNodes();
    for (int port : nodes.ports(Row.Front.TCP)) {
      started.listen(port, SelectionKey.OP_WRITE, channel -> started.new Source(channel));
    }
    for (int port : nodes.ports(Row.Front.WEBSOCKET)) {
      started.listen(port, SelectionKey.OP_READ, WebSocketEcho::new);
    }
    for (int port : nodes.ports(Row.Front.UDP)) {
      DatagramChannel channel = DatagramChannel.open();
      channel.setOption(StandardSocketOptions.SO_RCVBUF, 1 << 20);
      channel.bind(new InetSocketAddress("127.0.0.1", port));
      Handler echo = started::echoDatagrams;
      started.register(channel, SelectionKey.OP_READ, echo);
    }
    Thread.ofPlatform().daemon().name("stream nodes").start(started);
  }

  private interface NewHandler {
    Handler of(SocketChannel channel);
  }

  private void listen(int port, int interest, NewHandler handler) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open();
    server.setOption(StandardSocketOptions.SO_REUSEADDR, true);
    server.bind(new InetSocketAddress("127.0.0.1", port), 1024);
    Handler acceptor =
        key -> {
          SocketChannel accepted = server.accept();
          if (accepted != null) {
            accepted.setOption(StandardSocketOptions.TCP_NODELAY, true);
            register(accepted, interest, handler.of(accepted));
          }
        };
    register(server, SelectionKey.OP_ACCEPT, acceptor);
  }

  private void register(SelectableChannel channel, int interest, Handler handler)
      throws IOException {
    channel.configureBlocking(false);
    channel.register(selector, interest, handler);
  }

  @Override
  public void run() {
    try {
      while (true) {
        selector.select(StreamNodes::handle);
      }
    } catch (IOException e) {
      System.err.println("bench: the nodes for streams have ended: " + e);
    }
  }

  private static void handle(SelectionKey key) {
    try {
      ((Handler) key.attachment()).ready(key);
    } catch (IOException _) {
      try {
        key.channel().close(); // the proxy has closed it, and wants nothing of it any more
      } catch (IOException e) {
        key.cancel();
      }
    }
  }

  private void echoDatagrams(SelectionKey key) throws IOException {
    DatagramChannel channel = (DatagramChannel) key.channel();
    for (int i = 0; i < 64; i++) {
      datagram.clear();
      var from = channel.receive(datagram);
      if (from == null) {
        return;
      }
      channel.send(datagram.flip(), from);
    }
  }

  /** Sends as much as is taken. */
  private final class Source implements Handler {
    private final SocketChannel channel;

    Source(SocketChannel channel) {
      this.channel = channel;
    }

    @Override
    public void ready(SelectionKey key) throws IOException {
      channel.write(source.duplicate().clear());
    }
  }

  /** Agrees to the upgrade and sends each message back. */
  private static final class WebSocketEcho implements Handler {
    private final SocketChannel channel;
    private final ByteBuffer in = ByteBuffer.allocateDirect(16 << 10);
    private final ByteBuffer out = ByteBuffer.allocateDirect(16 << 10);
    private boolean upgraded;

    WebSocketEcho(SocketChannel channel) {
      this.channel = channel;
    }

    @Override
    public void ready(SelectionKey key) throws IOException {
      if (channel.read(in) < 0) {
        throw new IOException("closed");
      }
      in.flip();
      out.clear();
      if (!upgraded) {
        upgrade();
      }
      while (upgraded && WebSocket.hasFrame(in)) {
        WebSocket.echo(in, out);
      }
      in.compact();
      out.flip();
      while (out.hasRemaining()) {
        channel.write(out);
      }
    }

    private void upgrade() {
      String head = StandardCharsets.US_ASCII.decode(in.duplicate()).toString();
      int end = head.indexOf("\r\n\r\n");
      if (end < 0) {
        return;
      }
      String key =
          head.lines()
              .filter(line -> line.toLowerCase().startsWith("sec-websocket-key:"))
              .map(line -> line.substring(line.indexOf(':') + 1).strip())
              .findFirst()
              .orElse("");
      in.position(in.position() + end + 4);
      out.put(
          ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  + "Sec-WebSocket-Accept: %s\r\n\r\n")
              .formatted(accept(key))
              .getBytes(StandardCharsets.US_ASCII));
      upgraded = true;
    }

    /** RFC 6455, 4.2.2. */
    private static String accept(String key) {
      try {
        MessageDigest digest = MessageDigest.getInstance("SHA-1");
        byte[] hash = digest.digest((key + GUID).getBytes(StandardCharsets.US_ASCII));
        return Base64.getEncoder().encodeToString(hash);
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("every JDK has SHA-1", e);
      }
    }
  }
}
