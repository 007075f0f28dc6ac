import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Many nodes in one process, each on a port of its own, with a bounded number of slots and a queue:
 * a request waits for a slot (first come, first served), keeps it for an exponential time, and is
 * answered. What a node does is told on standard input, a line each:
 *
 * <pre>
 * antagonists SEED SHARE FACTOR SECONDS   that share of the nodes is slower by the factor; which,
 *                                         is drawn anew after so many seconds
 * slow FACTOR                             all nodes are slower by the factor
 * fail N                                  node N answers 500 at once
 * hang N                                  node N accepts and never answers
 * heal                                    all are well
 * counts                                  prints requests of each node since the last "counts"
 * </pre>
 *
 * Arguments: first port, count, slots, mean in milliseconds.
 */
final class LiveNodes {
  private static final byte[] OK =
      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] FAILED =
      "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\n\r\nbad\n"
          .getBytes(StandardCharsets.US_ASCII);

  private enum Mood {
    WELL,
    FAILING,
    HANGING
  }

  /** One node. */
  private static final class Node {
    final Semaphore slots;
    final AtomicLong requests = new AtomicLong();
    volatile Mood mood = Mood.WELL;
    volatile double factor = 1;

    Node(int slots) {
      this.slots = new Semaphore(slots, true);
    }
  }

  private final Node[] nodes;
  private final double meanNanos;
  private volatile int generation;

  private LiveNodes(int count, int slots, double meanMillis) {
    nodes = new Node[count];
    for (int i = 0; i < count; i++) {
      nodes[i] = new Node(slots);
    }
    meanNanos = meanMillis * 1e6;
  }

  public static void main(String[] args) throws IOException {
    int first = Integer.parseInt(args[0]);
    LiveNodes all =
        new LiveNodes(
            Integer.parseInt(args[1]), Integer.parseInt(args[2]), Double.parseDouble(args[3]));
    for (int i = 0; i < all.nodes.length; i++) {
      Node node = all.nodes[i];
      ServerSocket server = new ServerSocket(first + i, 1024, InetAddress.getLoopbackAddress());
      Thread.ofVirtual().start(() -> all.accept(server, node));
    }
    System.out.println("ready");
    all.obey();
  }

  private void obey() throws IOException {
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      String[] words = line.split(" ");
      switch (words[0]) {
        case "antagonists" ->
            antagonists(
                Long.parseLong(words[1]),
                Double.parseDouble(words[2]),
                Double.parseDouble(words[3]),
                Integer.parseInt(words[4]));
        case "slow" -> slow(Double.parseDouble(words[1]));
        case "fail" -> nodes[Integer.parseInt(words[1])].mood = Mood.FAILING;
        case "hang" -> nodes[Integer.parseInt(words[1])].mood = Mood.HANGING;
        case "heal" -> heal();
        case "counts" -> counts();
        default -> throw new IOException("what is " + words[0]);
      }
    }
    System.exit(0); // who started us has gone
  }

  private void heal() {
    generation++;
    for (Node node : nodes) {
      node.mood = Mood.WELL;
      node.factor = 1;
    }
  }

  private void slow(double factor) {
    generation++;
    for (Node node : nodes) {
      node.factor = factor;
    }
  }

  private void counts() {
    StringBuilder line = new StringBuilder("counts");
    for (Node node : nodes) {
      line.append(' ').append(node.requests.getAndSet(0));
    }
    System.out.println(line);
  }

  private void antagonists(long seed, double share, double factor, int seconds) {
    int mine = ++generation;
    Thread.ofVirtual()
        .start(() -> {
          SplittableRandom random = new SplittableRandom(seed);
          while (generation == mine) {
            boolean[] slow = draw(random, (int) Math.round(nodes.length * share));
            for (int i = 0; i < nodes.length; i++) {
              nodes[i].factor = slow[i] ? factor : 1;
            }
            LockSupport.parkNanos(Duration.ofSeconds(seconds).toNanos());
          }
        });
  }

  private boolean[] draw(SplittableRandom random, int count) {
    boolean[] drawn = new boolean[nodes.length];
    for (int left = count; left > 0; ) {
      int index = random.nextInt(nodes.length);
      if (!drawn[index]) {
        drawn[index] = true;
        left--;
      }
    }
    return drawn;
  }

  private void accept(ServerSocket server, Node node) {
    try {
      while (true) {
        Socket socket = server.accept();
        Thread.ofVirtual().start(() -> serve(socket, node));
      }
    } catch (IOException e) {
      System.err.println("no more connections: " + e);
    }
  }

  private void serve(Socket socket, Node node) {
    SplittableRandom random = new SplittableRandom();
    try (socket) {
      socket.setTcpNoDelay(true);
      InputStream in = new BufferedInputStream(socket.getInputStream(), 2048);
      OutputStream out = socket.getOutputStream();
      while (readHead(in)) {
        node.requests.incrementAndGet();
        switch (node.mood) {
          case WELL -> {
            node.slots.acquire();
            try {
              double time = -Math.log(1 - random.nextDouble()) * meanNanos * node.factor;
              Thread.sleep(Duration.ofNanos((long) time));
            } finally {
              node.slots.release();
            }
            out.write(OK);
          }
          case FAILING -> {
            Thread.sleep(1);
            out.write(FAILED);
          }
          case HANGING -> {
            while (in.read() >= 0) {
              // until whoever asked has had enough
            }
            return;
          }
        }
      }
    } catch (IOException _) {
      // It went away.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether another request has come. */
  private static boolean readHead(InputStream in) throws IOException {
    int last = 0;
    while (true) {
      int b = in.read();
      if (b < 0) {
        return false;
      }
      last = last << 8 | b;
      if (last == 0x0d0a0d0a) {
        return true;
      }
    }
  }
}
