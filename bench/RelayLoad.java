import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/** Takes what comes by some connections as fast as it comes. */
final class RelayLoad {
  private static final double MIB = 1 << 20;

  private RelayLoad() {}

  static Load.Result run(int port, Row row, int seconds) throws IOException {
    ByteBuffer in = ByteBuffer.allocateDirect(1 << 20);
    long[] bytes = new long[1];
    String[] problem = {""};
    try (Selector selector = Selector.open()) {
      for (int i = 0; i < row.connections(); i++) {
        SocketChannel channel = SocketChannel.open(new InetSocketAddress("127.0.0.1", port));
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ);
      }
      long start = System.nanoTime();
      long end = start + seconds * 1_000_000_000L;
      while (System.nanoTime() < end && problem[0].isEmpty()) {
        selector.select(
            key -> {
              try {
                int count = ((SocketChannel) key.channel()).read(in.clear());
                if (count < 0) {
                  problem[0] = "a connection was closed";
                } else {
                  bytes[0] += count;
                }
              } catch (IOException e) {
                problem[0] = e.toString();
              }
            },
            100);
      }
      double took = (System.nanoTime() - start) / 1e9;
      if (problem[0].isEmpty() && bytes[0] == 0) {
        problem[0] = "no byte came";
      }
      for (SelectionKey key : selector.keys()) {
        key.channel().close();
      }
      return new Load.Result(bytes[0] / MIB, took, problem[0]);
    }
  }
}
