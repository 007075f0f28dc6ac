package io.fairlead.health;

import io.fairlead.config.RedisProbe;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Asks Redis, in its own words (RESP 2): PING, and ROLE where that matters. */
final class RedisProber implements Prober {
  private static final int MAX_LINE = 1024;
  private static final int MAX_PARTS = 4096;

  private final RedisProbe probe;
  private final ProbeLink link;

  RedisProber(RedisProbe probe, ProbeLink link) {
    this.probe = probe;
    this.link = link;
  }

  @Override
  public ProbeResult probe(InetSocketAddress address, Deadline deadline) {
    Conversation conversation = this::ask;
    return conversation.have(address, deadline, link);
  }

  private @Nullable String ask(Socket socket) throws IOException {
    InputStream in = new BufferedInputStream(socket.getInputStream());
    OutputStream out = socket.getOutputStream();
    String password = probe.password().value();
    if (!password.isEmpty()) {
      List<String> _ =
          probe.user().isEmpty()
              ? call(in, out, "AUTH", password)
              : call(in, out, "AUTH", probe.user(), password);
    }
    List<String> _ = call(in, out, "PING");
    return probe.role() == RedisProbe.Role.ANY ? null : judge(call(in, out, "ROLE"));
  }

  private @Nullable String judge(List<String> role) {
    String is = role.getFirst();
    String known =
        switch (is) {
          case "master" -> "master";
          case "slave" -> "replica";
          default -> "sentinel";
        };
    String wanted = probe.role().name().toLowerCase(Locale.ROOT);
    if (!known.equals(wanted)) {
      return "is a " + known + " (ROLE), wanted " + wanted;
    }
    return known.equals("replica") && (role.size() < 4 || !role.get(3).equals("connected"))
        ? "its link to its master is not up (ROLE)"
        : null;
  }

  private static List<String> call(InputStream in, OutputStream out, String... words)
      throws IOException {
    StringBuilder command = new StringBuilder("*" + words.length + "\r\n");
    for (String word : words) {
      command.append('$').append(word.getBytes(StandardCharsets.UTF_8).length);
      command.append("\r\n").append(word).append("\r\n");
    }
    out.write(command.toString().getBytes(StandardCharsets.UTF_8));
    return new Reply(in, words[0]).read();
  }

  /** One reply as the list of its parts; of parts within parts, these. */
  private record Reply(InputStream in, String to) {
    List<String> read() throws IOException {
      List<String> parts = new ArrayList<>();
      int left = 1;
      for (int i = 0; left > 0; i++, left--) {
        String line = line();
        char type = line.isEmpty() ? ' ' : line.charAt(0);
        String rest = line.isEmpty() ? "" : line.substring(1);
        switch (type) {
          case '+', ':' -> parts.add(rest);
          case '-' -> throw new Conversation.Failure(error(rest));
          case '$' -> parts.add(bulk(number(rest)));
          case '*' -> left += Math.max(0, number(rest));
          default -> throw notRedis();
        }
        if (left > MAX_PARTS || i > MAX_PARTS) {
          throw notRedis();
        }
      }
      if (parts.isEmpty()) {
        throw notRedis();
      }
      return parts;
    }

    /** Its word only: what follows could be what was said. */
    private String error(String said) {
      String word = said.split(" ", 2)[0];
      return "answered " + (word.matches("[A-Z]{2,20}") ? word : "with an error") + " to " + to;
    }

    private int number(String text) throws IOException {
      if (!text.matches("-1|[0-9]{1,6}")) {
        throw notRedis();
      }
      return Integer.parseInt(text);
    }

    private String bulk(int length) throws IOException {
      if (length < 0) {
        return "";
      }
      if (length > MAX_LINE) {
        throw notRedis();
      }
      byte[] bytes = in.readNBytes(length + 2);
      if (bytes.length < length + 2) {
        throw new EOFException();
      }
      return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    private String line() throws IOException {
      String line = Conversation.line(in, MAX_LINE);
      if (line.length() == MAX_LINE) {
        throw notRedis();
      }
      return line;
    }

    private static Conversation.Failure notRedis() {
      return new Conversation.Failure("does not speak the protocol of Redis");
    }
  }
}
