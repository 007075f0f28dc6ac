package io.fairlead;

import io.fairlead.config.HostPort;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Speaks as much of MariaDB's protocol as it takes to be asked for its role, and is always a ready
 * node of a cluster of three. Whatever else it is asked it answers by its name.
 */
final class SpokenGalera implements AutoCloseable {
  private static final Map<String, String> STATUS =
      Map.of(
          "wsrep_ready", "ON",
          "wsrep_connected", "ON",
          "wsrep_local_state", "4",
          "wsrep_cluster_status", "Primary",
          "wsrep_cluster_state_uuid", "7",
          "wsrep_cluster_conf_id", "5",
          "wsrep_cluster_size", "3");

  private final String name;
  private final ServerSocket server;
  private final Set<Socket> clients = ConcurrentHashMap.newKeySet();
  private final Thread acceptor;

  /**
   * @param port 0: any
   */
  SpokenGalera(String name, int port) throws IOException {
    this.name = name;
    server = new ServerSocket();
    server.setReuseAddress(true);
    server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    acceptor = Thread.ofVirtual().start(this::accept);
  }

  int port() {
    return server.getLocalPort();
  }

  HostPort address() {
    return new HostPort("127.0.0.1", port());
  }

  private void accept() {
    try {
      while (true) {
        Socket client = server.accept();
        clients.add(client);
        Thread _ = Thread.ofVirtual().start(() -> serve(client));
      }
    } catch (IOException _) {
      // it has ended
    }
  }

  private void serve(Socket client) {
    try (client) {
      DataInputStream in = new DataInputStream(client.getInputStream());
      say(client, 0, greeting());
      byte[] _ = packet(in);
      say(client, 2, ok());
      for (byte[] asked = packet(in); asked[0] != 1; asked = packet(in)) {
        String sql = new String(asked, 1, asked.length - 1, StandardCharsets.UTF_8);
        if (sql.startsWith("SHOW GLOBAL STATUS")) {
          rows(
              client,
              STATUS.entrySet().stream().map(e -> List.of(e.getKey(), e.getValue())).toList(),
              2);
        } else if (sql.startsWith("SHOW")) {
          rows(client, List.of(), 2);
        } else {
          rows(client, List.of(List.of(name)), 1);
        }
      }
    } catch (IOException _) {
      // the client has gone, or we have
    } finally {
      clients.remove(client);
    }
  }

  private static byte[] packet(DataInputStream in) throws IOException {
    int length =
        in.readUnsignedByte() | (in.readUnsignedByte() << 8) | (in.readUnsignedByte() << 16);
    int _ = in.readUnsignedByte();
    byte[] body = new byte[length];
    in.readFully(body);
    return body;
  }

  private static void say(Socket client, int number, byte[] body) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    add(out, number, body);
    client.getOutputStream().write(out.toByteArray());
  }

  private static void add(ByteArrayOutputStream out, int number, byte[] body) {
    out.write(body.length);
    out.write(body.length >> 8);
    out.write(0);
    out.write(number);
    out.writeBytes(body);
  }

  private static byte[] greeting() {
    byte[] body = new byte[64];
    body[0] = 10;
    body[1] = '1';
    return body;
  }

  private static byte[] ok() {
    return new byte[] {0, 0, 0, 2, 0, 0, 0};
  }

  private static byte[] texts(List<String> values) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (String value : values) {
      out.write(value.length());
      out.writeBytes(value.getBytes(StandardCharsets.US_ASCII));
    }
    return out.toByteArray();
  }

  private static void rows(Socket client, List<List<String>> rows, int columns) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int number = 1;
    add(out, number++, new byte[] {(byte) columns});
    for (int i = 0; i < columns; i++) {
      add(out, number++, texts(List.of("def", "", "", "", "c" + i)));
    }
    byte[] end = {(byte) 0xFE, 0, 0, 2, 0};
    add(out, number++, end);
    for (List<String> row : rows) {
      add(out, number++, texts(row));
    }
    add(out, number, end);
    client.getOutputStream().write(out.toByteArray());
  }

  /** As a server that is killed: when a client finds out, nobody listens any more. */
  void end() throws IOException {
    server.close();
    try {
      acceptor.join(); // it may be accepting somebody yet, and closes the socket itself
    } catch (InterruptedException _) {
      throw new InterruptedIOException();
    }
    for (Socket client : clients) {
      client.close();
    }
  }

  @Override
  public void close() throws IOException {
    end();
  }
}
