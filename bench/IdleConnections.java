import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Many keep-alive connections that have each been served once and then stay idle. */
final class IdleConnections implements AutoCloseable {
  private static final long BOUND_NANOS = 60_000_000_000L;

  private final List<SocketChannel> channels = new ArrayList<>();
  private String problem = "";

  /** Opens the connections one after the other; stops at the first that fails. */
  static IdleConnections open(int port, int count) {
    IdleConnections idle = new IdleConnections();
    InetSocketAddress target = new InetSocketAddress("127.0.0.1", port);
    byte[] request =
        ("GET /small HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII);
    long deadline = System.nanoTime() + BOUND_NANOS;
    try {
      for (int i = 0; i < count; i++) {
        if (System.nanoTime() > deadline) {
          throw new IOException("no more time");
        }
        idle.add(target, request);
      }
    } catch (IOException e) {
      idle.problem = "connection %d failed: %s".formatted(idle.channels.size() + 1, e.getMessage());
    }
    return idle;
  }

  private void add(InetSocketAddress target, byte[] request) throws IOException {
    SocketChannel channel = SocketChannel.open();
    channels.add(channel);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    channel.socket().connect(target, 5_000);
    channel.socket().setSoTimeout(5_000);
    channel.write(ByteBuffer.wrap(request));
    byte[] answer = new byte[4096];
    int length = 0;
    while (!complete(answer, length)) {
      int count = channel.socket().getInputStream().read(answer, length, answer.length - length);
      if (count <= 0) {
        throw new IOException("closed before the answer was complete");
      }
      length += count;
    }
  }

  /** All answers end with the small body, which occurs nowhere else. */
  private static boolean complete(byte[] answer, int length) {
    byte filler = Nodes.filler(Row.SMALL);
    if (length < Row.SMALL) {
      return false;
    }
    for (int i = length - Row.SMALL; i < length; i++) {
      if (answer[i] != filler) {
        return false;
      }
    }
    return true;
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
