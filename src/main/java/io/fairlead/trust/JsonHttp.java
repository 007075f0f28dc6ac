package io.fairlead.trust;

import io.fairlead.config.Secret;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse.BodySubscribers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Asks one server by HTTP for JSON. Each question has its time, for all of the answer, and each
 * answer its size; no redirection is followed, and what is sent along appears in no message.
 */
public final class JsonHttp implements AutoCloseable {
  /** Of an answer. */
  public static final int MOST_BYTES = 16 * 1024 * 1024;

  private static final int OK = 200;
  private static final int MOST_WORDS = 200;
  private static final JsonMapper MAPPER = new JsonMapper();

  private final String base;
  private final List<Path> ca;
  private @Nullable HttpClient client;
  private List<String> authorities = List.of();
  private boolean closed;

  /**
   * @param base what paths are added to
   * @param ca files with the authorities that are trusted, read again when they change; none: those
   *     of the system
   */
  public JsonHttp(String base, List<Path> ca) {
    this.base = base.endsWith("/") ? base.substring(0, base.length() - 1) : base;
    this.ca = List.copyOf(ca);
  }

  /** It answers, and not with what was asked for. */
  public static final class Refused extends IOException {
    private static final long serialVersionUID = 1;
    private final int status;

    Refused(int status, String message) {
      super(message);
      this.status = status;
    }

    public int status() {
      return status;
    }
  }

  /** An answer. */
  public record Answer(int status, HttpResponse<byte[]> response) {
    /** The first of the fields with that name; empty: there is none. */
    public String field(String name) {
      return response.headers().firstValue(name).orElse("");
    }

    /**
     * What is said.
     *
     * @throws IOException if it is not the answer that was asked for, in words
     */
    public JsonNode json() throws IOException {
      require(status, response.body());
      return parse(response.body());
    }
  }

  /**
   * Asks.
   *
   * @param path and query, which are encoded
   * @param fields by name
   * @param patience for all of the answer
   * @throws IOException in words, if there is no answer
   */
  public Answer get(String path, Map<String, String> fields, Duration patience) throws IOException {
    return call("GET", path, fields, null, patience);
  }

  /**
   * Asks for something to be done.
   *
   * @param path and query, which are encoded
   * @param fields by name
   * @param body JSON; null: there is none
   * @param patience for all of the answer
   * @throws IOException in words, if there is no answer
   */
  public Answer call(
      String method,
      String path,
      Map<String, String> fields,
      @Nullable Object body,
      Duration patience)
      throws IOException {
    HttpResponse<byte[]> response =
        send(
            method,
            path,
            fields,
            body == null
                ? BodyPublishers.noBody()
                : BodyPublishers.ofByteArray(MAPPER.writeValueAsBytes(body)),
            BodyHandlers.limiting(BodyHandlers.ofByteArray(), MOST_BYTES),
            patience);
    return new Answer(response.statusCode(), response);
  }

  /**
   * Asks for something that goes on.
   *
   * @param patience until it begins
   * @throws IOException in words, if it does not begin
   */
  public InputStream open(String path, Map<String, String> fields, Duration patience)
      throws IOException {
    HttpResponse<InputStream> response =
        send(
            "GET",
            path,
            fields,
            BodyPublishers.noBody(),
            // What is no stream, but a refusal, is read to its end: it says why.
            info ->
                info.statusCode() == OK
                    ? BodySubscribers.ofInputStream()
                    : BodySubscribers.mapping(
                        BodySubscribers.limiting(BodySubscribers.ofByteArray(), MOST_BYTES),
                        ByteArrayInputStream::new),
            patience);
    if (response.statusCode() != OK) {
      try (InputStream body = response.body()) {
        require(response.statusCode(), body.readAllBytes());
      }
    }
    return response.body();
  }

  private <T> HttpResponse<T> send(
      String method,
      String path,
      Map<String, String> fields,
      BodyPublisher sent,
      BodyHandler<T> body,
      Duration patience)
      throws IOException {
    CompletableFuture<HttpResponse<T>> asked;
    try {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create(base + path))
              .method(method, sent)
              .header("accept", "application/json")
              .header("user-agent", "fairlead");
      fields.forEach(request::setHeader);
      asked = client().sendAsync(request.build(), body);
    } catch (IllegalArgumentException e) {
      throw new IOException(OutboundHttp.why(e)); // without the cause, which quotes fields
    }
    try {
      return asked.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      asked.cancel(true);
      throw new IOException("no answer within " + patience.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      throw new IOException(why(e.getCause() == null ? e : e.getCause()), e);
    } catch (InterruptedException e) {
      asked.cancel(true);
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private static String why(Throwable e) {
    if (e instanceof HttpTimeoutException && !(e instanceof HttpConnectTimeoutException)) {
      return "no answer in time";
    }
    // The one of the JDK that limits bodies has no class of its own.
    return String.valueOf(e.getMessage()).contains("body exceeds capacity")
        ? "answers with more than " + MOST_BYTES + " bytes"
        : clean(OutboundHttp.why(e));
  }

  private static void require(int status, byte[] body) throws Refused {
    if (status != OK) {
      throw new Refused(
          status,
          (status == 401 || status == 403
                  ? "does not let us ask (status " + status + ")"
                  : "answers with status "
                      + status
                      + (status >= 300 && status < 400
                          ? ", and redirections are not followed"
                          : ""))
              + reason(body));
    }
  }

  /**
   * Why, in the words of an API server of Kubernetes (its kind "Status"), which name the right that
   * is missing; of others nothing is repeated.
   */
  private static String reason(byte[] body) {
    JsonNode said;
    try {
      said = MAPPER.readTree(body);
    } catch (JacksonException e) {
      return "";
    }
    String words = said.path("message").asString("");
    return said.path("kind").asString("").equals("Status") && !words.isEmpty()
        ? ": " + clean(words)
        : "";
  }

  /** Understands a text of JSON. */
  public static JsonNode parse(byte[] text) throws IOException {
    try {
      return MAPPER.readTree(text);
    } catch (JacksonException e) {
      throw new IOException("what it answers is no JSON", e);
    }
  }

  private synchronized HttpClient client() throws IOException {
    if (closed) {
      throw new IOException("asked no more");
    }
    List<String> now = base.startsWith("https:") ? read(ca) : List.of();
    HttpClient present = client;
    if (present == null || !now.equals(authorities)) {
      if (present != null) {
        present.shutdown();
      }
      present = OutboundHttp.client(base, ca);
      client = present;
      authorities = now;
    }
    return present;
  }

  private static List<String> read(List<Path> files) throws IOException {
    List<String> texts = new ArrayList<>();
    for (Path file : files) {
      try {
        texts.add(Files.readString(file, StandardCharsets.ISO_8859_1));
      } catch (IOException e) {
        throw new IOException(file + " cannot be read", e);
      }
    }
    return texts;
  }

  /** Ends what is asked at this moment, too. */
  @Override
  public synchronized void close() {
    closed = true;
    if (client != null) {
      client.shutdownNow();
    }
  }

  /** Fields as they are sent. */
  public static Map<String, String> fields(Map<String, Secret> secrets) {
    Map<String, String> fields = new TreeMap<>();
    secrets.forEach((name, value) -> fields.put(name, value.value()));
    return fields;
  }

  /** As it stands in a path or a query. */
  public static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** The texts of an object, such as metadata; others are left out. */
  public static Map<String, String> texts(JsonNode object) {
    Map<String, String> texts = new TreeMap<>();
    for (Map.Entry<String, JsonNode> entry : object.properties()) {
      if (entry.getValue().isString()) {
        texts.put(entry.getKey(), entry.getValue().stringValue());
      }
    }
    return texts;
  }

  /** What another process said, in one line that is not too long. */
  public static String clean(String text) {
    String line = text.replaceAll("\\p{Cntrl}", " ");
    return line.length() <= MOST_WORDS ? line : line.substring(0, MOST_WORDS) + "…";
  }
}
