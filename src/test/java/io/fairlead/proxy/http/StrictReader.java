package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Reads what a proxy wrote, and objects to everything that another parser could read differently.
 *
 * <p>It is narrower than RFC 9112 on purpose. What a proxy re-emits has no reason to hold a bare
 * line feed, two framings, a chunk extension, a leading zero in a size or white space beyond the
 * one space after a colon; if it does, bytes of the peer went through unread.
 */
final class StrictReader {

  /** Something arrived that a strict parser would not take. */
  static final class Doubt extends Exception {
    private static final long serialVersionUID = 1;

    Doubt(String message) {
      super(message);
    }
  }

  private static final String TCHAR = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
  private static final Pattern REQUEST_LINE =
      Pattern.compile(TCHAR + " (\\*|/[!-~&&[^#\\\\]]*) HTTP/1\\.1");
  private static final Pattern STATUS_LINE =
      Pattern.compile("HTTP/1\\.1 [1-5][0-9]{2} [\t -~\\x80-\\xff]*");
  private static final Pattern FIELD =
      Pattern.compile(TCHAR + ": ?([!-~\\x80-\\xff]([\t -~\\x80-\\xff]*[!-~\\x80-\\xff])?)?");
  private static final Pattern HOST = Pattern.compile("[!-~&&[^/?#@,\\\\]]+");
  private static final Pattern LENGTH = Pattern.compile("0|[1-9][0-9]{0,17}");
  private static final Pattern CHUNK_SIZE = Pattern.compile("0|[1-9a-fA-F][0-9a-fA-F]{0,14}");

  /** No line and no head of a test is longer; what is, is garbage. */
  private static final int LONGEST_LINE = 200_000;

  private final InputStream in;

  StrictReader(InputStream in) {
    this.in = new BufferedInputStream(in, 16_384);
  }

  /**
   * Reads a request up to the end of its head.
   *
   * @return false when the peer closed before the first byte
   */
  boolean readRequestHead(Received into) throws IOException, Doubt {
    if (!readHead(into, REQUEST_LINE)) {
      return false;
    }
    List<String> hosts = into.values("Host");
    must(hosts.size() == 1, "not exactly one Host", hosts);
    must(HOST.matcher(hosts.getFirst()).matches(), "a doubtful Host", hosts.getFirst());
    checkFraming(into);
    return true;
  }

  /** Reads the body of the request whose head was read into {@code into}. */
  void readRequestBody(Received into) throws IOException, Doubt {
    if (!readFramedBody(into)) {
      into.progress = Received.Progress.COMPLETE;
    }
  }

  /**
   * Reads a whole response.
   *
   * @param toHead whether it answers a HEAD request and so has no body
   * @return false when the peer closed before the first byte
   */
  boolean readResponse(Received into, boolean toHead) throws IOException, Doubt {
    if (!readHead(into, STATUS_LINE)) {
      return false;
    }
    checkFraming(into);
    int status = into.status();
    if (status < 200 || status == 204) {
      must(into.values("Content-Length").isEmpty(), "Content-Length in a " + status, into.start);
      must(into.values("Transfer-Encoding").isEmpty(), "chunked in a " + status, into.start);
    }
    if (toHead || status < 200 || status == 204 || status == 304) {
      into.progress = Received.Progress.COMPLETE;
    } else if (!readFramedBody(into)) {
      for (int b = in.read(); b >= 0; b = in.read()) {
        into.body.append((char) b);
      }
      into.progress = Received.Progress.COMPLETE;
    }
    return true;
  }

  /** What comes when no message is expected: the next byte, or -1 at the end. */
  int read() throws IOException {
    return in.read();
  }

  /** Exactly {@code length} bytes of a tunnel. */
  String readRaw(int length) throws IOException {
    return new String(in.readNBytes(length), ISO_8859_1);
  }

  /** Exactly as many bytes as the array has. */
  void readFully(byte[] into) throws IOException {
    if (in.readNBytes(into, 0, into.length) < into.length) {
      throw new EOFException("the message ends too early");
    }
  }

  /** Reads the head of a response and leaves its body. */
  void readResponseHead(Received into) throws IOException, Doubt {
    if (!readHead(into, STATUS_LINE)) {
      throw new EOFException("closed before a response");
    }
    checkFraming(into);
  }

  /** Whatever has arrived, at least one byte; empty at the end. */
  byte[] readSome() throws IOException {
    int first = in.read();
    if (first < 0) {
      return new byte[0];
    }
    byte[] rest = in.readNBytes(in.available());
    byte[] all = new byte[rest.length + 1];
    all[0] = (byte) first;
    System.arraycopy(rest, 0, all, 1, rest.length);
    return all;
  }

  private boolean readHead(Received into, Pattern startLine) throws IOException, Doubt {
    int first = in.read();
    if (first < 0) {
      return false;
    }
    into.progress = Received.Progress.IN_HEAD;
    into.start = line(first);
    must(startLine.matcher(into.start).matches(), "a doubtful first line", into.start);
    readFields(into.fields);
    into.progress = Received.Progress.IN_BODY;
    return true;
  }

  private static void checkFraming(Received message) throws Doubt {
    List<String> lengths = message.values("Content-Length");
    List<String> codings = message.values("Transfer-Encoding");
    must(lengths.size() + codings.size() <= 1, "framed twice", message.fields);
    must(all(lengths, LENGTH.asMatchPredicate()), "a doubtful Content-Length", lengths);
    must(all(codings, "chunked"::equals), "a doubtful Transfer-Encoding", codings);
  }

  private static boolean all(List<String> values, Predicate<String> rule) {
    return values.stream().allMatch(rule);
  }

  /** False when the message has no framing of its own. */
  private boolean readFramedBody(Received into) throws IOException, Doubt {
    List<String> lengths = into.values("Content-Length");
    if (!lengths.isEmpty()) {
      copy(Long.parseLong(lengths.getFirst()), into);
    } else if (!into.values("Transfer-Encoding").isEmpty()) {
      readChunks(into);
    } else {
      return false;
    }
    into.progress = Received.Progress.COMPLETE;
    return true;
  }

  private void readChunks(Received into) throws IOException, Doubt {
    while (true) {
      String size = line(next());
      must(CHUNK_SIZE.matcher(size).matches(), "a doubtful chunk size", size);
      long length = Long.parseLong(size, 16);
      if (length == 0) {
        readFields(into.trailers);
        return;
      }
      copy(length, into);
      must(line(next()).isEmpty(), "a chunk longer than its size", size);
    }
  }

  private void readFields(List<Field> fields) throws IOException, Doubt {
    for (String line = line(next()); !line.isEmpty(); line = line(next())) {
      must(FIELD.matcher(line).matches(), "a doubtful field", line);
      fields.add(Field.of(line));
    }
  }

  private void copy(long length, Received into) throws IOException {
    for (long i = 0; i < length; i++) {
      into.body.append((char) next());
    }
  }

  private int next() throws IOException {
    int b = in.read();
    if (b < 0) {
      throw new EOFException("the message ends too early");
    }
    return b;
  }

  /** A line that ends in CRLF and holds no other CR or LF; its beginning may already be read. */
  private String line(int first) throws IOException, Doubt {
    StringBuilder line = new StringBuilder();
    int b = first;
    while (b != '\r') {
      must(b != '\n', "a bare LF after", line);
      must(line.length() < LONGEST_LINE, "a line without end", line.length());
      line.append((char) b);
      b = next();
    }
    must(next() == '\n', "a bare CR after", line);
    return line.toString();
  }

  private static void must(boolean holds, String otherwise, Object seen) throws Doubt {
    if (!holds) {
      throw new Doubt(otherwise + " (" + Escapes.escape(seen.toString()) + ")");
    }
  }
}
