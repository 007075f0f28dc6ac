import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;

/** Each of some clients sends its next datagram when it has the one before back. */
final class DatagramLoad {
  /** After this a datagram counts as lost, and the client goes on. */
  private static final long PATIENCE_NANOS = 300_000_000;

  private static final class Client {
    long number;
    long sent;
  }

  private final Selector selector = Selector.open();
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(2048);
  private long echoed;
  private long lost;
  private String problem = "";

  private DatagramLoad() throws IOException {}

  static Load.Result run(int port, Row row, int seconds) throws IOException {
    DatagramLoad load = new DatagramLoad();
    try (Selector selector = load.selector) {
      for (int i = 0; i < row.connections(); i++) {
        DatagramChannel channel = DatagramChannel.open();
        channel.connect(new InetSocketAddress("127.0.0.1", port));
        channel.configureBlocking(false);
        load.send(channel.register(selector, SelectionKey.OP_READ, new Client()));
      }
      long start = System.nanoTime();
      load.loop(start + seconds * 1_000_000_000L);
      double took = (System.nanoTime() - start) / 1e9;
      for (SelectionKey key : selector.keys()) {
        key.channel().close();
      }
      return new Load.Result(load.echoed, took, load.verdict());
    }
  }

  private void loop(long end) throws IOException {
    long look = System.nanoTime() + PATIENCE_NANOS;
    while (System.nanoTime() < end && problem.isEmpty()) {
      selector.select(this::ready, 100);
      if (System.nanoTime() > look) {
        look = System.nanoTime() + PATIENCE_NANOS;
        for (SelectionKey key : selector.keys()) {
          if (((Client) key.attachment()).sent < look - 2 * PATIENCE_NANOS) {
            lost++;
            send(key);
          }
        }
      }
    }
  }

  private String verdict() {
    if (!problem.isEmpty()) {
      return problem;
    }
    if (echoed == 0) {
      return "no datagram came back";
    }
    return lost > echoed / 1000 ? lost + " datagrams were lost" : "";
  }

  private void ready(SelectionKey key) {
    try {
      Client client = (Client) key.attachment();
      if (((DatagramChannel) key.channel()).read(buffer.clear()) != Row.SMALL) {
        throw new IOException("a datagram of another length came back");
      }
      if (buffer.getLong(0) == client.number) { // an older one had been given up
        echoed++;
        send(key);
      }
    } catch (IOException e) {
      problem = e.toString();
    }
  }

  private void send(SelectionKey key) throws IOException {
    Client client = (Client) key.attachment();
    client.number++;
    client.sent = System.nanoTime();
    buffer.clear().putLong(0, client.number).limit(Row.SMALL);
    ((DatagramChannel) key.channel()).write(buffer);
  }
}
