package io.fairlead;

import io.fairlead.identity.OidcProvider;
import io.fairlead.trust.OutboundHttp;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Asks those who issue tokens: each answer has its size and its time, for all of it, and no
 * redirection is followed. What is sent along appears in no message.
 */
final class ProviderHttp implements OidcProvider.Http {
  /** For an answer to come, all of it. */
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private final HttpClient client;

  ProviderHttp(HttpClient client) {
    this.client = client;
  }

  @Override
  public byte[] get(String url, int mostBytes) throws IOException {
    HttpResponse<byte[]> answer =
        ask(
            HttpRequest.newBuilder(URI.create(url))
                .header("accept", "application/jwk-set+json, application/json")
                .build(),
            mostBytes);
    if (answer.statusCode() != 200) {
      throw new IOException("the answer is " + answer.statusCode());
    }
    return answer.body();
  }

  @Override
  public OidcProvider.Reply post(String url, String authorization, String form) throws IOException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(url))
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .POST(BodyPublishers.ofString(form));
    if (!authorization.isEmpty()) {
      request.header("authorization", authorization);
    }
    HttpResponse<byte[]> answer = ask(request.build(), OidcProvider.MAX_BYTES);
    return new OidcProvider.Reply(answer.statusCode(), answer.body());
  }

  private HttpResponse<byte[]> ask(HttpRequest request, int mostBytes) throws IOException {
    CompletableFuture<HttpResponse<byte[]>> asked =
        client.sendAsync(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), mostBytes));
    try {
      // The request's own limit ends with the head of the answer.
      return asked.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      asked.cancel(true);
      throw new IOException("no whole answer within " + PATIENCE.toSeconds() + " s", e);
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      throw new IOException(OutboundHttp.why(cause == null ? e : cause), e);
    } catch (InterruptedException e) {
      asked.cancel(true);
      Thread.currentThread().interrupt();
      throw new IOException("the instance stops", e);
    }
  }
}
