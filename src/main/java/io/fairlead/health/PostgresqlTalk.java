package io.fairlead.health;

import io.fairlead.config.Secret;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * A login to PostgreSQL, and questions that have a row for an answer (frontend/backend protocol
 * 3.0). That needs so little of the protocol that it is written out here: a driver would be a
 * megabyte, with threads and time-outs of its own.
 */
final class PostgresqlTalk {
  private static final int PROTOCOL_3_0 = 196_608;
  private static final int WANTS_TLS = 80_877_103;
  private static final int MAX_MESSAGE = 64 * 1024;
  private static final int MAX_MESSAGES = 200;

  /** Starting, shutting down or recovering. */
  private static final String NOT_READY = "57P03";

  /**
   * Who logs in.
   *
   * @param user empty: nobody
   * @param database empty: the one named as the user
   * @param application what the server lists it as
   */
  record Login(String user, Secret password, String database, String application) {
    /** Of a probe. */
    Login(String user, Secret password, String database) {
      this(user, password, database, "fairlead-health");
    }
  }

  /** One message of the server. */
  private record Message(char type, ByteBuffer body) {
    String text() {
      StringBuilder text = new StringBuilder();
      while (body.hasRemaining()) {
        byte b = body.get();
        if (b == 0) {
          break;
        }
        text.append((char) (b & 0xFF));
      }
      return text.toString();
    }
  }

  private final DataInputStream in;
  private final DataOutputStream out;
  private final Login login;
  private final Quote quote;
  private final Duration timeout;
  private int messages;
  private String warning = "";

  /**
   * @param timeout what the server is told that a question may take; zero: nothing
   */
  PostgresqlTalk(Socket socket, Login login, Quote quote, Duration timeout) throws IOException {
    this.in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    this.out = new DataOutputStream(socket.getOutputStream());
    this.login = login;
    this.quote = quote;
    this.timeout = timeout;
  }

  /**
   * Nothing is read but the answer, so that nothing said in the clear is taken for more.
   *
   * @param optional whether the server may say no
   * @return whether TLS comes next
   */
  static boolean askForTls(Socket socket, boolean optional) throws IOException {
    socket.getOutputStream().write(ByteBuffer.allocate(8).putInt(8).putInt(WANTS_TLS).array());
    int answer = socket.getInputStream().read();
    return switch (answer) {
      case 'S' -> true;
      case 'N' -> {
        if (!optional) {
          throw new Conversation.Failure("does not speak TLS (ssl is off)");
        }
        yield false;
      }
      case -1 -> throw new EOFException();
      default -> throw new Conversation.Failure(notPostgresql(answer));
    };
  }

  /**
   * Says who is there and no more: whether the server would let somebody in.
   *
   * @return what is wrong with it, or null
   */
  @Nullable String knock() throws IOException {
    greet(false);
    Message first = read();
    if (first.type() == 'E') {
      List<String> error = error(first);
      return error.getFirst().equals(NOT_READY) ? said(error) : null;
    }
    return first.type() == 'R' ? null : notPostgresql(first);
  }

  /** Logs in. */
  void logIn() throws IOException {
    greet(true);
    authenticate();
    Message message = read();
    while (message.type() != 'Z') {
      message = read();
    }
  }

  /** The last row of the answer; empty if there is none. */
  List<@Nullable String> row(String question) throws IOException {
    messages = 0;
    warning = "";
    send('Q', cString(question));
    List<@Nullable String> row = List.of();
    Message message = read();
    while (message.type() != 'Z') {
      if (message.type() == 'D') {
        row = row(message.body());
      }
      message = read();
    }
    return row;
  }

  /** What the server warned of when it answered last; empty: of nothing. */
  String warning() {
    return warning;
  }

  void bye() throws IOException {
    send('X', new byte[0]);
  }

  private void greet(boolean logsIn) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    body.writeBytes(ByteBuffer.allocate(4).putInt(PROTOCOL_3_0).array());
    pair(body, "user", logsIn ? login.user() : "fairlead-health");
    if (!login.database().isEmpty()) {
      pair(body, "database", login.database());
    }
    pair(body, "application_name", login.application());
    if (logsIn && !timeout.isZero()) {
      pair(body, "options", "-c statement_timeout=" + timeout.toMillis());
    }
    body.write(0);
    out.write(ByteBuffer.allocate(4).putInt(body.size() + 4).array());
    out.write(body.toByteArray());
  }

  private void authenticate() throws IOException {
    ScramLogin scram = null;
    while (true) {
      Message message = read();
      if (message.type() != 'R' || message.body().remaining() < 4) {
        throw new Conversation.Failure(notPostgresql(message));
      }
      ByteBuffer body = message.body();
      int asked = body.getInt();
      switch (asked) {
        case 0 -> {
          if (scram != null && !scram.isComplete()) {
            throw new Conversation.Failure("let the probe in without proving who it is");
          }
          return;
        }
        case 5 -> {
          byte[] salt = new byte[Math.min(4, body.remaining())];
          body.get(salt);
          send('p', cString(md5(salt)));
        }
        case 10 -> {
          scram = new ScramLogin(login.password().value());
          send('p', scram.first(mechanisms(message)));
        }
        case 11, 12 -> {
          if (scram == null) {
            throw new Conversation.Failure("broke the rules of the login");
          }
          byte[] data = new byte[body.remaining()];
          body.get(data);
          if (asked == 11) {
            send('p', scram.proof(data));
          } else {
            scram.verify(data);
          }
        }
        case 3 ->
            throw new Conversation.Failure(
                "asks for the password in the clear, which a probe does not say; pg_hba.conf needs"
                    + " scram-sha-256");
        default ->
            throw new Conversation.Failure("asks for a login that probes do not know: " + asked);
      }
    }
  }

  private static List<String> mechanisms(Message message) {
    List<String> all = new ArrayList<>();
    while (message.body().hasRemaining()) {
      all.add(message.text());
    }
    return all;
  }

  private String md5(byte[] salt) throws IOException {
    String inner = hex(Digests.md5(utf8(login.password().value()), utf8(login.user())));
    return "md5" + hex(Digests.md5(utf8(inner), salt));
  }

  /** The next message that is not an error; those that tell something by the way are skipped. */
  private Message read() throws IOException {
    while (messages++ < MAX_MESSAGES) {
      char type = (char) in.readUnsignedByte();
      int length = in.readInt() - 4;
      if (length < 0 || length > MAX_MESSAGE) {
        throw new Conversation.Failure("does not speak the protocol of PostgreSQL");
      }
      byte[] body = in.readNBytes(length);
      if (body.length < length) {
        throw new EOFException();
      }
      Message message = new Message(type, ByteBuffer.wrap(body));
      if (type == 'E' && !login.user().isEmpty()) {
        throw new Conversation.Failure(said(error(message)));
      }
      if (type == 'N') {
        List<String> notice = error(message);
        if (notice.getFirst().startsWith("01")) {
          warning = quote.sentence(notice.getLast());
        }
      }
      if (type != 'N' && type != 'S' && type != 'K' && type != 'v') {
        return message;
      }
    }
    throw new Conversation.Failure("no answer within " + MAX_MESSAGES + " messages");
  }

  private void send(char type, byte[] body) throws IOException {
    ByteBuffer message = ByteBuffer.allocate(5 + body.length);
    message.put((byte) type).putInt(body.length + 4).put(body);
    out.write(message.array());
  }

  private String said(List<String> error) {
    return "says: " + quote.sentence(error.getLast()) + " (" + quote.of(error.getFirst()) + ")";
  }

  private static String notPostgresql(Message message) {
    return notPostgresql(message.type());
  }

  private static String notPostgresql(int first) {
    return "does not speak the protocol of PostgreSQL: began with byte " + first;
  }

  /** Code and sentence. */
  private static List<String> error(Message message) {
    String code = "";
    String sentence = "";
    while (message.body().hasRemaining()) {
      char field = (char) message.body().get();
      if (field == 0) {
        break;
      }
      String value = message.text();
      code = field == 'C' ? value : code;
      sentence = field == 'M' ? value : sentence;
    }
    return List.of(code, sentence);
  }

  private static List<@Nullable String> row(ByteBuffer body) {
    List<@Nullable String> row = new ArrayList<>();
    int columns = body.remaining() < 2 ? 0 : body.getShort();
    for (int i = 0; i < columns && body.remaining() >= 4; i++) {
      int length = body.getInt();
      if (length < 0 || length > body.remaining()) {
        row.add(null);
      } else {
        byte[] value = new byte[length];
        body.get(value);
        row.add(new String(value, StandardCharsets.UTF_8));
      }
    }
    return row;
  }

  private static void pair(ByteArrayOutputStream out, String key, String value) {
    out.writeBytes(cString(key));
    out.writeBytes(cString(value));
  }

  private static byte[] cString(String text) {
    return utf8(text + "\0");
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes).toLowerCase(Locale.ROOT);
  }
}
