import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;

/**
 * Clients of the shop, who do not wait for each other: requests are due at random times whatever
 * the answers do. Four hundred clients, each in a network of its own, some asking much more than
 * others; twenty user agents; eighteen routes, an eighth of the requests by TLS. The rate rises and
 * falls a little by itself. One request in a hundred asks for what is not there.
 *
 * <p>Connections are kept and used for fifty requests, ten of TLS. Who has got nothing for five
 * seconds goes away.
 */
final class Shoppers implements AutoCloseable {
  static final int PATIENCE_MILLIS = 5_000;
  private static final int CLIENTS = 400;
  private static final int AGENTS = 20;
  private static final int KEPT = 50;
  private static final int KEPT_TLS = 10;

  /** Path, and how often it is asked for; the last four by TLS. */
  private static final Object[][] PAGES = {
    {"/", 10},
    {"/catalog/%d", 14},
    {"/product/%d", 18},
    {"/search?q=%d", 8},
    {"/cart/%d", 5},
    {"/checkout/%d", 5},
    {"/account/%d", 4},
    {"/orders/%d", 4},
    {"/wishlist/%d", 3},
    {"/images/%d", 12},
    {"/download/%d", 2},
    {"/reviews/%d", 5},
    {"/stock/%d", 6},
    {"/admin/%d", 1},
    {"/pay/%d", 9},
    {"/api/items/%d", 5},
    {"/api/prices/%d", 4},
    {"/api/orders/%d", 2},
    {"/api/stock/%d", 2}
  };
  private static final int TLS_PAGES = 4;

  private static final int[] ANY_PAGE = anyPage();
  private static final int[] ANY_CLIENT = skewed(CLIENTS, 0.6);
  private static final int[] ANY_AGENT = skewed(AGENTS, 0.7);

  private record Connection(Socket socket, int uses) {}

  /** What a request is like. */
  private record Ask(
      String path, boolean post, boolean tls, String client, String agent, boolean slowly) {}

  private final int port;
  private final int tlsPort;
  private final TrustManager[] trusted;
  private final SSLSocketFactory tls;
  private final double rate;
  private final SplittableRandom random;
  private final Deque<Connection>[] free;
  private final LongAdder sent = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final Thread thread;
  private volatile boolean closed;

  // What changes, and what goes wrong on the side of clients.

  /** So many times the usual rate. */
  volatile double more = 1;

  /** Requests a second beside, of one network. */
  volatile double flood;

  /** Requests a second beside, of a scraper that asks for costly pages. */
  volatile double scraper;

  /** Payments a second beside. */
  volatile double payments;

  /** Requests a second beside, of a job that fetches large files. */
  volatile double backup;

  /** Whether the clients of one user agent take what they get slowly. */
  volatile boolean slowMobiles;

  /** Share of those clients. */
  volatile double mobiles = 0.1;

  /** By so many numbers clients are others. */
  volatile int newcomers;

  @SuppressWarnings({"unchecked", "rawtypes"})
  Shoppers(int port, int tlsPort, Path authority, double rate, long seed)
      throws IOException, GeneralSecurityException {
    this.port = port;
    this.tlsPort = tlsPort;
    this.rate = rate;
    random = new SplittableRandom(seed);
    free = new Deque[2 * 2 * CLIENTS];
    java.util.Arrays.setAll(free, i -> new ArrayDeque<>());
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null);
    try (InputStream in = Files.newInputStream(authority)) {
      store.setCertificateEntry(
          "authority", CertificateFactory.getInstance("X.509").generateCertificate(in));
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    trusted = trust.getTrustManagers();
    tls = stranger();
    thread = new Thread(this::send, "shoppers");
    thread.start();
  }

  /** Somebody who has never been here has no session to resume. */
  private SSLSocketFactory stranger() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trusted, null);
      return context.getSocketFactory();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  long sent() {
    return sent.sum();
  }

  /** Not answered with 200 or 404. */
  long failed() {
    return failed.sum();
  }

  private static int[] anyPage() {
    return java.util.stream.IntStream.range(0, PAGES.length)
        .flatMap(page -> java.util.stream.IntStream.generate(() -> page).limit((int) PAGES[page][1]))
        .toArray();
  }

  private static int[] skewed(int count, double exponent) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += Math.pow(i + 1, -exponent);
    }
    int[] which = new int[1 << 14];
    double upTo = 0;
    int value = -1;
    for (int i = 0; i < which.length; i++) {
      while (value < count - 1 && upTo * which.length <= i * sum) {
        upTo += Math.pow(++value + 1, -exponent);
      }
      which[i] = value;
    }
    return which;
  }

  private int any(int[] values) {
    return values[random.nextInt(values.length)];
  }

  private void send() {
    long start = System.nanoTime();
    long due = start;
    double load = 1;
    long loadUntil = due;
    while (!closed) {
      if (due >= loadUntil) {
        load += 0.1 * (1 - load) + 0.03 * (2 * random.nextDouble() - 1);
        loadUntil += 1_000_000_000L;
      }
      double open = Math.min(1, 0.1 + (due - start) / 20e9); // nothing is warm at first
      double usual = rate * open * more * load;
      double all = usual + flood + scraper + payments + backup;
      due += (long) (-Math.log(1 - random.nextDouble()) / all * 1e9);
      long left = due - System.nanoTime();
      while (left > 0) {
        LockSupport.parkNanos(left);
        left = due - System.nanoTime();
      }
      if (left < -2_000_000_000L) {
        due = System.nanoTime(); // the machine stood still: no burst
      }
      double which = random.nextDouble() * all;
      Ask ask =
          which < usual
              ? usual()
              : which < usual + flood
                  ? new Ask(
                      "/catalog/" + random.nextInt(2_000),
                      false,
                      false,
                      "127.200.7." + (1 + random.nextInt(250)),
                      agent(any(ANY_AGENT)),
                      false)
                  : which < usual + flood + scraper
                      ? new Ask(
                          "/search?deep=1&q=" + random.nextInt(10_000),
                          false,
                          false,
                          client(any(ANY_CLIENT)),
                          "scraper/1.0",
                          false)
                      : which < usual + flood + scraper + payments
                          ? new Ask(
                              "/pay/" + random.nextInt(2_000),
                              true,
                              false,
                              client(any(ANY_CLIENT)),
                              agent(any(ANY_AGENT)),
                              false)
                      : new Ask(
                          "/download/" + random.nextInt(1000),
                          false,
                          false,
                          "127.201.1.1",
                          "backup/2",
                          false);
      sent.increment();
      Thread.ofVirtual().start(() -> ask(ask));
    }
  }

  private Ask usual() {
    boolean mobile = random.nextDouble() < mobiles;
    return page(
        client((any(ANY_CLIENT) + newcomers) % (2 * CLIENTS)),
        mobile ? "mobile/7" : agent(any(ANY_AGENT)));
  }

  private Ask page(String client, String agent) {
    int page = any(ANY_PAGE);
    String path = ((String) PAGES[page][0]).formatted(random.nextInt(2_000));
    if (random.nextInt(100) == 0 && page > 0) {
      path = path.replaceFirst("[0-9]+$", "missing-" + random.nextInt(50));
    }
    boolean post = random.nextInt(10) == 0 || path.startsWith("/pay");
    return new Ask(
        path,
        post,
        page >= PAGES.length - TLS_PAGES,
        client,
        agent,
        slowMobiles && agent.startsWith("mobile"));
  }

  private static String client(int number) {
    return "127." + (1 + number / 200) + "." + number % 200 + ".1";
  }

  private static String agent(int number) {
    return "browser/" + number;
  }

  private void ask(Ask ask) {
    Connection connection = null;
    try {
      connection = ask.slowly ? null : take(ask);
      boolean old = connection != null;
      if (!old) {
        connection = connect(ask);
      }
      int status;
      try {
        status = exchange(connection.socket, ask);
      } catch (java.net.SocketTimeoutException e) {
        throw e;
      } catch (IOException e) {
        if (!old) {
          throw e;
        }
        shut(connection.socket); // it was closed while nobody used it
        connection = connect(ask);
        status = exchange(connection.socket, ask);
      }
      if (status != 200 && status != 404) {
        failed.increment();
      }
      if (!ask.slowly && connection.uses < (ask.tls ? KEPT_TLS : KEPT)) {
        give(ask, new Connection(connection.socket, connection.uses + 1));
        connection = null;
      }
    } catch (IOException | RuntimeException e) {
      failed.increment();
    } finally {
      if (connection != null) {
        shut(connection.socket);
      }
    }
  }

  private Deque<Connection> free(Ask ask) {
    return free[Math.floorMod(ask.client.hashCode(), 2 * CLIENTS) * 2 + (ask.tls ? 1 : 0)];
  }

  private Connection take(Ask ask) {
    Deque<Connection> of = free(ask);
    synchronized (of) {
      for (Connection each : of) {
        if (each.socket.getLocalAddress().getHostAddress().equals(ask.client)) {
          of.remove(each);
          return each;
        }
      }
      return null;
    }
  }

  private void give(Ask ask, Connection connection) {
    Deque<Connection> of = free(ask);
    Connection least = null;
    synchronized (of) {
      of.addFirst(connection);
      if (of.size() > 4) {
        least = of.removeLast();
      }
    }
    if (least != null) {
      shut(least.socket);
    }
  }

  private Connection connect(Ask ask) throws IOException {
    Socket socket = new Socket();
    if (ask.slowly) {
      socket.setReceiveBufferSize(8 << 10);
    }
    socket.bind(new InetSocketAddress(InetAddress.getByName(ask.client), 0));
    socket.connect(
        new InetSocketAddress(InetAddress.getLoopbackAddress(), ask.tls ? tlsPort : port),
        PATIENCE_MILLIS);
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(PATIENCE_MILLIS);
    if (ask.tls) {
      SSLSocketFactory of = ThreadLocalRandom.current().nextBoolean() ? tls : stranger();
      SSLSocket over = (SSLSocket) of.createSocket(socket, "shop.example", port, true);
      try {
        over.startHandshake();
      } catch (IOException e) {
        shut(over);
        throw e;
      }
      return new Connection(over, 0);
    }
    return new Connection(socket, 0);
  }

  private int exchange(Socket socket, Ask ask) throws IOException {
    String body = ask.post ? "item=1&count=2" : "";
    String head =
        (ask.post ? "POST " : "GET ")
            + ask.path
            + " HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: "
            + ask.agent
            + "\r\n"
            + (ask.post ? "Content-Length: " + body.length() + "\r\n" : "")
            + "\r\n"
            + body;
    OutputStream out = socket.getOutputStream();
    out.write(head.getBytes(StandardCharsets.US_ASCII));
    InputStream in = socket.getInputStream();
    byte[] bytes = new byte[ask.slowly ? 2_000 : 16 << 10];
    int most = ask.slowly ? 1_000 : 8 << 10;
    int length = 0;
    int end = -1;
    while (end < 0) {
      int count = in.read(bytes, length, Math.max(0, most - length));
      if (count <= 0) {
        throw new IOException("no answer"); // or more of it at once than its head can be
      }
      length += count;
      end = end(bytes, length);
    }
    String text = new String(bytes, 0, end, StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
    int at = text.indexOf("\ncontent-length:");
    long left =
        (at < 0 ? 0 : Long.parseLong(text.substring(at + 16, text.indexOf('\r', at)).strip()))
            - (length - end);
    while (left > 0) {
      if (ask.slowly) {
        LockSupport.parkNanos(20_000_000);
      }
      int count = in.read(bytes, 0, (int) Math.min(left, bytes.length));
      if (count < 0) {
        throw new IOException("cut");
      }
      left -= count;
    }
    return Integer.parseInt(text.substring(9, 12));
  }

  /** Behind the empty line; -1: it has not come yet. */
  private static int end(byte[] bytes, int length) {
    for (int i = 3; i < length; i++) {
      if (bytes[i] == '\n' && bytes[i - 1] == '\r' && bytes[i - 2] == '\n') {
        return i + 1;
      }
    }
    return -1;
  }

  private static void shut(Socket socket) {
    try {
      socket.close();
    } catch (IOException _) {
      // It is gone either way.
    }
  }

  @Override
  public void close() {
    closed = true;
    try {
      thread.join();
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
