package io.fairlead.record.export;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fairlead.config.ExportConfig;
import io.fairlead.trust.OutboundHttp;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse.ResponseInfo;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.Deflater;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * A ClickHouse server: each batch is an {@code INSERT ... FORMAT JSONEachRow}, packed by gzip.
 * Columns that its table does not have are left out there, those that it has besides get their
 * defaults. It answers when the rows are in the table; anything but 200 means that they may not be.
 */
final class ClickHouseTarget implements ExportTarget {
  private static final Duration DEADLINE = Duration.ofSeconds(60);
  private static final int MOST = 8 << 20;
  private static final int MOST_ANSWER = 64 * 1024;

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
    AtomicReference<ResponseInfo> head = new AtomicReference<>();
    BodyHandler<byte[]> bounded = BodyHandlers.limiting(BodyHandlers.ofByteArray(), MOST_ANSWER);
    CompletableFuture<HttpResponse<byte[]>> answer =
        client()
            .sendAsync(
                request(table, rows),
                info -> {
                  head.set(info);
                  return bounded.apply(info);
                });
    try {
      HttpResponse<byte[]> whole = answer.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
      if (whole.statusCode() != 200 || whole.headers().firstValue(TROUBLE).isPresent()) {
        String said = ForeignWords.of(new String(whole.body(), UTF_8), config.password());
        throw new IOException(
            "answered " + whole.statusCode() + (said.isEmpty() ? "" : ": " + said));
      }
    } catch (TimeoutException _) {
      throw new IOException("no answer within " + deadline.toSeconds() + " s");
    } catch (ExecutionException e) {
      ResponseInfo info = head.get();
      throw new IOException(
          info == null
              ? OutboundHttp.why(e.getCause() == null ? e : e.getCause())
              : "answered " + info.statusCode() + ", and not to the end");
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

  private HttpClient client() throws IOException {
    HttpClient present = client;
    if (present == null) {
      present = OutboundHttp.client(config.url(), config.ca());
      client = present;
    }
    return present;
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
