package io.fairlead.trust;

import io.fairlead.config.ServiceTls;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import javax.net.ssl.SSLException;

/**
 * How the instance itself asks others by HTTP: those that it tells of alerts, or sends figures to.
 */
public final class OutboundHttp {
  private static final Duration CONNECT = Duration.ofSeconds(5);

  private OutboundHttp() {}

  /**
   * A client that speaks HTTP/1.1 and follows no redirection: what it sends is meant for one.
   *
   * @param url by {@code https:} the server has to prove who it is
   * @param ca files with the authorities that are trusted; none: those of the system
   */
  public static HttpClient client(String url, List<Path> ca) throws IOException {
    HttpClient.Builder builder = builder();
    if (url.startsWith("https:")) {
      builder.sslContext(NodeTrust.context(ca));
    }
    return builder.build();
  }

  private static HttpClient.Builder builder() {
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .followRedirects(HttpClient.Redirect.NEVER)
        .connectTimeout(CONNECT);
  }

  /**
   * Such a client for servers that are spoken to as nodes are.
   *
   * @param executor runs what it has to do
   * @throws IOException naming the file of TLS that cannot be used
   */
  public static HttpClient client(ServiceTls tls, Executor executor) throws IOException {
    return builder()
        .sslContext(NodeTrust.context(tls.enabled() ? tls : ServiceTls.DEFAULT))
        .executor(executor)
        .build();
  }

  /** Why there was no answer. Messages of exceptions can have in them what is secret. */
  public static String why(Throwable e) {
    return switch (e) {
      case HttpConnectTimeoutException _ -> "no connection within " + CONNECT.toSeconds() + " s";
      case ConnectException _ -> "no connection";
      case SSLException tls -> "TLS: " + tls.getMessage();
      case IllegalArgumentException _ -> "cannot be asked: the URL or a field is not right";
      default -> "no answer: " + e.getClass().getSimpleName();
    };
  }
}
