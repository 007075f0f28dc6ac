import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;

/**
 * Open-loop load: requests are sent at times laid down beforehand, whatever the answers do.
 *
 * <p>Latency counts from the intended time, so that a stall is felt by every request it delays and
 * not only by the one it hit ("coordinated omission"). Gaps are exponential, as between independent
 * clients, and come from a seed: every proxy gets the same arrivals. A request that finds all
 * connections busy waits for one, and the wait counts.
 *
 * <p>One thread polls its selector and parks {@value #PARK_NANOS} ns when there is nothing to do.
 */
final class RateLoad {
  /** Adds half of itself to each latency; shorter would cost the nodes too much of their core. */
  private static final long PARK_NANOS = 50_000;

  /** Connections opened at once when each request has its own. */
  private static final int MAX_OPEN = 1_024;

  private static final int MAX_HEAD = 8 << 10;

  /**
   * What a run came to.
   *
   * @param nanos latency of every answered request, ascending
   * @param rate requests per second that were asked for
   * @param coreShare part of its core that the generator itself used
   * @param problem empty when every request was answered with 200 in full
   */
  record Result(long[] nanos, double rate, double coreShare, String problem) {}

  private final InetSocketAddress target;
  private final byte[] request;
  private final boolean newConnections;
  private final long[] due;
  private final long[] nanos;
  private final Selector selector = Selector.open();
  private final ArrayDeque<Connection> free = new ArrayDeque<>();
  private final Set<Connection> open = new HashSet<>();
  private final ByteBuffer in = ByteBuffer.allocateDirect(256 << 10);
  private int openCount;
  private int answered;
  private int failed;
  private String problem = "";

  private RateLoad(InetSocketAddress target, Row row, double rate, Duration length, long seed)
      throws IOException {
    this.target = target;
    this.request = row.request("127.0.0.1:" + target.getPort());
    this.newConnections = row.newConnections();
    this.due = arrivals(rate, length, seed);
    this.nanos = new long[due.length];
  }

  /** Times of arrival in nanoseconds from the start. */
  static long[] arrivals(double rate, Duration length, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    long[] due = new long[(int) Math.max(1, rate * length.toNanos() / 1e9)];
    double time = 0;
    for (int i = 0; i < due.length; i++) {
      time += -Math.log(1 - random.nextDouble()) / rate * 1e9;
      due[i] = (long) time;
    }
    return due;
  }

  static Result run(int port, Row row, double rate, Duration length, long seed) throws IOException {
    InetSocketAddress target = new InetSocketAddress("127.0.0.1", port);
    RateLoad load = new RateLoad(target, row, rate, length, seed);
    try {
      if (!row.newConnections()) {
        for (int i = 0; i < row.connections(); i++) {
          load.free.add(load.new Connection(true));
        }
      }
      sharpenTimer();
      long started = System.nanoTime();
      long cpu = threadCpuNanos();
      load.loop(length.multipliedBy(2).plusSeconds(5));
      double share = (threadCpuNanos() - cpu) / (double) (System.nanoTime() - started);
      long[] sorted = Spread.sorted(load.nanos, load.answered);
      return new Result(sorted, rate, share, load.problem);
    } finally {
      load.close();
    }
  }

  private void loop(Duration bound) throws IOException {
    long start = System.nanoTime() + 1_000_000;
    long deadline = start + bound.toNanos();
    int next = 0;
    while (answered + failed < due.length) {
      long now = System.nanoTime();
      if (now > deadline) {
        fail(due.length - answered - failed + " requests were not answered in time");
        return;
      }
      while (next < due.length && start + due[next] <= now && available()) {
        Connection connection = newConnections ? new Connection(false) : free.poll();
        connection.send(start + due[next++]);
        now = System.nanoTime();
      }
      if (selector.selectNow(this::ready) == 0) {
        long wait = PARK_NANOS;
        if (next < due.length && available()) {
          wait = Math.min(wait, start + due[next] - System.nanoTime());
        }
        if (wait > 1_000) {
          LockSupport.parkNanos(wait);
        }
      }
    }
  }

  private boolean available() {
    return newConnections ? openCount < MAX_OPEN : !free.isEmpty();
  }

  private void ready(SelectionKey key) {
    ((Connection) key.attachment()).ready(key);
  }

  private void fail(String what) {
    failed++;
    if (problem.isEmpty()) {
      problem = what;
    }
  }

  private void close() throws IOException {
    for (Connection connection : List.copyOf(open)) {
      connection.close();
    }
    selector.close();
  }

  /** Lets this thread's timers fire when they are due instead of up to 50 µs later. */
  private static void sharpenTimer() {
    try {
      Files.writeString(Path.of("/proc/thread-self/timerslack_ns"), "1");
    } catch (IOException _) {
      // An older kernel: the generator is then a little less exact, for all proxies alike.
    }
  }

  private static long threadCpuNanos() {
    String line = Machine.read(Path.of("/proc/thread-self/schedstat"));
    return line.isBlank() ? 0 : Long.parseLong(line.substring(0, line.indexOf(' ')));
  }

  /** One client connection with at most one request under way. */
  private final class Connection {
    private final SocketChannel channel;
    private final SelectionKey key;
    private final ByteBuffer out = ByteBuffer.allocateDirect(request.length).put(request);
    private final byte[] head = new byte[MAX_HEAD];
    private int headLength;
    private long bodyLeft = -1;
    private long intended;

    Connection(boolean connected) throws IOException {
      channel = SocketChannel.open();
      channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
      channel.configureBlocking(connected);
      boolean done = channel.connect(target);
      channel.configureBlocking(false);
      key = channel.register(selector, done ? SelectionKey.OP_READ : SelectionKey.OP_CONNECT, this);
      open.add(this);
      openCount++;
    }

    void send(long when) {
      intended = when;
      out.clear();
      headLength = 0;
      bodyLeft = -1;
      if (channel.isConnected()) {
        write();
      }
    }

    void ready(SelectionKey ready) {
      try {
        if (ready.isConnectable() && channel.finishConnect()) {
          write();
        } else if (ready.isWritable()) {
          write();
        }
        if (ready.isValid() && ready.isReadable()) {
          read();
        }
      } catch (IOException e) {
        broken(e.toString());
      }
    }

    private void write() {
      try {
        channel.write(out);
        int interest = SelectionKey.OP_READ | (out.hasRemaining() ? SelectionKey.OP_WRITE : 0);
        if (key.interestOps() != interest) {
          key.interestOps(interest);
        }
      } catch (IOException e) {
        broken(e.toString());
      }
    }

    private void read() throws IOException {
      in.clear();
      int count = channel.read(in);
      if (count < 0) {
        broken("the connection was closed before the answer was complete");
        return;
      }
      if (intended == 0) {
        broken("bytes after the end of an answer");
        return;
      }
      in.flip();
      if (bodyLeft < 0 && !readHead()) {
        return;
      }
      bodyLeft -= in.remaining();
      if (bodyLeft == 0) {
        nanos[answered++] = System.nanoTime() - intended;
        intended = 0;
        if (newConnections) {
          close();
        } else {
          free.add(this);
        }
      } else if (bodyLeft < 0) {
        broken("bytes after the end of an answer");
      }
    }

    /** Takes the head from what was read; false when some of it is still to come. */
    private boolean readHead() {
      int from = Math.max(0, headLength - 3);
      int taken = Math.min(in.remaining(), MAX_HEAD - headLength);
      in.get(in.position(), head, headLength, taken);
      int before = headLength;
      headLength += taken;
      for (int i = from; i + 3 < headLength; i++) {
        if (head[i] == '\r' && head[i + 1] == '\n' && head[i + 2] == '\r' && head[i + 3] == '\n') {
          in.position(in.position() + i + 4 - before);
          return understand(i + 4);
        }
      }
      if (headLength == MAX_HEAD) {
        broken("an answer's head was too long");
      }
      return false;
    }

    private boolean understand(int length) {
      if (length < 12 || head[9] != '2' || head[10] != '0' || head[11] != '0') {
        broken("answered " + new String(head, 0, Math.min(length, 40), StandardCharsets.US_ASCII));
        return false;
      }
      for (int i = 0; i + 16 < length; i++) {
        if (head[i] == '\n' && (head[i + 1] | 0x20) == 'c' && isContentLength(i + 1)) {
          long value = 0;
          for (int d = i + 16; head[d] != '\r'; d++) {
            value = head[d] == ' ' ? value : value * 10 + head[d] - '0';
          }
          bodyLeft = value;
          return true;
        }
      }
      broken("an answer without Content-Length");
      return false;
    }

    private boolean isContentLength(int at) {
      for (int i = 0; i < CONTENT_LENGTH.length; i++) {
        int c = head[at + i];
        if ((c >= 'A' && c <= 'Z' ? c | 0x20 : c) != CONTENT_LENGTH[i]) {
          return false;
        }
      }
      return true;
    }

    /** Counts the failure and, where connections are kept, opens another. */
    private void broken(String why) {
      if (intended != 0 || problem.isEmpty()) {
        fail(why.strip().lines().findFirst().orElse(why));
      }
      close();
      if (!newConnections) {
        try {
          free.add(new Connection(true));
        } catch (IOException e) {
          fail(e.toString());
        }
      }
    }

    void close() {
      key.cancel();
      openCount--;
      open.remove(this);
      try {
        channel.close();
      } catch (IOException _) {
        // It is gone either way.
      }
    }
  }

  private static final byte[] CONTENT_LENGTH =
      "content-length:".toLowerCase(Locale.ROOT).getBytes(StandardCharsets.US_ASCII);
}
