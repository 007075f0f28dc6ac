package io.fairlead.alert;

import io.fairlead.config.HostPort;
import io.fairlead.config.ReceiverConfig;
import io.fairlead.config.ReceiverConfig.MailTls;
import io.fairlead.trust.NodeTrust;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import javax.net.ssl.SSLSocket;

/**
 * One mail handed to a server (RFC 5321), with STARTTLS (RFC 3207) or TLS from the start, and a
 * login by PLAIN or LOGIN (RFC 4954).
 */
final class Smtp implements AutoCloseable {
  private static final int CONNECT_MILLIS = 10_000;
  private static final int MAX_LINE = 2000;
  private static final int MAX_LINES = 100;
  private static final int MAX_SHOWN = 200;

  /** The server said no: for good with 5yz, for now with anything else. */
  private static final class No extends IOException {
    private static final long serialVersionUID = 1L;
    final int code;

    No(String what, Reply reply) {
      super(what + ": " + reply.text());
      code = reply.code;
    }
  }

  private record Reply(int code, List<String> lines) {
    String text() {
      String text = (code + " " + String.join(" ", lines)).replaceAll("\\p{Cntrl}", " ").strip();
      return text.length() > MAX_SHOWN ? text.substring(0, MAX_SHOWN) + "…" : text;
    }
  }

  private final ReceiverConfig.Email config;
  private Socket socket;
  private InputStream in;
  private OutputStream out;

  private Smtp(ReceiverConfig.Email config, Socket socket) throws IOException {
    this.config = config;
    this.socket = socket;
    this.in = new BufferedInputStream(socket.getInputStream());
    this.out = socket.getOutputStream();
  }

  /**
   * Sends it.
   *
   * @param name how we introduce ourselves
   * @param mail headers and body, with CR LF
   * @throws IOException if the connection fails
   */
  static Delivery send(ReceiverConfig.Email config, String name, String mail) throws IOException {
    HostPort server = config.smtp();
    Socket socket = new Socket();
    try (Smtp smtp = connect(config, socket, server)) {
      return smtp.talk(name, mail);
    } catch (No e) {
      return e.code >= 500
          ? new Delivery.Refused(String.valueOf(e.getMessage()))
          : new Delivery.Later(String.valueOf(e.getMessage()));
    } finally {
      socket.close();
    }
  }

  private static Smtp connect(ReceiverConfig.Email config, Socket socket, HostPort server)
      throws IOException {
    socket.connect(new InetSocketAddress(server.host(), server.port()), CONNECT_MILLIS);
    Smtp smtp = new Smtp(config, socket);
    if (config.tls() == MailTls.TLS) {
      smtp.secure();
    }
    return smtp;
  }

  private Delivery talk(String name, String mail) throws IOException {
    expect("greeting", read(), 220);
    Set<String> offers = hello(name);
    if (config.tls() == MailTls.STARTTLS) {
      if (!offers.contains("STARTTLS")) {
        return new Delivery.Later("the server does not offer STARTTLS");
      }
      expect("STARTTLS", say("STARTTLS"), 220);
      if (in.available() > 0) {
        throw new IOException("the server said more before TLS than it may");
      }
      secure();
      offers = hello(name);
    }
    if (!config.user().isEmpty()) {
      login(offers);
    }
    expect("sender", say("MAIL FROM:<" + config.from() + ">"), 250);
    List<String> refused = recipients();
    expect("DATA", say("DATA"), 354);
    write(stuffed(mail) + ".\r\n");
    expect("mail", read(), 250);
    try {
      Reply _ = say("QUIT");
    } catch (IOException _) {
      // It has the mail.
    }
    return refused.isEmpty()
        ? new Delivery.Done()
        : new Delivery.Refused("not for all: " + String.join("; ", refused));
  }

  /** Those for whom it is not taken; somebody has to be left. */
  private List<String> recipients() throws IOException {
    List<String> refused = new ArrayList<>();
    for (String to : config.to()) {
      Reply reply = say("RCPT TO:<" + to + ">");
      if (reply.code / 100 != 2) {
        if (config.to().size() == 1 || reply.code < 500) {
          throw new No(to, reply);
        }
        refused.add(to + ": " + reply.text());
        if (refused.size() == config.to().size()) {
          throw new No("every address", reply);
        }
      }
    }
    return refused;
  }

  private Set<String> hello(String name) throws IOException {
    String host = name.matches("[A-Za-z0-9.-]{1,253}") ? name : "localhost";
    Reply reply = say("EHLO " + host);
    expect("EHLO", reply, 250);
    Set<String> offers = new HashSet<>();
    for (String line : reply.lines) {
      String[] words = line.toUpperCase(Locale.ROOT).split(" ", -1);
      offers.add(words[0]);
      if (words[0].equals("AUTH")) {
        Arrays.stream(words).skip(1).forEach(way -> offers.add("AUTH " + way));
      }
    }
    return offers;
  }

  private void login(Set<String> offers) throws IOException {
    String user = config.user();
    String password = config.password().value();
    if (offers.contains("AUTH PLAIN")) {
      letIn(say("AUTH PLAIN " + base64("\0" + user + "\0" + password)), 235);
    } else if (offers.contains("AUTH LOGIN")) {
      letIn(say("AUTH LOGIN"), 334);
      letIn(say(base64(user)), 334);
      letIn(say(base64(password)), 235);
    } else {
      throw new IOException("the server offers no login by PLAIN or LOGIN");
    }
  }

  /** A server may repeat what it was told; and a password can be put right while the mail waits. */
  private static void letIn(Reply reply, int code) throws IOException {
    if (reply.code != code) {
      throw new IOException("login refused with " + reply.code);
    }
  }

  private void secure() throws IOException {
    HostPort server = config.smtp();
    SSLSocket secured =
        (SSLSocket)
            NodeTrust.context(config.ca())
                .getSocketFactory()
                .createSocket(socket, server.host(), server.port(), true);
    secured.startHandshake();
    socket = secured;
    in = new BufferedInputStream(secured.getInputStream());
    out = secured.getOutputStream();
  }

  private static void expect(String what, Reply reply, int code) throws No {
    if (reply.code != code) {
      throw new No(what, reply);
    }
  }

  private Reply say(String line) throws IOException {
    write(line + "\r\n");
    return read();
  }

  private void write(String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.UTF_8));
    out.flush();
  }

  /** {@code 250-...} lines and a last one with a space (RFC 5321, 4.2.1). */
  private Reply read() throws IOException {
    List<String> lines = new ArrayList<>();
    while (lines.size() < MAX_LINES) {
      String line = readLine();
      if (!line.matches("[2-5][0-9]{2}([ -].*)?")) {
        throw new IOException("the server does not speak SMTP");
      }
      lines.add(line.length() > 4 ? line.substring(4) : "");
      if (line.length() == 3 || line.charAt(3) == ' ') {
        return new Reply(Integer.parseInt(line.substring(0, 3)), lines);
      }
    }
    throw new IOException("the server's answer does not end");
  }

  private String readLine() throws IOException {
    StringBuilder line = new StringBuilder();
    while (line.length() <= MAX_LINE) {
      int next = in.read();
      if (next < 0) {
        throw new IOException("the server closed the connection");
      }
      if (next == '\n') {
        return line.toString();
      }
      if (next != '\r') {
        line.append((char) next);
      }
    }
    throw new IOException("the server's answer does not end");
  }

  /** A line that begins with a dot gets another (RFC 5321, 4.5.2). */
  static String stuffed(String mail) {
    return mail.replaceAll("(?m)^\\.", "..");
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
