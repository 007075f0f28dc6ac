package io.fairlead.alert;

import io.fairlead.config.Secret;
import io.fairlead.insight.alert.Message;
import io.fairlead.trust.OutboundHttp;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpResponse.ResponseInfo;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Posts messages. The status decides: what comes after it is not worth waiting for, and what is in
 * it is nobody's business.
 */
final class HttpSender implements Sender {
  private static final Duration DEADLINE = Duration.ofSeconds(10);
  private static final Duration LONGEST_PAUSE = Duration.ofHours(1);
  private static final int MAX_ANSWER = 64 * 1024;

  private final Secret url;
  private final Map<String, Secret> headers;
  private final List<Path> ca;
  private final LongSupplier clock;
  private final Function<Message, byte[]> body;
  private final Duration deadline;
  private @Nullable HttpClient client;

  HttpSender(
      Secret url,
      Map<String, Secret> headers,
      List<Path> ca,
      LongSupplier clock,
      Function<Message, byte[]> body) {
    this(url, headers, ca, clock, body, DEADLINE);
  }

  HttpSender(
      Secret url,
      Map<String, Secret> headers,
      List<Path> ca,
      LongSupplier clock,
      Function<Message, byte[]> body,
      Duration deadline) {
    this.url = url;
    this.headers = headers;
    this.ca = ca;
    this.clock = clock;
    this.body = body;
    this.deadline = deadline;
  }

  @Override
  public Delivery send(Message message) throws InterruptedException {
    AtomicReference<ResponseInfo> head = new AtomicReference<>();
    CompletableFuture<HttpResponse<Void>> answer;
    try {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create(url.value()))
              .header("content-type", "application/json")
              .header("user-agent", "fairlead")
              .header("x-fairlead-message", message.id())
              .POST(HttpRequest.BodyPublishers.ofByteArray(body.apply(message)));
      headers.forEach((name, value) -> request.setHeader(name, value.value()));
      answer =
          client()
              .sendAsync(
                  request.build(),
                  info -> {
                    head.set(info);
                    return new Thrown();
                  });
    } catch (IOException | IllegalArgumentException e) {
      return new Delivery.Later(OutboundHttp.why(e));
    }
    try {
      answer.get(deadline.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      if (head.get() == null) {
        return new Delivery.Later(OutboundHttp.why(e.getCause() == null ? e : e.getCause()));
      }
    } catch (TimeoutException _) {
      answer.cancel(true);
      if (head.get() == null) {
        return new Delivery.Later("no answer within " + deadline.toSeconds() + " s");
      }
    }
    ResponseInfo info = head.get();
    return info == null
        ? new Delivery.Later("no answer")
        : judge(info.statusCode(), info.headers());
  }

  private Delivery judge(int status, HttpHeaders fields) {
    if (status >= 200 && status < 300) {
      return new Delivery.Done();
    }
    String why = "answered " + status;
    if (status == 408 || status == 429 || status >= 500) {
      return new Delivery.Later(why, pause(fields.firstValue("retry-after")));
    }
    return new Delivery.Refused(
        status >= 300 && status < 400 ? why + ", and redirections are not followed" : why);
  }

  /** Seconds, or a date (RFC 9110, 10.2.3). */
  Duration pause(Optional<String> field) {
    String text = field.map(String::strip).orElse("");
    Duration pause = Duration.ZERO;
    if (text.matches("[0-9]{1,9}")) {
      pause = Duration.ofSeconds(Long.parseLong(text));
    } else if (!text.isEmpty()) {
      try {
        Instant until = Instant.from(DateTimeFormatter.RFC_1123_DATE_TIME.parse(text));
        pause = Duration.ofMillis(Math.max(0, until.toEpochMilli() - clock.getAsLong()));
      } catch (DateTimeException _) {
        // Says nothing that anybody could follow.
      }
    }
    return pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
  }

  private HttpClient client() throws IOException {
    HttpClient present = client;
    if (present == null) {
      present = OutboundHttp.client(url.value(), ca);
      client = present;
    }
    return present;
  }

  @Override
  public void close() {
    HttpClient present = client;
    if (present != null) {
      present.shutdownNow();
    }
  }

  /** Reads an answer of usual size to its end, so that the connection can be used again. */
  private static final class Thrown implements BodySubscriber<Void> {
    private final CompletableFuture<Void> done = new CompletableFuture<>();
    private Flow.@Nullable Subscription subscription;
    private long seen;

    @Override
    public CompletionStage<Void> getBody() {
      return done;
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
      subscription = given;
      given.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
      for (ByteBuffer buffer : buffers) {
        seen += buffer.remaining();
      }
      Flow.Subscription present = subscription;
      if (seen > MAX_ANSWER && present != null) {
        present.cancel();
        done.complete(null);
      }
    }

    @Override
    public void onError(Throwable e) {
      done.complete(null);
    }

    @Override
    public void onComplete() {
      done.complete(null);
    }
  }
}
