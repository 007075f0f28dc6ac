import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;

/**
 * Clients that do not wait for each other: requests are due at random times laid down beforehand,
 * each to a random one of the proxies, and latency counts from when a request was due. Whoever has
 * waited {@link #TIMEOUT} gives up, and counts with that time. Connections are used again, unless
 * each request is to have its own.
 */
final class LiveClient {
  static final Duration TIMEOUT = Duration.ofSeconds(5);

  private static final byte[] REQUEST =
      "GET / HTTP/1.1\r\nHost: bench.example\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  /** No whole answer, and none in time. */
  static final int BROKEN = 0;

  static final int GIVEN_UP = -1;

  /**
   * What came of it, request by request.
   *
   * @param due nanoseconds after the start
   * @param nanos until the end of the answer
   * @param status of the answer, {@link #BROKEN} or {@link #GIVEN_UP}
   * @param node who answered: {@code x-node}, or else the body
   */
  record Result(long[] due, long[] nanos, int[] status, String[] node) {
    double millis(double quantile) {
      long[] sorted = nanos.clone();
      Arrays.sort(sorted);
      return sorted[(int) Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] / 1e6;
    }

    /** Of the requests that were due then and answered with 200, seconds after the start. */
    double goodMillis(double quantile, double from, double to) {
      long[] sorted =
          good(from, to).map(i -> (int) (nanos[i] / 1000)).sorted().asLongStream().toArray();
      return sorted.length == 0
          ? Double.NaN
          : sorted[(int) Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] / 1e3;
    }

    /** Requests that were due then and answered with 200, a second. */
    double goodRate(double from, double to) {
      return good(from, to).count() / (to - from);
    }

    private IntStream good(double from, double to) {
      return IntStream.range(0, due.length)
          .filter(i -> status[i] == 200 && due[i] >= from * 1e9 && due[i] < to * 1e9);
    }

    int errors() {
      return (int) Arrays.stream(status).filter(each -> each != 200).count();
    }

    int timeouts() {
      return (int) Arrays.stream(status).filter(each -> each == GIVEN_UP).count();
    }

    double errorShare() {
      return errors() / (double) nanos.length;
    }
  }

  private final int[] ports;
  private final boolean newConnections;
  private final ConcurrentLinkedDeque<Socket>[] free;
  private final long[] nanos;
  private final int[] status;
  private final String[] node;

  @SuppressWarnings({"unchecked", "rawtypes"})
  private LiveClient(int[] ports, int requests, boolean newConnections) {
    this.ports = ports;
    this.newConnections = newConnections;
    this.free = new ConcurrentLinkedDeque[ports.length];
    Arrays.setAll(free, i -> new ConcurrentLinkedDeque<>());
    this.nanos = new long[requests];
    this.status = new int[requests];
    this.node = new String[requests];
    Arrays.fill(node, "");
  }

  /** Sends so many requests a second for so long, and waits for the last of them. */
  static Result run(int[] ports, double rate, Duration length, long seed)
      throws InterruptedException {
    return run(ports, rate, length, seed, false);
  }

  /**
   * Sends so many requests a second for so long, and waits for the last of them.
   *
   * @param newConnections each request has a connection of its own
   */
  static Result run(int[] ports, double rate, Duration length, long seed, boolean newConnections)
      throws InterruptedException {
    long[] due = RateLoad.arrivals(rate, length, seed);
    SplittableRandom random = new SplittableRandom(seed ^ 0x5DEECE66DL);
    LiveClient client = new LiveClient(ports, due.length, newConnections);
    CountDownLatch left = new CountDownLatch(due.length);
    long start = System.nanoTime() + 50_000_000;
    for (int i = 0; i < due.length; i++) {
      int index = i;
      int proxy = random.nextInt(ports.length);
      long when = start + due[i];
      while (System.nanoTime() < when) {
        LockSupport.parkNanos(when - System.nanoTime());
      }
      Thread.ofVirtual()
          .start(() -> {
            client.ask(index, proxy, when);
            left.countDown();
          });
    }
    left.await();
    client.close();
    return new Result(due, client.nanos, client.status, client.node);
  }

  private void ask(int index, int proxy, long due) {
    Socket socket = null;
    try {
      socket = newConnections ? null : free[proxy].poll();
      if (socket == null) {
        socket = new Socket();
        socket.setTcpNoDelay(true);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), ports[proxy]), 5000);
      }
      socket.setSoTimeout((int) TIMEOUT.toMillis());
      OutputStream out = socket.getOutputStream();
      out.write(REQUEST);
      answer(socket.getInputStream(), index);
      nanos[index] = System.nanoTime() - due;
      if (!newConnections) {
        free[proxy].push(socket);
        socket = null;
      }
    } catch (SocketTimeoutException e) {
      status[index] = GIVEN_UP;
      nanos[index] = TIMEOUT.toNanos();
    } catch (IOException | RuntimeException e) {
      status[index] = BROKEN;
      nanos[index] = System.nanoTime() - due;
    } finally {
      close(socket);
    }
  }

  /** Reads a whole answer, whose body is announced by Content-Length. */
  private void answer(InputStream in, int index) throws IOException {
    byte[] bytes = new byte[4096];
    int length = 0;
    while (true) {
      int count = in.read(bytes, length, bytes.length - length);
      if (count < 0 || length + count == bytes.length) {
        throw new IOException("no whole answer");
      }
      length += count;
      String text = new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
      int end = text.indexOf("\r\n\r\n");
      if (end < 0) {
        continue;
      }
      String head = text.substring(0, end).toLowerCase(Locale.ROOT) + "\r\n";
      if (length == end + 4 + Integer.parseInt(value(head, "content-length", "0"))) {
        node[index] = value(head, "x-node", text.substring(end + 4).strip());
        status[index] = Integer.parseInt(text.substring(9, 12));
        return;
      }
    }
  }

  private static String value(String head, String name, String otherwise) {
    int at = head.indexOf("\r\n" + name + ":");
    if (at < 0) {
      return otherwise;
    }
    int from = at + name.length() + 3;
    return head.substring(from, head.indexOf('\r', from)).strip();
  }

  private void close() {
    for (ConcurrentLinkedDeque<Socket> sockets : free) {
      sockets.forEach(LiveClient::close);
    }
  }

  private static void close(Socket socket) {
    if (socket != null) {
      try {
        socket.close();
      } catch (IOException _) {
        // It is gone either way.
      }
    }
  }
}
