package io.fairlead.demo;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A socket with a loose reader of answers, written apart from the code under test. */
final class RawClient implements AutoCloseable {
  final Socket socket;
  private final InputStream in;

  record Reply(String statusLine, List<String> fields, String body, List<String> trailers) {
    int status() {
      return Integer.parseInt(statusLine.split(" ", -1)[1]);
    }

    String field(String name) {
      return fields.stream()
          .filter(field -> field.toLowerCase(Locale.ROOT).startsWith(name + ": "))
          .map(field -> field.substring(name.length() + 2))
          .findFirst()
          .orElse("");
    }
  }

  RawClient(TestNode node) throws IOException {
    socket = new Socket(InetAddress.getLoopbackAddress(), node.port());
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(5000);
    in = new BufferedInputStream(socket.getInputStream());
  }

  RawClient send(String bytes) throws IOException {
    socket.getOutputStream().write(bytes.getBytes(StandardCharsets.ISO_8859_1));
    return this;
  }

  /** Sends text in which a tilde stands for CRLF. */
  RawClient sendLines(String lines) throws IOException {
    return send(lines.replace("~", "\r\n"));
  }

  RawClient get(String target) throws IOException {
    return send("GET " + target + " HTTP/1.1\r\nhost: test\r\n\r\n");
  }

  Reply reply() throws IOException {
    return reply(true);
  }

  Reply reply(boolean withBody) throws IOException {
    String statusLine = line();
    List<String> fields = lines();
    Reply head = new Reply(statusLine, fields, "", List.of());
    if (!withBody || head.status() < 200 || head.status() == 204 || head.status() == 304) {
      return head;
    }
    if (head.field("transfer-encoding").equals("chunked")) {
      StringBuilder body = new StringBuilder();
      for (int size = Integer.parseInt(line(), 16); size > 0; ) {
        body.append(bytes(size));
        line();
        size = Integer.parseInt(line(), 16);
      }
      return new Reply(statusLine, fields, body.toString(), lines());
    }
    String length = head.field("content-length");
    String body = length.isEmpty() ? rest() : bytes(Integer.parseInt(length));
    return new Reply(statusLine, fields, body, List.of());
  }

  private List<String> lines() throws IOException {
    List<String> lines = new ArrayList<>();
    for (String line = line(); !line.isEmpty(); line = line()) {
      lines.add(line);
    }
    return lines;
  }

  String line() throws IOException {
    StringBuilder line = new StringBuilder();
    while (line.length() < 2 || line.indexOf("\r\n", line.length() - 2) < 0) {
      int b = in.read();
      if (b < 0) {
        throw new IOException("end after: " + line);
      }
      line.append((char) b);
    }
    return line.substring(0, line.length() - 2);
  }

  String bytes(int count) throws IOException {
    return new String(in.readNBytes(count), StandardCharsets.ISO_8859_1);
  }

  /** Everything until the node closes. */
  String rest() throws IOException {
    ByteArrayOutputStream rest = new ByteArrayOutputStream();
    in.transferTo(rest);
    return rest.toString(StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
