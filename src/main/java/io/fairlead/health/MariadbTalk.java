package io.fairlead.health;

import io.fairlead.config.Secret;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A login to MariaDB and a few short questions (client/server protocol, version 10 of the
 * handshake). As little of the protocol as that needs.
 */
final class MariadbTalk {
  private static final int PROTOCOL_41 = 0x200;
  private static final int TLS = 0x800;
  private static final int TRANSACTIONS = 0x2000;
  private static final int SECURE_CONNECTION = 0x8000;
  private static final int PLUGIN_AUTH = 0x80000;
  private static final int UTF8MB4 = 45;
  private static final int MAX_PACKET = 64 * 1024;
  private static final int MAX_PACKETS = 500;
  private static final int NONCE = 20;
  private static final String NATIVE = "mysql_native_password";

  /** Names of columns in lower case → values of the first row; empty: there is none. */
  record Answer(int error, Map<String, String> row, List<List<String>> rows) {}

  private Socket socket;
  private DataInputStream in;
  private OutputStream out;
  private int sequence;
  private int packets;
  private final String user;
  private final Secret password;
  private final Quote quote;
  private final ProbeLink link;

  MariadbTalk(Socket socket, String user, Secret password, Quote quote, ProbeLink link)
      throws IOException {
    this.user = user;
    this.password = password;
    this.quote = quote;
    this.link = link;
    this.socket = socket;
    this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    this.out = socket.getOutputStream();
  }

  /** Logs in, by TLS if probes speak it. */
  void logIn() throws IOException {
    authenticate(read());
  }

  void bye() throws IOException {
    sequence = 0;
    send(new byte[] {1});
  }

  private void authenticate(ByteBuffer greeting) throws IOException {
    if (greeting.get(0) == (byte) 0xFF) {
      throw new Conversation.Failure(said(greeting));
    }
    if (greeting.get(0) != 10 || greeting.remaining() < 44) {
      throw notMariadb();
    }
    boolean _ = greeting.get() == 10;
    String _ = text(greeting); // version
    need(greeting, 4 + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 10);
    byte[] nonce = new byte[NONCE];
    int _ = greeting.getInt();
    greeting.get(nonce, 0, 8);
    byte _ = greeting.get();
    int offers = greeting.getShort();
    greeting.position(greeting.position() + 1 + 2 + 2 + 1 + 10);
    need(greeting, NONCE - 8);
    greeting.get(nonce, 8, NONCE - 8);
    if (link.isSecure()) {
      startTls(offers);
    }
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(abilities());
    body.writeBytes(bytes(user));
    body.write(0);
    byte[] proof = proof(nonce);
    body.write(proof.length);
    body.writeBytes(proof);
    body.writeBytes(bytes(NATIVE));
    body.write(0);
    send(body.toByteArray());
    ByteBuffer answer = read();
    if (answer.get(0) == (byte) 0xFE) {
      byte _ = answer.get();
      String plugin = text(answer);
      if (!plugin.equals(NATIVE) || answer.remaining() < NONCE) {
        throw new Conversation.Failure(
            "asks for a login by " + quote.of(plugin) + "; the user of probes needs " + NATIVE);
      }
      answer.get(nonce);
      send(proof(nonce));
      answer = read();
    }
    if (answer.get(0) == (byte) 0xFF) {
      throw new Conversation.Failure(said(answer));
    }
    if (answer.get(0) != 0) {
      throw new Conversation.Failure("broke the rules of the login");
    }
  }

  private byte[] abilities() {
    return ByteBuffer.allocate(32)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(
            PROTOCOL_41
                | TRANSACTIONS
                | SECURE_CONNECTION
                | PLUGIN_AUTH
                | (link.isSecure() ? TLS : 0))
        .putInt(MAX_PACKET)
        .put((byte) UTF8MB4)
        .array();
  }

  /** What has been read in the clear beyond the greeting is forgotten with the buffer. */
  private void startTls(int offers) throws IOException {
    if ((offers & TLS) == 0) {
      throw new Conversation.Failure("does not speak TLS (have_ssl is not YES)");
    }
    send(abilities());
    sequence++;
    socket = link.over(socket, ProbeLink.Asks.ANYTHING);
    in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    out = socket.getOutputStream();
  }

  private byte[] proof(byte[] nonce) {
    String secret = password.value();
    if (secret.isEmpty()) {
      return new byte[0];
    }
    byte[] once = Digests.sha1(bytes(secret));
    return Digests.xor(once, Digests.sha1(nonce, Digests.sha1(once)));
  }

  Answer question(String sql) throws IOException {
    return question(sql, -1);
  }

  /** An error with that number is an answer. */
  Answer question(String sql, int known) throws IOException {
    sequence = 0;
    packets = 0;
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.write(3);
    body.writeBytes(bytes(sql));
    send(body.toByteArray());
    ByteBuffer head = read();
    if (head.get(0) == (byte) 0xFF) {
      if (head.remaining() >= 3 && (head.getShort(1) & 0xFFFF) == known) {
        return new Answer(known, Map.of(), List.of());
      }
      throw new Conversation.Failure(said(head));
    }
    int columns = head.get() & 0xFF;
    if (columns == 0 || columns > 250) {
      throw notMariadb();
    }
    List<String> names = new ArrayList<>();
    for (int i = 0; i < columns; i++) {
      ByteBuffer column = read();
      String name = "";
      for (int part = 0; part < 5; part++) { // catalogue, schema, table, its own name, and this
        name = value(column);
      }
      names.add(name.toLowerCase(Locale.ROOT));
    }
    ByteBuffer _ = read(); // end of columns
    List<List<String>> rows = new ArrayList<>();
    for (ByteBuffer row = read(); !isEnd(row); row = read()) {
      List<String> values = new ArrayList<>();
      for (int i = 0; i < columns; i++) {
        values.add(value(row));
      }
      rows.add(values);
    }
    Map<String, String> first = new HashMap<>();
    for (int i = 0; i < columns && !rows.isEmpty(); i++) {
      first.put(names.get(i), rows.getFirst().get(i));
    }
    return new Answer(0, first, rows);
  }

  /** Has something done that answers with no rows. */
  void order(String sql) throws IOException {
    sequence = 0;
    packets = 0;
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.write(3);
    body.writeBytes(bytes(sql));
    send(body.toByteArray());
    ByteBuffer answer = read();
    if (answer.get(0) == (byte) 0xFF) {
      throw new Conversation.Failure(said(answer));
    }
    if (answer.get(0) != 0) {
      throw notMariadb();
    }
  }

  private static boolean isEnd(ByteBuffer packet) {
    return packet.get(0) == (byte) 0xFE && packet.remaining() < 9;
  }

  /** With its length before it; empty where the value is null. */
  private static String value(ByteBuffer packet) throws IOException {
    need(packet, 1);
    int length = packet.get() & 0xFF;
    if (length == 0xFB) {
      return "";
    }
    if (length == 0xFC) {
      need(packet, 2);
      length = packet.getShort() & 0xFFFF;
    } else if (length > 0xFC) {
      throw notMariadb();
    }
    need(packet, length);
    byte[] bytes = new byte[length];
    packet.get(bytes);
    return new String(bytes, StandardCharsets.UTF_8);
  }

  private ByteBuffer read() throws IOException {
    if (packets++ >= MAX_PACKETS) {
      throw new Conversation.Failure("no answer within " + MAX_PACKETS + " packets");
    }
    int length = in.readUnsignedByte() | in.readUnsignedByte() << 8 | in.readUnsignedByte() << 16;
    sequence = in.readUnsignedByte() + 1;
    if (length == 0 || length > MAX_PACKET) {
      throw notMariadb();
    }
    byte[] body = in.readNBytes(length);
    if (body.length < length) {
      throw new EOFException();
    }
    return ByteBuffer.wrap(body).order(ByteOrder.LITTLE_ENDIAN);
  }

  private void send(byte[] body) throws IOException {
    byte[] packet =
        ByteBuffer.allocate(4 + body.length)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt(body.length | sequence << 24)
            .put(body)
            .array();
    out.write(packet);
  }

  /** An error's number and sentence. */
  private String said(ByteBuffer error) {
    int start = error.remaining() > 9 && error.get(3) == '#' ? 9 : 3;
    if (error.remaining() < start) {
      return "refuses the login";
    }
    byte[] sentence = new byte[error.remaining() - start];
    error.get(start, sentence);
    return "says: "
        + quote.sentence(new String(sentence, StandardCharsets.UTF_8))
        + " ("
        + (error.getShort(1) & 0xFFFF)
        + ")";
  }

  private static Conversation.Failure notMariadb() {
    return new Conversation.Failure("does not speak the protocol of MariaDB");
  }

  private static void need(ByteBuffer buffer, int bytes) throws IOException {
    if (buffer.remaining() < bytes) {
      throw notMariadb();
    }
  }

  private static String text(ByteBuffer buffer) {
    StringBuilder text = new StringBuilder();
    while (buffer.hasRemaining()) {
      byte b = buffer.get();
      if (b == 0) {
        break;
      }
      text.append((char) (b & 0xFF));
    }
    return text.toString();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
