package io.fairlead.health;

import io.fairlead.config.Probe;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A GET over a connection of its own that is answered with a wanted status. The status line is read
 * strictly (RFC 9112, 4), the head has to be complete before the time is over, the body is not
 * looked at, redirects are not followed.
 */
final class HttpProber implements Prober {
  /** More head than this is not an answer to a health check. */
  static final int MAX_HEAD = 16 * 1024;

  private static final int MAX_QUOTED = 40;
  private static final Pattern STATUS_LINE =
      Pattern.compile("HTTP/1\\.[01] ([1-5][0-9]{2})( [\\t\\x20-\\x7E\\x80-\\xFF]*)?");

  private final byte[] request;
  private final Probe.StatusRange expect;
  private final ProbeLink link;

  HttpProber(String path, String host, Probe.StatusRange expect, ProbeLink link) {
    this.link = link;
    this.request =
        ("GET "
                + path
                + " HTTP/1.1\r\nhost: "
                + host
                + "\r\nuser-agent: fairlead-health\r\naccept: */*\r\nconnection: close\r\n\r\n")
            .getBytes(StandardCharsets.ISO_8859_1);
    this.expect = expect;
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
      if (text.contains("\r\n\r\n")) {
        return judge(text, deadline);
      }
    }
    return new ProbeResult.Failed("the head of the answer is longer than 16 KiB");
  }

  /** What the answer begins with if that cannot become an HTTP answer any more. */
  private static @Nullable String wrongStart(String text) {
    String wanted = "HTTP/1.";
    int end = text.indexOf('\n');
    if (!text.startsWith(wanted.substring(0, Math.min(wanted.length(), text.length())))) {
      return printable(text);
    }
    if (end < 0) {
      return null;
    }
    boolean right =
        end > 0
            && text.charAt(end - 1) == '\r'
            && STATUS_LINE.matcher(text.substring(0, end - 1)).matches();
    return right ? null : printable(text.substring(0, end));
  }

  private ProbeResult judge(String text, Deadline deadline) {
    Matcher line = STATUS_LINE.matcher(text.substring(0, text.indexOf('\r')));
    if (!line.matches()) {
      return new ProbeResult.Failed("answer is not HTTP: " + printable(text));
    }
    int status = Integer.parseInt(line.group(1));
    return expect.contains(status)
        ? deadline.met()
        : new ProbeResult.Failed("answered " + status + ", wanted " + expect);
  }

  private static String printable(String text) {
    String start = text.substring(0, Math.min(MAX_QUOTED, text.length()));
    String shown = start.replaceAll("[^\\x20-\\x7E]", ".");
    return start.length() < text.length() ? shown + "…" : shown;
  }
}
