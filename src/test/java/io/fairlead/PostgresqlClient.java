package io.fairlead;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** A client of PostgreSQL that needs no password and asks simple questions. */
final class PostgresqlClient implements AutoCloseable {
  private final Socket socket;
  private final DataInputStream in;
  private final DataOutputStream out;

  private PostgresqlClient(Socket socket) throws IOException {
    this.socket = socket;
    this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    this.out = new DataOutputStream(socket.getOutputStream());
  }

  static PostgresqlClient to(int port) throws IOException {
    return to(port, 20_000);
  }

  /**
   * @param patienceMillis for each byte
   */
  static PostgresqlClient to(int port, int patienceMillis) throws IOException {
    Socket socket = new Socket();
    try {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), patienceMillis);
      socket.setSoTimeout(patienceMillis);
      socket.setTcpNoDelay(true);
      PostgresqlClient client = new PostgresqlClient(socket);
      client.logIn();
      return client;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  private void logIn() throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(ByteBuffer.allocate(4).putInt(196_608).array());
    body.writeBytes("user\0admin\0database\0postgres\0\0".getBytes(StandardCharsets.US_ASCII));
    out.write(
        ByteBuffer.allocate(4 + body.size())
            .putInt(4 + body.size())
            .put(body.toByteArray())
            .array());
    String _ = readUntilReady();
  }

  /** The first value of the last row; empty: there is none. */
  String ask(String sql) throws IOException {
    byte[] text = (sql + "\0").getBytes(StandardCharsets.UTF_8);
    out.write(
        ByteBuffer.allocate(5 + text.length)
            .put((byte) 'Q')
            .putInt(4 + text.length)
            .put(text)
            .array());
    return readUntilReady();
  }

  /** What the server says unasked, which is why it ends the session. */
  void hear() throws IOException {
    String _ = readUntilReady();
  }

  private String readUntilReady() throws IOException {
    String value = "";
    String error = "";
    while (true) {
      char type = (char) in.readUnsignedByte();
      byte[] body = in.readNBytes(in.readInt() - 4);
      switch (type) {
        case 'Z' -> {
          if (!error.isEmpty()) {
            throw new IOException(error);
          }
          return value;
        }
        case 'D' -> {
          ByteBuffer row = ByteBuffer.wrap(body);
          int length = row.getShort() == 0 ? -1 : row.getInt();
          value = length < 0 ? "" : new String(body, 6, length, StandardCharsets.UTF_8);
        }
        case 'E' -> {
          error = new String(body, StandardCharsets.UTF_8).replace('\0', ' ');
          if (error.contains("FATAL")) {
            throw new IOException(error);
          }
        }
        default -> {
          if (in.available() < 0) {
            throw new EOFException();
          }
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
