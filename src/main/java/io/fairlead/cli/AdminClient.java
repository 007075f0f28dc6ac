package io.fairlead.cli;

import io.fairlead.trust.DoorTls;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateExpiredException;
import java.security.cert.CertificateNotYetValidException;
import java.util.List;
import java.util.Map;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLSocketFactory;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Asks the admin API of an instance. The JDK's old HTTP client is used because a verb makes one
 * request and ends: it is ready at once, where the new one first starts threads and a selector.
 */
final class AdminClient {
  private static final int CONNECT_MILLIS = 3_000;
  private static final int READ_MILLIS = 30_000;

  /** Longer than any answer of an instance may take. */
  private static final int PATIENT_READ_MILLIS = 65_000;

  private static final JsonMapper MAPPER = new JsonMapper();

  private final String base;
  private final int readMillis;
  private final @Nullable String token;
  private final @Nullable Path ca;
  private @Nullable SSLSocketFactory sockets;

  /**
   * What the instance said.
   *
   * @param body JSON, as it came
   */
  record Reply(int status, String body) {
    boolean ok() {
      return status < 300;
    }

    JsonNode json() {
      try {
        return MAPPER.readTree(body);
      } catch (JacksonException _) {
        throw new Failure(
            Cli.FAILED, "that is no Fairlead: it answered " + status + " without JSON");
      }
    }
  }

  AdminClient(String base, @Nullable String token) {
    this(base, token, null);
  }

  /**
   * @param ca where authorities are that its certificate comes from; null: those of the system
   */
  AdminClient(String base, @Nullable String token, @Nullable Path ca) {
    this(base, token, ca, READ_MILLIS);
  }

  private AdminClient(String base, @Nullable String token, @Nullable Path ca, int readMillis) {
    this.base = base.endsWith("/") ? base.substring(0, base.length() - 1) : base;
    this.token = token;
    this.ca = ca;
    this.readMillis = readMillis;
  }

  /** The same for questions that may take as long as an answer may. */
  AdminClient patient() {
    return new AdminClient(base, token, ca, PATIENT_READ_MILLIS);
  }

  /** The answer to a GET that has to succeed. */
  Reply get(String path) {
    return expect(send("GET", path, null, null));
  }

  /** The answer to a change that has to succeed. */
  Reply post(String path) {
    return expect(send("POST", path, null, null));
  }

  /** Hears of server-sent events. */
  interface Listener {
    void heard(String event, String data);
  }

  /** Follows server-sent events until the instance ends them. */
  void follow(String path, Listener listener) {
    HttpURLConnection connection = open(path);
    try {
      prepare(connection, "GET", "text/event-stream");
      int status = connection.getResponseCode();
      if (status >= 400) {
        Reply _ = expect(new Reply(status, body(connection.getErrorStream())));
      }
      try (BufferedReader lines =
          new BufferedReader(
              new InputStreamReader(connection.getInputStream(), StandardCharsets.UTF_8))) {
        String event = "";
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          if (line.startsWith("event: ")) {
            event = line.substring(7);
          } else if (line.startsWith("data: ")) {
            listener.heard(event, line.substring(6));
          }
        }
      }
    } catch (IOException e) {
      throw unreachable(e);
    } finally {
      connection.disconnect();
    }
  }

  private HttpURLConnection open(String path) {
    try {
      URI uri = URI.create(base + path);
      if (!(uri.toURL().openConnection() instanceof HttpURLConnection http)) {
        throw new Failure(Cli.USAGE, "--admin must be an http URL, not " + base);
      }
      if (http instanceof HttpsURLConnection https) {
        https.setSSLSocketFactory(sockets());
      }
      return http;
    } catch (IOException | IllegalArgumentException _) {
      throw new Failure(Cli.USAGE, "--admin must be a URL such as " + Cli.ADMIN + ", not " + base);
    }
  }

  /** The system's authorities are those of its file, where there is one, else the JDK's. */
  private SSLSocketFactory sockets() {
    SSLSocketFactory known = sockets;
    if (known == null) {
      try {
        known = DoorTls.asking(ca == null ? List.of() : List.of(ca)).getSocketFactory();
      } catch (IOException e) {
        throw new Failure(Cli.USAGE, "--ca: " + e.getMessage());
      }
      sockets = known;
    }
    return known;
  }

  private void prepare(HttpURLConnection connection, String method, String accept)
      throws IOException {
    connection.setConnectTimeout(CONNECT_MILLIS);
    connection.setReadTimeout(readMillis);
    connection.setInstanceFollowRedirects(false);
    connection.setRequestMethod(method);
    connection.setRequestProperty("Accept", accept);
    connection.setRequestProperty("User-Agent", "fairlead-cli");
    if (token != null) {
      connection.setRequestProperty("Authorization", "Bearer " + token);
    }
  }

  private static String body(@Nullable InputStream in) throws IOException {
    return in == null ? "" : new String(in.readAllBytes(), StandardCharsets.UTF_8);
  }

  private Failure unreachable(IOException e) {
    String why = certificateFailure(e);
    if (why != null) {
      return new Failure(
          Cli.UNREACHABLE,
          "who answers at "
              + base
              + " does not prove to be that instance: "
              + why
              + (ca == null ? "; name its authority with --ca or FAIRLEAD_CA" : ""));
    }
    return new Failure(
        Cli.UNREACHABLE,
        "no instance answers at " + base + " (" + reason(e) + "); start one with: fairlead run");
  }

  /** What is wrong with the certificate that was shown; null: it is something else. */
  private static @Nullable String certificateFailure(IOException e) {
    for (Throwable one = e; one != null; one = one.getCause()) {
      if (one instanceof CertificateExpiredException
          || one instanceof CertificateNotYetValidException) {
        return "its certificate is not valid at this time";
      }
      if (one instanceof CertPathBuilderException) {
        return "its certificate comes from no known authority";
      }
      if (one instanceof CertificateException && one.getCause() == null) {
        return "its certificate is for another name (" + one.getMessage() + ")";
      }
    }
    return null;
  }

  Reply send(String method, String path, @Nullable String type, @Nullable String body) {
    HttpURLConnection connection = open(path);
    try {
      prepare(connection, method, "application/json");
      if (!method.equals("GET")) {
        connection.setRequestProperty("Content-Type", type == null ? "application/json" : type);
        byte[] bytes = (body == null ? "" : body).getBytes(StandardCharsets.UTF_8);
        connection.setDoOutput(true);
        connection.setFixedLengthStreamingMode(bytes.length);
        try (OutputStream out = connection.getOutputStream()) {
          out.write(bytes);
        }
      }
      int status = connection.getResponseCode();
      try (InputStream in =
          status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
        return new Reply(status, body(in));
      }
    } catch (IOException e) {
      throw unreachable(e);
    } finally {
      connection.disconnect();
    }
  }

  /**
   * What the instance said, as it came.
   *
   * @param text as UTF-8
   */
  record Raw(int status, String text) {
    Raw expect() {
      Reply _ = AdminClient.expect(new Reply(status, text));
      return this;
    }
  }

  /** The same with fields of the request, and bytes in place of a text. */
  Raw exchange(String method, String path, Map<String, String> fields, byte @Nullable [] body) {
    HttpURLConnection connection = open(path);
    try {
      prepare(connection, method, "*/*");
      fields.forEach(connection::setRequestProperty);
      if (body != null) {
        connection.setRequestProperty("Content-Type", "application/octet-stream");
        connection.setDoOutput(true);
        connection.setFixedLengthStreamingMode(body.length);
        try (OutputStream out = connection.getOutputStream()) {
          out.write(body);
        }
      }
      int status = connection.getResponseCode();
      try (InputStream in =
          status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
        return new Raw(status, body(in));
      }
    } catch (IOException e) {
      throw unreachable(e);
    } finally {
      connection.disconnect();
    }
  }

  /** One part of a path. */
  static String segment(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** JSON that an instance sent in an event. */
  static JsonNode read(String json) {
    return MAPPER.readTree(json);
  }

  /** Turns a problem document into a sentence and an exit code. */
  static Reply expect(Reply reply) {
    if (reply.ok()) {
      return reply;
    }
    JsonNode problem = reply.json();
    JsonNode detail = problem.get("detail");
    String text =
        detail != null && detail.isString() ? detail.stringValue() : "status " + reply.status();
    throw new Failure(
        Cli.FAILED,
        reply.status() == 401 ? text + " Give it with --token or FAIRLEAD_TOKEN." : text);
  }

  private static String reason(IOException e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : message;
  }
}
