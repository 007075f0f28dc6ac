package io.fairlead.docker;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.URLEncoder;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The Docker Engine API over its Unix socket, as Docker and Podman speak it; as much of HTTP as
 * that takes. The version is agreed on first: both ends refuse versions that are too old for them.
 */
public final class DockerApi {
  /** The label of containers that Fairlead has started itself. */
  public static final String MARK = "fairlead.mark";

  /** Versions that have all that is asked for here. */
  static final int OLDEST = 40;

  static final int NEWEST = 47;

  private static final JsonMapper MAPPER = new JsonMapper();
  private static final int MOST_BYTES = 16 * 1024 * 1024;
  private static final int MOST_WORDS = 300;
  private static final int MOST_FIELDS = 200;

  private final Path socket;
  private volatile @Nullable String version;

  /**
   * An answer.
   *
   * @param fields by lower-case name
   */
  public record Reply(int status, Map<String, String> fields, String body) {
    /** It is done, or was already (304). */
    public boolean ok() {
      return status / 100 == 2 || status == 304;
    }

    /**
     * What it says.
     *
     * @throws IOException if it is no JSON
     */
    public JsonNode json() throws IOException {
      try {
        return MAPPER.readTree(body.isEmpty() ? "{}" : body);
      } catch (JacksonException e) {
        throw new IOException("the engine answers without JSON", e);
      }
    }

    /** What it says about a failure. */
    public String words() {
      String said = body.strip();
      try {
        JsonNode message = MAPPER.readTree(said.isEmpty() ? "{}" : said).get("message");
        said = message == null ? said : message.asString(said);
      } catch (JacksonException e) {
        // As it stands.
      }
      said = said.replaceAll("\\p{Cntrl}", " ");
      return "status " + status + ": " + said.substring(0, Math.min(said.length(), MOST_WORDS));
    }
  }

  public DockerApi(Path socket) {
    this.socket = socket;
  }

  /**
   * Asks for something, in the version that was agreed on.
   *
   * @param path from the one behind the version on
   * @param body JSON; null: none
   * @throws IOException if the engine cannot be asked; that it refuses is an answer
   */
  public Reply call(String method, String path, @Nullable Object body, Duration timeout)
      throws IOException {
    String agreed = version;
    if (agreed == null) {
      agreed = agree(send("GET", "/version", null, timeout));
      version = agreed;
    }
    return send(method, "/v" + agreed + path, body, timeout);
  }

  /** The newest version that both know. */
  static String agree(Reply reply) throws IOException {
    if (!reply.ok()) {
      throw new IOException("the engine does not tell its version: " + reply.words());
    }
    JsonNode json = reply.json();
    int newest = minor(json.path("ApiVersion").asString(""));
    int oldest = minor(json.path("MinAPIVersion").asString("1.0"));
    int both = Math.min(newest, NEWEST);
    if (both < OLDEST || both < oldest) {
      throw new IOException(
          "the engine speaks versions 1."
              + oldest
              + " to 1."
              + newest
              + " of its API, and this speaks 1."
              + OLDEST
              + " to 1."
              + NEWEST);
    }
    return "1." + both;
  }

  private static int minor(String version) {
    // Podman puts its own version before, in some answers.
    return version.matches("1\\.[0-9]{1,4}") ? Integer.parseInt(version.substring(2)) : -1;
  }

  /** As it stands in a query. */
  public static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private Reply send(String method, String path, @Nullable Object body, Duration timeout)
      throws IOException {
    byte[] content = body == null ? new byte[0] : MAPPER.writeValueAsBytes(body);
    String head =
        method
            + " "
            + path
            + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            + (body == null ? "" : "Content-Type: application/json\r\n")
            + "Content-Length: "
            + content.length
            + "\r\n\r\n";
    try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
      CompletableFuture<Void> late =
          CompletableFuture.runAsync(
              () -> close(channel),
              CompletableFuture.delayedExecutor(timeout.toMillis(), TimeUnit.MILLISECONDS));
      try {
        channel.connect(UnixDomainSocketAddress.of(socket));
        write(channel, head.getBytes(StandardCharsets.US_ASCII));
        write(channel, content);
        return read(Channels.newInputStream(channel));
      } catch (AsynchronousCloseException e) {
        throw new IOException(
            "the engine at " + socket + " does not answer within " + timeout.toSeconds() + " s", e);
      } catch (ClosedChannelException e) {
        throw new IOException("the engine at " + socket + " does not answer in time", e);
      } catch (IOException e) {
        throw new IOException("the engine at " + socket + ": " + e.getMessage(), e);
      } finally {
        late.cancel(false);
      }
    }
  }

  private static void close(SocketChannel channel) {
    try {
      channel.close();
    } catch (IOException e) {
      // It is of no more use in any case.
    }
  }

  private static void write(SocketChannel channel, byte[] bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    while (buffer.hasRemaining()) {
      int _ = channel.write(buffer);
    }
  }

  static Reply read(InputStream in) throws IOException {
    String[] status = line(in).split(" ", 3);
    if (status.length < 2 || !status[1].matches("[1-5][0-9]{2}")) {
      throw new IOException("no answer of HTTP");
    }
    Map<String, String> fields = new TreeMap<>();
    int lines = 0;
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      if (++lines > MOST_FIELDS) {
        throw new IOException("more than " + MOST_FIELDS + " fields");
      }
      int colon = line.indexOf(':');
      if (colon > 0) {
        fields.put(
            line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
      }
    }
    int code = Integer.parseInt(status[1]);
    byte[] body;
    if (code == 204 || code == 304) {
      body = new byte[0];
    } else if (fields.getOrDefault("transfer-encoding", "").equalsIgnoreCase("chunked")) {
      body = chunks(in);
    } else if (fields.containsKey("content-length")) {
      body = exactly(in, number(fields.get("content-length"), 10));
    } else {
      body = in.readNBytes(MOST_BYTES + 1);
      if (body.length > MOST_BYTES) {
        throw new IOException("more than " + MOST_BYTES + " bytes");
      }
    }
    return new Reply(code, fields, new String(body, StandardCharsets.UTF_8));
  }

  private static byte[] chunks(InputStream in) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    while (true) {
      String size = line(in);
      int length = number(size.split(";", 2)[0].strip(), 16);
      if (length == 0) {
        return body.toByteArray();
      }
      if (body.size() + length > MOST_BYTES) {
        throw new IOException("more than " + MOST_BYTES + " bytes");
      }
      body.writeBytes(exactly(in, length));
      String _ = line(in);
    }
  }

  private static int number(@Nullable String text, int radix) throws IOException {
    try {
      int number = Integer.parseInt(String.valueOf(text), radix);
      if (number >= 0 && number <= MOST_BYTES) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Said below.
    }
    throw new IOException("a length that is none, or too much: " + text);
  }

  private static byte[] exactly(InputStream in, int length) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException("cut off");
    }
    return bytes;
  }

  private static String line(InputStream in) throws IOException {
    StringBuilder line = new StringBuilder();
    while (line.length() < 64 * 1024) {
      int b = in.read();
      if (b < 0) {
        throw new EOFException("cut off");
      }
      if (b == '\n') {
        int end = line.length() - 1;
        return end >= 0 && line.charAt(end) == '\r' ? line.substring(0, end) : line.toString();
      }
      line.append((char) b);
    }
    throw new IOException("a line that does not end");
  }
}
