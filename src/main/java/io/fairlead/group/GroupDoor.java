package io.fairlead.group;

import io.fairlead.config.GroupConfig;
import io.fairlead.config.HostPort;
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
import java.util.concurrent.Semaphore;
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
 * once.
 */
final class GroupDoor implements AutoCloseable {
  static final int MAX_LINE = 64 * 1024;
  static final int MAX_GUESTS = 16;
  private static final int PATIENCE_MILLIS = 3000;
  private static final String PREFIX = "fairlead-group/1 ";
  private static final System.Logger LOG = System.getLogger(GroupDoor.class.getName());

  private final ServerSocket socket;
  private final GroupConfig config;
  private final Seal seal;
  private final Function<Greeting.Hello, Greeting.Answer> answers;
  private final Semaphore guests = new Semaphore(MAX_GUESTS);
  private final SecureRandom random;

  private GroupDoor(
      ServerSocket socket,
      GroupConfig config,
      Function<Greeting.Hello, Greeting.Answer> answers,
      SecureRandom random) {
    this.socket = socket;
    this.config = config;
    this.seal = Seal.of(config);
    this.answers = answers;
    this.random = random;
  }

  static GroupDoor open(
      GroupConfig config,
      @Nullable SSLContext tls,
      SecureRandom random,
      Function<Greeting.Hello, Greeting.Answer> answers)
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
    GroupDoor door = new GroupDoor(socket, config, answers, random);
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
    try (guest) {
      guest.setSoTimeout(PATIENCE_MILLIS);
      String ours = nonce(random);
      OutputStream out = guest.getOutputStream();
      line(out, PREFIX + ours);
      String theirs = readLine(guest.getInputStream());
      int space = theirs.indexOf(' ');
      String text = seal.open(theirs.substring(space + 1), ours);
      Greeting.Answer answer =
          text == null
              ? new Greeting.Answer(
                  config.instance(),
                  "the token is another than that of " + config.instance(),
                  "",
                  false,
                  Map.of())
              : answers.apply(Greeting.read(text, Greeting.Hello.class));
      String nonce = space < 0 ? "" : theirs.substring(0, space);
      line(out, seal.close(Greeting.write(answer), nonce));
    } catch (IOException | RuntimeException e) {
      LOG.log(Level.DEBUG, "a stranger at the group''s door: {0}", e.getMessage());
    } finally {
      guests.release();
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
    try (Socket socket = tls == null ? new Socket() : tls.getSocketFactory().createSocket()) {
      socket.connect(new InetSocketAddress(address.host(), address.port()), PATIENCE_MILLIS / 3);
      socket.setSoTimeout(PATIENCE_MILLIS);
      Seal seal = Seal.of(config);
      InputStream in = socket.getInputStream();
      String first = readLine(in);
      if (!first.startsWith(PREFIX)) {
        throw new IOException("what answers at " + address + " is no instance of a group");
      }
      String nonce = nonce(random);
      line(
          socket.getOutputStream(),
          nonce + " " + seal.close(Greeting.write(hello), first.substring(PREFIX.length())));
      String text = seal.open(readLine(in), nonce);
      if (text == null) {
        return new Greeting.Answer(
            "",
            "the token is another than that of the instance at " + address,
            "",
            false,
            Map.of());
      }
      return Greeting.read(text, Greeting.Answer.class);
    } catch (IllegalArgumentException e) {
      throw new IOException("what answers at " + address + " is no instance of a group", e);
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

  private static String readLine(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    long deadline = System.nanoTime() + PATIENCE_MILLIS * 1_000_000L;
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
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "the group''s door: {0}", e.getMessage());
    }
  }
}
