package io.fairlead.record.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fairlead.config.HostPort;
import io.fairlead.config.LogSource;
import io.fairlead.telemetry.NodeLine;
import io.fairlead.telemetry.RecordLayout.Text;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger.Level;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Takes messages of syslog: a datagram is one; on a connection they are counted or end with a
 * newline (RFC 6587). Datagrams are dropped where there is no room, connections are made to wait.
 */
final class SyslogServer implements Closeable {
  private static final System.Logger LOG = System.getLogger(SyslogServer.class.getName());

  /** Connections at once; more are closed. */
  static final int MOST_CONNECTIONS = 64;

  /** Of a longer message the rest is skipped. */
  private static final int MOST_BYTES = 64 << 10;

  /** Asked of the kernel: what comes while lines before it are looked at. */
  private static final int RECEIVE_BUFFER = 4 << 20;

  private static final int IDLE_MILLIS = 3_600_000;
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  private final LogSource.Syslog source;
  private final LineSink sink;
  private final Closeable door;
  private final int port;
  private final Set<Socket> connections = ConcurrentHashMap.newKeySet();
  private volatile boolean closed;

  private SyslogServer(LogSource.Syslog source, LineSink sink) throws IOException {
    this.source = source;
    this.sink = sink;
    InetSocketAddress address = address(source.bind());
    if (source.datagrams()) {
      DatagramSocket socket = new DatagramSocket(address);
      socket.setReceiveBufferSize(RECEIVE_BUFFER);
      door = socket;
      port = socket.getLocalPort();
      Thread.ofPlatform().name("syslog " + port).daemon(true).start(() -> receive(socket));
    } else {
      ServerSocket socket = new ServerSocket();
      socket.setReuseAddress(true);
      socket.bind(address);
      door = socket;
      port = socket.getLocalPort();
      Thread.ofVirtual().name("syslog " + port).start(() -> accept(socket));
    }
  }

  static SyslogServer open(LogSource.Syslog source, LineSink sink) throws IOException {
    return new SyslogServer(source, sink);
  }

  static InetSocketAddress address(HostPort bind) throws IOException {
    InetSocketAddress address = new InetSocketAddress(bind.host(), bind.port());
    if (address.isUnresolved()) {
      throw new IOException(bind + " is no address of this machine");
    }
    return address;
  }

  int port() {
    return port;
  }

  private void receive(DatagramSocket socket) {
    byte[] bytes = new byte[MOST_BYTES];
    while (!closed) {
      DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
      try {
        socket.receive(packet);
      } catch (IOException e) {
        if (!closed) {
          LOG.log(Level.WARNING, "syslog at {0}: {1}", source.bind(), e.toString());
        }
        continue;
      }
      NodeLine line = read(bytes, packet.getLength(), packet.getAddress().getHostAddress());
      if (line != null) {
        sink.now(line);
      }
    }
  }

  private void accept(ServerSocket socket) {
    while (!closed) {
      try {
        Socket connection = socket.accept();
        if (connections.size() >= MOST_CONNECTIONS) {
          sink.stats().dropped.incrementAndGet();
          connection.close();
        } else {
          connections.add(connection);
          Thread.ofVirtual().name("syslog " + port).start(() -> serve(connection));
        }
      } catch (IOException e) {
        if (!closed) {
          LOG.log(Level.WARNING, "syslog at {0}: {1}", source.bind(), e.toString());
        }
      }
    }
  }

  private void serve(Socket connection) {
    try (connection;
        InputStream in = new BufferedInputStream(connection.getInputStream(), 1 << 16)) {
      connection.setSoTimeout(IDLE_MILLIS);
      String from = connection.getInetAddress().getHostAddress();
      byte[] bytes = new byte[MOST_BYTES];
      int length = next(in, bytes);
      while (length >= 0) {
        NodeLine line = length == 0 ? null : read(bytes, length, from);
        if (line != null && !sink.wait(line, PATIENCE, () -> closed)) {
          sink.stats().dropped.incrementAndGet();
        }
        length = next(in, bytes);
      }
    } catch (IOException e) {
      LOG.log(Level.DEBUG, "a syslog connection ended: {0}", e.toString());
    } finally {
      connections.remove(connection);
    }
  }

  /** The next message; its length, or -1 at the end. */
  private static int next(InputStream in, byte[] bytes) throws IOException {
    int first = in.read();
    if (first < 0) {
      return -1;
    }
    if (first >= '1' && first <= '9') {
      return counted(in, first - '0', bytes);
    }
    int length = 0;
    for (int next = first; next >= 0 && next != '\n'; next = in.read()) {
      if (length < bytes.length) {
        bytes[length++] = (byte) next;
      }
    }
    return length;
  }

  private static int counted(InputStream in, int firstDigit, byte[] bytes) throws IOException {
    long count = firstDigit;
    for (int next = in.read(); next != ' '; next = in.read()) {
      if (next < '0' || next > '9' || count > 1 << 24) {
        throw new IOException("no message begins like that");
      }
      count = count * 10 + next - '0';
    }
    int length = in.readNBytes(bytes, 0, (int) Math.min(count, bytes.length));
    in.skipNBytes(count - length);
    return length;
  }

  private @Nullable NodeLine read(byte[] bytes, int size, String from) {
    int length = size;
    while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == 0)) {
      length--;
    }
    long arrived = System.currentTimeMillis() * 1000;
    SyslogMessage message = SyslogMessage.parse(new String(bytes, 0, length, UTF_8), arrived);
    if (message == null) {
      sink.stats().unreadable.incrementAndGet();
      return null;
    }
    byte[] text = message.text().getBytes(UTF_8);
    if (text.length > Text.TEXT.most()) {
      sink.stats().cut.incrementAndGet();
      text = Arrays.copyOf(text, Text.TEXT.most());
    }
    String host = message.host().isEmpty() ? from : message.host();
    return new NodeLine(
        message.micros(),
        source.service(),
        source.node().isEmpty() ? host : source.node(),
        "syslog " + host + (message.app().isEmpty() ? "" : " " + message.app()),
        message.level(),
        LineParser.requestId(message.text()),
        LineParser.traceId(message.text()),
        null,
        text,
        text.length,
        0,
        0);
  }

  @Override
  public void close() throws IOException {
    closed = true;
    door.close();
    for (Socket connection : connections) {
      connection.close();
    }
  }
}
