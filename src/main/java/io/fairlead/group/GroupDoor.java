package io.fairlead.group;

import io.fairlead.config.GroupConfig;
import io.fairlead.config.HostPort;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import org.jspecify.annotations.Nullable;

/**
 * Where instances greet each other: the first of an instance's ports.
 *
 * <p>One line each way, after one that makes every conversation another: each is a code by the
 * group's token (HMAC-SHA-256 over both sides' nonces and the text) and JSON. So one side shows the
 * other that it knows the token without saying it, and nothing that was overheard is of use again.
 * Bounds: {@value #MAX_LINE} bytes for a line, 3 s for a conversation, {@value #MAX_GUESTS} at
 * once. Whoever says that it stays goes on with lines of its own, each sealed with the nonce and
 * its number, for as long as one comes every {@value #SILENCE_MILLIS} ms.
 */
final class GroupDoor implements AutoCloseable {
  static final int MAX_LINE = 64 * 1024;

  /** Of what is said, so that it fits into a line with its code. */
  static final int MAX_TEXT = MAX_LINE - 1024;

  static final int MAX_GUESTS = 16;
  private static final int MAX_STAYING = 64;
  private static final int SILENCE_MILLIS = 10 * Broadcast.PULSE_MILLIS;
  private static final int PATIENCE_MILLIS = 3000;
  private static final String PREFIX = "fairlead-group/1 ";
  private static final System.Logger LOG = System.getLogger(GroupDoor.class.getName());

  private final ServerSocket socket;
  private final GroupConfig config;
  private final Seal seal;
  private final Function<Greeting.Hello, Greeting.Answer> answers;
  private final Consumer<String> heard;
  private final Semaphore guests = new Semaphore(MAX_GUESTS);
  private final Semaphore staying = new Semaphore(MAX_STAYING);
  private final Set<Socket> open = ConcurrentHashMap.newKeySet();
  private final SecureRandom random;

  private GroupDoor(
      ServerSocket socket,
      GroupConfig config,
      Function<Greeting.Hello, Greeting.Answer> answers,
      Consumer<String> heard,
      SecureRandom random) {
    this.socket = socket;
    this.config = config;
    this.seal = Seal.of(config);
    this.answers = answers;
    this.heard = heard;
    this.random = random;
  }

  /**
   * @param heard is given each line that others say
   */
  static GroupDoor open(
      GroupConfig config,
      @Nullable SSLContext tls,
      SecureRandom random,
      Function<Greeting.Hello, Greeting.Answer> answers,
      Consumer<String> heard)
      throws IOException {
    ServerSocket socket =
        tls == null ? new ServerSocket() : tls.getServerSocketFactory().createServerSocket();
    if (socket instanceof SSLServerSocket secure) {
      secure.setNeedClientAuth(true);
    }
    try {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(config.bind().host(), config.bind().port()));
    } catch (IOException e) {
      socket.close();
      throw new IOException(
          "group.bind: cannot listen on " + config.bind() + ": " + e.getMessage(), e);
    }
    GroupDoor door = new GroupDoor(socket, config, answers, heard, random);
    Thread.ofVirtual().name("group door").start(door::accept);
    return door;
  }

  private void accept() {
    while (!socket.isClosed()) {
      try {
        Socket guest = socket.accept();
        if (guests.tryAcquire()) {
          Thread.ofVirtual().name("group guest").start(() -> serve(guest));
        } else {
          guest.close();
        }
      } catch (IOException e) {
        LOG.log(Level.DEBUG, "the group's door: {0}", e.getMessage());
      }
    }
  }

  private void serve(Socket guest) {
    boolean greeting = true;
    open.add(guest);
    try (guest) {
      guest.setSoTimeout(PATIENCE_MILLIS);
      String ours = nonce(random);
      OutputStream out = guest.getOutputStream();
      InputStream in = new BufferedInputStream(guest.getInputStream());
      line(out, PREFIX + ours);
      String theirs = readLine(in, PATIENCE_MILLIS);
      int space = theirs.indexOf(' ');
      String text = seal.open(theirs.substring(space + 1), ours);
      Greeting.Hello hello = text == null ? null : Greeting.read(text, Greeting.Hello.class);
      Greeting.Answer answer =
          hello == null
              ? new Greeting.Answer(
                  config.instance(),
                  "the token is another than that of " + config.instance(),
                  "",
                  false,
                  Map.of())
              : answers.apply(hello);
      String nonce = space < 0 ? "" : theirs.substring(0, space);
      line(out, seal.close(Greeting.write(answer), nonce));
      if (hello != null && hello.stays() && answer.refused() == null && staying.tryAcquire()) {
        guests.release();
        greeting = false;
        listen(guest, in, ours);
      }
    } catch (IOException | RuntimeException e) {
      LOG.log(Level.DEBUG, "a stranger at the group''s door: {0}", e.getMessage());
    } finally {
      open.remove(guest);
      (greeting ? guests : staying).release();
    }
  }

  private void listen(Socket guest, InputStream in, String nonce) throws IOException {
    guest.setSoTimeout(SILENCE_MILLIS);
    for (long number = 0; ; number++) {
      String text = seal.open(readLine(in, SILENCE_MILLIS), nonce + number);
      if (text == null) {
        throw new IOException("a line that nobody of the group has said");
      }
      if (!text.isEmpty()) {
        heard.accept(text);
      }
    }
  }

  /**
   * Greets another instance.
   *
   * @return what it answered
   * @throws IOException if nobody does, or nobody who knows the token
   */
  static Greeting.Answer greet(
      HostPort address,
      GroupConfig config,
      @Nullable SSLContext tls,
      SecureRandom random,
      Greeting.Hello hello)
      throws IOException {
    try (Socket socket = connect(address, tls)) {
      return greet(socket, address, config, random, hello).answer();
    }
  }

  private static Socket connect(HostPort address, @Nullable SSLContext tls) throws IOException {
    Socket socket = tls == null ? new Socket() : tls.getSocketFactory().createSocket();
    try {
      socket.connect(new InetSocketAddress(address.host(), address.port()), PATIENCE_MILLIS / 3);
      socket.setSoTimeout(PATIENCE_MILLIS);
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  private record Greeted(Greeting.Answer answer, String nonce) {}

  private static Greeted greet(
      Socket socket,
      HostPort address,
      GroupConfig config,
      SecureRandom random,
      Greeting.Hello hello)
      throws IOException {
    try {
      Seal seal = Seal.of(config);
      InputStream in = socket.getInputStream();
      String first = readLine(in, PATIENCE_MILLIS);
      if (!first.startsWith(PREFIX)) {
        throw new IOException("what answers at " + address + " is no instance of a group");
      }
      String theirs = first.substring(PREFIX.length());
      String nonce = nonce(random);
      line(socket.getOutputStream(), nonce + " " + seal.close(Greeting.write(hello), theirs));
      String text = seal.open(readLine(in, PATIENCE_MILLIS), nonce);
      Greeting.Answer answer =
          text == null
              ? new Greeting.Answer(
                  "",
                  "the token is another than that of the instance at " + address,
                  "",
                  false,
                  Map.of())
              : Greeting.read(text, Greeting.Answer.class);
      return new Greeted(answer, theirs);
    } catch (IllegalArgumentException e) {
      throw new IOException("what answers at " + address + " is no instance of a group", e);
    }
  }

  /** Lines that are said to another instance. */
  static final class Said implements AutoCloseable {
    private final Socket socket;
    private final Seal seal;
    private final String nonce;
    private long number;

    private Said(Socket socket, Seal seal, String nonce) {
      this.socket = socket;
      this.seal = seal;
      this.nonce = nonce;
    }

    /**
     * @param text without a line feed, {@value #MAX_TEXT} characters at most, all of one byte
     * @throws IOException if the other one does not listen any more
     */
    void say(String text) throws IOException {
      line(socket.getOutputStream(), seal.close(text, nonce + number++));
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  /**
   * Greets another instance to go on with lines.
   *
   * @throws IOException if nobody listens there
   */
  static Said stay(
      HostPort address,
      GroupConfig config,
      @Nullable SSLContext tls,
      SecureRandom random,
      Greeting.Hello hello)
      throws IOException {
    Socket socket = connect(address, tls);
    try {
      Greeted greeted = greet(socket, address, config, random, hello);
      if (greeted.answer().refused() != null) {
        throw new IOException(greeted.answer().refused());
      }
      socket.setTcpNoDelay(true);
      return new Said(socket, Seal.of(config), greeted.nonce());
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  private static String nonce(SecureRandom random) {
    byte[] bytes = new byte[16];
    random.nextBytes(bytes);
    return HexFormat.of().formatHex(bytes);
  }

  private static void line(OutputStream out, String text) throws IOException {
    out.write((text + "\n").getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  private static String readLine(InputStream in, int patienceMillis) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    long deadline = System.nanoTime() + patienceMillis * 1_000_000L;
    while (line.size() < MAX_LINE && System.nanoTime() < deadline) {
      int next = in.read();
      if (next < 0) {
        break;
      }
      if (next == '\n') {
        return line.toString(StandardCharsets.UTF_8);
      }
      line.write(next);
    }
    throw new IOException("no whole line came");
  }

  @Override
  public void close() {
    try {
      socket.close();
      for (Socket guest : open) {
        guest.close();
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "the group''s door: {0}", e.getMessage());
    }
  }
}
