package io.fairlead.record.export;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fairlead.config.ExportConfig;
import io.fairlead.config.ServiceTls;
import io.fairlead.config.TlsVersion;
import io.fairlead.trust.NodeTrust;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;

/**
 * A ClickHouse server: each batch is an {@code INSERT ... FORMAT JSONEachRow}, packed by gzip.
 * Columns that its table does not have are left out there, those that it has besides get their
 * defaults. It answers when the rows are in the table; anything but 200 means that they may not be.
 */
final class ClickHouseTarget implements ExportTarget {
  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration DEADLINE = Duration.ofSeconds(60);
  private static final int MOST = 8 << 20;
  private static final int SHOWN = 200;
  private static final int READ = 4096;

  /** Set where an answer began as if all was well and was not. */
  private static final String TROUBLE = "x-clickhouse-exception-code";

  private final ExportConfig.ClickHouse config;
  private final Duration deadline;
  private @Nullable HttpClient client;

  ClickHouseTarget(ExportConfig.ClickHouse config) {
    this(config, DEADLINE);
  }

  ClickHouseTarget(ExportConfig.ClickHouse config, Duration deadline) {
    this.config = config;
    this.deadline = deadline;
  }

  @Override
  public void send(String table, byte[] rows, int count) throws IOException, InterruptedException {
    CompletableFuture<HttpResponse<InputStream>> answer =
        client().sendAsync(request(table, rows), HttpResponse.BodyHandlers.ofInputStream());
    try {
      HttpResponse<InputStream> head = answer.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
      try (InputStream body = head.body()) {
        if (head.statusCode() != 200 || head.headers().firstValue(TROUBLE).isPresent()) {
          throw new IOException(
              "answered " + head.statusCode() + said(new String(body.readNBytes(READ), UTF_8)));
        }
      }
    } catch (TimeoutException _) {
      throw new IOException("no answer within " + deadline.toSeconds() + " s");
    } catch (ExecutionException e) {
      throw new IOException(plain(e.getCause() == null ? e : e.getCause()));
    } finally {
      answer.cancel(true);
    }
  }

  private HttpRequest request(String table, byte[] rows) throws IOException {
    String base = config.url().endsWith("/") ? config.url() : config.url() + "/";
    HttpRequest.Builder request =
        HttpRequest.newBuilder(
                URI.create(
                    base
                        + "?database="
                        + encoded(config.database())
                        + "&input_format_skip_unknown_fields=1&query="
                        + encoded("INSERT INTO " + table + " FORMAT JSONEachRow")))
            .header("user-agent", "fairlead")
            .header("content-encoding", "gzip")
            .timeout(deadline)
            .POST(HttpRequest.BodyPublishers.ofByteArray(packed(rows)));
    if (!config.user().isEmpty()) {
      request.header("x-clickhouse-user", config.user());
      request.header("x-clickhouse-key", config.password().value());
    }
    return request.build();
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, UTF_8).replace("+", "%20");
  }

  private static byte[] packed(byte[] rows) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream(rows.length / 8);
    try (OutputStream gzip = new Fast(packed)) {
      gzip.write(rows);
    }
    return packed.toByteArray();
  }

  private static final class Fast extends GZIPOutputStream {
    Fast(OutputStream out) throws IOException {
      super(out, 1 << 13);
      def.setLevel(Deflater.BEST_SPEED);
    }
  }

  /** Its own words, which are mostly to the point. */
  private String said(String body) {
    String line = body.strip().lines().findFirst().orElse("");
    String password = config.password().value();
    String clean =
        (password.isEmpty() ? line : line.replace(password, "***")).replaceAll("\\p{C}", " ");
    return clean.isEmpty()
        ? ""
        : ": " + (clean.length() > SHOWN ? clean.substring(0, SHOWN) + "…" : clean);
  }

  private static String plain(Throwable e) {
    return switch (e) {
      case HttpConnectTimeoutException _ -> "no connection within " + CONNECT.toSeconds() + " s";
      case HttpTimeoutException _ -> "no answer in time";
      case ConnectException _ -> "no connection";
      case SSLException tls -> "TLS: " + tls.getMessage();
      default -> "no answer: " + e.getClass().getSimpleName();
    };
  }

  private HttpClient client() throws IOException {
    HttpClient present = client;
    if (present == null) {
      HttpClient.Builder builder =
          HttpClient.newBuilder()
              .version(HttpClient.Version.HTTP_1_1)
              .followRedirects(HttpClient.Redirect.NEVER)
              .connectTimeout(CONNECT);
      if (config.url().startsWith("https:")) {
        builder.sslContext(context());
      }
      present = builder.build();
      client = present;
    }
    return present;
  }

  private SSLContext context() throws IOException {
    ServiceTls trusted =
        new ServiceTls(
            true, true, config.ca(), "", Optional.empty(), Optional.empty(), TlsVersion.TLS_1_2);
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {NodeTrust.of(trusted)}, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IOException("TLS cannot be used: " + e.getMessage(), e);
    }
  }

  @Override
  public int most() {
    return MOST;
  }

  @Override
  public void close() {
    HttpClient present = client;
    if (present != null) {
      present.shutdownNow();
    }
  }
}
