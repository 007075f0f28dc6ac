package io.fairlead.record.otlp;

import io.fairlead.config.OtlpConfig;
import io.fairlead.trust.OutboundHttp;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse.ResponseInfo;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Posts messages to the receiver. Which answers mean that it is worth to try again, OTLP says [1];
 * an answer has ten seconds and may have 64 KiB.
 *
 * <p>[1] OTLP 1, OTLP/HTTP Response.
 */
final class Poster implements AutoCloseable {
  private static final Duration DEADLINE = Duration.ofSeconds(10);
  private static final Duration LONGEST_PAUSE = Duration.ofMinutes(1);
  private static final int MAX_ANSWER = 64 * 1024;

  private final OtlpConfig config;
  private final Duration deadline;
  private final Object lock = new Object();
  private @Nullable HttpClient client;
  private boolean closed;

  Poster(OtlpConfig config) {
    this(config, DEADLINE);
  }

  Poster(OtlpConfig config, Duration deadline) {
    this.config = config;
    this.deadline = deadline;
  }

  Sending post(URI uri, byte[] body) throws InterruptedException {
    AtomicReference<ResponseInfo> head = new AtomicReference<>();
    CompletableFuture<HttpResponse<byte[]>> answer;
    try {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(uri)
              .header("content-type", "application/x-protobuf")
              .header("user-agent", "fairlead")
              .POST(HttpRequest.BodyPublishers.ofByteArray(body));
      config.headers().forEach((name, value) -> request.setHeader(name, value.value()));
      HttpResponse.BodyHandler<byte[]> bounded =
          BodyHandlers.limiting(BodyHandlers.ofByteArray(), MAX_ANSWER);
      answer =
          client()
              .sendAsync(
                  request.build(),
                  info -> {
                    head.set(info);
                    return bounded.apply(info);
                  });
    } catch (IOException | IllegalArgumentException e) {
      return later(e);
    }
    byte[] content = {};
    try {
      content = answer.get(deadline.toMillis(), TimeUnit.MILLISECONDS).body();
    } catch (ExecutionException e) {
      if (head.get() == null) {
        return later(e.getCause() == null ? e : e.getCause());
      }
    } catch (TimeoutException _) {
      answer.cancel(true);
      if (head.get() == null) {
        return new Sending.Later("no answer within " + deadline.toSeconds() + " s", Duration.ZERO);
      }
    } catch (InterruptedException e) {
      answer.cancel(true);
      throw e;
    }
    ResponseInfo info = head.get();
    return info == null ? new Sending.Later("no answer", Duration.ZERO) : judge(info, content);
  }

  private static Sending judge(ResponseInfo info, byte[] content) {
    int status = info.statusCode();
    if (status == 200) {
      return PartialSuccess.read(content);
    }
    if (status > 200 && status < 300) {
      return new Sending.Done(0, "");
    }
    String why = "answered " + status;
    return switch (status) {
      case 429, 502, 503, 504 -> new Sending.Later(why, pause(info));
      default -> new Sending.Refused(why);
    };
  }

  private static Duration pause(ResponseInfo info) {
    String text = info.headers().firstValue("retry-after").orElse("").strip();
    if (!text.matches("[0-9]{1,9}")) {
      return Duration.ZERO;
    }
    Duration pause = Duration.ofSeconds(Long.parseLong(text));
    return pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
  }

  private static Sending later(Throwable e) {
    return new Sending.Later(OutboundHttp.why(e), Duration.ZERO);
  }

  private HttpClient client() throws IOException {
    synchronized (lock) {
      if (closed) {
        throw new IOException("closed");
      }
      HttpClient present = client;
      if (present == null) {
        present = OutboundHttp.client(config.endpoint(), config.ca());
        client = present;
      }
      return present;
    }
  }

  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      if (client != null) {
        client.shutdownNow();
      }
    }
  }
}
