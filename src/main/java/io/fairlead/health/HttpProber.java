package io.fairlead.health;

import io.fairlead.config.Probe;
import io.fairlead.health.HttpExpectation.Field;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A request over a connection of its own that is answered as wanted. The status line is read
 * strictly (RFC 9112, 4), the head has to be complete before the time is over, the body is looked
 * at only if something is wanted of it, redirects are not followed.
 */
final class HttpProber implements Prober {
  /** More head than this is not an answer to a health check. */
  static final int MAX_HEAD = 16 * 1024;

  private static final Pattern STATUS_LINE =
      Pattern.compile("HTTP/1\\.[01] ([1-5][0-9]{2})( [\\t\\x20-\\x7E\\x80-\\xFF]*)?");

  private final byte[] request;
  private final HttpExpectation expectation;
  private final Quote quote;
  private final ProbeLink link;

  /**
   * @param host value of the Host field
   */
  HttpProber(Probe.Http probe, String host, ProbeLink link) {
    this.link = link;
    this.quote = new Quote(probe.secrets());
    this.expectation = new HttpExpectation(probe.expect(), quote);
    StringBuilder head =
        new StringBuilder(probe.method() + " " + probe.path() + " HTTP/1.1\r\nhost: " + host);
    Map<String, String> fields = fields(probe);
    fields.forEach((name, value) -> head.append("\r\n").append(name).append(": ").append(value));
    this.request =
        head.append("\r\nconnection: close\r\n\r\n").toString().getBytes(StandardCharsets.UTF_8);
  }

  /** What a request says of itself, whatever the version. */
  static Map<String, String> fields(Probe.Http probe) {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("user-agent", "fairlead-health");
    fields.put("accept", "*/*");
    probe.headers().forEach((name, value) -> fields.put(name, value.value()));
    if (!Set.of("GET", "HEAD", "OPTIONS").contains(probe.method())) {
      fields.put("content-length", "0");
    }
    return fields;
  }

  @Override
  public ProbeResult probe(InetSocketAddress address, Deadline deadline) {
    try (Socket socket = new TimedSocket(deadline)) {
      socket.connect(address, deadline.remainingMillis());
      socket.setTcpNoDelay(true);
      try (Socket over = link.over(socket, ProbeLink.Asks.HTTP_1_1)) {
        over.getOutputStream().write(request); // fits into any send buffer: does not wait
        return read(over.getInputStream(), deadline);
      }
    } catch (EOFException e) {
      return new ProbeResult.Failed("connection closed before the body of the answer was complete");
    } catch (IOException e) {
      return Failures.of(e, deadline);
    }
  }

  private ProbeResult read(InputStream in, Deadline deadline) throws IOException {
    byte[] head = new byte[MAX_HEAD];
    int length = 0;
    while (length < head.length) {
      int count = in.read(head, length, head.length - length);
      if (count < 0) {
        return new ProbeResult.Failed(
            length == 0
                ? "connection closed without an answer"
                : "connection closed before the head of the answer was complete");
      }
      length += count;
      String text = new String(head, 0, length, StandardCharsets.ISO_8859_1);
      String wrong = wrongStart(text);
      if (wrong != null) {
        return new ProbeResult.Failed("answer is not HTTP: " + wrong);
      }
      int end = text.indexOf("\r\n\r\n");
      if (end >= 0) {
        InputStream begun = new ByteArrayInputStream(head, end + 4, length - end - 4);
        String failed = judge(text.substring(0, end), new SequenceInputStream(begun, in));
        return failed == null ? deadline.met() : new ProbeResult.Failed(failed);
      }
    }
    return new ProbeResult.Failed("the head of the answer is longer than 16 KiB");
  }

  /** What the answer begins with if that cannot become an HTTP answer any more. */
  private @Nullable String wrongStart(String text) {
    String wanted = "HTTP/1.";
    int end = text.indexOf('\n');
    if (!text.startsWith(wanted.substring(0, Math.min(wanted.length(), text.length())))) {
      return quote.of(text);
    }
    if (end < 0) {
      return null;
    }
    boolean right =
        end > 0
            && text.charAt(end - 1) == '\r'
            && STATUS_LINE.matcher(text.substring(0, end - 1)).matches();
    return right ? null : quote.of(text.substring(0, end));
  }

  private @Nullable String judge(String head, InputStream rest) throws IOException {
    String[] lines = head.split("\r\n", -1);
    Matcher line = STATUS_LINE.matcher(lines[0]);
    if (!line.matches()) {
      return "answer is not HTTP: " + quote.of(lines[0]);
    }
    int status = Integer.parseInt(line.group(1));
    List<Field> fields = new ArrayList<>();
    for (String field : lines) {
      int colon = field.indexOf(':');
      if (colon > 0) {
        fields.add(
            new Field(
                field.substring(0, colon).toLowerCase(Locale.ROOT),
                field.substring(colon + 1).strip()));
      }
    }
    String wrong = expectation.head(status, fields);
    return wrong == null && expectation.wanted().looksAtBody()
        ? new HttpBody(rest, expectation).judge(status, fields)
        : wrong;
  }
}
