import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/** Each of some connections sends its next message when it has the one before back. */
final class WebSocketLoad {
  private static final byte[] MESSAGE = "m".repeat(Row.SMALL).getBytes(StandardCharsets.US_ASCII);

  private final Selector selector = Selector.open();
  private long echoed;
  private String problem = "";

  private WebSocketLoad() throws IOException {}

  static Load.Result run(int port, Row row, int seconds) throws IOException {
    WebSocketLoad load = new WebSocketLoad();
    try (Selector selector = load.selector) {
      for (int i = 0; i < row.connections(); i++) {
        SocketChannel channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", port));
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        upgrade(channel, port);
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ, ByteBuffer.allocateDirect(4096));
      }
      long start = System.nanoTime();
      long end = start + seconds * 1_000_000_000L;
      for (SelectionKey key : selector.keys()) {
        load.send((SocketChannel) key.channel());
      }
      while (System.nanoTime() < end && load.problem.isEmpty()) {
        selector.select(load::ready, 100);
      }
      double took = (System.nanoTime() - start) / 1e9;
      for (SelectionKey key : selector.keys()) {
        key.channel().close();
      }
      if (load.problem.isEmpty() && load.echoed == 0) {
        load.problem = "no message came back";
      }
      return new Load.Result(load.echoed, took, load.problem);
    }
  }

  private static void upgrade(SocketChannel channel, int port) throws IOException {
    String head =
        """
        GET /echo HTTP/1.1\r
        Host: 127.0.0.1:%d\r
        Connection: Upgrade\r
        Upgrade: websocket\r
        Sec-WebSocket-Version: 13\r
        Sec-WebSocket-Key: YmVuY2htYXJrIGJlbmNoIQ==\r
        \r
        """
            .formatted(port);
    channel.write(ByteBuffer.wrap(head.getBytes(StandardCharsets.US_ASCII)));
    channel.socket().setSoTimeout(5_000);
    StringBuilder answer = new StringBuilder();
    while (!answer.toString().endsWith("\r\n\r\n")) {
      int next = channel.socket().getInputStream().read();
      if (next < 0) {
        throw new IOException("closed instead of upgraded");
      }
      answer.append((char) next);
    }
    if (!answer.toString().startsWith("HTTP/1.1 101 ")) {
      throw new IOException("not upgraded: " + answer.toString().lines().findFirst().orElse(""));
    }
  }

  private void ready(SelectionKey key) {
    try {
      SocketChannel channel = (SocketChannel) key.channel();
      ByteBuffer in = (ByteBuffer) key.attachment();
      if (channel.read(in) < 0) {
        throw new IOException("closed");
      }
      in.flip();
      if (WebSocket.hasFrame(in)) {
        if (!WebSocket.takes(MESSAGE, in)) {
          throw new IOException("another message came back");
        }
        echoed++;
        send(channel);
      }
      in.compact();
    } catch (IOException e) {
      problem = e.toString();
    }
  }

  private final ByteBuffer out = ByteBuffer.allocateDirect(256);

  private void send(SocketChannel channel) throws IOException {
    out.clear();
    WebSocket.frame(MESSAGE, (int) (echoed * 0x9e3779b9L), out);
    out.flip();
    while (out.hasRemaining()) {
      channel.write(out);
    }
  }
}
